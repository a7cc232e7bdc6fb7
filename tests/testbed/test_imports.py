"""The testbed stands alone: the standard library, and nothing of the stack it judges."""

import ast
import sys
from pathlib import Path

import pytest

from testbed import raw

ROOT = Path(raw.__file__).parent
ALLOWED = set(sys.stdlib_module_names) | {"testbed"}
#: Report libraries, imported only inside the functions that need them.
LAZY = {"pydicom", "rich", "dpkt", "scapy"}


@pytest.mark.parametrize(
    "path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_imports(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module]
        for name in names:
            root = name.partition(".")[0]
            assert root not in {"dul", "dimse", "cli"}
            assert root in ALLOWED or (root in LAZY and id(node) not in top), name
