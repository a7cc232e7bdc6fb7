"""One transcript, both faces: the same transitions and the same bytes on the wire.

Each transcript is told by a raw peer, and its transitions are written out here, as Table 9-10 has
them; that every one of them is a cell of the table is checked against `fixtures/standard`.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rawpeer
from faces import FACES, Acceptor, End, Face, Trace, mirror, opened, rq, take
from rawpeer import (
    RELEASE_RP_PDU,
    RELEASE_RQ_PDU,
    Listener,
    RawPeer,
    abort,
    associate_ac,
    associate_rj,
    associate_rq,
    pdata,
)

from dul import conversations
from dul.association import Association
from dul.conversations import Conversation
from dul.errors import (
    AssociationAborted,
    AssociationRejected,
    DULError,
    InvalidPDU,
    TransportError,
    UnexpectedPDU,
)
from dul.pdu import AssociateRJ

STANDARD = Path(__file__).resolve().parent.parent.parent / "fixtures" / "standard"


@dataclasses.dataclass
class Seen:
    """What is compared: the transitions, what the peer received, and what the user was told."""

    trace: list[str]
    wire: bytes
    told: Any


@dataclasses.dataclass(frozen=True)
class Transcript:
    """A conversation: `run(face)` gives what was seen; `trace` is what must have happened."""

    name: str
    run: Callable[[Face], Seen]
    trace: list[str]


TRANSCRIPTS: list[Transcript] = []

Script = Callable[..., Any]


def requestor(*trace: str) -> Callable[[Script], Script]:
    """The face calls the raw peer; the script gets the face, the peer, and the connecting operation."""

    def register(script: Script) -> Script:
        def run(face: Face) -> Seen:
            seen = Trace()
            with Listener() as listener:
                connecting = face.connect(listener.address, rq(), trace=seen)
                with listener.accept() as peer:
                    peer.expect(rawpeer.RQ)
                    told = script(peer, connecting)
                    return Seen(seen.lines(), bytes(peer.received), told)

        TRANSCRIPTS.append(Transcript(script.__name__, run, list(trace)))
        return script

    return register


def acceptor(
    *trace: str,
    talk: Callable[[Association], Conversation[Any]] = mirror,
    decide: Any = None,
    **options: Any,
) -> Callable[[Script], Script]:
    """The raw peer calls the face's server; the script gets the peer."""

    def register(script: Script) -> Script:
        def run(face: Face) -> Seen:
            seen = Trace()
            serve = Acceptor(talk, decide)
            with face.server(serve, trace=seen, **options) as server:
                with rawpeer.connect(server.address) as peer:
                    script(peer)
                    told = serve.outcome()
                    received = bytes(peer.received)
            return Seen(seen.lines(), received, told)

        TRANSCRIPTS.append(Transcript(script.__name__, run, list(trace)))
        return script

    return register


def established(peer: RawPeer, connecting: Any) -> End:
    peer.send(associate_ac())
    end: End = connecting.result()
    return end


CALL = ("Sta1 Evt1 AE-1 Sta4", "Sta4 Evt2 AE-2 Sta5")
ESTABLISH = (*CALL, "Sta5 Evt3 AE-3 Sta6")
ANSWER = ("Sta1 Evt5 AE-5 Sta2", "Sta2 Evt6 AE-6 Sta3", "Sta3 Evt7 AE-7 Sta6")
SENT, CAME = "Sta6 Evt9 DT-1 Sta6", "Sta6 Evt10 DT-2 Sta6"

# ---- the face is the requestor


@requestor(*ESTABLISH, SENT, CAME, "Sta6 Evt11 AR-1 Sta7", "Sta7 Evt13 AR-3 Sta1")
def data_both_ways_then_release(peer: RawPeer, connecting: Any) -> Any:
    end = established(peer, connecting)
    end.do("send", 1, command=True, source=b"question")
    assert peer.expect(rawpeer.PDATA) == pdata(b"question", rawpeer.COMMAND_LAST)
    peer.send(pdata(b"answer", rawpeer.COMMAND_LAST))
    told = end.take()
    releasing = end.start("release")
    assert peer.pdu() == RELEASE_RQ_PDU
    peer.send(RELEASE_RP_PDU)
    releasing.result()
    peer.ended()
    return told


