"""How storescp runs, from the first connection to the last: its server, and what is said of it."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from dimse import Faults, Observer, Server
from dimse.errors import (
    AccessRulesError,
    IndexUnusable,
    ObjectStoreUnusable,
    PasswordFileUnusable,
    SpoolUnusable,
)
from dimse.watch import Counting, Counts, Observers, Totals
from dul.blocking import OneConnection
from dul.errors import DULError, InvalidTLS
from dul.values import TYPE_CHECKING, dataclass

from .. import dumps
from ..codes import FAILED
from ..grammar.declaration import UsageError
from ..options.tls import only_with_tls
from ..report import Report
from ..stop import Stop
from ..systemd import activated_sockets, notify, signs_of_life
from .admitting import (
    Callers,
    Once,
    access_for,
    callers_for,
    inherited_socket,
    listener_of,
    support_for,
)
from .arrivals import arrivals_for, caller
from .options import StorescpSettings
from .placing import Storage, storing

if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import TypeAlias

    from .monitoring import Monitor

__all__ = [
    "UNUSABLE",
    "Served",
    "announce",
    "context_maker",
    "given_listeners",
    "monitor_for",
    "say_end",
    "say_ending",
    "say_no_network",
    "serve_alone",
    "server_for",
]


UNUSABLE = (
    AccessRulesError,
    IndexUnusable,
    ObjectStoreUnusable,
    PasswordFileUnusable,
    SpoolUnusable,
)
"""What an option names can't be used, which is said before anybody connects."""


def serve_alone(settings: StorescpSettings, report: Report) -> int:
    """Serve in this process until a signal says that it is enough; gives the exit code."""
    counts = Counts()
    listener: socket.socket | None
    tls_listener = None
    if settings.inetd:
        listener = listener_of(inherited_socket())
    else:
        plain, secure = given_listeners(settings)
        listener, tls_listener = next(iter(plain), None), next(iter(secure), None)
    try:
        with contextlib.ExitStack() as stack:
            storage = stack.enter_context(storing(settings, report))
            callers = callers_for(settings)
            make_context = context_maker(settings, report)
            monitor = monitor_for(settings, report, counts, stack)
            served = server_for(
                settings,
                report,
                storage,
                counts,
                make_context=make_context,
                callers=callers,
                listener=listener,
                tls_listener=tls_listener,
                watchers=() if monitor is None else monitor.watchers(),
            )
            return _serve(served, settings, report, counts, monitor)
    except UNUSABLE as error:
        report.fatal(str(error))
    except DULError as error:
        say_no_network(settings, report, error)
    return FAILED


MakeContext: TypeAlias = "Callable[[], SSLContext]"


def monitor_for(
    settings: StorescpSettings, report: Report, counts: Counts, stack: contextlib.ExitStack
) -> Monitor | None:
    """What is shown of the server, if anything is to be; it listens already.

    Raises:
        UsageError: what an option needs is not installed.
        TransportError: an address can't be listened on.
    """
    if settings.metrics is None and settings.web is None:
        return None
    # What only a server loads that is looked at.
    from .monitoring import Monitor  # noqa: PLC0415

    monitor = Monitor(settings, report, counts)
    stack.callback(monitor.close)
    return monitor


@dataclass(frozen=True, slots=True)
class Served:
    """A server, and what ends it.

    Attributes:
        server: it listens already.
        request_stop: let it end, with a grace in seconds.
        reload: open the log anew, and take certificates anew from their files, for connections to
            come; a file that is no good changes nothing.
    """

    server: Server
    request_stop: Callable[[float], None]
    reload: Callable[[], None]


def server_for(
    settings: StorescpSettings,
    report: Report,
    storage: Storage,
    counts: Counts,
    *,
    make_context: MakeContext | None,
    callers: Callers,
    listener: socket.socket | None = None,
    tls_listener: socket.socket | None = None,
    worker: int | None = None,
    watchers: Sequence[Observer] = (),
) -> Served:
    """The server that the options come to.

    Args:
        settings: the options.
        report: where it is said what happens.
        storage: where objects go.
        counts: where they are counted.
        make_context: for TLS; see `context_maker`.
        callers: who may call.
        listener: a socket that listens already.
        tls_listener: one that listens for TLS, beside it.
        worker: its number, if there are several.
        watchers: further ones who are told what happens.

    Raises:
        DULError: the address can't be listened on.
        InvalidTLS, UsageError: as `cli.secure.serving_context`.
    """
    stopping = threading.Event()
    faults = Faults(
        refuse=settings.refuse,
        reject=settings.reject,
        sleep_during=settings.sleep_during or 0.0,
        sleep_after=settings.sleep_after or 0.0,
        abort_during=settings.abort_during,
        abort_after=settings.abort_after,
        sleep=stopping.wait,
    )
    arrivals = arrivals_for(
        report,
        contexts=settings.contexts,
        limits=settings.limits,
        worker=worker,
        not_written=storage.not_written,
    )

    observers: list[Observer] = [Counting(counts), arrivals, *storage.observers, *watchers]
    if isinstance(listener, OneConnection):
        observers.append(Once(lambda: server.request_stop(grace=1.0)))
    server = Server(
        faults.open_sink(storage.open_sink),
        on_store=faults.behind(storage.on_store),
        on_release=storage.on_release,
        support=support_for(settings, callers.users),
        access=access_for(settings, faults, callers.policy),
        observer=Observers(*observers),
        host=settings.host,
        port=max(settings.port, 0),
        listener=listener,
        limits=settings.limits,
        tls=make_context and make_context(),
        tls_port=settings.tls_port,
        tls_listener=tls_listener,
        max_associations=settings.max_associations,
        max_associations_per_peer=settings.per_peer,
        trace=dumps.tracer(report, caller),
    )

    counts.serving(now=True)

    def request_stop(grace: float) -> None:
        counts.serving(now=False)
        # Who sleeps on purpose may do so as long as there is a grace.
        if grace > 0:
            timer = threading.Timer(grace, stopping.set)
            timer.daemon = True
            timer.start()
        else:
            stopping.set()
        server.request_stop(grace)

    def reload() -> None:
        report.reopen()
        if make_context is not None:
            try:
                server.tls = make_context()
            except (InvalidTLS, UsageError) as error:
                report.error(f"the certificates stay as they were: {error}")
            else:
                report.info("The certificates were taken anew")
        callers.reload(report.error, report.info)

    return Served(server, request_stop, reload)


