"""The public API: what is in `__all__`, what its pages say of it, and what a type checker knows of it."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))

import api_pages  # noqa: E402 - it stands beside the pages
from api_pages import PUBLIC, Function, Public, definition, names_of  # noqa: E402

EVERYTHING = [(module, name) for module in PUBLIC for name in names_of(module)]
# What a message or a script carries is the business of its class; that it is one is checked.
ANY_OF = re.compile(r"\b(Request|Script|ServiceRequest|Conversation|Operation)\[Any\]")
# Of steps of a conversation that somebody else drives, and of events that the script's type says.
DRIVEN = {"Connection.perform", "Line.play", "Lines.play", "Call"}
# Rows of SQLite, JSON, and an address as the standard library's sockets have it.
RAW = {"Journal.run", "Overview.state", "OneConnection.accept", "OneConnection.getsockname"}
# Where an argument is explained elsewhere, the docstring says where.
ELSEWHERE = re.compile(
    r"(?:[Aa]rguments|[Kk]eywords)[^.]*\b(?:of|as)\b|[Ss]ee `|[Aa]s `|\(see `|[Mm]ade by `"
)


def functions() -> list[tuple[str, Function, str]]:
    """Every public function and method: its name, its definition, and the text that explains it."""
    found = []
    for module, name in EVERYTHING:
        public = definition(module, name)
        found += list(_functions(public))
    return list({name: (name, function, text) for name, function, text in found}.values())


def _functions(public: Public):
    if isinstance(public.node, Function):
        yield public.name, public.node, public.text
    elif isinstance(public.node, ast.ClassDef):
        for each in public.node.body:
            if isinstance(each, Function) and (each.name == "__init__" or each.name[0] != "_"):
                # What all methods of a class are told, the class may explain.
                text = f"{public.text}\n{ast.get_docstring(each) or ''}"
                yield f"{public.home}:{public.name}.{each.name}", each, text


FUNCTIONS = functions()


def arguments(function: Function) -> list[ast.arg]:
    given = function.args
    found = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    found += [each for each in (given.vararg, given.kwarg) if each is not None]
    return [each for each in found if each.arg not in {"self", "cls"}]


@pytest.mark.parametrize("module", PUBLIC)
def test_the_page_of_a_module_is_current(module: str):
    page = api_pages.page_of(module)
    assert page.read_text("utf-8") == api_pages.render(module), "make docs"


@pytest.mark.parametrize("module", PUBLIC)
def test_the_page_has_what_is_public_and_nothing_else(module: str):
    text = api_pages.page_of(module).read_text("utf-8")
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == importlib.import_module(module).__all__


def test_there_is_a_page_for_every_public_module_alone():
    pages = {path.stem for path in api_pages.page_of("dul").parent.glob("*.md")}
    assert pages == {*PUBLIC, "README"}
    assert api_pages.page_of("README").read_text("utf-8") == api_pages.index(), "make docs"


@pytest.mark.parametrize(("module", "name"), EVERYTHING)
def test_a_public_name_is_explained(module: str, name: str):
    public = definition(module, name)
    # UIDs and statuses are called as the standard calls them, and their page has the value.
    assert len(public.text) > 15 or (module.startswith("dimse.tables.") and _is_plain(public.node))


def _is_plain(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)


def test_every_argument_is_explained_or_said_to_be_explained_elsewhere():
    wrong = [
        f"{name}: {argument.arg}"
        for name, function, text in FUNCTIONS
        for argument in arguments(function)
        if not re.search(
            rf"(^ *\*{{0,2}}(\w+, )*{argument.arg}(, \w+)*: |`{argument.arg}`)", text, re.MULTILINE
        )
        and len(arguments(function)) > 1
        and not ELSEWHERE.search(text)
        and not name.startswith(("dul.errors:", "dimse.errors:"))  # which we make, and nobody else
    ]
    assert not wrong, "\n".join(wrong)
    assert len(FUNCTIONS) > 80


def test_every_public_signature_is_typed_and_no_type_is_anything():
    wrong = []
    for name, function, _ in FUNCTIONS:
        types = [each.annotation for each in arguments(function)] + [function.returns]
        for each in types:
            text = "Any" if each is None else ANY_OF.sub("", ast.unparse(each))
            if re.search(r"\bAny\b", text) and name.rpartition(":")[2] not in DRIVEN | RAW:
                wrong.append(f"{name}: {text}")
    assert not wrong, "\n".join(wrong)


def test_no_public_call_takes_keywords_that_nobody_knows():
    """`**options: Any` takes every misspelling; `**how: Unpack[Options]` does not."""
    wrong = [
        name
        for name, function, _ in FUNCTIONS
        for keywords in [function.args.kwarg]
        if keywords is not None
        and not ast.unparse(keywords.annotation or ast.Name("None")).startswith("Unpack[")
    ]
    assert not wrong
