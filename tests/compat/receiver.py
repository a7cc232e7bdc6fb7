"""A receiver that writes down what was proposed to it and what it received, and misbehaves on request."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from dimse.errors import AbortAssociation
from dimse.messages.base import Response
from dimse.provider import Observer
from dimse.requests import Requestor, ServiceRequest, StoreRequest
from dimse.server import Server
from dimse.support import storage_support
from dimse.tables.storage_sops import SUPPORTED_BY_DEFAULT
from dul.limits import Limits
from dul.pdu import AssociateRJ, AssociateRQ
from dul.support import Support


@dataclass
class Received:
    """An object, as it came."""

    sop_class: str
    instance: str
    syntax: str
    message_id: int
    digest: str


@dataclass
class Call:
    """An association that was requested."""

    request: AssociateRQ
    objects: list[Received] = field(default_factory=list)
    end: str = "lost"

    @property
    def contexts(self) -> list[tuple[str, tuple[str, ...]]]:
        """Abstract syntax and transfer syntaxes of each context proposed."""
        return [
            (each.abstract_syntax, tuple(each.transfer_syntaxes))
            for each in self.request.presentation_contexts
        ]


@dataclass
class Behaviour:
    """What the receiver does.

    Attributes:
        support: what it accepts.
        statuses: of the responses, in turn; then Success.
        rejection: of every association.
        abort_at: the number of the object, from 1, instead of whose response it aborts.
    """

    support: Support = field(default_factory=lambda: storage_support(any_sop_class=True))
    statuses: Sequence[int] = ()
    rejection: AssociateRJ | None = None
    abort_at: int = 0


class _Watch(Observer):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def released(self, requestor: Requestor) -> None:
        self._receiver.call_of(requestor).end = "released"

    def ended(self, requestor: Requestor, error: Exception) -> None:
        if requestor.negotiated is not None:
            self._receiver.call_of(requestor).end = "aborted"

    def answered(self, request: ServiceRequest[Any], response: Response) -> None:
        pass

    def refused(self, request: ServiceRequest[Any], error: Exception) -> None:
        pass


class Receiver:
    """Listens on the loopback interface.

    Attributes:
        calls: the associations that were requested, in order.
        port: where.
    """

    def __init__(self, behaviour: Behaviour) -> None:
        self.calls: list[Call] = []
        self._behaviour = behaviour
        self._statuses = list(behaviour.statuses)
        self._count = 0
        self._lock = threading.Lock()
        self._server = Server(
            on_store=self._store,
            support=behaviour.support,
            access=self._access,
            observer=_Watch(self),
            host="127.0.0.1",
            limits=Limits(),
        )
        self.port = self._server.address[1]

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def call_of(self, requestor: Requestor) -> Call:
        """The association that this requestor called with."""
        assert requestor.negotiated is not None
        with self._lock:
            return next(call for call in self.calls if call.request is requestor.negotiated.request)

    def _access(self, requestor: Requestor) -> AssociateRJ | None:
        assert requestor.request is not None
        with self._lock:
            self.calls.append(Call(requestor.request))
        return self._behaviour.rejection

    def _store(self, request: StoreRequest) -> int | None:
        message = request.message
        self._count += 1
        if self._count == self._behaviour.abort_at:
            raise AbortAssociation("as it was to be")
        assert isinstance(request.content, bytes)
        self.call_of(request.requestor).objects.append(
            Received(
                message.affected_sop_class_uid,
                message.affected_sop_instance_uid,
                request.context.transfer_syntax,
                message.message_id,
                hashlib.sha256(request.content).hexdigest(),
            )
        )
        return self._statuses.pop(0) if self._statuses else None


IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
_CT = "1.2.840.10008.5.1.4.1.1.2"
_OTHERS = [uid for uid in SUPPORTED_BY_DEFAULT if uid != _CT]

BEHAVIOURS = {
    "all": Behaviour(),
    "implicit": Behaviour(storage_support(transfer_syntaxes=[IMPLICIT])),
    "explicit": Behaviour(storage_support(transfer_syntaxes=[EXPLICIT])),
    "no CT": Behaviour(storage_support(sop_classes=_OTHERS)),
    "nothing": Behaviour(storage_support(sop_classes=[])),
    "called unknown": Behaviour(rejection=AssociateRJ(1, 1, 7)),
    "busy": Behaviour(rejection=AssociateRJ(2, 3, 2)),
    "aborts 1": Behaviour(abort_at=1),
    "aborts 2": Behaviour(abort_at=2),
} | {
    name: Behaviour(statuses=[int(name, 16)])
    for name in ("A700", "A900", "B000", "B007", "C000", "0110", "0122")
}
