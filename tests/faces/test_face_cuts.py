"""The connection is cut at every PDU boundary and inside PDUs, in order and by reset, in both roles.

Whatever the place: the conversation ends at once with `TransportError` (or is already over), and
nothing is left behind (the fixture `no_leaks`).
"""

from __future__ import annotations

import pytest
import rawpeer
from faces import Acceptor, Face, Zeros, rq, take
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
from dul.errors import TransportError
from dul.fsm import State


def places(pdus: list[bytes]) -> list[int]:
    """Where to cut a stream: around and inside each header, inside each body, at each end."""
    found = {0}
    start = 0
    for each in pdus:
        found |= {
            start + offset for offset in (1, 5, 6, 7, len(each) // 2, len(each) - 1, len(each))
        }
        start += len(each)
    return sorted(found)


def cut(peer: RawPeer, how: str) -> None:
    if how == "FIN":
        peer.half_close()
        peer.rest()
        peer.close()
    else:
        peer.reset()


CUTS = pytest.mark.parametrize("how", ["FIN", "RST"])

ANSWERS = [  # what a raw acceptor waits for, and what it answers
    (rawpeer.RQ, [associate_ac()]),
    (
        rawpeer.PDATA,
        [
            pdata(b"command", rawpeer.COMMAND_LAST),
            pdata(b"first half", rawpeer.DATA),
            pdata(b"second half"),
        ],
    ),
    (rawpeer.RELEASE_RQ, [RELEASE_RP_PDU]),
]
TO_REQUESTOR = [each for _, answers in ANSWERS for each in answers]
TO_ACCEPTOR = [
    associate_rq(),
    pdata(b"command", rawpeer.COMMAND_LAST),
    pdata(b"first half", rawpeer.DATA),
    pdata(b"second half"),
    RELEASE_RQ_PDU,
]


def client(association: Association) -> Conversation[None]:
    """Asks, waits for a command set and a data set, releases."""
    yield from conversations.send(association, 1, command=True, source=b"question")
    received = b""
    while received != b"commandfirst halfsecond half":
        for _, _, fragment in (yield from take(association)):
            received += fragment
    yield from conversations.release(association)


@CUTS
def test_the_acceptor_cuts(face: Face, how: str) -> None:
    with Listener() as listener:
        for place in places(TO_REQUESTOR):
            connecting = face.connect(listener.address)
            with listener.accept() as peer:
                running, left = connecting, place
                for awaited, answers in ANSWERS:
                    peer.expect(awaited)
                    answer = b"".join(answers)[:left]
                    peer.send(answer)
                    left -= len(answer)
                    if answer == TO_REQUESTOR[0]:
                        end = connecting.result()
                        running = end.start("run", client(end.association))
                    if not left:
                        break
                cut(peer, how)
                error = running.error()
                if running is not connecting:
                    end.do("close")
                    assert (end.association.state, end.fd) == (State.Sta1, -1)
            whole = place == sum(map(len, TO_REQUESTOR))
            assert type(error) is (type(None) if whole else TransportError), place


@CUTS
def test_the_requestor_cuts(face: Face, how: str) -> None:
    serve = Acceptor()
    with face.server(serve) as server:
        for place in places(TO_ACCEPTOR):
            with rawpeer.connect(server.address) as peer:
                peer.send(TO_ACCEPTOR[0][:place])
                if place > len(TO_ACCEPTOR[0]):
                    peer.expect(rawpeer.AC)
                    peer.send(b"".join(TO_ACCEPTOR)[len(TO_ACCEPTOR[0]) : place])
                cut(peer, how)
                association, outcome = serve.ended()
            if place == sum(map(len, TO_ACCEPTOR)):
                assert outcome == "released"
            elif place < len(TO_ACCEPTOR[0]):
                assert outcome is None
            else:
                assert type(outcome) is TransportError, place
            assert association.state is State.Sta1


@CUTS
def test_the_peer_cuts_while_we_send(face: Face, how: str) -> None:
    """A requestor in the middle of a large data set."""
    with Listener(receive_buffer=4096) as listener:
        connecting = face.connect(listener.address, rq())
        with listener.accept() as peer:
            peer.expect(rawpeer.RQ)
            peer.send(associate_ac())
            end = connecting.result()
            sending = end.start("send", 1, command=False, source=Zeros(64 << 20))
            peer.expect(rawpeer.PDATA)
            peer.reset() if how == "RST" else peer.close()  # unread data: close resets, too
            sending.result()
            error = end.start("receive").error()
            assert type(error) is TransportError
            end.do("close")
