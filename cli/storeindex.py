"""storeindex: make the index of a storescp anew of the files that are there."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from dimse.errors import DIMSEError, IndexFailed, IndexUnusable, ObjectStoreUnusable
from dimse.storage import Index, rebuild_index

from . import tool
from .codes import FAILED
from .grammar import values as read
from .grammar.declaration import parameter
from .options.general import General
from .report import Report

__all__ = ["StoreindexSettings", "main"]


class StoreindexSettings(
    General, tool="storeindex", summary="Make the index of stored DICOM objects anew"
):
    """What a command line of storeindex comes to."""

    index: str = parameter("index", read=read.text, help="the database, as storescp --index has it")
    directory: str = parameter(
        "directory",
        read=read.text,
        help="where the objects are, as storescp --output-directory or --object-store has it: a URL "
        "such as s3://BUCKET/PREFIX is an object store",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; gives its exit code. Default: the process's command line."""
    return tool.run(StoreindexSettings, argv, _work)


def _work(settings: StoreindexSettings, report: Report) -> int:
    unusable = 0

    def told(where: Path | str, error: DIMSEError) -> None:
        nonlocal unusable
        unusable += 1
        report.error(f"not in the index: {where}: {error}")

    url = settings.directory if "://" in settings.directory else None
    if url is None and not Path(settings.directory).is_dir():
        report.fatal(f"no such directory: {settings.directory}")
        return FAILED
    try:
        with Index(settings.index, settings.directory) as index:
            rebuilt = rebuild_index(index, told, url=url)
    except (IndexUnusable, IndexFailed, ObjectStoreUnusable) as error:
        report.fatal(str(error))
        return FAILED
    report.info(
        f"Objects: {rebuilt.objects}, rows added: {rebuilt.added}, removed: {rebuilt.removed}, "
        f"files that can't be used: {unusable}"
    )
    return FAILED if unusable else 0


if __name__ == "__main__":
    sys.exit(main())
