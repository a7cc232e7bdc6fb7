"""Verdicts do not depend on the tester's luck: two runs on a busy machine give the same ones.

The quick cases against our own stack, DCMTK and pynetdicom, in both roles; the whole is
`make conformance`.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conformance import judge
from conformance_subjects import SUBJECTS, Subject
from peers import need

pytestmark = pytest.mark.interop

QUICK = {
    "scp": ["P.STA2.0[1-6]", "P.AC", "P.STA6.0*", "P.PDV.0*", "M.P.Sta6"],
    "scu": ["U.RQ.0[1-4]", "U.AC.01", "U.S5.04", "U.REL.02", "U.REL.07", "U.DIM.01"],
}
CHOSEN = [each for each in SUBJECTS if each.key in {"dulcet", "dcmtk", "pynetdicom"}]
BUSY = "while True: pass"


@contextlib.contextmanager
def busy_machine():
    """Something that competes for a processor, beside the subjects that do."""
    with subprocess.Popen([sys.executable, "-c", BUSY]) as process:
        try:
            yield
        finally:
            process.kill()


def verdicts(subject: Subject, work: Path) -> dict[str, tuple[str, str]]:
    """Verdict and sub-verdict of each case of one run."""
    options = ["--exclude-tag", "artim", "--live-max", "30"]
    judged = judge(subject, work, [*QUICK[subject.role], *options])
    assert judged.result, f"{judged.reason}\n{(work / 'log').read_text('utf-8')}"
    data = json.loads(judged.result.read_text("utf-8"))
    assert data["complete"]
    return {case["id"]: (case["verdict"], case["sub"]) for case in data["cases"]}


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """Both runs of every subject that is installed, a few at a time."""
    work = tmp_path_factory.mktemp("conformance")
    runs = [
        (each, work / f"{each.key}-{each.role}-{run}")
        for each in CHOSEN
        if not each.missing()
        for run in (1, 2)
    ]
    with busy_machine(), ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda run: verdicts(*run), runs))
    found: dict[Subject, list] = {}
    for (subject, _), result in zip(runs, results, strict=True):
        found.setdefault(subject, []).append(result)
    return found


@pytest.mark.parametrize("subject", CHOSEN, ids=lambda each: f"{each.key}-{each.role}")
def test_two_runs_on_a_busy_machine_give_the_same_verdicts(subject, twice):
    if not subject.ours:
        need(subject.package)
    first, second = twice[subject]
    assert len(first) > (30 if subject.role == "scp" else 8)
    assert first == second


@pytest.mark.parametrize("role", ["scp", "scu"])
def test_our_own_stack_passes(role, twice):
    (ours,) = (each for each in CHOSEN if each.ours and each.role == role)
    for run in twice[ours]:
        assert {verdict for verdict, _ in run.values()} <= {"pass", "info", "skip"}
