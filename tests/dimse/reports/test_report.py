"""Reports of what was sent: true, whole at any time, and a page that can be looked at."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dimse.engine import Entry, Verdict
from dimse.errors import InvalidFile, InvalidValue
from dimse.events import Associated, Progress
from dimse.objects.finder import LeftOut, Reason
from dimse.objects.outgoing import examine
from dimse.outcome import Outcome
from dimse.reports import SendReport
from dimse.reports.rows import REPORT_COLUMNS

DICOM = Path(__file__).parents[3] / "fixtures" / "dicom"
CT = examine(DICOM / "ct-explicit.dcm")
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
NASTY = "<script>alert(1)</script>\x1b[2J\n\udce4"


def entry(verdict, item):
    made = Entry(item)
    made.verdict = verdict
    return made


def tell(report):
    """What a run may tell: one row of each kind."""
    report.tell(Associated(None))
    good = {"transfer_syntax_uid": IMPLICIT, "context_id": 3, "length": 5000, "seconds": 0.25}
    report.tell(Progress(CT, 1, 2))
    report.tell(Outcome.of(CT, status=0, **good))
    report.tell(Outcome.of(CT, status=0xB000, error_comment="=1+1", **good))
    report.tell(Outcome.of(CT, status=0xA700, error_comment=NASTY, attempts=2, **good))
    error = InvalidFile(NASTY, "it is damaged")
    report.tell(Outcome(file=None, name=NASTY, error=error))
    report.tell(LeftOut(Path("read.me"), Reason.NOT_DICOM))
    report.finish([entry(Verdict.NOT_SENT, "b.dcm"), entry(Verdict.BEGUN, "c.dcm"),
                   entry(Verdict.STORED, "d.dcm")])  # fmt: skip


RESULTS = ["stored", "warning", "failed", "failed", "left out", "not sent", "not sent"]


def written(path):
    with SendReport(path) as report:
        tell(report)
    return path


def test_json_is_an_array_with_all_that_is_known(tmp_path):
    rows = json.loads(written(tmp_path / "a.json").read_text())
    assert [row["result"] for row in rows] == RESULTS
    assert all(tuple(row) == REPORT_COLUMNS for row in rows)
    first = rows[0]
    assert first["file"] == str(CT.path)
    assert first["status"] == "0000H"
    assert first["meaning"] == "Success"
    assert (first["sop_class"], first["sop_instance_uid"]) == (
        "CT Image Storage",
        CT.sop_instance_uid,
    )
    assert first["own_transfer_syntax"] == "Explicit VR Little Endian"
    assert first["sent_transfer_syntax"] == "Implicit VR Little Endian"
    assert (first["presentation_context"], first["association"]) == (3, 1)
    assert (first["bytes"], first["seconds"], first["attempts"]) == (5000, 0.25, 1)
    assert rows[2]["comment"] == NASTY
    assert "it is damaged" in rows[3]["meaning"]
    assert [row["file"] for row in rows[4:]] == ["read.me", "b.dcm", "c.dcm"]


def test_csv_keeps_names_of_any_bytes_and_runs_no_formula(tmp_path):
    path = written(tmp_path / "a.CSV")
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["result"] for row in rows] == RESULTS
    assert rows[3]["file"] == NASTY
    assert rows[1]["comment"] == "'=1+1"


class Balanced(HTMLParser):
    """Finds whether the head and each row are closed, and what scripts there are."""

    def __init__(self):
        super().__init__()
        self.scripts = self.rows = 0
        self.open_cells = 0

    def handle_starttag(self, tag, attributes):
        self.scripts += tag == "script"
        self.rows += tag == "tr" and ("class" in dict(attributes))
        self.open_cells += tag == "td"

    def handle_endtag(self, tag):
        self.open_cells -= tag == "td"


def test_html_obeys_nothing_that_a_name_or_a_peer_says(tmp_path):
    text = written(tmp_path / "a.html").read_text("utf-8")
    page = Balanced()
    page.feed(text)
    assert (page.scripts, page.rows, page.open_cells) == (1, len(RESULTS), 0)
    assert "\x1b" not in text
    assert "&lt;script&gt;" in text
    assert "http:" not in text.replace("http://www.w3.org/2000/svg", "")  # stands alone
    assert "https:" not in text


def test_an_empty_report_is_one(tmp_path):
    for name in ("a.json", "a.csv", "a.html"):
        SendReport(tmp_path / name).close()
    assert json.loads((tmp_path / "a.json").read_text()) == []
    assert (tmp_path / "a.csv").read_text().strip().split(",") == list(REPORT_COLUMNS)


@pytest.mark.parametrize("name", ["a.txt", "a", "json"])
def test_a_name_says_the_kind(tmp_path, name):
    with pytest.raises(InvalidValue, match=r"\.json, \.csv, \.html"):
        SendReport(tmp_path / name)


def test_where_nothing_can_be_written_it_says_so(tmp_path):
    with pytest.raises(OSError):
        SendReport(tmp_path / "none" / "a.json")
    if Path("/dev/full").exists():
        (tmp_path / "full.json").symlink_to("/dev/full")
        with pytest.raises(OSError):
            SendReport(tmp_path / "full.json")


KILLED = """
import os, signal, sys
sys.path[:0] = {path!r}
from test_report import CT, Outcome, SendReport
report = SendReport(sys.argv[1])
for _ in range({rows}):
    report.tell(Outcome.of(CT, status=0, length=1, seconds=0.1))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("end", ["json", "csv", "html"])
