"""--log-config: where is said what, by a configuration file of DCMTK's, which is log4cplus's.

    log4cplus.rootLogger = INFO, console, file
    log4cplus.logger.dcmtk.apps.storescu = DEBUG
    log4cplus.appender.console = log4cplus::ConsoleAppender
    log4cplus.appender.console.logToStdErr = true
    log4cplus.appender.file = log4cplus::RollingFileAppender
    log4cplus.appender.file.File = /var/log/storescu.log
    log4cplus.appender.file.layout = log4cplus::PatternLayout
    log4cplus.appender.file.layout.ConversionPattern = %D{%Y-%m-%d %H:%M:%S.%q} %5p: %m%n

All that a tool says comes from the logger dcmtk.apps.TOOL; others may be configured, and say nothing.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from dul.values import TYPE_CHECKING, dataclass

from .grammar.declaration import UsageError
from .report import Level, Report, printable

if TYPE_CHECKING:
    from typing import Final

__all__ = ["ConfiguredReport", "report_by"]

_LEVELS: Final[dict[str, Level | None]] = {
    "OFF": None,
    **{level.name: level for level in Level},
    "ALL": Level.TRACE,
}
_DEFAULT_PATTERN: Final = "%P: %m%n"
_CONVERSION: Final = re.compile(r"%(-?)(\d*)(?:\.(\d+))?([a-zA-Z%])(?:\{([^}]*)\})?")
_SIZE: Final = re.compile(r"(\d+)\s*([KM]?)B?", re.IGNORECASE)


@dataclass(eq=False, slots=True)
class _Appender:
    """Where something is said.

    Attributes:
        level: what is beyond it is not said there; None: nothing is.
        pattern: the layout of a line.
        write: takes whole lines; None: the report's own, which is standard error.
    """

    level: Level | None
    pattern: str
    write: Callable[[str], None] | None


class ConfiguredReport(Report):
    """A report that a configuration file sends to several places, each by its level and layout.

    Args:
        level: of the tool's logger; None: nothing is said.
        appenders: the places.
        logger: the logger's name.
    """

    def __init__(self, level: Level | None, appenders: list[_Appender], logger: str) -> None:
        said = [each.level for each in appenders if each.level is not None]
        super().__init__(
            Level(min(level, max(said))) if said and level is not None else Level.FATAL
        )
        self._appenders = appenders if level is not None else []
        self._logger = logger

    def say(self, level: Level, message: str, **about: str | int | None) -> None:
        """Say something at a level wherever it is wanted; several lines stay together."""
        del about
        if not self.shows(level):
            return
        for each in self._appenders:
            if each.level is not None and level <= each.level:
                lines = message.split("\n")
                text = "".join(_formed(each.pattern, level, line, self._logger) for line in lines)
                with self._lock:
                    (each.write or self.write)(text)


def report_by(path: str, tool: str) -> ConfiguredReport:
    """The report that a file describes.

    Raises:
        UsageError: it can't be read, or says something that is not understood here.
    """
    logger = f"dcmtk.apps.{tool}"
    properties = _properties(path)
    root = properties.get("log4cplus.rootLogger")
    if root is None:
        raise UsageError(f"{path}: it has no log4cplus.rootLogger")
    level, names = _logger(path, root)
    parts = logger.split(".")
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        if (own := properties.get(f"log4cplus.logger.{name}")) is None:
            continue
        own_level, own_names = _logger(path, own)
        level = own_level
        additive = properties.get(f"log4cplus.additivity.{name}", "true").lower() != "false"
        names = [*names, *own_names] if additive else own_names
    appenders = [_appender(path, name, properties) for name in dict.fromkeys(names)]
    return ConfiguredReport(level, appenders, logger)


def _properties(path: str) -> dict[str, str]:
    try:
        text = Path(path).read_text("utf-8", "surrogateescape")
    except OSError as error:
        raise UsageError(
            f"cannot read the logging configuration {path}: {error.strerror}"
        ) from error
    found = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith(("#", "!")):
            found[name.strip()] = os.path.expandvars(value.strip())
    return found


def _logger(path: str, value: str) -> tuple[Level | None, list[str]]:
    """A level, and names of appenders."""
    first, *names = (each.strip() for each in value.split(","))
    return _level(path, first), [name for name in names if name]


def _level(path: str, word: str) -> Level | None:
    if word.upper() not in _LEVELS:
        raise UsageError(f"{path}: there is no level {word!r}")
    return _LEVELS[word.upper()]


def _appender(path: str, name: str, properties: Mapping[str, str]) -> _Appender:
    at = f"log4cplus.appender.{name}"
    kind = properties.get(at, "").removeprefix("log4cplus::")

    def of(key: str, default: str = "") -> str:
        return properties.get(f"{at}.{key}", default)

    match kind:
        case "ConsoleAppender":
            to_stderr = of("logToStdErr", "false").lower() == "true"
            write = None if to_stderr else _to_stdout
        case "FileAppender" | "RollingFileAppender":
            if not of("File"):
                raise UsageError(f"{path}: {at} has no File")
            rolls = kind == "RollingFileAppender"
            largest = _bytes(path, of("MaxFileSize", "10MB")) if rolls else 0
            count = of("MaxBackupIndex", "1")
            if not count.isdigit():
                raise UsageError(f"{path}: MaxBackupIndex is {count!r}, which is no number")
            appends = rolls or of("Append", "false").lower() == "true"
            write = _File(of("File"), appends=appends, largest=largest, backups=int(count)).write
        case "NullAppender":
            return _Appender(None, "", None)
        case _:
            raise UsageError(
                f"{path}: {at} is {kind or 'not there'!r}, which is not understood here"
            )
    threshold = _level(path, of("Threshold", "TRACE"))
    return _Appender(threshold, _pattern(path, of), write)


def _pattern(path: str, of: Callable[..., str]) -> str:
    layout = of("layout", "log4cplus::SimpleLayout").removeprefix("log4cplus::")
    if layout == "SimpleLayout":
        return "%p - %m%n"
    if layout != "PatternLayout":
        raise UsageError(f"{path}: the layout {layout} is not understood here")
    pattern = of("layout.ConversionPattern", _DEFAULT_PATTERN)
    for found in _CONVERSION.finditer(pattern):
        if found[4] not in "mnpPcDditTh%":
            raise UsageError(f"{path}: %{found[4]} in a ConversionPattern is not understood here")
    return pattern


def _formed(pattern: str, level: Level, line: str, logger: str) -> str:
    """A line by its layout."""

    def value(found: re.Match[str]) -> str:
        left, width, most, letter, inner = found.groups()
        match letter:
            case "m":
                text = printable(line)
            case "n":
                return "\n"
            case "p":
                text = level.name
            case "P":
                text = level.name[0]
            case "c":
                text = logger
            case "D" | "d":
                text = _time(inner or "%Y-%m-%d %H:%M:%S", utc=letter == "d")
            case "h":
                text = os.uname().nodename
            case "%":
                text = "%"
            case _:  # the process, or its thread
                text = str(os.getpid())
        text = text[-int(most) :] if most else text
        return text.ljust(int(width or 0)) if left else text.rjust(int(width or 0))

    return _CONVERSION.sub(value, pattern)


def _time(form: str, *, utc: bool) -> str:
    now = time.time()
    thousandths = f"{int(now * 1000) % 1000:03}"
    parts = time.gmtime(now) if utc else time.localtime(now)
    return time.strftime(form.replace("%q", thousandths).replace("%Q", thousandths), parts)


def _bytes(path: str, word: str) -> int:
    found = _SIZE.fullmatch(word)
    if found is None:
        raise UsageError(f"{path}: MaxFileSize is {word!r}, which is no number of bytes")
    return int(found[1]) * {"": 1, "K": 1 << 10, "M": 1 << 20}[found[2].upper()]


def _to_stdout(lines: str) -> None:
    try:
        sys.stdout.write(lines)
        sys.stdout.flush()
    except (OSError, ValueError):
        pass  # nobody listens any more; the work goes on


class _File:
    """A file of lines; one that has become too large is put aside as FILE.1, FILE.2 ...

    Raises:
        UsageError: it can't be written.
    """

    def __init__(self, name: str, *, appends: bool, largest: int, backups: int) -> None:
        self._name, self._largest, self._backups = name, largest, backups
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        try:
            self._fd = os.open(name, flags | (os.O_APPEND if appends else os.O_TRUNC), 0o640)
        except OSError as error:
            raise UsageError(f"cannot write the log {name}: {error.strerror}") from error

    def write(self, lines: str) -> None:
        """Add lines. A full disk keeps nobody from their work."""
        data = lines.encode("utf-8", "backslashreplace")
        try:
            if self._largest and os.fstat(self._fd).st_size + len(data) > self._largest:
                self._roll()
            os.write(self._fd, data)
        except OSError:
            pass

    def _roll(self) -> None:
        for number in range(self._backups, 0, -1):
            older = f"{self._name}.{number - 1}" if number > 1 else self._name
            if Path(older).exists():
                Path(older).replace(f"{self._name}.{number}")
        fd = os.open(self._name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        os.dup2(fd, self._fd, inheritable=False)
        os.close(fd)
