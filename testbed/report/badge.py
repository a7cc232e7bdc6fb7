"""A badge: the score of a run and the edition of the catalogue, as SVG, or as JSON for badge services.

The score counts the judged cases that pass; informative ones, and those that were skipped or are
unsupported, count nowhere. The colour tells the outcome of the run, not the score.
"""

import json
from html import escape

from ..results import Report
from ..verdicts import Level, Verdict
from . import figures

_COLOURS = {"passed": "#2e7d32", "failed": "#b3261e", "incomplete": "#5f6368", "empty": "#5f6368"}
_NAMES = {"passed": "green", "failed": "red", "incomplete": "lightgrey", "empty": "lightgrey"}
#: Width of a character of Verdana at 11 px, on average; a little more, so that nothing is cut.
_CHARACTER, _MARGIN = 6.9, 10


def score(report: Report) -> tuple[int, int]:
    """Cases that pass, and cases that were judged."""
    moot = {Verdict.SKIP, Verdict.UNSUPPORTED, Verdict.INFO}
    judged = [
        case
        for case in report.cases
        if case.verdict not in moot and case.level is not Level.INFO and not case.blocked
    ]
    return sum(case.verdict is Verdict.PASS for case in judged), len(judged)


def message(report: Report) -> str:
    """The right half of the badge."""
    good, judged = score(report)
    outcome = figures.outcome(report)
    word = "" if outcome in {"passed", "failed"} else f" {outcome}"
    return f"{good}/{judged}{word}, edition {report.edition}"


def label(report: Report) -> str:
    """The left half of the badge."""
    return f"DICOM Upper Layer {report.role.upper()}"


def endpoint(report: Report) -> str:
    """The badge as JSON, in the form that badge services read from an address (schema version 1)."""
    data = {
        "schemaVersion": 1,
        "label": label(report),
        "message": message(report),
        "color": _NAMES[figures.outcome(report)],
    }
    return json.dumps(data) + "\n"


def svg(report: Report) -> str:
    """The badge as an SVG that needs no font of its own and tells screen readers what it says."""
    left, right = label(report), message(report)
    first, second = (round(len(text) * _CHARACTER) + 2 * _MARGIN for text in (left, right))
    colour = _COLOURS[figures.outcome(report)]
    told = escape(f"{left}: {right}", quote=True)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{first + second}" height="20" role="img" aria-label="{told}">
<title>{told}</title>
<clipPath id="r"><rect width="{first + second}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="{first}" height="20" fill="#404448"/>
<rect x="{first}" width="{second}" height="20" fill="{colour}"/></g>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{first / 2}" y="14">{escape(left)}</text>
<text x="{first + second / 2}" y="14">{escape(right)}</text>
</g></svg>
"""
