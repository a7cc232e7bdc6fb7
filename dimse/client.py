"""The service class user's blocking face; `dimse.aio` has the same for asyncio.

    with Client("pacs.example", 104, called="PACS") as pacs:
        pacs.echo()
        for outcome in pacs.store(["a.dcm", "b.dcm"]):
            print(outcome.path, outcome.meaning)

All that is protocol is in `dimse.scu`, `dimse.sending` and below.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias

from dimse.errors import DIMSEError
from dimse.objects.outgoing import Outgoing, Sendable, examine
from dimse.outcome import Outcome
from dimse.plan import ContextOffer, numbered, plan
from dimse.scu import VERIFICATION, Reply
from dimse.sending import Operations
from dimse.tables.transfer_syntaxes import UNCOMPRESSED
from dul import blocking
from dul.association import Trace
from dul.limits import Limits
from dul.negotiation import request
from dul.pdu import AssociateRQ
from dul.user_items import UserIdentity
from dul.values import dataclass, field

__all__ = ["VERIFICATION_CONTEXT", "Client", "Item", "Peer", "Session"]

Item: TypeAlias = Sendable
"""A path, or a pydicom data set."""

VERIFICATION_CONTEXT = ContextOffer(VERIFICATION, UNCOMPRESSED[:1])


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom to call, and how.

    Attributes:
        host: name or address.
        port: TCP port.
        called: its AE title, 1 to 16 characters.
        calling: our AE title.
        limits: bounds and times.
        tls: a client context, for TLS.
        server_hostname: whom its certificate must name; default: the host.
        user_identity: 58H, for peers that want a user name, a ticket or a token.
        trace: is told every transition of the state machine.
        wakeup: ends whatever waits; blocking only.
    """

    host: str
    port: int
    called: str = "ANY-SCP"
    calling: str = "DULCET"
    limits: Limits = field(default_factory=Limits)
    tls: ssl.SSLContext | None = None
    server_hostname: str | None = None
    user_identity: UserIdentity | None = None
    trace: Trace | None = None
    wakeup: blocking.Wakeup | None = None

    def request(self, contexts: Sequence[ContextOffer]) -> AssociateRQ:
        """The A-ASSOCIATE-RQ that proposes these contexts."""
        return request(
            self.called,
            self.calling,
            numbered(contexts),
            self.limits,
            user_identity=self.user_identity,
        )

    def association_options(self) -> dict[str, Any]:
        """What `connect` of either face wants to know besides."""
        return {
            "limits": self.limits,
            "tls": self.tls,
            "server_hostname": self.server_hostname,
            "trace": self.trace,
        }


def examine_all(items: Iterable[Item]) -> tuple[list[Outgoing], list[Outcome]]:
    """What can be sent, and the outcomes of what cannot."""
    good: list[Outgoing] = []
    bad: list[Outcome] = []
    for item in items:
        try:
            good.append(examine(item))
        except DIMSEError as error:
            path = getattr(error, "path", None)
            bad.append(Outcome(path=path, error=error))
    return good, bad


class Session:
    """One established association of a `Client`. A context manager: leaving it releases."""

    def __init__(self, connection: blocking.Connection) -> None:
        self.connection = connection
        self.negotiated = connection.negotiated
        self._operations = Operations(connection.association, self.negotiated, time.monotonic)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.connection.__exit__(kind, error, traceback)

    def echo(self, **options: Any) -> Reply:
        """C-ECHO; options and errors are those of `dimse.scu.echo`."""
        return self.connection.run(self._operations.echo(**options))

    def store(self, item: Outgoing, **options: Any) -> Outcome:
        """C-STORE of one examined object. Raises what `dimse.sending.send_one` raises."""
        return self.connection.run(self._operations.store(item, **options))

    def release(self) -> None:
        """End the association in order."""
        self.connection.release()

    def abort(self) -> None:
        """End it at once."""
        self.connection.abort()


class Client:
    """C-ECHO and C-STORE to one peer; arguments are those of `Peer`."""

    def __init__(self, host: str, port: int, **options: Any) -> None:
        self.peer = Peer(host, port, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing is open between the calls."""

    def associate(self, contexts: Sequence[ContextOffer]) -> Session:
        """Establish an association that proposes these contexts.

        Raises:
            AssociationRejected, AssociationAborted, TransportError, TimedOut: there is none.
        """
        peer = self.peer
        connection = blocking.connect(
            peer.host,
            peer.port,
            peer.request(contexts),
            **peer.association_options(),
            wakeup=peer.wakeup,
        )
        return Session(connection)

    def echo(self) -> Reply:
        """One C-ECHO on an association of its own.

        Raises:
            DULError: there is no association, or the peer does not take Verification.
        """
        with self.associate([VERIFICATION_CONTEXT]) as session:
            return session.echo()

    def store(
        self, items: Iterable[Item], *, base_contexts: Sequence[ContextOffer] = (), **options: Any
    ) -> Iterator[Outcome]:
        """C-STORE of files and data sets, on as many associations as their contexts need.

        Args:
            items: paths and pydicom data sets.
            base_contexts: proposed besides those that the objects need.
            options: priority, move_originator, observe; see `dimse.scu.store`.

        Yields:
            An outcome per object, first those that cannot be sent at all.

        Raises:
            DULError: an association failed; what was not yielded was not stored.
        """
        good, bad = examine_all(items)
        yield from bad
        for planned in plan(good, base_contexts=base_contexts):
            with self.associate(planned.offers) as session:
                for item in planned.objects:
                    yield session.store(item, **options)
