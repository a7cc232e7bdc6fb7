"""The state matrix: a case for every cell of Table 9-10 that a network peer can bring about.

A cell is (state, event). The product is led into the state (preamble), the event is sent, and the
action written in the cell says what must be seen. The rest of the 123 cells is listed with a reason.
"""

from collections.abc import Iterable

from .model import Case, Cell, Run, Step
from .results import Unreached
from .table import EVENTS, TABLE
from .verdicts import Expectation, Level

ROLE_LETTER = {"scp": "P", "scu": "U"}

_NOT_ACCEPTOR = "a state of the association requestor; this product is the acceptor"
_NOT_REQUESTOR = "a state of the association acceptor; this product is the requestor"
_COLLISION = "an acceptor comes here only if it releases by itself, which no peer can make it do"
_LOCAL = "a primitive of the product's own user; no peer can make it happen"
_TIMING = "the product's user would have to send data after the peer's A-RELEASE-RQ"
_CALLED = "acceptors are called, requestors are not"

_STATES = {
    "scp": {4: _NOT_ACCEPTOR, 5: _NOT_ACCEPTOR, 7: _COLLISION, 9: _NOT_ACCEPTOR,
            10: _COLLISION, 11: _NOT_ACCEPTOR, 12: _COLLISION},
    "scu": {2: _NOT_REQUESTOR, 3: _NOT_REQUESTOR, 10: _NOT_REQUESTOR, 12: _NOT_REQUESTOR},
}  # fmt: skip


def derive(
    role: str,
    state: int,
    event: int,
    steps: Iterable[Step],
    expectations: tuple[Expectation, ...],
    **over: object,
) -> Case:
    """The case of one cell; its expectations were chosen by the cell's action."""
    action = TABLE[state, event]
    fields: dict[str, object] = {"tags": ("matrix",), "artim": event == 18, **over}
    return Case(
        f"M.{ROLE_LETTER[role]}.Sta{state}.Evt{event}",
        f"PS3.8 9.2.3 Table 9-10 Evt{event}/Sta{state} {action}",
        Level.REQUIRED,
        f"{EVENTS[event]}, in Sta{state}",
        f"Table 9-10: event {event} in Sta{state} leads to action {action}.",
        (Run("", tuple(steps)),),
        expectations,
        cell=Cell(state, event, action),
        **fields,  # type: ignore[arg-type]
    )


def reason(role: str, state: int, event: int) -> str:
    """Why a filled cell has no case in this role."""
    if state in _STATES[role]:
        return _STATES[role][state]
    if event == 9:
        return _TIMING
    if state == 1:
        return _CALLED
    return _LOCAL


def unreached(role: str, cases: Iterable[Case]) -> list[Unreached]:
    """The filled cells for which a role's cases have none."""
    covered = {(case.cell.state, case.cell.event) for case in cases if case.cell is not None}
    return [
        Unreached(role, Cell(state, event, action), reason(role, state, event))
        for (state, event), action in sorted(TABLE.items())
        if (state, event) not in covered
    ]
