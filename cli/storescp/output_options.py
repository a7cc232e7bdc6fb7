"""What storescp can be told about what it writes: where, in which form, under which names."""

from __future__ import annotations

from dimse.storage import EXTENSION, Existing, Fsync
from dimse.tables.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from dul.values import TYPE_CHECKING

from ..grammar import values as read
from ..grammar.declaration import Settings, flag, setting, value

if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    from dimse.objects import GroupLengths, Lengths
    from dimse.storage import PathTemplate

__all__ = ["FileNames", "Names", "Output"]

Names: TypeAlias = "Literal['instance', 'unique', 'time', 'system', 'short']"
"""What file names are made of: the SOP Instance UID, a new UID, the time in either form, chance."""


def _template(given: str) -> PathTemplate:
    # Most servers need none.
    from dimse.storage import PathTemplate  # noqa: PLC0415

    return PathTemplate(given)


def _extension(given: str) -> str:
    if not EXTENSION.fullmatch(given):
        raise ValueError(f"{given!r} is no file name extension such as '.dcm'")
    return given


def _padding(file: str, item: str) -> tuple[int, int]:
    multiples = _multiple(file), _multiple(item)
    if any(each % 2 for each in multiples):
        raise ValueError("lengths are padded to even ones")
    return multiples


_multiple = read.integer(0, 1 << 20)


class Output(Settings, title="output"):
    """Where objects go, and as what."""

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
    object_store: str | None = setting(
        None,
        value(
            "--object-store",
            read=read.text,
            metavar="URL",
            help="upload received objects to an object store instead: s3://BUCKET/PREFIX, gs://..., "
            "az://...; success is answered when it has confirmed them (docs/running.md)",
            excludes=[
                "--output-directory",
                "--fsync",
                "--ignore",
                "--exec-on-reception",
                "--exec-on-eostudy",
                "--rename-on-eostudy",
                "--eostudy-timeout",
            ],
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
    old_vrs: bool = setting(
        False,
        flag("+u", "--enable-new-vr", value=False, help="write VRs as they are (default)"),
        flag(
            "-u",
            "--disable-new-vr",
            help="write VRs that are newer than 1993 (UN, UT, OF and later ones) as OB",
            excludes=["--bit-preserving"],
        ),
    )
    known_vrs: bool = setting(
        False,
        flag(
            "-uc", "--retain-un", value=False, help="write elements of VR UN as they are (default)"
        ),
        flag(
            "+uc",
            "--convert-un",
            help="give elements of VR UN their real VR where the dictionary knows it",
            excludes=["--bit-preserving"],
        ),
    )
    group_lengths: GroupLengths | None = setting(
        None,
        flag(
            "+g=",
            "--group-length-recalc",
            value="recalculate",
            help="correct group lengths that are there (default: leave them, or where another "
            "transfer syntax is written, out)",
            excludes=["--bit-preserving"],
        ),
        flag(
            "+g",
            "--group-length-create",
            value="create",
            help="write a group length for each group",
            excludes=["--bit-preserving"],
        ),
        flag(
            "-g",
            "--group-length-remove",
            value="remove",
            help="write no group lengths",
            excludes=["--bit-preserving"],
        ),
    )
    lengths: Lengths | None = setting(
        None,
        flag(
            "+e",
            "--length-explicit",
            value="explicit",
            help="write the lengths of sequences and items (default: as they come)",
            excludes=["--bit-preserving"],
        ),
        flag(
            "-e",
            "--length-undefined",
            value="undefined",
            help="end sequences and items with delimiters",
            excludes=["--bit-preserving"],
        ),
    )
    padding: tuple[int, int] | None = setting(
        None,
        flag("-p", "--padding-off", value=None, help="write no padding behind data sets (default)"),
        value(
            "+p",
            "--padding-create",
            read=_padding,
            metavar="FILE-PAD ITEM-PAD",
            help="pad files to a multiple of FILE-PAD bytes, items of sequences to one of ITEM-PAD; "
            "0: don't",
            excludes=["--bit-preserving", "--write-dataset"],
        ),
    )
    ignore: bool = setting(False, flag("--ignore", help="receive objects, but do not store them"))


class FileNames(Settings, title="file names"):
    """What they are called, and what if that is taken."""

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
