"""The HTML report as text: self-contained, escaped, sound links, the whole state table."""

import base64
import copy
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from samples import SAMPLE, case, report

from testbed import result_files
from testbed.model import Cell
from testbed.report import html
from testbed.report.markup import Markup, el, escape, join
from testbed.results import RunResult, Unreached, WireRow
from testbed.table import TABLE
from testbed.verdicts import Verdict

VOID = {"meta", "input", "br", "col"}


class Reader(HTMLParser):
    """Checks nesting and collects what the tests ask for."""

    def __init__(self, source):
        super().__init__()
        self.stack, self.ids, self.links, self.tags, self.attributes = [], [], [], Counter(), []
        self.text = []
        self.feed(source)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, *pair) for pair in attrs]
        fields = dict(attrs)
        if "id" in fields:
            self.ids.append(fields["id"])
        if "href" in fields:
            self.links.append(fields["href"])
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if not self.stack or self.stack[-1] not in {"script", "style"}:
            self.text.append(data)


@pytest.fixture(scope="module")
def sample():
    return result_files.load(SAMPLE)


def pages(sample):
    other = copy.deepcopy(sample)
    other.target["name"] = "other"
    other.cases = other.cases[:3]
    requestor = copy.deepcopy(other)
    requestor.role = "scu"
    return {"one": [sample], "two": [sample, other], "roles": [sample, other, requestor]}


@pytest.mark.parametrize("which", ["one", "two", "roles"])
def test_well_formed_ids_unique_and_every_link_leads_somewhere(sample, which):
    reader = Reader(html.page(pages(sample)[which]))
    assert [id_ for id_, count in Counter(reader.ids).items() if count > 1] == []
    assert reader.links
    for link in reader.links:
        assert link.startswith("#")
        if not link.startswith("#?"):
            assert link[1:] in reader.ids, link


def test_nothing_is_fetched_and_only_our_script_may_run(sample):
    page = html.page([sample])
    reader = Reader(page)
    assert not [entry for entry in reader.attributes if entry[1] in {"src", "style", "srcset"}]
    assert not [entry for entry in reader.attributes if entry[1].startswith("on")]
    policy = next(
        value for _, key, value in reader.attributes if key == "content" and "src" in value
    )
    assert "default-src 'none'" in policy
    for tag in ("script", "style"):
        assert reader.tags[tag] == 1
        content = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
        assert "http" not in content.replace("http://www.w3.org", "")


EVIL = "</pre></script><script>alert(1)</script>\"' onmouseover=x <b>&\x00\x1b\u202e"


def told(text):
    """A report in which everything that a product or a file can supply reads `text`."""
    row = WireRow(0.0, "received", text, 3, "00", text, [text, f"000000  {text}"])
    run = RunResult(
        text, Verdict.FAIL, message=text, seen=text, reported=text, output=text, wire=[row]
    )
    entry = case(
        "P.RQ.02", Verdict.FAIL, title=text, requirement=text, message=text, clause=text,
        expected=[text], why=text, tags=[text], runs=[run],
    )  # fmt: skip
    subject = report(
        entry, target={"name": text, "implementation_version": text, "host": text},
        settings={"called": text}, baseline={"first": text, "last": "pass"},
    )  # fmt: skip
    subject.unreached = [Unreached("scp", Cell(6, 3, "AA-8"), text)]
    return subject


@pytest.mark.parametrize("count", [1, 2])
def test_whatever_a_product_sent_stays_text(count):
    page = html.page([told(EVIL)] * count)
    reader, plain = Reader(page), Reader(html.page([told("harmless")] * count))
    assert reader.tags == plain.tags
    assert [a[:2] for a in reader.attributes] == [a[:2] for a in plain.attributes]
    assert not set("\x00\x1b\u202e") & set(page)
    assert "<b>&␀␛\ufffd" in "".join(reader.text)


def test_the_state_table_accounts_for_every_cell():
    tested = [
        case(f"M.P.Sta{state}.Evt{event}", cell=Cell(state, event, action))
        for (state, event), action in list(TABLE.items())[:50]
    ]
    subject = report(*tested)
    subject.unreached = [
        Unreached("scp", Cell(state, event, action), f"reason {event % 3}")
        for (state, event), action in list(TABLE.items())[50:120]
    ]
    page = html.page([subject])
    grid = re.search(r'<table class="grid">.*?</table>', page, re.DOTALL)[0]
    reader = Reader(grid)
    assert reader.tags["td"] == 13 * 19
    kinds = Counter(value for tag, key, value in reader.attributes if (tag, key) == ("td", "class"))
    assert kinds == {"cell pass": 50, "unreached": 70, "unrun": 3, "blank": 13 * 19 - 123}
    assert len(re.findall(r'<li id="reason-[abc]">', page)) == 3


def test_a_run_without_any_cell_shows_no_table():
    assert 'class="grid"' not in html.page([report(case("P.RQ.02"))])


def test_the_wire_log_is_side_by_side(sample):
    page = html.page([sample])
    row = re.search(r'<tr role="row"><td class="time"[^>]*>0\.0040.*?</tr>', page, re.DOTALL)[0]
    assert row.index('class="empty"') < row.index('class="received"')
    assert "Reason: unexpected PDU" in row
    row = re.search(r'<tr role="row"><td class="time"[^>]*>0\.0010.*?</tr>', page, re.DOTALL)[0]
    assert row.index('class="sent"') < row.index('class="empty"')


@pytest.mark.parametrize(("wire", "passing", "failing"), [
    ("all", True, True), ("deviations", False, True), ("none", False, False),
])  # fmt: skip
def test_wire_logs_can_be_left_out(wire, passing, failing):
    row = WireRow(0.5, "note", "the remark", 0, "", "", [])
    good = case("P.RQ.01", runs=[RunResult("", Verdict.PASS, wire=[row])])
    bad = case("P.RQ.02", Verdict.FAIL, runs=[RunResult("", Verdict.FAIL, wire=[row])])
    assert ("the remark" in html.page([report(good)], wire=wire)) is passing
    assert ("the remark" in html.page([report(bad)], wire=wire)) is failing


def test_a_long_wire_log_is_there_whole():
    rows = [WireRow(n / 10, "note", f"row-{n}.", 0, "", "", []) for n in range(500)]
    entry = case("P.RQ.02", runs=[RunResult("", Verdict.PASS, wire=rows)])
    page = html.page([report(entry)])
    assert [number for number in range(500) if f"row-{number}." not in page] == []


def test_only_text_is_escaped_markup_is_not():
    assert el("p", "<", Markup("<i>x</i>"), ["&", None, 3], title='"') == (
        '<p title="&quot;">&lt;<i>x</i>&amp;3</p>'
    )
    assert (
        el("input", disabled=True, hidden=False, data_text="a") == '<input disabled data-text="a">'
    )
    assert join("a", el("b")) == "a<b></b>"
    assert escape("\x00\x7f\x9b\n") == "␀␡\ufffd\n"


def test_the_difference_of_two_products_is_marked(sample):
    other = copy.deepcopy(sample)
    other.cases[0].verdict = Verdict.PASS
    other.cases[0].sub = type(other.cases[0].sub)("")
    page = html.page([sample, other])
    assert page.count('<tr class="differs"') == 1
    assert "products differ in 1" in page