@requestor(*ESTABLISH, SENT, SENT, "Sta6 Evt11 AR-1 Sta7", "Sta7 Evt13 AR-3 Sta1")
def a_data_set_in_many_pdus(peer: RawPeer, connecting: Any) -> Any:
    peer.send(associate_ac(maximum=16))
    end = connecting.result()
    end.do("send", 1, command=True, source=b"command")
    end.do("send", 1, command=False, source=bytes(range(200)))
    releasing = end.start("release")
    while peer.pdu() != RELEASE_RQ_PDU:
        pass
    peer.send(RELEASE_RP_PDU)
    releasing.result()


@requestor(*CALL, "Sta5 Evt4 AE-4 Sta1")
def rejected(peer: RawPeer, connecting: Any) -> Any:
    peer.send(associate_rj(1, 1, 7))
    peer.ended()
    return connecting.error()


@requestor(*CALL, "Sta5 Evt16 AA-3 Sta1")
def aborted_by_the_acceptor_while_associating(peer: RawPeer, connecting: Any) -> Any:
    peer.send(abort(2, 1))
    peer.ended()
    return connecting.error()


@requestor(*CALL, "Sta5 Evt17 AA-4 Sta1")
def closed_while_associating(peer: RawPeer, connecting: Any) -> Any:
    peer.half_close()
    peer.ended()
    return connecting.error()


@requestor(*ESTABLISH, "Sta6 Evt15 AA-1 Sta13", "Sta13 Evt17 AR-5 Sta1")
def another_application_context(peer: RawPeer, connecting: Any) -> Any:
    peer.send(associate_ac(application="1.2.3"))
    assert peer.pdu() == abort(0, 0)
    peer.half_close()
    peer.ended()
    return connecting.error()


@requestor(*CALL, "Sta5 Evt10 AA-8 Sta13", "Sta13 Evt17 AR-5 Sta1")
def data_before_the_answer(peer: RawPeer, connecting: Any) -> Any:
    peer.send(pdata(b"early"))
    assert peer.pdu() == abort(2, 2)
    peer.half_close()
    peer.ended()
    return connecting.error()


@requestor(*ESTABLISH, "Sta6 Evt15 AA-1 Sta13", "Sta13 Evt17 AR-5 Sta1")
def aborted_by_the_requestor(peer: RawPeer, connecting: Any) -> Any:
    end = established(peer, connecting)
    aborting = end.start("abort")
    assert peer.pdu() == abort(0, 0)
    peer.half_close()
    aborting.result()
    peer.ended()


@requestor(*ESTABLISH, "Sta6 Evt16 AA-3 Sta1")
def aborted_by_the_acceptor(peer: RawPeer, connecting: Any) -> Any:
    end = established(peer, connecting)
    peer.send(abort(0, 0))
    error = end.start("receive").error()
    end.do("close")
    peer.ended()
    return error


@requestor(*ESTABLISH, "Sta6 Evt12 AR-2 Sta8", "Sta8 Evt14 AR-4 Sta13", "Sta13 Evt17 AR-5 Sta1")
def released_by_the_acceptor(peer: RawPeer, connecting: Any) -> Any:
    end = established(peer, connecting)
    peer.send(RELEASE_RQ_PDU)
    told = end.take()
    responding = end.start("run", conversations.respond_to_release(end.association))
    assert peer.pdu() == RELEASE_RP_PDU
    peer.half_close()
    responding.result()
    peer.ended()
    return told


