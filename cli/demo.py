"""The main job in one command: real files go to an embedded receiver, and arrive as they were.

    dulcet demo [--output-directory D] [file ...]

Starts a storage SCP in this process on a free port, sends it the files with `storescu`, and
compares each stored data set with the one that was sent, byte for byte. It ends with what to try next.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from dimse import Observer, Server, ServiceRequest, StoreRequest
from dimse.errors import DIMSEError
from dimse.messages import Response
from dimse.objects import Outgoing, examine
from dimse.storage import Spool
from dimse.tables.status import meaning
from dimse.tables.storage_sops import name_of
from dimse.tables.transfer_syntaxes import name_of as syntax_name
from dul.values import TYPE_CHECKING, dataclass

from . import aside, storescu
from .codes import FAILED
from .colours import BOLD, CYAN, DIM, GREEN, RED, paint, wanted
from .grammar import values as read
from .grammar.declaration import parameters, setting, value

if TYPE_CHECKING:
    from typing import Any

__all__ = ["DemoSettings", "main"]

FIXTURES = Path(__file__).parent.parent / "fixtures" / "dicom"


class _Arrivals(Observer):
    """What the receiver stored, by SOP Instance UID."""

    def __init__(self) -> None:
        self.stored_at: dict[str, Path] = {}
        self.status: dict[str, int] = {}
        self.lock = threading.Lock()

    def answered(self, request: ServiceRequest[Any], response: Response) -> None:
        """Remember where an object went."""
        if isinstance(request, StoreRequest):
            with self.lock:
                self.status[request.sop_instance_uid] = response.status
                if request.path is not None:
                    self.stored_at[request.sop_instance_uid] = request.path


def _data_set(item: Outgoing) -> bytes:
    source = item.open(item.transfer_syntax_uid)
    content = bytearray(len(source))
    try:
        source.readinto(memoryview(content))
    finally:
        source.close()
    return bytes(content)


@dataclass(frozen=True, slots=True)
class _Row:
    """One file: what was sent, and what became of it."""

    name: str
    kind: str
    length: int
    outcome: str
    same: bool


def _compare(path: Path, arrivals: _Arrivals) -> _Row:
    try:
        sent = examine(path)
    except DIMSEError:  # storescu has said what is wrong with it
        return _Row(path.name, "", 0, "NOT SENT", same=False)
    uid = sent.sop_instance_uid
    what = name_of(sent.sop_class_uid).removesuffix(" Storage")
    kind = f"{what}, {syntax_name(sent.transfer_syntax_uid)}"
    content = _data_set(sent)
    stored_at = arrivals.stored_at.get(uid)
    if stored_at is None:
        status = arrivals.status.get(uid)
        outcome = "NOT SENT" if status is None else meaning(status)
        return _Row(path.name, kind, len(content), outcome, same=False)
    stored = examine(stored_at)
    same = content == _data_set(stored) and sent.transfer_syntax_uid == stored.transfer_syntax_uid
    return _Row(path.name, kind, len(content), "identical" if same else "DIFFERENT", same)


class DemoSettings(
    aside.Aside, tool="demo", summary="send real files to a receiver of our own, and compare"
):
    """What it can be told."""

    directory: str | None = setting(
        None,
        value(
            "-od",
            "--output-directory",
            read=read.text,
            metavar="D",
            help="keep what is stored in the directory D, which is made if it is not there "
            "(default: a temporary one, that is removed)",
        ),
    )
    files: tuple[str, ...] = parameters(
        "file", read=read.text, help="DICOM files (default: those that ship with it)", optional=True
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demonstration; 0 if every file arrived as it was."""
    return aside.run_aside(DemoSettings, argv, _show)


def _show(settings: DemoSettings) -> int:
    files = [Path(name) for name in settings.files] or sorted(FIXTURES.glob("*.dcm"))
    with contextlib.ExitStack() as stack:
        if settings.directory is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dulcet-demo-"))
        else:
            folder = settings.directory
            try:
                Path(folder).mkdir(parents=True, exist_ok=True)
            except OSError as error:
                sys.stderr.write(f"dulcet demo: cannot make {folder}: {error.strerror}\n")
                return FAILED
        code, rows = _sent(files, folder)
    _say_rows(rows)
    identical = sum(each.same for each in rows)
    good = identical == len(files) and code == 0
    summary = f"{identical} of {len(files)} data sets stored byte for byte"
    print(_painted(summary, BOLD, GREEN if good else RED) + f"; storescu's exit code: {code}")
    if settings.directory is not None:
        print(f"They are in {settings.directory}.")
    _say_next(files[0])
    return 0 if good else FAILED


def _sent(files: Sequence[Path], folder: str) -> tuple[int, list[_Row]]:
    """Send and receive them; storescu's exit code, and a row for each."""
    arrivals = _Arrivals()
    with Spool(folder) as spool, Server(spool.open, host="127.0.0.1", observer=arrivals) as server:
        port = server.address[1]
        print(_painted("$", DIM), f"storescp --host 127.0.0.1 -od DIRECTORY {port}")
        print(_painted("$", DIM), f"storescu -ll error -c DEMO 127.0.0.1 {port} FILES", flush=True)
        # At this level no progress is shown, which a slow machine would have between the lines.
        code = storescu.main(
            ["-ll", "error", "-c", "DEMO", "127.0.0.1", str(port), *map(str, files)]
        )
    return code, [_compare(path, arrivals) for path in files]


def _say_rows(rows: Sequence[_Row]) -> None:
    """A line for each file; on a terminal no wider than that."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    longest = max((len(each.name) for each in rows), default=0)
    print(_painted(f"\n  {'sent':{longest}}     bytes  stored      what it is", BOLD))
    for row in rows:
        kind = row.kind
        if width and len(kind) > width - longest - 27:
            kind = kind[: max(width - longest - 30, 0)] + "..."
        outcome = _painted(f"{row.outcome:10}", GREEN if row.same else RED)
        print(f"  {row.name:{longest}} {row.length:9,}  {outcome}  {_painted(kind, DIM)}")
    print()


def _say_next(file: Path) -> None:
    """Three commands that can be typed as they stand, whatever else has programs of these names."""
    name = _always()
    print(_painted("\nTry next:", BOLD))
    for what, command in (
        ("receive in one terminal", f"mkdir -p incoming; {name} storescp -v -od incoming 11112"),
        ("send from another", f"{name} storescu -v localhost 11112 {shlex.quote(_short(file))}"),
        ("judge it, or your own", f"{name} spec scp localhost 11112"),
    ):
        print(f"  {_painted('# ' + what, DIM)}\n  {_painted(command, CYAN)}")


def _always() -> str:
    """How `dulcet` is called from here: by its name, by its path, or by the interpreter."""
    here = Path(sys.executable).parent
    if not (here / "dulcet").exists():
        return f"{shlex.quote(sys.executable)} -m cli.dulcet"
    found = shutil.which("dulcet")
    return (
        "dulcet" if found and Path(found).parent == here else shlex.quote(_short(here / "dulcet"))
    )


def _short(path: Path) -> str:
    """Relative to where the user is, if that is shorter."""
    relative = os.path.relpath(path)
    return min(relative, str(path), key=len)


def _painted(text: str, *colours: str) -> str:
    return paint(text, *colours) if wanted(sys.stdout) else text


if __name__ == "__main__":
    sys.exit(main())
