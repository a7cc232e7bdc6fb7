"""The same command lines through DCMTK's storescu and dcmsend and ours, against a recording receiver."""

import pytest
from comparing import both, changed, differences
from installed import demand, missing
from intended import DIFFERENCES, REASONS
from lines import LINES, Line

pytestmark = pytest.mark.interop


@pytest.fixture(scope="session", autouse=True)
def dcmtk():
    why = missing("dcmtk", "storescu", "dcmsend")
    if why:
        demand("dcmtk", why)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.id)
def test_the_same_comes_of_it_but_for_what_is_listed(line: Line):
    theirs, ours = both(line)
    found = differences(line, theirs, ours)
    listed = DIFFERENCES.get(line.id, {})
    unlisted = {aspect: what for aspect, what in found.items() if aspect not in listed}
    assert not unlisted, "\n".join(
        [
            *(f"{aspect}:\n{what}" for aspect, what in unlisted.items()),
            "",
            *theirs.lines,
            "---",
            *ours.lines,
        ]
    )
    # DCMTK's undefined number may be ours by chance.
    certain = {aspect for aspect, reason in listed.items() if reason != "undefined-exit"}
    assert certain <= found.keys(), "listed, but there is no such difference any more"
    assert changed(line, ours) == [], "sent in its own transfer syntax, and not as it lies"


def test_there_are_a_hundred_lines_and_each_difference_has_a_reason():
    assert len({line.id for line in LINES}) == len(LINES) >= 100
    assert DIFFERENCES.keys() <= {line.id for line in LINES}
    used = {reason for listed in DIFFERENCES.values() for reason in listed.values()}
    assert used == REASONS.keys()
