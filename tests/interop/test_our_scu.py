"""Our echoscu and storescu call every peer's SCP."""

from __future__ import annotations

from pathlib import Path

import pytest
from dulcet_programs import TITLE, echo, start_storescp, store
from peer_files import BIG, DEFLATED, EXPLICIT, IMPLICIT, check, fixtures, stored
from peer_scps import DCMTK_IMPLICIT, SCPS, RunningScp, Scp
from peers import Target, need

pytestmark = pytest.mark.interop

RECEIVERS = {each.name: each for each in (*SCPS, DCMTK_IMPLICIT)}


def test_echo(scp: tuple[Scp, RunningScp]):
    _, running = scp
    outcome = echo(running.target())
    assert outcome.ok, outcome.log + running.service.log


def test_store(scp: tuple[Scp, RunningScp]):
    """Every fixture that the peer takes arrives; to the byte where the peer keeps the bytes."""
    peer, running = scp
    files = fixtures(peer.syntaxes, without=peer.without)
    outcome = store(running.target(), [each.path for each in files.values()])
    assert outcome.ok, outcome.log + running.service.log
    same = check(
        files,
        running.stored(),
        bytes_kept=peer.bytes_kept,
        private=peer.private,
        character_set=peer.character_set,
    )
    if peer.bytes_kept:  # so each went out in the transfer syntax of its file
        as_they_are = (
            each for each in files.values() if each.transfer_syntax not in peer.converted
        )
        assert same == len(list(as_they_are))


@pytest.mark.parametrize(
    ("name", "syntaxes"),
    [
        ("dcmtk", {DEFLATED}),
        ("pixelmed", {IMPLICIT, DEFLATED}),
        ("dcmtk-implicit", {EXPLICIT, BIG, DEFLATED}),
    ],
)
def test_what_a_peer_does_not_accept_is_converted(name: str, syntaxes: set[str], tmp_path: Path):
    """Uncompressed and deflated files go out in a transfer syntax that the peer accepts."""
    peer = RECEIVERS[name]
    need(peer.package)
    files = fixtures(syntaxes)
    assert {each.transfer_syntax for each in files.values()} == syntaxes
    running = peer.start(tmp_path)
    with running.service:
        outcome = store(running.target(), [each.path for each in files.values()])
        assert outcome.ok, outcome.log + running.service.log
        kept = running.stored()
        check(files, kept, bytes_kept=True)
        assert syntaxes & {each.transfer_syntax for each in kept.values()} == set()


def test_what_cannot_be_converted_is_named(tmp_path: Path):
    """A compressed file that the peer's contexts do not take: an error that says which and why."""
    peer = RECEIVERS["dcmtk"]
    need(peer.package)
    compressed = next(
        each for each in fixtures().values() if each.path.name == "sc-jpeg-lossless.dcm"
    )
    running = peer.start(tmp_path)
    with running.service:
        outcome = store(running.target(), [compressed.path], "--decompress-never")
        assert not outcome.ok
        assert compressed.path.name in outcome.log
        assert compressed.transfer_syntax in outcome.log
        assert running.stored() == {}


def test_our_own_scp(tmp_path: Path):
    files = fixtures()
    service, folder = start_storescp(tmp_path)
    with service:
        target = Target(service.port, TITLE)
        assert echo(target).ok
        outcome = store(target, [each.path for each in files.values()])
        assert outcome.ok, outcome.log + service.log
        assert check(files, stored(folder), bytes_kept=True) == len(files)
