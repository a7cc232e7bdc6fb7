"""The cases against the catalogue they were written from, and the matrix against Table 9-10."""

import csv
from pathlib import Path

import pytest

from testbed import annotate, catalogue, console, matrix
from testbed.facts import Facts, build
from testbed.model import Send
from testbed.table import EVENTS, TABLE
from testbed.trace import compiled

HERE = Path(__file__).parent
STANDARD = HERE.parent.parent / "fixtures" / "standard"


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


CATALOGUE = {row["id"]: row for row in rows(HERE / "data" / "testbed-cases.tsv")}
CASES = catalogue.all_cases()


def test_the_catalogue_has_273_cases():
    assert len(CATALOGUE) == 273


def test_every_case_is_there_once():
    written = [case.id for case in CASES if case.cell is None]
    assert sorted(written) == sorted(CATALOGUE)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.cell is None], ids=lambda case: case.id
)
def test_case_agrees_with_the_catalogue(case):
    row = CATALOGUE[case.id]
    assert (case.role, case.clause, case.level.value) == (row["role"], row["clause"], row["level"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case_is_whole(case):
    assert case.requirement.endswith(".")
    assert case.why.endswith(".")
    assert case.runs
    names = [run.name for run in case.runs]
    assert len(set(names)) == len(names)
    for run in case.runs:
        outcomes = run.expectations or case.expectations
        assert outcomes or run.checks or case.checks or case.id == "P.TCP.04"
        for outcome in outcomes:
            compiled(outcome.pattern)
    assert console.show(case)


def test_stimuli_can_be_built_without_a_product():
    for case in CASES:
        for run in case.runs:
            for step in run.steps:
                if isinstance(step, Send):
                    assert annotate.annotate(build(step.data, Facts())) or not build(
                        step.data, Facts()
                    )


def test_the_table_is_the_standards():
    fixture = rows(STANDARD / "ul_state_table.tsv")
    assert len(fixture) == 13 * 19
    for row in fixture:
        cell = int(row["state"].removeprefix("Sta")), int(row["event"])
        assert TABLE.get(cell, "-") == row["action"]
        assert EVENTS[cell[1]] == row["event_name"]
    assert len(TABLE) == 123


@pytest.mark.parametrize("role", ["scp", "scu"])
def test_every_filled_cell_is_a_case_or_has_a_reason(role):
    covered = [(c.cell.state, c.cell.event) for c in catalogue.cases(role) if c.cell is not None]
    left = [(u.cell.state, u.cell.event) for u in matrix.unreached(role, catalogue.cases(role))]
    assert len(set(covered)) == len(covered)
    assert sorted(covered + left) == sorted(TABLE)
    assert all(entry.reason for entry in matrix.unreached(role, catalogue.cases(role)))


def test_cells_any_peer_can_reach_are_covered():
    """PDUs and closes from the network, in the states a peer can bring about."""
    scp = {(c.cell.state, c.cell.event) for c in catalogue.cases("scp") if c.cell is not None}
    scu = {(c.cell.state, c.cell.event) for c in catalogue.cases("scu") if c.cell is not None}
    for event in (3, 4, 6, 10, 12, 13, 16, 17, 19):
        assert {(state, event) for state in (2, 3, 6, 8, 13)} <= scp
        assert {(state, event) for state in (5, 6, 7, 8, 9, 11, 13)} <= scu


def test_selection():
    pool = catalogue.cases("scp")
    ids = lambda *selectors, **more: [case.id for case in catalogue.select(pool, selectors, **more)]  # noqa: E731
    assert ids("P.TCP.03") == ["P.TCP.03"]
    assert len(ids("P.STA2")) == 9
    assert ids("P.STA") == []
    assert len(ids("P.STA*")) == 40
    assert ids("P.TCP", excludes=["P.TCP.0[1-6]"]) == ["P.TCP.07"]
    assert set(ids("P.AC", levels=["info"])) == {"P.AC.13"}
    assert "P.STO.12" in ids(tags=["security"])
    assert all("D.3.3.7" in catalogue.find(id_).clause for id_ in ids(clauses=["D.3.3.7"]))
    assert "P.STO.12" not in ids("P.STO", without_tags=["security"])
    assert ids("nothing") == []
