"""storescp: receive DICOM objects and store them as files."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cli import dumps, tool
from cli import options as opt
from cli.arrivals import Arrivals, caller, unique_name
from cli.options import Command, Group, Option, Parameter, UsageError
from cli.report import Report
from cli.stop import Stop
from cli.tool import FAILED
from dimse.errors import SpoolUnusable
from dimse.provider import OpenSink
from dimse.requests import StoreRequest
from dimse.server import Server
from dimse.storage.sink import Discard
from dimse.storage.spool import Existing, Fsync, Spool, dcmtk_name
from dimse.support import storage_support
from dul.errors import DULError
from dul.limits import Limits
from dul.values import dataclass

__all__ = ["COMMAND", "main"]

_LIMITS = Limits()

COMMAND = Command(
    name="storescp",
    summary="DICOM storage (C-STORE) SCP",
    parameters=(
        Parameter("port", "tcp/ip port number to listen on; 0: any free one", opt.listening_port),
    ),
    groups=(
        tool.GENERAL,
        Group(
            "output",
            (
                Option(
                    ("-od", "--output-directory"),
                    "directory",
                    "write received objects to the existing directory D (default: .)",
                    read=opt.text,
                    metavar="D",
                ),
                Option(
                    ("-fe", "--filename-extension"),
                    "extension",
                    'append E to the file names, for instance ".dcm" (default: nothing)',
                    read=opt.text,
                    metavar="E",
                ),
                Option(
                    ("-uf", "--default-filenames"),
                    "unique",
                    "name files MODALITY.SOP-INSTANCE-UID (default)",
                    value=False,
                ),
                Option(
                    ("+uf", "--unique-filenames"),
                    "unique",
                    "name files MODALITY.X.NEW-UID, so that none is ever replaced",
                ),
                Option(
                    ("--keep-existing",),
                    "existing",
                    "keep a file that is there already, and drop the new object "
                    "(default: replace it)",
                    value="keep",
                ),
                Option(
                    ("--fsync",),
                    "fsync",
                    "flush to the disk before success is reported: full (default), the file and "
                    "its name; file, its content only; none",
                    read=opt.choice(full="full", file="file", none="none"),
                    metavar="POLICY",
                ),
                Option(("--ignore",), "ignore", "receive objects, but do not store them"),
            ),
        ),
        Group(
            "network",
            (
                Option(
                    ("--host",),
                    "host",
                    "listen on this address only (default: on all, IPv4 and IPv6)",
                    read=opt.text,
                    metavar="ADDRESS",
                ),
                Option(
                    ("--port-file",),
                    "port_file",
                    "write the port's number to a file as soon as connections are accepted",
                    read=opt.text,
                    metavar="FILE",
                ),
                Option(
                    ("-aet", "--aetitle"),
                    "title",
                    "my AE title (default: STORESCP)",
                    read=opt.ae_title,
                    metavar="TITLE",
                ),
                Option(
                    ("--check-called",),
                    "check_called",
                    "reject associations that call another AE title than mine "
                    "(default: answer to any)",
                ),
                Option(
                    ("--max-associations",),
                    "max_associations",
                    "serve up to N associations at a time, reject more (default: 100)",
                    read=opt.integer(1, 1000),
                    metavar="N",
                ),
            ),
        ),
        Group("sizes of PDUs", (tool.max_pdu(_LIMITS.max_pdu_length),)),
        Group(
            "time limits, in seconds",
            (
                Option(
                    ("-ta", "--acse-timeout"),
                    "acse_timeout",
                    "for an association request on a new connection (default: 30)",
                    read=opt.some_seconds,
                    metavar="S",
                ),
                Option(
                    ("-td", "--dimse-timeout"),
                    "dimse_timeout",
                    "for the next message on an association; 0: none (default: 600)",
                    read=opt.seconds,
                    metavar="S",
                ),
            ),
        ),
    ),
    defaults={
        **tool.GENERAL_DEFAULTS,
        "directory": ".",
        "extension": "",
        "unique": False,
        "existing": "replace",
        "fsync": "full",
        "ignore": False,
        "host": "",
        "port_file": None,
        "title": "STORESCP",
        "check_called": False,
        "max_associations": 100,
        "max_pdu": _LIMITS.max_pdu_length,
        "acse_timeout": 30.0,
        "dimse_timeout": 600.0,
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line comes to."""

    port: int
    contexts: bool
    directory: str
    extension: str
    unique: bool
    existing: Existing
    fsync: Fsync
    ignore: bool
    host: str
    port_file: str | None
    title: str
    check_called: bool
    max_associations: int
    max_pdu: int
    acse_timeout: float
    dimse_timeout: float | None

    @property
    def limits(self) -> Limits:
        """The bounds and times of every association."""
        return Limits(
            max_pdu_length=self.max_pdu,
            artim=self.acse_timeout,
            idle=self.dimse_timeout,
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; gives its exit code. Default: the process's command line."""
    return tool.run(COMMAND, argv, _work)


def _work(values: dict[str, Any], report: Report) -> int:
    settings = Settings(**values)
    arrivals = Arrivals(report, contexts=settings.contexts, limits=settings.limits)
    if settings.ignore:
        return _serve(settings, report, arrivals, _ignore)
    try:
        spool = _spool(settings, report)
    except SpoolUnusable as error:
        report.fatal(str(error))
        return FAILED
    except ValueError as error:
        raise UsageError(f"Invalid value for option --filename-extension ({error})") from error
    with spool:
        return _serve(settings, report, arrivals, spool.open)


def _ignore(_: StoreRequest) -> Discard:
    return Discard()


def _spool(settings: Settings, report: Report) -> Spool:
    directory = Path(settings.directory)

    def naming(request: StoreRequest) -> str:
        if settings.unique:
            return unique_name(request)
        name = dcmtk_name(request)
        path = directory / (name + settings.extension)
        if path.exists():
            what = "keeping it" if settings.existing == "keep" else "overwriting"
            report.warn(f"DICOM file already exists, {what}: {path}")
        return name

    return Spool(
        directory,
        fsync=settings.fsync,
        existing=settings.existing,
        extension=settings.extension,
        naming=naming,
    )


def _serve(
    settings: Settings, report: Report, arrivals: Arrivals, open_sink: OpenSink[StoreRequest]
) -> int:
    called = frozenset({settings.title}) if settings.check_called else None
    try:
        server = Server(
            open_sink,
            support=storage_support(called_ae_titles=called),
            observer=arrivals,
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
    try:
        with Stop(server.request_stop) as stop:
            return _listen(server, settings, report, stop)
    finally:
        server.stop()


def _listen(server: Server, settings: Settings, report: Report, stop: Stop) -> int:
    port = server.address[1]
    if settings.port_file is not None:
        try:
            _write_whole(Path(settings.port_file), f"{port}\n")
        except OSError as error:
            report.fatal(f"cannot write the port file: {settings.port_file}: {error.strerror}")
            return FAILED
    where = "nowhere (--ignore)" if settings.ignore else settings.directory
    report.info(f"Listening on port {port} as {settings.title}, storing to {where}")
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


if __name__ == "__main__":
    sys.exit(main())
