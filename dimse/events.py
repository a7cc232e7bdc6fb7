"""What happens on a client's associations, told as it happens: the events of `Client.send`.

They come in the order of things:

    LeftOut (of `dimse.objects.finder`), Warned, Confirmed, and an Outcome of what can't be read
    Planned, again whenever more of a long list was looked at
    Associating, then Associated or NotAssociated
      for each object: Opening, Requesting, Progress ..., Responded, and always an Outcome
      Lost: the association ended in between; the objects behind go on another one
    Releasing, then Released or NotReleased
    Retrying: what did not work is tried again after a while
    GivenUp: what is left is not tried
    Done

With `details=False` (`dimse.policy.Policy`) Opening, Requesting and Responded are left out.

`Client.echoes` tells the same of associations, and Requesting, Responded and Echoed in between.
`Client.dry_run` tells what it sees of the objects, as above, then WouldAssociate, and WouldSend for
each object on that association.

Where several associations send at a time, what is told of one stands between what is told of the
others, and `Done` comes when all of them are over.

An `Outcome` comes for each object exactly once (for each copy, with `repeat`), but for those that
are left when sending ends early; `Sending.entries` has a verdict on all of them.
"""

from __future__ import annotations

from dimse.messages.composite import CEchoRQ, CEchoRSP, CStoreRQ, CStoreRSP
from dimse.objects.finder import LeftOut
from dimse.objects.outgoing import Outgoing
from dimse.outcome import Outcome
from dimse.plan import Choice
from dul.errors import DulcetError
from dul.negotiation import Negotiated
from dul.pdu import AssociateRQ
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias

    from dul.security import Security

__all__ = [
    "Associated",
    "Associating",
    "ClientEvent",
    "Confirmed",
    "Done",
    "Echoed",
    "GivenUp",
    "Lost",
    "NotAssociated",
    "NotReleased",
    "Opening",
    "Planned",
    "Progress",
    "Released",
    "Releasing",
    "Requesting",
    "Responded",
    "Retrying",
    "Warned",
    "WouldAssociate",
    "WouldSend",
]


class _Told:
    """Slots, and a text for logs and tests; a data class takes longer to make than to use."""

    __slots__: tuple[str, ...] = ()

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({values})"


class Warned(_Told):
    """Something is wrong with an object that is sent all the same.

    Attributes:
        outgoing: the object; its `warnings` say what.
    """

    __slots__ = ("outgoing",)

    def __init__(self, outgoing: Outgoing) -> None:
        self.outgoing = outgoing


class Confirmed(_Told):
    """An object is not sent, as the journal says that it was stored before.

    Attributes:
        outgoing: the object.
        when: it was confirmed, in seconds since 1970.
    """

    __slots__ = ("outgoing", "when")

    def __init__(self, outgoing: Outgoing, when: float) -> None:
        self.outgoing = outgoing
        self.when = when


class Planned(_Told):
    """Objects were examined and distributed over associations; of many, some at a time.

    Attributes:
        objects: how many of these are to be sent.
        associations: how many associations their presentation contexts need at least.
        length: bytes of their data sets.
        complete: there are no more.
    """

    __slots__ = ("associations", "complete", "length", "objects")

    def __init__(
        self, objects: int, associations: int, *, length: int = 0, complete: bool = True
    ) -> None:
        self.objects = objects
        self.associations = associations
        self.length = length
        self.complete = complete


class Associating(_Told):
    """An association is requested.

    Attributes:
        request: the A-ASSOCIATE-RQ.
    """

    __slots__ = ("request",)

    def __init__(self, request: AssociateRQ) -> None:
        self.request = request


class Associated(_Told):
    """It is established.

    Attributes:
        negotiated: what was agreed; it may have no accepted context.
        security: what TLS agreed on; None without TLS.
    """

    __slots__ = ("negotiated", "security")

    def __init__(self, negotiated: Negotiated, security: Security | None = None) -> None:
        self.negotiated = negotiated
        self.security = security


class WouldAssociate(_Told):
    """An association would be requested.

    Attributes:
        number: of it, from 1 on.
        request: the A-ASSOCIATE-RQ.
    """

    __slots__ = ("number", "request")

    def __init__(self, number: int, request: AssociateRQ) -> None:
        self.number = number
        self.request = request


class WouldSend(_Told):
    """An object would be sent on the association that was told of last.

    Attributes:
        outgoing: the object.
        choices: the ways in which it could go, best first; which one it takes is the peer's to
            decide, by what it accepts. Empty: whatever that is, it can't be sent.
        error: why it can't.
    """

    __slots__ = ("choices", "error", "outgoing")

    def __init__(
        self, outgoing: Outgoing, choices: tuple[Choice, ...], error: DulcetError | None = None
    ) -> None:
        self.outgoing = outgoing
        self.choices = choices
        self.error = error


