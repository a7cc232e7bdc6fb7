"""Playing a case: walk the steps, end the connection in order, judge the trace."""

import time
import traceback
from dataclasses import replace

from testbed import raw
from testbed.facts import build
from testbed.launch import Handle
from testbed.meeting import meet
from testbed.model import (
    Accept,
    AwaitRequest,
    Case,
    Do,
    Establish,
    Fence,
    Fin,
    Mark,
    Quiet,
    Read,
    Rst,
    Run,
    Send,
    Serve,
    Step,
)
from testbed.parse import Pdu
from testbed.results import RunResult, wire_rows
from testbed.scene import LONGEST_TRACE, Scene, Unmet, respond
from testbed.trace import matches, starts_with
from testbed.trial import Trial
from testbed.verdicts import Expectation, Sub, Verdict, worst


def play(case: Case, run: Run, trial: Trial) -> RunResult:
    """Play one run and judge it; never raises for what the product does.

    A close without an A-ABORT that came as a reset is played once more with paced sending: the reset
    may have overtaken the A-ABORT.
    """
    result = _play(case, run, trial)
    if result.sub is Sub.CLOSE_ONLY and result.close == "peer RST":
        again = _play(case, run, trial, paced=True)
        again.message = "; ".join(
            filter(None, [again.message, "played again, paced, after a reset"])
        )
        return again
    return result


def _play(case: Case, run: Run, trial: Trial, *, paced: bool = False) -> RunResult:
    started = time.monotonic()
    scene = Scene(trial, case.id, case.place)
    scene.paced = paced
    unmet: Unmet | None = None
    try:
        if case.role == "scu" and not (run.steps and isinstance(run.steps[0], Do)):
            meet(scene, case)
        for step in run.steps:
            perform(step, scene)
        finish(scene)
    except Unmet as reason:
        unmet = reason
    except Exception as error:  # noqa: BLE001 - one broken case must not end the run
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"the tester's own fault: {error!r} in {where.name}, line {where.lineno}"
        unmet = Unmet(Verdict.ERROR, text)
    finally:
        scene.close()
    result = RunResult(run.name, Verdict.PASS, seen=" ".join(scene.tokens))
    if scene.handle is not None:
        _reap(scene.handle, scene, result)
    if unmet is not None:
        result.verdict, result.sub, result.message = unmet.verdict, unmet.sub, str(unmet)
    else:
        judge(case, run, scene, result)
    _fill(result, scene)
    result.seconds = time.monotonic() - started
    return result


def _fill(result: RunResult, scene: Scene) -> None:
    result.close = scene.ended_by or "tester"
    if scene.ended_at is not None:
        result.close_seconds = round(max(0.0, scene.ended_at - scene.stimulus_at), 3)
    result.message = "; ".join(filter(None, [result.message, *scene.notes]))
    result.wire = wire_rows(scene.log, show_data=scene.settings.show_data)


def _reap(handle: Handle, scene: Scene, result: RunResult) -> None:
    """Let the SCU end; note how it reported."""
    code = handle.wait(scene.settings.exit_max)
    scene.exit_code = code
    if code is None:
        handle.kill()
        scene.notes.append(
            f"the product was still running {scene.settings.exit_max:g} s after the connection"
        )
        result.reported = "nothing"
    else:
        result.exit_code = code
        result.reported = "success" if code == 0 else "failure"
    result.output = handle.output()


# -- steps ---------------------------------------------------------------------------------------------------


def perform(step: Step, scene: Scene) -> None:  # noqa: C901 - one arm per kind of step
    """Do one step."""
    match step:
        case Send():
            scene.send(build(step.data, scene.facts), step.what, by_byte=step.by_byte)
        case Establish():
            scene.associate(build(step.rq, scene.facts), step.need)
        case AwaitRequest():
            _await_request(scene)
        case Accept():
            scene.send(build(step.ac, scene.facts), "A-ASSOCIATE-AC")
            scene.established = True
        case Serve():
            serve(step, scene)
        case Read():
            scene.read_until(step.until, scene.patience(step.patience))
        case Quiet():
            scene.stay_quiet(scene.settings.timeout)
        case Fence():
            scene.wire.fin()
            scene.read_to_end(scene.settings.timeout)
        case Fin():
            scene.stimulus_at = time.monotonic()
            scene.wire.fin()
        case Rst():
            scene.wire.rst()
        case Mark():
            _mark(step, scene)
        case Do():
            step.action(scene)


def _await_request(scene: Scene) -> None:
    scene.read_until("RQ", max(scene.settings.timeout, 5.0))
    if scene.tokens != ["RQ"]:
        seen = " ".join(scene.tokens) or "nothing"
        message = f"precondition: no A-ASSOCIATE-RQ (seen: {seen})"
        raise Unmet(Verdict.FAIL, message, Sub.PRECONDITION)
    scene.tokens.clear()


def _mark(step: Mark, scene: Scene) -> None:
    if step.need and not matches(step.need, scene.tokens):
        seen = " ".join(scene.tokens) or "nothing"
        message = f"precondition: expected {step.need}, seen: {seen}"
        raise Unmet(Verdict.FAIL, message, Sub.PRECONDITION)
    scene.tokens.clear()


