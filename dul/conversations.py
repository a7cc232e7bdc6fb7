"""Conversations: what one end says and waits for, written once for both faces.

A conversation is a generator. It talks to the `Association` and yields only to say "pump once"
(`PUMP`, and `POLL` if it has better to do than to wait) or "let the user's function run" (`Call`,
whose result is sent back in); it returns its outcome, or raises. A face drives it: `dul.blocking`
with a thread, `dul.aio` with a task.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from dul import events as ind
from dul.association import Association
from dul.enumeration import Enum
from dul.errors import (
    AssociationAborted,
    AssociationRejected,
    InvalidPDU,
    TransportError,
)
from dul.fsm import State
from dul.items import DICOM_APPLICATION_CONTEXT
from dul.negotiation import Negotiated
from dul.pdata import Source
from dul.pdu import AssociateAC, AssociateRJ, AssociateRQ
from dul.values import TYPE_CHECKING, TypeVar, dataclass
from dul.wire import Buffer

if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import Any, Final, NoReturn, TypeAlias

    from dul.pace import Pace

__all__ = [
    "POLL",
    "PUMP",
    "TURN",
    "Call",
    "Connect",
    "Conversation",
    "Disconnect",
    "Meanwhile",
    "Pause",
    "Pump",
    "Script",
    "Step",
    "abort",
    "accept",
    "associate",
    "drain",
    "fail",
    "flush",
    "give_up",
    "receive",
    "release",
    "respond_to_release",
    "send",
]


class Pump(Enum):
    """What a conversation asks the transport for."""

    ONCE = "exchange bytes with the transport: send a batch, or wait for the peer"
    TURN = "send what waits, and when all is out, wait for the peer"
    # What goes wrong with the face meanwhile, an interrupt for instance, is raised at the `yield`.
    NOW = "exchange what can be exchanged without waiting"


PUMP: Final = Pump.ONCE
"""Exchange bytes with the transport: send a batch, or wait for the peer."""

TURN: Final = Pump.TURN
"""Send what waits, and when all is out, wait for the peer: it is the peer's turn. `PUMP`, for who has
nothing to do in between."""

POLL: Final = Pump.NOW
"""Exchange what can be exchanged without waiting."""


@dataclass(frozen=True, slots=True)
class Call:
    """Let a function of the user's run; it may take its time, which is not the peer's.

    What it returns is the value of the `yield`; what it raises is raised there.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """`TURN`, with something to do when all is out: a function runs before the peer is waited for.

    It waits for nothing, takes no longer than a message does, and raises nothing.
    """

    function: Callable[[], object]


Step = Pump | Call | Meanwhile
"""What a conversation may yield."""

T = TypeVar("T")
Conversation: TypeAlias = "Generator[Step, Any, T]"
"""A generator of steps that returns its outcome; whoever drives it sends in what a `Call` gave."""


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a transport to the association acceptor, for an association that is not begun.

    The steps that follow are about this association. What goes wrong is raised at the `yield`:
    TransportError, Interrupted.

    Attributes:
        association: the requestor's end.
        host: name or address; all its addresses are tried.
        port: TCP port.
        tls: a client context (`ssl.SSLContext`), for TLS.
        server_hostname: whom the peer's certificate must name; None: the host.
        pace: how fast bytes may leave; None: as fast as they can.
        family: of the addresses that are tried, `socket.AF_INET` or `AF_INET6`; 0: either.
    """

    association: Association
    host: str
    port: int
    tls: SSLContext | None = None
    server_hostname: str | None = None
    pace: Pace | None = None
    family: int = 0


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close the transport; an association that is not over is aborted first."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait this many seconds; with an association open, only until the peer says something."""

    seconds: float


Script: TypeAlias = "Generator[Any, Any, T]"
"""A conversation over several associations, one after the other.

It yields the steps of conversations, `Connect`, `Disconnect`, `Pause`, and anything else: that is
for whoever plays it (`blocking.Line`, `aio.Line`), an event to be told.
"""


def fail(event: ind.AbortIndication | ind.ProviderAbortIndication) -> NoReturn:
    """Raise what ended the association.

    Raises:
        AssociationAborted: the peer sent A-ABORT.
        DULError: the cause of a provider abort.
    """
    if isinstance(event, ind.AbortIndication):
        raise AssociationAborted(event.source, event.reason)
    raise event.cause


def associate(association: Association, request: AssociateRQ) -> Conversation[Negotiated]:
    """Establish an association as its requestor (PS3.8 7.1).

    Args:
        association: one that is not begun.
        request: the A-ASSOCIATE-RQ, as `dul.request` makes it.

    Returns:
        What was agreed; there may be no accepted context in it.

    Raises:
        AssociationRejected: the peer answered A-ASSOCIATE-RJ.
        AssociationAborted: the peer aborted.
        DULError: no connection, a deadline, a broken answer, or another application context.
    """
    association.associate(request)
    while True:
        event = association.next_event()
        match event:
            case ind.AssociateConfirmation(negotiated):
                name = negotiated.accept.application_context
                if name != DICOM_APPLICATION_CONTEXT:
                    # PS3.8 7.1.1.2: who cannot live with the acceptor's name aborts.
                    if association.abortable:  # not if the peer has ended it by now
                        association.abort()
                    raise InvalidPDU(
                        AssociateAC.NAME, 68, f"application context {name!r} is not DICOM's"
                    )
                return negotiated
            case ind.RejectConfirmation(result, source, reason):
                raise AssociationRejected(result, source, reason)
            case ind.AbortIndication() | ind.ProviderAbortIndication():
                fail(event)
        yield TURN


