"""Command lines as data: a table of options, from which both the parser and the usage text come.

The grammar is that of DCMTK's tools, which users of storescu have in their fingers and scripts:

- A token is an option if it has two characters or more, begins with "-" or "+", and its second
  character is no digit. So "-5" and "-" are parameters.
- It is compared as a whole: no abbreviations, no "-vd" for "-v -d", no "-r5", no "--option=value".
- An option's value is the next token, whatever it looks like.
- Options and parameters may be mixed; of options that set the same thing the last one wins.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dul.values import dataclass, field

__all__ = [
    "Command",
    "Group",
    "Option",
    "Parameter",
    "UsageError",
    "ae_title",
    "choice",
    "integer",
    "is_option",
    "listening_port",
    "port",
    "seconds",
    "some_seconds",
    "text",
]

Read = Callable[[str], Any]
"""Makes a value of a token, or raises ValueError with the reason, which may be empty."""

NO_DEFAULT: Any = object()
"""Stands for the default of an option that leaves it to another one for the same setting."""

_COLUMN = 31  # where explanations begin
_WIDTH = 96


class UsageError(Exception):
    """The command line can't be understood; the message is DCMTK's where it has one."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option in all its spellings.

    Attributes:
        names: the spellings, the shortest first.
        sets: the setting that it sets; "" for an option that says what is always so.
        explanation: for the usage text.
        value: what a flag sets.
        read: makes the setting of the token that follows; None: this is a flag.
        metavar: what stands for that token in the usage text.
        default: of the setting, if no option sets it; one of the options for a setting has it.
        applies: whether a spelling means this option here, given the spelling, the token that
            follows (None at the end) and whether a parameter came before; for a spelling with
            two meanings.
    """

    names: tuple[str, ...]
    sets: str
    explanation: str
    value: Any = True
    read: Read | None = None
    metavar: str = ""
    default: Any = NO_DEFAULT
    applies: Callable[[str, str | None, bool], bool] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Options under a common heading of the usage text."""

    title: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """What stands without an option; `many`, for the last one only: once or more often."""

    name: str
    explanation: str
    read: Read = str
    many: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A tool's command line.

    Attributes:
        name: of the tool.
        summary: what it does, in a few words.
        parameters: all of them are mandatory.
        groups: the options.
        defaults: of the settings whose options have none of their own.
    """

    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    groups: tuple[Group, ...]
    defaults: dict[str, Any] = field(default_factory=dict)

    @property
    def options(self) -> Iterator[Option]:
        """All options."""
        return (option for group in self.groups for option in group.options)

    @property
    def settings(self) -> dict[str, Any]:
        """Every setting that the options set, with its default."""
        settings: dict[str, Any] = {}
        for option in self.options:
            if option.sets and settings.get(option.sets, NO_DEFAULT) is NO_DEFAULT:
                settings[option.sets] = option.default
        return settings | self.defaults

    def parse(self, arguments: Sequence[str]) -> dict[str, Any]:
        """The settings and parameters by name.

        Raises:
            UsageError: with what is wrong.
        """
        settings = self.settings
        given: list[str] = []
        tokens = list(arguments)
        while tokens:
            token = tokens.pop(0)
            if not is_option(token):
                given.append(token)
                continue
            option = self._find(token, tokens[0] if tokens else None, bool(given))
            if option.read is None:
                if option.sets:
                    settings[option.sets] = option.value
                continue
            if not tokens:
                raise UsageError(f"Missing value for option {token}")
            value = tokens.pop(0)
            try:
                settings[option.sets] = option.read(value)
            except ValueError as error:
                why = str(error) or value
                raise UsageError(f"Invalid value for option {token} ({why})") from error
        if not (settings.get("help") or settings.get("version")):
            settings |= self._parameters(given)
        return settings

    def _find(self, token: str, following: str | None, after_parameter: bool) -> Option:
        for option in self.options:
            if token in option.names and (
                option.applies is None or option.applies(token, following, after_parameter)
            ):
                return option
        raise UsageError(f"Unknown option {token}")

    def _parameters(self, given: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for index, parameter in enumerate(self.parameters):
            if index >= len(given):
                raise UsageError(f"Missing parameter {parameter.name}")
            tokens = given[index:] if parameter.many else given[index : index + 1]
            try:
                values = [parameter.read(token) for token in tokens]
            except ValueError as error:
                why = f" ({error})" if str(error) else ""
                raise UsageError(
                    f"Invalid parameter value {tokens[0]} for {parameter.name}{why}"
                ) from error
            found[parameter.name] = values if parameter.many else values[0]
        if not self.parameters[-1].many and len(given) > len(self.parameters):
            raise UsageError(f"Unexpected parameter {given[len(self.parameters)]}")
        return found

    def usage(self) -> str:
        """The invocation syntax summary."""
        synopsis = " ".join(each.name + "..." * each.many for each in self.parameters)
        lines = [
            f"{self.name}: {self.summary}",
            f"usage: {self.name} [options] {synopsis}",
            "",
            "parameters:",
        ]
        for parameter in self.parameters:
            lines += _entry(parameter.name, parameter.explanation)
        for group in self.groups:
            lines += ["", f"{group.title}:"]
            for option in group.options:
                lines += _entry(_synopsis(option), option.explanation)
        return "\n".join(lines) + "\n"


def _synopsis(option: Option) -> str:
    return ", ".join(option.names) + f" {option.metavar}" * bool(option.metavar)


def _entry(left: str, explanation: str) -> list[str]:
    right = textwrap.wrap(explanation, _WIDTH - _COLUMN)
    if len(left) > _COLUMN - 4:
        return [f"  {left}", *(" " * _COLUMN + line for line in right)]
    first, *others = right
    return [f"  {left}".ljust(_COLUMN) + first, *(" " * _COLUMN + line for line in others)]


def is_option(token: str) -> bool:
    """Whether a token is an option, known or not."""
    return len(token) >= 2 and token[0] in "-+" and not token[1].isdigit()


# ------------------------------------------------------------------------------ values --


def text(token: str) -> str:
    """Any text but none."""
    if not token:
        raise ValueError("empty")
    return token


def integer(low: int, high: int, *also: int) -> Read:
    """A whole number from `low` to `high`, or one of `also`."""

    def read(token: str) -> int:
        digits = token.removeprefix("-")
        # int() would take "1_000", " 5" and digits of other scripts, and thousands of them.
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
            raise ValueError
        number = int(token)
        if number in also:
            return number
        if number < low:
            raise ValueError(f"underflow: {number}, the least is {low}")
        if number > high:
            raise ValueError(f"overflow: {number}, the most is {high}")
        return number

    return read


def port(token: str) -> int:
    """A TCP port to call."""
    return int(integer(1, 65535)(token))


def listening_port(token: str) -> int:
    """A TCP port to listen on; 0 is any free one."""
    return int(integer(0, 65535)(token))


def seconds(token: str) -> float | None:
    """A time in seconds, with decimals if need be; None, "no limit", for 0."""
    whole, _, decimals = token.partition(".")
    if not (token.isascii() and whole.isdigit() and len(token) <= 12):
        raise ValueError
    if decimals and not decimals.isdigit():
        raise ValueError
    return float(token) or None


def some_seconds(token: str) -> float:
    """A time in seconds that is not 0."""
    found = seconds(token)
    if found is None:
        raise ValueError("underflow: 0")
    return found


def ae_title(token: str) -> str:
    """An AE title: 1 to 16 characters of ASCII, no backslash, not only spaces (PS3.5 6.2)."""
    title = token.strip(" ")
    if not 1 <= len(token) <= 16 or not title:
        raise ValueError(f"{token!r}: an AE title has 1 to 16 characters, not all spaces")
    if not (token.isascii() and token.isprintable()) or "\\" in token:
        raise ValueError(f"{token!r}: an AE title has no control characters and no backslash")
    return title


def choice(**values: Any) -> Read:
    """One of some words, each with its value."""

    def read(token: str) -> Any:
        if token not in values:
            raise ValueError(f"{token}: it is one of {', '.join(values)}")
        return values[token]

    return read