def serve(step: Serve, scene: Scene) -> None:
    """Be a well-behaved acceptor to the end, except where the step says otherwise."""
    times = step.times
    while len(scene.tokens) < LONGEST_TRACE:
        before = len(scene.messages)
        event = scene.read_event(scene.settings.timeout)
        if not isinstance(event, Pdu):
            return
        token = scene.tokens[-1] if scene.tokens else ""
        if token.startswith("AB"):
            return
        if event.type == 5:
            data = raw.release_rp() if step.release is None else step.release(scene.facts)
            scene.send(data, "answer to A-RELEASE-RQ")
        elif len(scene.messages) > before and token.endswith("-RQ"):
            if step.reply is not None and times != 0:
                times -= 1
                scene.send(step.reply(scene.facts), step.what)
            else:
                scene.send(respond(scene.facts), "response, Success")


def finish(scene: Scene) -> None:
    """End the run's connection in order: release what is established, drain after an abort."""
    if not scene.wires or scene.wire.ended is not None or scene.ended_by:
        return
    if scene.tokens and scene.tokens[-1].startswith(("AB", "RJ")):
        scene.wire.fin()
        scene.read_to_end(scene.settings.timeout)
    elif scene.established and not scene.wire.shut and scene.sent is not None:
        scene.release()


# -- judging -------------------------------------------------------------------------------------------------


def judge(case: Case, run: Run, scene: Scene, result: RunResult) -> None:
    """Give the run its verdict: outcomes over the trace, then the checks, then what it reported."""
    expectations = run.expectations or case.expectations
    checks = (*case.checks, *run.checks)
    verdicts: list[Verdict] = []
    messages: list[str] = []
    if expectations:
        outcome = decide(expectations, scene.tokens)
        verdicts.append(outcome.verdict)
        result.sub = outcome.sub
        if outcome.note or outcome.verdict is not Verdict.PASS:
            messages.append(outcome.note or f"seen: {' '.join(scene.tokens) or 'nothing'}")
    for check in checks:
        for finding in check(scene):
            verdicts.append(finding.verdict)
            messages.append(finding.message)
            result.sub = result.sub or finding.sub
    result.verdict = worst(verdicts)
    result.message = "; ".join(dict.fromkeys(messages))
    _judge_report(case, result)


def decide(expectations: tuple[Expectation, ...], tokens: list[str]) -> Expectation:
    """The first outcome the trace fits; a failure with its kind if it fits none."""
    for trace in (tokens, _one_abort(tokens)):
        for outcome in expectations:
            if matches(outcome.pattern, trace):
                return outcome
    return Expectation("", Verdict.FAIL, sub=classify(expectations, tokens))


def _one_abort(tokens: list[str]) -> list[str]:
    """The trace with a run of A-ABORTs cut to its first: AA-7 answers each bad PDU with one."""
    return [
        token
        for at, token in enumerate(tokens)
        if not (token.startswith("AB(") and at and tokens[at - 1].startswith("AB("))
    ]


def classify(expectations: tuple[Expectation, ...], tokens: list[str]) -> Sub:
    """What kind of failure an unlisted trace is."""
    accepted = [entry.pattern for entry in expectations if entry.verdict is Verdict.PASS]
    if tokens == ["OPEN"]:
        return Sub.HANG
    if tokens == ["CLOSE"] and any("AB" in pattern for pattern in accepted):
        return Sub.CLOSE_ONLY
    if tokens and tokens[0].startswith("AB(") and any("AB(" in pattern for pattern in accepted):
        loose = [replace(entry, pattern=_any_abort(entry.pattern)) for entry in expectations]
        if any(matches(entry.pattern, tokens) for entry in loose):
            return Sub.WRONG_SOURCE
    if any(starts_with(pattern, tokens) for pattern in accepted):
        return Sub.EXTRA_PDU
    # After an A-ABORT it is for us to close: open is right then.
    waits = tokens[-1:] == ["OPEN"] and not tokens[-2:][0].startswith("AB")
    return Sub.HANG if waits else Sub.NONE


def _any_abort(pattern: str) -> str:
    words = pattern.split()
    return " ".join("AB" if word.startswith("AB(") else word for word in words)


def _judge_report(case: Case, result: RunResult) -> None:
    """The exit code's axis: never the verdict alone, a non-strict mark beside the wire's."""
    if result.exit_code is not None and result.exit_code < 0:
        result.verdict, result.sub = Verdict.FAIL, Sub.CRASH
        result.message = f"the product was ended by signal {-result.exit_code}"
        return
    if result.reported == "nothing":
        # The wire's verdict stands; a product that does not end is a deviation beside it.
        result.verdict = worst([result.verdict, Verdict.NON_STRICT])
        result.sub = result.sub or Sub.HANG
        return
    if not case.reported or not result.reported or result.reported == case.reported:
        return
    told = f"the product reported {result.reported}, {case.reported} was due"
    result.message = "; ".join(filter(None, [result.message, told]))
    if Verdict.NON_STRICT.weight > result.verdict.weight:
        result.verdict, result.sub = Verdict.NON_STRICT, Sub.UNREPORTED
