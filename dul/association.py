"""One end of an association, without I/O: bytes and time go in, bytes and indications come out.

The transport calls `connected`, `accepted`, `get_buffer` / `buffer_updated`, `disconnected`,
`data_to_send` / `data_sent` and `handle_deadline`; the local user calls `associate`, `accept`,
`reject`, `send`, `release`, `release_response` and `abort` (the primitives of PS3.8 section 7)
and takes `next_event`. Here is what the user says, and what leaves; what happens to an end otherwise,
and what all of it does to its state, is in `dul.machine`.
"""

from __future__ import annotations

from dul import events as ind
from dul.actions import Brought
from dul.deadlines import OPEN_ENDED
from dul.errors import (
    LocalProtocolError,
    SourceFailed,
)
from dul.fsm import Event, State, step
from dul.inbox import ProviderCheck, Role
from dul.machine import ProtocolMachine, Trace
from dul.negotiation import Negotiated, agree
from dul.pdata import MINIMUM_PDU_LENGTH, Source, Stream
from dul.pdu import AssociateAC, AssociateRJ, AssociateRQ
from dul.wire import Buffer

__all__ = ["Association", "ProviderCheck", "Role", "Trace"]

# By a name of this module: an attribute of an Enum takes ten times as long, on the path of every object.
_ESTABLISHED = State.Sta6
_RELEASE_DUE = frozenset({State.Sta8, State.Sta9, State.Sta12})


