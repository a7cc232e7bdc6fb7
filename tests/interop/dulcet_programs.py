"""dulcet's own programs, called as a user calls them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from peer_processes import Outcome, Service, run
from peers import Target

TITLE = "DULCET"


def program(name: str, *arguments: object) -> list[str]:
    """The command of one of our programs."""
    return [sys.executable, "-m", f"cli.{name}", *(str(each) for each in arguments)]


def echo(target: Target) -> Outcome:
    """Our echoscu."""
    return run(program("echoscu", "-v", "-c", target.title, target.host, target.port))


def store(target: Target, files: Sequence[Path], *options: str) -> Outcome:
    """Our storescu."""
    where = ("-c", target.title, target.host, target.port)
    return run(program("storescu", "-v", *options, *where, *files))


def start_storescp(work: Path, *more: str) -> tuple[Service, Path]:
    """Our storescp on a port of its own choice, and the folder that it stores into."""
    folder = work / "ours"
    folder.mkdir()
    port_file = work / "port"
    options = ("-v", "-od", folder, "-aet", TITLE, "--port-file", port_file, *more)
    service = Service(program("storescp", *options, 0), port_file=port_file, log=work / "ours.log")
    return service, folder
