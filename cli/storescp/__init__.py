"""storescp: receive DICOM objects and store them as files."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from cli import dumps, tool
from cli.report import Report
from cli.stop import Stop
from cli.storescp.arrivals import Arrivals, caller
from cli.storescp.options import StorescpSettings
from cli.storescp.placing import spool_for
from cli.tool import FAILED
from dimse.errors import SpoolUnusable
from dimse.faults import Faults
from dimse.provider import OpenSink
from dimse.requests import StoreRequest
from dimse.server import Server
from dimse.storage.sink import Discard
from dimse.support import storage_support
from dul.errors import DULError
from dul.negotiation import Support

__all__ = ["StorescpSettings", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; gives its exit code. Default: the process's command line."""
    return tool.run(StorescpSettings, argv, _work)


def _work(settings: StorescpSettings, report: Report) -> int:
    if settings.ignore:
        return _serve(settings, report, _ignore)
    try:
        spool = spool_for(settings, report)
    except SpoolUnusable as error:
        report.fatal(str(error))
        return FAILED
    with spool:
        return _serve(settings, report, spool.open)


def _ignore(_: StoreRequest) -> Discard:
    return Discard()


def _support(settings: StorescpSettings) -> Support:
    called = [settings.ae_title] if settings.check_called else None
    if settings.syntaxes is None or settings.accept_all:
        return storage_support(
            any_sop_class=settings.promiscuous,
            any_transfer_syntax=settings.accept_all,
            called_ae_titles=called,
        )
    return storage_support(
        any_sop_class=settings.promiscuous,
        transfer_syntaxes=settings.syntaxes,
        preference="ours",
        called_ae_titles=called,
    )


def _serve(settings: StorescpSettings, report: Report, open_sink: OpenSink[StoreRequest]) -> int:
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
    try:
        server = Server(
            faults.open_sink(open_sink),
            on_store=faults.on_store,
            support=_support(settings),
            access=faults.access,
            observer=Arrivals(report, contexts=settings.contexts, limits=settings.limits),
            host=settings.host,
            port=settings.port,
            limits=settings.limits,
            max_associations=settings.max_associations,
            trace=dumps.tracer(report, caller),
        )
    except DULError as error:
        report.fatal(f"cannot create network: {error}")
        if 0 < settings.port < 1024 and os.geteuid() != 0:
            report.fatal("Try: ports below 1024 need privileges; 11112 is DICOM's free one")
        else:
            report.fatal("Try: another port, or end the program that has it (ss -ltnp shows it)")
        return FAILED

    def stop_all() -> None:
        stopping.set()
        server.request_stop()

    try:
        with Stop(stop_all) as stop:
            return _listen(server, settings, report, stop)
    finally:
        server.stop()


def _listen(server: Server, settings: StorescpSettings, report: Report, stop: Stop) -> int:
    port = server.address[1]
    if settings.port_file is not None:
        try:
            _write_whole(Path(settings.port_file), f"{port}\n")
        except OSError as error:
            report.fatal(f"cannot write the port file: {settings.port_file}: {error.strerror}")
            return FAILED
    where = "nowhere (--ignore)" if settings.ignore else settings.directory
    report.info(f"Listening on port {port} as {settings.ae_title}, storing to {where}")
    server.serve_forever()
    server.stop()
    report.info(f"Ended by {stop.name}")
    return 0


def _write_whole(path: Path, content: str) -> None:
    """Write a file such that who looks for it finds it with its content, or not at all."""
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "w") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
