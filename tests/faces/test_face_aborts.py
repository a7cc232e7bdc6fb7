"""Aborts from either side in the middle of things, and the first cause of an end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import rawpeer
from faces import IMPLICIT, Acceptor, End, Face, Zeros, established, take
from rawpeer import Listener, RawPeer, abort, associate_rj, associate_rq, pdata

from dul import conversations
from dul.association import Association
from dul.conversations import Conversation
from dul.errors import (
    AssociationAborted,
    AssociationRejected,
    InvalidPDU,
    LocalProtocolError,
    TransportError,
)
from dul.fsm import State
from dul.limits import Limits
from dul.negotiation import context_offers, request
from dul.pdu import Abort, AssociateRJ

LARGE = 64 << 20  # more than any socket buffer takes
SMALL_WINDOW = 4096


def assert_data_then_abort(stream: bytes, expected: bytes, sent: int) -> None:
    """Whole PDUs of a data set that is not complete, then one A-ABORT and nothing more."""
    *data, last = rawpeer.split(stream)
    assert last == expected
    assert all(each[0] == rawpeer.PDATA and not each[11] & 2 for each in data)
    assert 0 < len(rawpeer.data_of(data)) <= sent < LARGE


@pytest.mark.parametrize("maximum", [0, 16384, 1 << 17, 0xFFFFFFFF])
def test_our_abort_overtakes_what_is_not_sent(face: Face, maximum: int) -> None:
    with Listener(receive_buffer=SMALL_WINDOW) as listener:
        peer, end = established(face, listener, maximum)
        with peer:
            source = Zeros(LARGE)
            sending = end.start("send", 1, command=False, source=source)
            rawpeer.has_arrived(peer.sock.fileno())
            sending.interrupt()
            assert isinstance(sending.error(), face.Interrupted)
            aborting = end.start("abort")
            assert_data_then_abort(read_to_abort(peer), abort(0, 0), source.read)
            peer.half_close()
            aborting.result()
            peer.ended()


def read_to_abort(peer: RawPeer) -> bytes:
    stream = b""
    while True:
        pdu = peer.pdu()
        stream += pdu
        if pdu[0] == rawpeer.ABORT:
            return stream


def sends_a_lot(source: Zeros) -> Callable[[Association], Conversation[None]]:
    def talk(association: Association) -> Conversation[None]:
        yield from conversations.send(association, 1, command=False, source=source)
        yield from take(association)

    return talk


def test_a_stopped_server_aborts_in_the_middle_of_a_data_set(face: Face) -> None:
    source = Zeros(LARGE)
    serve = Acceptor(sends_a_lot(source))
    with face.server(serve) as server:
        with rawpeer.connect(server.address, receive_buffer=SMALL_WINDOW) as peer:
            peer.send(associate_rq())
            peer.expect(rawpeer.AC)
            rawpeer.has_arrived(peer.sock.fileno())
            stopping = face.start(server.stop)
            assert_data_then_abort(read_to_abort(peer), abort(0, 0), source.read)
            peer.half_close()
            stopping.result()
            peer.ended()
        assert serve.ended()[0].state is State.Sta1


def test_the_peer_aborts_in_the_middle_of_our_data_set(face: Face) -> None:
    """As requestor: sending stops, and what is raised is the peer's abort."""
    with Listener(receive_buffer=SMALL_WINDOW) as listener:
        peer, end = established(face, listener)
        with peer:
            source = Zeros(LARGE)
            sending = end.start("send", 1, command=False, source=source)
            rawpeer.has_arrived(peer.sock.fileno())
            peer.send(abort(2, 6))
            sending.result()
            error = end.start("receive").error()
            assert type(error) is AssociationAborted
            assert (error.source, error.reason) == (2, 6)
            assert source.read < LARGE
            end.do("close")
            assert (end.association.state, end.fd) == (State.Sta1, -1)


