"""The pump between an association and its link: open, send, receive, keep the deadlines, and end.

Written once for both faces; it waits by yielding what to wait for. How a connection ends is a
conversation that minds the transport, too.
"""

from __future__ import annotations

import contextlib

from dul import conversations
from dul.association import Association
from dul.conversations import PUMP, TURN, Conversation, Meanwhile, Pump
from dul.errors import DULError, LocalProtocolError, TimedOut, TransportError
from dul.fsm import WHEN, State
from dul.transport.link import Clock, Link, Wait, Waiting, new_wait
from dul.wire import Buffer

__all__ = [
    "NO_WAIT",
    "abort_connection",
    "begin",
    "end",
    "exchange",
    "give_up_connection",
    "handshake",
    "is_to_be_released",
    "open_link",
    "pump",
    "push",
    "rest",
    "serve_connection",
]

LOOK = 0.25
"""Seconds between two looks at how much of what was sent is still on its way."""

_IDLE = State.Sta1  # an attribute of an Enum takes ten times as long, for each message

NO_WAIT = Wait(-1, read=False, write=False, until=None)
"""What there is to be received has come already."""


def handshake(association: Association, link: Link, clock: Clock) -> Waiting[None]:
    """The acceptor's begin: TLS if there is a context, then Evt5.

    A handshake that fails, or takes longer than `Limits.tls_handshake`, is the association's
    failure.
    """
    limit = association.limits.tls_handshake
    until = None if limit is None else clock() + limit
    try:
        if not (yield from link.shake_hands(until, server_side=True)):
            raise TimedOut("tls_handshake", limit or 0.0, "waiting for the TLS handshake")
    except DULError as error:
        association.unreachable(error)
        link.close()
    else:
        association.accepted(clock(), link.security)


def pump(
    association: Association, link: Link, clock: Clock, step: Pump | Meanwhile = PUMP
) -> Waiting[None]:
    """Exchange bytes once: open, send a batch, or wait for the peer or a deadline.

    Args:
        association: whose bytes.
        link: its connection.
        clock: gives the time.
        step: `PUMP`; with `TURN` the peer is waited for at once when all is sent, with `Meanwhile`
            when its function has returned.

    Raises:
        DULError: the association is over, or has not begun: nothing can come any more.
    """
    if association.connection_wanted:
        yield from open_link(association, link, clock)
        return
    wait = begin(association, link, clock, step)
    if wait is not None:
        end(association, link, clock, wait, ready=wait is NO_WAIT or (yield wait))


def begin(
    association: Association, link: Link, clock: Clock, step: Pump | Meanwhile
) -> Wait | None:
    """The half of `pump` before it waits, on a link that is open: send, and find out what to wait for.

    Who waits without a generator calls it, waits, and calls `end`.

    Returns:
        What to wait for; `NO_WAIT`: nothing, but go on with `end`; None: it is done.

    Raises:
        DULError: see `pump`.
    """
    if association.state is _IDLE:
        link.close()
        raise association.failure or LocalProtocolError("there is no association")
    if not link.is_open:
        association.disconnected(clock(), TransportError("the transport connection was closed"))
        return None
    sending = association.sending
    if sending and link.write_error is None:
        sending = not _send(association, link, clock)
        if not sending and step is not TURN:
            if type(step) is not Meanwhile:
                return None
            step.function()
    return _what_to_wait_for(association, link, clock, sending=sending)


def end(association: Association, link: Link, clock: Clock, wait: Wait, *, ready: bool) -> None:
    """The half of `pump` behind its `wait`: receive, and mind the deadlines."""
    if not ready:
        _look(association, link, clock())
    if not association.has_events:
        came = _receive(association, link, clock)
        # What came before the first deadline leaves none that has passed.
        in_time = came is not None and wait.until is not None and came < wait.until
        if in_time and not association.close_wanted:
            return
    _conclude(association, link, clock)


def push(association: Association, link: Link, clock: Clock) -> None:
    """Send what the transport takes at once: the user's function that is next may take its time."""
    if association.sending and link.is_open and link.write_error is None:
        _send(association, link, clock)


def exchange(association: Association, link: Link, clock: Clock) -> None:
    """Send what the transport takes, and receive what it has, without waiting for either."""
    push(association, link, clock)
    if link.is_open and not association.has_events:
        _receive(association, link, clock)
        _conclude(association, link, clock)


def rest(association: Association, link: Link, clock: Clock, until: float) -> Waiting[None]:
    """Send nothing until then, or until the peer says something or the association is over."""
    while clock() < until and link.is_open and not association.has_events:
        ready = link.has_pending()
        if not ready:
            link.quick_ack()
            deadline = association.next_deadline()
            ready = yield Wait(
                link.fileno(),
                read=True,
                write=link.receiving_wants_write,
                until=until if deadline is None else min(until, deadline),
            )
        if ready:
            _receive(association, link, clock)
        _conclude(association, link, clock)


def is_to_be_released(association: Association) -> bool:
    """Whether closing is releasing: there is an association, or the peer waits for our answer."""
    return association.established or association.release_due


