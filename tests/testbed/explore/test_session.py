"""Sequences against the mini peers: the clean ones do nothing the table does not have, faulty ones are told."""

import socket
import threading

import pytest

from testbed.explore.sequence import parse
from testbed.explore.session import Busy, Departure, Patience, Session, Unreachable
from testbed.mini.acceptor import PartialKeeper
from testbed.mini.peer import Config
from testbed.mini.process import thread_launcher
from testbed.mini.server import MiniServer
from testbed.settings import Settings
from testbed.trial import Trial

PATIENCE = Patience(0.8, artim_least=1.0)


def play(trial, line, patience=PATIENCE):
    """The session after a sequence; its departure is raised."""
    with Session(trial, patience) as session:
        session.play(parse(line, trial.role))
    return session


@pytest.fixture
def acceptor(request):
    faults = getattr(request, "param", "")
    with MiniServer(Config(frozenset(faults.split())), PartialKeeper) as server:
        yield Trial(Settings(port=server.port, called="MINI", live_max=0.5), "scp")


@pytest.fixture
def requestor(request):
    config = Config(frozenset(getattr(request, "param", "").split()))
    trial = Trial(Settings(exit_max=3.0), "scu", thread_launcher(config))
    yield trial
    trial.close()


@pytest.mark.parametrize(
    ("line", "trace"),
    [
        ("rq echo release", "AC(1:0;3:0) C-ECHO-RSP(0000) RP CLOSE"),
        ("rq/bytes echo/header release/halves", "AC(1:0;3:0) C-ECHO-RSP(0000) RP CLOSE"),
        ("rq-many store", "AC(1:0;3:0;5:3;7:3;...) C-STORE-RSP(0000) CLOSE"),
        ("rq store-begins store-goes-on store-ends", "AC(1:0;3:0) C-STORE-RSP(0000) CLOSE"),
        ("rq echo-begins release echo-ends", "AC(1:0;3:0) RP CLOSE"),
        ("rq/joined ac", "AC(1:0;3:0) AB(2,2) CLOSE"),
        ("rq release rq unknown-08", "AC(1:0;3:0) RP AB(2,2) AB(2,1) CLOSE"),
        ("rq-application echo", "RJ(1,1,2) CLOSE"),
        ("cut-rq", "CLOSE"),
        ("rq claims-4-gib", "AC(1:0;3:0) AB(2,6) CLOSE"),
        ("rq rst", "AC(1:0;3:0)"),
        ("fin", "CLOSE"),
    ],
)
def test_a_clean_acceptor(acceptor, line, trace):
    session = play(acceptor, line)
    assert " ".join(session.trace) == trace
    assert session.deviations == []


@pytest.mark.parametrize(
    ("acceptor", "line", "cause"),
    [
        ("closes-in-sta6", "rq ac", "Sta6.AA-8:CLOSE:unexpected-pdu"),
        ("closes-on-bad-first-pdu", "unknown-00", "Sta2.AA-1:CLOSE:unknown-type"),
        ("hangs-on-bad-first-pdu", "rj", "Sta2.AA-1:nothing:unexpected-pdu"),
        ("answers-abort", "rq abort", "Sta6.Evt16.AA-3:AB(2)"),
        ("Sta13.Evt6:as-sta2", "rq release rq", "Sta13.AA-7:AC:unexpected-pdu"),
        ("Sta13.Evt12:sends-rp", "rq release release", "Sta13.AA-6:RP:unexpected-pdu"),
        ("Sta13.Evt10:sends-data", "rq-version echo", "Sta13.AA-6:RSP:unexpected-pdu"),
        ("wrong-message-id", "rq echo", "Sta6.DT-1:RSP:echo"),
        ("one-pdv-per-pdu", "rq echo-2-pdvs", "Sta6.DT-1:AB(2):echo-2-pdvs"),
        ("ignores-unexpected-in-sta6", "rq unknown-00/joined release", "Sta6.AA-8:nothing:contents"),
        ("accepts-version-2", "rq", ""),
    ],
    indirect=["acceptor"],
)  # fmt: skip
def test_an_acceptor_with_a_fault(acceptor, line, cause):
    if not cause:
        play(acceptor, line)
        return
    with pytest.raises(Departure) as caught:
        play(acceptor, line)
    assert caught.value.cause.key == cause
    assert [step.name for step in caught.value.sequence] == [
        word.partition("/")[0] for word in line.split()
    ]


