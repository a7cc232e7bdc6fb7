"""The badge: the score, the edition, and the colour of the outcome."""

import json
from xml.etree import ElementTree as ET

import pytest
from samples import case, report

from testbed.report import badge
from testbed.results import Report
from testbed.verdicts import Level, Verdict

PASS, FAIL, LAX = Verdict.PASS, Verdict.FAIL, Verdict.NON_STRICT


def made(*verdicts, **over) -> Report:
    cases = [case(f"P.RQ.{number:02}", verdict) for number, verdict in enumerate(verdicts)]
    return report(*cases, edition="7", **over)


@pytest.mark.parametrize(
    ("subject", "text", "colour"),
    [
        (made(PASS, PASS), "2/2, edition 7", "green"),
        (made(PASS, LAX), "1/2, edition 7", "green"),
        (made(PASS, FAIL), "1/2, edition 7", "red"),
        (made(PASS, Verdict.SKIP, Verdict.UNSUPPORTED, Verdict.INFO), "1/1, edition 7", "green"),
        (made(PASS, complete=False), "1/1 incomplete, edition 7", "lightgrey"),
        (made(Verdict.SKIP), "0/0 empty, edition 7", "lightgrey"),
    ],
)
def test_score_and_colour(subject, text, colour):
    assert json.loads(badge.endpoint(subject)) == {
        "schemaVersion": 1, "label": "DICOM Upper Layer SCP", "message": text, "color": colour,
    }  # fmt: skip
    root = ET.fromstring(badge.svg(subject))
    assert root.get("aria-label") == f"DICOM Upper Layer SCP: {text}"
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["DICOM Upper Layer SCP", text]


def test_informative_cases_score_nothing():
    subject = report(case("P.RQ.01"), case("P.AC.13", level=Level.INFO))
    assert badge.score(subject) == (1, 1)


def test_nothing_of_a_badge_is_markup_by_accident():
    subject = made(PASS)
    subject.edition = '<script>"&'
    ET.fromstring(badge.svg(subject))