@requestor(
    *ESTABLISH,
    "Sta6 Evt11 AR-1 Sta7",
    "Sta7 Evt12 AR-8 Sta9",
    "Sta9 Evt14 AR-9 Sta11",
    "Sta11 Evt13 AR-3 Sta1",
)
def release_collision_of_the_requestor(peer: RawPeer, connecting: Any) -> Any:
    end = established(peer, connecting)
    releasing = end.start("release")
    assert peer.pdu() == RELEASE_RQ_PDU
    peer.send(RELEASE_RQ_PDU)
    assert peer.pdu() == RELEASE_RP_PDU
    peer.send(RELEASE_RP_PDU)
    releasing.result()
    peer.ended()


@requestor(*ESTABLISH, "Sta6 Evt11 AR-1 Sta7", "Sta7 Evt10 AR-6 Sta7", "Sta7 Evt13 AR-3 Sta1")
def data_after_the_release_request(peer: RawPeer, connecting: Any) -> Any:
    end = established(peer, connecting)
    releasing = end.start("release")
    assert peer.pdu() == RELEASE_RQ_PDU
    peer.send(pdata(b"late"), RELEASE_RP_PDU)
    releasing.result()
    peer.ended()


@requestor(*ESTABLISH, "Sta6 Evt11 AR-1 Sta7", "Sta7 Evt16 AA-3 Sta1")
def simultaneous_release_and_abort(peer: RawPeer, connecting: Any) -> Any:
    end = established(peer, connecting)
    releasing = end.start("release")
    assert peer.pdu() == RELEASE_RQ_PDU
    peer.send(abort(0, 0))
    peer.ended()
    return releasing.error()


@requestor(
    *ESTABLISH,
    "Sta6 Evt15 AA-1 Sta13",
    "Sta13 Evt12 AA-6 Sta13",
    "Sta13 Evt17 AR-5 Sta1",
)
def simultaneous_abort_and_release(peer: RawPeer, connecting: Any) -> Any:
    end = established(peer, connecting)
    aborting = end.start("abort")
    assert peer.pdu() == abort(0, 0)
    peer.send(RELEASE_RQ_PDU)
    peer.half_close()
    aborting.result()
    peer.ended()


@requestor(*ESTABLISH, "Sta6 Evt15 AA-1 Sta13", "Sta13 Evt16 AA-2 Sta1")
def simultaneous_aborts(peer: RawPeer, connecting: Any) -> Any:
    end = established(peer, connecting)
    aborting = end.start("abort")
    assert peer.pdu() == abort(0, 0)
    peer.send(abort(0, 0))
    aborting.result()
    peer.ended()


@requestor(*ESTABLISH, "Sta6 Evt19 AA-8 Sta13", "Sta13 Evt17 AR-5 Sta1")
def junk_on_an_association(peer: RawPeer, connecting: Any) -> Any:
    end = established(peer, connecting)
    peer.send(rawpeer.pdu(0x08, b"what is this?"))
    error = end.start("receive").error()
    closing = end.start("close")
    assert peer.pdu() == abort(2, 1)
    peer.half_close()
    closing.result()
    peer.ended()
    return error


# ---- the face is the acceptor


@acceptor(
    *ANSWER, CAME, SENT, "Sta6 Evt12 AR-2 Sta8", "Sta8 Evt14 AR-4 Sta13", "Sta13 Evt17 AR-5 Sta1"
)
def mirrored_then_released(peer: RawPeer) -> None:
    peer.send(associate_rq())
    peer.expect(rawpeer.AC)
    peer.send(pdata(b"question", rawpeer.COMMAND_LAST))
    assert peer.pdu() == pdata(b"question", rawpeer.COMMAND_LAST)
    peer.send(RELEASE_RQ_PDU)
    assert peer.pdu() == RELEASE_RP_PDU
    peer.half_close()
    peer.ended()


