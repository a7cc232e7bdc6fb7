"""What a program can be told, in the form that manual pages and shells need.

Two declarations come to it: the settings of the tools, and the argparse parser of dulspec. A kept
library for argparse alone (shtab, argparse-manpage) knows no options that begin with "+", none with
two values, and no spelling with two meanings.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from dul.values import TYPE_CHECKING, dataclass

from ..grammar.declaration import Option, Settings
from ..grammar.usage import explanation
from ..grammar.values import words_of

if TYPE_CHECKING:
    from typing import Any, Final, Literal, TypeAlias

__all__ = [
    "LEFT_ALONE",
    "PLACES",
    "Argument",
    "Kind",
    "Operand",
    "Program",
    "Section",
    "Switch",
    "of_parser",
    "of_settings",
]

Kind: TypeAlias = "Literal['file', 'directory', 'host', 'word', 'other']"
"""What a shell may complete: a file, a directory, a host's name, one of some words, or nothing."""

PLACES: Final[dict[str, Kind]] = {
    "CERT": "file",
    "D": "directory",
    "DIR": "directory",
    "FILE": "file",
    "FOLDER": "directory",
    "KEY": "file",
    "NEW.json": "file",
    "OLD.json": "file",
    "PATH": "file",
    "PEM": "file",
    "RESULT": "file",
    "RESULT.json": "file",
    "directory": "directory",
    "file": "file",
    "host": "host",
    "HOST": "host",
    "index": "file",
    "peer": "host",
}
"""By what stands for it in the usage text."""

LEFT_ALONE: Final = frozenset(
    [
        "[A:]P",
        "ADDRESS",
        "CMD",
        "COMMAND",
        "E",
        "FAULT",
        "FILE-PAD",
        "FORM",
        "ID",
        "ITEM-PAD",
        "KIND",
        "LEVEL",
        "M",
        "N",
        "NAME",
        "NAME:PASSWORD",
        "NETWORK",
        "PASSWORD",
        "PATTERN",
        "POLICY",
        "PORT",
        "PREFIX",
        "PROFILE",
        "RULE",
        "S",
        "STEPS",
        "TAG",
        "TAG=VALUE",
        "TEMPLATE",
        "TEXT",
        "TIMEOUT",
        "TITLE",
        "UID",
        "URL",
        "WAIT",
        "WHAT",
    ]
)
"""AE titles, ports, numbers and the like, of which a shell knows nothing."""


@dataclass(frozen=True, slots=True)
class Operand:
    """A value of an option, or a parameter.

    Attributes:
        shown: what stands for it.
        place: what it may be completed with.
        words: those that it may be, if they are known.
    """

    shown: str
    place: Kind
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Switch:
    """An option.

    Attributes:
        names: its spellings.
        operands: the values that follow.
        text: what it does.
        doubtful: spellings that mean something else where no number follows.
    """

    names: tuple[str, ...]
    operands: tuple[Operand, ...]
    text: str
    doubtful: bool = False

    @property
    def shown(self) -> str:
        """What follows the spellings."""
        return " ".join(each.shown for each in self.operands)


@dataclass(frozen=True, slots=True)
class Section:
    """Options under a common heading."""

    title: str
    switches: tuple[Switch, ...]


@dataclass(frozen=True, slots=True)
class Argument:
    """What stands without an option."""

    operand: Operand
    text: str
    required: bool
    many: bool


@dataclass(frozen=True, slots=True)
class Program:
    """A program, or a command of one.

    Attributes:
        name: as it is called.
        summary: what it does, in a few words.
        sections: its options.
        arguments: in their order.
        commands: those of which the first argument is one.
        plus: options may begin with "+", too, and "@file" stands for the words of a file.
        usage: its synopsis, where it is another one than options and arguments come to.
    """

    name: str
    summary: str
    sections: tuple[Section, ...]
    arguments: tuple[Argument, ...]
    commands: tuple[Program, ...] = ()
    plus: bool = True
    usage: str = ""

    @property
    def switches(self) -> Iterator[Switch]:
        """All options."""
        return (each for section in self.sections for each in section.switches)


# ---- from the settings of a tool


def of_settings(kind: type[Settings]) -> Program:
    """A tool, by the class of its settings."""
    declared = kind.__declaration__
    sections = [
        Section(
            group.title,
            tuple(_switch(option, declared.defaults.get(name)) for option, name in group.options),
        )
        for group in declared.groups
    ]
    arguments = [
        Argument(
            _operand(each.shown, words_of(each.read)),
            each.help,
            each.required or each.many,
            each.many,
        )
        for each in declared.parameters
    ]
    return Program(declared.tool, declared.summary, tuple(sections), tuple(arguments))


def _switch(option: Option[Any], default: object) -> Switch:
    words = words_of(option.read)
    operands = tuple(_operand(each, words) for each in option.metavar.split())
    text = explanation(option, default)
    return Switch(option.names, operands, text, option.applies is not None)


def _operand(shown: str, words: tuple[str, ...] = ()) -> Operand:
    return Operand(shown, "word" if words else PLACES.get(shown, "other"), words)


# ---- from an argparse parser, which tells what it was told by private names alone


def of_parser(parser: argparse.ArgumentParser, summary: str = "") -> Program:
    """A program of argparse's, with its commands."""
    sections, arguments, commands = [], [], []
    for group in parser._action_groups:  # noqa: SLF001 - see above
        switches = []
        for action in group._group_actions:  # noqa: SLF001 - see above
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - see above
                commands = list(_commands(action))
                continue
            text = _help(parser, action)
            if action.option_strings:
                switches.append(Switch(tuple(action.option_strings), _operands(action), text))
            elif action.help is not argparse.SUPPRESS:
                optional = action.nargs in {"?", "*"}
                many = action.nargs in {"*", "+", argparse.REMAINDER}
                arguments.append(Argument(_value(action), text, not optional, many))
        if switches:
            sections.append(Section(group.title or "options", tuple(switches)))
    return Program(
        parser.prog,
        summary or (parser.description or "").rstrip("."),
        tuple(sections),
        tuple(arguments),
        tuple(commands),
        plus=False,
        usage=" ".join(parser.format_usage().removeprefix("usage: ").split()),
    )


def _commands(action: argparse._SubParsersAction[argparse.ArgumentParser]) -> Iterator[Program]:
    told = {each.dest: each.help or "" for each in action._choices_actions}  # noqa: SLF001 - see above
    for name, parser in action.choices.items():
        yield of_parser(parser, told.get(name, ""))


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    text = parser._get_formatter()._expand_help(action) if action.help else ""  # noqa: SLF001 - see above
    return re.sub(r"\s+", " ", text)


def _operands(action: argparse.Action) -> tuple[Operand, ...]:
    if action.nargs == 0:
        return ()
    count = action.nargs if isinstance(action.nargs, int) else 1
    if isinstance(action.metavar, tuple):
        return tuple(_operand(each) for each in action.metavar)
    return (_value(action),) * count


def _value(action: argparse.Action) -> Operand:
    words = tuple(str(each) for each in action.choices or ())
    shown = action.metavar if isinstance(action.metavar, str) else ""
    shown = shown or ("|".join(words) if 0 < len(words) <= 4 else action.dest.upper())
    kind: Callable[..., object] | str | None = action.type
    if not words and kind is Path and shown not in PLACES:
        return Operand(shown, "file")
    return _operand(shown, words)
