"""A world in memory for the engine: objects, acceptors that end things at any byte, and a clock.

Scripts are played step by step; which one goes on is chosen by the test. Time passes only when all
of them wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

from dimse.dialogue import Dialogue
from dimse.engine import Policy, Roster, Sender
from dimse.messages.assembly import Assembler, DataSetPart, Received
from dimse.messages.codec import response_to
from dimse.messages.composite import CStoreRQ
from dimse.outcome import Outcome
from dimse.peer import Peer
from dul.association import Association, Role
from dul.conversations import POLL, PUMP, TURN, Call, Connect, Disconnect, Meanwhile, Pause
from dul.errors import TransportError
from dul.events import AssociateIndication, DataIndication, ReleaseIndication
from dul.fsm import State
from dul.limits import Limits
from dul.pdata import PDataTF
from dul.pdu import AssociateRJ, decode_pdu
from dul.support import Support, answer
from dul.user_items import AsynchronousOperationsWindow

CT = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT = "1.2.840.10008.1.2"
LIMITS = Limits(max_send_pdu_length=128, send_batch=300, reply=20.0)
STEPS = 50_000  # more than any run takes: beyond, it hangs


def deliver(end: Association, data: bytes, now: float) -> None:
    """Bytes that one end receives."""
    view = end.get_buffer()
    view[: len(data)] = data
    end.buffer_updated(len(data), now)


class Content:
    """The bytes of an object, and whether it was asked at the end if they changed."""

    open_now = 0

    def __init__(self, length: int) -> None:
        self._length = self._left = length
        self._open = True
        Content.open_now += 1

    def __len__(self) -> int:
        return self._length

    def readinto(self, view: memoryview, /) -> int:
        count = min(len(view), self._left)
        self._left -= count
        return count

    def close(self) -> None:
        Content.open_now -= self._open
        self._open = False

    def finish(self) -> None:
        assert self._open


class Broken(Content):
    """One that can't be read to its end."""

    def readinto(self, view: memoryview, /) -> int:
        if self._left < self._length:
            raise OSError(5, "Input/output error")
        return super().readinto(view[:10])


class Thing:
    """An object to be sent that is no file."""

    file: str | None = None
    sop_class_uid = CT
    transfer_syntax_uid = IMPLICIT
    warnings = ()

    def __init__(self, number: int, length: int, content: type[Content] = Content) -> None:
        self.sop_instance_uid = f"1.2.{number}"
        self.name = f"thing {number}"
        self.length = length
        self.content = content

    def obstacle(self, transfer_syntax_uid: str) -> str | None:
        return "it is what it is"

    def open(self, transfer_syntax_uid: str) -> Content:
        assert transfer_syntax_uid == IMPLICIT
        return self.content(self.length)


