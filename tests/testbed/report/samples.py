"""Results to make reports of: the stored sample, and made ones."""

from pathlib import Path

from testbed.results import CaseResult, Report, RunResult
from testbed.verdicts import Level, Verdict

SAMPLE = Path(__file__).parent.parent / "data" / "sample-scp.json"


def case(id, verdict=Verdict.PASS, **over):
    fields = {
        "role": "scp", "clause": "PS3.8 9.3", "level": Level.REQUIRED, "title": f"title of {id}",
        "requirement": "It does.", "expected": ["pass: AC"],
    } | over  # fmt: skip
    fields.setdefault("runs", [RunResult("", verdict)])
    return CaseResult(id=id, verdict=verdict, **fields)


def report(*cases, **over):
    fields = {
        "role": "scp", "target": {"name": "peer"}, "settings": {}, "started": "2026-01-01T00:00:00Z",
        "complete": True, "baseline": {"first": "pass", "last": "pass"},
    } | over  # fmt: skip
    return Report(cases=list(cases), **fields)