def given_listeners(settings: StorescpSettings) -> tuple[list[socket.socket], list[socket.socket]]:
    """The sockets that systemd opened for us, if it did, and those of them that are for TLS alone.

    Raises:
        UsageError: none is for TLS, or all are, where both are asked for.
    """
    found = activated_sockets()
    if settings.tls_port is None or not found:
        return [sock for _, sock in found], []
    secure = [sock for name, sock in found if name == "tls"]
    plain = [sock for name, sock in found if name != "tls"]
    if not (secure and plain):
        raise UsageError(
            "--tls-port: of systemd's sockets one must have the name tls (FileDescriptorName=), and one "
            "another"
        )
    return plain, secure


def context_maker(settings: StorescpSettings, report: Report) -> MakeContext | None:
    """What makes the context for TLS, now and when the certificates are to be taken anew."""
    pair = settings.tls
    if pair is None:
        only_with_tls(settings)
        return None
    from .. import secure  # noqa: PLC0415 - it loads OpenSSL, and most servers are plain

    password = secure.KeyPassword(settings, pair)

    def make() -> SSLContext:
        context = secure.serving_context(settings, pair, report, password)
        password.may_ask = False
        return context

    return make


# ------------------------------------------------------------------------------ one process --


def _serve(
    served: Served,
    settings: StorescpSettings,
    report: Report,
    counts: Counts,
    monitor: Monitor | None,
) -> int:
    server, grace = served.server, settings.grace or 0.0

    def request_stop() -> None:
        given = grace if stop.signal == signal.SIGTERM else 0.0
        say_ending(report, stop.name, given, counts.totals())
        if monitor is not None:
            monitor.ending()
        served.request_stop(given)

    hurry = partial(served.request_stop, 0.0) if grace else None
    stop = Stop(request_stop, hurry=hurry, reload=served.reload)
    try:
        with stop, signs_of_life():
            secure = server.tls_address
            if not announce(settings, report, server.address[1], secure and secure[1], monitor):
                return FAILED
            if monitor is not None:
                monitor.start()
            server.serve_forever()
            server.stop()
            say_end(report, stop.name, counts.totals())
            return 0
    finally:
        server.stop()


# ------------------------------------------------------------------------------ what is said --


def announce(
    settings: StorescpSettings,
    report: Report,
    port: int,
    tls_port: int | None = None,
    monitor: Monitor | None = None,
) -> bool:
    """Say that connections are accepted; gives whether all could be told."""
    if monitor is not None:
        monitor.accepting_at(port)
    both = "" if tls_port is None else f", and on port {tls_port} for TLS"
    if settings.port_file is not None:
        try:
            second = "" if tls_port is None else f"{tls_port}\n"
            _write_whole(Path(settings.port_file), f"{port}\n{second}")
        except OSError as error:
            report.fatal(f"cannot write the port file: {settings.port_file}: {error.strerror}")
            return False
    where = settings.object_store or settings.directory
    if settings.ignore:
        where = "nowhere (--ignore)"
    report.info(f"Listening on port {port}{both} as {settings.ae_title}, storing to {where}")
    notify("READY=1", f"STATUS=listening on port {port}{both}")
    return True


def say_ending(report: Report, name: str, grace: float, totals: Totals) -> None:
    notify("STOPPING=1")
    if grace and totals.associations_open:
        report.info(
            f"{name}: no more associations are accepted; {totals.associations_open} "
            f"may go on for {grace:g} s"
        )


def say_end(report: Report, name: str, totals: Totals) -> None:
    dropped = f"received and not kept: {totals.objects_dropped}, " if totals.objects_dropped else ""
    report.info(
        f"Associations: {totals.associations_accepted}, rejected: {totals.associations_rejected}, "
        f"aborted: {totals.associations_aborted}; objects stored: {totals.objects_stored}, {dropped}"
        f"refused: {totals.objects_refused}, received: {totals.bytes_received / 1e6:.1f} MB"
    )
    report.info(f"Ended by {name}")


def say_no_network(settings: StorescpSettings, report: Report, error: DULError) -> None:
    report.fatal(f"cannot create network: {error}")
    cause = error.__cause__
    number = cause.errno or 0 if isinstance(cause, OSError) else 0
    if number < 0 or number == errno.EADDRNOTAVAIL:  # below zero: a name that is not found
        report.fatal("Try: an address of this machine (--host), or none, for all that it has")
    elif 0 < settings.port < 1024 and os.geteuid() != 0:
        report.fatal("Try: ports below 1024 need privileges; 11112 is DICOM's free one")
    else:
        report.fatal("Try: another port, or end the program that has it (ss -ltnp shows it)")


def _write_whole(path: Path, content: str) -> None:
    """Write a file such that who looks for it finds it with its content, or not at all."""
    import tempfile  # noqa: PLC0415 - takes as long to load as half a tool, and few want such files

    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "w") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
