"""What several tests of the Upper Layer use: an association with its clock, and its states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dul.association import Association, Role
from dul.errors import InvalidPDU
from dul.events import Indication
from dul.fsm import State, Transition
from dul.items import PresentationContextAC, PresentationContextRQ
from dul.limits import Limits
from dul.pdata import COMMAND, LAST, PDV, PDataTF
from dul.pdu import (
    PDU,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    ReleaseRP,
    ReleaseRQ,
    decode_pdu,
)
from dul.user_items import UserInformation

VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT = "1.2.840.10008.1.2"

RQ = AssociateRQ(
    "CALLED",
    "CALLING",
    (PresentationContextRQ(1, VERIFICATION, (IMPLICIT,)),),
    UserInformation(maximum_length=16384, implementation_class_uid="1.2.3"),
)
AC = AssociateAC(
    (PresentationContextAC(1, 0, (IMPLICIT,)),),
    UserInformation(maximum_length=16384, implementation_class_uid="1.2.3"),
    echo=RQ.echo(),
)
RJ = AssociateRJ(1, 1, 1)
DATA = PDataTF((PDV(1, COMMAND | LAST, b"command!"),))
RELEASE_RQ = ReleaseRQ()
RELEASE_RP = ReleaseRP()
ABORT = Abort(0, 0)


def decoded(decode: Callable[..., Any], *arguments: Any) -> tuple[Any, InvalidPDU | None]:
    """What came out of a decoder: an object, or why there is none. Nothing else may."""
    try:
        return decode(*arguments), None
    except InvalidPDU as error:
        return None, error


def split_pdus(wire: bytes) -> list[PDU]:
    """The PDUs of these bytes, which must be whole ones."""
    pdus = []
    while wire:
        length = 6 + int.from_bytes(wire[2:6], "big")
        pdus.append(decode_pdu(wire[:length]))
        wire = wire[length:]
    return pdus


def receive(association: Association, data: bytes, now: float) -> None:
    """Bytes come in, in as many pieces as the buffer wants."""
    while data and not association.close_wanted:
        room = association.get_buffer()
        count = min(len(room), len(data))
        room[:count] = data[:count]
        data = data[count:]
        association.buffer_updated(count, now)


class End:
    """An association with a clock of its own, whose transport takes and brings all at once.

    Attributes:
        now: the clock, which only `wait` moves.
        steps: the transitions so far.
    """

    def __init__(self, role: Role, limits: Limits | None = None, **more: Any) -> None:
        self.now = 1000.0
        self.steps: list[Transition] = []
        self.association = Association(role, limits, trace=self.steps.append, **more)

    @property
    def state(self) -> State:
        return self.association.state

    def receive(self, *pdus: PDU | bytes) -> None:
        """The peer's bytes come in, all in one piece."""
        wire = b"".join(each if isinstance(each, bytes) else each.encode() for each in pdus)
        receive(self.association, wire, self.now)

    def take(self, count: int | None = None) -> bytes:
        """Let the transport take what there is, or this many bytes of the next batch."""
        wire = bytearray()
        while self.association.sending and not self.association.close_wanted:
            batch = b"".join(self.association.data_to_send())[:count]
            self.association.data_sent(len(batch), self.now)
            wire += batch
            if count is not None:
                break
        return bytes(wire)

    def sent(self) -> list[PDU]:
        """What goes out now."""
        return split_pdus(self.take())

    def events(self) -> list[Indication]:
        """What the user is told now."""
        found = []
        while (event := self.association.next_event()) is not None:
            found.append(event)
        return found

    def wait(self, seconds: float) -> None:
        """Time passes, and the transport acts on what is due."""
        self.now += seconds
        self.association.handle_deadline(self.now)

    def disconnect(self, cause: Exception | None = None) -> None:
        self.association.disconnected(self.now, cause)

    @property
    def path(self) -> str:
        """The states gone through, from Sta1 on."""
        states = [State.Sta1, *(each.next_state for each in self.steps)]
        return " ".join(each.name[3:] for each in states)

    @property
    def actions(self) -> list[str]:
        return [each.action.value for each in self.steps]


def requestor(limits: Limits | None = None, rq: AssociateRQ = RQ) -> End:
    """In Sta5, its request on the wire."""
    end = End(Role.REQUESTOR, limits)
    end.association.associate(rq)
    end.association.connected(end.now)
    assert end.sent() == [rq]
    return end


def acceptor(limits: Limits | None = None, rq: AssociateRQ | None = RQ, **more: Any) -> End:
    """In Sta3, the request indicated; in Sta2 without one."""
    end = End(Role.ACCEPTOR, limits, **more)
    end.association.accepted(end.now)
    if rq is not None:
        end.receive(rq)
        end.events()
    return end


def established(role: Role, limits: Limits | None = None) -> End:
    """In Sta6."""
    if role is Role.REQUESTOR:
        end = requestor(limits)
        end.receive(AC)
    else:
        end = acceptor(limits)
        end.association.accept(AC)
        end.sent()
    end.events()
    assert end.state is State.Sta6
    return end


def end_in(state: State, role: Role | None = None, limits: Limits | None = None) -> End:
    """An end that was brought into this state by the shortest way of Table 9-10.

    Its way out is empty and its events are taken. Some states have one role only.
    """
    makers: dict[State, Callable[[], End]] = {
        State.Sta1: lambda: End(role or Role.REQUESTOR, limits),
        State.Sta2: lambda: acceptor(limits, rq=None),
        State.Sta3: lambda: acceptor(limits),
        State.Sta4: lambda: _connecting(limits),
        State.Sta5: lambda: requestor(limits),
    }
    if state in makers:
        end = makers[state]()
    else:
        default = Role.ACCEPTOR if state in {State.Sta10, State.Sta12} else Role.REQUESTOR
        end = established(role or default, limits)
        _go_on(end, state)
    end.sent()
    end.events()
    assert end.state is state
    assert role in (None, end.association.role)
    return end


def _connecting(limits: Limits | None) -> End:
    end = End(Role.REQUESTOR, limits)
    end.association.associate(RQ)
    return end


def _go_on(end: End, state: State) -> None:
    """From Sta6 to a later state."""
    association = end.association
    if state is State.Sta13:
        association.abort()
    elif state is State.Sta8:
        end.receive(RELEASE_RQ)
    elif state is not State.Sta6:
        association.release()
        if state is not State.Sta7:
            end.receive(RELEASE_RQ)
        if state is State.Sta11:
            association.release_response()
        if state is State.Sta12:
            end.receive(RELEASE_RP)