class NotAssociated(_Told):
    """There is no association.

    Attributes:
        error: why: AssociationRejected, AssociationAborted, TransportError, TimedOut ...
        others: associations that go on with what this one was to send; 0: it is given up.
    """

    __slots__ = ("error", "others")

    def __init__(self, error: DulcetError, others: int = 0) -> None:
        self.error = error
        self.others = others


class Retrying(_Told):
    """What did not work is tried again, after a while.

    Attributes:
        cause: how the association ended, or why there was none; or the response's status.
        objects: names of the objects that are tried again.
        seconds: until then.
        attempt: which attempt comes, 2 for the first that is made again.
        attempts: how many there are at most.
    """

    __slots__ = ("attempt", "attempts", "cause", "objects", "seconds")

    def __init__(
        self,
        cause: DulcetError | int,
        objects: tuple[str, ...],
        *,
        seconds: float,
        attempt: int,
        attempts: int,
    ) -> None:
        self.cause = cause
        self.objects = objects
        self.seconds = seconds
        self.attempt = attempt
        self.attempts = attempts


class Opening(_Told):
    """An object's turn has come; it is opened, and converted if need be.

    Attributes:
        outgoing: the object.
        choice: presentation context and transfer syntax.
    """

    __slots__ = ("choice", "outgoing")

    def __init__(self, outgoing: Outgoing, choice: Choice) -> None:
        self.outgoing = outgoing
        self.choice = choice


class Requesting(_Told):
    """A request goes out.

    Attributes:
        message: its command set.
    """

    __slots__ = ("message",)

    def __init__(self, message: CStoreRQ | CEchoRQ) -> None:
        self.message = message


class Progress(_Told):
    """A part of a large object went out.

    Attributes:
        outgoing: the object.
        sent: bytes that the transport has taken so far; a few are headers.
        length: bytes of the data set as it is sent.
    """

    __slots__ = ("length", "outgoing", "sent")

    def __init__(self, outgoing: Outgoing, sent: int, length: int) -> None:
        self.outgoing = outgoing
        self.sent = sent
        self.length = length


class Responded(_Told):
    """A response came, and the data set that it answers is out.

    Attributes:
        message: its command set.
    """

    __slots__ = ("message",)

    def __init__(self, message: CStoreRSP | CEchoRSP) -> None:
        self.message = message


class Echoed(_Told):
    """A C-ECHO was answered.

    Attributes:
        status: (0000,0900) of the response.
        error_comment: (0000,0902), if the peer sent one.
        seconds: from the request to the response.
    """

    __slots__ = ("error_comment", "seconds", "status")

    def __init__(self, status: int, error_comment: str | None, seconds: float) -> None:
        self.status = status
        self.error_comment = error_comment
        self.seconds = seconds


class Lost(_Told):
    """The association ended though there was more to send.

    Attributes:
        error: how.
        losses: associations that were lost in a row, without a response in between.
        left: objects that are still to be sent.
    """

    __slots__ = ("error", "left", "losses")

    def __init__(self, error: DulcetError, losses: int, left: int) -> None:
        self.error = error
        self.losses = losses
        self.left = left


class Releasing(_Told):
    """The association is ended.

    Attributes:
        abort: by an A-ABORT instead of a release.
    """

    __slots__ = ("abort",)

    def __init__(self, *, abort: bool = False) -> None:
        self.abort = abort


class Released(_Told):
    """The association was released, as it should be."""

    __slots__ = ()


class NotReleased(_Told):
    """It is over, but not as it should be. What was stored is stored.

    Attributes:
        error: how it ended.
    """

    __slots__ = ("error",)

    def __init__(self, error: DulcetError) -> None:
        self.error = error


class GivenUp(_Told):
    """The objects that are left are not tried.

    Attributes:
        error: the last thing that went wrong; None where the peer accepted no context at all.
        losses: associations that were lost in a row; 0: there was none to be had.
        left: how many objects are left.
    """

    __slots__ = ("error", "left", "losses")

    def __init__(self, error: DulcetError | None, losses: int, left: int) -> None:
        self.error = error
        self.losses = losses
        self.left = left


class Done(_Told):
    """There is nothing more to be done; all events have been told."""

    __slots__ = ()


ClientEvent: TypeAlias = (
    LeftOut
    | Warned
    | Confirmed
    | Planned
    | WouldAssociate
    | WouldSend
    | Associating
    | Associated
    | NotAssociated
    | Retrying
    | Opening
    | Requesting
    | Progress
    | Responded
    | Echoed
    | Outcome
    | Lost
    | Releasing
    | Released
    | NotReleased
    | GivenUp
    | Done
)
"""What a client tells, one by one."""
