"""What the actions of Tables 9-6 to 9-9 do: the one place where effects become bytes, timers and
indications (PS3.8 9.2.3).

`fsm` says which effects an event has, `Association` gives them what the event brought along.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from dul import events as ind
from dul.deadlines import ARTIM, Deadlines
from dul.errors import DULError, RemoteProtocolError
from dul.fsm import Effect, State, Transition
from dul.outbox import Outbox
from dul.pdata import PDV, Stream
from dul.pdu import Abort, ReleaseRP, ReleaseRQ
from dul.values import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import ClassVar

__all__ = ["Actions", "Brought"]

_RELEASE_RQ, _RELEASE_RP = ReleaseRQ().encode(), ReleaseRP().encode()
_USER_ABORT = Abort(0, 0).encode()


class Brought(NamedTuple):
    """What an event brings along for its effects; each takes what it needs.

    Attributes:
        to_send: a PDU, or data to be cut into PDUs.
        pdvs: those of a P-DATA-TF that came.
        told: what the user will be told, if the action tells something.
        cause: what went wrong.
    """

    to_send: bytes | Stream = b""
    pdvs: list[PDV] = []
    told: ind.Indication | None = None
    cause: DULError | None = None


class Actions:
    """Performs the effects of transitions on an association's parts.

    Attributes:
        connection_wanted: the requestor's transport is to be opened.
        close_wanted: the transport is to be closed.
        last_words: an A-ABORT of ours that the peer's end of the association overtook.
        told: the indications and confirmations that the user has not taken yet.
    """

    def __init__(self, outbox: Outbox, deadlines: Deadlines) -> None:
        self.connection_wanted = False
        self.close_wanted = False
        self.last_words = b""
        self.told: deque[ind.Indication] = deque()
        self._outbox = outbox
        self._deadlines = deadlines
        self._pdvs: list[PDV] = []  # of one or more P-DATA-TF, not told yet

    def perform(self, transition: Transition, brought: Brought) -> None:
        """Do what a transition says, effect by effect in its order."""
        for effect in transition.effects:
            self._EFFECTS[effect](self, brought, transition)

    def close_transport(self) -> None:
        """Nothing more is sent or received; what waited is forgotten."""
        self.close_wanted = True
        self.connection_wanted = False
        self._outbox.clear()

    def tell(self, indication: ind.Indication) -> None:
        """Give an indication to the user, behind the data that came before it."""
        self.tell_data()
        self.told.append(indication)

    def tell_data(self) -> None:
        """Let the user know of the data that came, as one indication for several PDUs."""
        if self._pdvs:
            self.told.append(ind.DataIndication(tuple(self._pdvs)))
            self._pdvs = []

    def indicate_data(self, pdvs: list[PDV]) -> None:
        """P-DATA indication, told with others that come at the same time."""
        self._pdvs += pdvs
        for _, _, fragment in pdvs:
            if fragment:  # an empty one says nothing
                self._deadlines.progress()
                break

    # ------------------------------------------------------------------ one for each effect --

    def _nothing(self, _: Brought, __: Transition) -> None:
        """The transport has done it, or it is to be ignored."""

    def _connect(self, _: Brought, __: Transition) -> None:
        self.connection_wanted = True

    def _send(self, brought: Brought, _: Transition) -> None:
        self._outbox.put(brought.to_send)

    def _send_release_request(self, _: Brought, __: Transition) -> None:
        self._outbox.put(_RELEASE_RQ)

    def _send_release_response(self, _: Brought, __: Transition) -> None:
        self._outbox.put(_RELEASE_RP)

    def _abort_as_user(self, _: Brought, __: Transition) -> None:
        self._outbox.drop()
        self._outbox.put(_USER_ABORT)

    def _abort_as_provider(self, brought: Brought, transition: Transition) -> None:
        assert isinstance(brought.cause, RemoteProtocolError)  # AA-7, AA-8: a peer's fault
        if transition.state is not State.Sta13:
            self._outbox.drop()
        elif self._outbox.waits(Abort.TYPE):
            # AA-7 answers each bad PDU, behind what was said first; a peer that floods and does
            # not read gets one at a time.
            return
        self._outbox.put(Abort(2, brought.cause.reason).encode())

    def _indicate(self, brought: Brought, _: Transition) -> None:
        assert brought.told is not None
        self.tell(brought.told)

    def _indicate_data(self, brought: Brought, _: Transition) -> None:
        self.indicate_data(brought.pdvs)

    def _indicate_release(self, _: Brought, __: Transition) -> None:
        self.tell(ind.ReleaseIndication())

    def _indicate_collision(self, _: Brought, __: Transition) -> None:
        self.tell(ind.ReleaseIndication(collision=True))

    def _confirm_release(self, _: Brought, __: Transition) -> None:
        self.tell(ind.ReleaseConfirmation())

    def _indicate_provider_abort(self, brought: Brought, _: Transition) -> None:
        if brought.told is not None:  # the peer's A-ABORT
            self.tell(brought.told)
        else:
            assert brought.cause is not None  # AA-4 and AA-8 have one
            self.tell(ind.ProviderAbortIndication(brought.cause))

    def _start_artim(self, _: Brought, __: Transition) -> None:
        self._deadlines.arm(ARTIM)

    def _stop_artim(self, _: Brought, __: Transition) -> None:
        self._deadlines.disarm(ARTIM)

    def _close(self, _: Brought, __: Transition) -> None:
        self.last_words = self._outbox.last_words()
        self.close_transport()

    _EFFECTS: ClassVar[dict[Effect, Callable[[Actions, Brought, Transition], None]]] = {
        Effect.CONNECT: _connect,
        Effect.ACCEPT_CONNECTION: _nothing,
        Effect.SEND_ASSOCIATE_RQ: _send,
        Effect.SEND_ASSOCIATE_AC: _send,
        Effect.SEND_ASSOCIATE_RJ: _send,
        Effect.SEND_P_DATA: _send,
        Effect.SEND_RELEASE_RQ: _send_release_request,
        Effect.SEND_RELEASE_RP: _send_release_response,
        Effect.SEND_USER_ABORT: _abort_as_user,
        Effect.SEND_PROVIDER_ABORT: _abort_as_provider,
        Effect.INDICATE_ASSOCIATE: _indicate,
        Effect.CONFIRM_ASSOCIATE: _indicate,
        Effect.CONFIRM_REJECTION: _indicate,
        Effect.INDICATE_P_DATA: _indicate_data,
        Effect.INDICATE_RELEASE: _indicate_release,
        Effect.INDICATE_COLLISION: _indicate_collision,
        Effect.CONFIRM_RELEASE: _confirm_release,
        Effect.INDICATE_ABORT: _indicate,
        Effect.INDICATE_P_ABORT: _indicate_provider_abort,
        Effect.START_ARTIM: _start_artim,
        Effect.STOP_ARTIM: _stop_artim,
        Effect.CLOSE: _close,
        Effect.IGNORE: _nothing,
    }
