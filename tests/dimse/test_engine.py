"""The engine against a peer that ends things at any byte: what is said of objects is true.

In memory, with a clock that is told: hypothesis chooses what the peer does, and after how many
bytes of which association.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dimse.dialogue import Dialogue
from dimse.engine import Policy, Sender, Verdict, listed
from dimse.errors import InvalidValue
from dimse.events import Done, GivenUp, NotAssociated
from dimse.messages.assembly import Assembler, DataSetPart, Received
from dimse.messages.codec import response_to
from dimse.messages.composite import CStoreRQ
from dimse.outcome import Outcome
from dimse.peer import Peer
from dul.association import Association, Role
from dul.conversations import POLL, PUMP, Call, Connect, Disconnect
from dul.events import AssociateIndication, DataIndication, ReleaseIndication
from dul.limits import Limits
from dul.negotiation import Support, answer
from dul.pdu import PDataTF, ReleaseRP, decode_pdu

CT = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT = "1.2.840.10008.1.2"
LIMITS = Limits(max_send_pdu_length=128, send_batch=300, reply=20.0)
STEPS = 20_000  # more than any run takes: beyond, it hangs


def deliver(end: Association, data: bytes, now: float) -> None:
    """Bytes that one end receives."""
    view = end.get_buffer()
    view[: len(data)] = data
    end.buffer_updated(len(data), now)


class Content:
    """The bytes of an object, and whether it was asked at the end if they changed."""

    def __init__(self, length: int) -> None:
        self._length = self._left = length

    def __len__(self) -> int:
        return self._length

    def readinto(self, view: memoryview, /) -> int:
        count = min(len(view), self._left)
        self._left -= count
        return count

    def close(self) -> None:
        pass

    def finish(self) -> None:
        assert self._left == 0


class Thing:
    """An object to be sent that is no file."""

    path = None
    sop_class_uid = CT
    transfer_syntax_uid = IMPLICIT
    warnings = ()

    def __init__(self, number: int, length: int) -> None:
        self.sop_instance_uid = f"1.2.{number}"
        self.name = f"thing {number}"
        self.length = length

    def open(self, transfer_syntax_uid: str) -> Content:
        assert transfer_syntax_uid == IMPLICIT
        return Content(self.length)


class Acceptor:
    """The peer on one association: does something out of turn once it has received enough.

    Args:
        early: the status of a response to a request whose data set is still coming; None: none.
        act: how it ends then: "release", "abort", "close", "silence" (it reads nothing any more),
            or "" if it goes on.
        at: after how many bytes.
        statuses: of the responses that come in time, by instance; success where there is none.

    Attributes:
        answered: the status that was sent for each instance, by instance.
    """

    def __init__(
        self, early: int | None, act: str, at: int, statuses: dict[str, int] | None = None
    ) -> None:
        self.end = Association(Role.ACCEPTOR, Limits(max_pdu_length=128))
        self.end.accepted(0.0)
        self.answered: dict[str, int] = {}
        self.asked_release = False
        self.gone = False  # it takes nothing any more
        self.closes = False  # and closes, when what it said is out
        self._early, self._act, self._at = early, act, at
        self.statuses = statuses or {}
        self._acted = False
        self._said = b""
        self._received = 0
        self._assembler = Assembler()
        self._request: tuple[int, CStoreRQ] | None = None

    def take(self, data: bytes) -> None:
        """Bytes of the requestor's, one PDU's worth at a time is not promised."""
        for at in range(0, len(data), 50):
            piece = data[at : at + 50]
            if self.gone or self.end.close_wanted:
                return
            deliver(self.end, piece, 0.0)
            self._received += len(piece)
            self._serve()
            if self._received >= self._at and not self._acted:
                self._acted = True
                self._do(self._act)

    def says(self) -> bytes:
        """What it has to say by now."""
        said = self._said + b"".join(self.end.data_to_send())
        self.end.data_sent(len(said) - len(self._said), 0.0)
        self._said = b""
        return said

    def _serve(self) -> None:
        while (event := self.end.next_event()) is not None:
            match event:
                case AssociateIndication(request):
                    support = Support({CT: (IMPLICIT,)})
                    accept: Any = answer(request, support, self.end.limits)
                    self.end.accept(accept)
                case DataIndication(pdvs):
                    for part in self._assembler.feed(pdvs):
                        self._part(part)
                case ReleaseIndication():
                    self.end.release_response()

    def _part(self, part: Received | DataSetPart) -> None:
        if isinstance(part, Received):
            assert isinstance(part.message, CStoreRQ)
            self._request = part.context_id, part.message
        elif part.last:
            assert self._request is not None
            instance = self._request[1].affected_sop_instance_uid
            if instance not in self.answered:
                self._respond(self.statuses.get(instance, 0))
            self._request = None

    def _respond(self, status: int) -> None:
        if self._request is None or not self.end.established:
            return
        context_id, request = self._request
        if request.affected_sop_instance_uid in self.answered:
            return
        self.answered[request.affected_sop_instance_uid] = status
        self.end.send(context_id, command=True, source=response_to(request, status).encode())

    def _do(self, act: str) -> None:
        if self._early is not None:
            self._respond(self._early)
            self._said = self.says()  # or an abort would overtake it
        if act == "release" and self.end.established:
            self.end.release()
            self.asked_release = True
        elif act == "abort" and not self.end.close_wanted:
            self.end.abort()
        elif act == "silence":
            self.gone = True
        elif act == "close":
            self.gone = self.closes = True


def sent_whole(wire: bytes) -> list[str]:
    """The instances whose data set has its last byte among those that the transport took."""
    found = []
    assembler = Assembler()
    while len(wire) >= 6 and len(wire) >= 6 + int.from_bytes(wire[2:6], "big"):
        length = 6 + int.from_bytes(wire[2:6], "big")
        pdu = decode_pdu(wire[:length])
        wire = wire[length:]
        for part in assembler.feed(pdu.pdvs) if isinstance(pdu, PDataTF) else ():
            if isinstance(part, Received):
                assert isinstance(part.message, CStoreRQ)
                instance = part.message.affected_sop_instance_uid
            elif part.last:
                found.append(instance)
    return found


class World:
    """Plays a script against one acceptor after the other."""

    def __init__(self, acceptors: Sequence[Acceptor]) -> None:
        self.acceptors = list(acceptors)
        self.used: list[Acceptor] = []
        self.sent: list[bytearray] = []
        self.behind_release: list[bytearray] = []  # what was sent when the peer had asked for it
        self.events: list[Any] = []
        self.now = 0.0
        self._requestor: Association | None = None
        self._release_came = False

    def play(self, script: Any) -> None:
        step = next(script)
        for _ in range(STEPS):
            reply = None
            error: Exception | None = None
            try:
                reply = self._perform(step)
            except Exception as caught:
                error = caught
            try:
                step = script.throw(error) if error else script.send(reply)
            except StopIteration:
                return
        raise AssertionError("it does not come to an end")

    def _perform(self, step: Any) -> Any:
        if isinstance(step, Call):
            return step.function(*step.arguments)
        if isinstance(step, Connect):
            self._requestor = step.association
            self._requestor.tick(self.now)
            self.used.append(self.acceptors.pop(0) if self.acceptors else Acceptor(None, "", 0))
            self.sent.append(bytearray())
            self.behind_release.append(bytearray())
            self._release_came = False
        elif isinstance(step, Disconnect):
            if self._requestor is not None and not self._requestor.closed:
                self._requestor.disconnected(self.now)
        elif step in {PUMP, POLL}:
            self._pump()
        else:
            self.events.append(step)
        return None

    def _pump(self) -> None:
        end, acceptor = self._requestor, self.used[-1]
        assert end is not None
        if end.closed:
            raise end.failure or AssertionError("a conversation goes on without an association")
        if end.connection_wanted:
            end.connected(self.now)
            return
        data = b"".join(end.data_to_send())
        if acceptor.gone:
            data = b""  # the transport is full at once
        end.data_sent(len(data), self.now)
        self.sent[-1] += data
        if self._release_came:
            self.behind_release[-1] += data
        acceptor.take(data)
        back = b"" if end.has_events else acceptor.says()
        if back:
            deliver(end, back, self.now)
            self._release_came |= acceptor.asked_release
        elif acceptor.closes and not acceptor.end.closed:
            acceptor.end.disconnected(0.0)
        elif not data and not end.has_events:
            if acceptor.end.close_wanted and acceptor.end.closed:
                end.disconnected(self.now)
                return
            until = end.next_deadline()
            assert until is not None, "it waits for ever"
            self.now = max(self.now, until)
            end.handle_deadline(self.now)


peers = st.lists(
    st.builds(
        Acceptor,
        st.sampled_from([None, None, 0, 0xB000, 0xA700]),
        st.sampled_from(["", "release", "abort", "close", "silence"]),
        st.integers(0, 3000),
    ),
    max_size=6,
)
lengths = st.lists(st.integers(1, 500).map(lambda half: 2 * half), min_size=1, max_size=5)


@given(
    lengths=lengths,
    peers=peers,
    failing=st.sets(st.integers(0, 4)),
    halt=st.booleans(),
    max_losses=st.sampled_from([1, 3, None]),
)
@settings(deadline=None, max_examples=300)
def test_what_is_said_is_true(
    lengths: list[int],
    peers: list[Acceptor],
    failing: set[int],
    halt: bool,
    max_losses: int | None,
) -> None:
    statuses = {f"1.2.{number}": 0xA900 for number in failing}
    for each in peers:
        each.statuses = statuses
    world = World(peers)
    things = [Thing(number, length) for number, length in enumerate(lengths)]
    dialogue = Dialogue(Peer(host="peer", port=104, limits=LIMITS), lambda: world.now)
    sender = Sender(dialogue, things, Policy(halt=halt, max_losses=max_losses))
    world.play(sender.run())

    outcomes = {each.sop_instance_uid: each for each in world.events if isinstance(each, Outcome)}
    assert len(outcomes) == sum(isinstance(each, Outcome) for each in world.events)
    assert isinstance(world.events[-1], Done)
    assert [entry.outgoing for entry in sender.entries] == things
    for entry in sender.entries:
        assert entry.outgoing is not None
        instance = entry.outgoing.sop_instance_uid
        assert entry.verdict is not Verdict.BEGUN
        assert (instance in outcomes) == (entry.verdict is not Verdict.NOT_SENT)
        answers = [each.answered[instance] for each in world.used if instance in each.answered]
        if entry.verdict is Verdict.STORED:
            # Every byte left, and the answer to them is success.
            assert any(instance in sent_whole(each) for each in world.sent)
            assert outcomes[instance].status == answers[-1]
            assert answers[-1] in {0, 0xB000}
        if instance in outcomes and answers and answers[-1] in {0xA700, 0xA900}:
            # A failure status stays the cause, whatever the association does afterwards.
            assert not outcomes[instance].stored
    if (
        not halt
        and max_losses is None
        and not any(isinstance(each, NotAssociated | GivenUp) for each in world.events)
    ):
        assert all(entry.verdict is not Verdict.NOT_SENT for entry in sender.entries)
    for acceptor, sent, behind in zip(world.used, world.sent, world.behind_release, strict=True):
        if acceptor.asked_release:
            # It has been answered at once, unless it was aborted.
            assert ReleaseRP().encode() in sent or re.search(rb"\x07\0\0\0\0\4", sent)
            assert not re.match(rb"\x04", behind)


@pytest.mark.parametrize("act", ["", "release", "abort", "close", "silence"])
def test_the_first_cause_decides(act: str) -> None:
    """A700H early in the data set; then the peer goes: the answer is A700H."""
    world = World([Acceptor(0xA700, act, 700)])
    dialogue = Dialogue(Peer(host="peer", port=104, limits=LIMITS), lambda: world.now)
    world.play(Sender(dialogue, [Thing(0, 4000)], Policy()).run())
    (outcome,) = (each for each in world.events if isinstance(each, Outcome))
    assert outcome.status == 0xA700


@pytest.mark.parametrize("status", [0x0000, 0xB000])
@pytest.mark.parametrize("act", ["abort", "close", "silence"])
def test_an_early_success_is_none_without_the_rest_of_the_data_set(act: str, status: int) -> None:
    world = World([Acceptor(status, act, 700)])
    dialogue = Dialogue(Peer(host="peer", port=104, limits=LIMITS), lambda: world.now)
    world.play(Sender(dialogue, [Thing(0, 4000)], Policy()).run())
    assert list(world.used[0].answered.values()) == [status]
    (outcome,) = (each for each in world.events if isinstance(each, Outcome))
    assert outcome.status is None
    assert outcome.error is not None


@pytest.mark.parametrize("items", [b"ct.dcm", 5, None])
def test_what_is_no_object_and_no_series_of_them(items: Any) -> None:
    with pytest.raises(InvalidValue, match="items"):
        listed(items)


def test_one_object_is_one() -> None:
    thing = Thing(0, 2)
    assert listed("ct.dcm") == ["ct.dcm"]
    assert listed(thing) == [thing]
