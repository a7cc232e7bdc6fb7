"""Peers against peers, without dulcet: what fails here is the harness's or a peer's fault."""

from __future__ import annotations

from pathlib import Path

import pytest
from peer_files import check, fixtures
from peer_scps import SCPS, RunningScp, Scp
from peer_scus import SCUS, Scu
from peers import need

pytestmark = pytest.mark.interop

REFERENCE_SCP = {"dcmtk": "pynetdicom"}  # a package is not tried against itself
SENDERS = {each.name: each for each in SCUS}
RECEIVERS = {each.name: each for each in SCPS}


def test_an_scp_keeps_what_another_stack_sends(scp: tuple[Scp, RunningScp], tmp_path: Path):
    peer, running = scp
    sender = SENDERS["pynetdicom" if peer.package == "dcmtk" else "dcmtk-dcmsend"]
    need(sender.package)
    assert SENDERS["dcmtk"].echo(running.target(), tmp_path).ok
    files = fixtures(peer.syntaxes, without=peer.without)
    outcome = sender.store(running.target(), [each.path for each in files.values()], tmp_path)
    assert outcome.ok, outcome.log + running.service.log
    check(
        files,
        running.stored(),
        bytes_kept=False,  # both senders encode anew
        private=peer.private,
        character_set=peer.character_set,
    )


@pytest.mark.parametrize("peer", SCUS, ids=lambda each: each.name)
def test_an_scu_sends_what_another_stack_keeps(peer: Scu, tmp_path: Path):
    need(peer.package)
    receiver = RECEIVERS["pynetdicom" if peer.package == "dcmtk" else "dcmtk-bit-preserving"]
    need(receiver.package)
    running = receiver.start(tmp_path)
    with running.service:
        if peer.echo:
            outcome = peer.echo(running.target(), tmp_path)
            assert outcome.ok, outcome.log
        files = fixtures(peer.syntaxes, without=peer.without)
        (tmp_path / "store").mkdir()
        outcome = peer.store(
            running.target(), [each.path for each in files.values()], tmp_path / "store"
        )
        assert outcome.ok, outcome.log + running.service.log
        check(
            files,
            running.stored(),
            bytes_kept=peer.bytes_kept and receiver.bytes_kept,
            private=peer.private,
            character_set=peer.character_set,
        )
