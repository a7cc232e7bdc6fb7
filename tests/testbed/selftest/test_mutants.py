"""Generated mutants: what is generated, that a sample is caught or explained, that the page in docs is true."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from testbed import catalogue, cli
from testbed.mini.mutation import name, parse
from testbed.mini.peer import Config
from testbed.selftest import mutants as generated
from testbed.selftest.mutants import DONE_BY, Mutant, judge, mutants, sample, survivors
from testbed.selftest.survivors import EXPLANATIONS, explained, explanation
from testbed.table import TABLE

PAGE = Path(__file__).resolve().parents[3] / "docs" / "selftest.md"


def test_every_cell_that_has_a_case_is_mutated():
    cells = {
        (case.role, case.cell.state, case.cell.event)
        for case in catalogue.all_cases()
        if case.cell is not None
    }
    assert {(each.role, each.state, each.event) for each in mutants()} == cells
    assert len(mutants()) > 1000
    assert len(set(mutants())) == len(mutants())


def test_no_mutant_does_what_the_table_says():
    for mutant in mutants():
        assert mutant.deed != DONE_BY[TABLE[mutant.state, mutant.event]], mutant
    assert set(DONE_BY) >= set(TABLE.values()) - {"AR-7", "AR-10"}


def test_each_cell_is_tried_with_each_kind_of_deed():
    """But for the one that is right there, and where there is no connection yet."""
    deeds = Counter(
        (each.role, each.state, each.event)
        for each in mutants()
        if each.deed.split("-")[0] in {"nothing", "close", "abort", "sends"}
    )
    few = {cell for cell, count in deeds.items() if count < 10}
    assert few == {("scu", 1, 1), ("scu", 4, 17)}


def test_the_clean_peers_pass_the_case_of_every_cell():
    """Deliberate ones too: they are what mutants in Sta3, Sta8 and Sta9 are made of."""
    once = {mutant.case: mutant for mutant in mutants() if mutant.event != 18}
    wrong = {
        id_: found for id_, each in once.items() if (found := generated.clean(each))[0] != "pass"
    }
    assert wrong == {}


@pytest.mark.parametrize("seed", [1])
def test_a_sample_is_caught_or_explained(seed):
    chosen = [mutant for mutant in sample(120, seed) if mutant.event != 1]
    assert [each for each in survivors(chosen) if not explanation(each)] == []


def test_a_sample_is_the_same_for_the_same_seed():
    assert sample(50, 3) == sample(50, 3) != sample(50, 4)


def test_every_explanation_is_about_some_mutants_and_none_about_another_s():
    for entry, found in explained(mutants()):
        assert {mutant.name for mutant in found} == set(entry.names), entry.reason
    assert len(EXPLANATIONS) == len({entry.reason for entry in EXPLANATIONS})


def test_what_survives_for_a_reason_does_survive():
    some = [
        Mutant("scp", 13, 6, "close"), Mutant("scu", 13, 19, "abort-user"),
        Mutant("scu", 8, 12, "nothing"), Mutant("scp", 3, 17, "nothing"),
    ]  # fmt: skip
    assert all(explanation(mutant) for mutant in some)
    assert survivors(some) == some


def test_a_mutant_with_no_effect_is_a_survivor(monkeypatch):
    """The test of the test: a peer that is not mutated at all is never called caught."""
    monkeypatch.setattr(generated, "name", lambda *_: "")
    some = [Mutant("scp", 6, 3, "close"), Mutant("scu", 7, 12, "nothing")]
    assert survivors(some) == some


def test_a_mutation_touches_its_cell_alone():
    config = Config(frozenset(["Sta6.Evt3:close"]))
    other = catalogue.find("M.P.Sta6.Evt4")
    assert judge(other, config).verdict == "pass"
    assert judge(catalogue.find("M.P.Sta6.Evt3"), config).sub == "close-only"


@pytest.mark.parametrize(
    "text", ["Sta6.Evt12:fly", "Sta6:close", "accepts-version-2", "Sta6.Evt12:"]
)
def test_other_names_are_no_mutations(text):
    assert parse(text) is None


def test_names_are_read_as_they_are_written():
    for mutant in mutants():
        assert parse(mutant.name) == ((mutant.state, mutant.event), mutant.deed)
        assert mutant.name == name(mutant.state, mutant.event, mutant.deed)


def test_the_command_tells_a_score_and_writes_a_page(capsys, tmp_path):
    page = tmp_path / "page.md"
    names = ["Sta6.Evt3:close", "Sta13.Evt6:abort-user"]
    assert cli.main(["selftest", "--jobs", "1", "--markdown", str(page), *names]) == 0
    told = capsys.readouterr().out
    assert "mutants: 2 of 4 (a sample of" in told
    assert "2 survive and are explained, 0 are not" in told
    assert "`Sta13.Evt6:abort-user` | scp and scu | equivalent" in page.read_text("utf-8")


def test_a_survivor_that_nothing_explains_fails_the_selftest(capsys, monkeypatch):
    monkeypatch.setattr("testbed.selftest.command.explanation", lambda _: None)
    assert cli.main(["selftest", "--jobs", "1", "Sta13.Evt6:close"]) == 1
    assert "not caught by M.P.Sta13.Evt6" in capsys.readouterr().out


def test_a_survivor_is_looked_at_again(capsys, monkeypatch):
    """On a busy machine a mini peer's user may have answered before what was to overtake the answer came."""
    seen = []

    def once(chosen):
        seen.append([mutant.name for mutant in chosen])
        return list(chosen) if len(seen) == 1 else []

    monkeypatch.setattr("testbed.selftest.command.survivors", once)
    assert cli.main(["selftest", "--jobs", "1", "Sta9.Evt17:sends-rq"]) == 0
    assert "mutants: 1 of 1" in capsys.readouterr().out
    assert len(seen) == 2


def test_the_page_in_docs_is_of_these_mutants():
    text = PAGE.read_text("utf-8")
    for role, title in (("scp", "acceptor"), ("scu", "requestor")):
        of_role = [mutant for mutant in mutants() if mutant.role == role]
        kept = sum(explanation(mutant) is not None for mutant in of_role)
        row = f"| mutants of the {title} | {len(of_role)} | {len(of_role) - kept} | {kept} | 0 |"
        assert row in text
    for entry in EXPLANATIONS:
        assert entry.reason in text
    assert re.search(r"planted by hand \| (\d+) \| \1 \| - \| 0 \|", text)


def test_settings_of_mutants_are_those_of_the_selftest_but_for_patience():
    assert replace(generated.QUICK, timeout=2.0, slow_max=2.0, exit_max=3.0) == generated.FAST