class Association(ProtocolMachine):
    """One end of one association (PS3.8 9.2).

    It reads no clock: `now` is the time of the call in seconds, on one clock of the caller's that never
    goes back.

    Args:
        role: requestor or acceptor.
        limits: bounds and times.
        provider_check: the acceptor's provider-level check besides the protocol version, for
            instance a full house (2/3/2).
        trace: is told every transition.

    Attributes:
        role: requestor or acceptor.
        limits: bounds and times.
        state: Sta1 to Sta13.
        negotiated: what was agreed, from the establishment on.
        failure: the first thing that went wrong, or None.
        security: what TLS agreed on; None without TLS.
    """

    # --------------------------------------------------------------------- what leaves --

    @property
    def sending(self) -> bool:
        """Something waits to be sent."""
        return bool(self._outbox)

    @property
    def bytes_sent(self) -> int:
        """All bytes that the transport has taken so far, headers included."""
        return self._outbox.bytes_sent

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
            self._give_up(unreadable)
            spans = self._outbox.spans()
        if spans and self.state not in OPEN_ENDED:
            self._deadlines.start("write")
        return spans

    def data_sent(self, count: int, now: float) -> bool:
        """The transport took the first `count` bytes of `data_to_send()`.

        Returns:
            Whether that was all: nothing more waits.
        """
        self._deadlines.now = now  # there was a connection before, which told the first time
        finished = self._outbox.sent(count)
        if not self._outbox:
            if finished:
                self._deadlines.all_is_sent()
            return True
        if finished and "write" in self._deadlines:
            self._deadlines.arm("write")
        return False

    def data_taken(self, count: int, now: float) -> None:
        """The peer took `count` bytes of what the transport has been given, after some time.

        Only a transport that was slow needs to tell; what the peer is to do when it has read all,
        it cannot do before.
        """
        self._deadlines.tell(now)
        self._deadlines.prolong(count)

    # ------------------------------------------------------------------ what the user says --

    def next_event(self) -> ind.Indication | None:
        """Take the next indication or confirmation, in order; None: there is none yet."""
        told = self._actions.told
        return told.popleft() if told else None

    @property
    def has_events(self) -> bool:
        """Something waits in `next_event`."""
        return bool(self._actions.told)

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
        return self.state is _ESTABLISHED

    @property
    def quiet(self) -> bool:
        """It is established, and nothing has come that the user has not taken."""
        return self.state is _ESTABLISHED and not self._actions.told

    @property
    def request(self) -> AssociateRQ | None:
        """The A-ASSOCIATE-RQ, ours or the peer's."""
        return self._inbox.request

    @property
    def refusal(self) -> AssociateRJ | None:
        """Our provider-level answer to the peer's, if it was not acceptable (AE-6)."""
        return self._inbox.refusal

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
        opening = request.encode()
        self._begin(Role.REQUESTOR)
        self._opening = opening
        self._happen(Event.Evt1)
        self._inbox.request = request

    def accept(self, answer: AssociateAC) -> None:
        """A-ASSOCIATE response primitive, accept (Evt7).

        Raises:
            LocalProtocolError: the state does not allow it, a field does not fit, or the
                requestor's maximum length leaves no room for a fragment.
        """
        request = self.request
        if self.state is not State.Sta3 or request is None:
            self._happen(Event.Evt7)  # raises, and says why
            return
        pdu, negotiated = agree(request, answer)
        if 0 < negotiated.peer_maximum_length < MINIMUM_PDU_LENGTH:
            raise LocalProtocolError(
                f"the peer's maximum length {negotiated.peer_maximum_length} leaves no room "
                "for a fragment: reject the association"
            )
        self._happen(Event.Evt7, Brought(to_send=pdu))
        self._establish(negotiated)

    def reject(self, answer: AssociateRJ) -> None:
        """A-ASSOCIATE response primitive, reject (Evt8)."""
        self._happen(Event.Evt8, Brought(to_send=answer.encode()))

    def send(self, context_id: int, *, command: bool, source: Source | Buffer) -> int:
        """P-DATA request primitive (Evt9): a command set or a data set, cut into PDUs later.

        Args:
            context_id: an accepted presentation context.
            command: it is a command set, else a data set.
            source: its bytes, encoded; of a `Source` they are read as they are sent.

        Returns:
            A number by which `is_out` tells whether it left.

        Raises:
            LocalProtocolError: the state does not allow it, the context is not accepted, or
                there is nothing in the source.
        """
        if self.negotiated is None or context_id not in self.negotiated.contexts:
            raise LocalProtocolError(f"presentation context {context_id} is not accepted")
        if self.state is _ESTABLISHED and self._trace is None:
            # The hot path: what DT-1 comes to, without looking it up.
            return self._outbox.put_data(context_id, command=command, source=source)
        data = Stream(context_id, command=command, source=source)
        self._happen(Event.Evt9, Brought(to_send=data))
        return data.number

    def read_ahead(self, context_id: int, source: Source) -> Stream:
        """Read the beginning of a data set that is to be sent next, while the peer has its turn.

        Args:
            context_id: an accepted presentation context.
            source: its bytes, encoded.

        Returns:
            What to give to `ask` on this context, once.

        Raises:
            LocalProtocolError: the context is not accepted, or there is nothing in the source.
            SourceFailed: the source ended before its length.
            Exception: what the source raises.
        """
        if self.negotiated is None or context_id not in self.negotiated.contexts:
            raise LocalProtocolError(f"presentation context {context_id} is not accepted")
        return self._outbox.read_ahead(context_id, source)

    def ask(
        self, context_id: int, command: bytes, data: Source | Buffer | Stream | None = None
    ) -> int:
        """Send a whole message, and expect the reply: `send` once or twice, then `expect`.

        Args:
            context_id: an accepted presentation context.
            command: the command set, encoded.
            data: the data set behind it, as `send` takes it, or what `read_ahead` gave; None: none follows.

        Returns:
            A number by which `is_out` tells whether all of it left.

        Raises:
            LocalProtocolError: as `send`.
        """
        negotiated = self.negotiated
        if (
            self.state is _ESTABLISHED
            and self._trace is None
            and negotiated is not None
            and context_id in negotiated.contexts
        ):
            number = self._outbox.put_message(context_id, command, data)  # as `send` does
        elif isinstance(data, Stream):
            data.claim(context_id)
            self.send(context_id, command=True, source=command)
            self._happen(Event.Evt9, Brought(to_send=data))
            number = data.number
        else:
            number = self.send(context_id, command=True, source=command)
            if data is not None:
                number = self.send(context_id, command=False, source=data)
        # It is on its way, and the time starts behind it.
        self._deadlines.expect("reply", start=False)
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
        self._happen(Event.Evt11)

    def release_response(self) -> None:
        """A-RELEASE response primitive (Evt14)."""
        self._happen(Event.Evt14)

    def abort(self) -> None:
        """A-ABORT request primitive (Evt15)."""
        self._happen(Event.Evt15)

    def expect(self, which: str | None) -> None:
        """Wait for the peer's data with a bound of `Limits`: "reply", "idle", or None for none.

        The time starts when all that is to be sent is sent. That of "idle" starts anew with each
        P-DATA-TF that has something in it; "reply" is for a whole response, to the last byte.
        """
        self._deadlines.expect(which, start=which is not None and not self._outbox)
