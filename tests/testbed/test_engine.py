"""Playing runs against tiny peers that do one thing."""

import socket
import struct
import threading

import pytest

from testbed import catalogue, messages, raw
from testbed.engine import play
from testbed.liveness import probe
from testbed.model import Case, Do, Read, Run, Send
from testbed.observe import Timeout, Wire
from testbed.settings import Settings
from testbed.trial import Trial
from testbed.verdicts import Level, lax, ok


class Peer:
    """Accepts connections one after another and lets a function deal with each."""

    def __init__(self, deal):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.heads = []
        self.deal = deal
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)

    def run(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with sock:
                self.heads.append(sock.recv(6))
                self.deal(sock)


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def trial(peer, **over):
    return Trial(Settings(port=peer.port, **over), "scp")


def first_run(id_):
    case = catalogue.find(id_)
    return case, case.runs[0]


def test_a_reset_without_an_abort_is_played_again_paced():
    """The A-ABORT may have been overtaken by the reset: the second try leaves nothing unread."""
    with Peer(reset) as peer:
        result = play(*first_run("P.STA2.01"), trial(peer))
        assert (result.verdict, result.sub) == ("fail", "close-only")
        assert "played again, paced" in result.message
        assert [row.size for row in result.wire if row.direction == "sent"] == [6]
        assert len(peer.heads) == 4  # once, and three times with the header first


def test_an_abort_that_comes_between_header_and_body_counts():
    answers = iter([reset, lambda sock: sock.sendall(raw.abort(0, 0))])

    def deal(sock):
        next(answers)(sock)

    with Peer(deal) as peer:
        result = play(*first_run("P.STA2.01"), trial(peer))
        assert result.verdict == "pass"
        assert result.seen.startswith("AB(0,0)")


def test_a_product_that_does_not_listen_for_a_moment_is_asked_again():
    """One that serves one association at a time may open its port again only after it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    peer = Peer(lambda sock: sock.sendall(raw.abort(0, 0)))
    peer.listener.close()

    def listen_again():
        peer.listener = socket.create_server(("127.0.0.1", port))
        peer.port = port
        peer.thread.start()

    peer.port = port
    later = threading.Timer(0.3, listen_again)
    later.start()
    result = play(*first_run("P.STA2.01"), trial(peer))
    later.join()
    peer.__exit__()
    assert result.verdict == "pass"


def test_a_precondition_that_fails_is_named():
    with Peer(lambda sock: sock.sendall(raw.associate_rj(2, 3, 1))) as peer:
        result = play(*first_run("P.STA6.09"), trial(peer))
    assert (result.verdict, result.sub) == ("fail", "precondition")
    assert "RJ(2,3,1)" in result.message


def test_a_context_that_was_not_accepted_makes_it_unsupported():
    answer = raw.associate_ac(contexts=(raw.context_ac(1), raw.context_ac(3, 3)))
    with Peer(lambda sock: sock.sendall(answer)) as peer:
        result = play(*first_run("P.STO.01"), trial(peer))
    assert result.verdict == "unsupported"
    assert "context 3 was answered with result 3" in result.message


def test_the_testers_own_fault_is_an_error():
    def broken(_scene):
        raise ZeroDivisionError

    run = Run("", (Do("break", broken),))
    case = Case("P.X.01", "", Level.REQUIRED, "", "It breaks.", (run,), ok(""))
    with Peer(lambda _sock: None) as peer:
        result = play(case, run, trial(peer))
    assert result.verdict == "error"
    assert "ZeroDivisionError" in result.message
    assert "in broken" in result.message


def test_a_flood_of_aborts_ends():
    """AA-7 amplification: the tester stops reading in the end and the first A-ABORT decides."""
    run = Run("", (Send("x", raw.unknown_pdu(9)), Read()))
    case = Case("P.X.02", "", Level.REQUIRED, "", "It ends.", (run,), ok("AB(0,*)"))
    with Peer(lambda sock: sock.sendall(raw.abort(0, 0) * 1000)) as peer:
        result = play(case, run, trial(peer))
    assert result.verdict == "pass"
    assert result.seen.count("AB(0,0)") <= 400


def answering_late(data):
    def deal(sock):
        threading.Event().wait(0.3)
        sock.sendall(data)
        sock.recv(1)

    return deal


@pytest.mark.parametrize(
    ("answer", "verdict", "sub"),
    [(raw.abort(0, 0), "pass", "slow"), (raw.abort(2, 0), "non-strict", "wrong-source")],
)
def test_a_late_answer_is_slow_and_no_hang(answer, verdict, sub):
    with Peer(answering_late(answer)) as peer:
        result = play(*first_run("P.STA2.07"), trial(peer, timeout=0.1))
    assert (result.verdict, result.sub) == (verdict, sub)
    assert "slow (0." in result.message


def test_no_answer_up_to_the_declared_time_is_a_hang():
    done = threading.Event()
    with Peer(lambda _sock: done.wait(10)) as peer:
        result = play(*first_run("P.STA2.07"), trial(peer, timeout=0.1, slow_max=0.4))
        done.set()
    assert (result.verdict, result.sub) == ("fail", "hang")
    assert "still open after 0.4 s" in result.message


@pytest.fixture
def silence(monkeypatch):
    """Set once a read has met silence; cleared by who answers it."""
    met, read = threading.Event(), Wire.read

    def read_and_tell(self, timeout):
        event = read(self, timeout)
        if isinstance(event, Timeout):
            met.set()
        return event

    monkeypatch.setattr(Wire, "read", read_and_tell)
    return met


def answering_each_after_silence(met, *answers):
    """The first PDU, and each that follows, is answered when the tester's first wait for it has ended."""

    def deal(sock):
        for answer in answers:
            while met.wait(20) and not sock.recv(1 << 16):
                return
            met.clear()
            sock.sendall(answer)

    return deal


def test_what_must_come_first_may_come_late_where_the_case_itself_allows_silence(silence):
    """An association and its release, before a stimulus that is to be met with silence."""
    late = answering_each_after_silence(silence, raw.associate_ac(), raw.release_rp())
    with Peer(late) as peer:
        result = play(*first_run("P.STA13.06"), trial(peer, timeout=0.1))
    assert (result.verdict, result.sub, result.seen) == ("pass", "slow", "CLOSE")


def test_silence_that_would_only_deviate_is_waited_out_too(silence):
    steps = (Send("x", raw.associate_rq()), Read())
    outcomes = (*ok("AC"), *lax("OPEN", note="not served"))
    case = Case("P.X.04", "", Level.REQUIRED, "", "It answers.", (Run("", steps),), outcomes)
    with Peer(answering_each_after_silence(silence, raw.associate_ac())) as peer:
        result = play(case, case.runs[0], trial(peer, timeout=0.1))
    assert (result.verdict, result.sub) == ("pass", "slow")


def test_an_acceptor_that_answers_late_is_alive(silence):
    echoed = messages.command_pdu(messages.response(messages.C_ECHO, 1, 0))
    answers = raw.associate_ac(), echoed, raw.release_rp()
    with Peer(answering_each_after_silence(silence, *answers)) as peer:
        assert probe(trial(peer, timeout=0.1))[0] == ""


def test_silence_that_is_right_is_not_waited_out():
    """The trace of P.STA6.16 may end open: it takes --idle, not --slow-max."""
    steps = (Send("x", raw.release_rq()), Read("CLOSE"))
    case = Case("P.X.03", "", Level.REQUIRED, "", "It waits.", (Run("", steps),), ok("OPEN"))
    done = threading.Event()
    with Peer(lambda _sock: done.wait(10)) as peer:
        result = play(case, case.runs[0], trial(peer, timeout=0.1, slow_max=8.0))
        done.set()
    assert (result.verdict, result.seen) == ("pass", "OPEN")
    assert result.seconds < 5


@pytest.mark.parametrize("by", ["FIN", "RST"])
def test_fin_and_rst_are_both_a_close(by):
    with Peer(reset if by == "RST" else lambda _sock: None) as peer:
        result = play(*first_run("P.STA2.06"), trial(peer))
    assert result.verdict == "pass"
    assert result.seen == "CLOSE"
    # A peer that closes with bytes unread resets as well.
    assert result.close in {f"peer {by}", "peer RST"}