def test_a_killed_run_leaves_a_report_of_all_that_was_told(tmp_path, end):
    path = tmp_path / f"a.{end}"
    code = KILLED.format(path=[str(Path(__file__).parent), *sys.path], rows=3)
    done = subprocess.run([sys.executable, "-c", code, path], check=False)
    assert done.returncode == -signal.SIGKILL
    text = path.read_text()
    if end == "json":
        assert len(json.loads(text)) == 3
    elif end == "csv":
        assert len(text.splitlines()) == 4
    else:
        assert text.count("<tr class") == 3
        assert text.endswith("</tr>\n")


def test_json_is_whole_after_each_row(tmp_path):
    report = SendReport(tmp_path / "a.json")
    for number in range(1, 5):
        report.tell(Outcome.of(CT, status=0))
        assert len(json.loads((tmp_path / "a.json").read_text())) == number
    report.close()


# ------------------------------------------------------------------------------ in a browser


SHOWN = "[...document.querySelectorAll('#rows > tr')].filter(r => r.checkVisibility()).length"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_has_totals_and_pictures_and_fits(browser, tmp_path, width, dark):
    browser.open(written(tmp_path / "a.html"), width=width, dark=dark)
    assert browser.js("document.getElementById('verdict').textContent") == "2 of 6 objects stored"
    totals = browser.js("document.getElementById('totals').innerText").split()
    assert totals[:2] == ["1", "stored"]
    assert browser.js("document.querySelectorAll('svg').length") == 2
    assert browser.js("document.querySelectorAll('svg .dot').length") == 3
    assert browser.js(
        "[...document.querySelectorAll('path')].every(p => !p.getAttribute('d').includes('NaN'))"
    )
    assert browser.js("document.documentElement.scrollWidth <= innerWidth")
    background = browser.js("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") is not dark
    assert browser.js(SHOWN) == len(RESULTS)


def test_rows_are_filtered_by_result_and_by_words(browser, tmp_path):
    browser.open(written(tmp_path / "a.html"))
    browser.js("document.querySelectorAll('#tools input[type=checkbox]')[2].click()")  # failed
    assert browser.js(SHOWN) == len(RESULTS) - 2
    browser.js(
        "(() => { const f = document.querySelector('#tools input[type=search]'); f.value = 'B.DCM';"
        " f.dispatchEvent(new Event('input')); })()"
    )
    assert browser.js(SHOWN) == 1


def test_an_empty_page_and_one_that_is_cut_in_a_row(browser, tmp_path):
    SendReport(tmp_path / "a.html").close()
    browser.open(tmp_path / "a.html")
    assert browser.js("document.getElementById('verdict').textContent") == "Nothing was sent"
    path = written(tmp_path / "b.html")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 30)
    browser.open(path)
    assert "objects stored" in browser.js("document.getElementById('verdict').textContent")
