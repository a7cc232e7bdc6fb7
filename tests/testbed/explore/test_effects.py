"""The actions as a peer sees them, held against the tables of PS3.8."""

import csv
from pathlib import Path

from testbed.explore.effects import EFFECTS, effects
from testbed.table import TABLE

ROOT = Path(__file__).parents[3]
TOKENS = {
    "A-ASSOCIATE-RQ": "RQ", "A-ASSOCIATE-AC": "AC", "A-ASSOCIATE-RJ": "RJ", "P-DATA-TF": "DATA",
    "A-RELEASE-RQ": "RELEASE", "A-RELEASE-RP": "RP", "A-ABORT (source 0, reason 0)": "AB(0)",
    "A-ABORT": "AB", "A-ABORT (source 2)": "AB(2)", "-": "",
}  # fmt: skip


def standard():
    with (ROOT / "fixtures/standard/ul_actions.tsv").open(encoding="utf-8") as file:
        return {row["action"]: row for row in csv.DictReader(file, delimiter="\t")}


def test_each_action_sends_and_leads_where_the_standard_says():
    told = standard()
    assert set(EFFECTS) == set(told)
    for action, row in told.items():
        states = [
            int(part.partition(" ")[0].removeprefix("Sta")) for part in row["next_state"].split("|")
        ]
        assert [effect.leads_to for effect in EFFECTS[action]] == states, action
        if action != "AE-6":
            assert {effect.sends for effect in EFFECTS[action]} == {TOKENS[row["sends_pdu"]]}, (
                action
            )


def test_every_action_of_the_table_is_known():
    assert set(TABLE.values()) == set(EFFECTS)


def test_a_release_collision_goes_on_by_role():
    assert [effect.leads_to for effect in effects("AR-8", "scu")] == [9]
    assert [effect.leads_to for effect in effects("AR-8", "scp")] == [10]
