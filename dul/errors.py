"""The error families of the Upper Layer. All are here; those above it are in `dimse.errors`.

::

    DulcetError               whatever dulcet raises
      Interrupted             another thread, or a signal handler, ended what was waiting
      DULError
        LocalProtocolError    you asked for what the state or the standard forbids; nothing was sent, nothing changed
        SourceFailed          a data set could not be read to its end while it was sent
        RemoteProtocolError   the peer broke the protocol; carries the A-ABORT reason that says how
          InvalidPDU          bytes that are not a PDU
          UnexpectedPDU       a whole PDU that this state does not allow
          LimitExceeded       a length over a bound
        AssociationRejected   the peer answered A-ASSOCIATE-RJ
        AssociationAborted    the peer sent A-ABORT
        TransportError        TCP or TLS failed
          TLSFailed           TLS refused the peer, or the peer refused us
        TimedOut              a deadline passed
      InvalidTLS            no TLS context comes of what was given

Receiving never raises inside the core: a fault becomes data, the machine answers the
peer, and the face raises the first cause.
"""

from __future__ import annotations

from enum import Enum, IntEnum

from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Literal

    from dul.security import CertificateFacts

__all__ = [
    "AbortReason",
    "AssociationAborted",
    "AssociationRejected",
    "DULError",
    "DulcetError",
    "Interrupted",
    "InvalidPDU",
    "InvalidTLS",
    "LimitExceeded",
    "LocalProtocolError",
    "RejectReason",
    "RemoteProtocolError",
    "SourceFailed",
    "TLSFailed",
    "TimedOut",
    "TransportError",
    "UnexpectedPDU",
]


class AbortReason(IntEnum):
    """Reasons of an A-ABORT whose source is the service-provider (PS3.8 Table 9-26)."""

    NOT_SPECIFIED = 0
    UNRECOGNIZED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNIZED_PARAMETER = 4
    UNEXPECTED_PARAMETER = 5
    INVALID_PARAMETER_VALUE = 6


class RejectReason(Enum):
    """Why an association is rejected: source and reason of an A-ASSOCIATE-RJ (PS3.8 Table 9-21).

    Attributes:
        source: 1 service-user, 2 service-provider (ACSE), 3 service-provider (presentation).
        reason: its number, which means another thing with each source.
        text: the standard's words.
    """

    NO_REASON_GIVEN = 1, 1, "no reason given"
    APPLICATION_CONTEXT_NAME_NOT_SUPPORTED = 1, 2, "application context name not supported"
    CALLING_AE_TITLE_NOT_RECOGNIZED = 1, 3, "calling AE title not recognized"
    CALLED_AE_TITLE_NOT_RECOGNIZED = 1, 7, "called AE title not recognized"
    PROVIDER_NO_REASON_GIVEN = 2, 1, "no reason given"
    PROTOCOL_VERSION_NOT_SUPPORTED = 2, 2, "protocol version not supported"
    TEMPORARY_CONGESTION = 3, 1, "temporary congestion"
    LOCAL_LIMIT_EXCEEDED = 3, 2, "local limit exceeded"

    def __init__(self, source: int, reason: int, text: str) -> None:
        self.source = source
        self.reason = reason
        self.text = text

    @classmethod
    def of(cls, source: int, reason: int) -> RejectReason | None:
        """The one with these numbers of `source` and `reason`; None if the standard defines none."""
        return next((each for each in cls if (each.source, each.reason) == (source, reason)), None)


class DulcetError(Exception):
    """Anything that dulcet raises: the root of this tree and of `dimse.errors`.

    It can be pickled and copied, as it must be to come out of a pool of processes.
    """

    def __reduce__(self) -> tuple[object, ...]:
        # Exception's own calls the class with the text alone, and most of these take something else.
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[DulcetError], args: tuple[object, ...]) -> DulcetError:
    """An error as it was; what else it has, its pickle sets."""
    return kind.__new__(kind, *args)


class Interrupted(DulcetError):
    """Another thread, or a signal handler, ended what was waiting; see `dul.blocking.Wakeup`.

    In asyncio: another task aborted the association.
    """


class DULError(DulcetError):
    """Anything that goes wrong in the Upper Layer."""


class LocalProtocolError(DULError):
    """The local user asked for what the state or the standard does not allow.

    Nothing was sent, and the state is unchanged.
    """


class SourceFailed(DULError):
    """A data set could not be read to its end while it was sent.

    Its message cannot be completed, so the association was aborted (Evt15).
    """


class RemoteProtocolError(DULError):
    """The peer broke the protocol.

    Attributes:
        reason: what our A-ABORT tells the peer (PS3.8 Table 9-26).
    """

    def __init__(self, why: str, reason: AbortReason = AbortReason.NOT_SPECIFIED) -> None:
        super().__init__(why)
        self.reason = reason


