"""The tables of docs/cli.md, from what the tools declare; written by `generate.py` between marks.

<!-- options of storescu -->
...
<!-- end -->
"""

from __future__ import annotations

import re
from pathlib import Path

from dulcet.cli.codes import SENDING_CODES
from dulcet.cli.echoscu_options import EchoscuSettings
from dulcet.cli.grammar.declaration import Option, Settings
from dulcet.cli.grammar.usage import explanation
from dulcet.cli.storescp.options import StorescpSettings
from dulcet.cli.storescu_options import StorescuSettings

__all__ = ["TARGET", "render"]

TARGET = Path(__file__).parent / "cli.md"

_MARKED = re.compile(r"(<!-- (options of \w+|exit codes) -->\n).*?(<!-- end -->)", re.DOTALL)
_TOOLS: dict[str, type[Settings]] = {
    "options of storescu": StorescuSettings,
    "options of echoscu": EchoscuSettings,
    "options of storescp": StorescpSettings,
}


def render(page: str) -> str:
    """The page with its tables as they have to be now."""
    return _MARKED.sub(lambda found: found[1] + _table(found[2]) + found[3], page)


def _table(name: str) -> str:
    return _exit_codes() if name == "exit codes" else _options(_TOOLS[name])


def _options(kind: type[Settings]) -> str:
    declared = kind.__declaration__
    parts = []
    for group in declared.groups:
        title = group.title[0].upper() + group.title[1:]
        parts.append(f"\n**{title}**\n\n| option | meaning |\n|---|---|\n")
        for option, name in group.options:
            words = explanation(option, declared.defaults.get(name))
            parts.append(f"| {_spellings(option)} | {_cell(words)} |\n")
    return "".join(parts) + "\n"


def _spellings(option: Option[object]) -> str:
    """All of them, and what follows behind the last."""
    *others, last = option.names
    return ", ".join([f"`{each}`" for each in others] + [f"`{f'{last} {option.metavar}'.strip()}`"])


def _exit_codes() -> str:
    rows = [
        f"| {_code(each.storescu)} | {_code(each.dcmsend)} | {_cell(each.when)} |\n"
        for each in SENDING_CODES.values()
    ]
    return "\n| storescu | dcmsend | when |\n|---|---|---|\n" + "".join(rows) + "\n"


def _code(code: int | None) -> str:
    return "status" if code is None else str(code)


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
