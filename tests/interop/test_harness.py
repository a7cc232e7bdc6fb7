"""The harness itself: what it compares, and how it starts and ends programs."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path

import pydicom
import pytest
from peer_files import DICOM, EXPLICIT, check, differences, even, fixtures, split
from peer_processes import LOOPBACK, PeerError, Service, free_port, listening, private_network, run
from peers import NODE_MODULES, OPTIONAL, PACKAGES, need

VARIANTS = DICOM / "variants"
PYTHON = sys.executable

LISTEN = """
import pathlib, signal, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
scratch = pathlib.Path(sys.argv[1] + ".part")
scratch.write_text(str(listener.getsockname()[1]))
scratch.rename(sys.argv[1])
signal.pause()
"""
SPAWN = """
import pathlib, signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
"""


# ---- comparing


@pytest.mark.parametrize("stem", ["mr", "seg", "sc-odd"])
def test_one_object_in_several_transfer_syntaxes_is_the_same(stem: str):
    plain = [each for each in VARIANTS.glob(f"{stem}-*.dcm") if "jp" not in each.name]
    found = [split(path) for path in plain if "rle" not in path.name]
    assert len(found) >= 2
    for one in found:
        for other in found:
            assert differences(one, other) == []


def changed(path: Path, tmp_path: Path, change) -> list[str]:
    """What is found after a change of a copy."""
    copy = tmp_path / "copy.dcm"
    shutil.copy(path, copy)
    data_set = pydicom.dcmread(copy)
    change(data_set)
    data_set.save_as(copy, enforce_file_format=True)
    return differences(split(path), split(copy))


def flip(data_set: pydicom.Dataset) -> None:
    data_set.PixelData = data_set.PixelData[:-1] + bytes([data_set.PixelData[-1] ^ 1])


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda each: None, []),
        (lambda each: setattr(each, "PatientName", "Nobody"), ["00100010 PN"]),
        (lambda each: setattr(each, "Rows", each.Rows + 1), ["00280010 US"]),
        (lambda each: setattr(each, "SliceThickness", "1.5"), ["00180050 DS"]),
        (lambda each: delattr(each, "StudyID"), ["00200010 is only in the sent one"]),
        (lambda each: setattr(each, "StationAETitle", "X"), ["00080055 is only in the stored one"]),
        (flip, ["7FE00010 OW"]),
    ],
)
def test_a_change_is_found(change, found: list[str], tmp_path: Path):
    got = changed(DICOM / "ct-explicit.dcm", tmp_path, change)
    assert [each[: len(want)] for each, want in zip(got, found, strict=True)] == found


def test_a_change_in_a_sequence_is_found(tmp_path: Path):
    def change(data_set: pydicom.Dataset) -> None:
        data_set.BeamSequence[0].BeamName = "another"
        del data_set.DoseReferenceSequence[-1]

    got = changed(DICOM / "rtplan-implicit.dcm", tmp_path, change)
    assert any(each.startswith("300A00B0[0].300A00C2 LO") for each in got)
    assert any(each.startswith("300A0010 has ") for each in got)


def test_a_change_of_encapsulated_pixels_is_found(tmp_path: Path):
    def change(data_set: pydicom.Dataset) -> None:
        at = len(data_set.PixelData) // 2
        pixels = bytearray(data_set.PixelData)
        pixels[at] ^= 1
        data_set.PixelData = bytes(pixels)
        data_set["PixelData"].is_undefined_length = True

    got = changed(DICOM / "sc-jpeg-lossless.dcm", tmp_path, change)
    assert [each[:11] for each in got] == ["7FE00010 OB"]


def test_check_asks_for_the_same_bytes_only_where_they_are_kept(tmp_path: Path):
    sent = split(DICOM / "ct-explicit.dcm")
    copy = tmp_path / "copy.dcm"
    data_set = pydicom.dcmread(sent.path)
    del data_set[0xFFFCFFFC]  # trailing padding says nothing
    data_set.save_as(copy, enforce_file_format=True)
    kept = {sent.sop_instance: split(copy)}
    assert kept[sent.sop_instance].transfer_syntax == EXPLICIT
    assert check({sent.sop_instance: sent}, kept, bytes_kept=False) == 0
    with pytest.raises(AssertionError, match=r"ct-explicit.dcm: the bytes of the data set changed"):
        check({sent.sop_instance: sent}, kept, bytes_kept=True)
    assert check({sent.sop_instance: sent}, {sent.sop_instance: sent}, bytes_kept=True) == 1
    for one, other in (({}, kept), (kept, {})):
        with pytest.raises(AssertionError):
            check(one, other, bytes_kept=False)


def test_fixtures_can_be_chosen():
    every = fixtures()
    assert {each.path.name for each in every.values()} == {
        each.name for each in DICOM.glob("*.dcm")
    }
    assert {each.transfer_syntax for each in fixtures({EXPLICIT}).values()} == {EXPLICIT}
    assert len(fixtures(without={"ct-explicit.dcm"})) == len(every) - 1
    assert (even(b"1"), even(b"12")) == (b"1\0", b"12")


# ---- programs


def test_a_program_runs_to_its_end():
    assert run([PYTHON, "-c", "print('yes')"]).log == "yes\n"
    outcome = run([PYTHON, "-c", "import sys; print(sys.stdin.read()); sys.exit(3)"])
    assert (outcome.code, outcome.ok) == (3, False)
    assert run([PYTHON, "-c", "print('yes')"], keep_output=False).log == ""


def test_a_program_that_does_not_end_is_ended():
    code = "import signal; print('here', flush=True); signal.pause()"
    with pytest.raises(PeerError, match=r"did not end in 1 s\nhere"):
        run([PYTHON, "-c", code], seconds=1)


def test_children_end_with_their_parent(tmp_path: Path):
    pid = tmp_path / "pid"
    assert run([PYTHON, "-c", SPAWN, str(pid)]).ok
    with pytest.raises((ProcessLookupError, FileNotFoundError)):
        while True:  # a killed process is gone once its new parent has reaped it
            os.kill(int(pid.read_text()), 0)
            if Path(f"/proc/{pid.read_text()}/stat").read_text().split()[2] == "Z":
                raise ProcessLookupError


def test_a_service_listens_until_it_is_closed(tmp_path: Path):
    port_file = tmp_path / "port"
    with Service([PYTHON, "-c", LISTEN, str(port_file)], port_file=port_file) as service:
        assert listening(service.port)
        socket.create_connection((LOOPBACK, service.port)).close()
    assert not listening(service.port)


def test_a_service_that_ends_or_stays_deaf_is_reported(tmp_path: Path):
    with pytest.raises(PeerError, match=r"ended with 3\nno$"):
        Service(
            [PYTHON, "-c", "import sys; print('no', end=''); sys.exit(3)"],
            free_port(),
            log=tmp_path / "log",
        )
    port_file = tmp_path / "port"
    with Service([PYTHON, "-c", LISTEN, str(port_file)], port_file=port_file) as service:
        with pytest.raises(PeerError, match=r"did not sing in 0 s"):
            service.wait_until(lambda: False, "sing", 0)


def test_a_private_network_has_nothing_but_loopback(network: bool):
    if not network:
        pytest.skip("a network namespace takes root on Linux")
    with private_network() as nested:
        assert nested
        with socket.create_server((LOOPBACK, 0)) as listener:
            port = listener.getsockname()[1]
            assert listening(port)
            socket.create_connection((LOOPBACK, port)).close()
        assert [name for _, name in socket.if_nameindex() if name != "lo"] == []
        other = socket.create_server((LOOPBACK, 0))
    with other:  # it stays where it was made, out of reach from here
        assert not listening(other.getsockname()[1])


# ---- what is installed


def test_a_missing_peer_is_skipped_or_demanded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(PACKAGES, "dcmtk", lambda: "gone")
    monkeypatch.setitem(PACKAGES, "gdcm", lambda: "gone")
    monkeypatch.setitem(PACKAGES, "ctn", lambda: None)
    monkeypatch.delenv("DULCET_REQUIRE_PEERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="gone"):
        need("dcmtk")
    need("ctn")
    monkeypatch.setenv("DULCET_REQUIRE_PEERS", "1")
    with pytest.raises(pytest.fail.Exception, match="dcmtk is missing: gone"):
        need("dcmtk")
    with pytest.raises(pytest.skip.Exception):
        need("gdcm")
    assert {"gdcm", "pynetdicom2"} == OPTIONAL
    assert NODE_MODULES.parent.name == "interop"
