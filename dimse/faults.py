"""Faults on purpose: an acceptor that misbehaves, to see how a requestor takes it.

    faults = Faults(sleep_after=2.0)
    Server(faults.open_sink(spool.open), on_store=faults.on_store, access=faults.access)

They are what DCMTK's storescp has options for. None of them breaks the protocol: for that there is
the testbed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dimse.errors import AbortAssociation
from dimse.provider import OpenSink
from dimse.requests import Content, Requestor, StoreRequest
from dimse.storage.sink import Sink
from dul.errors import RejectReason
from dul.pdu import AssociateRJ
from dul.values import dataclass

__all__ = ["Faults"]

_REFUSED = AssociateRJ.because(RejectReason.NO_REASON_GIVEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What is to go wrong.

    Attributes:
        refuse: reject every association, without a reason (1/1/1).
        reject: reject likewise those of requestors that send no implementation class UID, which
            PS3.7 D.3.3.2 demands.
        sleep_during: seconds to sleep each time that a part of a data set has come; a part is what
            one read from the network gives.
        sleep_after: seconds to sleep before each response to a C-STORE.
        abort_during: abort the association when the first part of a data set has come.
        abort_after: abort the association instead of responding to a C-STORE; the object is stored.
        sleep: how to sleep, given the seconds: `time.sleep`, or something that can be interrupted.
    """

    refuse: bool = False
    reject: bool = False
    sleep_during: float = 0.0
    sleep_after: float = 0.0
    abort_during: bool = False
    abort_after: bool = False
    sleep: Callable[[float], object]

    def access(self, requestor: Requestor) -> AssociateRJ | None:
        """Judge a request for an association."""
        request = requestor.request
        nameless = request is None or not request.user_information.implementation_class_uid
        return _REFUSED if self.refuse or (self.reject and nameless) else None

    def open_sink(self, open_sink: OpenSink[StoreRequest]) -> OpenSink[StoreRequest]:
        """Where objects go, with the faults on the way."""
        if not (self.sleep_during or self.abort_during):
            return open_sink
        return lambda request: _Faulty(open_sink(request), self)

    def behind(
        self, on_store: Callable[[StoreRequest], None] | None
    ) -> Callable[[StoreRequest], None] | None:
        """What happens to a stored object, with the faults that come behind it; None: nothing."""
        if not (self.sleep_after or self.abort_after):
            return on_store
        if on_store is None:
            return self.on_store

        def both(request: StoreRequest) -> None:
            on_store(request)
            self.on_store(request)

        return both

    def on_store(self, request: StoreRequest) -> None:
        """What happens before a response."""
        if self.sleep_after:
            self.sleep(self.sleep_after)
        if self.abort_after:
            raise AbortAssociation(
                f"aborted after the C-STORE-RQ of {request.sop_instance_uid}, as it was to be"
            )


class _Faulty:
    def __init__(self, sink: Sink, faults: Faults) -> None:
        self._sink = sink
        self._faults = faults

    def write(self, views: Sequence[memoryview]) -> None:
        if self._faults.abort_during:
            raise AbortAssociation("aborted during a C-STORE-RQ, as it was to be")
        self._sink.write(views)
        self._faults.sleep(self._faults.sleep_during)

    def commit(self) -> Content:
        return self._sink.commit()

    def discard(self) -> None:
        self._sink.discard()
