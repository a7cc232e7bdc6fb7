"""Which product: its address and declarations, from the command line, from a file, or found out."""

import argparse
import shlex
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import declaration
from ..discover.finding import discover
from ..launch import Process, expand, wait_for_port
from ..profiles import PROFILES
from ..runner import Unusable
from ..settings import Settings, TlsFiles
from . import options
from .outputs import check_writable

#: Settings that are no declarations.
_OF_THE_RUN = {"strict", "lenient", "confirm", "show_data", "tls_files", "big"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the group "product"."""
    group = parser.add_argument_group("product")
    group.add_argument(
        "--product", type=Path, metavar="FILE",
        help="declarations in TOML: options without their dashes; the command line goes before them",
    )  # fmt: skip
    group.add_argument(
        "--profile", default="", choices=list(PROFILES), metavar="KIND",
        help=f"what kind of product it is, which chooses cases and levels: {', '.join(PROFILES)}",
    )  # fmt: skip


def add_discovery(parser: argparse.ArgumentParser) -> None:
    """Add what only a product that listens can be asked."""
    parser.add_argument(
        "--discover", type=Path, metavar="FILE",
        help="find out AE titles, SOP classes, transfer syntaxes and limits, write them there as"
        " declarations, and judge by them",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known before a run; `observed` is what was found out and is no option."""

    arguments: argparse.Namespace
    settings: Settings
    observed: dict[str, Any]


def known(arguments: argparse.Namespace) -> Known:
    """What the command line says, and the declarations that it names or asks for.

    Raises:
        Unusable: there is no address, a command cannot be started, or nothing can be found out.
        OSError: the declaration file cannot be read.
        ValueError: it has something else in it.
    """
    observed: dict[str, Any] = {}
    if arguments.product is not None:
        declared = declaration.load(arguments.product)
        arguments = arguments.again(**declared.options)
        observed = declared.observed
    found_at = getattr(arguments, "discover", None)
    settings = _settings(arguments)
    if found_at is not None:
        declared = _discover(settings, found_at, arguments.name)
        arguments = arguments.again(**declared.options)
        observed, settings = declared.observed, _settings(arguments)
    return Known(arguments, settings, observed)


def _settings(arguments: argparse.Namespace) -> Settings:
    if arguments.command == "scp":
        _take_address(arguments)
    settings = options.settings_of(arguments)
    check_commands(settings)
    return settings


def _take_address(arguments: argparse.Namespace) -> None:
    """HOST and PORT stand before the case ids; no id is a number.

    Raises:
        Unusable: there is no address, or the port is none.
    """
    words = arguments.selectors
    if len(words) > 1 and words[1].isdecimal():
        arguments.host, arguments.port = words[0], int(words[1])
        arguments.selectors = words[2:]
    elif not getattr(arguments, "port", 0):
        raise Unusable(
            "say where the product listens: dulspec scp HOST PORT, or --product FILE with host and port"
        )
    arguments.host = arguments.host.removeprefix("[").removesuffix("]")
    if not 0 < arguments.port < 65536:
        raise Unusable(f"{arguments.port} is no TCP port")


def check_commands(settings: Settings) -> None:
    """Find out before the run that a product's command cannot be started.

    Raises:
        Unusable: there is no such program, or the command's quoting is broken.
    """
    commands = {
        "--exec": settings.exec, "--exec-echo": settings.exec_echo, "--exec-tls": settings.exec_tls,
        "--start-cmd": settings.start_cmd,
    }  # fmt: skip
    for option, command in commands.items():
        if not command:
            continue
        try:
            program = expand(command, settings.host, settings.port, [])[0]
        except ValueError as error:
            raise Unusable(f"{option}: {error}: {command}") from error
        if shutil.which(program) is None:
            exists = Path(program).exists()
            reason = "is not executable" if exists else "does not exist, or is not in the PATH"
            raise Unusable(f"{option}: the program {shlex.quote(program)} {reason}")


def _given(settings: Settings) -> dict[str, Any]:
    """What was said of the product on the command line; how to judge it is no property of it."""
    defaults, given = Settings(), {}
    for key in Settings.__slots__:
        value = getattr(settings, key)
        if key not in _OF_THE_RUN and value != getattr(defaults, key):
            given[key] = value.resolve() if isinstance(value, Path) else value
    files = {key: getattr(settings.tls_files, key) for key in TlsFiles.__slots__}
    return given | {key: path.resolve() for key, path in files.items() if path is not None}


def tell(text: str) -> None:
    print(f"dulspec: {text}", file=sys.stderr)


def _discover(settings: Settings, path: Path, name: str) -> declaration.Declaration:
    """Find out, and write the declaration file."""
    check_writable(path, "--discover")
    started: Process | None = None
    if settings.start_cmd:
        started = Process(expand(settings.start_cmd, settings.host, settings.port, []))
        wait_for_port(settings.host, settings.port, 20.0)
    try:
        found = discover(settings, tell)
    finally:
        if started is not None:
            started.kill()
    kept = {key: value for key, value in _given(settings).items() if key not in found.options}
    found.options.update(kept)
    if name:
        found.options["name"] = name
    place = f"{settings.host}:{settings.port}"
    heading = (
        f"What dulspec found out about the product at {place}, {datetime.now(UTC):%Y-%m-%d}.\n"
        f"Later runs read it: dulspec scp --product {path}\n"
        "The keys are options of dulspec without their dashes: correct and add what you know better."
    )
    path.write_text(declaration.dump(found, heading), encoding="utf-8")
    tell(f"declarations written to {path}")
    return found
