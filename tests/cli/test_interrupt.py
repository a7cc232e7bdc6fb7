"""Ctrl-C and SIGTERM: A-ABORT, what was and wasn't sent, exit codes 130 and 143."""

import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from cli_peers import ABORT, P_DATA, PATIENCE, ScriptedPeer

from cli import echoscu, storescu
from cli.stop import Stop
from dul.blocking import Wakeup
from testbed import raw
from testbed.observe import Closed, Reset

DICOM = Path(__file__).parents[2] / "fixtures" / "dicom"
CT, MR = DICOM / "ct-explicit.dcm", DICOM / "mr-explicit.dcm"


def interrupt(number=signal.SIGINT):
    """As a terminal does it: the main thread gets the signal."""
    signal.pthread_kill(threading.main_thread().ident, number)


@pytest.fixture
def interrupt_and_wait(monkeypatch):
    """Send Ctrl-C, and wait until storescu has noticed."""
    noticed = threading.Event()

    class Noticing(Wakeup):
        def set(self):
            super().set()
            noticed.set()

    def send():
        interrupt()
        assert noticed.wait(PATIENCE)

    monkeypatch.setattr(storescu, "Wakeup", Noticing)
    return send


def stopping_after(stores, number=signal.SIGINT):
    """A peer that stores some objects and sends the signal in the middle of the next."""

    def script(dialogue):
        dialogue.accept()
        for _ in range(stores):
            dialogue.store()
        dialogue.command()
        interrupt(number)
        while (pdu := dialogue.pdu()).type == P_DATA:
            pass
        assert pdu.data == raw.abort(0, 0)

    return script


