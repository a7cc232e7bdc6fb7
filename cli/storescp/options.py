"""What storescp can be told: its options, and what they come to."""

from __future__ import annotations

from dimse.tables.transfer_syntaxes import STORED_AS_THEY_COME
from dul import Limits

from ..grammar import values as read
from ..grammar.declaration import Settings, always, flag, parameter, setting, value
from ..options.general import General
from ..options.identity import ServingIdentity
from ..options.network import max_pdu, socket_seconds
from ..options.syntaxes import prefer_options
from ..options.tls import ServingTls
from .access_options import CallersAllowed
from .commands_options import Commands, Sorting
from .output_options import FileNames, Output
from .serving_options import Indexing, Monitoring, Running

__all__ = ["StorescpSettings"]

_LIMITS = Limits()


class _Network(Settings, title="network"):
    host: str = setting(
        "",
        value(
            "--host",
            read=read.text,
            metavar="ADDRESS",
            help="listen on this address only (default: on all, IPv4 and IPv6)",
        ),
        flag("-i0", "--ip-auto", value="", help="listen on all addresses (default)"),
        flag(
            "-i4",
            "--ipv4",
            value="0.0.0.0",  # noqa: S104 - that is what it says
            help="listen on all IPv4 addresses",
        ),
        flag("-i6", "--ipv6", value="::", help="listen on all IPv6 addresses"),
    )
    port_file: str | None = setting(
        None,
        value(
            "--port-file",
            read=read.text,
            metavar="FILE",
            help="write the port's number to a file as soon as connections are accepted",
        ),
    )
    ae_title: str = setting(
        "STORESCP",
        value(
            "-aet",
            "--aetitle",
            read=read.ae_title,
            metavar="TITLE",
            help="my AE title (default: {default})",
        ),
    )
    _use_called = always(
        "-uca", "--use-called-aetitle", help="respond with the AE title that is called (always so)"
    )
    check_called: bool = setting(
        False,
        flag(
            "--check-called",
            help="reject associations that call another AE title than mine (default: answer to any)",
        ),
    )
    _processes = always(
        "--single-process",
        "--fork",
        help="one process, in which no association waits for another (always so)",
    )
    max_associations: int = setting(
        100,
        value(
            "--max-associations",
            read=read.integer(1, 10000),
            metavar="N",
            help="serve up to N associations at a time, reject more (default: 100)",
        ),
    )
    max_ops: int = setting(
        1,
        value(
            "--max-ops",
            read=read.integer(1, 65535),
            metavar="N",
            help="let a requestor that asks for an asynchronous operations window have up to N objects "
            "on their way (default: {default})",
        ),
    )


class _Accepted(
    Settings, title="transfer syntaxes (default: all) and SOP classes (default: all of storage)"
):
    syntaxes: tuple[str, ...] | None = setting(None, *prefer_options())
    promiscuous: bool = setting(
        False,
        flag(
            "-pm",
            "--promiscuous",
            help="accept private SOP classes, too, and those that are newer than this program",
        ),
    )
    _uid_padding = always(
        "-up", "--uid-padding", help="correct space-padded UIDs silently (always so)"
    )


class _Times(Settings, title="time limits, in seconds"):
    socket_timeout: float | None = setting(
        60.0,
        value(
            "-ts",
            "--socket-timeout",
            read=socket_seconds,
            metavar="S",
            help="for the peer to go on with a PDU, in either direction; 0: none (default: 60)",
        ),
    )
    acse_timeout: float = setting(
        30.0,
        value(
            "-ta",
            "--acse-timeout",
            read=read.some_seconds,
            metavar="S",
            help="for a TLS handshake, and for an association request, on a new connection "
            "(default: 30)",
        ),
    )
    dimse_timeout: float | None = setting(
        600.0,
        value(
            "-td",
            "--dimse-timeout",
            read=read.seconds,
            metavar="S",
            help="for the next message on an association; 0: none (default: 600)",
        ),
    )


class _Faults(Settings, title="faults, to see how a requestor takes them"):
    refuse: bool = setting(False, flag("--refuse", help="reject every association"))
    reject: bool = setting(
        False,
        flag("--reject", help="reject associations of requestors without implementation class UID"),
    )
    sleep_during: float | None = setting(
        None,
        value(
            "--sleep-during",
            read=read.seconds,
            metavar="S",
            help="sleep S seconds each time that a part of a data set has come",
        ),
    )
    sleep_after: float | None = setting(
        None,
        value(
            "--sleep-after",
            read=read.seconds,
            metavar="S",
            help="sleep S seconds before each response to a C-STORE",
        ),
    )
    abort_during: bool = setting(
        False, flag("--abort-during", help="abort the association while a data set comes")
    )
    abort_after: bool = setting(
        False,
        flag("--abort-after", help="abort the association instead of responding to a C-STORE"),
    )


class _Sizes(Settings, title="sizes of PDUs"):
    max_pdu: int = setting(_LIMITS.max_pdu_length, max_pdu())


class StorescpSettings(
    General,
    Output,
    FileNames,
    Sorting,
    Commands,
    _Network,
    CallersAllowed,
    _Accepted,
    _Sizes,
    _Times,
    Indexing,
    Running,
    Monitoring,
    ServingTls,
    ServingIdentity,
    _Faults,
    tool="storescp",
    summary="DICOM storage (C-STORE) SCP",
):
    """What a command line of storescp comes to."""

    port: int = parameter(
        "port",
        read=read.listening_port,
        help="tcp/ip port number to listen on; 0: any free one; none with --inetd",
        default=-1,
    )

    @property
    def limits(self) -> Limits:
        """The bounds and times of every association."""
        return Limits(
            max_pdu_length=self.max_pdu,
            artim=self.acse_timeout,
            tls_handshake=self.acse_timeout,
            idle=self.dimse_timeout,
            pdu=self.socket_timeout,
            write=self.socket_timeout,
        )

    @property
    def accept_all(self) -> bool:
        """Private transfer syntaxes are accepted, too."""
        return self.syntaxes == STORED_AS_THEY_COME
