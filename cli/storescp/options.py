"""What storescp can be told: its options, and what they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from dimse.storage import EXTENSION, Existing, Fsync
from dimse.tables.transfer_syntaxes import STORED_AS_THEY_COME
from dimse.tables.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
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
from .serving_options import Indexing, Monitoring, Running

if TYPE_CHECKING:
    from dimse.storage import PathTemplate

__all__ = ["Names", "StorescpSettings"]

Names: TypeAlias = Literal["instance", "unique", "time", "system", "short"]
"""What file names are made of: the SOP Instance UID, a new UID, the time in either form, chance."""

_LIMITS = Limits()


def _template(given: str) -> PathTemplate:
    # Most servers need none.
    from dimse.storage import PathTemplate  # noqa: PLC0415

    return PathTemplate(given)


def _extension(given: str) -> str:
    if not EXTENSION.fullmatch(given):
        raise ValueError(f"{given!r} is no file name extension such as '.dcm'")
    return given


class _Output(Settings, title="output"):
    directory: str = setting(
        ".",
        value(
            "-od",
            "--output-directory",
            read=read.text,
            metavar="D",
            help="write received objects to the existing directory D (default: .)",
        ),
    )
    check: bool = setting(
        True,
        flag(
            "-B",
            "--normal",
            help="refuse an object that is not the one that its command names, or is cut off (default)",
        ),
        flag(
            "+B",
            "--bit-preserving",
            value=False,
            help="store whatever comes; its bytes are never changed in either case",
        ),
    )
    strict: bool = setting(
        False,
        flag(
            "--strict",
            help="refuse objects with faults that are tolerated otherwise (docs/tolerance.md)",
        ),
    )
    file_meta: bool = setting(
        True,
        flag("+F", "--write-file", help="write DICOM files, with file meta information (default)"),
        flag(
            "-F",
            "--write-dataset",
            value=False,
            help="write data sets without file meta information",
        ),
    )
    write_syntax: str | None = setting(
        None,
        flag(
            "+t=",
            "--write-xfer-same",
            value=None,
            help="write the transfer syntax that is received (default)",
        ),
        *(
            flag(
                f"+t{letter}",
                f"--write-xfer-{word}",
                value=uid,
                help=f"write what is not compressed in {words}; unless a transfer syntax is "
                "preferred, compressed ones are not accepted then",
                excludes=["--bit-preserving"],
            )
            for letter, word, uid, words in (
                ("e", "little", EXPLICIT_VR_LITTLE_ENDIAN, "explicit VR little endian"),
                ("b", "big", EXPLICIT_VR_BIG_ENDIAN, "explicit VR big endian"),
                ("i", "implicit", IMPLICIT_VR_LITTLE_ENDIAN, "implicit VR little endian"),
                (
                    "d",
                    "deflated",
                    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
                    "deflated explicit VR little endian",
                ),
            )
        ),
    )
    compression_level: int = setting(
        6,
        value(
            "+cl",
            "--compression-level",
            read=read.integer(0, 9),
            metavar="LEVEL",
            help="how hard deflating tries, 0 to 9 (default: {default})",
            needs=["--write-xfer-deflated"],
        ),
    )
    _enable_new_vr = always("+u", "--enable-new-vr", help="write VRs as they are (always so)")
    _retain_un = always(
        "-uc", "--retain-un", help="write elements of VR UN as they are (always so)"
    )
    _padding_off = always(
        "-p", "--padding-off", help="write no padding behind data sets (always so)"
    )
    ignore: bool = setting(False, flag("--ignore", help="receive objects, but do not store them"))


class _Names(Settings, title="file names"):
    names: Names = setting(
        "instance",
        flag(
            "-uf",
            "+fd",
            "--default-filenames",
            value="instance",
            help="name files MODALITY.SOP-INSTANCE-UID (default)",
        ),
        flag(
            "+uf",
            "+fu",
            "--unique-filenames",
            value="unique",
            help="name files MODALITY.X.NEW-UID, so that none is ever replaced",
        ),
        flag(
            "-tn",
            "--timenames",
            value="time",
            help="name files YYYYMMDDHHMMSSmmm.MODALITY, by the time when they come",
        ),
        flag(
            "+fst",
            "--system-time-names",
            value="system",
            help="name files YYYYMMDDHHMMSS.uuuuuu.MODALITY, as dcmrecv does",
        ),
        flag(
            "+fsu",
            "--short-unique-names",
            value="short",
            help="name files MODALITY_ and 16 random hexadecimal digits",
        ),
    )
    series_date: bool = setting(
        False,
        flag("-s", "--no-subdir", value=False, help="make no directories (default)"),
        flag(
            "+ssd",
            "--series-date-subdir",
            help="make directories by Series Date: data/2003/05/05; without one, undef/ and today",
            excludes=[
                "--filepath",
                "--sort-conc-studies",
                "--sort-on-study-uid",
                "--sort-on-patientname",
            ],
        ),
    )
    template: PathTemplate | None = setting(
        None,
        value(
            "--filepath",
            read=_template,
            metavar="TEMPLATE",
            help="put files where a template of dcm4che's kind says, such as one of Patient ID, "
            "Modality and SOP Instance UID: docs/cli.md",
            excludes=[
                ("--unique-filenames", "--timenames"),
                "--default-filenames",
                "--filename-extension",
            ],
        ),
    )
    extension: str = setting(
        "",
        value(
            "-fe",
            "--filename-extension",
            read=_extension,
            metavar="E",
            help='append E to the file names, for instance ".dcm" (default: nothing)',
        ),
    )
    existing: Existing = setting(
        "replace",
        flag(
            "--keep-existing",
            value="keep",
            help="keep a file that is there already, and drop the new object (default: replace it)",
        ),
        value(
            "--existing",
            read=read.choice(replace="replace", keep="keep", refuse="refuse", compare="compare"),
            metavar="WHAT",
            help="what a file that is there already means: replace it (default); keep it and "
            "answer with success; refuse the new object (0124H); compare: success if it is the "
            "same, else refuse it",
        ),
    )
    keep_mismatched: bool = setting(
        False,
        flag(
            "--keep-mismatched",
            help="store an object that is not the one that its command names, too; it is answered "
            "with A900H all the same",
        ),
    )
    fsync: Fsync = setting(
        "file",
        value(
            "--fsync",
            read=read.choice(file="file", study="study", none="none"),
            metavar="POLICY",
            help="when objects are flushed to the disk: file (default), each before its success is "
            "reported; study, those of an association before its release is confirmed; none, when "
            "the operating system likes",
        ),
    )


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
            help="for an association request on a new connection (default: 30)",
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
    _Output,
    _Names,
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
            idle=self.dimse_timeout,
            pdu=self.socket_timeout,
            write=self.socket_timeout,
        )

    @property
    def accept_all(self) -> bool:
        """Private transfer syntaxes are accepted, too."""
        return self.syntaxes == STORED_AS_THEY_COME