class Acceptor:
    """The peer on one association: does something out of turn once it has received enough.

    Args:
        early: the status of a response to a request whose data set is still coming; None: none.
        act: how it ends then: "release", "abort", "close", "silence" (it reads nothing any more),
            or "" if it goes on. Or instead of an association: see `REFUSALS`.
        at: after how many bytes.
        statuses: of the responses that come in time, by instance; success where there is none.
            A700H is answered once; the next time there is room.
        window: operations that it grants.
        holds: it answers when nothing more comes, the last request first.

    Attributes:
        answered: the status that was sent for each instance, by instance.
        most: how many requests were unanswered at the same time.
    """

    def __init__(
        self,
        early: int | None = None,
        act: str = "",
        at: int = 0,
        statuses: dict[str, int] | None = None,
        *,
        window: int = 1,
        holds: bool = False,
    ) -> None:
        self.end = Association(Role.ACCEPTOR, Limits(max_pdu_length=128))
        self.end.accepted(0.0)
        self.answered: dict[str, int] = {}
        self.asked_release = False
        self.gone = False  # it takes nothing any more
        self.closes = False  # and closes, when what it said is out
        self.most = 0
        self.act = act
        self.statuses = {} if statuses is None else statuses
        self.window = window
        self.holds = holds
        self._early, self._at = early, at
        self._acted = False
        self._said = b""
        self._held: list[tuple[int, CStoreRQ]] = []
        self._has_answer = False  # the present request, before its end
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
                self._do(self.act)

    def says(self) -> bytes:
        """What it has to say by now."""
        said = self._said + b"".join(self.end.data_to_send())
        self.end.data_sent(len(said) - len(self._said), 0.0)
        self._said = b""
        return said

    def idle(self) -> bool:
        """Nothing more comes: whether it has something to say now."""
        if self.gone or not self._held or not self.end.established:
            return False
        while self._held:
            self._respond(*self._held.pop())
        return True

    def _serve(self) -> None:
        while (event := self.end.next_event()) is not None:
            match event:
                case AssociateIndication(request) if self.end.state is State.Sta3:
                    if self.act in _REJECTIONS:
                        self.end.reject(_REJECTIONS[self.act])
                        continue
                    window = AsynchronousOperationsWindow(self.window, 1)
                    support = Support({CT: (IMPLICIT,)}, window=window)
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
            self.most = max(self.most, len(self._held) + 1)
        elif part.last:
            assert self._request is not None
            request, self._request = self._request, None
            if self._has_answer:
                self._has_answer = False
            elif self.holds:
                self._held.append(request)
            else:
                self._respond(*request)

    def _respond(self, context_id: int, request: CStoreRQ, status: int | None = None) -> None:
        instance = request.affected_sop_instance_uid
        if not self.end.established:
            return
        if status is None:
            status = self.statuses.get(instance, 0)
            if status == 0xA700:  # the next time there is room
                self.statuses[instance] = 0
        self.answered[instance] = status
        self.end.send(context_id, command=True, source=response_to(request, status).encode())

    def _do(self, act: str) -> None:
        if self._early is not None and self._request is not None:
            self._has_answer = True
            self._respond(*self._request, status=self._early)
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


_REJECTIONS = {"rejects for now": AssociateRJ(2, 3, 2), "rejects for good": AssociateRJ(1, 1, 3)}
NO_CONNECTION = "takes no connection"
REFUSALS = [*_REJECTIONS, NO_CONNECTION]


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


class Player:
    """One script with its associations, one after the other."""

    def __init__(self, world: World, script: Any) -> None:
        self.world = world
        self.script = script
        self.step: Any = next(script)
        self.done = False
        self.requestor: Association | None = None
        self.acceptor = Acceptor()
        self.sent = bytearray()
        self.behind_release = bytearray()  # what was sent when the peer had asked for it
        self.release_came = False
        self.until: float | None = None  # of a pause

    def go(self) -> bool:
        """Do its next step, if that can be done without waiting."""
        error: Exception | None = None
        reply = None
        try:
            moved, reply = self._perform(self.step)
            if not moved:
                return False
        except Exception as caught:
            error = caught
        try:
            self.step = self.script.throw(error) if error else self.script.send(reply)
        except StopIteration:
            self.done = True
        return True

    def _perform(self, step: Any) -> tuple[bool, Any]:
        world = self.world
        if isinstance(step, Call):
            return True, step.function(*step.arguments)
        if isinstance(step, Connect):
            self._connect(step)
        elif isinstance(step, Disconnect):
            if self.requestor is not None and not self.requestor.closed:
                self.requestor.disconnected(world.now)
        elif isinstance(step, Pause):
            return self._pause(step.seconds), None
        elif isinstance(step, Meanwhile):
            moved = self._pump()
            if self.requestor is not None and not self.requestor.sending:
                step.function()
            return moved, None
        elif step in {PUMP, TURN, POLL}:
            return self._pump() or step is POLL, None
        else:
            world.events.append(step)
            world.on_event(step)
        return True, None

    def _connect(self, step: Connect) -> None:
        world = self.world
        self.requestor = step.association
        self.requestor.tick(world.now)
        self.acceptor = world.next_acceptor()
        if self.acceptor.act == NO_CONNECTION:
            raise TransportError("connection refused")
        self.sent, self.behind_release = bytearray(), bytearray()
        self.release_came = False
        world.used.append((self.acceptor, self.sent, self.behind_release))

    def _pause(self, seconds: float) -> bool:
        if self.until is None:
            self.until = self.world.now + seconds
            self.world.pauses.append(seconds)
        if self.requestor is not None and not self.requestor.closed:
            self._pump()  # it listens meanwhile
            if self.requestor.has_events or self.requestor.closed:
                self.until = None
                return True
        if self.world.now < self.until:
            return False
        self.until = None
        return True

    def _pump(self) -> bool:
        end, acceptor, now = self.requestor, self.acceptor, self.world.now
        assert end is not None
        if end.closed:
            if isinstance(self.step, Pause):
                return False
            raise end.failure or AssertionError("a conversation goes on without an association")
        if end.connection_wanted:
            end.connected(now)
            return True
        data = b"".join(end.data_to_send())
        if acceptor.gone:
            data = b""  # the transport is full at once
        if data:
            end.data_sent(len(data), now)
            self.sent += data
            if self.release_came:
                self.behind_release += data
            acceptor.take(data)
        back = b"" if end.has_events else acceptor.says()
        if back:
            deliver(end, back, now)
            self.release_came |= acceptor.asked_release
            return True
        if acceptor.closes and not acceptor.end.closed:
            acceptor.end.disconnected(0.0)
            return True
        if data or end.has_events:
            return True
        if acceptor.end.close_wanted and acceptor.end.closed:
            end.disconnected(now)
            return True
        if acceptor.idle():
            return True
        until = end.next_deadline()
        if until is not None and until <= now:
            end.handle_deadline(now)
            return True
        return False

    def next_time(self) -> float | None:
        """When it can go on, if nothing else happens."""
        end = self.requestor
        times = [] if self.until is None else [self.until]
        if end is not None and not end.closed and (until := end.next_deadline()) is not None:
            times.append(until)
        return min(times, default=None)


