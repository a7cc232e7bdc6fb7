"""What is said of the files that are named: warnings, errors, and what the exit code is."""

import errno
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from cli_peers import ScriptedPeer, storing

from cli import storescu

DICOM = Path(__file__).parents[2] / "fixtures" / "dicom"
CT, MR, ODD = DICOM / "ct-explicit.dcm", DICOM / "mr-explicit.dcm", DICOM / "sc-odd-explicit.dcm"
DICOMDIR = DICOM / "faulty" / "dicomdir.dcm"


@pytest.fixture
def send(capsys):
    """Run storescu; its exit code, and what it says."""

    def run(port, *arguments):
        code = storescu.main(["127.0.0.1", str(port), *map(str, arguments)])
        return code, capsys.readouterr().err.splitlines()

    return run


def wrong(path):
    """An object with a VR that is none, and a NUL too few."""
    data = MR.read_bytes()
    at = data.index(b"\x10\0\x10\0PN")
    path.write_bytes(data[: at + 4] + b"--" + data[at + 6 :])
    return path, at


def test_a_warning_names_file_byte_and_element(send, tmp_path):
    path, at = wrong(tmp_path / "wrong.dcm")
    with ScriptedPeer(storing(0, 0)) as peer:
        code, lines = send(peer.port, path, CT)
    assert code == 0
    assert lines == [f"W: {path}: at byte {at}: (0010,0010) has the unknown VR '--'"]


def test_strict_refuses_it(send, tmp_path):
    path, at = wrong(tmp_path / "wrong.dcm")
    code, lines = send(1, "--strict", path, CT)
    assert code == 1
    assert lines[0].startswith(f"F: Bad DICOM file: {path}: at byte {at}: (0010,0010) has the unk")
    assert lines[1] == "F: nothing was sent; -nh sends the 1 file that can be sent"
    with ScriptedPeer(storing(0)) as peer:
        code, lines = send(peer.port, "--strict", "-nh", path, CT)
    assert code == 1
    assert lines[0].endswith(", ignoring file")


def test_a_dicomdir_by_name_is_left_out(send):
    """As a wildcard over a CD gives it; the rest goes."""
    with ScriptedPeer(storing(0, 0)) as peer:
        code, lines = send(peer.port, CT, DICOMDIR, MR)
    assert code == 0
    assert lines == [f"W: a DICOMDIR, ignoring it: {DICOMDIR}"]
    code, lines = send(1, DICOMDIR)
    assert code == 1
    assert lines == [
        f"W: a DICOMDIR, ignoring it: {DICOMDIR}",
        "F: no input files to be sent",
    ]


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    (root / "sub").mkdir(parents=True)
    shutil.copy(CT, root / "a.dcm")
    shutil.copy(MR, root / "sub" / "b.dcm")
    (root / "note.txt").write_text("no DICOM")
    os.mkfifo(root / "pipe")
    (root / "link").symlink_to(root / "sub")
    return root


def test_nothing_in_a_directory_is_left_out_without_a_word(send, tree):
    with ScriptedPeer(storing(0)) as peer:
        code, lines = send(peer.port, "+sd", tree)
    assert code == 0
    link = tree / "link"
    assert sorted(lines) == [
        f"W: a pipe, socket or device, ignoring it: {tree / 'pipe'}",
        f"W: ignoring link to a directory, +r --follow-links sends the files in it: {link}",
        f"W: ignoring subdirectory, +r sends the files in it: {tree / 'sub'}",
        f"W: no DICOM file, ignoring it: {tree / 'note.txt'}",
    ]


def test_links_are_followed_by_option(send, tree):
    with ScriptedPeer(storing(0, 0)) as peer:
        code, lines = send(peer.port, "-v", "+sd", "+r", "--follow-links", tree)
    assert code == 0
    assert [line for line in lines if "Sending file" in line] == [
        f"I: Sending file: {tree / 'a.dcm'}",
        f"I: Sending file: {tree / 'link' / 'b.dcm'}",
    ]
    said = f"I: directory seen already by another way, ignoring it: {tree / 'sub'}"
    assert said in lines
    code, lines = send(1, "--follow-links", "+sd", tree)
    assert code == 1
    assert "error: --follow-links only allowed with --recurse" in lines


@pytest.mark.parametrize("unreadable", ["a link that leads nowhere", "a directory"])
def test_what_was_asked_for_and_cannot_be_read_fails(send, tree, monkeypatch, unreadable):
    if unreadable == "a directory":
        real = os.scandir

        def scandir(path):
            if Path(path).name == "sub":
                raise PermissionError(errno.EACCES, "Permission denied")
            return real(path)

        monkeypatch.setattr(os, "scandir", scandir)
        words = f"cannot read directory: {tree / 'sub'}: Permission denied"
    else:
        (tree / "gone").symlink_to("nowhere")
        words = f"cannot access file: {tree / 'gone'}: can't be read: No such file or directory"
    code, lines = send(1, "+sd", "+r", tree)
    assert code == 1
    assert [line for line in lines if line.startswith("F: " + words)]
    files = [0] if unreadable == "a directory" else [0, 0]
    with ScriptedPeer(storing(*files)) as peer:
        code, lines = send(peer.port, "-nh", "+sd", "+r", tree)
    assert code == 1
    assert [line for line in lines if line.startswith("W: " + words)]


def test_a_file_of_odd_length_is_sent_padded(send, tmp_path):
    path = tmp_path / "odd.dcm"
    path.write_bytes(CT.read_bytes() + b"\xfc\xff\xfc\xffOB\0\0\1\0\0\0\0")

    def script(dialogue):
        dialogue.accept()
        context, command = dialogue.command()
        assert len(dialogue.data_set()) % 2 == 0
        dialogue.answer(context, command, 0)
        dialogue.end()

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, path)
    assert code == 0
    assert "(FFFC,FFFC) has the odd length 1" in lines[0]


def test_what_is_in_an_archive_is_sent_and_what_is_left_out_is_said(send, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.write(CT, "ct.dcm")
        archive.writestr("read.me", "no DICOM")
        archive.writestr("more.zip", "")
    with ScriptedPeer(storing(0)) as peer:
        code, lines = send(peer.port, folder / "a.zip")
    assert code == 0
    ignoring = "ignoring archive in a directory or archive, name it to send what is in it"
    assert lines == [
        f"W: no DICOM file, ignoring it: {folder}/a.zip!read.me",
        f"W: {ignoring}: {folder}/a.zip!more.zip",
    ]
    code, lines = send(1, "+sd", folder)
    assert code == 1
    assert f"name it to send what is in it: {folder}/a.zip" in lines[0]


@pytest.mark.parametrize("bad", [False, True])
def test_a_line_break_in_a_name_makes_no_line_of_its_own(send, tmp_path, bad):
    """What stands on somebody's CD could be taken for what the peer answered."""
    name = tmp_path / "a\nI: Received Store Response (Success)"
    name.write_bytes(b"rubbish" if bad else CT.read_bytes())
    with ScriptedPeer(*[] if bad else [storing(0xA700)]) as peer:
        _, lines = send(peer.port, "-v", name)
    shown = f"{tmp_path}/a\\nI: Received Store Response (Success)"
    assert "I: Received Store Response (Success)" not in lines
    whole = f"Bad DICOM file: {shown}: " if bad else f"Store Failed, file: {shown}:"
    assert any(whole in line for line in lines)
    assert bad or f"I: Sending file: {shown}" in lines
