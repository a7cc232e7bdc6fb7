"""What is published of the results: small, without machine paths, and fair to other products.

Of the cases tagged `security`, and of those in which a product crashed, only our own results are
published; other products' go to their makers first.
"""

from __future__ import annotations

import contextlib
import getpass
import io
import json
import socket
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conformance_subjects import Subject, template
from installed import FOLDERS, chosen
from peer_processes import ROOT
from peers import JAVA, NODE

from testbed import catalogue, causes
from testbed import cli as dulspec
from testbed.result_files import load, to_json
from testbed.results import Report, expected_lines

TOLD_FIRST = "security"
MATRIX = "matrix.html"
#: Where a joined result says which cases were judged when.
AGAIN = "judged_again"
DEVIATIONS = {"non-strict", "fail", "error"}
#: Of a run's wire log, how many of the last rows are kept, and of each how many bytes.
ROWS, BYTES = 8, 64
#: Of a trace or a message, how many characters: some products answer with hundreds of A-ABORTs.
TEXT = 400


@dataclass(frozen=True, eq=False)
class Published:
    """A subject with its result, or with the reason why there is none."""

    subject: Subject
    result: Path | None
    reason: str = ""

    @property
    def file(self) -> str:
        """The name of its published result."""
        return f"{self.subject.key}-{self.subject.role}.json"


def publish(entries: Sequence[Published], out: Path, work: Path) -> bool:
    """Write the results, the matrix and `README.md`; gives whether our own stack passes.

    Args:
        entries: all subjects.
        out: the folder; earlier results in it are replaced.
        work: where the subjects ran: this path does not appear in what is published.
    """
    out.mkdir(parents=True, exist_ok=True)
    shown: dict[Published, dict[str, Any]] = {}
    for entry in entries:
        if entry.result is not None:
            shown[entry] = _clean(to_json(load(entry.result)), entry.subject, work)
    # Only now: a result may be one that was published earlier, and is among these.
    for old in (*out.glob("*.json"), *out.glob("*.html")):
        old.unlink()
    for entry, data in shown.items():
        _write(out / entry.file, _small(data))
    # Variants of our own stack would only repeat a column.
    columns = [(entry, data) for entry, data in shown.items() if not entry.subject.variant]
    _matrix(columns, out, work)
    (out / "README.md").write_text(_readme(entries, shown), "utf-8")
    _assert_anonymous(out, work)
    return all(_passes(data) for entry, data in shown.items() if entry.subject.ours) and all(
        entry.result for entry in entries if entry.subject.ours
    )


def join(whole: Report, some: Report) -> Report:
    """An earlier result with some of its cases judged again, or for the first time; when, in its settings."""
    later = {case.id: case for case in some.cases}
    order = [case.id for case in catalogue.cases(whole.role)]
    kept = [case for case in whole.cases if case.id not in later]
    whole.cases = sorted([*kept, *later.values()], key=lambda case: order.index(case.id))
    whole.edition = some.edition
    again = dict(whole.settings.get(AGAIN, {}))
    whole.settings[AGAIN] = again | dict.fromkeys(later, some.started)
    causes.attribute(whole.cases)
    return whole


def _passes(data: dict[str, Any]) -> bool:
    """Every required and recommended case passed, where it could be played at all."""
    bad = {"fail", "error"}
    levels = {"required", "recommended"}
    return data["complete"] and not any(
        case["verdict"] in bad and case["level"] in levels for case in data["cases"]
    )


def _clean(data: dict[str, Any], subject: Subject, work: Path) -> dict[str, Any]:
    """The result without what only this machine knows, and what makers are told first."""
    text = json.dumps(data)
    for path, name in _names(work):
        text = text.replace(path, name)
    data = json.loads(text)
    for key in ("host", "port", "exec"):
        data["target"].pop(key, None)
    for key in ("host", "port", "tls_port", "listen", "tls_files", "store_dir"):
        data["settings"].pop(key, None)
    data["settings"]["start_cmd"] = _without_ports(data["settings"]["start_cmd"])
    for key in ("exec", "exec_echo", "exec_tls"):
        data["settings"][key] = _without_ports(data["settings"].get(key, ""))
    if not subject.ours:
        data["cases"] = [case for case in data["cases"] if not _told_first(case)]
    for case in data["cases"]:
        case["message"] = _shortened(case["message"])
        for run in case["runs"]:
            run["seen"], run["message"] = _shortened(run["seen"]), _shortened(run["message"])
            run["output"] = ""  # programs name hosts, users and folders in their logs
    data["counts"] = dict(
        Counter("blocked" if case["blocked"] else case["verdict"] for case in data["cases"])
    )
    return data


