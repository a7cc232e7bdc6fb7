"""One end of an association, without I/O: bytes and time go in, bytes and indications come out.

The transport calls `connected`, `accepted`, `get_buffer` / `buffer_updated`, `disconnected`,
`data_to_send` / `data_sent` and `handle_deadline`; the local user calls `associate`, `accept`,
`reject`, `send`, `release`, `release_response` and `abort` (the primitives of PS3.8 section 7)
and takes `next_event`. Each of them is an event of Table 9-10, which `actions` acts on.
"""

from __future__ import annotations

from dul import events as ind
from dul.actions import OPEN_ENDED, ProviderCheck, Role, ServiceProvider, Trace
from dul.deadlines import ARTIM, GRACE
from dul.errors import DULError, LocalProtocolError, SourceFailed, TransportError
from dul.fsm import Event, State, step
from dul.negotiation import Negotiated, conclude
from dul.outbox import MINIMUM_PDU_LENGTH, Source
from dul.pdu import AssociateAC, AssociateRJ, AssociateRQ
from dul.wire import Buffer

__all__ = ["Association", "ProviderCheck", "Role", "Trace"]

_CLOSED_BY_PEER = "the peer closed the transport connection in {0.name} ({0.value})"
_NO_CONNECTION = frozenset({State.Sta1, State.Sta4})
_RELEASE_DUE = frozenset({State.Sta8, State.Sta9, State.Sta12})


