"""An exploration as one page: what was found, each with its shortest sequence, and the cells visited."""

from collections.abc import Iterable

from ..report import figures
from ..report.document import asset, document
from ..report.html_cases import badge
from ..report.html_grid import STATES
from ..report.html_wire import wire_table
from ..report.markup import Child, Markup, el, join, scrolling
from ..table import EVENTS, TABLE
from . import account
from .hunt import Hunt
from .ledger import Find
from .sequence import explain, text


def page(hunt: Hunt) -> str:
    """The whole page."""
    name = str(hunt.trial.target.get("name") or "product")
    return document(
        f"{name} explored",
        _header(hunt, name),
        el("main", _outcome(hunt), _finds(hunt), _grid(hunt)),
        style=asset("page.css"),
    )


def _header(hunt: Hunt, name: str) -> Markup:
    version = hunt.trial.target.get("implementation_version") or ""
    lead = f"Explored as {figures.role_text(hunt.trial.role)}{f' · {version}' if version else ''}"
    links = [("finds", "Departures"), ("cells", "Cells visited")]
    return el(
        "header",
        el("p", "dulspec · random sequences against Table 9-10", class_="brand"),
        el("h1", name),
        el("p", lead, class_="lead"),
        el("nav", [el("a", told, href=f"#{id_}") for id_, told in links], aria_label="Sections"),
    )


def _outcome(hunt: Hunt) -> Markup:
    failures = len(hunt.ledger.failures())
    word = "incomplete" if hunt.ended else "failed" if failures else "passed"
    told = f"{failures} causes fail" if failures else "nothing that fails was found"
    return el(
        "div",
        el("p", el("strong", word.capitalize()), el("span", told), class_="verdict"),
        [el("p", line, class_="note") for line in account.summary(hunt)],
        class_=f"outcome {word}",
    )


def _finds(hunt: Hunt) -> Markup:
    entries = [_find(find, hunt.trial.role) for find in hunt.ledger.ordered()]
    nothing = el("p", "None: all that was seen is in the table.", class_="note")
    return el(
        "section",
        el("h2", "Departures"),
        el("p", "Each cause once, with the shortest sequence that shows it.", class_="note"),
        entries or nothing,
        id="finds",
    )


def _find(find: Find, role: str) -> Markup:
    notes = [
        "known" if find.known else "",
        "" if find.repeats else "seen once, and not again",
    ]
    return el(
        "details",
        el(
            "summary",
            badge(find.cause.verdict.value),
            el("code", find.cause.key, class_="id"),
            el("span", find.cause.story, class_="title"),
            [el("span", note, class_="sub") for note in notes if note],
        ),
        el(
            "div",
            el("dl", _about(find, role), class_="about"),
            wire_table(find.wire, role) if find.wire else None,
            class_="body",
        ),
        class_="case failing" if find.fails else "case",
        id=find.cause.key,
    )


def _about(find: Find, role: str) -> Markup:
    def entry(name: str, *told: Child) -> Markup:
        return join(el("dt", name), el("dd", told))

    steps = el("ol", [el("li", line) for line in explain(find.sequence, role)])
    met = ", ".join(f"{name} {count}" for name, count in find.stimuli.most_common())
    return join(
        entry("Sequence", el("code", text(find.sequence)), steps),
        entry("Expected", " or ".join(dict.fromkeys(find.due)) or "nothing more"),
        entry("Seen", el("code", find.seen or "nothing")),
        entry("Met", f"{find.count} times, first in sequence {find.number}: {met}"),
        entry("Catalogue", find.catalogue) if find.catalogue else None,
    )


def _grid(hunt: Hunt) -> Markup:
    within, bad = account.reachable(hunt.trial.role), account.departed(hunt)
    head = el(
        "tr",
        el("th", "Event", scope="col", class_="event"),
        [
            el("th", el("span", "Sta", class_="long"), str(n), scope="col", title=told)
            for n, told in STATES.items()
        ],
    )

    def cell(state: int, event: int) -> Markup:
        place = state, event
        if place not in TABLE:
            return el("td", el("span", "no transition", class_="vh"), class_="blank")
        action = el("span", TABLE[place], class_="action")
        count, perhaps = hunt.ledger.visited[place], hunt.ledger.perhaps[place]
        if place in bad:
            return el("td", action, el("b", f"{count}!"), class_="cell fail", title="departed")
        if count:
            return el("td", action, count, class_="cell pass", title=f"visited {count} times")
        if perhaps:
            return el("td", action, "?", class_="cell info", title=f"perhaps, {perhaps} times")
        told = "not visited" if place in within else "out of a peer's reach"
        return el("td", action, "·" if place in within else "-", class_="unrun", title=told)

    rows = [
        el(
            "tr",
            el("th", f"Evt{event}", el("span", told, class_="event-text"), scope="row", title=told),
            [cell(state, event) for state in STATES],
        )
        for event, told in EVENTS.items()
    ]
    table = el("table", el("thead", head), el("tbody", rows), class_="grid")
    return el(
        "section",
        el("h2", "Cells visited"),
        _legend(account.grid(hunt)[-2:]),
        scrolling(table, "Cells visited"),
        id="cells",
    )


def _legend(lines: Iterable[str]) -> Markup:
    return el("p", " ".join(lines), class_="note")
