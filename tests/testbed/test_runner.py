"""The runner: what is the product's doing, and what is only its being busy."""

import itertools

from testbed import catalogue
from testbed.mini.acceptor import PartialKeeper, Rejected
from testbed.mini.peer import Config
from testbed.mini.server import MiniServer
from testbed.results import RunResult
from testbed.runner import Runner, settle
from testbed.selftest import judging
from testbed.settings import Settings
from testbed.trial import Trial
from testbed.verdicts import Verdict

FIELDS = {name: getattr(judging.FAST, name) for name in Settings.__dataclass_fields__}


def run(link, selectors, **over):
    cases = catalogue.select(catalogue.cases("scp"), selectors)
    with MiniServer(Config(), link) as server:
        settings = Settings(**{**FIELDS, "port": server.port, **over})
        return Runner(Trial(settings, "scp"), cases).run()


def busy_at(*numbers):
    """An acceptor class that rejects the n-th associations it is asked for as busy."""
    count = itertools.count(1)

    class Busy(PartialKeeper):
        def judge_request(self, view):
            if next(count) in numbers:
                raise Rejected(2, 3, 2)
            super().judge_request(view)

    return Busy


def test_a_busy_product_is_asked_again():
    # 1 and 2 are the baseline and the probe for a second association; 3 is the case.
    report = run(busy_at(3), ["P.AC.01"])
    (case,) = report.cases
    assert case.verdict == "pass"
    assert "played again: the product was busy" in case.message


def test_what_takes_long_is_said_before_it_does():
    """Nothing is done for a while; without a word the newcomer would think that it hangs."""
    told = []
    cases = catalogue.select(catalogue.cases("scp"), ["P.TCP.01", "P.TCP.02", "P.AC.01"])
    with MiniServer(Config(artim=0.3), PartialKeeper) as server:
        trial = Trial(Settings(**{**FIELDS, "port": server.port}), "scp")
        Runner(trial, cases, notice=told.append).run()
    assert told == [
        "first 2 of 3 cases that wait for the product's own timers, for up to 3 s, side by side"
    ]


def test_liveness_waits_for_a_busy_product():
    report = run(busy_at(4, 5), ["P.AC.01"])
    (case,) = report.cases
    assert (case.verdict, case.sub) == ("pass", "")
    assert report.complete


def test_a_limit_is_the_verdict_where_the_case_is_about_limits():
    report = run(busy_at(4), ["P.TCP.05"])
    (case,) = report.cases
    assert case.runs[0].seen.startswith("RJ(2,3,2)")
    assert case.verdict == "pass"


def test_timer_cases_run_side_by_side():
    report = run(PartialKeeper, ["P.TCP.01", "P.TCP.02", "P.STA13.01", "P.STA13.05", "P.STA13.08"])
    assert [case.verdict for case in report.cases] == ["pass"] * 5
    assert [case.id for case in report.cases][:2] == ["P.TCP.01", "P.TCP.02"]
    assert report.target["concurrent"]
    assert 0.9 < report.target["artim"] < 2.5
    assert report.seconds < sum(case.seconds for case in report.cases)


def verdict_of(*verdicts):
    case = catalogue.find("P.RQ.32")
    made = run(PartialKeeper, ["P.AC.13"]).cases[0]
    made.sub, made.runs = "", [RunResult(str(n), verdict) for n, verdict in enumerate(verdicts)]
    settle(case, made)
    return made.verdict


def test_a_moot_run_does_not_hide_the_others():
    assert verdict_of(Verdict.UNSUPPORTED, Verdict.PASS) == "pass"
    assert verdict_of(Verdict.SKIP, Verdict.FAIL, Verdict.PASS) == "fail"
    assert verdict_of(Verdict.SKIP, Verdict.SKIP) == "skip"
