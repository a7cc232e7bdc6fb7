"""The frame in which all tools run."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence

from dul.errors import InvalidTLS
from dul.values import TypeVar

from .codes import FAILED
from .grammar.commandfile import expand
from .grammar.declaration import Settings, UsageError
from .grammar.parsing import long_forms, parse
from .options.general import General
from .options.tls import asks_for_list
from .report import Report, printable

__all__ = [
    "DCMTK_DEFAULTS",
    "number",
    "run",
    "show",
    "show_bytes",
    "show_lines",
    "show_usage",
    "version_of",
]

DCMTK_DEFAULTS = "DULCET_DCMTK_DEFAULTS"
"""The environment variable that stands for --dcmtk-defaults on every command line."""

S = TypeVar("S", bound=General)


def run(kind: type[S], tokens: Sequence[str] | None, work: Callable[[S, Report], int]) -> int:
    """A tool's frame: read the command line, do what it says, give the exit code.

    Args:
        kind: its settings.
        tokens: the command line without the tool's name; default: the process's.
        work: what to do with the settings; gives the exit code, or raises UsageError.
    """
    if sys.stdin is None or sys.stdout is None or sys.stderr is None:
        _stand_for_what_is_closed()
    tokens = sys.argv[1:] if tokens is None else tokens
    declared = kind.__declaration__
    try:
        tokens = expand(tokens)
        if not tokens:
            return show_usage(kind)
        settings = parse(kind, tokens, dcmtk=bool(os.environ.get(DCMTK_DEFAULTS)))
        if settings.help:
            return show_usage(kind)
        if settings.version:
            return show(version_of(declared.tool, declared.summary))
        if asks_for_list(settings):
            from .secure import listing  # noqa: PLC0415 - it loads OpenSSL

            return show(listing(settings))
        report = _report(settings, declared.tool)
        with _saying_what_is_logged(report):
            if settings.arguments:
                _say_arguments(declared.tool, long_forms(kind, tokens), report)
            try:
                return work(settings, report)
            except InvalidTLS as error:
                report.fatal(f"cannot use TLS: {error}")
                return FAILED
    except UsageError as error:
        sys.stderr.write(
            f"{declared.tool}: {declared.summary}\nerror: {error}\n"
            f"'{declared.tool} --help' lists the parameters and options\n"
        )
        return FAILED


def _stand_for_what_is_closed() -> None:
    """Have standard input, output and error, also where a shell closed one of them (`>&-`).

    Otherwise the first socket gets its number. What is written there fails, as it should.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # it has the lowest number that is free
    # None is what Python makes of one that was closed when it began.
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or _unbuffered(1)
    sys.stderr = sys.stderr or _unbuffered(2)


def _unbuffered(number: int) -> io.TextIOWrapper:
    # What a buffer holds would fail again when the interpreter ends, and be its exit code.
    raw = io.FileIO(number, "w", closefd=False)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)


def _report(settings: General, tool: str) -> Report:
    if settings.log_config is None:
        return Report(settings.level)
    # Few have one.
    from .logconfig import report_by  # noqa: PLC0415

    return report_by(settings.log_config, tool)


def _saying_what_is_logged(report: Report) -> contextlib.AbstractContextManager[object]:
    if "logging" not in sys.modules:  # who logs has loaded it by now: servers
        return contextlib.nullcontext()
    # A client need not load it, which takes a tenth of its start.
    from .logs import Logs  # noqa: PLC0415

    return Logs(report)


def _say_arguments(tool: str, tokens: Sequence[str], report: Report) -> None:
    """As DCMTK: at any level."""
    quoted = " ".join(f"'{printable(each)}'" for each in tokens)
    report.write(f"I: calling '{tool}' with {len(tokens)} arguments: {quoted}\nI: \n")


def show_usage(kind: type[Settings]) -> int:
    """Print what can be told to a tool, in colour on a terminal; gives the exit code."""
    # What wraps its lines is needed for nothing else.
    from .grammar.usage import usage  # noqa: PLC0415

    return show(usage(kind, sys.stdout))


def show(words: str) -> int:
    """Print what was asked for; gives the exit code."""
    return _show(lambda: sys.stdout.write(words))


def show_lines(lines: Iterable[str]) -> int:
    """The same of lines that are made one by one; none are made for who reads no further."""
    return _show(lambda: sys.stdout.writelines(lines))


def show_bytes(lines: bytes) -> int:
    """The same of names, which need not be UTF-8."""
    return _show(lambda: sys.stdout.buffer.write(lines))


def _show(write: Callable[[], object]) -> int:
    try:
        write()
        sys.stdout.flush()
    except BrokenPipeError:  # "| head"
        _forget_stdout()
    except OSError as error:
        _forget_stdout()
        sys.stderr.write(f"error: cannot write to standard output: {error.strerror}\n")
        return FAILED
    return 0


def _forget_stdout() -> None:
    """What is still buffered would fail again when the interpreter ends, with a traceback."""
    with contextlib.suppress(OSError, ValueError):  # no real file, as in a test
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def version_of(tool: str, summary: str) -> str:
    """First as DCMTK's tools say it, for scripts that take the number out of the first line."""
    version = number()
    return f"$dulcet: {tool} v{version} $\n\n{tool}: {summary}\n\n{tool} (dulcet) {version}\n"


def number() -> str:
    """The version that is installed."""
    # Takes as long to import as half the tool, and only this needs it.
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("dulcet")
    except PackageNotFoundError:
        return "0 (from a source tree that is not installed)"
