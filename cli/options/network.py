"""The options of tools that call a peer: whom, as whom, sizes and times."""

from __future__ import annotations

import socket

from dul import Limits

from ..grammar import values as read
from ..grammar.declaration import Option, Settings, flag, parameter, setting, value
from .identity import CallingIdentity
from .tls import CallingTls

__all__ = ["DEFAULT_MAX_PDU", "PDU_LENGTH", "Calling", "max_pdu", "socket_seconds"]

# 8 is the least that leaves room for a fragment (PS3.8 D.1); a PDU is held in memory as a whole.
_LEAST_PDU, _LARGEST_PDU = 8, 16 << 20
PDU_LENGTH = read.integer(_LEAST_PDU, _LARGEST_PDU)

DEFAULT_MAX_PDU = 16384
"""16K: what storescu has always announced; a requestor of ours receives nothing but responses."""

_LIMITS = Limits()


def max_pdu() -> Option[int]:
    """The option for the maximum length that is announced."""
    return value(
        "-b",
        "-pdu",
        "--max-pdu",
        read=read.integer(_LEAST_PDU, _LARGEST_PDU, 0),
        metavar="N",
        help=f"set max receive pdu to N bytes, {_LEAST_PDU} to {_LARGEST_PDU}, or 0 for no maximum "
        "(default: {default})",
    )


def socket_seconds(given: str) -> float | None:
    """Seconds; None for 0, and for -1, which DCMTK takes for "do not set"."""
    return None if given == "-1" else read.seconds(given)


class _Peer(Settings):
    peer: str = parameter("peer", read=read.text, help="hostname of DICOM peer")
    port: int = parameter("port", read=read.port, help="tcp/ip port number of peer")


class _Family(Settings, title="addresses"):
    family: int = setting(
        0,
        flag("-i4", "--ipv4", value=socket.AF_INET.value, help="call over IPv4 only"),
        flag("-i6", "--ipv6", value=socket.AF_INET6.value, help="call over IPv6 only"),
        flag(
            "-i0",
            "--ip-auto",
            value=0,
            help="call over either, as the name says: all of its addresses are tried (default)",
        ),
    )


class _Titles(Settings, title="AE titles"):
    calling_ae_title: str = setting(
        "STORESCU",
        value(
            "-t",
            "-aet",
            "--aetitle",
            read=read.ae_title,
            dcmtk_read=read.cut_ae_title,
            metavar="TITLE",
            help="my calling AE title (default: {default})",
        ),
    )
    called_ae_title: str = setting(
        "ANY-SCP",
        value(
            "-c",
            "-aec",
            "--call",
            read=read.ae_title,
            dcmtk_read=read.cut_ae_title,
            metavar="TITLE",
            help="called AE title of peer (default: {default})",
        ),
    )


class _Sizes(Settings, title="sizes of PDUs"):
    max_pdu: int = setting(DEFAULT_MAX_PDU, max_pdu())
    max_send_pdu: int = setting(
        _LIMITS.max_send_pdu_length,
        value(
            "--max-send-pdu",
            read=PDU_LENGTH,
            metavar="N",
            help="send no PDU of more than N bytes even if the peer takes larger ones "
            "(default: {default})",
        ),
    )


class _Times(Settings, title="time limits, in seconds; 0: none"):
    connect_timeout: float | None = setting(
        _LIMITS.connect,
        value(
            "-to",
            "--timeout",
            read=read.seconds,
            metavar="S",
            help="for the TCP connection (default: {default})",
        ),
        dcmtk=None,
    )
    acse_timeout: float | None = setting(
        _LIMITS.associate,
        value(
            "-ta",
            "--acse-timeout",
            read=read.seconds,
            metavar="S",
            help="for the answer to an association or release request (default: {default})",
        ),
    )
    socket_timeout: float | None = setting(
        _LIMITS.pdu,
        value(
            "-ts",
            "--socket-timeout",
            read=socket_seconds,
            metavar="S",
            help="for the peer to go on with a PDU, in either direction (default: {default})",
        ),
    )
    dimse_timeout: float | None = setting(
        _LIMITS.reply,
        value(
            "-td",
            "--dimse-timeout",
            read=read.seconds,
            metavar="S",
            help="for the response to a message (default: {default})",
        ),
        dcmtk=None,
    )


class Calling(_Peer, _Family, _Titles, _Sizes, _Times, CallingTls, CallingIdentity):
    """Whom a tool calls, and how."""

    @property
    def limits(self) -> Limits:
        """The bounds and times of the association."""
        return Limits(
            max_pdu_length=self.max_pdu,
            max_send_pdu_length=self.max_send_pdu,
            connect=self.connect_timeout,
            associate=self.acse_timeout,
            release=self.acse_timeout,
            # ARTIM is the standard's; it can be longer or shorter, but not be left out.
            artim=self.acse_timeout or _LIMITS.artim,
            reply=self.dimse_timeout,
            pdu=self.socket_timeout,
            write=self.socket_timeout,
        )
