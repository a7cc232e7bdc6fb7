"""The senders and receivers that are compared, each as the command line that a user would type."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PYTHON = sys.executable


@dataclass(frozen=True)
class Sender:
    """A storage SCU."""

    name: str
    command: Callable[[int, Path], list[str]]  # port, folder of files
    needs: str | None = None


@dataclass(frozen=True)
class Receiver:
    """A storage SCP."""

    name: str
    command: Callable[[int, Path], list[str]]  # port, output folder
    needs: str | None = None


def _files(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.iterdir())


def _ours(port: int, folder: Path) -> list[str]:
    return [PYTHON, "-m", "cli.storescu", "127.0.0.1", str(port), *_files(folder)]


SENDERS = {
    "dulcet": Sender("dulcet storescu", _ours),
    "dcmtk": Sender(
        "DCMTK storescu",
        lambda port, folder: ["storescu", "127.0.0.1", str(port), *_files(folder)],
        "storescu",
    ),
    "dcmsend": Sender(
        "DCMTK dcmsend",
        lambda port, folder: ["dcmsend", "127.0.0.1", str(port), *_files(folder)],
        "dcmsend",
    ),
    "pynetdicom": Sender(
        "pynetdicom storescu",
        lambda port, folder: [
            PYTHON,
            "-m",
            "pynetdicom",
            "storescu",
            "-q",
            "-cx",
            "127.0.0.1",
            str(port),
            str(folder),
        ],
    ),
}

RECEIVERS = {
    "dulcet": Receiver(
        "dulcet storescp",
        lambda port, out: [PYTHON, "-m", "cli.storescp", "-od", str(out), str(port)],
    ),
    "dcmtk": Receiver(
        "DCMTK storescp",
        lambda port, out: ["storescp", "-od", str(out), str(port)],
        "storescp",
    ),
    "dcmtk+B": Receiver(
        "DCMTK storescp +B",
        lambda port, out: ["storescp", "+B", "-od", str(out), str(port)],
        "storescp",
    ),
    "pynetdicom": Receiver(
        "pynetdicom storescp",
        lambda port, out: [
            PYTHON,
            "-m",
            "pynetdicom",
            "storescp",
            "-q",
            "-od",
            str(out),
            str(port),
        ],
    ),
}


def installed(tool: Sender | Receiver) -> bool:
    """Whether it can be run here."""
    return tool.needs is None or shutil.which(tool.needs) is not None
