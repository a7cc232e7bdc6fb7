"""The page of an exploration: every cause, the grid, nothing fetched."""

from html.parser import HTMLParser

import pytest

from testbed.explore import page
from testbed.explore.causes import cause_of
from testbed.explore.hunt import Budget, Hunt
from testbed.explore.sequence import parse
from testbed.explore.session import Departure, Patience
from testbed.settings import Settings
from testbed.trial import Trial


@pytest.fixture
def hunt():
    trial = Trial(Settings(), "scp")
    trial.target["name"] = "a <product>"
    hunt = Hunt(trial, Patience(1.0, 1.0), Budget(), 5)
    departure = Departure(
        cause_of((6, 3), "CLOSE", "ac"), ["AB(2)"], parse("rq ac/halves", "scp"), "AC(1:0) CLOSE"
    )
    hunt.ledger.enter(departure)
    hunt.ledger.visit({(2, 6), (3, 7)}, {(2, 6), (3, 7), (13, 16)})
    return hunt


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.ids, self.targets, self.outside = set(), set(), []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids.add(given.get("id"))
        if tag == "a":
            self.targets.add(given["href"].removeprefix("#"))
        self.outside += [tag for name in ("src", "srcset") if name in given]


def test_the_page_holds_causes_steps_and_cells(hunt):
    made = page.page(hunt)
    for text in (
        "a &lt;product&gt;",
        "Sta6.AA-8:CLOSE:unexpected-pdu",
        "A-ASSOCIATE-AC (in two segments)",
        "AC(1:0) CLOSE",
        "visited 1 times",
        "perhaps, 1 times",
        "seed 5",
    ):
        assert text in made, text


def test_links_lead_somewhere_and_nothing_is_fetched(hunt):
    links = Links()
    made = page.page(hunt)
    links.feed(made)
    assert links.targets <= links.ids
    assert links.outside == []
    assert "default-src &#x27;none&#x27;" in made
    assert "<script" not in made
