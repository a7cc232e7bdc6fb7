"""The first thing that went wrong is what is said, in words for people, whatever the peer does next."""

import re
import struct
from socket import SO_LINGER, SOL_SOCKET

import pytest
from cli_peers import CT_CONTEXT, PATIENCE, Caller, ScriptedPeer

from cli import echoscu, storescu
from testbed import messages, raw
from testbed.observe import Closed, Reset

MACHINE = re.compile(
    r"\bSta\d|\bEvt\d|\b(?:AA|AE|AR|DT)-\d|primitive|indication"
    r"|\bA-P-ABORT|\b(?:A-\w+|P-DATA) (?:request|response|confirm)"
)

ENDS = {
    "associates": raw.associate_rq(contexts=[CT_CONTEXT]),
    "accepts": raw.associate_ac(),
    "rejects": raw.associate_rj(1, 1, 1),
    "releases": raw.release_rq(),
    "says that it released": raw.release_rp(),
    "aborts": raw.abort(0, 0),
    "aborts for its provider": raw.abort(2, 2),
    "sends an unknown PDU": b"\x0a\0\0\0\0\4\0\0\0\0",
    "sends no PDV": b"\x04\0\0\0\0\0",
    "sends data of no context": messages.command_pdu(messages.echo_rq(), 255),
    "sends a request": messages.command_pdu(messages.echo_rq(), 1),
    "sends what is no command": messages.command_pdu(b"\xff" * 12, 1),
    "sends plain text": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "sends half a PDU": raw.release_rp()[:7],
    "closes": b"",
    "resets": None,
}
"""What a peer may do instead of going on, as bytes behind which it closes; None: a reset."""


def end(dialogue, how):
    """Do it, and wait for the tool to leave."""
    if ENDS[how] is None:
        dialogue.wire.sock.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        return
    try:
        dialogue.wire.send(ENDS[how])
        dialogue.wire.fin()
    except OSError:
        return  # the tool was faster
    while not isinstance(dialogue.wire.read(PATIENCE), Closed | Reset):
        pass


def at_once(dialogue, how):
    """Behind the A-ASSOCIATE-AC."""
    dialogue.accept()
    end(dialogue, how)


@pytest.mark.parametrize("how", ENDS)
def test_a_failure_status_decides_whatever_comes_behind_it(how, ct, capsys):
    """It came early in the data set, and the end of the association right behind."""

    def script(dialogue):
        dialogue.accept()
        dialogue.answer(*dialogue.command(), 0xA700)
        end(dialogue, how)

    with ScriptedPeer(script) as peer:
        code = storescu.main(["127.0.0.1", str(peer.port), str(ct)])
    lines = capsys.readouterr().err.splitlines()
    assert code == 0xA7
    assert any("A700H" in line for line in lines)
    assert [line for line in lines if MACHINE.search(line)] == []


@pytest.mark.parametrize("how", ENDS)
def test_the_acceptor(how, serve):
    def clients(port):
        for accepted in (False, True):
            for stores in (False, True) if accepted else (False,):
                with Caller(port, *[CT_CONTEXT] * accepted) as caller:
                    if accepted:
                        caller.accepted()
                    if stores:
                        caller.begin_store()
                    end(caller, how)

    _, lines = serve("-v", clients=clients)
    assert len(lines) >= 5
    assert [line for line in lines if MACHINE.search(line)] == []


# -------------------------------------------------------------------- what was wrong with it --


def test_a_second_response_while_the_data_set_goes_out(tmp_path, ct, capsys):
    """Of an object that no socket buffer holds: the peer answers twice and reads nothing."""
    large = tmp_path / "large"
    pixels = element(0x7FE10010, b"OW\0\0" + struct.pack("<I", 64 << 20))
    large.write_bytes(ct.read_bytes() + pixels)
    with large.open("r+b") as file:
        file.truncate(large.stat().st_size + (64 << 20))

    def script(dialogue):
        dialogue.accept()
        asked = dialogue.command()
        dialogue.answer(*asked, 0)
        dialogue.answer(*asked, 0)
        end(dialogue, "closes")

    with ScriptedPeer(script) as peer:
        assert storescu.main(["127.0.0.1", str(peer.port), str(large)]) != 0
    assert "the peer sent a second C-STORE-RSP for message 1" in capsys.readouterr().err


def test_a_second_response_behind_the_first(capsys):
    def script(dialogue):
        dialogue.accept()
        asked = dialogue.command()
        dialogue.answer(*asked, 0)
        dialogue.answer(*asked, 0)
        end(dialogue, "closes")

    with ScriptedPeer(script) as peer:
        echoscu.main(["-r", "2", "127.0.0.1", str(peer.port)])
    assert "the peer sent a second C-ECHO-RSP for message 1" in capsys.readouterr().err


def test_a_request_that_nobody_waits_for(capsys):
    with ScriptedPeer(lambda dialogue: at_once(dialogue, "sends a request")) as peer:
        assert echoscu.main(["127.0.0.1", str(peer.port)]) != 0
    said = capsys.readouterr().err
    assert re.search("the peer sent a C-ECHO-RQ (instead of a C-ECHO-RSP|though nothing)", said)


def element(tag, rest):
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF) + rest
