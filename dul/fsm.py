"""The state machine of PS3.8 9.2, as data: Tables 9-6 to 9-10, and `step()`.

Everything that decides a next state lives in this file, and nothing here knows about bytes,
sockets or clocks. The table is the standard's for both ends; what depends on the end or on a
PDU's content is a named guard.
"""

from __future__ import annotations

from dul.enumeration import Enum
from dul.values import dataclass

__all__ = [
    "ACTIONS",
    "IMPOSSIBLE",
    "TABLE",
    "WHEN",
    "Action",
    "Effect",
    "Event",
    "Guard",
    "State",
    "Transition",
    "step",
]


class State(Enum):
    """The states of Table 9-5; the value is the meaning."""

    Sta1 = "idle"
    Sta2 = "transport connection open, awaiting A-ASSOCIATE-RQ PDU"
    Sta3 = "awaiting local A-ASSOCIATE response primitive"
    Sta4 = "awaiting transport connection opening to complete"
    Sta5 = "awaiting A-ASSOCIATE-AC or A-ASSOCIATE-RJ PDU"
    Sta6 = "association established, ready for data transfer"
    Sta7 = "awaiting A-RELEASE-RP PDU"
    Sta8 = "awaiting local A-RELEASE response primitive"
    Sta9 = "release collision, requestor side: awaiting A-RELEASE response primitive"
    Sta10 = "release collision, acceptor side: awaiting A-RELEASE-RP PDU"
    Sta11 = "release collision, requestor side: awaiting A-RELEASE-RP PDU"
    Sta12 = "release collision, acceptor side: awaiting A-RELEASE response primitive"
    Sta13 = "awaiting transport connection close indication"


WHEN = {
    State.Sta1: "without an association",
    State.Sta2: "before an association was requested",
    State.Sta3: "before the association was answered",
    State.Sta4: "before the connection was open",
    State.Sta5: "before the association request was answered",
    State.Sta6: "within the association",
    State.Sta7: "before the release request was answered",
    State.Sta8: "behind the peer's own release request",
    State.Sta9: "while both ends released",
    State.Sta10: "while both ends released",
    State.Sta11: "while both ends released",
    State.Sta12: "while both ends released",
    State.Sta13: "after the end of the association",
}
"""The states in words for people who have never seen the table: when something happened."""


class Event(Enum):
    """The rows of Table 9-10, in its order; the value is the meaning."""

    Evt1 = "A-ASSOCIATE request primitive"
    Evt2 = "transport connection confirmation"
    Evt3 = "A-ASSOCIATE-AC PDU"
    Evt4 = "A-ASSOCIATE-RJ PDU"
    Evt5 = "transport connection indication"
    Evt6 = "A-ASSOCIATE-RQ PDU"
    Evt7 = "A-ASSOCIATE response primitive (accept)"
    Evt8 = "A-ASSOCIATE response primitive (reject)"
    Evt9 = "P-DATA request primitive"
    Evt10 = "P-DATA-TF PDU"
    Evt11 = "A-RELEASE request primitive"
    Evt12 = "A-RELEASE-RQ PDU"
    Evt13 = "A-RELEASE-RP PDU"
    Evt14 = "A-RELEASE response primitive"
    Evt15 = "A-ABORT request primitive"
    Evt16 = "A-ABORT PDU"
    Evt17 = "transport connection closed indication"
    Evt18 = "ARTIM timer expired"
    Evt19 = "unrecognized or invalid PDU"


IMPOSSIBLE = {
    Event.Evt1: "no association can be requested",
    Event.Evt2: "no connection can be open",
    Event.Evt5: "no connection can come in",
    Event.Evt7: "no association can be accepted",
    Event.Evt8: "no association can be rejected",
    Event.Evt9: "nothing can be sent",
    Event.Evt11: "no release can be requested",
    Event.Evt14: "no release can be answered",
    Event.Evt15: "nothing can be aborted",
}
"""What the local user, or the transport, may want where the table has a blank cell, in words."""


class Effect(Enum):
    """What an action does, one thing at a time."""

    CONNECT = "open a transport connection"
    ACCEPT_CONNECTION = "accept the transport connection"
    SEND_ASSOCIATE_RQ = "send A-ASSOCIATE-RQ"
    SEND_ASSOCIATE_AC = "send A-ASSOCIATE-AC"
    SEND_ASSOCIATE_RJ = "send A-ASSOCIATE-RJ"
    SEND_P_DATA = "send P-DATA-TF"
    SEND_RELEASE_RQ = "send A-RELEASE-RQ"
    SEND_RELEASE_RP = "send A-RELEASE-RP"
    SEND_USER_ABORT = "send A-ABORT (service-user)"
    SEND_PROVIDER_ABORT = "send A-ABORT (service-provider)"
    INDICATE_ASSOCIATE = "A-ASSOCIATE indication"
    CONFIRM_ASSOCIATE = "A-ASSOCIATE confirmation (accept)"
    CONFIRM_REJECTION = "A-ASSOCIATE confirmation (reject)"
    INDICATE_P_DATA = "P-DATA indication"
    INDICATE_RELEASE = "A-RELEASE indication"
    INDICATE_COLLISION = "A-RELEASE indication (release collision)"
    CONFIRM_RELEASE = "A-RELEASE confirmation"
    INDICATE_ABORT = "A-ABORT indication"
    INDICATE_P_ABORT = "A-P-ABORT indication"
    START_ARTIM = "start (or restart) ARTIM"
    STOP_ARTIM = "stop ARTIM if it runs"
    CLOSE = "close the transport connection"
    IGNORE = "ignore the PDU"


