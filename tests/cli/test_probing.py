"""storescu --probe: what the peer accepts, as a table or as JSON; nothing is sent."""

import json
from pathlib import Path

import pytest
from cli_peers import RELEASE_RQ, ScriptedPeer, rejecting

from cli import dcmsend, storescu

DICOM = Path(__file__).parents[2] / "fixtures" / "dicom"
CT, RLE = DICOM / "ct-explicit.dcm", DICOM / "mr-rle.dcm"
TEXT = DICOM / "faulty" / "not-dicom.txt"
RLE_SYNTAX = "1.2.840.10008.1.2.5"


def answering(dialogue):
    """Takes all but RLE, and expects nothing but a release."""
    dialogue.accept(lambda _, offered: None if offered[0] == RLE_SYNTAX else offered[0])
    assert dialogue.end() == RELEASE_RQ


@pytest.fixture
def probe(capsys):
    def run(port, *arguments, tool=storescu):
        code = tool.main(["--probe", "127.0.0.1", str(port), *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err.splitlines()

    return run


def test_a_table(probe):
    with ScriptedPeer(answering) as peer:
        code, out, err = probe(peer.port, "-R", CT, RLE, "-c", "ARCHIVE")
    assert (code, err) == (0, [])
    assert out[0] == f"ARCHIVE at 127.0.0.1:{peer.port}"
    assert out[2:5] == [
        "longest PDU it receives: 16384 bytes",
        "operations at a time: 1",
        "presentation contexts accepted: 3 of 4",
    ]
    assert out[-2:] == [
        "CT Image Storage  Explicit VR Little Endian, Implicit VR Little Endian",
        "MR Image Storage  Implicit VR Little Endian  (RLE Lossless: transfer syntaxes not "
        "supported)".replace("transfer syntaxes", "abstract syntax"),
    ]


def test_without_files_every_storage_sop_class(probe):
    with ScriptedPeer(answering, answering) as peer:
        code, out, _ = probe(peer.port)
    assert code == 0
    assert len(out) > 200
    assert len({line.partition("  ")[0] for line in out[6:]}) == len(out[6:])


def test_for_programs(probe):
    with ScriptedPeer(answering) as peer:
        code, out, _ = probe(peer.port, "--json", "-R", RLE)
    assert code == 0
    answer = json.loads("\n".join(out))
    assert answer["maximum_length"] == 16384
    rle, others = answer["contexts"]
    assert (rle["id"], rle["name"], rle["proposed"]) == (1, "MR Image Storage", [RLE_SYNTAX])
    assert (rle["accepted"], bool(rle["refusal"])) == (None, True)
    assert (others["accepted"], others["refusal"]) == ("1.2.840.10008.1.2", None)


def test_what_cannot_be_read_is_said_and_the_rest_asked(probe):
    with ScriptedPeer(answering) as peer:
        code, out, err = probe(peer.port, "-R", TEXT, CT)
    assert code == 0
    assert [line[:2] for line in err] == ["W:"]
    assert out[-1].startswith("CT Image Storage")
    assert probe(peer.port, "-R", TEXT)[0] == 1


def test_no_association(probe):
    with ScriptedPeer(rejecting(1, 1, 7)) as peer:
        code, out, err = probe(peer.port, CT)
    assert (code, out) == (1, [])
    assert err[0] == "F: Association Rejected:"
    code, out, err = probe(peer.port, CT, tool=dcmsend)
    assert (code, out) == (61, [])


def test_nothing_accepted(probe):
    def refusing(dialogue):
        dialogue.accept(lambda *_: None)
        assert dialogue.end() == RELEASE_RQ

    with ScriptedPeer(refusing) as peer:
        code, out, err = probe(peer.port, CT)
    assert code == 1
    assert "presentation contexts accepted: 0 of" in out[4]
    assert err == ["F: No Acceptable Presentation Contexts"]
