"""Every cell of Table 9-10 through an association, with what its action does seen from outside."""

from __future__ import annotations

import csv
import re

import pytest
from ends import ABORT, AC, DATA, RELEASE_RP, RELEASE_RQ, RJ, RQ, End, end_in
from golden import FIXTURES

from dul import events as ind
from dul.association import Role
from dul.errors import LocalProtocolError
from dul.fsm import WHEN, State
from dul.pdu import Abort, AssociateRJ


def rows(name: str) -> list[dict[str, str]]:
    with (FIXTURES / "standard" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


CELLS = rows("ul_state_table.tsv")
FILLED = [cell for cell in CELLS if cell["action"] != "-"]
BLANK = [cell for cell in CELLS if cell["action"] == "-"]
ACTIONS = {row["action"]: row for row in rows("ul_actions.tsv")}

UNRECOGNIZED = b"\x09\0\0\0\0\4????"

CAUSES = {
    1: lambda end: end.association.associate(RQ),
    2: lambda end: end.association.connected(end.now),
    3: lambda end: end.receive(AC),
    4: lambda end: end.receive(RJ),
    5: lambda end: end.association.accepted(end.now),
    6: lambda end: end.receive(RQ),
    7: lambda end: end.association.accept(AC),
    8: lambda end: end.association.reject(RJ),
    9: lambda end: end.association.send(1, command=True, source=b"command!"),
    10: lambda end: end.receive(DATA),
    11: lambda end: end.association.release(),
    12: lambda end: end.receive(RELEASE_RQ),
    13: lambda end: end.receive(RELEASE_RP),
    14: lambda end: end.association.release_response(),
    15: lambda end: end.association.abort(),
    16: lambda end: end.receive(ABORT),
    17: lambda end: end.disconnect(),
    18: lambda end: end.wait(end.association.limits.artim),
    19: lambda end: end.receive(UNRECOGNIZED),
}
LOCAL = {1, 7, 8, 9, 11, 14, 15}
# Which end can be in which state; the table itself is the same for both.
ROLES = {
    "Sta2": [Role.ACCEPTOR],
    "Sta3": [Role.ACCEPTOR],
    "Sta4": [Role.REQUESTOR],
    "Sta5": [Role.REQUESTOR],
    "Sta9": [Role.REQUESTOR],
    "Sta10": [Role.ACCEPTOR],
    "Sta11": [Role.REQUESTOR],
    "Sta12": [Role.ACCEPTOR],
}
# A connection is asked for by the requestor, and comes to the acceptor.
BEGINNERS = {"Sta1-1": [Role.REQUESTOR], "Sta1-5": [Role.ACCEPTOR]}


def with_roles(cells: list[dict[str, str]]) -> list:
    return [
        pytest.param(cell, role, id=f"{cell['state']}-Evt{cell['event']}-{role.name.lower()}")
        for cell in cells
        for role in BEGINNERS.get(
            f"{cell['state']}-{cell['event']}", ROLES.get(cell["state"], Role)
        )
    ]


def begin(cell: dict[str, str], role: Role) -> End:
    end = end_in(State[cell["state"]], role)
    end.steps.clear()
    end.wait(7)  # later than whatever was started on the way
    return end


def artim(end: End) -> float | None:
    """When ARTIM expires; told by the one deadline that there is in Sta2 and Sta13."""
    return end.association.next_deadline() if end.state in {State.Sta2, State.Sta13} else None


INDICATIONS = {
    "-": (),
    "transport connect response": (),
    "if acceptable: A-ASSOCIATE indication": (ind.AssociateIndication,),
    "A-ASSOCIATE confirmation(accept)": (ind.AssociateConfirmation,),
    "A-ASSOCIATE confirmation(reject)": (ind.RejectConfirmation,),
    "P-DATA indication": (ind.DataIndication,),
    "A-RELEASE indication": (ind.ReleaseIndication,),
    "A-RELEASE indication (collision)": (ind.ReleaseIndication,),
    "A-RELEASE confirmation": (ind.ReleaseConfirmation,),
    "A-P-ABORT indication": (ind.ProviderAbortIndication,),
    "source 0 -> A-ABORT indication; source 2 -> A-P-ABORT indication": (ind.AbortIndication,),
}


@pytest.mark.parametrize(("cell", "role"), with_roles(FILLED))
def test_each_filled_cell_does_what_its_action_says(cell: dict[str, str], role: Role):
    end = begin(cell, role)
    action = ACTIONS[cell["action"]]
    before = artim(end)
    CAUSES[int(cell["event"])](end)

    (step,) = end.steps
    assert (step.state.name, step.event.name) == (cell["state"], f"Evt{cell['event']}")
    assert step.action.value == cell["action"]
    assert end.state is step.next_state
    expected_states = cell["next_state"].split("|")
    branch = {"AE-6": 0, "AR-8": 0 if role is Role.REQUESTOR else 1}.get(cell["action"], 0)
    assert end.state.name == expected_states[branch]

    assert tuple(map(type, end.events())) == INDICATIONS[action["local_primitive"]]
    assert end.association.close_wanted is (action["transport"] in {"close", "(already closed)"})
    assert end.association.connection_wanted is (action["transport"] == "open (active)")

    after = artim(end)
    if action["artim"].startswith("start"):
        assert after == end.now + end.association.limits.artim
    elif action["artim"].startswith("stop"):
        assert after is None
    else:
        assert after == before

    pdus = end.sent()
    sent = [pdu.NAME for pdu in pdus]
    asked = action["sends_pdu"]
    assert sent == ([] if asked == "-" or asked.startswith("if not") else [asked.split(" (")[0]])
    if "(source 0, reason 0)" in asked:
        assert pdus == [Abort(0, 0)]
    elif asked in {"A-ABORT", "A-ABORT (source 2)"}:
        assert pdus[0].source == 2


def test_the_other_branch_of_ae6_rejects_and_waits():
    """An A-ASSOCIATE-RQ that the service-provider does not accept: Sta2, Evt6, Sta13."""
    end = end_in(State.Sta2)
    end.association._inbox._provider_check = lambda _: AssociateRJ(2, 3, 2)
    end.now += 7
    end.receive(RQ)
    assert end.actions[-1] == "AE-6"
    assert end.state is State.Sta13
    assert end.events() == []
    assert artim(end) == end.now + end.association.limits.artim
    assert end.sent() == [AssociateRJ(2, 3, 2)]


@pytest.mark.parametrize("state", ["Sta3", "Sta6", "Sta12"])
def test_the_other_branch_of_aa3_is_a_provider_abort(state: str):
    end = end_in(State[state])
    end.receive(Abort(2, 6))
    assert end.actions[-1] == "AA-3"
    assert end.events() == [ind.AbortIndication(2, 6)]
    assert end.association.close_wanted


def snapshot(end: End) -> tuple:
    association = end.association
    return (
        association.state,
        association.sending,
        association.has_events,
        association.next_deadline(),
        association.close_wanted,
        association.connection_wanted,
        association.failure,
        association.negotiated,
        association.request,
        len(end.steps),
    )


@pytest.mark.parametrize(
    ("cell", "role"), with_roles([cell for cell in BLANK if int(cell["event"]) in LOCAL])
)
def test_a_local_primitive_in_a_blank_cell_changes_nothing(cell: dict[str, str], role: Role):
    end = begin(cell, role)
    end.association.tick(end.now)
    before = snapshot(end)
    with pytest.raises(LocalProtocolError) as raised:
        CAUSES[int(cell["event"])](end)
    assert snapshot(end) == before
    # The message says when, in words, unless the primitive is wrong at any time.
    if cell["event"] not in {"1", "9"}:
        assert WHEN[end.state] in str(raised.value)
    assert not re.search(r"Sta\d|Evt|primitive", str(raised.value))


@pytest.mark.parametrize(
    ("cell", "role"),
    with_roles([cell for cell in BLANK if int(cell["event"]) not in LOCAL | {17, 18}]),
)
def test_the_transport_is_told_what_cannot_happen(cell: dict[str, str], role: Role):
    """PDUs without a connection, a connection twice: a fault of the face, not of the peer."""
    end = begin(cell, role)
    end.association.tick(end.now)
    before = snapshot(end)
    with pytest.raises(LocalProtocolError):
        CAUSES[int(cell["event"])](end)
    assert snapshot(end) == before


@pytest.mark.parametrize(
    ("cell", "role"), with_roles([cell for cell in BLANK if int(cell["event"]) in {17, 18}])
)
def test_nothing_happens_where_no_connection_is_and_no_artim_runs(cell: dict[str, str], role: Role):
    end = begin(cell, role)
    if cell["event"] == "17":
        CAUSES[17](end)
    else:
        end.wait(0)  # no policy deadline is due yet, and there is no other timer
        assert artim(end) is None
    assert end.steps == []
    assert end.state.name == cell["state"]
    assert end.events() == []
