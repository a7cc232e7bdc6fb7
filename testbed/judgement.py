"""From what a run showed to its verdict: expectations over the trace, checks, what the product reported."""

from dataclasses import replace

from .model import Case, Run
from .results import RunResult
from .scene import Scene
from .trace import matches, starts_with
from .verdicts import Expectation, Sub, Verdict, worst


def judge(case: Case, run: Run, scene: Scene, result: RunResult) -> None:
    """Give the run its verdict."""
    expectations = run.expectations or case.expectations
    checks = (*case.checks, *run.checks)
    verdicts: list[Verdict] = []
    messages: list[str] = []
    if expectations:
        outcome = decide(expectations, scene.tokens)
        if scene.slow:
            outcome = late(outcome, scene.tokens)
        verdicts.append(outcome.verdict)
        result.sub = outcome.sub
        if outcome.note or outcome.verdict is not Verdict.PASS:
            messages.append(outcome.note or f"seen: {' '.join(scene.tokens) or 'nothing'}")
    for check in checks:
        for finding in check(scene):
            verdicts.append(finding.verdict)
            messages.append(finding.message)
            result.sub = result.sub or finding.sub
    if scene.slow:
        messages.append(f"slow ({scene.slow:.1f} s)")
        result.sub = result.sub or Sub.SLOW
    elif result.sub is Sub.HANG:
        messages.append(f"still open after {scene.waited:.1f} s")
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


def late(outcome: Expectation, tokens: list[str]) -> Expectation:
    """What an answer is worth that came past the time for answers.

    A late A-ABORT of the user where the provider had to abort is no answer at all: the stimulus was
    ignored until a timer of the product's own ran out.
    """
    aborted = any(token.startswith("AB(0,") for token in tokens)
    if outcome.sub is Sub.WRONG_SOURCE and aborted:
        note = "ignored, until the product's own timer aborted as user"
        return Expectation(outcome.pattern, Verdict.FAIL, note, Sub.SLOW)
    return outcome


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
