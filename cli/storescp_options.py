"""What storescp can be told: its options, and what they come to."""

from __future__ import annotations

from typing import Literal, TypeAlias

from cli import options as opt
from cli import tool
from cli.options import Command, Group, Option, Parameter
from cli.syntaxes import prefer_options
from dimse.storage.spool import Existing, Fsync
from dimse.support import STORED_AS_THEY_COME
from dul.limits import Limits
from dul.values import dataclass

__all__ = ["COMMAND", "Names", "Settings"]

Names: TypeAlias = Literal["instance", "unique", "time"]
"""What file names are made of: the SOP Instance UID, a new UID, the time."""

_LIMITS = Limits()


def _socket_seconds(given: str) -> float | None:
    """Seconds; None for 0, and for -1, which DCMTK takes for "do not set"."""
    return None if given == "-1" else opt.seconds(given)


_OUTPUT = Group(
    "output",
    (
        Option(
            ("-od", "--output-directory"),
            "directory",
            "write received objects to the existing directory D (default: .)",
            read=opt.text,
            metavar="D",
            default=".",
        ),
        Option(
            ("-B", "--normal"),
            "check",
            "refuse an object that is not the one that its command names, or is cut off (default)",
            default=True,
        ),
        Option(
            ("+B", "--bit-preserving"),
            "check",
            "store whatever comes; its bytes are never changed in either case",
            value=False,
        ),
        Option(
            ("--strict",),
            "strict",
            "refuse objects with faults that are tolerated otherwise (docs/tolerance.md)",
            default=False,
        ),
        Option(
            ("+F", "--write-file"),
            "file_meta",
            "write DICOM files, with file meta information (default)",
            default=True,
        ),
        Option(
            ("-F", "--write-dataset"),
            "file_meta",
            "write data sets without file meta information",
            value=False,
        ),
        Option(
            ("+t=", "--write-xfer-same"),
            "",
            "write the transfer syntax that is received (always so)",
        ),
        Option(("+u", "--enable-new-vr"), "", "write VRs as they are (always so)"),
        Option(("-uc", "--retain-un"), "", "write elements of VR UN as they are (always so)"),
        Option(("-p", "--padding-off"), "", "write no padding behind data sets (always so)"),
        Option(("--ignore",), "ignore", "receive objects, but do not store them", default=False),
    ),
)

_NAMES = Group(
    "file names",
    (
        Option(
            ("-uf", "--default-filenames"),
            "names",
            "name files MODALITY.SOP-INSTANCE-UID (default)",
            "instance",
            default="instance",
        ),
        Option(
            ("+uf", "--unique-filenames"),
            "names",
            "name files MODALITY.X.NEW-UID, so that none is ever replaced",
            "unique",
        ),
        Option(
            ("-tn", "--timenames"),
            "names",
            "name files YYYYMMDDHHMMSSmmm.MODALITY, by the time when they come",
            "time",
        ),
        Option(
            ("-fe", "--filename-extension"),
            "extension",
            'append E to the file names, for instance ".dcm" (default: nothing)',
            read=opt.text,
            metavar="E",
            default="",
        ),
        Option(
            ("--keep-existing",),
            "existing",
            "keep a file that is there already, and drop the new object (default: replace it)",
            "keep",
            default="replace",
        ),
        Option(
            ("--fsync",),
            "fsync",
            "flush to the disk before success is reported: full (default), the file and "
            "its name; file, its content only; none",
            read=opt.choice(full="full", file="file", none="none"),
            metavar="POLICY",
            default="full",
        ),
    ),
)

_NETWORK = Group(
    "network",
    (
        Option(
            ("--host",),
            "host",
            "listen on this address only (default: on all, IPv4 and IPv6)",
            read=opt.text,
            metavar="ADDRESS",
            default="",
        ),
        Option(("-i0", "--ip-auto"), "host", "listen on all addresses (default)", ""),
        Option(("-i4", "--ipv4"), "host", "listen on all IPv4 addresses", "0.0.0.0"),  # noqa: S104
        Option(("-i6", "--ipv6"), "host", "listen on all IPv6 addresses", "::"),
        Option(
            ("--port-file",),
            "port_file",
            "write the port's number to a file as soon as connections are accepted",
            read=opt.text,
            metavar="FILE",
            default=None,
        ),
        Option(
            ("-aet", "--aetitle"),
            "title",
            "my AE title (default: STORESCP)",
            read=opt.ae_title,
            metavar="TITLE",
            default="STORESCP",
        ),
        Option(
            ("--check-called",),
            "check_called",
            "reject associations that call another AE title than mine (default: answer to any)",
            default=False,
        ),
        Option(
            ("--max-associations",),
            "max_associations",
            "serve up to N associations at a time, reject more (default: 100)",
            read=opt.integer(1, 1000),
            metavar="N",
            default=100,
        ),
        Option(("-dhl", "--disable-host-lookup"), "", "show addresses, not names (always so)"),
    ),
)

