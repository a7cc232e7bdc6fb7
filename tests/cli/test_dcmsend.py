"""dcmsend: what it does otherwise than storescu."""

from pathlib import Path

import pytest
from cli_peers import ABORT, RELEASE_RQ, ScriptedPeer, rejecting, storing

from cli import dcmsend
from cli.grammar.parsing import parse
from cli.storescu_options import DcmsendSettings
from testbed import raw
from testbed.parse import uid_text

DICOM = Path(__file__).parents[2] / "fixtures" / "dicom"
CT, MR, RLE = DICOM / "ct-explicit.dcm", DICOM / "mr-explicit.dcm", DICOM / "mr-rle.dcm"
TEXT = DICOM / "faulty" / "not-dicom.txt"
CT_CLASS, MR_CLASS = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
RLE_SYNTAX = "1.2.840.10008.1.2.5"


@pytest.fixture
def send(capsys):
    def run(port, *arguments):
        code = dcmsend.main(["127.0.0.1", str(port), *map(str, arguments)])
        return code, capsys.readouterr().err.splitlines()

    return run


def contexts(dialogue):
    return [
        (uid_text(each.abstracts[0]), [uid_text(uid) for uid in each.transfers])
        for each in dialogue.accept().contexts
    ]


def proposed(send, *arguments):
    seen = []

    def script(dialogue):
        seen.extend(contexts(dialogue))
        dialogue.wire.send(raw.abort(0, 0))

    with ScriptedPeer(script) as peer:
        send(peer.port, "-q", *arguments)
    return seen


def test_only_what_the_files_need_is_proposed(send):
    assert proposed(send, CT, RLE) == [
        (CT_CLASS, [EXPLICIT]),
        (CT_CLASS, [EXPLICIT, BIG, IMPLICIT]),
        (MR_CLASS, [RLE_SYNTAX]),
        (MR_CLASS, [EXPLICIT, BIG, IMPLICIT]),
    ]


def test_each_context_has_the_default_transfer_syntax_by_option(send):
    for option in ("-nip", "--no-illegal-proposal"):
        assert proposed(send, CT, RLE, option) == [
            (CT_CLASS, [EXPLICIT, BIG, IMPLICIT]),
            (MR_CLASS, [RLE_SYNTAX, EXPLICIT, BIG, IMPLICIT]),
        ]


def test_the_words_of_a_run_are_those_of_dcmsend(send):
    with ScriptedPeer(storing(0, 0xB000)) as peer:
        code, lines = send(peer.port, "-v", CT, MR)
    assert code == 0
    assert "I: Sending C-STORE Request (MsgID 1, CT)" in lines
    assert "I: Received C-STORE Response (Success)" in lines
    assert peer.dialogues[0].stores[0][1].us(0x0110) == 1
    start = lines.index("I: Status Summary")
    assert lines[start + 1 : start + 8] == [
        "I: --------------",
        "I: Number of associations   : 1",
        "I: Number of pres. contexts : 4",
        "I: Number of SOP instances  : 2",
        "I: - sent to the peer       : 2",
        "I:   * with status SUCCESS  : 1",
        "I:   * with status WARNING  : 1",
    ]


def test_failures_and_what_was_not_sent_are_in_the_summary(send):
    def script(dialogue):
        dialogue.accept(lambda uid, offered: offered[0] if uid == CT_CLASS else None)
        dialogue.store(0xC000)
        assert dialogue.end() == RELEASE_RQ

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, "-v", "-nh", CT, MR)
    assert code == 0xC0
    assert "I:   * with status ERROR    : 1" in lines
    assert "I: - NOT sent to the peer   : 1" in lines


def test_it_calls_as_dcmsend():
    found = parse(DcmsendSettings, ["p", "1", "f"])
    assert (found.calling_ae_title, found.form, found.required) == ("DCMSEND", "file", True)
    assert parse(DcmsendSettings, ["+f", "p", "1", "f"]).form == "any"


@pytest.mark.parametrize(
    ("files", "code", "last"),
    [
        (["."], 21, "F: no input files to be processed"),
        (["nowhere.dcm"], 22, "F: bad DICOM file: nowhere.dcm"),
        ([TEXT], 22, f"F: bad DICOM file: {TEXT}: is no DICOM file"),
        (["-nh", "nowhere.dcm"], 23, "F: no valid input files to be processed"),
    ],
)
def test_exit_codes_of_files(files, code, last, send):
    found, lines = send(1, *files)
    assert found == code
    assert lines[-1].startswith(last)


def test_exit_code_without_association(send):
    with ScriptedPeer(rejecting(1, 1, 7)) as peer:
        code, lines = send(peer.port, CT)
    assert code == 61
    assert lines[0] == "F: cannot negotiate network association: DUL Association Rejected"
    code, lines = send(1, CT)
    assert code == 61
    assert lines[0] == (
        "F: cannot negotiate network association: TCP Initialization Error: Connection refused"
    )


def test_exit_code_of_what_cannot_be_sent(send):
    def refusing(dialogue):
        dialogue.accept(lambda uid, offered: offered[0] if uid == MR_CLASS else None)
        assert dialogue.end() == ABORT

    with ScriptedPeer(refusing) as peer:
        code, lines = send(peer.port, CT, MR)
    assert code == 62
    assert lines[-1] == "F: cannot send SOP instance: DIMSE No valid Presentation Context ID"

    def leaving(dialogue):
        dialogue.accept()
        dialogue.store(None)

    with ScriptedPeer(leaving) as peer:
        code, lines = send(peer.port, CT)
    assert code == 62
    last = "cannot send SOP instance: Peer aborted Association (or never connected)"
    assert f"F: {last}" in lines


def test_a_status_that_is_a_failure_has_its_code(send):
    with ScriptedPeer(storing(0xA700)) as peer:
        assert send(peer.port, CT)[0] == 0xA7


def test_uids_are_checked_unless_told_otherwise(send, tmp_path):
    path = tmp_path / "zero.dcm"
    content = CT.read_bytes()
    uid = b"1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
    assert content.count(uid) == 2
    path.write_bytes(content.replace(uid, b"1.03" + uid[4:]))
    code, lines = send(1, path)
    assert code == 22
    assert "Invalid SOP Instance UID: 1.036.1." in lines[0]
    for option in ("-nuc", "--no-uid-checks"):
        with ScriptedPeer(storing(0)) as peer:
            assert send(peer.port, path, option)[0] == 0


def test_a_single_association_is_not_followed_by_another(send):
    def leaving(dialogue):
        dialogue.accept()
        dialogue.store(None)

    for option in ("-ma", "--single-association"):
        with ScriptedPeer(leaving) as peer:
            code, lines = send(peer.port, "-nh", option, CT, MR)
        assert code == 62
        assert lines[-2].startswith("F: 1 associations were lost")
    with ScriptedPeer(leaving, storing(0)) as peer:
        code, lines = send(peer.port, "-nh", "-ma", "+ma", CT, MR)
    assert code == 62
    assert len(peer.dialogues) == 2