def _names(work: Path) -> list[tuple[str, str]]:
    """Paths of this machine, and what is published in their place; the ones inside others first."""
    builds = [(f"{folder}/", "") for folder in map(chosen, FOLDERS) if folder]
    runtimes = [(sys.executable, "python"), (JAVA, "java"), (NODE, "node")]
    return [*runtimes, *builds, (str(work), "WORK"), (str(ROOT), ".")]


def _told_first(case: dict[str, Any]) -> bool:
    """Whether makers are told first: the case is about security, or the product crashed."""
    crashed = "crash" in {case["sub"], *(run["sub"] for run in case["runs"])}
    return TOLD_FIRST in case["tags"] or crashed


def _shortened(text: str) -> str:
    return text if len(text) <= TEXT else f"{text[:TEXT]} ..."


def _without_ports(command: str) -> str:
    return " ".join(
        "PORT" if word.isdigit() and len(word) > 3 else word for word in command.split()
    )


def _small(data: dict[str, Any]) -> dict[str, Any]:
    """Of what passed only the traces; of deviations the requirement and a short wire log too."""
    cases = []
    for case in data["cases"]:
        deviates = case["verdict"] in DEVIATIONS
        small = dict(case)
        if not deviates:
            small.update(requirement="", expected=[], why="")
        small["runs"] = [_small_run(run, wire=deviates) for run in case["runs"]]
        cases.append(small)
    return {**data, "cases": cases, "unreached": []}


def _small_run(run: dict[str, Any], *, wire: bool) -> dict[str, Any]:
    rows = run["wire"] if wire and run["verdict"] in DEVIATIONS else []
    return {
        **{key: value for key, value in run.items() if value not in ("", None)},
        **{key: run[key] for key in ("name", "verdict", "sub")},
        "wire": [{**row, "hex": row["hex"][: 2 * BYTES], "decoded": []} for row in rows[-ROWS:]],
    }


def _write(path: Path, data: dict[str, Any]) -> None:
    """A JSON file with a line a case, so that two of them can be compared."""
    cases = ",\n".join(json.dumps(case, separators=(",", ":")) for case in data["cases"])
    rest = json.dumps({key: value for key, value in data.items() if key != "cases"}, indent=1)
    path.write_text(f'{rest[:-2]},\n "cases": [\n{cases}\n ]\n}}\n', "utf-8")


def _matrix(shown: Sequence[tuple[Published, dict[str, Any]]], out: Path, work: Path) -> None:
    """One page of all products; what cases ask for stands with the first product of each role."""
    folder = work / "matrix"
    folder.mkdir(parents=True, exist_ok=True)
    files, roles = [], set()
    for entry, data in shown:
        files.append(folder / entry.file)
        first = data["role"] not in roles
        roles.add(data["role"])
        lean = _told_whole(data) if first else _small(data)
        for case in lean["cases"]:
            told = first or case["verdict"] != "pass"
            case["runs"] = [_small_run(run, wire=False) for run in case["runs"] if told]
        files[-1].write_text(json.dumps(lean), "utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        code = dulspec.main(
            ["report", *map(str, files), "--html", str(out / MATRIX), "--wire", "none"]
        )
    if code:
        raise RuntimeError(f"dulspec report gave {code}")


def _told_whole(data: dict[str, Any]) -> dict[str, Any]:
    """The result with what each case asks for, which results that were published do not have of all."""
    for case in data["cases"]:
        told = catalogue.find(case["id"])
        if told is not None and not case["requirement"]:
            case.update(requirement=told.requirement, why=told.why, expected=expected_lines(told))
    return data


def _assert_anonymous(out: Path, work: Path) -> None:
    secrets = {str(ROOT), str(work), str(Path.home()) + "/", socket.gethostname()}
    secrets |= {f"/home/{getpass.getuser()}"}
    for path in out.iterdir():
        text = path.read_text("utf-8")
        for secret in secrets:
            if len(secret) > 3 and secret in text:
                raise RuntimeError(f"{path.name} names {secret}")


# ---- README.md


