"""Digests of cases: the same everywhere, another for another question, untouched by better words."""

import subprocess
import sys
from dataclasses import replace

import pytest

from testbed import catalogue
from testbed.digest import LETTERS, digest
from testbed.model import Do, Send
from testbed.runner import Runner
from testbed.selftest.judging import FAST
from testbed.trial import Trial
from testbed.verdicts import Level, ok

CASE = catalogue.find("P.STA2.01")
_ALL = "from testbed import catalogue, digest; print([digest.digest(c) for c in catalogue.all_cases()])"


def _with_run(**over):
    first, *rest = CASE.runs
    return replace(CASE, runs=(replace(first, **over), *rest))


def test_every_case_has_its_own():
    digests = {digest(case) for case in catalogue.all_cases()}
    assert len(digests) == len(catalogue.all_cases())
    assert {len(each) for each in digests} == {LETTERS}


def test_another_process_says_the_same():
    """Nothing random, no address of an object, no order of a set goes into it."""
    asked = subprocess.run([sys.executable, "-c", _ALL], capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == str([digest(case) for case in catalogue.all_cases()])


@pytest.mark.parametrize(
    "other",
    [
        replace(CASE, expectations=ok("CLOSE")),
        replace(CASE, artim=not CASE.artim),
        replace(CASE, needs=("tls",)),
        _with_run(name="another"),
        _with_run(steps=(Send("the same name", b"\2\0"), *CASE.runs[0].steps[1:])),
        _with_run(steps=CASE.runs[0].steps[:-1]),
        _with_run(steps=(*CASE.runs[0].steps, Do("something more", print))),
    ],
)
def test_another_question_is_another_case(other):
    assert digest(other) != digest(CASE)


def test_a_stimulus_counts_by_the_bytes_that_it_makes():
    def with_stimulus(data):
        return _with_run(steps=(Send("one", data),))

    assert digest(with_stimulus(b"\1\2")) == digest(with_stimulus(lambda _facts: b"\1\2"))
    assert digest(with_stimulus(b"\1\2")) != digest(with_stimulus(lambda _facts: b"\1\3"))


def test_words_and_how_binding_it_is_make_no_other_case():
    said = {"title": "better", "requirement": "Better.", "why": "Because.", "place": 9}
    assert digest(replace(CASE, level=Level.INFO, **said)) == digest(CASE)


def test_a_result_keeps_it():
    trial = Trial(replace(FAST, port=1, timeout=0.1, slow_max=0.1), "scp")
    try:
        assert Runner(trial, [CASE]).judge(CASE).digest == digest(CASE)
    finally:
        trial.close()
