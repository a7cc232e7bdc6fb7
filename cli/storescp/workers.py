"""storescp with several processes: what each of them does, and what is said of them."""

from __future__ import annotations

import contextlib
import signal
import socket
from functools import partial

from dimse.watch import Counts
from dimse.workers import (
    Ending,
    Orders,
    WorkerEnded,
    WorkerEvent,
    Workers,
    WorkerStarted,
    listeners,
)
from dul.errors import DULError

from ..codes import FAILED
from ..grammar.declaration import UsageError
from ..report import Report
from ..stop import name_of
from ..systemd import notify, watchdog_interval
from .admitting import callers_for
from .options import StorescpSettings
from .placing import shared_studies, storing, study_line
from .serving import (
    UNUSABLE,
    announce,
    context_maker,
    given_listeners,
    monitor_for,
    say_end,
    say_ending,
    say_no_network,
    server_for,
)

__all__ = ["serve_with_workers"]


def serve_with_workers(settings: StorescpSettings, report: Report) -> int:
    """Serve with the processes that the options ask for; gives the exit code."""
    if settings.names in {"time", "system"} and not settings.template:
        raise UsageError("--timenames not allowed with --workers: two might give the same name")
    counts = Counts(processes=settings.workers)
    try:
        callers = callers_for(settings)
    except UNUSABLE as error:
        report.fatal(str(error))
        return FAILED
    plain, secure = given_listeners(settings)
    make_context = context_maker(settings, report)
    if make_context is not None:
        make_context()  # asks for the password, which the processes that follow then know

    def work(listener: socket.socket, number: int, orders: Orders) -> None:
        counts.take_row(number)
        # Opened here and not before: so what one that died has left is removed by the next.
        with storing(settings, report, study_line(settings, orders)) as storage:
            served = server_for(
                settings,
                report,
                storage,
                counts,
                make_context=make_context,
                callers=callers,
                listener=listener,
                tls_listener=secure[number % len(secure)] if secure else None,
                worker=number + 1,
                watchers=() if monitor is None else monitor.watchers(),
            )
            orders.obey(served.request_stop, served.reload)
            served.server.serve_forever()
            served.server.stop()

    def reopen() -> None:
        report.reopen()
        # For workers that are made later; those that run say what is wrong with a file.
        callers.reload(_say_nothing, _say_nothing)

    with contextlib.ExitStack() as stack:
        try:
            with storing(settings, report):
                pass  # that it is possible is to be known before anybody connects
            monitor = monitor_for(settings, report, counts, stack)
            if settings.tls_port is not None and not secure:
                secure = listeners(settings.host, settings.tls_port, settings.workers)
            beside = monitor and monitor.job
            workers = Workers(
                work,
                count=settings.workers,
                host=settings.host,
                port=settings.port,
                listeners=plain or None,
                more_listeners=secure,
                beside=[beside] if beside else [],
                attendant=shared_studies(settings, report),
                told=partial(_tell, report, counts),
                reopen=reopen,
                tick=partial(notify, "WATCHDOG=1"),
                every=watchdog_interval(),
            )
        except UNUSABLE as error:
            report.fatal(str(error))
            return FAILED
        except DULError as error:
            say_no_network(settings, report, error)
            return FAILED
        tls_port = secure[0].getsockname()[1] if secure else None
        if not announce(settings, report, workers.address[1], tls_port, monitor):
            return FAILED
        ended_by = workers.run(settings.grace or 0.0)
        say_end(report, name_of(ended_by or signal.SIGTERM), counts.totals())
        return 0


def _say_nothing(words: str) -> None:
    """For what every worker says."""


def _tell(report: Report, counts: Counts, event: WorkerEvent) -> None:
    if isinstance(event, WorkerEnded) and event.number is not None:
        counts.died(event.number)
    match event:
        case Ending(by, grace) if by is not None:
            say_ending(report, name_of(by), grace, counts.totals())
        case WorkerStarted(name, pid):
            report.info(f"{name.capitalize()} runs (process {pid})")
        case WorkerEnded(name, _, pid, how, None):
            report.info(f"{name.capitalize()} (process {pid}) ended: {how}")
        case WorkerEnded(name, _, pid, how, again_in):
            report.error(
                f"{name} (process {pid}) ended: {how}; another takes its place in {again_in:g} s"
            )
