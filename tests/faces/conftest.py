"""What every test of the faces gets: each face in turn, TLS contexts, and a search for leaks."""

import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import client_context, server_context
from faces import FACES, Face, opened
from rawpeer import GUARD


def _descriptors() -> dict[str, str]:
    found = {}
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found[entry.name] = str(entry.readlink())
        except OSError:
            continue  # the one of the listing itself
    return found


@pytest.fixture(autouse=True)
def no_leaks() -> Iterator[None]:
    """Each test leaves the descriptors and threads that it found. Tasks: see `AioFace.close`.

    A socket that is collected before it is closed warns, and warnings are errors.
    """
    descriptors, threads = _descriptors(), set(threading.enumerate())
    yield
    for each in threading.enumerate():
        if each.name == "dul-resolver":  # an interrupted one is left behind until its look-up ends
            each.join(GUARD)
    assert _descriptors() == descriptors
    left = [each for each in threading.enumerate() if each not in threads]
    assert not left, f"threads are left: {left}"


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest, no_leaks: None) -> Iterator[Face]:
    with opened(request.param) as each:
        yield each


@pytest.fixture
def tls_server() -> ssl.SSLContext:
    return server_context()


@pytest.fixture
def tls_client() -> ssl.SSLContext:
    return client_context()
