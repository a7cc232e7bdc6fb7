"""A name means one thing in the whole tree: what two modules define is the same thing, or stands here.

`from`-imports give no new name, so only definitions count: classes, functions and constants of
modules, without a leading underscore.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE = ("dul", "dimse", "cli")

# One thing that exists once for threads and once for asyncio, or in the Upper Layer and above it.
FACES = {
    "Client", "Connection", "Events", "Line", "Lines", "Outcomes", "Sending", "Server", "Session", "connect",
    "resolve",
}  # fmt: skip
# What is read or written differs, and the name is never used without its module's.
WITH_THEIR_MODULE = {
    "main": "each tool has one",
    "name_of": "the name of a UID: tables.storage_sops, tables.transfer_syntaxes",
    "parse": "a text by its grammar: tables.dictionary_format, cli.grammar.parsing",
    "text": "to and from a text field: dul.wire writes one, cli.grammar.values reads one",
}
ALIASES = {
    "Clock": "the same alias twice: scu, which knows no transport, cannot take it from there",
    "logger": "each module's own, as is usual",
}
# The testbed imports nothing of what it judges, and says the same things again with its own eyes;
# where one of its words means something else, its own context tells.
TESTBED = {
    "Acceptor": "the wrong peer as one; `dul` has what listens",
    "Answer": "what a product said; `dimse` has what a handler says",
    "Assembler": "the same, by other eyes",
    "Budget": "of a hunt, in inputs and seconds; `dimse` has one of memory",
    "Declaration": "what is known of a product; `cli` has that of an option",
    "Dialogue": "what a capture shows between two peers; `dimse` has a client's own",
    "Effect": "of a cell on the wire; `dul` has the standard's",
    "Framer": "the same, by other eyes",
    "Header": "of a capture file; `dimse` has that of an element",
    "Incoming": "the same, in the deliberately wrong peer",
    "Level": "how binding a case is; `cli` has how loud a message is",
    "Line": "of an annotated hex dump; the faces have one to a peer",
    "Message": "the same, by other eyes",
    "Pause": "the same, as an action of the proxy",
    "Refused": "the wrong peer's own",
    "Report": "of a run; `cli` has what a tool says",
    "Requestor": "the wrong peer as one; `dimse` has the one that called",
    "Session": "with a product under exploration; `dimse` has a client's",
    "Settings": "the same: what options come to",
    "Teller": "who tells events; the same in `cli`",
    "Unusable": "a run that cannot be made; `dimse` has an object that cannot be sent",
    "Verdict": "on a case; `dimse` has that on an object",
}


def definitions(package: str, *, classes_only: bool) -> dict[str, set[str]]:
    """Public names, and the modules that define them."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            for name in _names(node, classes_only=classes_only):
                if not name.startswith("_"):
                    found[name].add(str(path.relative_to(ROOT)))
    return found


def _names(node: ast.stmt, *, classes_only: bool) -> list[str]:
    if isinstance(node, ast.ClassDef):
        return [node.name]
    if classes_only:
        return []
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return [node.name]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    if isinstance(node, ast.Assign) and not _is_type_variable(node.value):
        return [each.id for each in node.targets if isinstance(each, ast.Name)]
    return []


def _is_type_variable(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func) in {"TypeVar", "ParamSpec"}


def repeated(*packages: str, classes_only: bool) -> dict[str, set[str]]:
    """The names that more than one module of the packages defines."""
    everywhere: dict[str, set[str]] = defaultdict(set)
    for package in packages:
        for name, modules in definitions(package, classes_only=classes_only).items():
            everywhere[name] |= modules
    return {name: modules for name, modules in everywhere.items() if len(modules) > 1}


def test_a_name_means_one_thing_in_what_is_delivered():
    found = repeated(*CORE, classes_only=False)
    argued = FACES | WITH_THEIR_MODULE.keys() | ALIASES.keys()
    assert {name: found[name] for name in found.keys() - argued} == {}
    assert argued - found.keys() == set(), "no longer repeated"


def test_the_faces_have_the_same_names_for_the_same_things():
    found = repeated(*CORE, classes_only=False)
    for name in FACES:
        waits = {place.split("/")[1].removesuffix(".py") for place in found[name]}
        assert waits <= {"aio", "tasks", "threads", "client", "session", "server"}, name
        assert waits & {"aio", "tasks"}, name
        assert waits - {"aio", "tasks"}, name


def test_a_class_of_the_testbed_is_called_like_another_for_a_reason():
    ours = definitions("testbed", classes_only=True)
    assert {name: where for name, where in ours.items() if len(where) > 1} == {}
    shared = repeated(*CORE, "testbed", classes_only=True).keys() & ours.keys()
    assert shared == TESTBED.keys()
