"""Several observers of one server."""

from __future__ import annotations

from collections.abc import Sequence

from dimse.errors import UnknownCommand
from dimse.messages.base import Response
from dimse.provider import Denied, Granted, Observer, listening
from dimse.requests import Requestor, ServiceRequest
from dul.pdu import AssociateRJ
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Observers"]

_OF_EACH_OBJECT = ("received", "arrived", "answered")


class Observers(Observer):
    """Tells each of several observers what happens, in their order (see `Observer`).

    Args:
        observers: whom it tells.
    """

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers
        self._listeners: dict[str, Sequence[Observer]] = {}
        # Of each object they are told three times; who does not listen is not called.
        for name in _OF_EACH_OBJECT:
            listeners = [each for each in observers if listening(each, name) is not None]
            if len(listeners) < 2:
                setattr(self, name, getattr(listeners[0] if listeners else Observer(), name))
            self._listeners[name] = listeners
        self._listeners["judged"] = [
            each for each in observers if listening(each, "judged") is not None
        ]

    def associated(self, requestor: Requestor) -> None:
        """An association was established."""
        for each in self._observers:
            each.associated(requestor)

    def rejected(self, requestor: Requestor, answer: AssociateRJ) -> None:
        """A request for one was rejected by us."""
        for each in self._observers:
            each.rejected(requestor, answer)

    def judged(
        self, requestor: Requestor, verdict: Denied | Granted, withheld: Sequence[str] = ()
    ) -> None:
        """The access check has said why. Where none of them listens, the logger is told, once."""
        for each in self._listeners["judged"]:
            each.judged(requestor, verdict, withheld)
        if not self._listeners["judged"]:
            super().judged(requestor, verdict, withheld)

    def received(self, request: ServiceRequest[Any]) -> None:
        """A request came; its data set, if it has one, follows."""
        for each in self._listeners["received"]:
            each.received(request)

    def arrived(self, request: ServiceRequest[Any], length: int) -> None:
        """The data set of a request has come to its end."""
        for each in self._listeners["arrived"]:
            each.arrived(request, length)

    def unknown(self, requestor: Requestor, command: UnknownCommand) -> None:
        """A command came that PS3.7 does not have."""
        for each in self._observers:
            each.unknown(requestor, command)

    def refused(self, request: ServiceRequest[Any], error: Exception) -> None:
        """A request is refused: why, in full."""
        for each in self._observers:
            each.refused(request, error)

    def answered(self, request: ServiceRequest[Any], response: Response) -> None:
        """A response was given."""
        for each in self._listeners["answered"]:
            each.answered(request, response)

    def released(self, requestor: Requestor) -> None:
        """The peer released."""
        for each in self._observers:
            each.released(requestor)

    def ended(self, requestor: Requestor, error: Exception) -> None:
        """The association, or what was to become one, ended in another way."""
        for each in self._observers:
            each.ended(requestor, error)