_ACCEPTED = Group(
    "transfer syntaxes (default: all) and SOP classes (default: all of storage)",
    (
        *prefer_options("syntaxes"),
        Option(
            ("-pm", "--promiscuous"),
            "promiscuous",
            "accept private SOP classes, too, and those that are newer than this program",
            default=False,
        ),
        Option(("-up", "--uid-padding"), "", "correct space-padded UIDs silently (always so)"),
    ),
)

_TIMES = Group(
    "time limits, in seconds",
    (
        Option(
            ("-ts", "--socket-timeout"),
            "socket_timeout",
            "for the peer to go on with a PDU, in either direction; 0: none (default: 60)",
            read=_socket_seconds,
            metavar="S",
            default=60.0,
        ),
        Option(
            ("-ta", "--acse-timeout"),
            "acse_timeout",
            "for an association request on a new connection (default: 30)",
            read=opt.some_seconds,
            metavar="S",
            default=30.0,
        ),
        Option(
            ("-td", "--dimse-timeout"),
            "dimse_timeout",
            "for the next message on an association; 0: none (default: 600)",
            read=opt.seconds,
            metavar="S",
            default=600.0,
        ),
    ),
)

_FAULTS = Group(
    "faults, to see how a requestor takes them",
    (
        Option(("--refuse",), "refuse", "reject every association", default=False),
        Option(
            ("--reject",),
            "reject",
            "reject associations of requestors without implementation class UID",
            default=False,
        ),
        Option(
            ("--sleep-during",),
            "sleep_during",
            "sleep S seconds each time that a part of a data set has come",
            read=opt.seconds,
            metavar="S",
            default=None,
        ),
        Option(
            ("--sleep-after",),
            "sleep_after",
            "sleep S seconds before each response to a C-STORE",
            read=opt.seconds,
            metavar="S",
            default=None,
        ),
        Option(
            ("--abort-during",),
            "abort_during",
            "abort the association while a data set comes",
            default=False,
        ),
        Option(
            ("--abort-after",),
            "abort_after",
            "abort the association instead of responding to a C-STORE",
            default=False,
        ),
    ),
)

COMMAND = Command(
    name="storescp",
    summary="DICOM storage (C-STORE) SCP",
    parameters=(
        Parameter("port", "tcp/ip port number to listen on; 0: any free one", opt.listening_port),
    ),
    groups=(
        tool.GENERAL,
        _OUTPUT,
        _NAMES,
        _NETWORK,
        _ACCEPTED,
        Group("sizes of PDUs", (tool.max_pdu(_LIMITS.max_pdu_length),)),
        _TIMES,
        _FAULTS,
    ),
    defaults={**tool.GENERAL_DEFAULTS, "max_pdu": _LIMITS.max_pdu_length, "syntaxes": None},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line comes to."""

    port: int
    contexts: bool
    directory: str
    check: bool
    strict: bool
    file_meta: bool
    ignore: bool
    names: Names
    extension: str
    existing: Existing
    fsync: Fsync
    host: str
    port_file: str | None
    title: str
    check_called: bool
    max_associations: int
    syntaxes: tuple[str, ...] | None
    promiscuous: bool
    max_pdu: int
    socket_timeout: float | None
    acse_timeout: float
    dimse_timeout: float | None
    refuse: bool
    reject: bool
    sleep_during: float | None
    sleep_after: float | None
    abort_during: bool
    abort_after: bool

    @property
    def limits(self) -> Limits:
        """The bounds and times of every association."""
        return Limits(
            max_pdu_length=self.max_pdu,
            artim=self.acse_timeout,
            idle=self.dimse_timeout,
            pdu=self.socket_timeout,
            write=self.socket_timeout,
        )

    @property
    def accept_all(self) -> bool:
        """Private transfer syntaxes are accepted, too."""
        return self.syntaxes == STORED_AS_THEY_COME