def test_the_peer_aborts_in_the_middle_of_the_servers_data_set(face: Face) -> None:
    source = Zeros(LARGE)
    serve = Acceptor(sends_a_lot(source))
    with face.server(serve) as server:
        with rawpeer.connect(server.address, receive_buffer=SMALL_WINDOW) as peer:
            peer.send(associate_rq())
            peer.expect(rawpeer.AC)
            rawpeer.has_arrived(peer.sock.fileno())
            peer.send(abort(0, 0))
            outcome = serve.outcome()
            assert type(outcome) is AssociationAborted
            assert source.read < LARGE


def test_junk_from_the_peer_in_the_middle_of_our_data_set(face: Face) -> None:
    """AA-8: the begun PDU is finished, then comes the A-ABORT with its reason."""
    with Listener(receive_buffer=SMALL_WINDOW) as listener:
        peer, end = established(face, listener)
        with peer:
            source = Zeros(LARGE)
            sending = end.start("send", 1, command=False, source=source)
            rawpeer.has_arrived(peer.sock.fileno())
            peer.send(rawpeer.pdu(0x99, b""))
            sending.result()
            assert type(end.start("receive").error()) is InvalidPDU
            closing = end.start("close")
            assert_data_then_abort(read_to_abort(peer), abort(2, 1), source.read)
            peer.half_close()
            closing.result()


def test_junk_and_an_abort_in_one_segment(face: Face) -> None:
    """AA-8, and AA-2 right behind it: the peer that has aborted can still read why we did."""
    with Listener() as listener:
        peer, end = established(face, listener)
        with peer:
            peer.send(rawpeer.pdu(0x99, b"") + abort(0, 0))
            assert type(end.start("receive").error()) is InvalidPDU
            assert peer.expect(7) == abort(2, 1)
            end.do("close")


# ---- the first cause


def test_an_abort_before_a_reset_is_the_cause(face: Face) -> None:
    """The connection is already broken when we send: still, the peer had said why."""
    with Listener() as listener:
        peer, end = established(face, listener)
        peer.send(abort(2, 2))
        peer.reset()
        rawpeer.is_broken(end.fd)
        end.do("send", 1, command=True, source=b"too late")
        error = end.start("receive").error()
        assert type(error) is AssociationAborted
        assert (error.source, error.reason) == (2, 2)
        end.do("close")


def test_data_before_a_reset_is_not_lost(face: Face) -> None:
    with Listener() as listener:
        peer, end = established(face, listener)
        peer.send(pdata(b"early response", rawpeer.COMMAND_LAST))
        peer.reset()
        rawpeer.is_broken(end.fd)
        end.do("send", 1, command=True, source=b"too late")
        assert end.take() == [(1, 3, b"early response")]
        error = end.start("receive").error()
        assert type(error) is TransportError
        assert "within the association" in str(error)
        end.do("close")


def test_a_rejection_before_a_reset_is_the_cause(face: Face) -> None:
    """The peer rejects in the middle of a request that it does not read to its end."""
    offers = context_offers(
        [("1.2.840.10008.1.1", [IMPLICIT, *(f"1.2.3.{n}" for n in range(400))])] * 128
    )
    large = request("ANY-SCP", "DULCET", offers, Limits())
    with Listener(receive_buffer=SMALL_WINDOW) as listener:
        connecting = face.connect(listener.address, large)
        with listener.accept() as peer:
            rawpeer.has_arrived(peer.sock.fileno())
            peer.send(associate_rj(2, 3, 2))
            peer.reset()
            error = connecting.error()
    assert type(error) is AssociationRejected
    assert (error.result, error.source, error.reason) == (2, 3, 2)


def test_without_last_words_the_broken_pipe_is_the_cause(face: Face) -> None:
    with Listener() as listener:
        peer, end = established(face, listener)
        peer.reset()
        rawpeer.is_broken(end.fd)
        end.do("send", 1, command=True, source=b"too late")
        error = end.start("receive").error()
        assert type(error) is TransportError
        assert isinstance(error.__cause__, OSError)
        assert listener.address[0] in str(error)
        end.do("close")


