"""The cases of the HTML report: one unfolding entry each, with the wire log side by side."""

from collections.abc import Sequence

from .. import causes
from ..results import CaseResult, Report, RunResult, mark
from ..verdicts import Verdict
from . import figures
from .html_wire import wire_table
from .markup import Markup, el, join


def badge(name: str) -> Markup:
    """A verdict as symbol and word: never by colour alone."""
    symbol = el("span", figures.SYMBOL[name], class_="sym", aria_hidden="true")
    return el("span", symbol, name, class_=f"badge {name}", title=figures.MEANING[name])


def case_lists(reports: Sequence[Report], wire: str) -> Markup:
    """All cases of all results, by product and area."""
    several = len(reports) > 1
    sections = []
    for number, report in enumerate(reports):
        prefix = f"r{number + 1}:" if several else ""
        groups = [
            _group(report, key, cases, prefix, wire) for key, cases in figures.areas(report).items()
        ]
        name = f"{figures.name_of(report)} ({report.role.upper()})"
        sections.append(
            el(
                "section",
                el("h3", name, class_="product-name") if several else None,
                groups,
                class_="results",
                data_product=number + 1,
                data_prefix=prefix,
            )
        )
    return join(sections)


def _group(report: Report, key: str, cases: Sequence[CaseResult], prefix: str, wire: str) -> Markup:
    area = figures.area(key)
    return el(
        "section",
        el(
            "h3",
            el("code", key),
            f" {area.title} " if area.title != key else " ",
            el("small", area.clauses),
        ),
        [_case(report, case, prefix, wire) for case in cases],
        class_="group",
        id=f"{prefix}{key}",
    )


def _case(report: Report, case: CaseResult, prefix: str, wire: str) -> Markup:
    name = mark(case)
    searched = (case.id, case.title, case.clause, case.requirement, case.message, *case.tags)
    return el(
        "details",
        el(
            "summary",
            badge(name),
            el("code", case.id, class_="id"),
            el("span", case.title, class_="title"),
            el("span", case.sub.value, class_="sub") if case.sub else None,
            el("span", case.level.value, class_="level"),
        ),
        _body(report, case, prefix, with_wire=_with_wire(case, wire)),
        class_="case" + (" failing" if figures.fails(report, case) else ""),
        id=f"{prefix}{case.id}",
        data_mark=name,
        data_level=case.level.value,
        data_group=figures.area_of(case),
        data_text=" ".join(searched).lower(),
    )


def _with_wire(case: CaseResult, wire: str) -> bool:
    if wire == "deviations":
        return case.verdict in {Verdict.FAIL, Verdict.NON_STRICT, Verdict.ERROR}
    return wire == "all"


def _body(report: Report, case: CaseResult, prefix: str, *, with_wire: bool) -> Markup:
    rows: list[tuple[str, object]] = [
        ("Requirement", case.requirement),
        ("Clause", case.clause),
        ("Why", case.why),
        ("Expected", el("ul", [el("li", el("code", text)) for text in case.expected])),
        ("Not reached because of", causes.title(case.blocked) if case.blocked else ""),
        ("Root cause", causes.title(case.cause) if case.cause and not case.blocked else ""),
        ("Seen", case.message),
        ("Deviation", figures.SUB_MEANING.get(case.sub.value, "")),
        ("Expected failure", case.xfail or ""),
        ("Tries", ", ".join(case.attempts) if len(case.attempts) > 1 else ""),
        ("Tags", ", ".join(case.tags)),
    ]
    terms = [
        join(el("dt", term), el("dd", value if isinstance(value, Markup) else str(value)))
        for term, value in rows
        if value
    ]
    note = None
    if not with_wire and case.runs:
        note = el("p", "The wire log is in the JSON result.", class_="note")
    runs = [_run(report, run, with_wire=with_wire) for run in case.runs]
    return el(
        "div",
        el("dl", terms, class_="about"),
        runs,
        note,
        el(
            "p",
            el("a", "Link to this case", href=f"#{prefix}{case.id}"),
            f" · {case.seconds:.2f} s",
            class_="note",
        ),
        class_="body",
    )


def _run(report: Report, run: RunResult, *, with_wire: bool) -> Markup:
    told = [run.seen and f"seen: {run.seen}", _closing(run)]
    if run.reported:
        told.append(f"the product reported {run.reported} (exit code {run.exit_code})")
    return el(
        "section",
        el(
            "h4",
            badge(run.verdict.value),
            el("span", run.name or "run", class_="run-name"),
            el("span", run.sub.value, class_="sub") if run.sub else None,
        ),
        el("p", run.message) if run.message and run.message != f"seen: {run.seen}" else None,
        el("p", " · ".join(text for text in told if text), class_="note"),
        wire_table(run.wire, report.role) if with_wire and run.wire else None,
        _output(run),
        class_="run",
    )


def _closing(run: RunResult) -> str:
    words = {
        "peer FIN": "the product closed the connection (FIN)",
        "peer RST": "the product reset the connection (RST)",
        "tester": "the tester closed the connection",
        "open": "the connection stayed open",
    }
    text = words.get(run.close, run.close)
    if text and run.close_seconds is not None and run.close.startswith("peer"):
        text += f" {run.close_seconds:.3f} s after the last stimulus"
    return text


def _output(run: RunResult) -> Markup | None:
    if not run.output:
        return None
    return el(
        "details", el("summary", "Output of the product"), el("pre", run.output), class_="bytes"
    )