def _readme(entries: Sequence[Published], shown: dict[Published, dict[str, Any]]) -> str:
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    dates = sorted({data["started"][:10] for data in shown.values()}) or [today]
    days = " and ".join(dict.fromkeys((dates[0], dates[-1])))
    lines = [
        "# Conformance of DICOM products, as `dulspec` sees it",
        "",
        f"Results of {days}.",
        "What our tools do with each profile of TLS is in [tls-profiles.md](tls-profiles.md).",
        f"[{MATRIX}]({MATRIX}) has all products side by side, case by case; each JSON file is the",
        "result of one product in one role, as `../testbed.md` describes it (`dulspec report FILE`",
        "reads it). Of cases that passed only the traces are kept; of deviations a short wire log.",
        "",
        "A failure here is a difference between a product and the text of the standard in a situation",
        "that a well-behaved peer may never bring about: read the case before the number. Products",
        "were run as below, most with defaults; a few lines of our own stand around libraries",
        "(`tests/interop/recipes/`).",
        "",
        "Of cases tagged `security`, and of those in which a product crashed, only our own results are",
        "published: other products' go to their makers first. That is why they have fewer cases.",
        "",
        "## Repeat",
        "",
        "```console",
        "# not run by the tests: takes an hour, and the other products",
        "$ make conformance        # products that are not installed are named, not judged",
        "$ python tests/interop/conformance.py --only dcmtk --only orthanc-scp",
        "$ python tests/interop/conformance.py --cases P.STA6.18   # one case, put into the results",
        "```",
        "",
        "`tests/interop/README.md` says how to install the products.",
        *_again(shown.values()),
    ]
    for role, title in (("scp", "As association acceptor"), ("scu", "As association requestor")):
        lines += ["", f"## {title}", ""]
        lines += _table(
            ["product", "edition", "date", "pass", "non-strict", "fails, required", "other fails",
             "root causes", "not reached", "unsupported", "skipped", "info", "seconds"],
            (_row(entry, shown[entry]) for entry in shown if entry.subject.role == role),
        )  # fmt: skip
    failed = [entry for entry in entries if entry.result is None]
    if failed:
        lines += ["", "## Not judged", ""]
        lines += [
            f"- {entry.subject.product} ({entry.subject.role.upper()}): {entry.reason}"
            for entry in failed
        ]
    lines += ["", "## How each was run", ""]
    lines += _table(
        ["product", "role", "command", "note"], (_how(entry, shown[entry]) for entry in shown)
    )
    lines += [
        "",
        "`pass` to `info` count cases, but for *root causes*: of how many things the fails come. *Not",
        "reached*: a case behind one of them. *Other fails* are cases of the levels recommended, tolerated",
        "and info. *Unsupported*: the product showed that it lacks the feature. *Skipped*: the case",
        "needs a declaration that was not made, such as TLS.",
    ]
    return "\n".join(lines) + "\n"


def _again(results: Iterable[dict[str, Any]]) -> list[str]:
    """Which cases are younger than the run that their results stand in."""
    ids: dict[str, list[str]] = {}
    for data in results:
        for id_, when in data["settings"].get(AGAIN, {}).items():
            ids.setdefault(id_, []).append(when)
    if not ids:
        return []
    days = [f"`{id_}` ({max(when)[:10]})" for id_, when in sorted(ids.items())]
    return [
        "",
        "Judged by themselves, after the runs that their results stand in, since they were new or changed:",
        f"{', '.join(days)}. `judged_again` in a result says when.",
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return lines + [f"| {' | '.join(str(each) for each in row)} |" for row in rows]


def _row(entry: Published, data: dict[str, Any]) -> list[object]:
    counts = data["counts"]
    bad = [
        case
        for case in data["cases"]
        if case["verdict"] in {"fail", "error"} and not case["blocked"]
    ]
    required = sum(case["level"] == "required" for case in bad)
    name = f"[{data['target']['name']}]({entry.file})"
    if not data["complete"]:
        name += " (incomplete)"
    told = [counts.get(key, 0) for key in ("blocked", "unsupported", "skip", "info")]
    day, causes = data["started"][:10], len({case["cause"] for case in bad})
    return [name, data["edition"], day, counts.get("pass", 0), counts.get("non-strict", 0), required,
            len(bad) - required, causes, *told, round(data["seconds"])]  # fmt: skip


def _how(entry: Published, data: dict[str, Any]) -> list[object]:
    settings = data["settings"]
    command = settings["start_cmd"] or settings["exec"]
    words = [each for each in entry.subject.options if not isinstance(each, Path)]
    words = [each for each in words if not str(each).endswith(("-cert", "-key", "--cert", "--key"))]
    options = template([each for each in words if each != "--ca"]).replace(sys.executable, "python")
    note = "; ".join(filter(None, [entry.subject.note, f"`{options}`" if options else ""]))
    code = command.replace("|", "\\|")
    return [data["target"]["name"], entry.subject.role.upper(), f"`{code}`", note]