def accept(
    association: Association, decide: Callable[[AssociateRQ], AssociateAC | AssociateRJ]
) -> Conversation[Negotiated | None]:
    """Wait for a request as the acceptor and answer it.

    Args:
        association: in Sta2.
        decide: the local user's answer; run as a `Call`.

    Returns:
        What was agreed, or None: there was no request, or it was rejected. Then nothing more
        is to be said; `association.failure` has the reason if the peer was at fault.
    """
    while not association.closed:
        event = association.next_event()
        if isinstance(event, ind.AssociateIndication):
            answer = yield Call(decide, (event.request,))
            if association.state is not State.Sta3:
                continue  # the peer went away while we decided
            if isinstance(answer, AssociateAC):
                association.accept(answer)
                return association.negotiated
            association.reject(answer)
        elif event is None:
            yield TURN
    return None


def send(
    association: Association, context_id: int, *, command: bool, source: Source | Buffer
) -> Conversation[None]:
    """Send a command set or a data set on an accepted context, and wait until it is out.

    Args:
        association: it is sent on.
        context_id: of the accepted presentation context.
        command: whether it is a command set.
        source: its bytes, or what they are read from while they are sent.

    Raises:
        LocalProtocolError: nothing may be sent now.
    """
    association.send(context_id, command=command, source=source)
    yield from flush(association)


def flush(association: Association) -> Conversation[None]:
    """Until all that waits is handed to the transport; what comes in meanwhile waits.

    It stops early when the association ends or something was received: look at that first.
    """
    while association.sending and not association.closed and not association.has_events:
        yield PUMP


def receive(association: Association) -> Conversation[ind.DataIndication | ind.ReleaseIndication]:
    """The next thing that the peer's user says on an established association.

    Raises:
        AssociationAborted: the peer aborted.
        DULError: the association ended otherwise.
    """
    while True:
        event = association.next_event()
        match event:
            case ind.DataIndication() | ind.ReleaseIndication():
                return event
            case ind.AbortIndication() | ind.ProviderAbortIndication():
                fail(event)
        if association.closed:
            raise association.failure or TransportError("the association is closed")
        yield TURN


def release(association: Association) -> Conversation[None]:
    """Release the association and wait for its end (PS3.8 7.2).

    If the peer was first, and its A-RELEASE-RQ is not answered yet, it is answered; if both ask at
    the same time, the collision is gone through, and a peer that closes the connection in the
    middle of it has released as well. Either way a request of ours that is still on its way out is
    not finished (`Association.withdraw`). Data that the peer still sends is dropped
    (AR-6 hands it to a user who has left).

    Raises:
        AssociationAborted: the peer aborted instead.
        LocalProtocolError: there is no association to release.
        DULError: the association ended otherwise.
    """
    wanted = _take_all(association, wanted=association.release_due)
    if not association.release_due:
        association.release()
    while not association.closed:
        if association.release_due:
            association.withdraw()
            association.release_response()
        yield PUMP
        wanted = _take_all(association, wanted=wanted)


def respond_to_release(association: Association, *, withdraw: bool = False) -> Conversation[None]:
    """Answer the peer's A-RELEASE-RQ and wait for its end of the connection.

    Args:
        association: its A-RELEASE indication was taken.
        withdraw: do not finish a request that is on its way out, so that the answer leaves at
            once: who releases will not respond to it (`Association.withdraw`). A provider, whose
            responses the peer may still want, lets them go first (AR-7).

    Raises:
        LocalProtocolError: the peer did not ask, or is answered already.
    """
    if withdraw:
        association.withdraw()
    association.release_response()
    yield from drain(association)


def _take_all(association: Association, *, wanted: bool) -> bool:
    """Take what the peer said, and forget it; but raise how it ended the association, if it did.

    Args:
        association: is being released.
        wanted: the peer has asked for a release, too. Then it may close the connection without
            an answer to ours: it is over, as both wanted.

    Returns:
        Whether the peer has asked by now.
    """
    while (event := association.next_event()) is not None:
        match event:
            case ind.ReleaseIndication():
                wanted = True
                association.withdraw()  # in a collision our own A-RELEASE-RQ waits behind the data
            case ind.ProviderAbortIndication(TransportError()) if wanted:
                pass
            case ind.AbortIndication() | ind.ProviderAbortIndication():
                fail(event)
    return wanted


def abort(association: Association) -> Conversation[None]:
    """Abort from whatever state, and wait until the connection is over (`Limits.grace` at most).

    If the association is over already, but the peer has not closed the connection (Sta13), its
    close is not waited for any longer than that either.
    """
    if association.abortable:
        association.abort()
    association.hasten()
    yield from drain(association)


def give_up(association: Association) -> Conversation[None]:
    """End what a conversation that failed has left: abort it, unless the failure has ended it.

    Then nobody is in a hurry: the peer has the time that the standard gives it (ARTIM).
    """
    if association.abortable:
        association.abort()
    yield from drain(association)


def drain(association: Association) -> Conversation[None]:
    """Until the transport is closed; what still comes in is not looked at."""
    while True:
        if association.next_event() is None:
            if association.closed or association.state is State.Sta1:
                return
            yield TURN
