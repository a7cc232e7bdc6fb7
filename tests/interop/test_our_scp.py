"""Every peer's SCU calls our storescp."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from dulcet_programs import TITLE, start_storescp
from installed import program
from peer_files import IMPLICIT, UNCOMPRESSED, check, fixtures, stored
from peer_processes import Service, free_port, run
from peer_scps import SCPS
from peer_scus import SCUS, Scu
from peers import Target, need

pytestmark = pytest.mark.interop

SENDERS = {each.name: each for each in SCUS}
RECEIVERS = {each.name: each for each in SCPS}


FEWER = {
    "dcmtk": "its storescu proposes one compressed syntax at a time: the test below has them",
    "odil": "its module reads and writes data sets that are not compressed",
}
"""Peers that do not send eight transfer syntaxes in one run, and why."""

DCMTK_PROPOSES = {
    "ct-explicit.dcm": "-xe",
    "us-big-endian.dcm": "-xb",
    "rtplan-implicit.dcm": "-xi",
    "sc-deflated.dcm": "-xd",
    "sc-jpeg-baseline.dcm": "-xy",
    "sc-jpeg-extended.dcm": "-xx",
    "sc-jpeg-lossless.dcm": "-xs",
    "sc-jpegls-near.dcm": "-xu",
    "us-jpeg2000-lossless.dcm": "-xv",
    "sc-jpeg2000-lossy.dcm": "-xw",
    "mr-rle.dcm": "-xr",
}


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
    kept = stored(folder)  # reads every file there: a temporary one left over would be found
    check(
        files,
        kept,
        bytes_kept=peer.bytes_kept,
        private=peer.private,
        character_set=peer.character_set,
    )
    as_they_are = {
        each.transfer_syntax
        for uid, each in kept.items()
        if each.transfer_syntax == files[uid].transfer_syntax
    }
    assert (len(as_they_are) >= 8) is (peer.name not in FEWER), sorted(as_they_are)


def test_dcmtks_storescu_sends_each_transfer_syntax_that_it_proposes(
    ours: tuple[Service, Path], tmp_path: Path
):
    need("dcmtk")
    service, folder = ours
    files = {
        each.path.name: each for each in fixtures().values() if each.path.name in DCMTK_PROPOSES
    }
    assert len({each.transfer_syntax for each in files.values()}) == len(DCMTK_PROPOSES)
    for name, option in DCMTK_PROPOSES.items():
        command = [str(program("dcmtk", "storescu")), option, "-R", "-aec", TITLE]
        outcome = run([*command, "127.0.0.1", str(service.port), str(files[name].path)])
        assert outcome.ok, outcome.log + service.log
    sent = {each.sop_instance: each for each in files.values()}
    kept = stored(folder)
    check(sent, kept, bytes_kept=False)
    assert {each.transfer_syntax for each in kept.values()} == {
        each.transfer_syntax for each in files.values()
    }


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


def without_group_lengths(data: bytes, syntax: str) -> bytes:
    """A data set of the first level's elements but (gggg,0000), which are UL in any encoding."""
    big = syntax == "1.2.840.10008.1.2.2"
    element = b"\0\0UL\0\4" if big else (b"\0\0\4\0\0\0" if syntax == IMPLICIT else b"\0\0UL\4\0")
    return re.sub(b"[\0-\xff]{2}" + re.escape(element) + b"[\0-\xff]{4}", b"", data)


@pytest.mark.parametrize("option", ["+te", "+tb", "+ti", "+td"])
def test_files_are_written_as_dcmtk_writes_them(option: str, tmp_path: Path):
    """With the same option: the same data sets to the byte, but for two things that docs/dcmtk.md says.

    Group lengths are left out in a conversion; and a deflate stream may differ, not what it inflates to.
    """
    need("dcmtk")
    sender = SENDERS["dcmtk-dcmsend"]
    files = [each.path for each in fixtures(UNCOMPRESSED).values()]
    service, folder = start_storescp(tmp_path, option)
    (tmp_path / "theirs").mkdir()
    port = free_port()
    command = [
        str(program("dcmtk", "storescp")),
        option,
        "-od",
        str(tmp_path / "theirs"),
        str(port),
    ]
    with service, Service(command, port, log=tmp_path / "theirs.log") as theirs:
        for each in (target(service), Target(theirs.port, "ANY-SCP")):
            outcome = sender.store(each, files, tmp_path)
            assert outcome.ok, outcome.log
    ours, expected = stored(folder), stored(tmp_path / "theirs")
    assert ours.keys() == expected.keys()
    assert len(ours) >= 8
    for uid, kept in ours.items():
        other = expected[uid]
        assert kept.transfer_syntax == other.transfer_syntax, kept.path
        mine, dcmtks = kept.data_set, other.data_set
        if option == "+td":
            mine, dcmtks = (zlib.decompress(data, wbits=-15) for data in (mine, dcmtks))
        if mine != dcmtks:
            syntax = kept.transfer_syntax
            assert without_group_lengths(dcmtks, syntax) == mine, kept.path
