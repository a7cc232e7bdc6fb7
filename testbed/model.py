"""What a case is: data. Levels, verdicts, steps, accepted outcomes.

A case holds one or more runs; a run is a list of steps on a fresh connection. The steps produce a trace
(see `testbed.trace`), and the case's outcomes are tried on it in order: the first pattern that fits
gives the verdict. A trace that no outcome describes fails. Checks look at what a trace cannot say.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from testbed.parse import Associate as AssociateView

if TYPE_CHECKING:
    from testbed.scene import Scene


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
    CRASH = "crash"
    WRONG_SOURCE = "wrong-source"
    WRONG_REASON = "wrong-reason"
    EXTRA_PDU = "extra-pdu"
    UNREPORTED = "unreported"
    PRECONDITION = "precondition"
    FLAKY = "flaky"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A pattern over the trace, and what it means if the trace is like that."""

    pattern: str
    verdict: Verdict
    note: str = ""
    sub: Sub = Sub.NONE


def ok(*patterns: str, note: str = "", sub: Sub = Sub.NONE) -> tuple[Outcome, ...]:
    """Outcomes that pass."""
    return tuple(Outcome(pattern, Verdict.PASS, note, sub) for pattern in patterns)


def lax(*patterns: str, note: str = "", sub: Sub = Sub.NONE) -> tuple[Outcome, ...]:
    """Outcomes that deviate without breaking a "shall": non-strict."""
    return tuple(Outcome(pattern, Verdict.NON_STRICT, note, sub) for pattern in patterns)


def info(*patterns: str, note: str = "", sub: Sub = Sub.NONE) -> tuple[Outcome, ...]:
    """Outcomes that are only reported."""
    return tuple(Outcome(pattern, Verdict.INFO, note, sub) for pattern in patterns)


def bad(*patterns: str, note: str = "", sub: Sub = Sub.NONE) -> tuple[Outcome, ...]:
    """Failures worth naming; unnamed ones fail too."""
    return tuple(Outcome(pattern, Verdict.FAIL, note, sub) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found wrong (or worth telling), with its verdict."""

    verdict: Verdict
    message: str
    sub: Sub = Sub.NONE


Check = Callable[["Scene"], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a stimulus may depend on: declared names, and what the association has shown so far.

    `fresh` is a SOP Instance UID nobody has seen yet; `peer_max` is the product's 51H (0 if it set no limit); `rq` is the A-ASSOCIATE-RQ of the
    association, ours or the product's; `accepted` maps context ids to transfer syntaxes; `context`,
    `request`, `message_id`, `sop_class`, `instance` describe the last DIMSE request received.
    """

    called: str = "ANY-SCP"
    calling: str = "DULSPEC"
    bad_user: str = ""
    fresh: str = "2.25.90000000000000000001"
    peer_max: int = 16384
    rq: AssociateView | None = None
    accepted: dict[int, str] = field(default_factory=lambda: {1: "1.2.840.10008.1.2"})
    context: int = 1
    request: int = 0x0030
    message_id: int = 1
    sop_class: str = "1.2.840.10008.1.1"
    instance: str = ""


Bytes = bytes | Callable[[Facts], bytes]


def build(data: Bytes, facts: Facts) -> bytes:
    """The bytes of a stimulus under given facts."""
    return data if isinstance(data, bytes) else data(facts)


# -- steps ------------------------------------------------------------------------------------------------

#: What a Read waits for unless told otherwise: any PDU that answers something, or the end.
ANSWER = "AC or RJ or AB or RP or RELEASE or MSG"
#: How long a Read waits: one of the runner's settings.
Patience = Literal["timeout", "artim", "idle", "acse", "dimse"]


@dataclass(frozen=True, slots=True)
class Send:
    """Send bytes, whole or one byte at a time."""

    what: str
    data: Bytes
    by_byte: bool = False


@dataclass(frozen=True, slots=True)
class Associate:
    """SCP under test: send an A-ASSOCIATE-RQ and read the AC; a precondition, not part of the trace.

    `need` lists context ids that must have been accepted, else the case is unsupported.
    """

    rq: Bytes
    need: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AwaitRequest:
    """SCU under test: read its A-ASSOCIATE-RQ; a precondition, not part of the trace."""


@dataclass(frozen=True, slots=True)
class Accept:
    """SCU under test: send an A-ASSOCIATE-AC, by default one that accepts every context."""

    ac: Bytes


@dataclass(frozen=True, slots=True)
class Serve:
    """SCU under test: behave, answering requests with success and RELEASE-RQ with RP, to the end.

    `reply` replaces the response to a request: facts of the request -> PDUs; `times` says to how
    many requests it applies (-1: all).
    """

    what: str = "answer every request with success"
    reply: Callable[[Facts], bytes] | None = None
    times: int = -1
    release: Callable[[Facts], bytes] | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """Read until the trace ends with something `until` describes, the close, or no more patience."""

    until: str = ANSWER
    patience: Patience = "timeout"


@dataclass(frozen=True, slots=True)
class Fence:
    """Close our half and read to the end: what the peer sends after a stimulus it should ignore."""


@dataclass(frozen=True, slots=True)
class Fin:
    """Close our half of the connection."""


@dataclass(frozen=True, slots=True)
class Rst:
    """Reset the connection."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Forget the trace so far: what came was a precondition. `need` is a pattern it must fit."""

    need: str = ""


@dataclass(frozen=True, slots=True)
class Do:
    """Anything that takes more than these steps: a named function on the scene."""

    what: str
    action: Callable[["Scene"], None]


Step = Send | Associate | AwaitRequest | Accept | Serve | Read | Fence | Fin | Rst | Mark | Do


@dataclass(frozen=True, slots=True)
class Run:
    """One connection's worth of steps; `outcomes` and `checks` replace the case's when given."""

    name: str
    steps: tuple[Step, ...]
    outcomes: tuple[Outcome, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """Coordinates in Table 9-10: state 1..13, event 1..19, and the action written there."""

    state: int
    event: int
    action: str


Need = Literal[
    "checks-called", "checks-calling", "bad-user", "store-dir", "tls", "mutual", "check-host",
    "echo", "store", "two-files", "exit-code", "concurrent", "deflated",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the catalogue.

    `artim` cases wait for the product's own timer and run side by side; `needs` are declarations
    without which the case is skipped; `reported` is what an SCU must report: "failure",
    "success" or "" (not judged).
    """

    id: str
    clause: str
    level: Level
    title: str
    requirement: str
    runs: tuple[Run, ...]
    outcomes: tuple[Outcome, ...] = ()
    checks: tuple[Check, ...] = ()
    why: str = ""
    tags: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    artim: bool = False
    reported: Literal["", "failure", "success"] = ""
    cell: Cell | None = None

    @property
    def role(self) -> str:
        """Role of the product under test: "scp" or "scu"."""
        return "scu" if self.id.startswith(("U.", "M.U.")) else "scp"

    @property
    def group(self) -> str:
        """The id without its number."""
        return self.id.rpartition(".")[0]


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several verdicts; pass if there are none."""
    return max(verdicts, key=lambda verdict: verdict.weight, default=Verdict.PASS)