def test_events_not_taken_and_a_broken_connection_end_a_conversation(face: Face) -> None:
    """A conversation that goes on sending beside what it has not taken does not spin."""

    def talk(association: Association) -> Conversation[None]:
        association.send(1, command=True, source=b"too late")
        while association.sending and association.established:
            yield conversations.PUMP

    with Listener() as listener:
        peer, end = established(face, listener)
        peer.send(pdata(b"early response", rawpeer.COMMAND_LAST))
        peer.reset()
        rawpeer.is_broken(end.fd)
        end.do("run", talk(end.association))
        assert end.take() == [(1, 3, b"early response")]
        assert type(end.start("receive").error()) is TransportError
        end.do("close")


def test_events_not_taken_do_not_stop_sending(face: Face) -> None:
    """Nor do they make it spin: it waits for the peer to read, and only for that."""
    pumps = 0

    def talk(association: Association) -> Conversation[None]:
        nonlocal pumps
        association.send(1, command=False, source=Zeros(8 << 20))
        while association.sending and association.established:
            pumps += 1
            yield conversations.PUMP

    with Listener() as listener:
        peer, end = established(face, listener)
        with peer:
            peer.send(pdata(b"early", rawpeer.COMMAND_LAST), pdata(b"response"))
            rawpeer.has_arrived(end.fd)
            running = end.start("run", talk(end.association))
            received = 0
            while received < 8 << 20:
                pdu = peer.expect(rawpeer.PDATA)
                received += len(pdu) - 12
            running.result()
            assert pumps < 2000
            assert end.take() == [(1, 3, b"early"), (1, 2, b"response")]
            aborting = end.start("abort")
            peer.expect(rawpeer.ABORT)
            peer.half_close()
            aborting.result()


# ---- after the end


@pytest.mark.parametrize("how", ["abort", "close"])
def test_a_closed_connection_says_so(face: Face, how: str) -> None:
    """Nothing hangs, and nothing spins, on an association that is over."""
    with Listener() as listener:
        peer, end = established(face, listener)
        with peer:
            ending = end.start(how)
            if peer.pdu()[0] == rawpeer.RELEASE_RQ:
                peer.send(rawpeer.RELEASE_RP_PDU)
            peer.half_close()
            ending.result()
            assert type(end.start("receive").error()) is TransportError
            sending = end.start("send", 1, command=True, source=b"?")
            assert type(sending.error()) is LocalProtocolError
            assert type(end.start("release").error()) is LocalProtocolError
            end.do("abort")
            end.do("close")


def test_a_connection_that_was_never_opened_says_so(face: Face) -> None:
    def make() -> End:
        from dul.association import Role
        from dul.transport.link import Link

        return End(face, face.module.Connection(Association(Role.REQUESTOR), Link()), None)

    end = face.start(make).result()
    assert type(end.start("receive").error()) is LocalProtocolError
    with pytest.raises(LocalProtocolError, match="not established"):
        _ = end.connection.negotiated
    end.do("close")


def test_leaving_the_context_releases_or_aborts(face: Face) -> None:
    async def aio_body(connection: object, error: Exception | None) -> None:
        async with connection:  # type: ignore[attr-defined]
            if error:
                raise error

    def blocking_body(connection: object, error: Exception | None) -> None:
        with connection:  # type: ignore[attr-defined]
            if error:
                raise error

    body = aio_body if face.name == "aio" else blocking_body
    with Listener() as listener:
        for error, last in ((None, rawpeer.RELEASE_RQ), (ValueError("mine"), rawpeer.ABORT)):
            peer, end = established(face, listener)
            assert end.connection.negotiated.contexts[1].transfer_syntax == IMPLICIT
            with peer:
                leaving = face.start(body, end.connection, error)
                peer.expect(last)
                peer.send(rawpeer.RELEASE_RP_PDU)
                peer.half_close()
                assert leaving.error() is error
                peer.ended()


def test_a_reject_of_the_users_is_not_the_last_word_of_the_machine(face: Face) -> None:
    """Sta13: what comes after our answer is ignored until the peer closes, or aborts."""
    serve = Acceptor(decide=lambda _: AssociateRJ(1, 1, 1))
    with face.server(serve) as server, rawpeer.connect(server.address) as peer:
        peer.send(associate_rq())
        peer.expect(rawpeer.RJ)
        peer.send(pdata(b"deaf?"), Abort(0, 0).encode())
        peer.ended()
        assert serve.outcome() is None
