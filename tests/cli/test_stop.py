"""Signals are never lost, whatever the main thread is doing."""

import signal
import subprocess
import threading
from pathlib import Path

import pytest
from cli_peers import PATIENCE

from cli.stop import Stop


def interrupt(number=signal.SIGINT):
    signal.pthread_kill(threading.main_thread().ident, number)


@pytest.mark.parametrize(
    ("number", "code", "name"), [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM")]
)
def test_the_first_signal_asks_for_an_end(number, code, name):
    asked = threading.Event()
    with Stop(asked.set) as stop:
        interrupt(number)
        assert asked.wait(PATIENCE)
        assert (stop.signal, stop.exit_code, stop.name) == (number, code, name)


def test_all_is_as_before_afterwards():
    def state():
        fd = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(fd)
        return (
            fd,
            *map(signal.getsignal, (signal.SIGINT, signal.SIGTERM)),
            len(list(Path("/dev/fd").iterdir())),
        )

    before = state()
    with Stop(lambda: None):
        assert state() != before
    assert state() == before
    assert "stop" not in {thread.name for thread in threading.enumerate()}


def test_who_may_be_hurried_is_hurried_by_the_second_signal():
    told, hurried = [], threading.Event()
    with Stop(lambda: told.append("asked"), hurry=hurried.set) as stop:
        interrupt(signal.SIGTERM)
        interrupt()
        assert hurried.wait(PATIENCE)
        assert (told, stop.name) == (["asked"], "SIGTERM")


def test_sighup_asks_for_no_end():
    reloaded = threading.Semaphore(0)
    before = signal.getsignal(signal.SIGHUP)

    def reload():
        reloaded.release()
        raise OSError("no such directory")  # which is no reason to stop

    with Stop(lambda: None, reload=reload) as stop:
        for _ in range(2):
            interrupt(signal.SIGHUP)
            assert reloaded.acquire(timeout=PATIENCE)
        assert stop.signal is None
    assert signal.getsignal(signal.SIGHUP) is before


def test_other_signals_do_not_count():
    seen, asked = [], threading.Event()
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
    try:
        with Stop(asked.set) as stop:
            interrupt(signal.SIGUSR1)
            interrupt()
            assert asked.wait(PATIENCE)
            assert stop.signal == signal.SIGINT
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [1]


def test_only_the_main_thread_can_catch_signals():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with Stop(lambda: None) as stop:
            seen.append((signal.getsignal(signal.SIGINT), stop.signal))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(before, None)]


STUCK = """
import os, signal, sys
sys.path.insert(0, {root!r})
from cli.stop import Stop
with Stop(lambda: print("asked", flush=True)) as stop:
    if {last!r}:
        stop.at_once = lambda: print("last", flush=True)
    print("ready", flush=True)
    signal.sigwait([signal.SIGUSR1])  # in C, and not to be interrupted by a handler
"""


@pytest.mark.parametrize("last", [False, True])
def test_the_second_signal_ends_even_what_hangs(python, spawn_environment, last):
    program = STUCK.format(root=spawn_environment["PYTHONPATH"], last=last)
    process = subprocess.Popen([python, "-c", program], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "asked\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stdout.read() == ("last\n" if last else "")
