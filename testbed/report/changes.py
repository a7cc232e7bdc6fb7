"""Two results of one product compared: what became worse, what better, what is no longer judged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..results import CaseResult, Report
from ..verdicts import Level, Sub, Verdict
from . import figures
from .text import clean


class Change(StrEnum):
    """What became of a case between two results."""

    REGRESSION = "regression"
    UNJUDGED = "no longer judged"
    OTHER = "deviates otherwise"
    NEW_DEVIATION = "new case, deviates"
    IMPROVEMENT = "improvement"
    NEW = "new case"
    SAME = "same"


#: What a reader wants to know of, worst first.
TOLD = [change for change in Change if change is not Change.SAME and change is not Change.NEW]
_MOOT = {Verdict.SKIP, Verdict.UNSUPPORTED}


@dataclass(frozen=True, slots=True)
class Compared:
    """One case in both results; None where a result does not hold it."""

    id: str
    old: CaseResult | None
    new: CaseResult | None
    change: Change

    @property
    def asked_otherwise(self) -> bool:
        """Whether the case itself is known to have changed between the two results."""
        if self.old is None or self.new is None or not (self.old.digest and self.new.digest):
            return False
        return self.old.digest != self.new.digest

    @property
    def title(self) -> str:
        """The case's title, as the newer result has it."""
        case = self.new or self.old
        return case.title if case is not None else ""


def rank(case: CaseResult) -> int:
    """How bad a judged case is: 0 as it should be, 1 non-strict, 2 to 4 failed, the more the worse."""
    if case.verdict in {Verdict.PASS, Verdict.INFO}:
        return 0
    if case.verdict is Verdict.NON_STRICT:
        return 1
    if case.sub in {Sub.CRASH, Sub.HANG}:
        return 4
    return 2 if case.level is Level.RECOMMENDED else 3


def change(old: CaseResult | None, new: CaseResult | None) -> Change:
    """What became of a case. A feature that the product no longer offers is a regression, too."""
    if new is not None and new.blocked:
        # What stands before it is told by itself; behind a new obstacle nothing can be said any more.
        return Change.UNJUDGED if old is not None and _judged(old) else Change.SAME
    if old is not None and old.blocked:
        return (
            Change.NEW_DEVIATION if new is not None and _judged(new) and rank(new) else Change.SAME
        )
    if new is None or new.verdict is Verdict.SKIP:
        judged = old is not None and old.verdict not in _MOOT
        return Change.UNJUDGED if judged else Change.SAME
    if old is None or old.verdict in _MOOT:
        fresh = Change.NEW_DEVIATION if new.verdict not in _MOOT and rank(new) else Change.NEW
        return Change.SAME if old is not None and old.verdict is new.verdict else fresh
    if new.verdict is Verdict.UNSUPPORTED:
        return Change.UNJUDGED if rank(old) else Change.REGRESSION
    before, after = rank(old), rank(new)
    if after != before:
        return Change.REGRESSION if after > before else Change.IMPROVEMENT
    return Change.SAME if not after or _seen(old) == _seen(new) else Change.OTHER


def _judged(case: CaseResult) -> bool:
    return case.verdict not in _MOOT and not case.blocked


def _seen(case: CaseResult) -> list[tuple[str, str, str]]:
    """What tells one deviation from another; times and names of the run do not."""
    runs = [(run.name, run.sub.value, run.seen) for run in figures.deciding_runs(case)]
    return [("", case.sub.value, ""), *runs]


def compare(old: Report, new: Report) -> list[Compared]:
    """A row for each case of either result, in the newer one's order.

    Raises:
        ValueError: the results are of different roles.
    """
    if old.role != new.role:
        raise ValueError(f"the results are of different roles: {old.role} and {new.role}")
    before = {case.id: case for case in old.cases}
    after = {case.id: case for case in new.cases}
    ids = [*after, *(id_ for id_ in before if id_ not in after)]
    return [
        Compared(id_, before.get(id_), after.get(id_), change(before.get(id_), after.get(id_)))
        for id_ in ids
    ]


def regressed(rows: Sequence[Compared], new: Report) -> bool:
    """Whether the newer product is worse, or its run tells too little to say."""
    return any(row.change is Change.REGRESSION for row in rows) or not new.complete


def warnings(old: Report, new: Report) -> Iterator[str]:
    """Why the two results may differ although the product did not change."""
    for which, report in (("older", old), ("newer", new)):
        if not report.complete:
            yield f"the {which} result is {figures.outcome(report)}"
    if old.edition != new.edition:
        yield f"judged by editions {old.edition} and {new.edition} of the catalogue"
    asked = [row.id for row in compare(old, new) if row.asked_otherwise]
    if asked:
        yield f"cases that have changed in between: {' '.join(asked)}"
    differing = [
        f"{key}: {old.settings.get(key)} / {new.settings.get(key)}"
        for key in sorted(
            {*old.settings, *new.settings}
            - {"host", "port", "exec", "exec_echo", "exec_tls", "start_cmd", "tls_files"}
        )
        if old.settings.get(key) != new.settings.get(key)
    ]
    if differing:
        yield f"judged with other settings: {'; '.join(differing)}"


def told(case: CaseResult | None) -> str:
    """One side of a change in a few words."""
    if case is None:
        return "not in the result"
    return case.verdict.value + (f" ({case.sub})" if case.sub else "")


def lines(old: Report, new: Report, rows: Sequence[Compared]) -> Iterator[str]:
    """The comparison as text, the outcome last."""
    for which, report in (("old", old), ("new", new)):
        yield f"{which}  {clean(figures.name_of(report))}, run {report.started}"
    yield from (f"note: {clean(text)}" for text in warnings(old, new))
    for kind in TOLD:
        some = [row for row in rows if row.change is kind]
        if some:
            yield from ("", f"{kind.value.capitalize()} ({len(some)}):")
        for row in some:
            yield f"  {row.id:16} {told(row.old)} -> {told(row.new)}: {clean(row.title)}"
            if kind is not Change.IMPROVEMENT:
                yield from _both(row)
    counts = ", ".join(
        f"{number} {kind.value}"
        for kind in Change
        if (number := sum(row.change is kind for row in rows))
    )
    yield from ("", f"{len(rows)} cases: {counts}")
    yield "WORSE" if regressed(rows, new) else "NOT WORSE"


def _both(row: Compared) -> Iterator[str]:
    for which, case in (("old", row.old), ("new", row.new)):
        if case is not None and (case.message or case.runs):
            seen = "; ".join(run.seen or "nothing" for run in figures.deciding_runs(case)[:1])
            yield f"      {which}  {clean(case.message or seen)}"
