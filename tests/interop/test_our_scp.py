"""Every peer's SCU calls our storescp."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dulcet_programs import TITLE, start_storescp
from peer_files import check, fixtures, stored
from peer_processes import Service
from peer_scps import SCPS
from peer_scus import SCUS, Scu
from peers import Target, need

pytestmark = pytest.mark.interop

SENDERS = {each.name: each for each in SCUS}
RECEIVERS = {each.name: each for each in SCPS}


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[tuple[Service, Path]]:
    service, folder = start_storescp(tmp_path)
    with service:
        yield service, folder


def target(service: Service) -> Target:
    return Target(service.port, TITLE)


@pytest.mark.parametrize("peer", [each for each in SCUS if each.echo], ids=lambda each: each.name)
def test_echo(peer: Scu, ours: tuple[Service, Path], tmp_path: Path):
    need(peer.package)
    service, folder = ours
    outcome = peer.echo(target(service), tmp_path)
    assert outcome.ok, outcome.log + service.log
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("peer", SCUS, ids=lambda each: each.name)
def test_store(peer: Scu, ours: tuple[Service, Path], tmp_path: Path):
    """Every fixture that the peer can send arrives; to the byte where the peer sends the bytes."""
    need(peer.package)
    service, folder = ours
    files = fixtures(peer.syntaxes, without=peer.without)
    outcome = peer.store(target(service), [each.path for each in files.values()], tmp_path)
    assert outcome.ok, outcome.log + service.log
    check(
        files,
        stored(folder),  # reads every file there: a temporary one left over would be found
        bytes_kept=peer.bytes_kept,
        private=peer.private,
        character_set=peer.character_set,
    )


def test_files_are_named_as_dcmtk_names_them(ours: tuple[Service, Path], tmp_path: Path):
    need("dcmtk")
    service, folder = ours
    sender, files = SENDERS["dcmtk-dcmsend"], [each.path for each in fixtures().values()]
    theirs = RECEIVERS["dcmtk-bit-preserving"].start(tmp_path)
    with theirs.service:
        for each in (target(service), theirs.target()):
            outcome = sender.store(each, files, tmp_path)
            assert outcome.ok, outcome.log
        expected = {each.path.name for each in theirs.stored().values()}
    assert {each.name for each in folder.iterdir()} == expected
