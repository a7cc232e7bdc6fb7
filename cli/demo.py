"""The main job in one command: real files go to an embedded receiver, and arrive as they were.

    python -m cli.demo [file ...]

Starts a storage SCP in this process on a free port, sends it the files with `storescu`, and
compares each stored data set with the one that was sent, byte for byte.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dimse import Observer, Server, ServiceRequest, StoreRequest
from dimse.messages import Response
from dimse.objects import Outgoing, examine
from dimse.storage import Spool
from dimse.tables.status import meaning
from dimse.tables.storage_sops import name_of
from dimse.tables.transfer_syntaxes import name_of as syntax_name

from . import aside, storescu
from .grammar import values as read
from .grammar.declaration import parameters

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


def _compare(path: Path, arrivals: _Arrivals) -> tuple[str, bool]:
    """One line about one file, and whether it arrived as it was."""
    sent = examine(path)
    uid = sent.sop_instance_uid
    stored_at = arrivals.stored_at.get(uid)
    kind = f"{name_of(sent.sop_class_uid)}, {syntax_name(sent.transfer_syntax_uid)}"
    if stored_at is None:
        status = arrivals.status.get(uid)
        return f"{kind}: {'not sent' if status is None else meaning(status)}", False
    stored = examine(stored_at)
    content = _data_set(sent)
    same = content == _data_set(stored) and sent.transfer_syntax_uid == stored.transfer_syntax_uid
    outcome = "identical" if same else "DIFFERENT"
    return f"{kind}: {len(content):,} bytes, {outcome}", same


class DemoSettings(
    aside.Aside, tool="demo", summary="send real files to a receiver of our own, and compare"
):
    """What it can be told."""

    files: tuple[str, ...] = parameters(
        "file", read=read.text, help="DICOM files (default: those that ship with it)", optional=True
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demonstration; 0 if every file arrived as it was."""
    return aside.run_aside(DemoSettings, argv, _show)


def _show(settings: DemoSettings) -> int:
    files = [Path(name) for name in settings.files] or sorted(FIXTURES.glob("*.dcm"))
    arrivals = _Arrivals()
    with tempfile.TemporaryDirectory(prefix="dulcet-demo-") as folder:
        with (
            Spool(folder) as spool,
            Server(spool.open, host="127.0.0.1", observer=arrivals) as server,
        ):
            port = server.address[1]
            print(f"storescp listens on 127.0.0.1 port {port} and stores in a temporary folder")
            print(f"storescu -c DEMO 127.0.0.1 {port} ({len(files)} files)", flush=True)
            code = storescu.main(["-c", "DEMO", "127.0.0.1", str(port), *map(str, files)])
        identical = 0
        for path in files:
            line, same = _compare(path, arrivals)
            identical += same
            print(f"  {path.name:32} {line}")
    print(
        f"{identical} of {len(files)} data sets stored byte for byte; storescu's exit code: {code}"
    )
    return 0 if identical == len(files) and code == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
