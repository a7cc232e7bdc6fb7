"""The testbed's TLS cases against our tools: the usual profile now, the others as they are published."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conformance_tls import PROFILES, Papers, judged, wrong
from peer_processes import ROOT

pytestmark = pytest.mark.interop
PAGE = ROOT / "docs" / "conformance" / "tls-profiles.md"
USUAL = PROFILES[0]


def test_the_usual_profile_in_both_roles(tmp_path: Path) -> None:
    papers = Papers(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(judged, USUAL, role, papers, tmp_path / role) for role in ("scp", "scu")
        ]
        verdicts = runs[0].result() | runs[1].result()
    assert {"P.TLS.01", "P.B12.02", "U.TLS.05"} <= verdicts.keys()
    assert not wrong(USUAL, verdicts)


@pytest.mark.parametrize("number", range(len(PROFILES)), ids=[each.name for each in PROFILES])
def test_nothing_is_published_that_should_not_be_so(number: int) -> None:
    rows = [line.split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line[:3] in {"| P", "| U"}]  # fmt: skip
    verdicts = {row[0][2:]: row[1 + number].strip(" |") for row in rows}
    verdicts = {case: found for case, found in verdicts.items() if found}
    tried = PROFILES[number]
    assert len(verdicts) >= 16
    assert not wrong(tried, verdicts)
    assert (tried.by_design or {}).keys() <= verdicts.keys()
