"""From a trace to its verdict."""

import pytest

from testbed.cases.common import GIVES_UP, provider_abort
from testbed.judgement import classify, decide, late
from testbed.verdicts import Sub, Verdict, bad, lax, ok

USER = (*ok("AB(0,*)"), *lax("AB(2,*)", sub=Sub.WRONG_SOURCE), *bad("RP CLOSE", note="released"))


@pytest.mark.parametrize(
    ("trace", "verdict", "sub"),
    [
        ("AB(0,0) CLOSE", Verdict.PASS, Sub.NONE),
        ("AB(2,0) CLOSE", Verdict.NON_STRICT, Sub.WRONG_SOURCE),
        ("AB(0,0) AB(0,0) AB(0,0) CLOSE", Verdict.PASS, Sub.NONE),
        ("CLOSE", Verdict.FAIL, Sub.CLOSE_ONLY),
        ("OPEN", Verdict.FAIL, Sub.HANG),
        ("RP OPEN", Verdict.FAIL, Sub.HANG),
        ("AB(1,1) OPEN", Verdict.FAIL, Sub.WRONG_SOURCE),
        ("AB(1,1) CLOSE", Verdict.FAIL, Sub.WRONG_SOURCE),
        ("AB(0,0) RP CLOSE", Verdict.FAIL, Sub.EXTRA_PDU),
        ("RP CLOSE", Verdict.FAIL, Sub.NONE),
    ],
)
def test_verdicts(trace, verdict, sub):
    outcome = decide(USER, trace.split())
    assert (outcome.verdict, outcome.sub) == (verdict, sub)


def test_classify_needs_no_outcome():
    assert classify((), ["OPEN"]) is Sub.HANG


def test_a_late_abort_of_the_user_is_no_answer_where_the_provider_had_to_abort():
    tokens = ["AB(0,0)", "CLOSE"]
    ignored = late(decide(provider_abort(2), tokens), tokens)
    assert (ignored.verdict, ignored.sub) == (Verdict.FAIL, Sub.SLOW)


def test_other_late_answers_keep_their_verdict():
    for tokens, expectations in ((["AB(0,0)"], GIVES_UP), (["AB(2,2)"], provider_abort(2))):
        in_time = decide(expectations, tokens)
        assert late(in_time, tokens) == in_time
