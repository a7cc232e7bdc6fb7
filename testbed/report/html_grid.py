"""Table 9-10 in the HTML report: 19 events by 13 states, every cell with what became of it."""

from string import ascii_lowercase

from ..results import CaseResult, Report, mark
from ..table import EVENTS, TABLE
from . import figures
from .markup import Markup, el, join, scrolling

STATES = {
    1: "Idle",
    2: "Transport connection open, awaiting A-ASSOCIATE-RQ PDU",
    3: "Awaiting local A-ASSOCIATE response primitive",
    4: "Awaiting transport connection opening to complete",
    5: "Awaiting A-ASSOCIATE-AC or A-ASSOCIATE-RJ PDU",
    6: "Association established, ready for data transfer",
    7: "Awaiting A-RELEASE-RP PDU",
    8: "Awaiting local A-RELEASE response primitive",
    9: "Release collision, requestor side; awaiting A-RELEASE response primitive",
    10: "Release collision, acceptor side; awaiting A-RELEASE-RP PDU",
    11: "Release collision, requestor side; awaiting A-RELEASE-RP PDU",
    12: "Release collision, acceptor side; awaiting A-RELEASE response primitive",
    13: "Awaiting transport connection close indication",
}


class _Grid:
    """The cells of one result, and the letters of the reasons they share."""

    def __init__(self, report: Report, prefix: str) -> None:
        self.prefix = prefix
        self.cases = {(c.cell.state, c.cell.event): c for c in report.cases if c.cell is not None}
        self.reasons = {(u.cell.state, u.cell.event): u.reason for u in report.unreached}
        wording = dict.fromkeys(self.reasons.values())
        self.letters = dict(zip(wording, _letters(len(wording)), strict=True))

    def cell(self, state: int, event: int) -> Markup:
        """One cell: tested, not reachable, left out of this run, or blank in the table."""
        action = TABLE.get((state, event))
        if action is None:
            return el("td", el("span", "no transition", class_="vh"), class_="blank")
        case = self.cases.get((state, event))
        if case is not None:
            return self._tested(case, action)
        reason = self.reasons.get((state, event))
        if reason is None:
            mark = el("span", "·", class_="mark", aria_hidden="true")
            label = el("span", " not run", class_="vh")
            return el("td", _action(action), mark, label, class_="unrun", title="not run")
        letter = self.letters[reason]
        link = el(
            "a", letter, href=f"#{self.prefix}reason-{letter}", class_="mark", title=reason,
            aria_label=f"not reachable, reason {letter}",
        )  # fmt: skip
        return el("td", _action(action), link, class_="unreached")

    def _tested(self, case: CaseResult, action: str) -> Markup:
        name = mark(case)
        told = f"{name}{f', {case.sub}' if case.sub else ''}"
        return el(
            "td",
            el(
                "a",
                _action(action),
                el("span", figures.SYMBOL[name], class_="mark", aria_hidden="true"),
                el("span", f" {told}", class_="vh"),
                href=f"#{self.prefix}{case.id}",
                title=f"{case.id}: {told}",
            ),
            class_=f"cell {name}",
        )


def _letters(count: int) -> list[str]:
    """a, b, ... z, aa, ab, ..."""
    found = []
    for number in range(count):
        more, last = divmod(number, 26)
        found.append((ascii_lowercase[more - 1] if more else "") + ascii_lowercase[last])
    return found


def _action(action: str) -> Markup:
    return el("span", action, class_="action")


def state_table(report: Report, prefix: str) -> Markup | None:
    """The section, None when the run holds no cell of the table at all."""
    grid = _Grid(report, prefix)
    if not grid.cases and not grid.reasons:
        return None
    head = el(
        "tr",
        el("th", "Event", scope="col", class_="event"),
        [
            el("th", el("span", "Sta", class_="long"), str(n), scope="col", title=text)
            for n, text in STATES.items()
        ],
    )
    rows = [
        el(
            "tr",
            el("th", f"Evt{event}", el("span", text, class_="event-text"), scope="row", title=text),
            [grid.cell(state, event) for state in STATES],
        )
        for event, text in EVENTS.items()
    ]
    table = el("table", el("thead", head), el("tbody", rows), class_="grid")
    return el(
        "section",
        el("h3" if prefix else "h2", "State table"),
        el("p", _sentence(grid), class_="note"),
        scrolling(table, "State table"),
        _reasons(grid),
        _states(),
        id=f"{prefix}states",
    )


def _sentence(grid: _Grid) -> str:
    tally = figures.tally(grid.cases.values())
    counts = ", ".join(f"{count} {name}" for name, count in reversed(tally.items()))
    return (
        f"PS3.8 Table 9-10 has {len(TABLE)} cells with an action. A peer on the network reaches "
        f"{len(TABLE) - len(grid.reasons)} of them in this role; {len(grid.cases)} were tested"
        f"{f': {counts}' if counts else ''}. "
        "A letter names the reason why a cell is out of reach."
    )


def _reasons(grid: _Grid) -> Markup | None:
    if not grid.letters:
        return None
    rows = []
    for reason, letter in grid.letters.items():
        cells = [
            f"Sta{state}/Evt{event}"
            for (state, event), other in sorted(grid.reasons.items())
            if other == reason
        ]
        rows.append(
            el(
                "li",
                el("b", letter),
                el("span", reason, el("small", f"{len(cells)} cells: {', '.join(cells)}")),
                id=f"{grid.prefix}reason-{letter}",
            )
        )
    return el(
        "details",
        el("summary", f"Why {len(grid.reasons)} cells cannot be reached"),
        el("ol", rows, class_="reasons"),
    )


def _states() -> Markup:
    names = [join(el("dt", f"Sta{number}"), el("dd", text)) for number, text in STATES.items()]
    return el("details", el("summary", "The states"), el("dl", names, class_="facts"))
