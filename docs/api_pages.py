"""Pages of the public API, from `__all__`, signatures and docstrings; written by `generate.py`.

The sources are read, not imported, so that a signature stands as it was written.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PUBLIC = (
    "dimse",
    "dimse.aio",
    "dimse.events",
    "dimse.errors",
    "dimse.objects",
    "dimse.storage",
    "dimse.access",
    "dimse.passwords",
    "dimse.hooks",
    "dimse.watch",
    "dimse.workers",
    "dimse.reports",
    "dimse.messages",
    "dimse.tables.status",
    "dimse.tables.storage_sops",
    "dimse.tables.transfer_syntaxes",
    "dimse.tables.uids",
    "dimse.tables.dictionary",
    "dimse.tables.dcmtk_names",
    "dul",
    "dul.blocking",
    "dul.aio",
    "dul.errors",
    "dul.events",
    "dul.conversations",
    "dul.tls",
)
"""The modules that users import from; what is public is in their `__all__`, and nothing else is."""

LONGEST_LINE = 88
_SECTIONS = {
    "Args": "Arguments",
    "Attributes": "Attributes",
    "Returns": "Returns",
    "Yields": "Yields",
    "Raises": "Raises",
}

# Bases that say how a class is made: its entry shows that.
_SAID_OTHERWISE = re.compile(r"(Generic|Protocol|NamedTuple|\w*Enum)\b|_")
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Assign | ast.AnnAssign
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Public:
    """A public name: the module that defines it, its definition, and its docstring."""

    name: str
    home: str
    node: Definition
    text: str


def path_of(module: str) -> Path:
    """The file of a module or package."""
    path = ROOT / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def tree_of(module: str) -> ast.Module:
    """The parsed source of a module."""
    return ast.parse(path_of(module).read_text("utf-8"))


def names_of(module: str) -> list[str]:
    """What is in its `__all__`."""
    for node in tree_of(module).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    raise LookupError(f"{module} has no __all__")


def definition(module: str, name: str) -> Public:
    """Where a name is defined, through as many imports as it takes."""
    body = tree_of(module).body
    for node, behind in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.ClassDef | Function) and node.name == name:
            return Public(name, module, node, ast.get_docstring(node) or "")
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if ast.unparse(target) == name:
                return Public(name, module, node, _text_behind(behind))
    for node in ast.walk(tree_of(module)):  # also below `if TYPE_CHECKING`
        if isinstance(node, ast.ImportFrom) and any(each.name == name for each in node.names):
            return definition(str(node.module), name)
    raise LookupError(f"{module}.{name}")


def _text_behind(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return inspect.cleandoc(str(node.value.value))
    return ""


# ----------------------------------------------------------------------------------- signatures --


def signature(name: str, function: Function, *, bound: bool) -> str:
    """A call as it can be written: `name(argument: type = default) -> result`."""
    arguments = _arguments(function.args)[1 if bound else 0 :]
    result = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    if name == "__init__":
        result = ""
    prefix = "async " if isinstance(function, ast.AsyncFunctionDef) else ""
    return _call(prefix + name, arguments, result)


def _call(head: str, arguments: list[str], result: str) -> str:
    line = f"{head}({', '.join(arguments)}){result}"
    if len(line) <= LONGEST_LINE or not arguments:
        return line
    return "\n".join([f"{head}(", *(f"    {each}," for each in arguments), f"){result}"])


def _arguments(given: ast.arguments) -> list[str]:
    plain = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [*given.defaults]
    defaults = [None] * (len(plain) - len(defaults)) + defaults
    found = [_argument(each, default) for each, default in zip(plain, defaults, strict=True)]
    if given.posonlyargs:
        found.insert(len(given.posonlyargs), "/")
    if given.vararg:
        found.append(f"*{_argument(given.vararg, None)}")
    elif given.kwonlyargs:
        found.append("*")
    found += [
        _argument(each, default)
        for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    if given.kwarg:
        found.append(f"**{_argument(given.kwarg, None)}")
    return found


def _argument(given: ast.arg, default: ast.expr | None) -> str:
    kind = f": {ast.unparse(given.annotation)}" if given.annotation else ""
    if default is None:
        return given.arg + kind
    return f"{given.arg}{kind} = {written(default)}"


def written(node: ast.AST) -> str:
    """An expression as our sources write it, with double quotes."""
    text = ast.unparse(node)
    return text if '"' in text else text.replace("'", '"')


def _made_of_fields(node: ast.ClassDef) -> bool:
    words = " ".join(ast.unparse(each) for each in [*node.decorator_list, *node.bases])
    return "dataclass" in words or "NamedTuple" in words


def fields_of(module: str, node: ast.ClassDef) -> list[str]:
    """The arguments of a class that is made of its fields, those of its bases first.

    Behind a star stand those that are given by keyword alone.
    """
    fields = _fields(module, node).values()
    by_keyword = [text for text, keyword in fields if keyword]
    star = ["*"] if by_keyword else []
    return [*(text for text, keyword in fields if not keyword), *star, *by_keyword]


def _fields(module: str, node: ast.ClassDef) -> dict[str, tuple[str, bool]]:
    """Each field as an argument, and whether it is one by keyword alone."""
    found: dict[str, tuple[str, bool]] = {}
    for base in node.bases:
        name = ast.unparse(base).partition("[")[0]
        if name in {"NamedTuple", "Generic", "Protocol"}:
            continue
        public = definition(module, name)
        if isinstance(public.node, ast.ClassDef) and _made_of_fields(public.node):
            found |= _fields(public.home, public.node)
    keyword = any("kw_only=True" in ast.unparse(each) for each in node.decorator_list)
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            kind = ast.unparse(each.annotation)
            if not kind.startswith("ClassVar") and not each.target.id.startswith("_"):
                default = f" = {_default(each.value)}" if each.value is not None else ""
                found[each.target.id] = (f"{each.target.id}: {kind}{default}", keyword)
    return found


def _default(value: ast.expr) -> str:
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "field":
        for keyword in value.keywords:
            if keyword.arg == "default":
                return written(keyword.value)
            if keyword.arg == "default_factory":
                return f"{ast.unparse(keyword.value)}()"
        return "..."
    return written(value)


# ------------------------------------------------------------------------------------- the text --


def prose(text: str) -> Iterator[str]:
    """A docstring as Markdown: its sections as lists."""
    section = ""
    for line in text.splitlines():
        title = line.removesuffix(":")
        if line.endswith(":") and title in _SECTIONS:
            section = title
            yield f"**{_SECTIONS[title]}**"
            yield ""
        elif section and line.startswith("    ") and line.strip():
            yield from _entry(section, line[4:])
        else:
            section = section if not line.strip() else ""
            yield _escaped(line) if not line.startswith("    ") else line
    yield ""


def _entry(section: str, line: str) -> Iterator[str]:
    if line.startswith(" ") or section in {"Returns", "Yields"}:
        yield (
            f"  {_escaped(line.strip())}"
            if section not in {"Returns", "Yields"}
            else _escaped(line.strip())
        )
        return
    named = re.fullmatch(r"(\*{0,2}[\w., ]+): (.*)", line)
    yield f"- `{named[1]}`: {_escaped(named[2])}" if named else f"- {_escaped(line)}"


def _escaped(line: str) -> str:
    """Angle brackets and stars outside of code are no markup."""
    parts = line.split("`")
    return "`".join(
        part if index % 2 else re.sub(r"([<*])", r"\\\1", part) for index, part in enumerate(parts)
    )


# ------------------------------------------------------------------------------------- the page --


def render(module: str) -> str:
    """The whole page of a module."""
    lines = [
        f"# {module}",
        "",
        "Generated from signatures and docstrings by `make docs`.",
        "",
        *prose(ast.get_docstring(tree_of(module)) or ""),
    ]
    found = [definition(module, name) for name in names_of(module)]
    links = ", ".join(f"[`{each.name}`](#{each.name.lower()})" for each in found)
    lines += [links, ""]
    for each in found:
        lines += _name(each)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _name(public: Public) -> Iterator[str]:
    yield f"## {public.name}"
    yield ""
    match public.node:
        case ast.ClassDef():
            yield from _class(public, public.node)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from _code(signature(public.name, public.node, bound=False))
            yield from prose(public.text)
        case ast.AnnAssign(target, ast.Name("TypeAlias"), ast.Constant(str(kind))):
            # What only type checkers have to read is a string in the sources.
            yield from _code(f"{ast.unparse(target)}: TypeAlias = {kind}")
            yield from prose(public.text)
        case _:
            yield from _code(ast.unparse(public.node))
            yield from prose(public.text)


def _code(text: str) -> Iterator[str]:
    yield from ("```python", text, "```", "")


def _hidden_bases(public: Public, node: ast.ClassDef) -> dict[str, ast.ClassDef]:
    """Its bases of ours that have no entry of their own: what is theirs is its own to who uses it."""
    shown = {each for module in PUBLIC for each in names_of(module)}
    found = {}
    for base in node.bases:
        name = ast.unparse(base)
        if name in shown or not name.isidentifier() or _SAID_OTHERWISE.match(name):
            continue
        try:
            defined = definition(public.home, name).node
        except (LookupError, FileNotFoundError):
            continue  # not one of ours
        if isinstance(defined, ast.ClassDef):
            found[name] = defined
    return found


def _class(public: Public, node: ast.ClassDef) -> Iterator[str]:
    hidden = _hidden_bases(public, node)
    bases = [ast.unparse(each) for each in node.bases if ast.unparse(each) not in hidden]
    bodies = [*(each for base in hidden.values() for each in base.body), *node.body]
    methods = {each.name: each for each in bodies if isinstance(each, Function)}
    own = methods.get("__init__")
    if any("Enum" in each for each in bases):
        yield from prose(public.text)
        yield from _members(node)
    else:
        if own is not None:
            arguments = _arguments(own.args)[1:]
            yield from _code(_call(public.name, arguments, ""))
        elif _made_of_fields(node):
            yield from _code(_call(public.name, fields_of(public.home, node), ""))
        kept = [each for each in bases if not _SAID_OTHERWISE.match(each)]
        if kept:
            yield f"Bases: {', '.join(f'`{each}`' for each in kept)}."
            yield ""
        yield from prose(public.text)
        if own is not None:
            yield from prose(ast.get_docstring(own) or "")
    for name, method in methods.items():
        if not name.startswith("_"):
            yield from _method(public.name, method)


def _members(node: ast.ClassDef) -> Iterator[str]:
    yield "| member | value |"
    yield "|---|---|"
    for each in node.body:
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
            name = each.targets[0].id
            if not name.startswith("_"):
                yield f"| `{name}` | `{written(each.value)}` |"
    yield ""


def _method(owner: str, method: Function) -> Iterator[str]:
    marks = {ast.unparse(each) for each in method.decorator_list}
    yield f"### {owner}.{method.name}"
    yield ""
    if "property" in marks:
        yield from _code(f"{method.name}: {ast.unparse(method.returns)}" if method.returns else "")
    else:
        bound = "staticmethod" not in marks
        yield from _code(signature(method.name, method, bound=bound))
    yield from prose(ast.get_docstring(method) or "")


def page_of(module: str) -> Path:
    """Where its page is."""
    return ROOT / "docs" / "api" / f"{module}.md"


def index() -> str:
    """The page that leads to the others."""
    lines = [
        "# The public API",
        "",
        "What is not in `__all__` of these may change in any version.",
        "",
        "| module | |",
        "|---|---|",
    ]
    for module in PUBLIC:
        summary = (ast.get_docstring(tree_of(module)) or "").splitlines()[0]
        lines.append(f"| [`{module}`]({module}.md) | {summary} |")
    return "\n".join(lines) + "\n"
