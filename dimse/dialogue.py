"""A client's associations with its peer, one after the other.

Scripts for `dul.blocking.Line` and `dul.aio.Line`: they associate, keep an association for the next
operation where its presentation contexts do, and end it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dimse.errors import IdentityUnconfirmed, ReleasedByPeer
from dimse.events import (
    Associated,
    Associating,
    Done,
    Echoed,
    Lost,
    NotAssociated,
    NotReleased,
    Released,
    Releasing,
)
from dimse.peer import Peer
from dimse.plan import SEED_CONTEXTS, ContextOffer
from dimse.scu import Operations, Reply
from dimse.tables.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, VERIFICATION
from dul import conversations
from dul.association import Association, Role
from dul.conversations import Connect, Disconnect, Pause, Script
from dul.errors import DulcetError, Interrupted
from dul.limits import Limits
from dul.negotiation import Negotiated
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from dul.pace import Pace

__all__ = ["KEPT_CONTEXTS", "VERIFICATION_CONTEXT", "Dialogue"]

VERIFICATION_CONTEXT = ContextOffer(VERIFICATION, (IMPLICIT_VR_LITTLE_ENDIAN,))

_IMPLICIT, _EXPLICIT = IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN
KEPT_CONTEXTS = (
    VERIFICATION_CONTEXT,
    *(
        ContextOffer(offer.abstract_syntax, (syntax,))
        for offer in SEED_CONTEXTS
        for syntax in (_EXPLICIT, _IMPLICIT)
    ),
)
"""What an association proposes that is to be kept from one call to the next: Verification, and
the most common storage SOP classes in either uncompressed syntax, so that most files can follow an
echo. Objects that need others get a new association."""


class Dialogue:
    """What goes on between a client and its peer.

    Args:
        peer: whom to call.
        clock: seconds, for how long operations take.

    Attributes:
        pace: how fast bytes leave on the associations to come; None: as fast as they can.
        operations: those of the open association, None if there is none.
    """

    def __init__(self, peer: Peer, clock: Callable[[], float]) -> None:
        self.peer = peer
        self.pace: Pace | None = None
        self.clock = clock
        self.operations: Operations | None = None
        self._proposed: frozenset[ContextOffer] = frozenset()
        self._served: Sequence[ContextOffer] | None = (
            None  # some of those, which were asked for last
        )
        self._paced_by: Pace | None = None

    def associate(
        self, offers: Sequence[ContextOffer], needed: Sequence[ContextOffer] | None = None
    ) -> Script[Operations]:
        """Have an association that proposed these contexts: the open one, or a new one.

        Args:
            offers: what a new one proposes.
            needed: what the open one must have proposed; None: the same.

        Raises:
            AssociationRejected, AssociationAborted, TransportError, TimedOut ...: there is none.
        """
        if self.operations is not None:
            if self.serves(offers if needed is None else needed) and (
                yield from self.operations.look()
            ):
                return self.operations
            yield from self.end()
        asked = self.peer.request(offers)
        yield Associating(asked)
        association = Association(Role.REQUESTOR, self._limits(), trace=self.peer.trace)
        try:
            peer = self.peer
            yield Connect(
                association,
                peer.host,
                peer.port,
                peer.tls,
                peer.server_hostname,
                self.pace,
                peer.family,
            )
            negotiated = yield from conversations.associate(association, asked)
            _check_identity(negotiated)
        except Interrupted:
            raise
        except DulcetError:
            yield Disconnect()
            raise
        self.operations = Operations(association, negotiated)
        self._proposed = frozenset(offers)
        self._served = None
        self._paced_by = self.pace
        yield Associated(negotiated, association.security)
        return self.operations

    def serves(self, offers: Sequence[ContextOffer]) -> bool:
        """Whether the association, open or not any more, proposed these contexts, at this pace."""
        if offers is not self._served:  # objects of a kind need the same
            if not self._proposed.issuperset(offers):
                return False
            self._served = offers
        return self._paced_by is self.pace

    def _limits(self) -> Limits:
        limits, pace = self.peer.limits, self.pace
        if pace is None or pace.largest_pdu >= limits.max_send_pdu_length:
            return limits
        # Takes as long to import as half a tool, and only a slow pace needs it.
        from dataclasses import replace  # noqa: PLC0415

        return replace(limits, max_send_pdu_length=pace.largest_pdu)

    def end(self, *, abort: bool = False) -> Script[None]:
        """End the open association, if there is one: release it, or abort it."""
        operations, self.operations = self.operations, None
        if operations is None:
            return
        yield Releasing(abort=abort)
        error: DulcetError | None = None
        try:
            if not abort and (yield from operations.look()):
                yield from conversations.release(operations.association)
        except Interrupted:
            raise
        except DulcetError as caught:
            error = caught
        yield Disconnect()
        if not abort:
            # The peer may release as well as we: either way it is over as it should be.
            if operations.ended is not None and not isinstance(operations.ended, ReleasedByPeer):
                error = operations.ended
            yield NotReleased(error) if error is not None else Released()

    def drop(self) -> Script[None]:
        """The association is of no use any more: abort it, if it is not over yet."""
        self.operations = None
        yield Disconnect()

    def echo(self, *, keep: bool) -> Script[Reply]:
        """One C-ECHO, on the open association if it has a context for Verification.

        Args:
            keep: leave the association open, for whatever comes next.

        Raises:
            DulcetError: there is no association, or the peer does not take Verification.
        """
        # Whatever else the open association proposed, this much it did, if it is to be kept.
        operations = yield from self.associate(KEPT_CONTEXTS if keep else [VERIFICATION_CONTEXT])
        try:
            reply = yield from operations.echo(details=False)
        except Interrupted:
            raise
        except DulcetError:
            if not keep:
                yield from self.end()
            raise
        if not keep:
            yield from self.end()
        return reply

    def echoes(
        self,
        count: int,
        *,
        abort: bool,
        interval: float = 0.0,
        contexts: Sequence[ContextOffer] = (VERIFICATION_CONTEXT,),
    ) -> Script[None]:
        """So many C-ECHOs on one association, told by events; it is ended after them.

        Args:
            count: how many.
            abort: end it with an A-ABORT instead of a release.
            interval: seconds from one request to the next, if the response has come by then.
            contexts: presentation contexts that are proposed; one at least is for Verification.

        Raises:
            Interrupted: the wakeup was set.
        """
        try:
            operations = yield from self.associate(contexts)
        except Interrupted:
            raise
        except DulcetError as error:
            yield NotAssociated(error)
            yield Done()
            return
        try:
            if operations.accepted:
                started = self.clock() - interval
                for _ in range(count):
                    yield from self._wait(operations, started + interval)
                    started = self.clock()
                    reply = yield from operations.echo()
                    yield Echoed(reply.status, reply.error_comment, self.clock() - started)
        except Interrupted:
            raise
        except DulcetError as error:
            yield from self.drop()
            yield Lost(error, 1, 0)
        yield from self.end(abort=abort)
        yield Done()

    def _wait(self, operations: Operations, until: float) -> Script[None]:
        """Until then, or until the association is over: who asks next is told of that."""
        while (left := until - self.clock()) > 0 and (yield from operations.look()):
            yield Pause(left)


def _check_identity(negotiated: Negotiated) -> None:
    identity = negotiated.request.user_information.user_identity
    if identity is None or not identity.positive_response_requested:
        return
    if negotiated.accept.user_information.user_identity_response is None:
        raise IdentityUnconfirmed
