"""The peer releases whenever it likes: it gets its A-RELEASE-RP at once, from either face and role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import rawpeer
from faces import Acceptor, Face, Zeros, established, rq, take
from rawpeer import (
    RELEASE_RP_PDU,
    RELEASE_RQ_PDU,
    Listener,
    RawPeer,
    associate_ac,
    associate_rq,
    pdata,
)

from dul import conversations
from dul.association import Association
from dul.conversations import Conversation
from dul.fsm import State

LARGE = 64 << 20
ANSWER = pdata(b"answer", rawpeer.COMMAND_LAST)


def gets_its_answer(peer: RawPeer) -> list[bytes]:
    """The A-RELEASE-RP; gives the PDUs before it."""
    pdus = []
    while (pdu := peer.pdu()) != RELEASE_RP_PDU:
        pdus.append(pdu)
    peer.half_close()
    peer.ended()
    return pdus


def finished(face: Face, association: Association) -> None:
    assert association.state is State.Sta1
    assert association.failure is None


# ---- the face is the requestor


def test_right_behind_the_accept(face: Face) -> None:
    with Listener() as listener:
        connecting = face.connect(listener.address, rq())
        with listener.accept() as peer:
            peer.expect(rawpeer.RQ)
            peer.send(associate_ac(), RELEASE_RQ_PDU)
            end = connecting.result()
            closing = end.start("close")
            assert gets_its_answer(peer) == []
            closing.result()
            finished(face, end.association)


@pytest.mark.parametrize("how", ["close", "release"])
@pytest.mark.parametrize("noticed", [False, True])
def test_behind_a_response(face: Face, how: str, noticed: bool) -> None:
    with Listener() as listener:
        peer, end = established(face, listener)
        with peer:
            end.do("send", 1, command=True, source=b"question")
            peer.expect(rawpeer.PDATA)
            peer.send(ANSWER, RELEASE_RQ_PDU)
            assert end.take() == [(1, 3, b"answer")]
            if noticed:
                assert end.take() == "release"
            ending = end.start(how)
            assert gets_its_answer(peer) == []
            ending.result()
            finished(face, end.association)


@pytest.mark.parametrize("how", ["close", "release"])
def test_while_our_data_set_is_half_sent(face: Face, how: str) -> None:
    """It is not finished: nobody will answer it."""
    source = Zeros(LARGE)
    with Listener(receive_buffer=4096) as listener:
        peer, end = established(face, listener, 16384)
        with peer:
            sending = end.start("send", 1, command=False, source=source)
            rawpeer.has_arrived(peer.sock.fileno())
            peer.send(RELEASE_RQ_PDU)
            sending.result()
            ending = end.start(how)
            data = gets_its_answer(peer)
            ending.result()
            assert 0 < len(rawpeer.data_of(data)) <= source.read < LARGE
            assert not any(each[11] & 2 for each in data)
            finished(face, end.association)


def test_while_we_release_behind_a_data_set(face: Face) -> None:
    """A collision: our A-RELEASE-RQ and our answer leave as soon as the peer has asked."""
    source = Zeros(LARGE)

    def talk(association: Association) -> Conversation[None]:
        association.send(1, command=False, source=source)
        yield from conversations.release(association)

    with Listener(receive_buffer=4096) as listener:
        peer, end = established(face, listener, 16384)
        with peer:
            releasing = end.start("run", talk(end.association))
            rawpeer.has_arrived(peer.sock.fileno())
            peer.send(RELEASE_RQ_PDU)
            pdus = []
            while (pdu := peer.pdu()) != RELEASE_RP_PDU:
                pdus.append(pdu)
            assert pdus.pop() == RELEASE_RQ_PDU
            assert len(rawpeer.data_of(pdus)) < LARGE
            peer.send(RELEASE_RP_PDU)
            peer.ended()
            releasing.result()
            end.do("close")
            finished(face, end.association)


def test_it_releases_and_goes_at_once(face: Face) -> None:
    """The connection is over before the answer could be sent: nobody misses it."""
    with Listener() as listener:
        peer, end = established(face, listener)
        with peer:
            peer.send(RELEASE_RQ_PDU)
        assert end.take() == "release"
        end.do("close")
        finished(face, end.association)


# ---- the face is the acceptor


def serving(
    face: Face, talk: Callable[[Association], Conversation[Any]], script: Callable[[RawPeer], None]
) -> Association:
    """What became of the association of a server that talks like this with such a requestor."""
    serve = Acceptor(talk)
    with face.server(serve) as server:
        with rawpeer.connect(server.address, receive_buffer=4096) as peer:
            peer.send(associate_rq())
            peer.expect(rawpeer.AC)
            script(peer)
        association, _ = serve.ended()
    return association


def test_the_acceptor_is_released_while_its_data_set_is_half_sent(face: Face) -> None:
    source = Zeros(LARGE)

    def talk(association: Association) -> Conversation[None]:
        yield from conversations.send(association, 1, command=False, source=source)
        assert (yield from take(association)) == "release"
        yield from conversations.respond_to_release(association, withdraw=True)

    def script(peer: RawPeer) -> None:
        rawpeer.has_arrived(peer.sock.fileno())
        peer.send(RELEASE_RQ_PDU)
        data = gets_its_answer(peer)
        assert len(rawpeer.data_of(data)) < LARGE

    finished(face, serving(face, talk, script))


def test_a_conversation_of_the_acceptor_that_ends_before_it_answers(face: Face) -> None:
    """The server ends what its conversation left open: here it owes an answer."""

    def talk(association: Association) -> Conversation[None]:
        assert (yield from take(association)) == "release"

    def script(peer: RawPeer) -> None:
        peer.send(RELEASE_RQ_PDU)
        assert gets_its_answer(peer) == []

    finished(face, serving(face, talk, script))
