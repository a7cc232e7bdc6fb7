"""What happens on associations, as facts that may travel between processes and be shown later."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from itertools import count

from dimse.errors import Refused
from dimse.messages.base import Response
from dimse.messages.composite import CEchoRQ, CStoreRQ
from dimse.provider import Observer
from dimse.requests import Requestor, ServiceRequest, StoreRequest
from dimse.tables.status import is_pending, is_successful, meaning
from dimse.tables.storage_sops import name_of
from dimse.watch.explain import advice_for_status, explained_negotiation, explained_rejection
from dul.errors import (
    AssociationAborted,
    Interrupted,
    RemoteProtocolError,
    TimedOut,
    TransportError,
)
from dul.pdu import AssociateRJ
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, TypeAlias

__all__ = ["LONGEST_FACT", "Fact", "Visits", "from_line", "to_line"]

Fact: TypeAlias = "dict[str, Any]"
"""What happened: numbers, texts and lists of texts by name; "kind" says which there are."""

LONGEST_FACT = 60_000
"""Bytes of a fact: a datagram holds no more. Of a longer one the list is cut."""


def to_line(fact: Fact) -> bytes:
    """A fact as bytes."""
    line = json.dumps(fact).encode()
    if len(line) > LONGEST_FACT:
        line = json.dumps(fact | {"words": [*fact.get("words", [])[:20], "..."]}).encode()
    return line


def from_line(line: bytes) -> Fact:
    """The fact that `to_line` made a line of."""
    fact: Fact = json.loads(line)
    return fact


class Visits(Observer):
    """Makes facts of what an observer is told (see `Observer`). Threads may share it.

    Args:
        tell: is told each; must not block.
        clock: gives the time, in seconds since 1970.
    """

    def __init__(
        self, tell: Callable[[Fact], None], clock: Callable[[], float] = time.time
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._lock = threading.Lock()  # guards the two below
        self._numbers = count(1)
        self._open: dict[str, str] = {}
        self._lengths: dict[str, int] = {}

    def associated(self, requestor: Requestor) -> None:
        """An association was established."""
        negotiated = requestor.negotiated
        assert negotiated is not None
        with self._lock:
            visit = self._open[requestor.address] = f"{os.getpid()}.{next(self._numbers)}"
        information = negotiated.request.user_information
        self._say(
            "associated",
            visit,
            **_caller(requestor),
            implementation=information.implementation_version_name or "",
            words=explained_negotiation(negotiated),
            agreed=len(negotiated.contexts),
        )

    def rejected(self, requestor: Requestor, answer: AssociateRJ) -> None:
        """A request for one was rejected by us."""
        titles = requestor.called_ae_title, requestor.calling_ae_title
        why, advice = explained_rejection(answer, called=titles[0], calling=titles[1])
        self._say("rejected", "", **_caller(requestor), why=why, advice=advice)

    def arrived(self, request: ServiceRequest[Any], length: int) -> None:
        """The data set of a request has come to its end."""
        self._lengths[request.requestor.address] = length

    def refused(self, request: ServiceRequest[Any], error: Exception) -> None:
        """A request is refused: why, in full."""
        status = error.status if isinstance(error, Refused) else 0
        self._say(
            "refused",
            self._open.get(request.requestor.address, ""),
            **_caller(request.requestor),
            what=_what(request),
            why=str(error),
            advice=advice_for_status(status),
        )

    def answered(self, request: ServiceRequest[Any], response: Response) -> None:
        """A response was given."""
        if is_pending(response.status):
            return
        content = request.content if isinstance(request, StoreRequest) else None
        self._say(
            "answered",
            self._open.get(request.requestor.address, ""),
            what=_what(request),
            stores=isinstance(request.message, CStoreRQ),
            good=is_successful(response.status),
            kept=content is not None,
            status=f"{response.status:04X}H",
            meaning=meaning(response.status, "C-STORE"),
            length=self._lengths.pop(request.requestor.address, 0),
            path=os.fspath(content) if isinstance(content, os.PathLike) else None,
        )

    def released(self, requestor: Requestor) -> None:
        """The peer released."""
        self._say("ended", self._leave(requestor), how="released")

    def ended(self, requestor: Requestor, error: Exception) -> None:
        """The association, or what was to become one, ended in another way."""
        visit = self._leave(requestor)
        if visit:
            how = "ended by us" if isinstance(error, Interrupted) else str(error)
            self._say("ended", visit, how=how, advice=_advice(error))
        elif not isinstance(error, Interrupted):
            self._say("failed", "", **_caller(requestor), why=str(error), advice=_advice(error))

    def _leave(self, requestor: Requestor) -> str:
        with self._lock:
            self._lengths.pop(requestor.address, None)
            return self._open.pop(requestor.address, "")

    def _say(self, kind: str, visit: str, **what: object) -> None:
        self._tell({"kind": kind, "visit": visit, "time": self._clock(), **what})


def _caller(requestor: Requestor) -> dict[str, str]:
    return {
        "address": requestor.address,
        "calling": requestor.calling_ae_title,
        "called": requestor.called_ae_title,
    }


def _what(request: ServiceRequest[Any]) -> str:
    message = request.message
    if isinstance(message, CStoreRQ):
        return name_of(message.affected_sop_class_uid)
    return "C-ECHO" if isinstance(message, CEchoRQ) else message.NAME


def _advice(error: Exception) -> str:
    match error:
        case Interrupted():
            return ""
        case AssociationAborted():
            return "The other end broke it off; its own log says why"
        case TimedOut():
            return "The other end fell silent: look at it, at the network, and at firewalls that drop idle connections"
        case TransportError():
            return "The connection was cut: a port scan or a monitor if nothing came before, else the network or a crash of the other end"
        case RemoteProtocolError():
            return "What came is no DICOM, or broken: a browser, TLS on a port without it (or the reverse), or a fault to tell the vendor of"
    return "What came is a fault of the other end; tell its vendor, with a log at level debug"
