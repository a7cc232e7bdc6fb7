"""What becomes of objects: the directory and the names that options come to, and commands."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from dimse import Observer, OpenSink, Requestor, StoreRequest
from dimse.storage import (
    Discard,
    Existing,
    Naming,
    Spool,
    SystemTimeNames,
    TimeNames,
    WriteAs,
    dcmtk_name,
    in_series_date,
    short_unique_name,
    unique_name,
)
from dul.values import TYPE_CHECKING, dataclass, field

from ..grammar.declaration import UsageError
from ..report import Report, printable
from .options import StorescpSettings
from .output_options import Names

if TYPE_CHECKING:
    from typing import TypedDict

    from dimse.hooks import CommandEnded, Hooks
    from dimse.storage import ObjectStore, Study, StudyLog
    from dimse.workers import Orders, SharedStudies

__all__ = ["Storage", "shared_studies", "storing", "study_line"]

_WORDS = {
    "replaced": "overwriting",
    "kept": "keeping it",
    "identical": "the new one is the same",
}


@dataclass(frozen=True, slots=True)
class Storage:
    """What becomes of objects.

    Attributes:
        open_sink: makes a sink for each.
        on_release: is called before a release is confirmed.
        on_store: what happens when one is stored; None: nothing more.
        observers: who is told.
        not_written: the files of objects that came again and gave way to an older one, from then
            until their answer; it is for who says that something is stored to take them out.
    """

    open_sink: OpenSink[StoreRequest]
    on_release: Callable[[Requestor], None] | None = None
    on_store: Callable[[StoreRequest], None] | None = None
    observers: tuple[Observer, ...] = ()
    not_written: set[str] = field(default_factory=set)


@contextlib.contextmanager
def storing(
    settings: StorescpSettings, report: Report, studies: StudyLog | None = None
) -> Iterator[Storage]:
    """What the options come to; at the end, commands that wait still run.

    Args:
        settings: the options.
        report: where it is said what happens.
        studies: who knows which studies are open, if it is somebody else than this process.

    Raises:
        SpoolUnusable, ObjectStoreUnusable: objects can't be stored.
        IndexUnusable: or not be indexed.
        UsageError: options that don't go together.
    """
    with _storing(settings, report, studies) as storage:
        if settings.index is None:
            yield storage
            return
        if settings.rename:
            raise UsageError("--index not allowed with --rename-on-eostudy: names would be wrong")
        # Few servers keep one.
        from dimse.storage import Index  # noqa: PLC0415

        durable = settings.fsync != "none"
        with Index(settings.index, settings.directory, durable=durable) as index:
            yield Storage(
                index.over(storage.open_sink),
                storage.on_release,
                storage.on_store,
                storage.observers,
                storage.not_written,
            )


@contextlib.contextmanager
def _storing(
    settings: StorescpSettings, report: Report, studies: StudyLog | None
) -> Iterator[Storage]:
    if settings.ignore:
        yield Storage(_ignore)
        return
    if settings.on_object or _by_study(settings):
        with _with_events(settings, report, studies) as found:
            yield found
        return
    not_written: set[str] = set()
    naming = settings.template or _naming(settings)
    with _store(settings, report, naming, not_written) as store:
        yield Storage(store.open, _flush(settings, store), not_written=not_written)


def _flush(
    settings: StorescpSettings, store: Spool | ObjectStore
) -> Callable[[Requestor], None] | None:
    return store.flush if isinstance(store, Spool) and settings.fsync == "study" else None


def _ignore(_: StoreRequest) -> Discard:
    return Discard()


def _by_study(settings: StorescpSettings) -> bool:
    return bool(settings.on_study or settings.sort or settings.end_of_study_timeout)


@contextlib.contextmanager
def _with_events(
    settings: StorescpSettings, report: Report, shared: StudyLog | None
) -> Iterator[Storage]:
    """Objects that are sorted by study, or that commands are run for."""
    # Few servers do either.
    from dimse.hooks import StudyObserver  # noqa: PLC0415
    from dimse.storage import noting_study, sorted_by_study  # noqa: PLC0415

    hooks = _hooks(settings, report, waits=settings.exec_sync)
    naming = settings.template or _naming(settings)
    not_written: set[str] = set()
    with contextlib.ExitStack() as stack:
        stack.callback(hooks.close, _last_grace(settings))
        if not _by_study(settings):
            store = stack.enter_context(_store(settings, report, naming, not_written))
            yield Storage(
                store.open, _flush(settings, store), hooks.stored, not_written=not_written
            )
            return
        studies = shared or stack.enter_context(_own_studies(settings, report, hooks))
        if settings.sort is None:
            naming = noting_study(naming, studies)
        else:
            by, prefix = settings.sort
            naming = sorted_by_study(naming, studies, by, prefix=prefix)
        observer = StudyObserver(studies)

        def on_store(request: StoreRequest) -> None:
            hooks.stored(request)
            observer.stored(request)

        store = stack.enter_context(_store(settings, report, naming, not_written))
        yield Storage(store.open, _flush(settings, store), on_store, (observer,), not_written)


@contextlib.contextmanager
def _own_studies(settings: StorescpSettings, report: Report, hooks: Hooks) -> Iterator[StudyLog]:
    """The studies of a server that is one process."""
    from dimse.storage import Studies, StudyClock  # noqa: PLC0415 - as above

    studies = Studies(
        lambda study: _end(settings, report, hooks, study),
        timeout=settings.end_of_study_timeout,
        remember_paths=settings.rename,
    )
    with StudyClock(studies):
        try:
            yield studies
        finally:
            studies.close()


def shared_studies(settings: StorescpSettings, report: Report) -> SharedStudies | None:
    """The studies of several processes, for their supervisor; None if nobody asks for them."""
    if settings.ignore or not _by_study(settings):
        return None
    from dimse.workers import SharedStudies  # noqa: PLC0415 - as above

    def at_end(study: Study) -> None:
        hooks = _hooks(settings, report, waits=True)
        _end(settings, report, hooks, study)
        hooks.close()

    def failed(study: Study, why: str) -> None:
        report.error(printable(f"end of study: {study.uid}: not dealt with: {why}"))

    return SharedStudies(
        at_end,
        failed=failed,
        timeout=settings.end_of_study_timeout,
        remember_paths=settings.rename,
        maximum=settings.exec_max,
        grace=_last_grace(settings),
    )


def study_line(settings: StorescpSettings, orders: Orders) -> StudyLog | None:
    """A worker's line to them."""
    if settings.ignore or not _by_study(settings):
        return None
    from dimse.workers import StudyLine  # noqa: PLC0415 - as above

    return StudyLine(
        orders, timed=settings.end_of_study_timeout is not None, waits=settings.exec_sync
    )


