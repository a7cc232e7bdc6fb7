"""Result files: the JSON form of a run, documented in docs/testbed.md."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import causes
from .model import Cell
from .results import CaseResult, Report, RunResult, Unreached, WireRow
from .timings import Timing
from .verdicts import Level, Sub, Verdict

FORMAT = "dulspec-result/1"


def to_json(report: Report) -> dict[str, Any]:
    """The report as plain data, ready for `json.dump`."""
    return {
        "format": FORMAT,
        "edition": report.edition,
        "role": report.role,
        "target": report.target,
        "settings": report.settings,
        "started": report.started,
        "seconds": round(report.seconds, 3),
        "complete": report.complete,
        "baseline": report.baseline,
        "counts": report.counts(),
        "cases": [_case_json(case) for case in report.cases],
        "unreached": [
            {"role": entry.role, **_cell_json(entry.cell), "reason": entry.reason}
            for entry in report.unreached
        ],
        "timings": [asdict(entry) for entry in report.timings],
    }


def _cell_json(cell: Cell) -> dict[str, Any]:
    return {"state": cell.state, "event": cell.event, "action": cell.action}


def _case_json(case: CaseResult) -> dict[str, Any]:
    data: dict[str, Any] = {
        name: getattr(case, name)
        for name in (
            "id", "role", "clause", "level", "title", "requirement", "expected", "verdict", "sub",
            "message", "seconds", "why", "tags", "xfail", "attempts", "cause", "blocked",
            "digest",
        )
    }  # fmt: skip
    data["seconds"] = round(case.seconds, 3)
    data["cell"] = None if case.cell is None else _cell_json(case.cell)
    data["runs"] = [_run_json(run) for run in case.runs]
    return data


def _run_json(run: RunResult) -> dict[str, Any]:
    names = (
        "name", "verdict", "sub", "message", "seen", "close", "close_seconds", "reported",
        "exit_code", "output",
    )  # fmt: skip
    data: dict[str, Any] = {name: getattr(run, name) for name in names}
    data["seconds"] = round(run.seconds, 3)
    data["wire"] = [{name: getattr(row, name) for name in WireRow.__slots__} for row in run.wire]
    return data


def from_json(data: dict[str, Any]) -> Report:
    """A report out of `to_json`'s data.

    Raises:
        ValueError: the data is not a dulspec result of a format this version reads.
    """
    if data.get("format") != FORMAT:
        raise ValueError(f"not a {FORMAT} file (format is {data.get('format')!r})")
    names = ("role", "target", "settings", "started", "seconds", "complete", "baseline")
    report = Report(**{name: data[name] for name in names})
    report.edition = data.get("edition", "1")
    report.cases = [_case_from(entry) for entry in data["cases"]]
    causes.attribute(report.cases)  # by what is known of causes today
    # Files of the first edition have none.
    report.timings = [Timing(**entry) for entry in data.get("timings", [])]
    report.unreached = [
        Unreached(entry["role"], _cell_from(entry), entry["reason"]) for entry in data["unreached"]
    ]
    return report


def _cell_from(data: dict[str, Any]) -> Cell:
    return Cell(data["state"], data["event"], data["action"])


def _case_from(data: dict[str, Any]) -> CaseResult:
    fields = dict(data)
    fields["level"] = Level(data["level"])
    fields["verdict"] = Verdict(data["verdict"])
    fields["sub"] = Sub(data["sub"])
    fields["attempts"] = [Verdict(entry) for entry in data["attempts"]]
    fields["cell"] = None if data["cell"] is None else _cell_from(data["cell"])
    fields["runs"] = [_run_from(entry) for entry in data["runs"]]
    return CaseResult(**fields)


def _run_from(data: dict[str, Any]) -> RunResult:
    fields = dict(data)
    fields["verdict"] = Verdict(data["verdict"])
    fields["sub"] = Sub(data["sub"])
    fields["wire"] = [WireRow(**row) for row in data["wire"]]
    return RunResult(**fields)


def save(report: Report, path: Path) -> None:
    """Write a report as JSON."""
    path.write_text(json.dumps(to_json(report), indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Report:
    """Read a report written by `save`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no dulspec result; the text names the file.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise ValueError("not a dulspec result: the top level is no object")  # noqa: TRY004, TRY301
        return from_json(data)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error