class World:
    """Plays scripts against one acceptor after the other.

    Attributes:
        used: the acceptors that were called, each with what it was sent in all, and after it had
            asked for a release.
        events: what was told.
        pauses: how long each of them was to be.
        on_event: is told each event when it comes.
    """

    def __init__(self, acceptors: Sequence[Acceptor], **options: Any) -> None:
        Content.open_now = 0
        self._acceptors = list(acceptors)
        self._options = options
        self.used: list[tuple[Acceptor, bytearray, bytearray]] = []
        self.events: list[Any] = []
        self.pauses: list[float] = []
        self.on_event: Callable[[Any], None] = lambda event: None
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def next_acceptor(self) -> Acceptor:
        return self._acceptors.pop(0) if self._acceptors else Acceptor(**self._options)

    def play(self, *scripts: Any, choose: Callable[[int], int] = lambda count: 0) -> None:
        """Play them all to their ends.

        Args:
            choose: of so many that could go on, which does.
        """
        players = [Player(self, script) for script in scripts]
        for _ in range(STEPS):
            waiting = [each for each in players if not each.done]
            if not waiting:
                return
            moved = False
            while waiting and not moved:
                moved = waiting.pop(choose(len(waiting))).go()
            if not moved:
                times = [each.next_time() for each in players if not each.done]
                known = [each for each in times if each is not None]
                assert known, "they wait for ever"
                self.now = max(self.now, min(known))
        raise AssertionError("it does not come to an end")


def ready(
    world: World, items: Any, policy: Policy, *, window: int = 1, page: Any = None
) -> tuple[Roster, list[Sender]]:
    """Who sends these: so many as the policy says."""
    asked = AsynchronousOperationsWindow(window, 1) if window > 1 else None
    peer = Peer(host="peer", port=104, limits=LIMITS, window=asked)
    roster = Roster(items, policy, world.clock, nullcontext(), page)
    senders = [
        Sender(Dialogue(peer, world.clock), roster, policy) for _ in range(policy.associations)
    ]
    return roster, senders


def send(
    world: World,
    items: Any,
    policy: Policy,
    *,
    window: int = 1,
    page: Any = None,
    **options: Any,
) -> Roster:
    """Send these to the end."""
    roster, senders = ready(world, items, policy, window=window, page=page)
    world.play(*(each.run() for each in senders), **options)
    return roster


def outcomes_of(world: World) -> list[Outcome]:
    return [each for each in world.events if isinstance(each, Outcome)]