@pytest.mark.parametrize(
    ("number", "code", "name"),
    [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM")],
)
def test_in_mid_transfer(capsys, number, code, name):
    with ScriptedPeer(stopping_after(1, number)) as peer:
        files = [str(CT), str(MR), str(CT)]
        assert storescu.main(["127.0.0.1", str(peer.port), *files]) == code
    assert capsys.readouterr().err.splitlines() == [
        "W: interrupted: aborting the association (again: quit at once)",
        f"E: interrupted by {name}: 1 of 3 files sent",
        f"E: sent: {CT}",
        f"E: not sent (interrupted in it): {MR}",
        f"E: not sent: {CT}",
    ]


def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with ScriptedPeer(stopping_after(0)) as peer:
        storescu.main(["-q", "127.0.0.1", str(peer.port), str(CT)])
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_long_lists_are_cut_unless_verbose(capsys, tmp_path):
    files = [str(shutil.copy(CT, tmp_path / f"{number:02}.dcm")) for number in range(30)]
    with ScriptedPeer(stopping_after(0), stopping_after(0)) as peer:
        storescu.main(["127.0.0.1", str(peer.port), *files])
        short = capsys.readouterr().err
        storescu.main(["-v", "127.0.0.1", str(peer.port), *files])
        long = capsys.readouterr().err
    assert "E: ... and 10 more (-v lists all)" in short
    assert files[-1] not in short
    assert all(f"not sent: {name}" in long for name in files[1:])


def test_while_waiting_for_the_response(capsys):
    def script(dialogue):
        dialogue.accept()
        dialogue.store(None)
        interrupt()
        assert dialogue.pdu().type == ABORT

    with ScriptedPeer(script) as peer:
        assert storescu.main(["127.0.0.1", str(peer.port), str(CT)]) == 130
    assert f"E: not sent (interrupted in it): {CT}" in capsys.readouterr().err


def test_while_waiting_for_the_association(capsys):
    def script(dialogue):
        dialogue.request()
        interrupt()
        assert dialogue.pdu().type == ABORT

    with ScriptedPeer(script) as peer:
        assert storescu.main(["127.0.0.1", str(peer.port), str(CT)]) == 130
    assert f"E: not sent: {CT}" in capsys.readouterr().err


def test_while_waiting_for_the_release():
    def script(dialogue):
        dialogue.accept()
        dialogue.store()
        dialogue.pdu()
        interrupt()
        assert dialogue.pdu().type == ABORT

    with ScriptedPeer(script) as peer:
        assert storescu.main(["-q", "127.0.0.1", str(peer.port), str(CT)]) == 130


def test_while_connecting():
    """A full backlog: the connection is never made."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for each in (first, second):
            each.setblocking(False)
            each.connect_ex(address)
        timer = threading.Thread(target=interrupt)
        real = socket.socket.connect_ex

        def connect_ex(self, target):
            code = real(self, target)
            timer.start()
            return code

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket.socket, "connect_ex", connect_ex)
            assert storescu.main(["-q", "127.0.0.1", str(address[1]), str(CT)]) == 130
        timer.join()


@pytest.mark.parametrize("tool", [storescu, echoscu])
def test_while_the_name_is_looked_up(tool, monkeypatch):
    """A resolver can't be interrupted; it is left behind."""
    leave = threading.Event()

    def never(*_, **__):
        interrupt()
        assert leave.wait(PATIENCE)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", never)
    files = [str(CT)] if tool is storescu else []
    try:
        assert tool.main(["-q", "slow.example", "104", *files]) == 130
    finally:
        leave.set()
    for thread in threading.enumerate():
        if thread.name == "dul-resolver":
            thread.join(PATIENCE)


def test_while_files_are_checked(capsys, monkeypatch, interrupt_and_wait):
    from dimse.objects import finder

    real = finder.examine_file

    def examine(path, **how):
        interrupt_and_wait()
        return real(path, **how)

    monkeypatch.setattr(finder, "examine_file", examine)
    assert storescu.main(["127.0.0.1", "1", str(CT), str(MR)]) == 130
    assert capsys.readouterr().err == "E: interrupted by Ctrl-C: nothing was sent\n"


def test_while_directories_are_searched(capsys, monkeypatch, tmp_path, interrupt_and_wait):
    for name in "abc":
        shutil.copy(CT, tmp_path / name)
    real = os.scandir

    def scandir(path):
        interrupt_and_wait()
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert storescu.main(["-ll", "info", "+sd", "127.0.0.1", "1", str(tmp_path)]) == 130
    assert capsys.readouterr().err.endswith("E: interrupted by Ctrl-C: nothing was sent\n")


def test_an_ignored_signal_stays_ignored():
    """As under nohup, or for a job that a script starts with "&"."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Stop(lambda: None) as stop:
            interrupt()
            assert stop.signal is None
    finally:
        signal.signal(signal.SIGINT, before)


def test_echoscu(capsys):
    def script(dialogue):
        dialogue.accept()
        dialogue.echo()
        dialogue.command()
        interrupt()
        assert dialogue.pdu().type == ABORT

    with ScriptedPeer(script) as peer:
        assert echoscu.main(["-r", "5", "127.0.0.1", str(peer.port)]) == 130
    assert capsys.readouterr().err == (
        "W: interrupted: aborting the association (again: quit at once)\nE: interrupted by Ctrl-C\n"
    )


# ----------------------------------------------------------------- as processes of their own --


@pytest.fixture
def storescu_process(python, spawn_environment):
    """Starts storescu as its users do."""
    started = []

    def start(*arguments):
        process = subprocess.Popen(
            [python, "-m", "cli.storescu", *map(str, arguments)],
            stderr=subprocess.PIPE,
            text=True,
            env=spawn_environment,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_process_in_mid_transfer(storescu_process):
    process = None

    def script(dialogue):
        dialogue.accept()
        dialogue.command()
        os.kill(process.pid, signal.SIGINT)
        while (pdu := dialogue.pdu()).type == P_DATA:
            pass
        assert pdu.data == raw.abort(0, 0)

    with ScriptedPeer(script) as peer:
        process = storescu_process("127.0.0.1", peer.port, CT, MR)
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "E: interrupted by Ctrl-C: 0 of 2 files sent" in said


def test_the_second_ctrl_c_ends_the_process_at_once(storescu_process):
    """The peer does not close after the A-ABORT; nobody has to wait for ARTIM."""
    process = None

    def script(dialogue):
        dialogue.accept()
        dialogue.store(None)
        os.kill(process.pid, signal.SIGINT)
        assert dialogue.pdu().type == ABORT
        os.kill(process.pid, signal.SIGINT)
        assert isinstance(dialogue.wire.read(PATIENCE), Closed | Reset)

    with ScriptedPeer(script) as peer:
        process = storescu_process("-ta", 0, "127.0.0.1", peer.port, CT)
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in said
