"""The peer releases, aborts, closes or resets at any step of an association, in either role.

One end is a user who follows the conversations of `dul.conversations`; the other a polite peer over
byte queues, which at some point wants no more. Whatever the moment: the conversation comes to its
end with the true cause, the wire has whole PDUs, and a release is answered at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ends import IMPLICIT, RELEASE_RP, RELEASE_RQ, RQ, End, split_pdus
from hypothesis import given, settings
from hypothesis import strategies as st
from witness import Witness

from dul import conversations
from dul import events as ind
from dul.association import Association, Role
from dul.conversations import PUMP, TURN, Call, Conversation
from dul.errors import AssociationAborted, TransportError
from dul.fsm import State
from dul.limits import Limits
from dul.pdata import PDataTF
from dul.pdu import PDU, AssociateAC, AssociateRJ, AssociateRQ
from dul.support import Support, answer

LIMITS = Limits(max_pdu_length=64, receive_buffer=256, send_batch=500, send_batch_pdus=6)
REQUEST, RESPONSE = b"a request!", b"a response"


def accepts(rq: AssociateRQ) -> AssociateAC | AssociateRJ:
    return answer(rq, Support(unknown_abstract_syntax=(IMPLICIT,)), LIMITS)


class Zeros:
    """A data set of any length."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def readinto(self, view: memoryview) -> int:
        return len(view)


# -------------------------------------------------------------------------- the user here --


def requests(association: Association, sizes: list[int]) -> Conversation[str]:
    """A requestor that sends so many requests with data sets, each when the last was answered."""
    yield from conversations.associate(association, RQ)
    for size in sizes:
        association.send(1, command=True, source=REQUEST)
        if size:
            association.send(1, command=False, source=Zeros(size))
        yield from conversations.flush(association)
        event = yield from conversations.receive(association)
        if isinstance(event, ind.ReleaseIndication):
            yield from conversations.respond_to_release(association, withdraw=True)
            return "released by the peer"
    yield from conversations.release(association)
    return "released"


def responds(association: Association, sizes: list[int]) -> Conversation[str]:
    """An acceptor that answers so many data sets, then releases by itself."""
    negotiated = yield from conversations.accept(association, accepts)
    if negotiated is None:
        return "no association"
    left = len(sizes)
    while left:
        event = yield from conversations.receive(association)
        if isinstance(event, ind.ReleaseIndication):
            yield from conversations.respond_to_release(association)
            return "released by the peer"
        if any(pdv.is_last and not pdv.is_command for pdv in event.pdvs):
            association.send(1, command=True, source=RESPONSE)
            left -= 1
    yield from conversations.release(association)
    return "released"


# ------------------------------------------------------------------------- the peer there --


@dataclass
class Peer:
    """Does what a polite peer does; `ends` when it has got so many bytes."""

    end: End
    sizes: list[int]
    how: str
    after: int
    closes: bool  # the connection, when it is over; else it stays open
    got: int = 0
    acted: bool = False
    broke: bool = False

    def start(self) -> None:
        if self.end.association.role is Role.REQUESTOR:
            self.end.association.associate(RQ)
            self.end.association.connected(self.end.now)
        else:
            self.end.association.accepted(self.end.now)

    def turn(self) -> None:
        for event in self.end.events():
            self._take(event)
        if not self.acted and self.got >= self.after and not self.end.association.closed:
            self._act()

    def _take(self, event: ind.Indication) -> None:
        association = self.end.association
        match event:
            case ind.AssociateIndication(request):
                association.accept(accepts(request))
            case ind.AssociateConfirmation():
                self._request()
            case ind.DataIndication(pdvs) if association.established:
                if not any(pdv.is_last for pdv in pdvs):
                    return
                if association.role is Role.REQUESTOR:
                    self._request()
                elif any(pdv.is_last and not pdv.is_command for pdv in pdvs):
                    association.send(1, command=True, source=RESPONSE)
            case _:
                if association.release_due:
                    association.release_response()

    def _request(self) -> None:
        if self.sizes:
            size = self.sizes.pop(0)
            self.end.association.send(1, command=True, source=REQUEST)
            self.end.association.send(1, command=False, source=Zeros(size))

    def _act(self) -> None:
        association = self.end.association
        if self.how == "release":
            if not association.established:
                return
            association.release()
        elif self.how == "abort":
            if not association.abortable:
                return
            association.abort()
        else:
            self.broke = True
        self.acted = True


# ---------------------------------------------------------------------- the net in between --


