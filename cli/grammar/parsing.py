"""From a command line to settings.

The grammar is that of DCMTK's tools, which users of storescu have in their fingers and scripts:

- A token is an option if it has two characters or more, begins with "-" or "+", and its second
  character is no digit. So "-5" and "-" are parameters.
- It is compared as a whole: no abbreviations, no "-vd" for "-v -d", no "-r5", no "--option=value".
- An option's values are the next tokens, whatever they look like.
- Options and parameters may be mixed; of options that set the same thing the last one wins.
- "@file" stands for the words of a file; see `cli.grammar.commandfile`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dul.values import TYPE_CHECKING, TypeVar

from .declaration import Declaration, Option, Settings, UsageError

if TYPE_CHECKING:
    from typing import Any

__all__ = ["is_option", "long_forms", "parse"]

S = TypeVar("S", bound=Settings)


def is_option(token: str) -> bool:
    """Whether a token is an option, known or not."""
    return len(token) >= 2 and token[0] in "-+" and not token[1].isdigit()


def parse(kind: type[S], tokens: Sequence[str], *, dcmtk: bool = False) -> S:
    """The settings that a command line comes to.

    Args:
        kind: the class of the tool's settings.
        tokens: the command line without the tool's name.
        dcmtk: where DCMTK's default is another one, it is taken.

    Raises:
        UsageError: with what is wrong.
    """
    declared = kind.__declaration__
    line = _Line(declared, tokens)
    line.read()
    dcmtk = dcmtk or "--dcmtk-defaults" in line.present
    line.set_all(dcmtk=dcmtk)
    line.check()
    found = dict(line.settings)
    if not any(option.exits for option, _ in line.last.values()):
        found |= _parameters(declared, line.given)
    if dcmtk:
        found = declared.dcmtk | found
    return kind(**found)


def long_forms(kind: type[Settings], tokens: Sequence[str]) -> list[str]:
    """The tokens as they were understood: options by their long spellings, as --arguments shows them.

    Raises:
        UsageError: as of `parse`.
    """
    line = _Line(kind.__declaration__, tokens)
    line.read()
    return line.understood


class _Line:
    """A command line that is read.

    Attributes:
        settings: what the options set.
        last: by setting (or by spelling, for an option that sets nothing) the option that won.
        given: the parameters.
        understood: the tokens, options by their long spellings.
        present: the long spellings of the options that were given.
    """

    def __init__(self, declared: Declaration, tokens: Sequence[str]) -> None:
        self.settings: dict[str, Any] = {}
        self.last: dict[str, tuple[Option[Any], str]] = {}
        self.given: list[str] = []
        self.understood: list[str] = []
        self._tokens = tokens
        self.present: set[str] = set()
        self._chosen: list[tuple[str, Option[Any], Sequence[str]]] = []
        self._known: dict[str, list[tuple[Option[Any], str]]] = {}
        for option, name in declared.options:
            for spelling in option.names:
                self._known.setdefault(spelling, []).append((option, name))

    def read(self) -> None:
        """Take one token after the other."""
        tokens, index = self._tokens, 0
        while index < len(tokens):
            token = tokens[index]
            index += 1
            if not is_option(token):
                self.given.append(token)
                self.understood.append(token)
                continue
            following = tokens[index] if index < len(tokens) else None
            option, name = self._find(token, following)
            operands = tokens[index : index + option.operands]
            index += option.operands
            if len(operands) < option.operands:
                raise UsageError(f"Missing value for option {option.long}")
            self.understood += [option.long, *operands]
            self.present.add(option.long)
            self.last[name or option.long] = option, name
            if name:
                self._chosen.append((name, option, operands))

    def _find(self, token: str, following: str | None) -> tuple[Option[Any], str]:
        for option, name in self._known.get(token, ()):
            if option.applies is None or option.applies(token, following, bool(self.given)):
                return option, name
        raise UsageError(f"Unknown option {token}")

    def set_all(self, *, dcmtk: bool = False) -> None:
        """Have the options set what they set."""
        for name, option, operands in self._chosen:
            self._set(name, option, operands, dcmtk=dcmtk)

    def _set(self, name: str, option: Option[Any], operands: Sequence[str], *, dcmtk: bool) -> None:
        if option.read is None:
            self.settings[name] = option.value
            return
        read = option.dcmtk_read if dcmtk and option.dcmtk_read else option.read
        try:
            value = read(*operands)
        except ValueError as error:
            why = str(error) or " ".join(operands)
            raise UsageError(f"Invalid value for option {option.long} ({why})") from error
        self.settings[name] = (*self.settings.get(name, ()), value) if option.many else value

    def check(self) -> None:
        """Options that need others, and options that exclude others."""
        for option, _ in self.last.values():
            if option.needs and self.present.isdisjoint(option.needs):
                raise UsageError(f"{option.long} only allowed with {_either(option.needs)}")
            for other in option.excludes:
                others = (other,) if isinstance(other, str) else other
                if not self.present.isdisjoint(others):
                    raise UsageError(f"{option.long} not allowed with {_either(others)}")


def _either(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _parameters(declared: Declaration, given: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for index, parameter in enumerate(declared.parameters):
        if index >= len(given):
            if parameter.required:
                raise UsageError(f"Missing parameter {parameter.shown}")
            found[parameter.name] = parameter.default
            continue
        tokens = given[index:] if parameter.many else given[index : index + 1]
        values = tuple(_read(parameter.shown, parameter.read, tokens))
        found[parameter.name] = values if parameter.many else values[0]
    several = any(parameter.many for parameter in declared.parameters)
    if not several and len(given) > len(declared.parameters):
        raise UsageError(f"Unexpected parameter {given[len(declared.parameters)]}")
    return found


def _read(shown: str, read: Any, tokens: Iterable[str]) -> Iterable[Any]:
    for token in tokens:
        try:
            yield read(token)
        except ValueError as error:
            why = f" ({error})" if str(error) else ""
            raise UsageError(f"Invalid parameter value {token} for {shown}{why}") from error
