"""echoscu: exit code 0 only if every echo succeeded."""

import pytest
from cli_peers import ABORT, ScriptedPeer, rejecting

from cli import echoscu
from testbed import raw
from testbed.parse import uid_text


@pytest.fixture
def call(capsys):
    def run(port, *arguments):
        code = echoscu.main([*map(str, arguments), "127.0.0.1", str(port)])
        said = capsys.readouterr()
        assert said.out == ""
        return code, said.err.splitlines()

    return run


def echoing(*statuses, ends=5):
    def script(dialogue):
        request = dialogue.accept()
        offered = [(uid_text(each.abstracts[0]), len(each.transfers)) for each in request.contexts]
        assert offered == [(raw.VERIFICATION, 1)]
        for status in statuses:
            dialogue.echo(status)
        assert dialogue.end() == ends

    return script


def test_verbose(call):
    with ScriptedPeer(echoing(0, 0)) as peer:
        code, lines = call(peer.port, "-v", "-r", "2")
    assert code == 0
    assert lines.pop().startswith("I: 2 echoes, round trip min/median/p99/max = ")
    assert lines == [
        "I: Requesting Association",
        "I: Association Accepted (Max Send PDV: 16378)",
        "I: Sending Echo Request (MsgID 1)",
        "I: Received Echo Response (Success)",
        "I: Sending Echo Request (MsgID 2)",
        "I: Received Echo Response (Success)",
        "I: Releasing Association",
    ]


def test_silent_by_default(call):
    with ScriptedPeer(echoing(0)) as peer:
        assert call(peer.port) == (0, [])


def test_titles_and_pdu_size(call):
    seen = []

    def script(dialogue):
        seen.append(dialogue.accept())
        dialogue.echo()
        dialogue.end()

    with ScriptedPeer(script, script) as peer:
        call(peer.port)
        call(peer.port, "-t", "ME", "-c", "YOU", "-b", "4096")
    first, second = seen
    assert (first.calling_ae_title.strip(), first.called_ae_title.strip()) == (
        b"ECHOSCU",
        b"ANY-SCP",
    )
    assert first.max_length == 16384
    assert (second.calling_ae_title.strip(), second.called_ae_title.strip()) == (b"ME", b"YOU")
    assert second.max_length == 4096


def test_abort(call):
    with ScriptedPeer(echoing(0, ends=ABORT)) as peer:
        assert call(peer.port, "-a") == (0, [])


def test_a_failed_echo_is_never_exit_code_0(call):
    with ScriptedPeer(echoing(0x0122, 0)) as peer:
        code, lines = call(peer.port, "-r", "2")
    assert code == 1
    assert lines == [
        "E: Echo Failed: the peer answered Refused: SOP Class not supported (0122H)",
    ]


def test_aborted_in_place_of_a_response(call):
    def script(dialogue):
        dialogue.accept()
        dialogue.command()
        dialogue.wire.send(raw.abort(2, 2))

    with ScriptedPeer(script) as peer:
        code, lines = call(peer.port, "-v")
    assert code == 1
    assert lines[-2:] == [
        "E: Echo Failed: association aborted by the peer's service-provider: unexpected PDU",
        "I: Peer Aborted Association",
    ]


def test_rejected(call):
    with ScriptedPeer(rejecting(1, 1, 3)) as peer:
        code, lines = call(peer.port, "-t", "NOBODY")
    assert code == 1
    assert lines == [
        "F: Association Rejected:",
        "F: Result: Rejected Permanent, Source: Service User",
        "F: Reason: Calling AE Title Not Recognized",
        "F: Try: have 'NOBODY' registered at the peer, or call with a title that it knows (-t)",
    ]


def test_verification_not_accepted(call):
    def script(dialogue):
        dialogue.accept(lambda *_: None)
        dialogue.end()

    with ScriptedPeer(script) as peer:
        code, lines = call(peer.port)
    assert code == 1
    assert lines[0] == "F: No Acceptable Presentation Contexts"


def test_no_response(call):
    def script(dialogue):
        dialogue.accept()
        dialogue.command()
        assert dialogue.end() == ABORT

    with ScriptedPeer(script) as peer:
        code, lines = call(peer.port, "-td", "0.05")
    assert code == 1
    assert lines == ["E: Echo Failed: timed out after 0.05 s waiting for the response"]


def test_a_release_that_fails(call):
    def script(dialogue):
        dialogue.accept()
        dialogue.echo()
        dialogue.pdu(5)

    with ScriptedPeer(script) as peer:
        code, lines = call(peer.port)
    assert code == 1
    assert lines[0].startswith("E: Association Release Failed: ")


def test_debug(call):
    with ScriptedPeer(echoing(0)) as peer:
        code, lines = call(peer.port, "-d")
    assert code == 0
    said = "\n".join(lines)
    assert "D: sent C-ECHO-RQ" in said
    assert "D: received C-ECHO-RSP" in said
    assert "Verification (1.2.840.10008.1.1): accepted" in said
