"""The testbed stands alone: the standard library, and nothing of the stack it judges; its rooms."""

import ast
import sys
from pathlib import Path

import pytest
from sources import parsed

from testbed import raw

ROOT = Path(raw.__file__).parent
ALLOWED = set(sys.stdlib_module_names) | {"testbed"}
#: Report libraries, imported only inside the functions that need them.
LAZY = {"pydicom", "rich", "dpkt", "scapy"}
#: A module that needs an extra as a whole, and is itself imported only inside a function.
EXTRA = {"testbed.explore.machine": "hypothesis"}
#: What is known where: modules of a room may import, of the testbed, these (and the room itself).
ROOMS = {
    "testbed.mini": {"clock", "messages", "raw", "parse", "launch", "table"},
    "testbed.decode": {"annotate", "assemble", "messages", "names", "parse", "proxy"},
    "testbed.proxy": {"annotate", "assemble", "decode", "names", "observe", "parse"},
}
#: The path by which a case goes: each may know the ones before it, never those behind it.
FLOORS = [
    "raw", "parse", "facts", "settings", "trial", "scene", "model", "cases", "catalogue", "runner",
]  # fmt: skip


def imported(path):
    """Modules a file imports, each with whether the import stands at the top of the module."""
    tree = parsed(path)
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            submodules = [name for name in names if (ROOT.parent / name.replace(".", "/")).exists()
                          or (ROOT.parent / (name.replace(".", "/") + ".py")).exists()]  # fmt: skip
            yield from ((name, id(node) in top) for name in submodules or [node.module])


@pytest.mark.parametrize(
    "path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_imports(path):
    module = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
    for name, at_top in imported(path):
        root = name.partition(".")[0]
        assert name not in EXTRA or not at_top
        if root == EXTRA.get(module):
            continue
        assert root not in {"dul", "dimse", "cli"}
        assert root in ALLOWED or (root in LAZY and not at_top), name


@pytest.mark.parametrize("room", ROOMS)
def test_rooms(room):
    for path in (ROOT.parent / room.replace(".", "/")).glob("*.py"):
        for name, _ in imported(path):
            if name.startswith("testbed.") and not name.startswith(room):
                assert name.split(".")[1] in ROOMS[room], f"{path.name} imports {name}"
                if room == "testbed.decode":
                    assert "proxy" not in name or path.name == "command.py"


def test_floors():
    """The circle that once went through five of these cannot come back."""
    for place, floor in enumerate(FLOORS):
        above = set(FLOORS[place + 1 :])
        paths = (ROOT / floor).glob("*.py") if (ROOT / floor).is_dir() else [ROOT / f"{floor}.py"]
        for path in paths:
            for name, _ in imported(path):
                assert not (name.startswith("testbed.") and name.split(".")[1] in above), (
                    f"{path.name} imports {name}"
                )
