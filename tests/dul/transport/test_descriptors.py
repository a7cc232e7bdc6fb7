"""How many connections there are descriptors for."""

from __future__ import annotations

import logging
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from dul.transport.descriptors import FILES, RESERVE, SPARE_CONNECTIONS, free_descriptors, places


def test_where_there_are_enough_all_that_is_wanted_is_given():
    assert places(100, None) == (100, 100 + SPARE_CONNECTIONS)
    assert places(100, 1000) == (100, 100 + SPARE_CONNECTIONS)
    assert places(0, 1000) == (0, SPARE_CONNECTIONS)


@pytest.mark.parametrize("descriptors", [*range(60), 100, 300, 400, 1000, 5000])
@pytest.mark.parametrize("wanted", [1, 10, 100, 2000])
def test_every_association_has_room_for_its_files(
    wanted: int, descriptors: int, caplog: pytest.LogCaptureFixture
):
    associations, connections = places(wanted, descriptors)
    assert 1 <= associations <= wanted
    assert associations < connections <= associations + SPARE_CONNECTIONS
    if descriptors >= RESERVE + FILES + 4:  # below there is no room for anything
        assert connections + FILES * associations + RESERVE <= descriptors
    fewer = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert len(fewer) == (associations < wanted)


def test_what_is_available_is_the_limit_less_what_is_open():
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        assert free_descriptors() is None
        return
    before = free_descriptors()
    assert before is not None
    assert 0 < before < soft
    with Path("/dev/null").open(), Path("/dev/null").open():
        assert free_descriptors() == before - 2


def test_no_limit_is_no_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert free_descriptors() is None


def test_a_small_limit_is_seen():
    code = "from dul.transport.descriptors import free_descriptors; print(free_descriptors())"
    found = subprocess.run(
        ["/bin/sh", "-c", f"ulimit -n 64; exec {sys.executable} -c '{code}'"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert 40 <= int(found.stdout) < 62
