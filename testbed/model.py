"""What a case is: data.

A case holds one or more runs; a run is a list of steps on a fresh connection. The steps produce a trace
(see `testbed.trace`), which the case's expectations judge (see `testbed.verdicts`), and its checks.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from .facts import Bytes, Facts
from .scene import Scene
from .settings import Need, Patience
from .verdicts import Expectation, Finding, Level

Check = Callable[[Scene], Iterable[Finding]]

# -- steps ------------------------------------------------------------------------------------------------

#: What a Read waits for unless told otherwise: any PDU that answers something, or the end.
ANSWER = "AC or RJ or AB or RP or RELEASE or MSG"


@dataclass(frozen=True, slots=True)
class Send:
    """Send bytes, whole or one byte at a time."""

    what: str
    data: Bytes
    by_byte: bool = False


@dataclass(frozen=True, slots=True)
class Establish:
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
class Quiet:
    """See that nothing comes and the connection stays open: STILL in the trace.

    For a stimulus that the product should take without a word, where a FIN would be another stimulus;
    and before one that it answers by closing, which it must not have done already. `seconds` 0 stands
    for the setting `still`: what comes later is seen by the next step.
    """

    seconds: float = 0.0


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
    action: Callable[[Scene], None]


Step = (
    Send | Establish | AwaitRequest | Accept | Serve | Read | Quiet | Fence | Fin | Rst | Mark | Do
)


@dataclass(frozen=True, slots=True)
class Run:
    """One connection's worth of steps; `outcomes` and `checks` replace the case's when given."""

    name: str
    steps: tuple[Step, ...]
    expectations: tuple[Expectation, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """Coordinates in Table 9-10: state 1..13, event 1..19, and the action written there."""

    state: int
    event: int
    action: str


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the catalogue.

    `artim` cases wait for the product's own timer and run side by side; `needs` are declarations
    without which the case is skipped; `reported` is what an SCU must report: "failure",
    "success" or "" (not judged). `place` counts the cases of the catalogue from 1, 0 outside it.
    """

    id: str
    clause: str
    level: Level
    title: str
    requirement: str
    runs: tuple[Run, ...]
    expectations: tuple[Expectation, ...] = ()
    checks: tuple[Check, ...] = ()
    why: str = ""
    tags: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    artim: bool = False
    reported: Literal["", "failure", "success"] = ""
    cell: Cell | None = None
    place: int = 0

    @property
    def role(self) -> str:
        """Role of the product under test: "scp" or "scu"."""
        return "scu" if self.id.startswith(("U.", "M.U.")) else "scp"

    @property
    def group(self) -> str:
        """The id without its number."""
        return self.id.rpartition(".")[0]
