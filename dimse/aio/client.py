"""The service class user's asyncio face: `dimse.client` for programs that run on an event loop."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Iterable,
    Sequence,
)
from types import TracebackType

from dimse.aio.session import Session
from dimse.asked import Asked
from dimse.crew import crew, roster_for
from dimse.dialogue import VERIFICATION_CONTEXT, Dialogue
from dimse.engine import Entry, Roster
from dimse.events import ClientEvent, GivenUp, NotAssociated
from dimse.offers import ContextOffer, checked_offers
from dimse.outcome import Outcome
from dimse.peer import Peer
from dimse.policy import Policy
from dimse.scu import Reply
from dul.aio import Line, Lines
from dul.association import Trace
from dul.errors import DulcetError
from dul.limits import Limits
from dul.user_items import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
)
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import Self, Unpack

    from dimse.how import How
    from dimse.probing import Probe

__all__ = ["Client", "Events", "Outcomes", "Sending"]


class Events(AsyncIterator[ClientEvent]):
    """What happens, event by event; nothing happens until the first one is taken.

    Made by `Client.echoes`.
    """

    def __init__(self, events: AsyncGenerator[ClientEvent, None]) -> None:
        self._events = events
        self._begun = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ClientEvent:
        """What happens next."""
        self._begun = True
        return await anext(self._events)

    async def aclose(self) -> None:
        """Send no more: an association that is open is aborted. Idempotent."""
        self._begun = True
        await self._events.aclose()

    def __del__(self) -> None:
        if not self._begun:
            warnings.warn(
                "nothing was sent: what `store`, `send` or `echoes` gave was never iterated over "
                "(`async for`)",
                RuntimeWarning,
                stacklevel=2,
            )


class Sending(Events):
    """Objects on their way, as events. Made by `Client.send`.

    Attributes:
        roster: what was asked for.
    """

    def __init__(self, events: AsyncGenerator[ClientEvent, None], roster: Roster) -> None:
        super().__init__(events)
        self.roster = roster

    @property
    def entries(self) -> list[Entry]:
        """What was asked for, as far as it was looked at, each with its verdict."""
        return self.roster.entries


class Outcomes(AsyncIterator[Outcome]):
    """The outcomes of a `Sending`, one for each object; nothing is sent until the first is taken."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending
        self._error: DulcetError | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome:
        """The outcome of the next object.

        Raises:
            DulcetError: no association was to be had, or too many were lost; the objects without
                an outcome were not sent.
        """
        async for event in self._sending:
            match event:
                case Outcome():
                    return event
                case NotAssociated() | GivenUp():
                    self._error = event.error
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Send no more: an association that is open is aborted. Idempotent."""
        await self._sending.aclose()


class Client:
    """C-ECHO and C-STORE to one peer.

    In an `async with` block the association of one call is kept for the next, as far as its
    presentation contexts do, and one task at a time may use the client (`LocalProtocolError`);
    without, each call has an association of its own, and tasks may share the client.

    Args:
        host: name or address of the peer.
        port: its TCP port, 1 to 65535.
        called_ae_title: its AE title, 1 to 16 characters.
        calling_ae_title: ours, the same.
        limits: bounds and times.
        tls: a client context, for TLS.
        server_hostname: whom its certificate must name; default: the host.
        user_identity: 58H, for peers that want a user name, a ticket or a token (PS3.7 D.3.3.7).
        roles: 54H, one for each SOP class whose roles are not the default (PS3.7 D.3.3.4).
        extended: 56H, by SOP class (PS3.7 D.3.3.5).
        ask_storage: propose extended negotiation for each storage SOP class that is proposed, to hear
            what the peer's storage preserves; see `dimse.StorageLevels`.
        common_extended: 57H, by SOP class (PS3.7 D.3.3.6).
        window: 53H, how many operations may be outstanding (PS3.7 D.3.3.3); None: not proposed.
        family: of the addresses that are tried, `socket.AF_INET` or `AF_INET6`; 0: either.
        trace: is told every transition of the state machine.

    Raises:
        InvalidValue: a value that no association can be requested with.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        called_ae_title: str = "ANY-SCP",
        calling_ae_title: str = "DULCET",
        limits: Limits | None = None,
        tls: SSLContext | None = None,
        server_hostname: str | None = None,
        user_identity: UserIdentity | None = None,
        roles: Sequence[RoleSelection] = (),
        extended: Sequence[ExtendedNegotiation] = (),
        ask_storage: bool = False,
        common_extended: Sequence[CommonExtendedNegotiation] = (),
        window: AsynchronousOperationsWindow | None = None,
        family: int = 0,
        trace: Trace | None = None,
    ) -> None:
        self.peer = Peer(
            host=host,
            port=port,
            called_ae_title=called_ae_title,
            calling_ae_title=calling_ae_title,
            limits=limits or Limits(),
            tls=tls,
            server_hostname=server_hostname,
            user_identity=user_identity,
            roles=tuple(roles),
            extended=tuple(extended),
            ask_storage=ask_storage,
            common_extended=tuple(common_extended),
            window=window,
            family=family,
            trace=trace,
        )
        self._line = Line()
        self._dialogue = Dialogue(self.peer, time.monotonic)
        self._keep = False

    async def __aenter__(self) -> Self:
        self._keep = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release the association that was kept, or abort it if an exception is on its way."""
        self._keep = False
        try:
            if error is None:
                await self._line.run(self._dialogue.end())
        finally:
            await self._line.abort()

    async def associate(self, contexts: Sequence[ContextOffer]) -> Session:
        """Establish an association of its own that proposes these contexts.

        Raises:
            InvalidValue: they are none.
            AssociationRejected, AssociationAborted, TransportError, TimedOut: there is none.
        """
        line, dialogue = Line(), Dialogue(self.peer, time.monotonic)
        return Session(line, dialogue, await line.run(dialogue.associate(checked_offers(contexts))))

    async def echo(self) -> Reply:
        """One C-ECHO.

        Raises:
            LocalProtocolError: the peer does not take Verification.
            DulcetError: there is no association, or it ended.
        """
        line, dialogue = self._talk()
        return await line.run(dialogue.echo(keep=self._keep))

    def store(self, items: Asked | Iterable[Asked], **how: Unpack[How]) -> Outcomes:
        """C-STORE of files and data sets, on as many associations as it takes.

        It is lazy: an object is sent when its outcome is asked for. A result
        that is dropped without being iterated over warns, since nothing was sent.

        Args:
            items: paths, pydicom data sets, objects that were examined, what
                `dimse.objects.finder` found; or a single one. An iterator is taken from as objects
                are sent, not at once.
            how: the attributes of `dimse.policy.Policy`.

        Returns:
            An outcome per object. Taking it raises DulcetError at the end where no association was
            to be had, or too many were lost: what has no outcome was not sent.

        Raises:
            InvalidValue: an argument that is none.
        """
        how.setdefault("details", False)
        return Outcomes(self.send(items, **how))

    def send(self, items: Asked | Iterable[Asked], **how: Unpack[How]) -> Sending:
        """The same as `store`, told event by event (`dimse.events`); raises none of what happens.

        Args:
            items: as `store`.
            how: as `store`.
        """
        line, dialogue = self._talk()
        roster, senders = crew(dialogue, items, how, threading.Lock(), keep=self._keep)
        if len(senders) == 1:
            return Sending(line.play(senders[0].run()), roster)
        return Sending(Lines().play(each.run() for each in senders), roster)

    def dry_run(self, items: Asked | Iterable[Asked], **how: Unpack[How]) -> Events:
        """What `send` would do, told event by event, without a connection (`dimse.events`).

        Objects are looked at as they would be, and a journal is read, but not written.

        Args:
            items: as `store`.
            how: as `store`.

        Raises:
            InvalidValue: an argument that is none.
        """
        from dimse.rehearsal import rehearse  # noqa: PLC0415 - who sends needs none

        policy = Policy(**how)
        roster = roster_for(
            self.peer, items, policy, time.monotonic, threading.Lock(), writes=False
        )
        return Events(Line().play(rehearse(self.peer, roster)))

    async def probe(
        self,
        contexts: Iterable[ContextOffer],
        *,
        told: Callable[[ClientEvent], None] | None = None,
    ) -> Probe:
        """What the peer accepts: propose these contexts, release, and send nothing.

        Args:
            contexts: of any number; where they exceed 128, on several associations.
            told: is given each event of the associations, as it happens.

        Raises:
            InvalidValue: they are none.
            AssociationRejected, AssociationAborted, TransportError, TimedOut: there is no
                association.
        """
        from dimse.probing import Probed, probe  # noqa: PLC0415 - the same

        async for event in Line().play(probe(Dialogue(self.peer, time.monotonic), contexts)):
            if isinstance(event, Probed):
                answer = event.probe
            elif told is not None:
                told(event)
        return answer

    def echoes(
        self,
        count: int = 1,
        *,
        abort: bool = False,
        interval: float = 0.0,
        contexts: Sequence[ContextOffer] = (VERIFICATION_CONTEXT,),
    ) -> Events:
        """C-ECHOs on an association of their own, told event by event (`dimse.events`).

        Args:
            count: how many.
            abort: end the association with an A-ABORT instead of a release.
            interval: seconds from one request to the next, if the response has come by then.
            contexts: presentation contexts that are proposed; one at least is for Verification.
        """
        dialogue = Dialogue(self.peer, time.monotonic)
        return Events(
            Line().play(dialogue.echoes(count, abort=abort, interval=interval, contexts=contexts))
        )

    def _talk(self) -> tuple[Line, Dialogue]:
        """The association that is kept, or room for one of its own."""
        if self._keep:
            return self._line, self._dialogue
        return Line(), Dialogue(self.peer, time.monotonic)