@acceptor(
    "Sta1 Evt5 AE-5 Sta2",
    "Sta2 Evt6 AE-6 Sta3",
    "Sta3 Evt8 AE-8 Sta13",
    "Sta13 Evt17 AR-5 Sta1",
    decide=lambda _: AssociateRJ(1, 1, 3),
)
def rejected_by_the_user(peer: RawPeer) -> None:
    peer.send(associate_rq())
    assert peer.pdu() == associate_rj(1, 1, 3)
    peer.half_close()
    peer.ended()


@acceptor("Sta1 Evt5 AE-5 Sta2", "Sta2 Evt6 AE-6 Sta13", "Sta13 Evt17 AR-5 Sta1")
def rejected_by_the_provider(peer: RawPeer) -> None:
    peer.send(associate_rq(version=2))
    assert peer.pdu() == associate_rj(1, 2, 2)
    peer.half_close()
    peer.ended()


@acceptor(
    "Sta1 Evt5 AE-5 Sta2", "Sta2 Evt6 AE-6 Sta13", "Sta13 Evt17 AR-5 Sta1", max_associations=0
)
def rejected_for_a_full_house(peer: RawPeer) -> None:
    peer.send(associate_rq())
    assert peer.pdu() == associate_rj(2, 3, 2)
    peer.half_close()
    peer.ended()


@acceptor("Sta1 Evt5 AE-5 Sta2", "Sta2 Evt19 AA-1 Sta13", "Sta13 Evt17 AR-5 Sta1")
def junk_instead_of_a_request(peer: RawPeer) -> None:
    peer.send(b"GET / HTTP/1.1\r\n\r\n")
    assert peer.pdu() == abort(0, 0)
    peer.half_close()
    peer.ended()


@acceptor("Sta1 Evt5 AE-5 Sta2", "Sta2 Evt17 AA-5 Sta1")
def closed_before_a_request(peer: RawPeer) -> None:
    peer.half_close()
    peer.ended()


@acceptor("Sta1 Evt5 AE-5 Sta2", "Sta2 Evt16 AA-2 Sta1")
def aborted_before_a_request(peer: RawPeer) -> None:
    peer.send(abort(0, 0))
    peer.ended()


@acceptor(*ANSWER, "Sta6 Evt16 AA-3 Sta1")
def aborted_by_the_peer_requestor(peer: RawPeer) -> None:
    peer.send(associate_rq())
    peer.expect(rawpeer.AC)
    peer.send(abort(2, 6))
    peer.ended()


@acceptor(*ANSWER, "Sta6 Evt6 AA-8 Sta13", "Sta13 Evt17 AR-5 Sta1")
def a_second_request(peer: RawPeer) -> None:
    peer.send(associate_rq())
    peer.expect(rawpeer.AC)
    peer.send(associate_rq())
    assert peer.pdu() == abort(2, 2)
    peer.half_close()
    peer.ended()


@acceptor(*ANSWER, CAME, "Sta6 Evt11 AR-1 Sta7", "Sta7 Evt13 AR-3 Sta1", talk=take)
def a_conversation_that_returns_is_released(peer: RawPeer) -> None:
    peer.send(associate_rq())
    peer.expect(rawpeer.AC)
    peer.send(pdata(b"the only message"))
    assert peer.pdu() == RELEASE_RQ_PDU
    peer.send(RELEASE_RP_PDU)
    peer.ended()


@acceptor(
    *ANSWER,
    "Sta6 Evt11 AR-1 Sta7",
    "Sta7 Evt12 AR-8 Sta10",
    "Sta10 Evt13 AR-10 Sta12",
    "Sta12 Evt14 AR-4 Sta13",
    "Sta13 Evt17 AR-5 Sta1",
    talk=conversations.release,
)
def release_collision_of_the_acceptor(peer: RawPeer) -> None:
    peer.send(associate_rq())
    peer.expect(rawpeer.AC)
    assert peer.pdu() == RELEASE_RQ_PDU
    peer.send(RELEASE_RQ_PDU)
    peer.send(RELEASE_RP_PDU)
    assert peer.pdu() == RELEASE_RP_PDU
    peer.half_close()
    peer.ended()


