"""What the scripts of all three shells know of a program, in one encoding.

The scripts walk over the words before the cursor: an option takes the operands that stand for it in
its program's table, a command leads to another table, and what is left is counted. So they know which
operand or parameter the cursor is at. A place is

    file, directory, host    completed as such
    word:a,b,c               one of these words
    number?                  a number may stand here, if the option has that meaning
    other                    an AE title, a port, a number ...: left alone
    file...                  and so on for all that follow
"""

from __future__ import annotations

from collections.abc import Iterator

from dul.values import dataclass

from .programs import Operand, Program

__all__ = ["Table", "tables"]


@dataclass(frozen=True, slots=True)
class Table:
    """A program, or a command of one.

    Attributes:
        name: of the table; that of a command is its program's, "_" and its own.
        plus: options may begin with "+", and "@file" stands for words.
        options: all spellings, each with what it does.
        operands: spellings, and the places of what follows them; for options that take values.
        arguments: the places of what stands without an option.
        commands: names, each with what it does.
    """

    name: str
    plus: bool
    options: tuple[tuple[str, str], ...]
    operands: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    arguments: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]


def tables(program: Program, name: str = "") -> Iterator[Table]:
    """That of a program, and those of its commands."""
    name = name or program.name
    doubtful = {each for switch in program.switches if switch.doubtful for each in switch.names}
    operands = []
    for switch in program.switches:
        if not switch.operands:
            continue
        certain = tuple(each for each in switch.names if each not in doubtful or len(each) > 2)
        operands.append((certain, tuple(map(_place, switch.operands))))
        if switch.doubtful:
            operands.append((tuple(set(switch.names) - set(certain)), ("number?",)))
    yield Table(
        name=name,
        plus=program.plus,
        options=tuple((each, switch.text) for switch in program.switches for each in switch.names),
        operands=tuple(each for each in operands if each[0]),
        arguments=tuple(_place(each.operand) + "..." * each.many for each in program.arguments),
        commands=tuple((each.name.split()[-1], each.summary) for each in program.commands),
    )
    for each in program.commands:
        yield from tables(each, f"{name}_{each.name.split()[-1]}")


def _place(operand: Operand) -> str:
    return f"word:{','.join(operand.words)}" if operand.words else operand.place
