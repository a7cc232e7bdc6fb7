"""The progress display: only on a terminal, only when it takes long, gone at the end."""

import contextlib
import os
import pty
import re
import sys
import threading
from pathlib import Path

import pytest
from cli_peers import ScriptedPeer, storing

from cli import progress, storescu

CT = Path(__file__).parents[2] / "fixtures" / "dicom" / "ct-explicit.dcm"


class Terminal:
    """A pseudo terminal in place of standard error."""

    def __init__(self, monkeypatch):
        self._master, slave = pty.openpty()
        self._file = os.fdopen(slave, "w")
        monkeypatch.setattr(sys, "stderr", self._file)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "100")
        for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            monkeypatch.delenv(name, raising=False)
        self._shown = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        with contextlib.suppress(OSError):  # EIO: the last writer is gone
            while data := os.read(self._master, 1 << 16):
                self._shown += data

    def shown(self):
        """All that was written to it; it is gone then."""
        self._file.close()
        self._thread.join()
        os.close(self._master)
        return self._shown.decode()


@pytest.fixture
def terminal(monkeypatch):
    """Call it in the test: before, pytest still exchanges standard error."""
    return lambda: Terminal(monkeypatch)


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(progress, "_AFTER", 0.0)


def send(*arguments):
    with ScriptedPeer(storing(0, 0)) as peer:
        return storescu.main(["127.0.0.1", str(peer.port), str(CT), str(CT), *arguments])


def plain(shown):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


@pytest.mark.usefixtures("at_once")
def test_files_bytes_and_rate_are_shown_and_the_cursor_comes_back(terminal):
    screen = terminal()
    assert send() == 0
    shown = screen.shown()
    assert "file 1/2" in plain(shown)
    assert re.search(r"[\d.]+/[\d.]+ kB", plain(shown))
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


@pytest.mark.usefixtures("at_once")
def test_verbose_lines_stand_above_it(terminal):
    screen = terminal()
    assert send("-v") == 0
    lines = [line.strip() for line in re.split(r"[\r\n]+", plain(screen.shown()))]
    assert lines.count("I: Received Store Response (Success)") == 2
    assert lines.count(f"I: Sending file: {CT}") == 2
    assert any("file 1/2" in line for line in lines)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("option", ["-q", "-d"])
def test_none_when_quiet_or_debugging(terminal, option):
    screen = terminal()
    assert send(option) == 0
    assert "file 1/2" not in screen.shown()


def test_none_for_what_is_over_soon(terminal):
    """And then rich is not even loaded."""
    screen = terminal()
    assert send() == 0
    assert screen.shown() == ""


@pytest.mark.usefixtures("at_once")
def test_none_without_a_terminal(capsys):
    assert send() == 0
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("at_once")
def test_the_cursor_comes_back_when_the_process_is_ended_at_once(terminal, monkeypatch):
    screen = terminal()
    written = []
    monkeypatch.setattr(progress.os, "write", lambda fd, data: written.append((fd, data)))
    display = progress.Display(progress.Report(), 1, 10)
    display.at_once()
    assert not written  # nothing is shown yet
    with display:
        display.reached(5)
        display.at_once()
    assert written == [(2, b"\x1b[?25h\n")]
    screen.shown()


def lines_of(capsys, *arguments, status=0):
    with ScriptedPeer(storing(0, status)) as peer:
        code = storescu.main(["127.0.0.1", str(peer.port), str(CT), str(CT), "-nh", *arguments])
    said = capsys.readouterr().err.splitlines()
    return code, [line for line in said if "progress: " in line]


@pytest.mark.usefixtures("at_once")
def test_where_there_is_no_terminal_it_is_said_in_lines_at_level_i(capsys, monkeypatch):
    monkeypatch.setattr(progress, "_LINES", 0.0)
    assert lines_of(capsys) == (0, [])
    _, lines = lines_of(capsys, "-v", status=0xA700)
    length = f"{2 * 39018 / 1e6:.1f} MB"
    assert lines[-1].startswith("I: progress: 2 of 2 files, ")
    assert length in lines[-1]
    assert lines[-1].endswith("1 failed")


def test_lines_come_at_intervals(capsys):
    assert lines_of(capsys, "-v") == (0, [])


@pytest.mark.usefixtures("at_once")
def test_a_terminal_without_rich_gets_lines(terminal, monkeypatch):
    monkeypatch.setattr(progress, "_LINES", 0.0)
    monkeypatch.setitem(sys.modules, "rich", None)
    screen = terminal()
    assert send() == 0
    assert "W: progress: 2 of 2 files" in screen.shown()


@pytest.mark.usefixtures("at_once")
def test_failures_are_counted(terminal):
    screen = terminal()
    with ScriptedPeer(storing(0xA700, 0)) as peer:
        storescu.main(["127.0.0.1", str(peer.port), str(CT), str(CT), "-nh"])
    assert "1 failed" in plain(screen.shown())
