"""Meeting a product that calls: where the testbed listens for it."""

import contextlib
import socket
import sys

import pytest

from testbed import catalogue, cli, meeting
from testbed.clock import Clock
from testbed.scene import Scene
from testbed.settings import Settings
from testbed.trial import Trial


def test_each_case_has_a_port_of_its_own(monkeypatch):
    """The n-th case of the catalogue waits on PORT + n, whatever else is selected."""
    asked = []
    monkeypatch.setattr(meeting.socket, "create_server", asked.append)
    trial = Trial(Settings(listen=30000, port_per_case=True), "scu")
    case = catalogue.find("U.S5.04")
    assert catalogue.cases("scu")[case.place - 1] is case
    for scene in (Scene(trial, case.id, case.place), Scene(trial, "baseline")):
        with contextlib.suppress(AttributeError):  # there is no socket to ask for its port
            meeting.listen(scene)
    assert asked == [("127.0.0.1", 30000 + case.place), ("127.0.0.1", 30000)]


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ("print('no such file'); raise SystemExit(3)", "its command ended with exit code 3\n  It printed: no such file"),
        ("import os; os.kill(os.getpid(), 9)", "its command was ended by signal 9"),
    ],
)  # fmt: skip
def test_a_command_that_fails_without_a_call_is_not_waited_for(ends, words, capsys, monkeypatch):
    monkeypatch.setattr(meeting, "CALL_TIMEOUT", 1000.0)
    command = f'{sys.executable} -c "{ends}" {{port}}'
    assert cli.main(["scu", "--exec", command, "U.S5.01"]) == 2
    assert f"the product did not call: {words}" in capsys.readouterr().err


class Ended:
    """A command that has ended, and calls when it has been looked at so many times."""

    def __init__(self, code, address, looks):
        self.code, self.address, self.looks = code, address, looks

    def wait(self, _timeout):
        self.looks -= 1
        if not self.looks:
            self.caller = socket.create_connection(self.address)
        return self.code


@pytest.mark.parametrize(
    ("code", "looks"),
    [
        (3, 1),  # it called, and then it failed
        (0, 2),  # it ended well, and left another process behind
    ],
)
def test_a_command_that_has_ended_may_have_called_and_may_call_yet(code, looks):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = Ended(code, listener.getsockname(), looks)
        with meeting._accepted(listener, ended, Clock()), ended.caller:
            assert ended.looks <= 0