class InvalidPDU(RemoteProtocolError):
    """Bytes that are not the PDU or item they claim to be.

    Attributes:
        where: the PDU or item, in the standard's words.
        offset: byte position of the fault, counted from the start of the PDU's body.
        why: what is wrong there.
    """

    def __init__(
        self,
        where: str,
        offset: int,
        why: str,
        reason: AbortReason = AbortReason.INVALID_PARAMETER_VALUE,
    ) -> None:
        super().__init__(f"invalid {where} at byte {offset}: {why}", reason)
        self.where = where
        self.offset = offset
        self.why = why


class UnexpectedPDU(RemoteProtocolError):
    """A whole and valid PDU that the state does not allow.

    Attributes:
        pdu: its name.
        when: the state, in words.
    """

    def __init__(self, pdu: str, when: str) -> None:
        super().__init__(f"unexpected {pdu} {when}", AbortReason.UNEXPECTED_PDU)
        self.pdu = pdu
        self.when = when


class LimitExceeded(RemoteProtocolError):
    """A declared length is over a bound, and was refused before anything was stored."""

    def __init__(self, what: str, value: int, limit: int) -> None:
        super().__init__(
            f"{what} of {value} bytes is over the limit of {limit}",
            AbortReason.INVALID_PARAMETER_VALUE,
        )
        self.what = what
        self.value = value
        self.limit = limit


_RESULTS = {1: "rejected-permanent", 2: "rejected-transient"}
_REJECT_SOURCES = {
    1: "service-user",
    2: "service-provider (ACSE)",
    3: "service-provider (presentation)",
}
_ABORT_SOURCES = {0: "service-user", 2: "service-provider"}
_ABORT_REASONS = {
    0: "reason not specified",
    1: "unrecognized PDU",
    2: "unexpected PDU",
    4: "unrecognized PDU parameter",
    5: "unexpected PDU parameter",
    6: "invalid PDU parameter value",
}


class AssociationRejected(DULError):
    """The peer answered A-ASSOCIATE-RJ (PS3.8 Table 9-21).

    Attributes:
        result: 1 permanent, 2 transient.
        source: 1 service-user, 2 provider (ACSE), 3 provider (presentation).
        reason: its number, which means another thing with each source.
        why: source and reason by their name; None for numbers that the standard does not define.
    """

    def __init__(self, result: int, source: int, reason: int) -> None:
        self.result = result
        self.source = source
        self.reason = reason
        self.why = RejectReason.of(source, reason)
        super().__init__(
            f"association {self.result_text} by the peer's {self.source_text}: {self.reason_text}"
        )

    @property
    def result_text(self) -> str:
        """The result in the standard's words."""
        return _RESULTS.get(self.result, f"rejected (undefined result {self.result})")

    @property
    def source_text(self) -> str:
        """The source in the standard's words."""
        return _REJECT_SOURCES.get(self.source, f"undefined source {self.source}")

    @property
    def reason_text(self) -> str:
        """The reason in the standard's words."""
        return self.why.text if self.why else f"undefined reason {self.reason}"


class AssociationAborted(DULError):
    """The peer sent A-ABORT (PS3.8 Table 9-26).

    Attributes:
        source: 0 service-user, 2 service-provider.
        reason: significant only when the source is 2.
    """

    def __init__(self, source: int, reason: int) -> None:
        self.source = source
        self.reason = reason
        super().__init__(f"association aborted by the peer's {self.source_text}{self._tail()}")

    @property
    def source_text(self) -> str:
        """The source in the standard's words."""
        return _ABORT_SOURCES.get(self.source, f"undefined source {self.source}")

    @property
    def reason_text(self) -> str:
        """The reason in the standard's words."""
        return _ABORT_REASONS.get(self.reason, f"undefined reason {self.reason}")

    def _tail(self) -> str:
        # Table 9-26: a service-user's reason is not significant, so it is not shown.
        return "" if self.source == 0 else f": {self.reason_text}"


class TransportError(DULError):
    """TCP or TLS failed: no connection, a broken one, or a refused handshake."""


class TLSFailed(TransportError):
    """TLS refused the peer, or the peer refused us.

    Attributes:
        advice: what to try; "" if nobody can know from here.
        refused_by: who did not want to go on; None if that is not known.
        alert: what the peer said then, in the words of RFC 8446 6.2.
        certificate: the peer's, if it was that one which was refused.
    """

    def __init__(
        self,
        what: str,
        *,
        advice: str = "",
        refused_by: Literal["us", "peer"] | None = None,
        alert: str | None = None,
        certificate: CertificateFacts | None = None,
    ) -> None:
        super().__init__(what + (f" ({advice})" if advice else ""))
        self.advice = advice
        self.refused_by = refused_by
        self.alert = alert
        self.certificate = certificate

    @property
    def hung_up(self) -> bool:
        """The peer closed the connection without a word of why."""
        return self.refused_by == "peer" and self.alert is None


class InvalidTLS(DulcetError):
    """No TLS context comes of this: a file is no good, or OpenSSL can't do what the profile wants."""


class TimedOut(DULError):
    """A deadline passed.

    Attributes:
        which: the name of the bound in `dul.limits.Limits`.
        seconds: its value.
    """

    def __init__(self, which: str, seconds: float, doing: str) -> None:
        super().__init__(f"timed out after {seconds:g} s {doing}")
        self.which = which
        self.seconds = seconds
