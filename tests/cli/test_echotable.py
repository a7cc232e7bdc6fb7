"""Several peers in a table, and echoes at intervals."""

import io
import os
import pty
import re
import signal
import socket
import subprocess
import threading

import pytest
from cli_peers import ScriptedPeer, rejecting

from cli import echoscu
from dimse.aio import Client as AioClient
from dimse.client import Client
from dimse.events import Echoed, Lost
from dimse.server import Server
from testbed.parse import uid_text


@pytest.fixture
def server():
    with Server(host="127.0.0.1") as found:
        yield found.address[1]


def unused():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def table(capsys, tmp_path, content, *arguments):
    file = tmp_path / "peers"
    file.write_text(content)
    code = echoscu.main(["--peers", str(file), *arguments])
    said = capsys.readouterr()
    lines = [re.split(r"\s{2,}", line) for line in said.out.splitlines()]
    return code, lines, said.err


def test_side_by_side(server, capsys, tmp_path):
    gone = unused()
    code, lines, _ = table(
        capsys,
        tmp_path,
        f"# ours\nARCHIVE@127.0.0.1:{server}\n\n127.0.0.1 {server}\nLOST@127.0.0.1:{gone}\n",
        *("-r", "3", "-c", "ANY"),
    )
    assert code == 1
    assert lines[0] == [
        "peer",
        "AE title",
        "echoes",
        *(f"{w} ms" for w in ("min", "median", "p99", "max")),
        "result",
    ]
    for line, title in zip(lines[1:3], ("ARCHIVE", "ANY"), strict=True):
        assert line[:3] == [f"127.0.0.1:{server}", title, "3"]
        times = list(map(float, line[3:7]))
        assert times == sorted(times)
        assert line[7] == "Success"
    assert lines[3][:3] == [f"127.0.0.1:{gone}", "LOST", "0"]
    assert "Connection refused" in lines[3][-1]


def test_all_answer(server, capsys, tmp_path):
    code, lines, err = table(capsys, tmp_path, f"127.0.0.1:{server}\n" * 60)
    assert (code, len(lines), err) == (0, 61, "")


def test_failures_are_failures(capsys, tmp_path):
    def script(dialogue):
        dialogue.accept()
        dialogue.echo(0x0211)
        dialogue.end()

    with ScriptedPeer(script) as one, ScriptedPeer(rejecting(1, 1, 7)) as two:
        code, lines, _ = table(capsys, tmp_path, f"127.0.0.1:{one.port}\n127.0.0.1:{two.port}\n")
    assert code == 1
    assert "0211H" in lines[1][-1]
    assert "alled AE title not recognized" in lines[2][-1]


@pytest.mark.parametrize("content", ["", "# none\n", "x\n", "a@b@c:1\n", "h:0\n", "h:99999\n"])
def test_lists_that_are_none(capsys, tmp_path, content):
    code, _, err = table(capsys, tmp_path, content)
    assert code == 1
    assert "--peers" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing parameter peer"),
        (["h"], "Missing parameter port"),
        (["--peers", "/nowhere"], "cannot read"),
        (["--peers", "x", "h", "1"], "Unexpected parameter h"),
        (["-ppc", "129", "h", "1"], "overflow"),
        (["-pts", "0", "h", "1"], "underflow"),
    ],
)
def test_what_is_no_command_line(capsys, arguments, message):
    assert echoscu.main(["-v", *arguments]) == 1
    assert message in capsys.readouterr().err


def test_a_list_from_standard_input(server, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"[::ffff:127.0.0.1]:{server}\n"))
    assert echoscu.main(["--peers", "-"]) == 0
    assert "Success" in capsys.readouterr().out


def test_on_a_terminal_it_is_drawn(server, python, spawn_environment, tmp_path):
    file = tmp_path / "peers"
    file.write_text(f"127.0.0.1:{server}\n")
    ours, theirs = pty.openpty()
    command = [python, "-m", "cli.echoscu", "--peers", str(file)]
    process = subprocess.Popen(command, stdout=theirs, env=spawn_environment)
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 4096):
            said += piece
    except OSError:  # the terminal is closed
        pass
    os.close(ours)
    assert process.wait(30) == 0
    assert "\u2502".encode() in said
    assert b"Success" in said


def test_so_many_contexts_and_transfer_syntaxes():
    seen = []

    def script(dialogue):
        request = dialogue.accept()
        seen.extend(
            (each.id, [uid_text(uid) for uid in each.transfers]) for each in request.contexts
        )
        dialogue.echo()
        dialogue.end()

    with ScriptedPeer(script) as peer:
        assert echoscu.main(["-ppc", "128", "-pts", "5", "127.0.0.1", str(peer.port)]) == 0
    assert [number for number, _ in seen] == list(range(1, 256, 2))
    for _, syntaxes in seen:
        assert len(set(syntaxes)) == 5
        assert syntaxes[0] == "1.2.840.10008.1.2"


def test_times_are_told(server, capsys):
    assert echoscu.main(["-v", "-r", "4", "-i", "0.001", "127.0.0.1", str(server)]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert (
        sum(
            bool(re.fullmatch(r"I: Received Echo Response \(Success, [\d.]+ ms\)", x))
            for x in lines
        )
        == 4
    )
    assert any(
        re.fullmatch(r"I: 4 echoes, round trip min/median/p99/max = ([\d.]+/){3}[\d.]+ ms", line)
        for line in lines
    )


def test_until_ctrl_c(python, spawn_environment):
    """Like ping: it ends by an interrupt, and that is no failure."""
    asked = threading.Event()
    count = 0

    def on_echo(_):
        nonlocal count
        count += 1
        if count == 3:
            asked.set()

    with Server(host="127.0.0.1", on_echo=on_echo) as server:
        command = [
            python,
            "-m",
            "cli.echoscu",
            "-v",
            "-i",
            "0.01",
            "127.0.0.1",
            str(server.address[1]),
        ]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=spawn_environment
        )
        assert asked.wait(30)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert re.search(r"I: \d+ echoes, round trip", said)


@pytest.mark.parametrize("ends", ["abort", "release", "close"])
def test_a_peer_that_goes_between_two_echoes(ends):
    """It is noticed at once, and not when the time has come."""

    def script(dialogue):
        dialogue.accept()
        dialogue.echo()
        match ends:
            case "abort":
                dialogue.wire.send(b"\7\0\0\0\0\4\0\0\0\0")
            case "release":
                dialogue.wire.send(b"\5\0\0\0\0\4\0\0\0\0")
                dialogue.pdu(6)
            case "close":
                dialogue.wire.close()

    with ScriptedPeer(script) as peer:
        events = list(Client("127.0.0.1", peer.port).echoes(3, interval=1e6))
    assert sum(isinstance(each, Echoed) for each in events) == 1
    assert sum(isinstance(each, Lost) for each in events) == 1


def test_with_asyncio(server):
    import asyncio

    async def ask():
        echoes = AioClient("127.0.0.1", server).echoes(3, interval=0.001)
        return [each async for each in echoes]

    events = asyncio.run(ask())
    assert sum(isinstance(each, Echoed) for each in events) == 3
