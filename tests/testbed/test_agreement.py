"""Two cases never judge the same answer to the same thing differently.

Each run is brought down to what the product meets: the state into which it is led, and what comes then.
Runs that meet it with the same bytes, or with the same event in a cell of Table 9-10 whose action does
not depend on the contents of the PDU, must give the same verdict to every answer. Where they must not,
EXPLAINED says why.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import combinations

import pytest

from testbed import catalogue, raw
from testbed.facts import Facts, build
from testbed.judgement import decide
from testbed.model import (
    Accept,
    AwaitRequest,
    Do,
    Establish,
    Fence,
    Fin,
    Mark,
    Quiet,
    Read,
    Rst,
    Send,
    Serve,
)
from testbed.parse import Pdu, parse_associate, parse_pdvs
from testbed.table import TABLE

ANSWERS = (
    "AB(0,0)", "AB(1,0)", "AB(2,0)", "AB(2,1)", "AB(2,2)", "AB(2,6)", "RP", "RELEASE", "RJ(1,1,1)",
    "AC(1:0)", "C-ECHO-RSP(0000)", "C-ECHO-RQ", "PDU(09)",
)  # fmt: skip
#: What a product may do: nothing, close, any PDU and then either, a confirmed release and an abort.
TRACES = [
    ["OPEN"], ["CLOSE"], ["RP", "AB(2,2)"], ["RP", "AB(2,2)", "CLOSE"], ["RP", "AB(0,0)", "CLOSE"],
    ["AC(1:0)", "AB(2,2)"],
    *([answer] for answer in ANSWERS),
    *([answer, end] for answer in ANSWERS for end in ("OPEN", "CLOSE")),
]  # fmt: skip
#: The state that a precondition on the trace stands for.
MARKS = {
    "scp": {"RP": 13, "AB": 13},
    "scu": {"REQ": 6, "REQ* RELEASE STILL": 7, "RP STILL": 11, "AB CLOSE?": 13},
}
#: Cells whose action looks into the PDU: different bytes may have different answers.
CONTENTS = {"AE-3", "AE-4", "AE-6", "DT-2", "AR-6", "AR-2"}
#: What a product that calls us proposes, so that answers to it can be built.
FACTS = Facts(
    rq=parse_associate(
        Pdu(
            1,
            0,
            raw.associate_rq(
                contexts=[raw.context_rq(1), raw.context_rq(3, raw.CT_STORAGE, (raw.EXPLICIT_LE,))]
            )[6:],
        )
    )
)
#: Pairs that may differ, by ids, in the answers that fit one of the globs.
EXPLAINED = (
    ("P.STA2.0[789] M.P.Sta2.Evt19", "P.RQ.*", "RJ*",
     "an A-ASSOCIATE-RJ answers what was at least meant as a request, never anything else"),
    ("P.TCP.02 M.P.Sta2.Evt18", "P.RQ.30", "AB*",
     "a length that cannot be right may be refused at the header (Evt19, AA-1), not only waited for"),
    ("P.STA2.0[789] M.P.Sta2.Evt19 P.RQ.*", "P.RQ.33", "AC*",
     "stray bytes leave every item whole; whoever accepts has read nothing that was not there"),
    ("P.STA6.05 P.PDV.* M.P.Sta6.Evt19", "P.STA6.08", "CLOSE",
     "an A-ABORT of a wrong length may be taken for one (tolerated)"),
    ("P.STA6.05 P.PDV.* M.P.Sta6.Evt19 P.STA6.08 P.STA6.18", "P.STA6.11", "RP*",
     "an A-RELEASE-RQ of a wrong length may be taken for one (tolerated)"),
    ("P.STA6.05 P.STA6.11 P.PDV.* M.P.Sta6.Evt19", "P.STA6.18", "CLOSE",
     "our FIN follows at once: who does not look at a length before the rest is there meets Evt17"),
    ("P.STA6.08", "P.STA6.11", "CLOSE", "each may be taken for what it nearly is (tolerated)"),
    ("P.STA6.06 M.P.Sta6.Evt16", "P.STA6.07", "AB*",
     "a reserved source may be held to be an invalid PDU (Evt19), which is aborted"),
    ("U.S5.03", "U.S5.0[78] M.U.Sta5.Evt19", "CLOSE",
     "an A-ASSOCIATE-RJ of a wrong length may be taken for one (tolerated)"),
    ("P.RQ.11", "M.P.Sta3.Evt8", "RJ*",
     "the cell asks whether a rejection is sent, the case for which reason"),
)  # fmt: skip


@dataclass(frozen=True)
class Meeting:
    """A run brought down to a state and what comes in it; `cell` is (state, event) if it is one event."""

    name: str
    level: str
    stimulus: tuple[object, ...]
    cell: tuple[object, ...] | None
    expectations: tuple[object, ...]


def event(pdu: Pdu) -> int:
    """The event of Table 9-10 that a received PDU is."""
    number = {1: 6, 2: 3, 3: 4, 4: 10, 5: 12, 6: 13, 7: 16}.get(pdu.type, 19)
    if pdu.type in {3, 5, 6, 7} and len(pdu.body) != 4:
        return 19
    if pdu.type in {1, 2} and parse_associate(pdu).faults:
        return 19
    return 19 if pdu.type == 4 and parse_pdvs(pdu)[1] else number


def events(data: bytes) -> tuple[object, ...]:
    """The events that bytes in one segment are."""
    found = []
    while data:
        if data[:1] == b"\x01" and len(data) < 6 + int.from_bytes(data[2:6].ljust(4, b"\0"), "big"):
            # The beginning of a request is no event until ARTIM ends the wait for the rest.
            return (*found, 18)
        size = int.from_bytes(data[2:6], "big")
        whole = len(data) >= 6 + size
        if (data[0] in {4, 5} and len(data) < 6 + size <= 1 << 16) or len(data) < 6:
            return (*found, "begun")  # no event until its rest comes, or the close
        found.append(event(Pdu(data[0], data[1], data[6 : 6 + size])) if whole else 19)
        data = data[6 + size :] if whole else b""
    return tuple(found)


def meeting(role, case, run):
    state: object = 2 if role == "scp" else 5
    met: list[object] = []
    cell: list[object] = []
    for step in run.steps:
        if isinstance(step, Establish | Accept):
            pdu = build(step.rq if isinstance(step, Establish) else step.ac, FACTS)
            begun = len(pdu) > 6 + int.from_bytes(pdu[2:6], "big")
            state, met, cell = 6, [pdu], ["begun"] if begun else []
        elif isinstance(step, Mark) and step.need:
            state, met, cell = MARKS[role][step.need], [step.need], []
        elif isinstance(step, Send):
            data = build(step.data, FACTS)
            met.append(data)
            cell += (
                [*events(data)] if cell or len(events(data)) < 2 else [("together", *events(data))]
            )
        elif isinstance(step, Fin | Fence):
            met.append(type(step))
            cell += [17] if isinstance(step, Fin) or not cell else []
        elif isinstance(step, Rst):
            met.append(Rst)
            cell.append("RST")
        elif isinstance(step, Quiet):
            met.append(Quiet)
            cell.append(Quiet)
        elif isinstance(step, Do | Serve):
            # What is done is told by its name; an answer of ours by its bytes.
            reply = step.reply if isinstance(step, Serve) else None
            met += [step.what] if reply is None else [build(reply, FACTS), step.times]
            cell.append(step.what)
        else:
            assert isinstance(step, Read | AwaitRequest | Mark)
    one = (state, cell[0]) if len(cell) == 1 else None
    name = f"{case.id} [{run.name}]" if run.name else case.id
    return Meeting(
        name, case.level.value, (state, *met), one, run.expectations or case.expectations
    )


def meetings(role):
    """The runs that judge an answer; those of TLS meet the product in ways of their own."""
    return [
        meeting(role, case, run)
        for case in catalogue.cases(role)
        for run in case.runs
        if (run.expectations or case.expectations)
        and ".TLS." not in case.id
        and not isinstance(run.steps[-1], Mark)
    ]


def difference(one, other):
    """The answers that two runs judge differently."""
    return {
        " ".join(trace): (first, second)
        for trace in TRACES
        if (first := decide(one.expectations, trace).verdict)
        is not (second := decide(other.expectations, trace).verdict)
    }


def pairs(role) -> Iterator[tuple[Meeting, Meeting, dict]]:
    for one, other in combinations(meetings(role), 2):
        same_bytes = one.stimulus == other.stimulus
        same_cell = one.cell is not None and one.cell == other.cell
        same_cell = same_cell and TABLE.get(one.cell, "AE-6") not in CONTENTS
        if same_bytes or same_cell:
            yield one, other, difference(one, other)


def explained(one, other, trace):
    ids = one.name.split()[0], other.name.split()[0]
    return [
        reason
        for first, second, answers, reason in EXPLAINED
        for here, there in (ids, ids[::-1])
        if any(fnmatchcase(here, glob) for glob in first.split())
        and any(fnmatchcase(there, glob) for glob in second.split())
        and fnmatchcase(trace, answers)
    ]


@pytest.mark.parametrize("role", ["scp", "scu"])
def test_the_same_answer_to_the_same_thing_has_one_verdict(role):
    compared = list(pairs(role))
    assert len(compared) > 100
    wrong = [
        f"{one.name} / {other.name}: {trace}: {first} / {second}"
        for one, other, found in compared
        for trace, (first, second) in found.items()
        if not explained(one, other, trace)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_explanation_is_needed():
    used = {
        reason
        for role in ("scp", "scu")
        for one, other, found in pairs(role)
        for trace in found
        for reason in explained(one, other, trace)
    }
    assert used == {reason for *_, reason in EXPLAINED}


def test_the_table_knows_no_roles():
    """A cell that can be tried in both roles is judged alike in both (PS3.8 9.2.3)."""
    cells = {
        role: {
            (case.cell.state, case.cell.event): case
            for case in catalogue.cases(role)
            if case.cell is not None
        }
        for role in ("scp", "scu")
    }
    # In Sta1 and in Sta6 with Evt9 it is the product that acts, and it does so by its role.
    shared = (cells["scp"].keys() & cells["scu"].keys()) - {(6, 9), (6, 10)}
    assert len(shared) > 25
    for cell in sorted(shared):
        one, other = cells["scp"][cell], cells["scu"][cell]
        assert not difference(one, other), cell