@pytest.mark.parametrize("acceptor", ["provider-abort-in-sta2"], indirect=True)
def test_a_wrong_source_is_told_and_the_sequence_goes_on(acceptor):
    session = play(acceptor, "echo rq")
    assert [each.cause.key for each in session.deviations] == ["Sta2.AA-1:source:unexpected-pdu"]
    assert session.trace == ["AB(2,0)", "AB(2,2)", "CLOSE"]


def test_idle_waits_for_the_products_timer(acceptor):
    session = play(acceptor, "idle", Patience(0.7, 0.8, artim_max=5.0))
    assert session.trace == ["CLOSE"]
    assert (2, 18) in session.belief.certain()


@pytest.mark.parametrize("acceptor", ["Sta2.Evt18:nothing"], indirect=True)
def test_a_timer_that_does_not_expire_is_a_departure(acceptor):
    with pytest.raises(Departure) as caught:
        play(acceptor, "idle", Patience(0.7, 0.8, artim_max=1.5))
    assert caught.value.cause.key == "Sta2.Evt18.AA-2:nothing"


@pytest.mark.parametrize(
    ("line", "trace"),
    [
        ("ac success rp", "C-STORE-RQ RELEASE CLOSE"),
        ("ac/bytes success-begins success-ends rp", "C-STORE-RQ RELEASE CLOSE"),
        ("ac success release rp", "C-STORE-RQ RELEASE RP CLOSE"),
        ("ac success/joined release", "C-STORE-RQ RELEASE RP CLOSE"),
        ("ac-none", "RELEASE CLOSE"),
        ("rj", "CLOSE"),
        ("rq", "AB(2,2) CLOSE"),
        ("ac unknown-ff echo", "C-STORE-RQ AB(2,1) CLOSE"),
    ],
)
def test_a_clean_requestor(requestor, line, trace):
    session = play(requestor, line)
    expected = [trace]
    if line == "ac success/joined release":  # what it makes of both at once is a matter of time
        expected += ["C-STORE-RQ RP CLOSE"]
    assert " ".join(session.trace) in expected
    assert session.deviations == []


@pytest.mark.parametrize(
    ("requestor", "line", "cause"),
    [
        ("Sta7.Evt12:close", "ac success release", "Sta9.Evt14.AR-9:CLOSE"),
        ("closes-without-abort", "ac unknown-00", "Sta6.AA-8:CLOSE:unknown-type"),
        ("answers-rejection", "rj", "Sta5.Evt4.AE-4:AB(0)"),
        ("rejection-is-success", "rj", "Sta5.AE-4:false-success:rj"),
        ("Sta7.Evt10:abort-provider", "ac success echo", "Sta7.Evt10.AR-6:AB(2)"),
        ("stays-open-after-release", "ac success rp", "Sta7.Evt13.AR-3:nothing"),
    ],
    indirect=["requestor"],
)
def test_a_requestor_with_a_fault(requestor, line, cause):
    with pytest.raises(Departure) as caught:
        play(requestor, line)
    assert caught.value.cause.key == cause


class Scripted:
    """Accepts one connection, reads so many bytes, says its lines, and closes: a reset if bytes are unread."""

    def __init__(self, read, *lines):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.trial = Trial(
            Settings(port=self.listener.getsockname()[1], live_max=0.2, timeout=1.0), "scp"
        )
        self.thread = threading.Thread(target=self.run, args=(read, lines), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self.trial

    def __exit__(self, *_):
        self.listener.close()
        self.thread.join(5)

    def run(self, read, lines):
        sock, _ = self.listener.accept()
        with sock:
            while read:
                read -= len(sock.recv(read))
            for line in lines:
                sock.sendall(line)


def test_a_reset_that_may_have_swallowed_the_abort_is_suspect_and_no_departure():
    with Scripted(1) as trial:
        assert play(trial, "unknown-00").suspect


def test_a_close_after_a_header_alone_is_a_departure():
    with Scripted(6) as trial, pytest.raises(Departure) as caught:
        play(trial, "unknown-00/header")
    assert caught.value.cause.key == "Sta2.AA-1:CLOSE:unknown-type"


def test_temporary_congestion_is_no_verdict():
    rejection = bytes([3, 0, 0, 0, 0, 4, 0, 2, 3, 1])
    with Scripted(74, rejection) as trial, pytest.raises(Busy):
        play(trial, "rq")


def test_no_connection_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable):
        play(Trial(Settings(port=port, live_max=0.1), "scp"), "rq")
