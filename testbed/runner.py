"""The order of a run: baseline, ARTIM cases side by side, the rest in series, baseline again."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from . import catalogue, causes
from .advice import advise, hopeless
from .cases.baseline import BASELINES
from .clock import Clock
from .digest import digest
from .engine import play
from .launch import Process, expand, wait_for_port
from .liveness import probe
from .matrix import unreached
from .model import Case, Run
from .observe import connect
from .results import LIVE, CaseResult, Report, RunResult, expected_lines, wire_rows
from .settings import client_tls
from .trial import Trial
from .verdicts import Level, Sub, Verdict, worst

Progress = Callable[[CaseResult], None]


NOTHING_FITS = (
    "no case fits the selection: `dulspec list` has them all; a prefix ends at a dot, as P.STA6 does, and a glob"
    " has its *, as 'P.STA6.0*'"
)


class Unusable(Exception):
    """The target cannot be judged: the baseline failed or nothing is selected."""


@dataclass(slots=True)
class Runner:
    """Runs cases against one product and fills a report."""

    trial: Trial
    cases: Sequence[Case]
    xfail: dict[str, str] = field(default_factory=dict)
    progress: Progress = lambda _result: None
    notice: Callable[[str], None] = lambda _text: None
    product: Process | None = None

    def run(self) -> Report:
        """Run everything; the report is complete unless something raised.

        Raises:
            Unusable: no case selected, or the baseline failed at the start.
        """
        if not self.cases:
            raise Unusable(NOTHING_FITS)
        trial = self.trial
        started = time.monotonic()
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.report = Report(trial.role, trial.target, trial.settings.as_json(), stamp)
        self.report.edition = catalogue.EDITION
        self.report.unreached = unreached(trial.role, catalogue.cases(trial.role))
        try:
            self._baseline("first")
            self._all_cases()
            if self.alive:
                self._baseline("last")
            self.report.complete = self.alive
        finally:
            self.report.seconds = time.monotonic() - started
            order = {case.id: index for index, case in enumerate(self.cases)}
            self.report.cases.sort(key=lambda result: order[result.id])
            causes.attribute(self.report.cases)
            self.report.timings = trial.stopwatch.summary(artim_times(self.report.cases))
            trial.close()
            if self.product is not None:
                self.product.kill()
        return self.report

    report: Report = field(init=False)
    alive: bool = True

    # -- baseline

    def _baseline(self, which: str) -> None:
        trial = self.trial
        if trial.role == "scp":
            if which == "first" and trial.settings.start_cmd:
                self._start_product()
            reason = self._live_with_patience(first=which == "first")
            if which == "first" and not reason:
                trial.target["concurrent"] = self._probe_concurrency()
        else:
            reason = self._scu_baseline()
        self.report.baseline[which] = reason or "pass"
        if reason and which == "first":
            raise Unusable(f"baseline failed: {advise(reason, trial.settings)}")

    def _live_with_patience(self, *, first: bool = False) -> str:
        """The liveness probe, again and again: "" once it succeeds, else why it does not.

        A product that refuses the connection has `live_max` seconds to come back. One that still
        takes connections, but does not serve or rejects as busy, has `artim_max`: it is not dead, it
        waits for a timer of its own. `late` and `late_reason` tell of that. The first time, what no
        waiting can change is returned at once.
        """
        settings = self.trial.settings
        clock = Clock()
        self.late, self.late_reason = 0.0, ""
        while True:
            reason, self.live_log = probe(self.trial, clock=clock)
            passed = clock.now()
            if not reason:
                self.late = passed
                return ""
            # Once it has said that it is busy, a probe that meets silence means the same.
            if "RJ(2," not in self.late_reason:
                self.late_reason = reason
            refused = "no connection" in reason
            patience = settings.live_max if refused else max(settings.live_max, settings.artim_max)
            if passed >= patience:
                return reason
            if first:
                if hopeless(reason, settings):
                    return reason
                self.notice(f"{reason}: trying again, for {patience:g} s at most")
                first = False
            # The product says nothing when it becomes ready; ask again a little later.
            clock.sleep(0.2)

    late: float = 0.0
    late_reason: str = ""
    live_log: list = field(default_factory=list)  # type: ignore[type-arg]

    def _probe_concurrency(self) -> bool:
        """Whether the product serves an association while another connection is idle."""
        settings = self.trial.settings
        context = client_tls(settings) if settings.tls else None
        with suppress(OSError):
            idle = connect(settings.host, settings.port, 5.0, context=context)
            try:
                # A product that serves one after another keeps silent now, which is no fault.
                reason, _ = probe(self.trial, patience=settings.timeout)
            finally:
                idle.close()
            return not reason
        return False

    def _scu_baseline(self) -> str:
        settings, requests, reason = self.trial.settings, set(), ""
        for case in BASELINES:
            about_echo = "echo" in case.needs
            if about_echo and not settings.exec_echo:
                continue
            result = play(case, case.runs[0], self.trial)
            if result.verdict is not Verdict.PASS:
                reason = result.message or result.seen
                if result.output.strip():
                    reason += f"\n  It printed: {result.output.strip()[-300:]}"
            requests |= {token for token in result.seen.split() if token.endswith("-RQ")}
        self.trial.target.setdefault("requests", sorted(requests))
        return reason

    def _start_product(self) -> None:
        settings = self.trial.settings
        if self.product is not None:
            self.product.kill()
        self.product = Process(expand(settings.start_cmd, settings.host, settings.port, []))
        wait_for_port(settings.host, settings.port, 20.0)

    # -- cases

    def _all_cases(self) -> None:
        slow = [case for case in self.cases if case.artim]
        rest = [case for case in self.cases if not case.artim]
        rest.sort(key=lambda case: "observed" in case.tags)
        together = self._parallel()
        if slow:
            how = "side by side" if together else "one after another"
            settings = self.trial.settings
            longest = max(settings.artim_max, settings.acse_max, settings.dimse_max, settings.idle)
            self.notice(
                f"first {len(slow)} of {len(self.cases)} cases that wait for the product's own timers,"
                f" for up to {longest:g} s, {how}"
            )
        if together:
            self._side_by_side(slow)
        else:
            rest = slow + rest
        for case in rest:
            self._add(self._one(case) if self.alive else _not_run(case, self.killer))

    def _parallel(self) -> bool:
        """Whether the product can be watched several times at once."""
        trial = self.trial
        if trial.role == "scp":
            return bool(trial.target.get("concurrent"))
        return trial.launcher is not None and not trial.settings.listen

    killer: str = ""

    def _side_by_side(self, cases: Sequence[Case]) -> None:
        if not cases:
            return
        with ThreadPoolExecutor(len(cases)) as pool:
            try:
                results = list(pool.map(self.judge, cases))
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                self.trial.interrupt()
                raise
        reason = self._live_with_patience() if self.trial.role == "scp" else ""
        for result in results:
            self._add(result)
        if reason:
            self._died(results[-1], reason)

    def _add(self, result: CaseResult) -> None:
        result.xfail = self.xfail.get(result.id)
        self.report.cases.append(result)
        if result.verdict in {Verdict.FAIL, Verdict.NON_STRICT}:
            causes.attribute(self.report.cases)
        if result.id == "P.TCP.01" and result.runs and result.verdict is Verdict.PASS:
            self.trial.target["artim"] = result.runs[0].close_seconds
        self.progress(result)

    def _one(self, case: Case) -> CaseResult:
        result = self.judge(case)
        for _ in range(self.trial.settings.confirm):
            if result.verdict not in {Verdict.FAIL, Verdict.NON_STRICT, Verdict.ERROR}:
                break
            again = self.judge(case)
            result.attempts.append(again.verdict)
            if again.verdict is not result.verdict:
                if again.verdict.weight > result.verdict.weight:
                    result.runs = again.runs  # the try that failed is the one to look at
                result.verdict, result.sub = Verdict.FAIL, Sub.FLAKY
                result.message = f"differing verdicts: {', '.join(result.attempts)}"
                break
        if self.trial.role == "scp" and result.verdict is not Verdict.SKIP:
            reason = self._live_with_patience()
            if reason:
                self._died(result, reason)
            elif self.late > self.trial.settings.live_max:
                self._was_late(result)
        return result

    def _was_late(self, result: CaseResult) -> None:
        """The product served again, but only after a long while.

        Rejecting as busy meanwhile is its right, and when it begins depends on all the cases before:
        that is only told, except where staying alive is what the case is about.
        """
        busy = "RJ(2," in self.late_reason
        if not busy or "live" in result.tags:
            verdict = Verdict.NON_STRICT if busy else Verdict.FAIL
            result.verdict, result.sub = worst([result.verdict, verdict]), Sub.HANG
        text = f"served again only after {self.late:.0f} s ({self.late_reason})"
        result.message = "; ".join(filter(None, [result.message, text]))

    def _died(self, result: CaseResult, reason: str) -> None:
        """The liveness probe failed after a case: a crash, or a hang of the whole product."""
        result.verdict, result.sub = Verdict.FAIL, Sub.CRASH
        result.message = "; ".join(
            filter(None, [result.message, f"not alive afterwards: {reason}"])
        )
        probe = RunResult(LIVE, Verdict.FAIL, Sub.CRASH, reason)
        probe.wire = wire_rows(self.live_log)
        result.runs.append(probe)
        if self.trial.settings.start_cmd:
            self._start_product()
            if not self._live_with_patience():
                return
        self.alive, self.killer = False, result.id

    def judge(self, case: Case) -> CaseResult:
        """Play a case once, by itself: no baseline, nothing after it, nothing in the report."""
        result = _blank(case)
        missing = [need for need in case.needs if not self._met(need)]
        if missing:
            result.verdict = Verdict.SKIP
            result.message = f"needs {', '.join(missing)}"
            return result
        started = time.monotonic()
        result.runs = [self._play(case, run) for run in case.runs]
        result.seconds = time.monotonic() - started
        settle(case, result)
        return result

    def _play(self, case: Case, run: Run) -> RunResult:
        """Play a run; again if the product was busy with what earlier cases left behind.

        "Temporary congestion" and "local limit exceeded" say nothing about the stimulus, so they are
        no verdict on it, except for the cases that ask how a product says that it is busy.
        """
        result = play(case, run, self.trial)
        expectations = run.expectations or case.expectations
        about_limits = any("RJ(2,3" in outcome.pattern for outcome in expectations)
        busy = "RJ(2,3," in f"{result.seen} {result.message}"
        if self.trial.role == "scu" or about_limits or not busy:
            return result
        self._live_with_patience()
        again = play(case, run, self.trial)
        again.message = "; ".join(
            filter(None, [again.message, "played again: the product was busy"])
        )
        return again

    def _met(self, need: str) -> bool:
        trial = self.trial
        if trial.role == "scu" and need in {"echo", "store"}:
            return f"C-{need.upper()}-RQ" in trial.target.get("requests", ())
        if need == "concurrent":
            return bool(trial.target.get("concurrent"))
        return trial.settings.declared(need)  # type: ignore[arg-type]


def artim_times(cases: Iterable[CaseResult]) -> dict[str, list[float]]:
    """How long ARTIM ran in Sta2 and in Sta13, from the runs that it ended."""
    return {
        f"ARTIM in Sta{state}": [
            run.close_seconds
            for case in cases
            if f"Evt18/Sta{state}" in case.clause
            for run in case.runs
            if run.seen == "CLOSE" and run.close_seconds is not None
        ]
        for state in (2, 13)
    }


def settle(case: Case, result: CaseResult) -> None:
    """A case's verdict out of its runs'; an unsupported or skipped run does not hide the others."""
    verdicts = [run.verdict for run in result.runs]
    moot = {Verdict.UNSUPPORTED, Verdict.SKIP}
    judged = [verdict for verdict in verdicts if verdict not in moot]
    result.verdict = worst(judged) if judged else worst(verdicts)
    crashed = any(run.sub is Sub.CRASH for run in result.runs)
    if case.level is Level.INFO and result.verdict is Verdict.FAIL and not crashed:
        result.verdict = Verdict.INFO
    result.attempts = [result.verdict]
    named = len(result.runs) > 1
    for run in result.runs:
        if run.verdict is result.verdict:
            result.sub = result.sub or run.sub
    texts = [
        f"[{run.name}] {run.message}" if named and run.name else run.message
        for run in result.runs
        if run.message
    ]
    result.message = "; ".join(dict.fromkeys(texts))


def _blank(case: Case) -> CaseResult:
    return CaseResult(
        id=case.id,
        role=case.role,
        clause=case.clause,
        level=case.level,
        title=case.title,
        requirement=case.requirement,
        expected=expected_lines(case),
        verdict=Verdict.PASS,
        why=case.why,
        tags=list(case.tags),
        cell=case.cell,
        digest=digest(case),
    )


def _not_run(case: Case, killer: str) -> CaseResult:
    result = _blank(case)
    result.verdict = Verdict.ERROR
    result.message = f"not run: the product did not come back after {killer}"
    return result
