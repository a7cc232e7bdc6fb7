"""The static site: what its index says of products and cases, and that it works in a browser, from a disk."""

import copy
import sys
from pathlib import Path

import pytest

from testbed import cli, result_files
from testbed.site import index, shelf

sys.path.append(str(Path(__file__).resolve().parents[1] / "report"))
from samples import SAMPLE

ROWS = "[...document.querySelectorAll('.matrix tbody tr')].filter(r => r.checkVisibility()).map(r => r.id)"
COLUMNS = "[...document.querySelectorAll('.matrix thead th a')].filter(a => a.checkVisibility()).map(a => a.textContent)"


def results(folder):
    """Two products, one of them in two versions."""
    sample = result_files.load(SAMPLE)
    for number, name in enumerate(["Acme 1.9", "Acme 1.10", "Other 2.0"]):
        report = copy.deepcopy(sample)
        report.target["name"] = name
        if name == "Other 2.0":
            report.cases = [case for case in report.cases if case.id != "P.STA2.01"]
        result_files.save(report, folder / f"{number}.json")
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    source = results(tmp_path_factory.mktemp("results"))
    assert cli.main(["site", str(source), "--out", str(out), "--title", "Ours <b>"]) == 0
    return out


def test_versions_are_put_in_their_order():
    assert shelf.split("DCMTK storescp 3.6.7") == ("DCMTK storescp", "3.6.7")
    assert shelf.split("dulcet, asyncio") == ("dulcet, asyncio", "")
    reports = []
    for name in ("Acme 1.9", "Acme 1.10", "Acme 1.10-rc1"):
        report = result_files.load(SAMPLE)
        report.target["name"] = name
        reports.append(report)
    entries = shelf.shelve(reports)["scp"]
    assert [entry.version for entry in entries][-1] == "1.9"
    assert [entry.latest for entry in entries] == [True, False, False]


def test_each_result_has_a_page_that_leads_back(site):
    pages = sorted(path.name for path in (site / "products").iterdir())
    assert len(pages) == 3
    for name in pages:
        text = (site / "products" / name).read_text("utf-8")
        assert 'href="../index.html"' in text
        assert f'href="products/{name}"' in (site / "index.html").read_text("utf-8")


def test_each_row_is_told_in_plain_language():
    reports = [result_files.load(SAMPLE)]
    for row in shelf.rows(shelf.shelve(reports)["scp"]):
        assert row.means.endswith("."), row.id
        assert row.breaks.endswith("."), row.id


def test_the_title_and_names_are_text(site):
    text = (site / "index.html").read_text("utf-8")
    assert "Ours &lt;b&gt;" in text
    assert "<b>" not in text.replace("</b>", "")


def test_every_cell_leads_to_its_case(site):
    text = (site / "index.html").read_text("utf-8")
    for entry in shelf.shelve([result_files.load(SAMPLE)])["scp"][:1]:
        for case in entry.report.cases:
            assert f"#{case.id}" in text
    assert 'title="not published, or not in its edition"' in text


def test_nothing_is_fetched(site):
    for path in site.rglob("*.html"):
        text = path.read_text("utf-8")
        assert "default-src 'none'" in text.replace("&#x27;", "'")
        assert "http://" not in text
        assert "https://" not in text


def test_a_folder_without_results_is_the_users_fault(tmp_path, capsys):
    assert cli.main(["site", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "no result file" in capsys.readouterr().err
    (tmp_path / "other.json").write_text("{}", "utf-8")
    assert cli.main(["site", str(tmp_path), "--out", str(tmp_path / "out")]) == 2


def test_a_site_is_written_anew(site, tmp_path):
    out = tmp_path / "again"
    (out / "products").mkdir(parents=True)
    (out / "products" / "gone.html").write_text("old", "utf-8")
    assert cli.main(["site", str(SAMPLE), "--out", str(out)]) == 0
    assert not (out / "products" / "gone.html").exists()


def test_what_is_wrong_is_said_once_with_the_products_that_fail_for_it():
    shelved = shelf.shelve([result_files.load(SAMPLE)])
    text = index.page(shelved, "title")
    for root in shelved["scp"][0].roots:
        assert text.count(f"<strong>{root.title}</strong>") == 1


# -- in a browser ---------------------------------------------------------------------------------------------


@pytest.mark.interop
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_a_desktop_and_a_phone(browser, site, width, dark):
    browser.open(site / "index.html", width=width, dark=dark)
    assert browser.js("document.documentElement.scrollWidth") <= width
    ground = browser.js("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") is not dark


@pytest.mark.interop
def test_a_link_to_a_case_opens_its_row(browser, site):
    browser.open(site / "index.html", "P.STA2.07")
    assert browser.js("document.getElementById('P.STA2.07').querySelector('details').open")
    assert browser.js(
        "(() => { const r = document.getElementById('P.STA2.07').getBoundingClientRect();"
        " return r.top >= 0 && r.top < innerHeight; })()"
    )
    assert "What breaks in practice" in browser.js("document.getElementById('P.STA2.07').innerText")


@pytest.mark.interop
def test_filters_stand_in_the_link(browser, site):
    browser.open(site / "index.html", "?verdict=fail&text=sta2")
    shown = browser.js(ROWS)
    assert shown
    assert all(id_.startswith(("P.STA2", "M.P.Sta2")) for id_ in shown)
    browser.js(
        "(() => { const f = document.getElementById('filter').elements.product; f.value = 'Other';"
        " f.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    assert "product=Other" in browser.js("location.hash")
    assert browser.js(COLUMNS) == ["Other"]
    assert "P.STA2.01" not in browser.js(ROWS)
    browser.js("document.getElementById('filter').reset()")
    assert browser.js("new Promise(done => setTimeout(() => done(location.hash), 50))") == ""


@pytest.mark.interop
def test_older_versions_are_shown_if_asked_for(browser, site):
    browser.open(site / "index.html")
    assert browser.js(COLUMNS) == ["Acme", "Other"]
    browser.open(site / "index.html", "?older=1")
    assert browser.js(COLUMNS) == ["Acme", "Acme", "Other"]


@pytest.mark.interop
def test_a_cell_leads_to_the_case_on_its_products_page(browser, site):
    browser.open(site / "index.html")
    link = browser.js(
        "document.getElementById('P.STA2.07').querySelector('td.cell a').getAttribute('href')"
    )
    path, _, fragment = link.partition("#")
    browser.open(site / path, fragment)
    assert browser.js("document.getElementById('P.STA2.07').open")
