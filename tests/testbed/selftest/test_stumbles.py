"""Stumbles: every case has a fault that it is to catch, or a reason why it has none."""

import random
from collections import defaultdict
from pathlib import Path

import pytest

from testbed import catalogue, cli
from testbed.mini.stumble import Stumble
from testbed.selftest import account, stumbles
from testbed.selftest.account import Score
from testbed.selftest.faults import SCP_FAULTS, SCU_FAULTS
from testbed.selftest.mutants import mutants
from testbed.selftest.stumbles import DEEDS, EXEMPTIONS, Stumbling, all_stumblings, blind, caught
from testbed.selftest.tls_faults import TLS_SCP_FAULTS, TLS_SCU_FAULTS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "selftest.md"


def test_every_case_of_the_catalogue_has_a_fault_or_a_reason():
    meant = {id_ for faults in (SCP_FAULTS, SCU_FAULTS, TLS_SCP_FAULTS, TLS_SCU_FAULTS)
             for fault in faults for id_ in fault.caught_by}  # fmt: skip
    meant |= {mutant.case for mutant in mutants()}
    stumbled = {one.case for one in all_stumblings()}
    reasons = [id_ for reason in EXEMPTIONS for id_ in reason.cases]
    assert len(reasons) == len(set(reasons))
    assert not stumbled & meant
    assert not (meant | stumbled) & set(reasons)
    assert meant | stumbled | set(reasons) == {case.id for case in catalogue.all_cases()}


def test_every_stimulus_is_stumbled_over_in_each_way():
    by_stimulus = defaultdict(set)
    for one in all_stumblings():
        by_stimulus[one.case, one.stimulus].add(one.deed)
    assert all(deeds == set(DEEDS) for deeds in by_stimulus.values())
    assert len(set(all_stumblings())) == len(all_stumblings())


@pytest.mark.parametrize("role", ["scp", "scu"])
def test_a_sample_of_stimuli_is_not_blind(role):
    """Of each some stumble is noticed; silence and a close are what most cases tell from an answer."""
    quick = [
        case.id
        for case in stumbles.uncovered(role)
        if not case.artim and case.id not in stumbles.explained_cases()
    ]
    ids = set(random.Random(1).sample(quick, 12))
    chosen = [
        one
        for one in all_stumblings()
        if one.case in ids and one.deed in {"nothing", "close", "sends-rq"}
    ]
    assert blind(chosen, caught(chosen)) == []


def test_without_a_stumble_nothing_is_noticed(monkeypatch):
    """The test of the test: what is noticed is the stumble, not that the case was changed."""
    monkeypatch.setattr(Stumble, "over", lambda *_: False)
    some = [Stumbling("P.RQ.13", 1, "close"), Stumbling("U.S6.04", 2, "close")]
    assert caught(some) == []
    assert blind(some, []) == ["P.RQ.13/1", "U.S6.04/2"]


def test_a_peer_stumbles_once_and_over_what_comes():
    stumble = Stumble("close")
    assert not stumble.over(6)
    stumble.arm()
    assert not stumble.over(9)
    assert [stumble.over(6), stumble.over(6)] == [True, False]


def test_the_command_names_a_stimulus_at_which_nothing_is_noticed(capsys, monkeypatch):
    assert cli.main(["selftest", "P.RQ.13/1:close", "P.RQ.13/1:abort-user"]) == 0
    told = capsys.readouterr().out
    assert "noticed  P.RQ.13/1:close" in told
    assert "let pass P.RQ.13/1:abort-user" in told
    monkeypatch.setattr("testbed.selftest.command.caught", lambda _: [])
    assert cli.main(["selftest", "P.RQ.13/1:close"]) == 1
    assert "WRONG  no stumble is noticed at P.RQ.13/1" in capsys.readouterr().out


def test_the_page_in_docs_is_of_these_cases_and_reasons():
    text = PAGE.read_text("utf-8")
    tried = defaultdict(int)
    for one in all_stumblings():
        tried[one.case] += 1
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith(("| P.", "| U."))]
    assert {row[0].removeprefix("| "): int(row[1]) for row in rows} == tried
    assert all(int(row[2]) > 0 for row in rows)
    for reason in EXEMPTIONS:
        assert f"- {', '.join(reason.cases)}: {reason.text}." in text


def test_the_page_counts_what_is_let_pass():
    some = [Stumbling("P.RQ.13", 1, "close"), Stumbling("P.RQ.13", 1, "abort-user")]
    page = account.markdown(Score(stumblings=some, noticed=some[:1]))
    assert "| P.RQ.13 | 2 | 1 | abort-user |" in page
    assert "| stumbles in 1 other cases | 2 | 1 | 1 let pass | 0 |" in page
