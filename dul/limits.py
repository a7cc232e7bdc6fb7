"""Every bound and every timeout in one frozen object, each with its default and its reason.

Lengths are bytes, times are seconds; `None` for a time means "wait for ever". What makes no sense is
a ValueError.
"""

from __future__ import annotations

from dul.values import dataclass

__all__ = ["Limits"]

_TIMES = (
    "artim", "grace", "connect", "tls_handshake", "associate", "release", "reply", "idle", "pdu",
    "write",
)  # fmt: skip

# A P-DATA-TF below 8 bytes has no room for two bytes of a fragment (PS3.8 D.1); a buffer that
# holds no header, or a batch that holds no PDU, would never get anywhere.
_LEAST = {
    "max_pdu_length": 8,
    "max_unlimited_pdu_length": 8,
    "max_associate_length": 68,
    "max_send_pdu_length": 8,
    "receive_buffer": 8,
    "receive_batch": 8,
    "send_batch": 1,
    "send_batch_pdus": 1,
    "slowest_reader": 1,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one association end.

    The timers other than ARTIM are policy, not part of PS3.8: when one passes, the local
    user aborts (Evt15), or after an abort the transport is closed (Evt17), so that Table 9-10
    stays the standard's.
    """

    # --- lengths -----------------------------------------------------------------------
    max_pdu_length: int = 131072
    """What we announce in item 51H: the largest P-DATA-TF variable field that we receive
    (PS3.8 D.1). 128 KiB is the largest that DCMTK sends; larger gains nothing measurable."""

    max_unlimited_pdu_length: int = 1 << 20
    """The largest P-DATA-TF accepted when we announced 0, "no maximum"."""

    max_associate_length: int = 1 << 20
    """The largest A-ASSOCIATE-RQ or -AC. 128 contexts of 60 transfer syntaxes need 250 KiB;
    DCMTK's bound is 1 MiB, too."""

    max_send_pdu_length: int = 131072
    """The largest P-DATA-TF variable field that we send, whatever the peer allows: peers that
    announce 0 or 4 GiB still have to buffer what we send."""

    receive_buffer: int = (6 + 131072) // 2
    """The receive buffer of an association that has just begun: it holds all that most of them ever
    say at once. It is half of the largest PDU that DCMTK sends, so that after it has become twice as large some times
    a fill ends with such a PDU, and no part of one has to be moved."""

    receive_batch: int = 8 * (6 + 131072)
    """What the receive buffer grows to, each time to its double, for a peer that fills it: what one
    fill costs is spread over more bytes. Beyond that it grows only if a PDU is larger."""

    send_batch: int = 1 << 20
    """How much of data sets is cut and handed to the transport at a time. An abort overtakes what is not
    handed over yet, and memory does not grow with the object. Command sets, which are small, do not
    count: so a data set that is read before its command set is there is cut as any other."""

    send_batch_pdus: int = 500
    """How many PDUs such a batch may hold: two spans each stay under IOV_MAX (1024)."""

    # --- times -------------------------------------------------------------------------
    artim: float = 30.0
    """The Association Request/Reject/Release Timer (PS3.8 9.1.5): Sta2 and Sta13 only."""

    grace: float | None = 1.0
    """After a local abort (a stop, an interrupt, a timeout): how long the peer is given to close
    the connection before we do. PS3.8 leaves ARTIM for that, which runs as well, but is longer
    than who stops a program wants to wait; a container has 10 s in all. None: ARTIM alone."""

    connect: float | None = 30.0
    """A requestor: from the first TCP SYN to the open connection, all addresses of the peer
    together, and the TLS handshake with it."""

    tls_handshake: float | None = 30.0
    """An acceptor: from the open TCP connection to the finished TLS handshake."""

    associate: float | None = 30.0
    """From our A-ASSOCIATE-RQ to the peer's answer."""

    release: float | None = 30.0
    """From our A-RELEASE-RQ to the peer's answer."""

    reply: float | None = 300.0
    """From the last byte of a DIMSE request to the last byte of its response, or from one response
    to the next where a request has several. Archives that write to tape take minutes. While the
    peer still takes the request from our TCP (Linux can tell), the time does not run."""

    idle: float | None = 600.0
    """How long an acceptor keeps an association whose requestor sends nothing."""

    pdu: float | None = 60.0
    """From the first byte of a PDU to its last: one byte a minute does not hold a connection."""

    write: float | None = 60.0
    """For one PDU to be taken by the transport: a peer that does not read holds nobody up."""

    slowest_reader: int = 256
    """Bytes per second that a peer takes from our TCP at least: as long as it does, deadlines for
    what it can do only when it has read all (`reply`, `associate`, `release`), and `write`, are
    prolonged. Modems were faster."""

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            # 0 is the standard's "no maximum", and only for what we announce.
            if not least <= value <= 0xFFFFFFFF and not (name == "max_pdu_length" and value == 0):
                raise ValueError(f"{name} is {least} or more in 32 bits, not {value}")
        for name in _TIMES:
            value = getattr(self, name)
            if value is None:
                if name == "artim":
                    raise ValueError("artim is 0 s or more, not None: the standard wants it")
            elif not isinstance(value, int | float) or not value >= 0:  # nor NaN
                none = "" if name == "artim" else ", or None for no limit"
                raise ValueError(f"{name} is 0 s or more{none}, not {value!r}")

    @property
    def max_received_pdata(self) -> int:
        """The largest P-DATA-TF variable field that is accepted."""
        return self.max_pdu_length or self.max_unlimited_pdu_length
