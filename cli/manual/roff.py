"""Manual pages, in the man macros that every `man` has."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from ..codes import codes_of
from ..grammar import commandfile, parsing
from .programs import Program, Section
from .texts import ABOUT, ENVIRONMENT, EXAMPLES, EXIT_CODES, SPEC_CODES

__all__ = ["grammar_page", "page"]

_GRAMMAR = "dulcet-options"
_BOLD, _ROMAN = (
    "\ue000",
    "\ue001",
)  # stand for the fonts until lines are wrapped: private characters


def page(program: Program, others: Sequence[str], version: str, date: str) -> str:
    """The page of a program in section 1.

    Args:
        program: which.
        others: the names of all programs, for what to see also.
        version: of dulcet.
        date: as 2026-11-30.
    """
    name = program.name
    lines = [
        *_head(name, 1, version, date),
        ".SH NAME",
        f"{_text(name)} \\- {_text(program.summary)}",
        ".SH SYNOPSIS",
        *_synopsis(program),
        ".SH DESCRIPTION",
        *_paragraphs(ABOUT[name]),
    ]
    lines += _arguments(program)
    if any(program.sections):
        lines.append(".SH OPTIONS")
        if program.plus:
            lines += _paragraphs([f"What is an option, and what its value: see {_GRAMMAR}(7)."])
        lines += _options(program.sections)
    if program.commands:
        lines.append(".SH COMMANDS")
        for each in program.commands:
            lines += _command(each, others)
    lines.append(".SH EXIT STATUS")
    lines += _terms(_codes(program))
    if program.plus:
        lines.append(".SH ENVIRONMENT")
        lines += _terms(ENVIRONMENT)
    lines.append(".SH EXAMPLES")
    for what, command in EXAMPLES[name]:
        lines += [".TP", _capital(_text(what)) + ":", f".B {_text(command)}"]
    lines += _see_also(name, others)
    return "\n".join(lines) + "\n"


def _codes(program: Program) -> Sequence[tuple[str, str]]:
    match program.name:
        case "storescu" | "dcmsend" as sender:
            return codes_of(sender)
    return EXIT_CODES if program.plus else SPEC_CODES


def grammar_page(programs: Sequence[Program], version: str, date: str) -> str:
    """The page in section 7: what all tools' command lines have in common."""
    tools = [each.name for each in programs if each.plus]
    grammar, *_ = _docstring(parsing).split('"@file"', 1)
    first, *bullets = grammar.split("\n- ")
    introduction = first.split("\n\n", 1)[1]
    files = _docstring(commandfile).split("\n\n", 1)[1]
    lines = [
        *_head(_GRAMMAR, 7, version, date),
        ".SH NAME",
        f"{_text(_GRAMMAR)} \\- command lines and exit codes of dulcet's tools",
        ".SH DESCRIPTION",
        *_paragraphs([f"This is true of {', '.join(tools[:-1])} and {tools[-1]}."]),
        ".SH GRAMMAR",
        *_paragraphs([introduction.strip().removesuffix(":") + "."]),
    ]
    for bullet in bullets[:-1]:
        lines += [".IP \\(bu 2", *_wrapped(bullet)]
    lines += [
        ".SS Command files",
        *_paragraphs(
            ["@file on a command line stands for the words of that file.", *files.split("\n\n")]
        ),
        ".SH EXIT STATUS",
        *_paragraphs(["That of the first failure, and never 0 when something was not done."]),
        *_terms(EXIT_CODES),
        ".SH ENVIRONMENT",
        *_terms(ENVIRONMENT),
        *_see_also(_GRAMMAR, [each.name for each in programs]),
    ]
    return "\n".join(lines) + "\n"


def _docstring(module: object) -> str:
    return inspect.getdoc(module) or ""


def _head(name: str, section: int, version: str, date: str) -> list[str]:
    return [
        '.\\" Made of the declarations of the options when the package is built; see setup.py.',
        f'.TH {name.upper()} {section} "{date}" "dulcet {version}" "DICOM"',
        ".nh",
        ".ad l",
    ]


def _synopsis(program: Program) -> Iterator[str]:
    yield f".B {_text(program.name)}"
    if program.usage:
        yield _text(program.usage.removeprefix(program.name).strip())
        return
    parts = ["COMMAND ..." if program.commands else "[options]"]
    for each in program.arguments:
        shown = each.operand.shown + " ..." * each.many
        parts.append(shown if each.required else f"[{shown}]")
    yield _text(" ".join(parts))


def _arguments(program: Program) -> Iterator[str]:
    if program.arguments:
        yield ".SH PARAMETERS"
        for each in program.arguments:
            yield ".TP"
            yield f".I {_text(each.operand.shown)}"
            yield from _wrapped(each.text)


def _options(sections: Iterable[Section]) -> Iterator[str]:
    for section in sections:
        yield f".SS {_capital(_text(section.title))}"
        yield from _switches(section)


def _switches(section: Section) -> Iterator[str]:
    for switch in section.switches:
        yield ".TP"
        names = ", ".join(f"\\fB{_text(name)}\\fR" for name in switch.names)
        yield names + (f" \\fI{_text(switch.shown)}\\fR" if switch.shown else "")
        yield from _wrapped(switch.text)


def _command(command: Program, others: Sequence[str]) -> Iterator[str]:
    yield f".SS {_text(command.name)}"
    yield from _wrapped(_capital(command.summary) + ".")
    if command.name in others:
        yield from _wrapped(f"See {command.name}(1).")
        return
    if command.usage:
        yield ".PP"
        yield from _wrapped(command.usage)
    for section in command.sections:
        yield from _switches(section)


def _terms(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, text in rows:
        yield ".TP"
        yield f".B {_text(term)}"
        yield from _wrapped(text)


def _see_also(name: str, others: Iterable[str]) -> list[str]:
    pages = [f"{each}(1)" for each in others if each != name]
    if name != _GRAMMAR:
        pages.append(f"{_GRAMMAR}(7)")
    return [".SH SEE ALSO", *_wrapped(", ".join(pages))]


def _paragraphs(texts: Iterable[str]) -> Iterator[str]:
    for number, each in enumerate(texts):
        if number:
            yield ".PP"
        yield from _wrapped(" ".join(each.split()))


def _wrapped(text: str) -> list[str]:
    """Lines of running text; none of them is taken for a request."""
    text = re.sub(r"`([^`]+)`", f"{_BOLD}\\1{_ROMAN}", text)
    lines = textwrap.wrap(
        " ".join(text.split()), 64, break_on_hyphens=False, break_long_words=False
    )
    return [_text(each) for each in lines] or ["\\&"]


def _text(text: str) -> str:
    """As it is shown: a dash before an option is a minus sign, which can be copied into a shell."""
    text = text.replace("\\", "\\e")
    text = text.replace(_BOLD, "\\fB").replace(_ROMAN, "\\fR")
    text = re.sub(r"(?<![\w-])-{1,2}(?=[\w=])", lambda dashes: dashes[0].replace("-", "\\-"), text)
    text = re.sub(r"(?<=[a-z])-(?=[a-z]+[ (,]?)", "\\-", text) if text.count(" ") == 0 else text
    return f"\\&{text}" if text.startswith((".", "'")) else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
