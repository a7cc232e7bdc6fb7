"""Verdicts, and the patterns and findings that lead to them.

A trace (see `testbed.trace`) is tried on a list of expectations, in order: the first whose pattern fits
gives the verdict. A trace that none describes fails. Checks find what a trace cannot say.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How binding a case is: required (shall), recommended (should), tolerated, info."""

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    TOLERATED = "tolerated"
    INFO = "info"


class Verdict(StrEnum):
    """The judgement of a run or a case."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    INFO = "info"
    SKIP = "skip"
    UNSUPPORTED = "unsupported"
    NON_STRICT = "non-strict"
    FAIL = "fail"
    ERROR = "error"

    @property
    def weight(self) -> int:
        """Order from best to worst: a case is as bad as its worst run."""
        return list(Verdict).index(self)


class Sub(StrEnum):
    """The kind of a deviation, beside the verdict."""

    NONE = ""
    CLOSE_ONLY = "close-only"
    HANG = "hang"
    SLOW = "slow"
    CRASH = "crash"
    WRONG_SOURCE = "wrong-source"
    WRONG_REASON = "wrong-reason"
    EXTRA_PDU = "extra-pdu"
    UNREPORTED = "unreported"
    PRECONDITION = "precondition"
    FLAKY = "flaky"


@dataclass(frozen=True, slots=True)
class Expectation:
    """A pattern over the trace, and what it means if the trace is like that."""

    pattern: str
    verdict: Verdict
    note: str = ""
    sub: Sub = Sub.NONE


def ok(*patterns: str, note: str = "", sub: Sub = Sub.NONE) -> tuple[Expectation, ...]:
    """Outcomes that pass."""
    return tuple(Expectation(pattern, Verdict.PASS, note, sub) for pattern in patterns)


def lax(*patterns: str, note: str = "", sub: Sub = Sub.NONE) -> tuple[Expectation, ...]:
    """Outcomes that deviate without breaking a "shall": non-strict."""
    return tuple(Expectation(pattern, Verdict.NON_STRICT, note, sub) for pattern in patterns)


def info(*patterns: str, note: str = "", sub: Sub = Sub.NONE) -> tuple[Expectation, ...]:
    """Outcomes that are only reported."""
    return tuple(Expectation(pattern, Verdict.INFO, note, sub) for pattern in patterns)


def bad(*patterns: str, note: str = "", sub: Sub = Sub.NONE) -> tuple[Expectation, ...]:
    """Failures worth naming; unnamed ones fail too."""
    return tuple(Expectation(pattern, Verdict.FAIL, note, sub) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found wrong (or worth telling), with its verdict."""

    verdict: Verdict
    message: str
    sub: Sub = Sub.NONE


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several verdicts; pass if there are none."""
    return max(verdicts, key=lambda verdict: verdict.weight, default=Verdict.PASS)
