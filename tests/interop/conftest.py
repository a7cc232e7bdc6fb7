"""Every test of this folder runs in a network of its own, if the machine lets us have one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from peer_processes import private_network
from peer_scps import SCPS, RunningScp, Scp
from peers import need


@pytest.fixture(scope="module", autouse=True)
def network() -> Iterator[bool]:
    if not Path("/proc/thread-self/net/tcp").exists():
        pytest.skip("the harness reads Linux's table of sockets")
    with private_network() as private:
        yield private


@pytest.fixture(params=SCPS, ids=lambda each: each.name)
def scp(
    request: pytest.FixtureRequest, network: bool, tmp_path: Path
) -> Iterator[tuple[Scp, RunningScp]]:
    """Each peer in turn as a running SCP with nothing stored."""
    peer: Scp = request.param
    need(peer.package)
    running = peer.start(tmp_path)
    try:
        yield peer, running
    finally:
        running.service.close()
