"""Where objects are put: the directory and the names that options come to."""

from __future__ import annotations

from pathlib import Path

from cli.report import Report
from cli.storescp.options import Names, StorescpSettings
from dimse.storage.naming import Naming, TimeNames, dcmtk_name, unique_name
from dimse.storage.spool import Spool

__all__ = ["spool_for"]

_WORDS = {
    "replaced": "overwriting",
    "kept": "keeping it",
    "identical": "the new one is the same",
}


def spool_for(settings: StorescpSettings, report: Report) -> Spool:
    """The directory that objects are stored in.

    Raises:
        SpoolUnusable: it can't be.
    """

    def told(path: Path, what: str) -> None:
        report.warn(f"DICOM file already exists, {_WORDS[what]}: {path}")

    return Spool(
        settings.directory,
        fsync=settings.fsync,
        existing=settings.existing,
        check=settings.check,
        strict=settings.strict,
        keep_mismatched=settings.keep_mismatched,
        naming=settings.template or _naming(settings.names),
        extension="" if settings.template else settings.extension,
        file_meta=settings.file_meta,
        told=told,
    )


def _naming(names: Names) -> Naming:
    match names:
        case "unique":
            return unique_name
        case "time":
            return TimeNames()
    return dcmtk_name