@dataclass
class Net:
    """Moves bytes between the two, a few at a time, in the order that chance wants."""

    ours: End
    peer: Peer
    chance: random.Random
    outcome: Any = None
    witness: Witness = field(init=False)
    to_peer: bytearray = field(default_factory=bytearray)
    to_us: bytearray = field(default_factory=bytearray)
    our_bytes_at_release: int | None = None  # when the peer's A-RELEASE-RQ had come
    told_of_end: bool = False
    idle: int = 0

    def __post_init__(self) -> None:
        self.witness = Witness(self.ours)

    def run(self, conversation: Conversation[Any]) -> None:
        self.peer.start()
        try:
            step = next(conversation)
            while True:
                if isinstance(step, Call):
                    step = conversation.send(step.function(*step.arguments))
                    continue
                assert step in {PUMP, TURN}
                self.pump()
                self.witness.all()
                step = next(conversation)
        except StopIteration as stop:
            self.outcome = stop.value
        except Exception as error:
            self.outcome = error
        self.settle()

    def settle(self) -> None:
        """What a face does in any case: abort what is not over, and wait for the end."""
        for _ in conversations.abort(self.ours.association):
            self.pump()
        self.witness.told += self.ours.events()
        self.witness.all()

    def pump(self) -> None:
        """As `dul.transport.pump` does: send, or receive what the user can take, or wait."""
        association = self.ours.association
        if association.connection_wanted:
            association.connected(self.ours.now)
            return
        if association.sending and self.chance.random() < 0.7:
            self._send(self.chance.randint(0, 150))
            return
        if not association.has_events and self._receive(self.chance.randint(1, 100)):
            return
        if association.sending:
            self._send(self.chance.randint(1, 150))
            return
        self._peers_turn()
        if not (self.to_us or self.to_peer or self._end_is_due()):
            self.idle += 1
            assert self.idle < 10, "nothing moves"
            self.ours.wait(30)  # the peer says nothing more: some deadline passes
        if association.close_wanted:
            self.told_of_end = True

    def _send(self, count: int) -> None:
        wire = self.ours.take(count)
        self.witness.wire += wire
        self.to_peer += wire
        self._peers_turn()

    def _receive(self, count: int) -> bool:
        if not self.to_us:
            if self._end_is_due():
                self.told_of_end = True
                self.ours.disconnect(TransportError("reset") if self.peer.how == "reset" else None)
                return True
            return False
        self.idle = 0
        self.ours.receive(bytes(self.to_us[:count]))
        del self.to_us[:count]
        if self.our_bytes_at_release is None and any(
            step.event.name == "Evt12" for step in self.ours.steps
        ):
            self.our_bytes_at_release = len(self.witness.wire)
        return True

    def _end_is_due(self) -> bool:
        """The peer's connection is closed, and we do not know yet."""
        over = self.peer.end.association.closed and self.peer.closes
        return (self.peer.broke or over) and not self.told_of_end

    def _peers_turn(self) -> None:
        if self.peer.broke:
            self.to_peer.clear()
            return
        count = self.chance.randint(0, len(self.to_peer))
        for at in range(0, count, 100):
            self.peer.end.receive(bytes(self.to_peer[at : min(count, at + 100)]))
            self.peer.turn()
        self.peer.got += count
        del self.to_peer[:count]
        self.peer.turn()
        if not self.peer.broke:
            self.to_us += self.peer.end.take()


def play(role: Role, how: str, after: int, sizes: list[int], seed: int, *, closes: bool) -> Net:
    other = Role.ACCEPTOR if role is Role.REQUESTOR else Role.REQUESTOR
    ours = End(role, LIMITS)
    ours.association.tick(ours.now)
    peer = Peer(End(other, LIMITS), list(sizes), how, after, closes)
    net = Net(ours, peer, random.Random(seed))
    if role is Role.ACCEPTOR:
        ours.association.accepted(ours.now)
    user: Callable[..., Conversation[str]] = requests if role is Role.REQUESTOR else responds
    net.run(user(ours.association, list(sizes)))
    return net


# ---------------------------------------------------------------------------- what must hold --


def all_hold(net: Net) -> None:
    assert net.ours.state is State.Sta1
    net.witness.sent_pdus()
    outcomes = {
        "release": (str,),
        "abort": (str, AssociationAborted),
        "close": (str, TransportError),
        "reset": (str, TransportError),
    }
    assert isinstance(net.outcome, outcomes[net.peer.how]), net.outcome
    if net.peer.how == "release":
        answered_at_once(net)


def answered_at_once(net: Net) -> None:
    """The A-RELEASE-RP is on the wire, last, and not behind the rest of a data set."""
    events = [step.event.name for step in net.ours.steps]
    actions = [step.action.value for step in net.ours.steps]
    assert "AA-1" not in actions
    assert "AA-8" not in actions
    if "Evt12" not in events:
        return
    pdus = split_pdus(bytes(net.witness.wire))
    assert pdus[-1] == RELEASE_RP
    assert pdus.count(RELEASE_RP) == 1
    assert net.our_bytes_at_release is not None
    behind = list(sent_after(pdus, net.our_bytes_at_release))
    data = [each for each in behind if isinstance(each, PDataTF)]
    # At most the rest of the PDU that had begun, besides small command sets and our own request.
    assert sum(not each.pdvs[0].is_command for each in data) <= 1
    others = [each for each in behind if not isinstance(each, PDataTF)]
    assert others in ([RELEASE_RP], [RELEASE_RQ, RELEASE_RP])


def sent_after(pdus: list[PDU], count: int) -> Iterator[PDU]:
    """The PDUs that end behind this many bytes."""
    at = 0
    for each in pdus:
        at += len(each.encode())
        if at > count:
            yield each


@given(
    role=st.sampled_from(Role),
    how=st.sampled_from(["release", "abort", "close", "reset"]),
    after=st.integers(0, 300) | st.integers(0, 1500),  # an acceptor says less in all
    sizes=st.lists(st.integers(1, 900), min_size=1, max_size=3),
    seed=st.integers(0, 1 << 32),
    closes=st.booleans(),
)
@settings(max_examples=400)
def test_the_peer_may_end_it_at_any_step(role, how, after, sizes, seed, closes):
    all_hold(play(role, how, after, sizes, seed, closes=closes))
