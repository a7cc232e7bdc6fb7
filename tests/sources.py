"""Sources as syntax trees in which every import names its module as a whole."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELATIVE = {"cli", "testbed"}
"""They are installed under another name, so they import themselves relatively; nothing else does."""


def name_of(path: Path) -> str:
    """A module by its path."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def parsed(path: Path) -> ast.Module:
    """A module of ours; relative imports are resolved.

    An import of a package's own modules that is relative in one that keeps its name, or whole in one
    that does not, is an AssertionError.
    """
    module = name_of(path)
    top = module.partition(".")[0]
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    tree = ast.parse(path.read_text("utf-8"), module)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [each.name.partition(".")[0] for each in node.names]
            assert top not in names or top not in RELATIVE, f"{module}:{node.lineno}: import .x"
        elif isinstance(node, ast.ImportFrom):
            own = node.level > 0 or (node.module or "").partition(".")[0] == top
            assert not own or (node.level > 0) == (top in RELATIVE), f"{module}:{node.lineno}: " + (
                "from .x import y" if top in RELATIVE else "a relative import"
            )
            if node.level:
                above = package[: len(package) - node.level + 1]
                node.module = ".".join(filter(None, (*above, node.module)))
                node.level = 0
    return tree
