"""Several peers at once, side by side in a table: echoscu --peers."""

from __future__ import annotations

import importlib.util
import re
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from dimse import RoundTrips
from dimse.errors import InvalidValue
from dimse.events import Associated, Echoed, Lost, NotAssociated
from dimse.tables import status
from dul.blocking import Wakeup
from dul.errors import Interrupted
from dul.values import dataclass, field

from . import calling
from .codes import FAILED
from .echoscu_options import EchoscuSettings
from .grammar.declaration import UsageError
from .report import Report, printable
from .stop import Stop

__all__ = ["ask_all"]

_AT_ONCE = 50
_PEER = re.compile(
    r"(?:(?P<title>[^@\\]{1,16})@)?(?:\[(?P<six>[^\]]+)\]|(?P<host>[^@:\s\[\]]+))[:\s]\s*(?P<port>\d+)"
)
_HEADINGS = ("peer", "AE title", "echoes", "min ms", "median ms", "p99 ms", "max ms", "result")


@dataclass(eq=False, slots=True)
class _Row:
    title: str
    host: str
    port: int
    trips: RoundTrips = field(default_factory=RoundTrips)
    failure: str = ""

    def cells(self) -> tuple[str, ...]:
        times = ("", "", "", "")
        if len(self.trips):
            found = self.trips.percentiles(0, 50, 99, 100)
            times = tuple(f"{1000 * each:.3f}" for each in found)  # type: ignore[assignment]
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (
            f"{host}:{self.port}",
            self.title,
            str(len(self.trips)),
            *times,
            printable(self.failure) or "Success",
        )


def ask_all(settings: EchoscuSettings, file: str, report: Report) -> int:
    """Ask every peer of a list; gives the exit code: 0 if all of them answered with Success.

    Raises:
        UsageError: the list can't be read, or is none.
    """
    rows = _read(file, settings.called_ae_title)
    wakeup = Wakeup()
    waiting = list(reversed(rows))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not waiting or wakeup.is_set:
                    return
                row = waiting.pop()
            _ask(settings, row, report, wakeup)

    with Stop(wakeup.set) as stop:
        threads = [threading.Thread(target=work) for _ in range(min(_AT_ONCE, len(rows)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        interrupted = wakeup.is_set
    wakeup.close()
    for row in waiting:
        row.failure = "not asked"
    _print(rows)
    failed = any(row.failure for row in rows)
    if interrupted and (failed or settings.interval is None):
        return stop.exit_code
    return FAILED if failed else 0


def _ask(settings: EchoscuSettings, row: _Row, report: Report, wakeup: Wakeup) -> None:
    try:
        peer = row.host, row.port, row.title
        client = calling.client_for(settings, report, wakeup, instead=peer)
        for event in settings.echoes(client):
            match event:
                case Echoed():
                    row.trips.add(event.seconds)
                    if event.status != status.SUCCESS:
                        words = status.meaning(event.status, "C-ECHO")
                        row.failure = row.failure or f"{words} ({event.status:04X}H)"
                case Associated() if not event.negotiated.contexts:
                    row.failure = "Verification not accepted"
                case NotAssociated() | Lost():
                    row.failure = row.failure or str(event.error)
    except InvalidValue as error:
        row.failure = str(error)
    except Interrupted:
        if settings.interval is None or not len(row.trips):
            row.failure = row.failure or "interrupted"


def _read(file: str, title: str) -> list[_Row]:
    try:
        content = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"--peers: cannot read {file}: {why}") from error
    rows = []
    for number, line in enumerate(content.splitlines(), 1):
        line = line.partition("#")[0].strip()  # noqa: PLW2901
        if not line:
            continue
        found = _PEER.fullmatch(line)
        if found is None or not 0 < int(found["port"]) < 1 << 16:
            raise UsageError(f"--peers: line {number} is no TITLE@HOST:PORT: {printable(line)}")
        name = (found["title"] or title).strip()
        rows.append(_Row(name, found["six"] or found["host"], int(found["port"])))
    if not rows:
        raise UsageError(f"--peers: {file} names no peer")
    return rows


def _print(rows: Sequence[_Row]) -> None:
    cells = [row.cells() for row in rows]
    if sys.stdout.isatty() and importlib.util.find_spec("rich"):
        _print_rich(rows, cells)
        return
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *cells, strict=True)]
    for line in (_HEADINGS, *cells):
        padded = (
            text.rjust(width) if 2 <= at <= 6 else text.ljust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def _print_rich(rows: Sequence[_Row], cells: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - it is heavy
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table()
    for at, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="right" if 2 <= at <= 6 else "left")
    for row, texts in zip(rows, cells, strict=True):
        style = "red" if row.failure else "green"
        table.add_row(*map(Text, texts[:-1]), Text(texts[-1], style))
    Console().print(table)
