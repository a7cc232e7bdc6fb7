"""What every test of the faces gets: each face in turn, TLS contexts, and a search for leaks."""

import gc
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from faces import FACES, Face, opened

TLS = Path(__file__).resolve().parent.parent.parent / "fixtures" / "tls"


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
    """Each test leaves as many descriptors and threads as it found. Tasks: see `AioFace.close`."""
    descriptors, threads = _descriptors(), set(threading.enumerate())
    yield
    gc.collect()  # sockets that are only collected, not closed, warn here, and warnings are errors
    assert _descriptors() == descriptors
    left = [each for each in threading.enumerate() if each not in threads]
    assert not left, f"threads are left: {left}"


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest, no_leaks: None) -> Iterator[Face]:
    with opened(request.param) as each:
        yield each


VERSIONS = {"TLS 1.2": ssl.TLSVersion.TLSv1_2, "TLS 1.3": ssl.TLSVersion.TLSv1_3}


def server_context(name: str = "server") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / f"{name}.pem", TLS / f"{name}.key")
    return context


def client_context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(TLS / "ca.pem"))


@pytest.fixture
def tls_server() -> ssl.SSLContext:
    return server_context()


@pytest.fixture
def tls_client() -> ssl.SSLContext:
    return client_context()
