"""What is said of the objects that come."""

from __future__ import annotations

from pathlib import Path

import pytest
from asked import store_request
from hypothesis import given
from hypothesis import strategies as st

from cli.report import Level, Report
from cli.storescp.arrivals import Arrivals, arrivals_for
from dimse.messages.codec import response_to
from dul import Limits

PATHS = ("/spool/CT.1", "/spool/CT.2")


@given(
    level=st.sampled_from([Level.FATAL, Level.ERROR, Level.WARN]),
    objects=st.lists(
        st.tuples(
            st.sampled_from([0x0000, 0xA700, 0xB000]),
            st.sampled_from([None, b"", *map(Path, PATHS)]),
            st.sampled_from([(), ("it is odd",)]),
        ),
        max_size=4,
    ),
    not_written=st.sets(st.sampled_from(PATHS)),
)
def test_who_shows_little_says_what_all_would(level, objects, not_written) -> None:
    said: list[list[str]] = []
    left = []
    for choose in (Arrivals, arrivals_for):
        lines: list[str] = []
        report = Report(level)
        report.write = lines.append
        pending = set(not_written)
        arrivals = choose(report, contexts=False, limits=Limits(), worker=None, not_written=pending)
        for status, content, warnings in objects:
            request = store_request()
            arrivals.received(request)
            arrivals.answered(
                request.having(content, warnings), response_to(request.message, status)
            )
        said.append(lines)
        left.append(pending)
    assert said[0] == said[1]
    assert left[0] == left[1]


@pytest.mark.parametrize(("level", "count"), [(Level.WARN, 0), (Level.INFO, 2)])
def test_a_stored_object_is_told_at_info(level, count) -> None:
    lines: list[str] = []
    report = Report(level)
    report.write = lines.append
    arrivals = arrivals_for(report, contexts=False, limits=Limits(), worker=None, not_written=set())
    request = store_request()
    arrivals.received(request)
    arrivals.answered(request.having(Path(PATHS[0])), response_to(request.message, 0))
    assert len(lines) == count
