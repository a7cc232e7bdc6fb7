"""What systemd is told and gives: readiness, signs of life, sockets; and its units."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cli_peers import PATIENCE
from storescp_process import store

from cli import systemd

PACKAGING = Path(__file__).parents[2] / "packaging"

ACTIVATED = """
import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
print(listener.getsockname()[1], flush=True)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.execv(sys.executable, [sys.executable, "-m", "cli.storescp", *sys.argv[1:]])
"""


@pytest.fixture
def told(tmp_path, monkeypatch):
    """The socket on which systemd is told."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield line


def test_nobody_is_told_where_nobody_asks(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not systemd.notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    assert not systemd.notify("READY=1")


def test_states_go_together(told):
    assert systemd.notify("READY=1", "STATUS=x")
    assert told.recv(100) == b"READY=1\nSTATUS=x"


def test_the_abstract_namespace(monkeypatch):
    name = f"dulcet-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(f"\0{name}")
        line.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        assert systemd.notify("STOPPING=1")
        assert line.recv(100) == b"STOPPING=1"


def test_signs_of_life_are_for_who_is_asked(monkeypatch):
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert systemd.watchdog_interval() is None
    monkeypatch.setenv("WATCHDOG_USEC", "3000000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    assert systemd.watchdog_interval() == 1.5
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid() + 1))
    assert systemd.watchdog_interval() is None


def test_sockets_of_another_process_are_not_ours(monkeypatch):
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", str(os.getpid() + 1))
    assert systemd.activated_sockets() == []


@pytest.mark.parametrize("options", [[], ["--workers", "2"]], ids=["alone", "workers"])
def test_storescp_as_a_service(told, tmp_path, spawn_environment, options):
    (tmp_path / "in").mkdir()
    environment = spawn_environment | {
        "NOTIFY_SOCKET": os.environ["NOTIFY_SOCKET"],
        "WATCHDOG_USEC": "40000",
    }
    command = [sys.executable, "-c", ACTIVATED, "-od", str(tmp_path / "in"), *options, "11112"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        port = int(process.stdout.readline())
        states = []
        while not any(f"READY=1\nSTATUS=listening on port {port}" in each for each in states):
            states.append(told.recv(1000).decode())
        store(port, "2.25.1")
        while told.recv(1000) != b"WATCHDOG=1":
            pass
        process.send_signal(signal.SIGTERM)
        while told.recv(1000) != b"STOPPING=1":
            pass
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.communicate()
    assert [each.name for each in (tmp_path / "in").iterdir()] == ["CT.2.25.1"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
def test_the_units_are_right():
    units = sorted(
        str(each) for each in PACKAGING.iterdir() if each.suffix in {".service", ".socket"}
    )
    done = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
