"""The whole testbed against our own stack and against every peer that is installed.

    python tests/interop/conformance.py --out docs/conformance

It judges every subject of `conformance_subjects.py` in its role, a few side by side, and publishes
the results (`conformance_publish.py`). As root on Linux all this happens in a network namespace
that has only loopback, as for the interoperability tests.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

# How this script, which pytest does not start, finds what all tests share; and the tree's packages
# before the folders of tests that have their names.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.append(str(Path(__file__).resolve().parent.parent))

from conformance_publish import Published, join, publish
from conformance_subjects import SUBJECTS, Subject, placed, template
from peer_processes import ROOT, Service, free_port, private_network

from testbed import result_files

#: A run that has not ended by then is interrupted, and its result says that it is incomplete.
RUN_SECONDS = 1500
UNUSABLE = 2


@dataclass(frozen=True)
class Judged:
    """What became of one subject: a result file, or the reason why there is none."""

    subject: Subject
    result: Path | None
    reason: str = ""


def dulspec(subject: Subject, port: int, tls_port: int, work: Path) -> list[str]:
    """The command that judges a subject; `port` is its own, or that of the service it needs."""
    name = f"{subject.product} {subject.version()}".strip()
    command: list[object] = [sys.executable, "-m", "testbed", subject.role]
    if subject.role == "scp":
        assert subject.start is not None
        start = template(placed(subject.start(port, work), tls_port))
        command += ["127.0.0.1", port, "--start-cmd", start]
        if subject.package != "orthanc":  # it keeps a database there
            command += ["--store-dir", work / "stored"]
    else:
        assert subject.store is not None
        command += ["--exec", template(subject.store(port))]
        if subject.echo is not None:
            command += ["--exec-echo", template(subject.echo(port))]
    common = ["--name", name, "--json", work / "result.json", "--artim-max", 35]
    return [str(each) for each in (*command, *common, *placed(subject.options, tls_port))]


def judge(subject: Subject, work: Path, more: Sequence[str] = ()) -> Judged:
    """Run the testbed against one subject; never raises for what the product does.

    Args:
        subject: what to judge.
        work: an empty folder of its own.
        more: further arguments of dulspec, for instance a selection.
    """
    reason = subject.missing()
    if reason:
        return Judged(subject, None, f"not installed: {reason}")
    (work / "stored").mkdir(parents=True, exist_ok=True)
    port, tls_port = free_port(), free_port()
    with contextlib.ExitStack() as stack:
        command = dulspec(subject, port, tls_port, work)
        if subject.role == "scu" and subject.start is not None:
            service = [str(each) for each in subject.start(port, work)]
            try:
                stack.enter_context(Service(service, port, log=work / "service.log", cwd=work))
            except AssertionError as error:
                return Judged(subject, None, f"did not start: {error}")
        code = _play([*command, *more], work)
    result = work / "result.json"
    if code == UNUSABLE or not result.exists():
        return Judged(subject, None, _last_line(work / "log"))
    return Judged(subject, result)


def _play(command: list[str], work: Path) -> int:
    with (work / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=work,
            env=os.environ | {"PYTHONPATH": str(ROOT)},  # judged by this tree, and this tree judged
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(RUN_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)  # it ends the product, and writes what it has
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(60)
            return -1
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "no output"


def _told(judged: Judged, seconds: float) -> str:
    who = f"{judged.subject.role} {judged.subject.product}"
    if judged.result is None:
        return f"{who}: cannot run: {judged.reason}"
    counts = json.loads(judged.result.read_text("utf-8"))["counts"]
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items()))
    return f"{who}: {verdicts} ({seconds:.0f} s)"


def judge_all(
    subjects: Sequence[Subject], work: Path, jobs: int, cases: Sequence[str] = ()
) -> list[Judged]:
    """Judge subjects, some side by side, by all cases or by those named; tells each as it ends."""

    def one(subject: Subject) -> Judged:
        started = time.monotonic()
        judged = judge(subject, work / f"{subject.key}-{subject.role}", cases)
        print(_told(judged, time.monotonic() - started), flush=True)
        return judged

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, subjects))


def main() -> int:
    """Judge and publish; 1 if a required or recommended case fails for our own stack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "conformance")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "conformance")
    parser.add_argument("--jobs", type=int, default=6, help="subjects side by side (6)")
    parser.add_argument(
        "--only", action="append", default=[], metavar="KEY[-ROLE]",
        help="judge these again, take what is in the work folder for the others",
    )  # fmt: skip
    parser.add_argument(
        "--cases", action="append", default=[], metavar="ID",
        help="judge these cases again, and put them into the results that there are",
    )  # fmt: skip
    parser.add_argument("--keep", action="store_true", help="judge nothing, publish again")
    options = parser.parse_args()
    work = options.work.resolve()
    chosen = [
        each
        for each in SUBJECTS
        if not options.keep
        and (not options.only or {each.key, f"{each.key}-{each.role}"} & set(options.only))
    ]
    earlier = {each: _earlier(each, work, options.out) for each in SUBJECTS}
    some = work / "some" if options.cases else work
    for each in chosen:
        (some / f"{each.key}-{each.role}" / "result.json").unlink(missing_ok=True)
    with private_network():
        done = judge_all(chosen, some, options.jobs, options.cases)
    judged = {each.subject: each for each in done}
    if options.cases:
        judged = {subject: _joined(earlier[subject], each) for subject, each in judged.items()}
    everything = [judged.get(each) or earlier[each] for each in SUBJECTS]
    published = publish(
        [Published(each.subject, each.result, each.reason) for each in everything],
        options.out,
        work,
    )
    return 0 if published else 1


def _earlier(subject: Subject, work: Path, out: Path) -> Judged:
    """The result of an earlier run: in the work folder, or as it was published."""
    name = f"{subject.key}-{subject.role}"
    for result in (work / name / "result.json", out / f"{name}.json"):
        if result.exists():
            return Judged(subject, result)
    return Judged(subject, None, subject.missing() or "no result")


def _joined(whole: Judged, some: Judged) -> Judged:
    """An earlier result, with the cases that were judged again; written to where the later one was."""
    if whole.result is None or some.result is None:
        return whole
    later = result_files.load(some.result)
    joined = join(result_files.load(whole.result), later)
    result_files.save(joined, some.result)
    return Judged(whole.subject, some.result)


if __name__ == "__main__":
    sys.exit(main())