class Action(Enum):
    """The actions of Tables 9-6 to 9-9; the value is the standard's token."""

    AE_1 = "AE-1"
    AE_2 = "AE-2"
    AE_3 = "AE-3"
    AE_4 = "AE-4"
    AE_5 = "AE-5"
    AE_6 = "AE-6"
    AE_7 = "AE-7"
    AE_8 = "AE-8"
    DT_1 = "DT-1"
    DT_2 = "DT-2"
    AR_1 = "AR-1"
    AR_2 = "AR-2"
    AR_3 = "AR-3"
    AR_4 = "AR-4"
    AR_5 = "AR-5"
    AR_6 = "AR-6"
    AR_7 = "AR-7"
    AR_8 = "AR-8"
    AR_9 = "AR-9"
    AR_10 = "AR-10"
    AA_1 = "AA-1"
    AA_2 = "AA-2"
    AA_3 = "AA-3"
    AA_4 = "AA-4"
    AA_5 = "AA-5"
    AA_6 = "AA-6"
    AA_7 = "AA-7"
    AA_8 = "AA-8"


class Guard(Enum):
    """What the three branching actions depend on."""

    ACCEPTABLE = "AE-6: the service-provider finds the A-ASSOCIATE-RQ acceptable"
    NOT_ACCEPTABLE = "AE-6: the service-provider does not"
    REQUESTOR = "AR-8: this end is the association requestor"
    ACCEPTOR = "AR-8: this end is the association acceptor"
    BY_USER = "AA-3: the A-ABORT's source is the service-user"
    BY_PROVIDER = "AA-3: the A-ABORT's source is the service-provider"


@dataclass(frozen=True, slots=True)
class Consequence:
    """The effects of an action, in order, and the state that follows."""

    effects: tuple[Effect, ...]
    next_state: State


def _go(next_state: State, *effects: Effect) -> Consequence:
    return Consequence(effects, next_state)


_E = Effect

# Tables 9-6 to 9-9. A key of None: the action does not branch.
ACTIONS: dict[Action, dict[Guard | None, Consequence]] = {
    # Table 9-6, association establishment
    Action.AE_1: {None: _go(State.Sta4, _E.CONNECT)},
    Action.AE_2: {None: _go(State.Sta5, _E.SEND_ASSOCIATE_RQ)},
    Action.AE_3: {None: _go(State.Sta6, _E.CONFIRM_ASSOCIATE)},
    Action.AE_4: {None: _go(State.Sta1, _E.CONFIRM_REJECTION, _E.CLOSE)},
    Action.AE_5: {None: _go(State.Sta2, _E.ACCEPT_CONNECTION, _E.START_ARTIM)},
    Action.AE_6: {
        Guard.ACCEPTABLE: _go(State.Sta3, _E.STOP_ARTIM, _E.INDICATE_ASSOCIATE),
        Guard.NOT_ACCEPTABLE: _go(State.Sta13, _E.STOP_ARTIM, _E.SEND_ASSOCIATE_RJ, _E.START_ARTIM),
    },
    Action.AE_7: {None: _go(State.Sta6, _E.SEND_ASSOCIATE_AC)},
    Action.AE_8: {None: _go(State.Sta13, _E.SEND_ASSOCIATE_RJ, _E.START_ARTIM)},
    # Table 9-7, data transfer
    Action.DT_1: {None: _go(State.Sta6, _E.SEND_P_DATA)},
    Action.DT_2: {None: _go(State.Sta6, _E.INDICATE_P_DATA)},
    # Table 9-8, association release
    Action.AR_1: {None: _go(State.Sta7, _E.SEND_RELEASE_RQ)},
    Action.AR_2: {None: _go(State.Sta8, _E.INDICATE_RELEASE)},
    Action.AR_3: {None: _go(State.Sta1, _E.CONFIRM_RELEASE, _E.CLOSE)},
    Action.AR_4: {None: _go(State.Sta13, _E.SEND_RELEASE_RP, _E.START_ARTIM)},
    Action.AR_5: {None: _go(State.Sta1, _E.STOP_ARTIM)},
    Action.AR_6: {None: _go(State.Sta7, _E.INDICATE_P_DATA)},
    Action.AR_7: {None: _go(State.Sta8, _E.SEND_P_DATA)},
    Action.AR_8: {
        Guard.REQUESTOR: _go(State.Sta9, _E.INDICATE_COLLISION),
        Guard.ACCEPTOR: _go(State.Sta10, _E.INDICATE_COLLISION),
    },
    Action.AR_9: {None: _go(State.Sta11, _E.SEND_RELEASE_RP)},
    Action.AR_10: {None: _go(State.Sta12, _E.CONFIRM_RELEASE)},
    # Table 9-9, association abort
    Action.AA_1: {None: _go(State.Sta13, _E.SEND_USER_ABORT, _E.START_ARTIM)},
    Action.AA_2: {None: _go(State.Sta1, _E.STOP_ARTIM, _E.CLOSE)},
    Action.AA_3: {
        Guard.BY_USER: _go(State.Sta1, _E.INDICATE_ABORT, _E.CLOSE),
        Guard.BY_PROVIDER: _go(State.Sta1, _E.INDICATE_P_ABORT, _E.CLOSE),
    },
    Action.AA_4: {None: _go(State.Sta1, _E.INDICATE_P_ABORT)},
    Action.AA_5: {None: _go(State.Sta1, _E.STOP_ARTIM)},
    Action.AA_6: {None: _go(State.Sta13, _E.IGNORE)},
    # The standard does not name the source here; what provokes it is a provider's matter.
    Action.AA_7: {None: _go(State.Sta13, _E.SEND_PROVIDER_ABORT)},
    Action.AA_8: {
        None: _go(State.Sta13, _E.SEND_PROVIDER_ABORT, _E.INDICATE_P_ABORT, _E.START_ARTIM)
    },
}

