"""The results of a site in the order in which it shows them: products, each with its versions."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import catalogue, causes
from ..report import badge, figures
from ..results import CaseResult, Report


@dataclass(frozen=True, slots=True)
class ShelfEntry:
    """One result: a version of a product in a role. `file` is where its page stands, below the index."""

    report: Report
    product: str
    version: str
    latest: bool

    @property
    def file(self) -> str:
        """The page's path, relative to the index."""
        words = f"{self.report.role} {self.product} {self.version} {self.report.started[:10]}"
        return f"products/{re.sub(r'[^a-z0-9.]+', '-', words.lower()).strip('-')}.html"

    @property
    def score(self) -> tuple[int, int]:
        """Cases that pass, and cases that were judged."""
        return badge.score(self.report)

    @property
    def roots(self) -> list[causes.Root]:
        """The causes for which the run fails."""
        fails = (
            root
            for root in causes.roots(self.report.cases)
            if any(figures.fails(self.report, case) for case in root.cases)
        )
        return list(fails)


def split(name: str) -> tuple[str, str]:
    """A product's name and its version, if the last word is one."""
    head, _, last = name.rpartition(" ")
    return (head, last) if head and last[:1].isdigit() else (name, "")


def _age(version: str) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"[.\-+]", version)
    ]


def shelve(reports: Iterable[Report]) -> dict[str, list[ShelfEntry]]:
    """Entries by role, products in the order given, the latest version of each first."""
    grouped: dict[tuple[str, str], list[tuple[str, Report]]] = {}
    for report in reports:
        product, version = split(figures.name_of(report))
        grouped.setdefault((report.role, product), []).append((version, report))
    found: dict[str, list[ShelfEntry]] = {"scp": [], "scu": []}
    for (role, product), versions in grouped.items():
        versions.sort(key=lambda pair: (_age(pair[0]), pair[1].started), reverse=True)
        found[role] += [
            ShelfEntry(report, product, version, place == 0)
            for place, (version, report) in enumerate(versions)
        ]
    return {role: entries for role, entries in found.items() if entries}


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case over the entries of a role, in plain language."""

    id: str
    title: str
    level: str
    area: str
    means: str
    breaks: str
    clause: str
    cells: tuple[CaseResult | None, ...]

    @property
    def differs(self) -> bool:
        """Whether products that were judged differ in mark or in the kind of deviation."""
        return figures.MatrixRow(self.id, "", "", "", self.cells).differs


def rows(entries: Sequence[ShelfEntry]) -> list[CaseRow]:
    """A row for each case that any entry holds; published results keep words of deviations only."""
    return [_row(row) for row in figures.matrix([entry.report for entry in entries])]


def _row(row: figures.MatrixRow) -> CaseRow:
    case = catalogue.find(row.id)
    held = next((cell for cell in row.cells if cell is not None and cell.requirement), None)
    told = case or held
    first = next(cell for cell in row.cells if cell is not None)
    return CaseRow(
        row.id, row.title, row.level, row.area, told.requirement if told else "", told.why if told else "",
        first.clause, row.cells,
    )  # fmt: skip


def read(files: Sequence[Path]) -> list[Path]:
    """The result files meant: a folder stands for all of its JSON files.

    Raises:
        ValueError: there is none.
    """
    found = [
        path
        for given in files
        for path in (sorted(given.rglob("*.json")) if given.is_dir() else [given])
    ]
    if not found:
        raise ValueError("no result file is there")
    return found
