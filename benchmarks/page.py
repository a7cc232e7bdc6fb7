"""Puts what was measured into docs/performance.md: tables between its markers, and plots beside it.

python -m benchmarks.page build/bench/full.json [FILE...]

Of several files each adds what it has; what two have is taken from the later one.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "performance.md"
FOLDER = DOCS / "performance"


def main(*results: str) -> int:
    """Write the page, its plots and the figures that they are made of."""
    from benchmarks.plots import draw  # noqa: PLC0415 - pygal, for those who draw

    found = merged([json.loads(Path(each).read_text("utf-8")) for each in results])
    draw(found, FOLDER)
    (FOLDER / "results.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    PAGE.write_text(filled(PAGE.read_text("utf-8"), found), "utf-8")
    return 0


def merged(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What several runs have found, as if it were one."""
    rows: dict[str, Any] = {}
    about: dict[str, str] = {}
    found: dict[str, Any] = {}
    for run in runs:
        rows |= {row["work"]: row for row in run["rows"]}
        for name, each in run.items():
            if name not in {"rows", "about"}:
                found[name] = found.get(name, {}) | each
        for name, fact in run["about"].items():
            known = about.get(name, fact)
            about[name] = known if fact in known else f"{known}; {fact}"
    return found | {"about": about, "rows": list(rows.values())}


def filled(page: str, found: Mapping[str, Any]) -> str:
    """The page with the tables of these figures between its markers.

    Raises:
        ValueError: it has no such marker.
    """
    for name, text in _tables(found).items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        if not pattern.search(page):
            raise ValueError(f"the page has no {begin.strip()}")
        page = pattern.sub(f"{begin}{text}\n{end}".replace("\\", r"\\"), page)
    return page


def _tables(found: Mapping[str, Any]) -> dict[str, str]:
    return {
        "conditions": _rows(["what", "is"], found["about"].items()),
        "comparisons": _rows(
            ["work", "ours", "theirs", "ratio", "spread", "target", ""],
            map(_compared, found["rows"]),
        ),
        "memory": _rows(
            ["process", "MiB"],
            ([name, f"{peak:.0f}"] for name, peak in found.get("memory_mib", {}).items()),
        ),
        "echoes": _by_name("C-ECHO, microseconds", found.get("echo_us", {})),
        "counts": _by_name("one", found.get("counters", {})),
    }


def _compared(row: Mapping[str, Any]) -> list[str]:
    ours, theirs = (
        statistics.median(each["seconds"] for each in row[runs])
        for runs in ("our_runs", "their_runs")
    )
    target, ratio = row["target"], row["ratio"]
    reached = "" if target is None else "reached" if ratio <= target else "**missed**"
    spread = f"{min(row['ratios']):.2g}-{max(row['ratios']):.2g}"
    return [
        row["work"], _seconds(ours), _seconds(theirs), f"{ratio:.2f}", spread,
        "" if target is None else f"{target:g}", reached,
    ]  # fmt: skip


def _seconds(value: float) -> str:
    return f"{value:.3f} s" if value >= 0.01 else f"{value * 1e6:.0f} us"


def _by_name(first: str, found: Mapping[str, Mapping[str, float]]) -> str:
    """A row for each name, a column for each number that any of them has."""
    columns = list(dict.fromkeys(key for each in found.values() for key in each))
    rows = ([name, *(f"{each.get(key, 0):g}" for key in columns)] for name, each in found.items())
    return _rows([first, *columns], rows)


def _rows(heading: list[str], rows: Any) -> str:
    lines = [heading, ["---"] * len(heading), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
