"""Times: measured, summed up, filed under what was sent and what came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed import catalogue, messages, raw
from testbed.report import html, text
from testbed.result_files import from_json, to_json
from testbed.selftest import judging
from testbed.timings import last_type, timing


def test_a_summary_of_known_times():
    found = timing("x", [number / 1000 for number in range(200, 0, -1)])
    assert (found.count, found.median, found.p99, found.longest) == (200, 0.1005, 0.198, 0.2)


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=300))
def test_the_99th_percentile_is_reached_by_99_of_100(seconds):
    found = timing("x", seconds)
    assert sum(value <= found.p99 + 1e-6 for value in seconds) >= 0.99 * len(seconds)
    assert found.median <= found.p99 <= found.longest


@pytest.mark.parametrize(
    ("data", "type_"),
    [
        (raw.release_rq(), 5),
        (messages.command_pdu(messages.echo_rq()) + raw.release_rq(), 5),
        (raw.release_rq() + b"\x01", None),
        (raw.truncate(raw.associate_rq(), 1), None),
        (b"", None),
    ],
)
def test_a_stimulus_is_filed_under_its_last_pdu(data, type_):
    assert last_type(data) == type_


def test_a_run_tells_the_times_of_the_product():
    report = judging.judge_scp(
        None, catalogue.select(catalogue.cases("scp"), ["P.TCP.01", "P.CMD"])
    )
    found = {entry.what: entry for entry in report.timings}
    assert found["A-ASSOCIATE-RQ to A-ASSOCIATE-AC"].count > 20
    assert found["P-DATA-TF to P-DATA-TF"].count > 200
    assert found["A-RELEASE-RQ to A-RELEASE-RP"].median < 1
    assert 0.9 < found["ARTIM in Sta2"].median < 5  # the mini peer's is 1.1 s
    assert from_json(to_json(report)).timings == report.timings
    assert "ARTIM in Sta2" in html.page([report])
    assert any(line.startswith("  ARTIM in Sta2 ") for line in text.summary(report))


def test_a_requestors_times_are_told_too():
    report = judging.judge_scu(
        None, catalogue.select(catalogue.cases("scu"), ["U.REL.01", "U.S5.04"])
    )
    found = {entry.what for entry in report.timings}
    assert {"A-ASSOCIATE-AC to P-DATA-TF", "A-RELEASE-RP to close", "A-ABORT to close"} <= found
