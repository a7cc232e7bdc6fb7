"""storescu --dry-run: the plan, for people and for programs; nobody is called."""

import json
import shutil
import socket
from pathlib import Path

import pytest
from cli_peers import ScriptedPeer, storing

from cli import dcmsend, storescu
from dimse.journal import Journal

DICOM = Path(__file__).parents[2] / "fixtures" / "dicom"
CT, MR, RLE = DICOM / "ct-explicit.dcm", DICOM / "mr-explicit.dcm", DICOM / "mr-rle.dcm"
TEXT = DICOM / "faulty" / "not-dicom.txt"


@pytest.fixture
def nobody():
    """A port at which a call would be noticed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.fixture
def plan(capsys, nobody):
    def run(*arguments, tool=storescu):
        code = tool.main(["--dry-run", "127.0.0.1", str(nobody), *map(str, arguments)])
        said = capsys.readouterr()
        assert said.err == ""
        return code, said.out.splitlines()

    return run


def test_the_plan(plan, nobody):
    code, lines = plan("-R", CT, RLE, "-c", "ARCHIVE")
    assert code == 0
    assert lines[0] == (
        f"Association 1: STORESCU calls ARCHIVE at 127.0.0.1:{nobody}, with 4 presentation contexts"
    )
    assert lines[1] == "    1  CT Image Storage: Explicit VR Little Endian"
    assert max(map(len, lines[1:-3])) <= 80
    ct, rle, total = lines[-3:]
    assert ct == (
        f"{CT}: CT Image Storage, 38870 bytes, Explicit VR Little Endian as it is, or converted to "
        "Implicit VR Little Endian, Explicit VR Big Endian"
    )
    assert rle.startswith(f"{RLE}: MR Image Storage, 7440 bytes, RLE Lossless as it is")
    assert total == "2 files would be sent on 1 association, 0.0 MB"


def test_what_would_not_be_sent(plan, tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    shutil.copy(MR, tmp_path)
    code, lines = plan("-nh", "+sd", tmp_path, TEXT)
    assert code == 1
    assert f"left out: no DICOM file, ignoring it: {tmp_path / 'notes.txt'}" in lines
    assert any(line.startswith(f"cannot be sent: Bad DICOM file: {TEXT}") for line in lines)
    assert (
        lines[-1] == "1 file would be sent on 1 association, 0.0 MB; 1 left out; 1 not to be sent"
    )
    code, lines = plan(MR, TEXT)
    assert code == 1
    assert lines[-1] == "Nothing would be sent; -nh sends what can be sent; 1 not to be sent"
    code, lines = plan("-xi", "-dn", RLE)
    assert code == 1
    assert lines[-2].startswith(f"cannot be sent: {RLE}: ")
    assert lines[-2].count(str(RLE)) == 1


def test_the_codes_of_dcmsend(plan):
    assert plan("-nh", TEXT, tool=dcmsend)[0] == 22
    assert plan(MR, tool=dcmsend)[0] == 0


def test_for_programs(plan, nobody):
    code, lines = plan("--json", "-R", "-nh", CT, TEXT)
    assert code == 1
    told = [json.loads(line) for line in lines]
    assert [each["kind"] for each in told] == ["not to be sent", "association", "file", "total"]
    _, association, file, total = told
    assert association["port"] == nobody
    assert [each["id"] for each in association["presentation_contexts"]] == [1, 3]
    assert file["name"] == str(CT)
    assert file["choices"][0] == {"context": 1, "transfer_syntax_uid": "1.2.840.10008.1.2.1"}
    assert total == {
        "kind": "total", "associations": 1, "files": 1, "bytes": 38870, "unusable": 1,
    }  # fmt: skip


def test_a_journal_is_read_if_there_is_one(plan, nobody, tmp_path, capsys):
    path = tmp_path / "journal"
    assert plan("--journal", path, CT)[0] == 0
    assert not path.exists()
    with ScriptedPeer(storing(0)) as peer:
        assert storescu.main(["--journal", str(path), "127.0.0.1", str(peer.port), str(CT)]) == 0
    before = path.read_bytes()
    code = storescu.main(
        ["--dry-run", "--journal", str(path), "127.0.0.1", str(peer.port), str(CT)]
    )
    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        f"stored before: {CT}",
        "Nothing would be sent; 1 stored before",
    ]
    assert path.read_bytes() == before
    with Journal(path) as journal:
        assert list(journal.failed()) == []


def test_what_makes_no_sense_together(capsys):
    for words, tokens in {
        "--dry-run not allowed with --probe": ["--dry-run", "--probe"],
        "--json only allowed with --dry-run or --probe": ["--json"],
    }.items():
        assert storescu.main([*tokens, "127.0.0.1", "104", str(CT)]) == 1
        assert words in capsys.readouterr().err