def _send_after_release(association: Association) -> Conversation[str]:
    assert (yield from take(association)) == "release"
    association.send(1, command=False, source=b"before I answer")
    yield from conversations.respond_to_release(association)
    return "answered"


@acceptor(
    *ANSWER,
    "Sta6 Evt12 AR-2 Sta8",
    "Sta8 Evt9 AR-7 Sta8",
    "Sta8 Evt14 AR-4 Sta13",
    "Sta13 Evt17 AR-5 Sta1",
    talk=_send_after_release,
)
def data_after_the_peers_release_request(peer: RawPeer) -> None:
    peer.send(associate_rq())
    peer.expect(rawpeer.AC)
    peer.send(RELEASE_RQ_PDU)
    assert peer.pdu() == pdata(b"before I answer")
    assert peer.pdu() == RELEASE_RP_PDU
    peer.half_close()
    peer.ended()


# ---- tests

ERRORS = {
    "rejected": AssociationRejected(1, 1, 7),
    "aborted_by_the_acceptor_while_associating": AssociationAborted(2, 1),
    "another_application_context": InvalidPDU,
    "data_before_the_answer": UnexpectedPDU,
    "closed_while_associating": TransportError,
    "aborted_by_the_acceptor": AssociationAborted(0, 0),
    "simultaneous_release_and_abort": AssociationAborted(0, 0),
    "junk_on_an_association": InvalidPDU,
    "aborted_by_the_peer_requestor": AssociationAborted(2, 6),
    "a_second_request": UnexpectedPDU,
}
TOLD = {
    "data_both_ways_then_release": [(1, 3, b"answer")],
    "released_by_the_acceptor": "release",
    "mirrored_then_released": "released",
    "a_conversation_that_returns_is_released": [(1, 2, b"the only message")],
    "data_after_the_peers_release_request": "answered",
}


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda each: each.name)
def test_both_faces_tell_the_same(transcript: Transcript) -> None:
    seen = {}
    for name in FACES:
        with opened(name) as face:
            seen[name] = transcript.run(face)
    for each in seen.values():
        assert each.trace == transcript.trace
        told = ERRORS.get(transcript.name)
        if told is None:
            assert each.told == TOLD.get(transcript.name)
        elif isinstance(told, DULError):
            assert (type(each.told), vars(each.told)) == (type(told), vars(told))
        else:
            assert type(each.told) is told
    blocking, aio = seen.values()
    assert blocking.wire == aio.wire
    assert str(blocking.told) == str(aio.told)


def test_every_transition_is_a_cell_of_the_table() -> None:
    with (STANDARD / "ul_state_table.tsv").open() as table:
        cells = {
            (row["state"], f"Evt{row['event']}"): (row["action"], row["next_state"].split("|"))
            for row in csv.DictReader(table, delimiter="\t")
        }
    for transcript in TRANSCRIPTS:
        for line in transcript.trace:
            state, event, action, next_state = line.split()
            assert cells[state, event][0] == action, line
            if action != "AA-3":
                assert next_state in cells[state, event][1], line


def test_wire_of_a_data_set_in_many_pdus() -> None:
    """Fragments fill the peer's maximum of 16 exactly: PDU-length 16, 10 bytes of data."""
    transcript = next(each for each in TRANSCRIPTS if each.name == "a_data_set_in_many_pdus")
    with opened("blocking") as face:
        wire = transcript.run(face).wire
    pdus = [each for each in rawpeer.split(wire) if each[0] == rawpeer.PDATA]
    assert pdus[0] == pdata(b"command", rawpeer.COMMAND_LAST)
    assert [len(each) for each in pdus[1:]] == [22] * 20
    assert rawpeer.data_of(pdus[1:]) == bytes(range(200))
    assert [each[11] for each in pdus[1:]] == [0] * 19 + [2]
