"""Playing a case: walk the steps, end the connection in order, judge the trace."""

import time
import traceback
from collections.abc import Callable

from . import raw
from .facts import build
from .judgement import decide, judge
from .launch import Handle
from .meeting import meet
from .model import (
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
from .parse import Pdu
from .results import RunResult, wire_rows
from .scene import LONGEST_TRACE, Scene, Unmet, respond
from .trace import matches
from .trial import Trial
from .verdicts import Sub, Verdict

#: How often a run is played again whose end may have been hidden by a reset.
_PACED_TRIES = 3


def play(case: Case, run: Run, trial: Trial) -> RunResult:
    """Play one run and judge it; never raises for what the product does.

    A close without an A-ABORT that came as a reset is played again with paced sending, a few times: the
    reset may have overtaken the A-ABORT. Once it was seen, it is what the product does.
    """
    result, tries = _play(case, run, trial), 0
    while result.sub is Sub.CLOSE_ONLY and result.close == "peer RST" and tries < _PACED_TRIES:
        tries += 1
        result = _play(case, run, trial, paced=True)
    if tries:
        said = "played again, paced, after a reset"
        result.message = "; ".join(filter(None, [result.message, said]))
    return result


def _play(case: Case, run: Run, trial: Trial, *, paced: bool = False) -> RunResult:
    started = time.monotonic()
    scene = Scene(trial, case.id, case.place)
    scene.paced = paced
    unmet: Unmet | None = None
    try:
        if case.role == "scu" and not (run.steps and isinstance(run.steps[0], Do)):
            meet(scene, case)
        for at, step in enumerate(run.steps):
            scene.must_speak = _must_speak(case, run, at)
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


def _must_speak(case: Case, run: Run, at: int) -> Callable[[list[str]], bool]:
    """Whether a trace that ends in silence spoils the run: the next mark's need, or else the verdict."""
    need = next((step.need for step in run.steps[at:] if isinstance(step, Mark)), "")
    expectations = run.expectations or case.expectations
    if need:
        return lambda tokens: not matches(need, tokens)
    return lambda tokens: (
        bool(expectations)
        and decide(expectations, tokens).verdict in {Verdict.FAIL, Verdict.NON_STRICT}
    )


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
        after = "after the connection" if scene.wires else "later"
        scene.notes.append(f"the product was still running {scene.settings.exit_max:g} s {after}")
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
            scene.stay_quiet(step.seconds or scene.settings.still)
        case Fence():
            scene.wire.fin()
            scene.read_to_end(scene.settings.timeout)
        case Fin():
            scene.stimulate()
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
