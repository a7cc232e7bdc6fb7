"""`dulspec proxy` as a command: rules from a file, a clean end."""

import contextlib
import signal
import socket
import subprocess
import sys

import pytest

from testbed import messages
from testbed.proxy import capture
from testbed.proxy.command import read_rules
from testbed.proxy.rules import RuleError

LIMIT = 20
ECHO = messages.command_pdu(messages.echo_rq(1))


def test_rules_from_a_file(tmp_path):
    path = tmp_path / "rules"
    path.write_text("# comment\n\nany RQ#2 drop # why\n  acceptor AC split\n")
    assert [rule.text for rule in read_rules(["any * stall"], path)] == [
        "any * stall", "any RQ#2 drop", "acceptor AC split",
    ]  # fmt: skip
    path.write_text("any RQ explode\n")
    with pytest.raises(RuleError):
        read_rules([], path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_cleanly_and_leaves_a_whole_capture(tmp_path, number):
    path = tmp_path / "capture.json"
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "testbed", "proxy", "--listen", "0", "127.0.0.1",
             str(server.getsockname()[1]), "--capture", str(path), "--rule", "any RP drop"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            port = int(process.stdout.readline().split()[-1])
            with socket.create_connection(("127.0.0.1", port), LIMIT) as sock:
                inner, _ = server.accept()
                with inner:
                    inner.settimeout(LIMIT)
                    sock.sendall(ECHO)
                    assert inner.recv(len(ECHO), socket.MSG_WAITALL) == ECHO
                    process.send_signal(number)
                    out, err = process.communicate(timeout=LIMIT)
                    with contextlib.suppress(ConnectionResetError):
                        assert sock.recv(1) == b""
        finally:
            process.kill()
            process.communicate()
    assert (process.returncode, err) == (0, "")
    assert "= C-ECHO-RQ, message 1" in out
    with path.open("rb") as stream:
        header, rows = capture.read(stream)
        assert header.rules == ["any RP drop"]
        assert [row.event for row in rows] == ["open", "pdu", "end"]