class Association(ServiceProvider):
    """One end of one association (PS3.8 9.2).

    Args:
        role: requestor or acceptor.
        limits: bounds and times.
        provider_check: the acceptor's provider-level check besides the protocol version, for
            instance a full house (2/3/2).
        trace: is told every transition.

    Attributes:
        state: Sta1 to Sta13.
        negotiated: what was agreed, from the establishment on.
        connection_wanted: the requestor's transport is to be opened; then call `connected`.
        close_wanted: the transport is to be closed; nothing more will be sent or read.
        failure: the first thing that went wrong, or None.
        request: the A-ASSOCIATE-RQ, sent or received.
        refusal: our provider-level answer to it, if it was not acceptable (AE-6).
    """

    # ------------------------------------------------------------- the transport's side --

    @property
    def closed(self) -> bool:
        """The association is over and its transport is closed or to be closed."""
        return self._begun and self.state is State.Sta1

    def connected(self, now: float) -> None:
        """The transport connection that we asked for is open (Evt2)."""
        self._deadlines.tell(now)
        self.connection_wanted = False
        self._do(Event.Evt2)

    def accepted(self, now: float) -> None:
        """A peer opened a transport connection (Evt5)."""
        self._begin(Role.ACCEPTOR)
        self._deadlines.tell(now)
        self._do(Event.Evt5)

    def disconnected(self, now: float, cause: DULError | None = None) -> None:
        """The transport connection is closed, broken, or could not be opened (Evt17)."""
        self._deadlines.tell(now)
        self.connection_wanted = False
        self.close_wanted = True
        self._outbox.clear()
        if step(self.state, Event.Evt17) is not None:
            if self.state is not State.Sta13:
                self._blame(cause or TransportError(_CLOSED_BY_PEER.format(self.state)))
            self._do(Event.Evt17)

    def get_buffer(self) -> memoryview:
        """Where the transport puts what it receives; never empty.

        Raises:
            LocalProtocolError: data indications, whose fragments live in this buffer, have not
                been taken yet.
        """
        if any(isinstance(each, ind.DataIndication) for each in self._events):
            raise LocalProtocolError("take the events before the next bytes are received")
        return self._framer.get_buffer()

    def buffer_updated(self, count: int, now: float) -> None:
        """This many bytes were received into `get_buffer()`; after the end they are ignored.

        Raises:
            LocalProtocolError: there is no transport connection yet.
        """
        self._deadlines.tell(now)
        if self.close_wanted:
            return
        if self.state in _NO_CONNECTION:
            raise LocalProtocolError(f"nothing can be received in {self.state.name}")
        self._framer.buffer_updated(count)
        progress = self._receive_pdus()
        self._flush_pdvs()
        if self.state in OPEN_ENDED or not self._framer.incomplete:
            self._deadlines.disarm("pdu")
        elif progress or "pdu" not in self._deadlines:
            self._deadlines.arm("pdu")

    def receive_data(self, data: Buffer, now: float) -> None:
        """Received bytes that are somewhere else already; for tests and replays."""
        view = memoryview(data)
        while view and not self.close_wanted:
            room = self.get_buffer()
            count = min(len(room), len(view))
            room[:count] = view[:count]
            view = view[count:]
            self.buffer_updated(count, now)
            if view and any(isinstance(each, ind.DataIndication) for each in self._events):
                raise LocalProtocolError("more data than the receive buffer holds at once")

    @property
    def sending(self) -> bool:
        """Something waits to be sent."""
        return bool(self._outbox)

    def data_to_send(self) -> list[Buffer]:
        """What to hand to the transport next, in order; empty if there is nothing.

        A data set that cannot be read or ends too early aborts the association (Evt15): its
        message cannot be completed.
        """
        try:
            spans = self._outbox.spans()
        except Exception as error:  # noqa: BLE001 - a user's source may raise anything
            unreadable = SourceFailed(f"the data set cannot be read: {error}")
            unreadable.__cause__ = error
            self._fail(unreadable)
            spans = self._outbox.spans()
        if spans and "write" not in self._deadlines and self.state not in OPEN_ENDED:
            self._deadlines.arm("write")
        return spans

    def data_sent(self, count: int, now: float) -> None:
        """The transport took the first `count` bytes of `data_to_send()`."""
        self._deadlines.tell(now)
        if not self._outbox.sent(count):
            return
        if not self._outbox:
            self._deadlines.disarm("write")
            self._deadlines.resume()
        elif "write" in self._deadlines:
            self._deadlines.arm("write")

    def data_taken(self, count: int, now: float) -> None:
        """The peer took so many bytes of what the transport has been given, after some time.

        Only a transport that was slow needs to tell; what the peer is to do when it has read all,
        it cannot do before.
        """
        self._deadlines.tell(now)
        self._deadlines.prolong(count)

    def next_deadline(self) -> float | None:
        """When `handle_deadline` is to be called next, on the same clock; None: never."""
        return self._deadlines.next()

    def handle_deadline(self, now: float) -> None:
        """Act on the deadlines that have passed.

        Evt18 for ARTIM, a local abort (Evt15) for others; after an abort of ours the end of the
        grace, when the transport is closed by us (Evt17).
        """
        self._deadlines.tell(now)
        for which in self._deadlines.passed():
            if which not in self._deadlines:
                continue  # the one before it has ended the association
            if which == GRACE:
                self.disconnected(now)
                continue
            if which != ARTIM:
                self._fail(self._deadlines.error(which))
                continue
            if self.state is State.Sta2:
                self._blame(self._deadlines.error(which))
            self._do(Event.Evt18)

    def tick(self, now: float) -> None:
        """The user's handler returned: its time is not the peer's, so waiting starts anew."""
        self._deadlines.skip_to(now)

    # ----------------------------------------------------------------- the user's side --

    def next_event(self) -> ind.Indication | None:
        """Take the next indication or confirmation, in order; None: there is none yet."""
        return self._events.popleft() if self._events else None

    @property
    def has_events(self) -> bool:
        """Something waits in `next_event`."""
        return bool(self._events)

    @property
    def agreed(self) -> Negotiated:
        """What was agreed.

        Raises:
            LocalProtocolError: no association was ever established.
        """
        if self.negotiated is None:
            raise LocalProtocolError("the association is not established")
        return self.negotiated

    @property
    def established(self) -> bool:
        """Data may be sent and received."""
        return self.state is State.Sta6

    @property
    def abortable(self) -> bool:
        """`abort` is possible: the association has begun and is not over or about to be."""
        return step(self.state, Event.Evt15) is not None

    @property
    def release_due(self) -> bool:
        """The peer wants to release, and waits for `release_response`."""
        return self.state in _RELEASE_DUE

    def associate(self, request: AssociateRQ) -> None:
        """A-ASSOCIATE request primitive (Evt1)."""
        pdu = request.encode()
        self._begin(Role.REQUESTOR)
        self._do(Event.Evt1, pdu)
        self.request = request

    def accept(self, answer: AssociateAC) -> None:
        """A-ASSOCIATE response primitive, accept (Evt7).

        Raises:
            LocalProtocolError: the state does not allow it, a field does not fit, or the
                requestor's maximum length leaves no room for a fragment.
        """
        pdu = answer.encode()
        if step(self.state, Event.Evt7) is None:
            raise self._not_now(Event.Evt7)
        request = self.request
        assert request is not None  # Sta3 is only reached with one
        negotiated = conclude(request, answer, request.user_information)
        if 0 < negotiated.peer_maximum_length < MINIMUM_PDU_LENGTH:
            raise LocalProtocolError(
                f"the peer's maximum length {negotiated.peer_maximum_length} leaves no room "
                "for a fragment: reject the association"
            )
        self._do(Event.Evt7, pdu)
        self._establish(negotiated)

    def reject(self, answer: AssociateRJ) -> None:
        """A-ASSOCIATE response primitive, reject (Evt8)."""
        self._do(Event.Evt8, answer.encode())

    def send(self, context_id: int, *, command: bool, source: Source | Buffer) -> int:
        """P-DATA request primitive (Evt9): a command set or a data set, cut into PDUs later.

        Returns:
            A number by which `is_out` tells whether it left.

        Raises:
            LocalProtocolError: the state does not allow it, the context is not accepted, or
                there is nothing in the source.
        """
        if self.negotiated is None or context_id not in self.negotiated.contexts:
            raise LocalProtocolError(f"presentation context {context_id} is not accepted")
        if step(self.state, Event.Evt9) is None:
            raise self._not_now(Event.Evt9)
        number = self._outbox.put_data(context_id, command=command, source=source)
        self._do(Event.Evt9)
        return number

    def is_out(self, number: int) -> bool:
        """Whether the transport took the last byte of what `send` gave this number.

        Unlike `sending` it tells what was sent from what was dropped: it stays false when the
        association ended before.
        """
        return self._outbox.is_out(number)

    def withdraw(self) -> None:
        """Send no data set that is not out yet, nor what was queued behind it.

        For a request that cannot be answered any more, because the peer wants to release: its
        A-RELEASE-RQ must not wait for an answer behind the rest of a data set. A PDU that has
        begun is finished; control PDUs, and command sets without a data set, are sent.
        """
        self._outbox.withdraw()

    def release(self) -> None:
        """A-RELEASE request primitive (Evt11)."""
        self._do(Event.Evt11)

    def release_response(self) -> None:
        """A-RELEASE response primitive (Evt14)."""
        self._do(Event.Evt14)

    def abort(self) -> None:
        """A-ABORT request primitive (Evt15)."""
        self._do(Event.Evt15)

    def hasten(self) -> None:
        """Wait no longer than `Limits.grace` for the peer to close the connection (Sta13).

        Policy for who has no time to wait for ARTIM, which runs on. In other states: nothing.
        """
        if self.state is State.Sta13 and GRACE not in self._deadlines:
            self._deadlines.arm(GRACE)

    def expect(self, which: str | None) -> None:
        """Wait for the peer's data with a bound of `Limits`: "reply", "idle", or None for none.

        The time starts when all that is to be sent is sent. That of "idle" starts anew with each
        P-DATA-TF that has something in it; "reply" is for a whole response, to the last byte.
        """
        self._deadlines.expect(which, start=not self._outbox)