def _last_grace(settings: StorescpSettings) -> float:
    """Seconds that commands are given when the server has ended."""
    return max(settings.grace or 0.0, 5.0)


def _hooks(settings: StorescpSettings, report: Report, *, waits: bool) -> Hooks:
    from dimse.hooks import Hooks  # noqa: PLC0415 - as above

    return Hooks(
        lambda ended: _say_ended(report, ended),
        maximum=settings.exec_max,
        waits=waits,
        on_object=settings.on_object,
        on_study=settings.on_study,
    )


def _end(settings: StorescpSettings, report: Report, hooks: Hooks, study: Study) -> None:
    """What happens when a study has ended."""
    from dimse.storage import renamed  # noqa: PLC0415 - as above

    report.info(printable(f"end of study: {study.uid} ({study.objects} objects)"))
    if settings.rename:
        for path, new in renamed(study):
            if isinstance(new, OSError):
                report.warn(f"cannot rename file {path}: {new.strerror}")
            else:
                report.debug(f"renamed {path} to {new.name}")
    hooks.ended(study)


def _say_ended(report: Report, ended: CommandEnded) -> None:
    line = printable(" ".join(ended.arguments))
    if ended.code is None:
        report.error(f"command not executed: {line}: {ended.error}")
    elif ended.code:
        how = f"signal {-ended.code}" if ended.code < 0 else f"exit code {ended.code}"
        report.error(f"command failed with {how}: {line}")
    else:
        report.info(f"command executed in {ended.seconds:.2f} s: {line}")


@contextlib.contextmanager
def _store(
    settings: StorescpSettings, report: Report, naming: Naming, not_written: set[str]
) -> Iterator[Spool | ObjectStore]:
    """The directory or the object store that objects go to.

    Raises:
        SpoolUnusable, ObjectStoreUnusable: it can't take them.
    """

    def told(where: Path | str, what: str) -> None:
        if what != "replaced":
            not_written.add(os.fspath(where))
        report.warn(f"DICOM file already exists, {_WORDS[what]}: {where}")

    how: _How = {
        "existing": settings.existing,
        "check": settings.check,
        "strict": settings.strict,
        "keep_mismatched": settings.keep_mismatched,
        "naming": naming,
        "extension": "" if settings.template else settings.extension,
        "file_meta": settings.file_meta,
        "told": told,
        "write_as": _write_as(settings),
    }
    if settings.object_store is not None:
        # Few servers have one.
        from dimse.storage import ObjectStore  # noqa: PLC0415

        with ObjectStore(settings.object_store, **how) as objects:
            yield objects
        return
    with Spool(settings.directory, fsync=settings.fsync, **how) as spool:
        yield spool


def _write_as(settings: StorescpSettings) -> WriteAs | None:
    form = None
    file_multiple, item_multiple = settings.padding or (0, 0)
    if (
        settings.lengths
        or settings.group_lengths
        or settings.padding
        or settings.known_vrs
        or settings.old_vrs
    ):
        # Few servers are told any of it.
        from dimse.objects import Rewriting  # noqa: PLC0415

        form = Rewriting(
            lengths=settings.lengths or "explicit",  # as DCMTK's: what is written anew has lengths
            group_lengths=settings.group_lengths or "recalculate",
            multiple=file_multiple,
            item_multiple=item_multiple,
            known_vrs=settings.known_vrs,
            old_vrs=settings.old_vrs,
        )
    if form is None and settings.write_syntax is None:
        return None
    return WriteAs(settings.write_syntax, settings.compression_level, form)


if TYPE_CHECKING:

    class _How(TypedDict):
        """What a directory and an object store are told alike."""

        existing: Existing
        check: bool
        strict: bool
        keep_mismatched: bool
        naming: Naming
        extension: str
        file_meta: bool
        told: Callable[[Path | str, str], None]
        write_as: WriteAs | None


def _naming(settings: StorescpSettings) -> Naming:
    naming = _names(settings.names)
    return in_series_date(naming) if settings.series_date else naming


def _names(names: Names) -> Naming:
    match names:
        case "unique":
            return unique_name
        case "time":
            return TimeNames()
        case "system":
            return SystemTimeNames()
        case "short":
            return short_unique_name
    return dcmtk_name
