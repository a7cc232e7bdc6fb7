"""The options of what files are sent."""

from __future__ import annotations

from dimse.objects import FileForm

from ..grammar.declaration import Settings, flag, setting, value
from ..grammar.values import text

__all__ = ["Inputs"]


class Inputs(Settings, title="input"):
    """Where files are looked for, and how they are taken."""

    form: FileForm = setting(
        "any",
        flag(
            "+f", "--read-file", value="any", help="read DICOM files and bare data sets (default)"
        ),
        flag("+fo", "--read-file-only", value="file", help="read DICOM files only"),
        flag(
            "-f",
            "--read-dataset",
            value="data set",
            help="read data sets without file meta information only",
        ),
    )
    scan: bool = setting(
        False,
        flag("+sd", "--scan-directories", help="send the files in directories that are given"),
    )
    pattern: str | None = setting(
        None,
        value(
            "+sp",
            "--scan-pattern",
            read=text,
            metavar="PATTERN",
            help='and of those only the ones with such names, for instance "*.dcm"',
            needs=["--scan-directories"],
        ),
    )
    recurse: bool = setting(
        False,
        flag(
            "+r",
            "--recurse",
            help="and those in their subdirectories",
            needs=["--scan-directories"],
        ),
        flag(
            "-r",
            "--no-recurse",
            value=False,
            help="but not those in their subdirectories (default)",
        ),
    )
    follow_links: bool = setting(
        False,
        flag(
            "--follow-links",
            help="go into directories that are linked, too; none is searched twice",
            needs=["--recurse"],
        ),
    )
    objects_only: bool = setting(
        False,
        flag(
            "--objects-only",
            help="take a file in a directory that is no DICOM file for an error, as if it was named "
            "(default: leave it out, with a warning)",
            needs=["--scan-directories"],
        ),
        dcmtk=True,
    )
    check_uids: bool = setting(
        False,
        flag("--check-uids", help="refuse files whose SOP Class or Instance UID breaks the rules"),
        flag(
            "-nuc",
            "--no-uid-checks",
            value=False,
            help="send them, as long as they are made of digits and dots",
        ),
    )
    strict: bool = setting(
        False,
        flag(
            "--strict",
            help="refuse files that are wrong in a way that is tolerated otherwise, with a warning",
        ),
    )
    files_from: str | None = setting(
        None,
        value(
            "--files-from",
            read=text,
            metavar="FILE",
            help="send the files that are listed in FILE, a name in each line, after those that "
            "are given; -: standard input",
        ),
    )
    nul: bool = setting(
        False,
        flag("--null", help="names in the list end with a NUL", needs=["--files-from"]),
    )
    archives: bool = setting(
        False,
        flag(
            "--archives",
            help="open archives (zip, tar, gzip ...) in directories as well; those that are "
            "given always are",
            needs=["--scan-directories"],
        ),
    )
    dicomdir: bool = setting(
        False,
        flag(
            "+rd",
            "--read-from-dicomdir",
            help="send the files that are named in the DICOMDIRs that are given",
            excludes=["--scan-directories"],
        ),
    )