def abort_connection(association: Association, link: Link, clock: Clock) -> Conversation[None]:
    """Abort whatever there is (see `conversations.abort`); without a word where none makes sense."""
    if _can_abort(association, link):
        yield from conversations.abort(association)
    else:
        _hang_up(association, link, clock)


def give_up_connection(association: Association, link: Link) -> Conversation[None]:
    """End what failed (see `conversations.give_up`)."""
    if _can_abort(association, link):
        yield from conversations.give_up(association)


def serve_connection(
    association: Association, conversation: Conversation[None]
) -> Conversation[None]:
    """An acceptor's conversation, behind the TLS handshake.

    It also runs where the handshake has failed: it finds the association over, and may say so.

    Raises:
        DULError: whatever the conversation raises; then, if it did, why the handshake failed.
    """
    failure = association.failure
    yield from conversation
    if failure is not None:
        raise failure


def _can_abort(association: Association, link: Link) -> bool:
    """Whether an A-ABORT makes sense: there is an association, and bytes find their place."""
    return not (link.uncertain or association.state is State.Sta2)


def _hang_up(association: Association, link: Link, clock: Clock) -> None:
    """Close the transport without a word."""
    link.close()
    association.disconnected(clock(), TransportError("the transport connection was closed"))


def _conclude(association: Association, link: Link, clock: Clock) -> None:
    """Act on a deadline that has passed, and on the association's end."""
    now = clock()
    until = association.next_deadline()
    if until is not None and now >= until:
        _look(association, link, now)
        association.handle_deadline(now)
    if association.close_wanted:
        _say_last_words(association, link)
        link.close()


def _say_last_words(association: Association, link: Link) -> None:
    """Tell the peer why, though it has ended the association itself; nobody waits for that."""
    if association.last_words and link.is_open and link.write_error is None:
        with contextlib.suppress(OSError):
            link.send([association.last_words])


def open_link(association: Association, link: Link, clock: Clock) -> Waiting[None]:
    """The half of `pump` for a requestor whose connection is to be opened."""
    until = association.next_deadline()
    try:
        is_open = yield from link.open(clock, until)
    except TransportError as error:
        link.close()
        association.disconnected(clock(), error)
        return
    if is_open:
        association.connected(clock(), link.security)
    else:
        link.close()
        association.handle_deadline(max(clock(), until or 0.0))  # a face may wake a moment early


def _send(association: Association, link: Link, clock: Clock) -> bool:
    """Send a batch; returns whether nothing more waits."""
    pace = link.pace
    room = None if pace is None else pace.room(clock())
    if room == 0:
        return False
    link.uncertain = True
    try:
        spans = association.data_to_send()
        count = link.send(spans if room is None else _clipped(spans, room))
        link.on_the_way += count
    except OSError as error:
        # The peer may have said why before it broke the connection: read that first.
        link.write_error = error
        count = 0
    now = clock()
    all_out = association.data_sent(count, now)
    link.uncertain = False
    if pace is not None:
        pace.sent(count, now)
    return all_out


def _clipped(spans: list[Buffer], room: int) -> list[Buffer]:
    """The first `room` bytes of the spans."""
    first: list[Buffer] = []
    for span in spans:
        if room <= 0:
            break
        first.append(memoryview(span)[:room])
        room -= len(span)
    return first


def _what_to_wait_for(
    association: Association, link: Link, clock: Clock, *, sending: bool
) -> Wait | None:
    broken = link.write_error
    hungry = not association.has_events  # what came must be taken before more can be received
    blocked = broken is None and sending
    held = link.pace.next if blocked and link.pace is not None else None
    if held is not None and held <= clock():
        held = None
    if not (hungry or blocked):
        if broken is not None:  # and what the peer said last cannot be read either
            association.disconnected(clock(), link.broke(broken, WHEN[association.state]))
        _conclude(association, link, clock)
        return None
    if hungry and link.has_pending():
        return NO_WAIT
    link.quick_ack()
    until = association.next_deadline()
    if until is not None and link.on_the_way:
        soon = clock() + LOOK
        until = min(until, soon)
    if held is not None:
        until = held if until is None else min(until, held)
    # Which descriptor, whether to be read, to be written, and until when.
    write = link.receiving_wants_write
    write = write or (blocked and held is None and not link.sending_wants_read)
    return new_wait((link.fileno(), hungry or link.sending_wants_read, write, until))


def _look(association: Association, link: Link, now: float) -> None:
    """Tell how much the peer has taken of what the kernel holds for it.

    The kernel may hold megabytes, and has not said a word while a slow peer takes them.
    """
    if link.on_the_way:
        association.data_taken(link.taken(), now)


def _receive(association: Association, link: Link, clock: Clock) -> float | None:
    """Receive what has come; gives when, or None: nothing has."""
    broken = link.write_error
    count: int | None = 0
    try:
        count = link.receive(association.get_buffer())
    except OSError as error:
        broken = error
    if count:
        now = clock()
        association.buffer_updated(count, now)
        return now
    if count == 0:
        cause = None if broken is None else link.broke(broken, WHEN[association.state])
        association.disconnected(clock(), cause)
    return None
