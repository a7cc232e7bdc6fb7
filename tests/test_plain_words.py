"""No error, and nothing that a tool says but for -d, speaks of states, events or primitives.

They are the words of PS3.8 for those who build an Upper Layer. `tests/cli/test_words.py` shows it
of what peers do; this reads all texts.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import dimse.errors
import dul.errors

ROOT = Path(__file__).parents[1]
MACHINE = re.compile(
    r"\bSta\d|\bEvt\d|\b(?:AA|AE|AR|DT)-\d|primitive|indication"
    r"|\bA-P-ABORT|\b(?:A-\w+|P-DATA) (?:request|response|confirm)"
)
ERRORS = {
    name
    for module in (dul.errors, dimse.errors)
    for name, value in vars(module).items()
    if inspect.isclass(value) and issubclass(value, Exception)
} | {"__init__"}  # of the error classes themselves
SAID = {"fatal", "error", "warn", "warning", "exception", "info"}  # of a report or a logger


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text in the arguments of an error, or of what is said."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        function = call.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name not in ERRORS | SAID:
            continue
        for argument in (*call.args, *(each.value for each in call.keywords)):
            for each in ast.walk(argument):
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    yield each.lineno, each.value
                elif isinstance(each, ast.FormattedValue) and _is_state(each.value):
                    yield each.lineno, "Sta6 or its meaning"


def _is_state(value: ast.expr) -> bool:
    """`association.state.name`, `event.value` and the like, put into a text."""
    if not isinstance(value, ast.Attribute) or value.attr not in {"name", "value"}:
        return False
    whose = value.value
    return (isinstance(whose, ast.Attribute) and whose.attr in {"state", "next_state"}) or (
        isinstance(whose, ast.Name) and whose.id in {"state", "event", "transition"}
    )


@pytest.mark.parametrize("package", ["dul", "dimse", "cli"])
def test_no_text_speaks_of_the_state_machine(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, text in texts(ast.parse(path.read_text(encoding="utf-8")))
        if MACHINE.search(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        'raise LocalProtocolError(f"{event.value} is not possible in {self.state.name}")',
        'report.error("unexpected PDU in Sta6")',
        'raise TimedOut("reply", 1.0, doing="waiting for the A-RELEASE confirm primitive")',
    ],
)
def test_it_would_be_found(line: str) -> None:
    assert any(MACHINE.search(text) for _, text in texts(ast.parse(line)))