# Table 9-10. A dot is a blank cell: a local primitive there is the caller's error, and a PDU
# or a transport event cannot happen there.
TABLE = """
        Sta1  Sta2  Sta3  Sta4  Sta5  Sta6  Sta7  Sta8  Sta9  Sta10 Sta11 Sta12 Sta13
Evt1    AE-1  .     .     .     .     .     .     .     .     .     .     .     .
Evt2    .     .     .     AE-2  .     .     .     .     .     .     .     .     .
Evt3    .     AA-1  AA-8  .     AE-3  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt4    .     AA-1  AA-8  .     AE-4  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt5    AE-5  .     .     .     .     .     .     .     .     .     .     .     .
Evt6    .     AE-6  AA-8  .     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
Evt7    .     .     AE-7  .     .     .     .     .     .     .     .     .     .
Evt8    .     .     AE-8  .     .     .     .     .     .     .     .     .     .
Evt9    .     .     .     .     .     DT-1  .     AR-7  .     .     .     .     .
Evt10   .     AA-1  AA-8  .     AA-8  DT-2  AR-6  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt11   .     .     .     .     .     AR-1  .     .     .     .     .     .     .
Evt12   .     AA-1  AA-8  .     AA-8  AR-2  AR-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt13   .     AA-1  AA-8  .     AA-8  AA-8  AR-3  AA-8  AA-8  AR-10 AR-3  AA-8  AA-6
Evt14   .     .     .     .     .     .     .     AR-4  AR-9  .     .     AR-4  .
Evt15   .     .     AA-1  AA-2  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  .
Evt16   .     AA-2  AA-3  .     AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-2
Evt17   .     AA-5  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AR-5
Evt18   .     AA-2  .     .     .     .     .     .     .     .     .     .     AA-2
Evt19   .     AA-1  AA-8  .     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
"""


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of the machine: a value for traces, tests and dumps."""

    state: State
    event: Event
    action: Action
    effects: tuple[Effect, ...]
    next_state: State

    def __str__(self) -> str:
        return f"{self.state.name} {self.event.name} {self.action.value} {self.next_state.name}"


Cell = dict[Guard | None, Transition]
"""What a cell says: one transition for each guard of a branching action, else one for None."""


class _Rows(dict[Event, dict[State, Cell]]):
    """Table 9-10 with its actions put in, so that a step is a look-up.

    A row is put together when its event happens for the first time: a client meets half of them.
    """

    def __missing__(self, event: Event) -> dict[State, Cell]:
        row = {}
        for state, cell in zip(State, _row_of(event), strict=True):
            if cell != ".":
                action = Action(cell)
                row[state] = {
                    guard: Transition(state, event, action, outcome.effects, outcome.next_state)
                    for guard, outcome in ACTIONS[action].items()
                }
        self[event] = row
        return row


def _row_of(event: Event) -> list[str]:
    """The words of a row of the table."""
    begin = TABLE.index(f"\n{event.name} ") + 1
    return TABLE[begin : TABLE.index("\n", begin)].split()[1:]


_ROWS = _Rows()


def step(state: State, event: Event, guard: Guard | None = None) -> Transition | None:
    """What Table 9-10 says for this state and event.

    Args:
        state: the current state.
        event: what happened.
        guard: what a branching action depends on; not looked at by the others.

    Returns:
        The transition, or None for a blank cell: nothing happens and nothing changes.

    Raises:
        KeyError: the action branches and the guard is not one of its branches.
    """
    cell = _ROWS[event].get(state)
    if cell is None:
        return None
    return cell[None] if None in cell else cell[guard]
