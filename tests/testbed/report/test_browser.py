"""The HTML report in a real browser: filters, links, keyboard, widths, colour schemes."""

import copy

import pytest
from samples import SAMPLE

from testbed import result_files
from testbed.report import html
from testbed.verdicts import Sub, Verdict

pytestmark = pytest.mark.interop

SHOWN = "[...document.querySelectorAll('.case')].filter(c => c.checkVisibility()).map(c => c.id)"
ROWS = (
    "[...document.querySelectorAll('.matrix tbody tr')].filter(r => r.checkVisibility())"
    ".map(r => r.querySelector('code').textContent)"
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    sample = result_files.load(SAMPLE)
    other = copy.deepcopy(sample)
    other.target["name"] = "other peer"
    for case in other.cases:
        if case.id == "P.STA2.07":
            case.verdict, case.sub = Verdict.PASS, Sub.NONE
    paths = {"one": folder / "one.html", "two": folder / "two.html"}
    paths["one"].write_text(html.page([sample]), encoding="utf-8")
    paths["two"].write_text(html.page([sample, other]), encoding="utf-8")
    return paths


def choose(browser, name, value):
    browser.js(
        f"(() => {{ const f = document.getElementById('filter').elements[{name!r}]; f.value = {value!r};"
        " f.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def tick(browser, value):
    browser.js(f"document.querySelector('#filter input[value=\"{value}\"]').click()")


def test_the_verdict_filter_shows_what_was_ticked_and_remembers_it(browser, files):
    browser.open(files["one"])
    everything = browser.js(SHOWN)
    assert len(everything) == 8
    tick(browser, "fail")
    assert browser.js(SHOWN) == ["P.STA2.07", "M.P.Sta6.Evt19"]
    assert browser.js("document.getElementById('count').textContent") == "2 of 8 cases"
    tick(browser, "xfail")
    assert browser.js(SHOWN) == ["P.STA2.07", "P.RQ.12", "M.P.Sta6.Evt19"]
    assert sorted(browser.js("location.hash").removeprefix("#?verdict=").split(",")) == [
        "fail",
        "xfail",
    ]
    assert not browser.js("document.getElementById('P.CMD').checkVisibility()"), (
        "an empty area stays"
    )
    browser.js("document.querySelector('#filter button[type=reset]').click()")
    browser.js("new Promise(done => setTimeout(done))")
    assert browser.js(SHOWN) == everything
    assert browser.js("location.hash") == ""


def test_level_area_and_text_filters_work_together(browser, files):
    browser.open(files["one"])
    choose(browser, "level", "recommended")
    assert browser.js(SHOWN) == ["P.STO.06", "P.RQ.12"]
    choose(browser, "group", "P.RQ")
    assert browser.js(SHOWN) == ["P.RQ.12"]
    choose(browser, "text", "no such words")
    assert browser.js(SHOWN) == []
    assert browser.js("document.getElementById('none').checkVisibility()")
    choose(browser, "level", "")
    choose(browser, "group", "")
    choose(browser, "text", "undefined PDU")
    assert browser.js(SHOWN) == ["P.STA2.07"]


def test_a_bookmarked_filter_is_restored(browser, files):
    browser.open(files["one"], "?verdict=pass&level=required&text=sta6")
    assert browser.js(SHOWN) == ["M.P.Sta6.Evt3"]
    assert browser.js("document.querySelector('input[name=text]').value") == "sta6"


def test_a_tile_of_the_overview_filters(browser, files):
    browser.open(files["one"])
    browser.js("document.querySelector('.tiles a[href*=unsupported]').click()")
    assert browser.js(SHOWN) == ["P.STO.06"]


def test_a_cell_of_the_state_table_opens_its_case(browser, files):
    browser.open(files["one"], "?verdict=pass")
    browser.js("document.querySelector('.grid a[href=\"#M.P.Sta6.Evt19\"]').click()")
    browser.js("new Promise(done => setTimeout(done))")
    assert browser.js("document.getElementById('M.P.Sta6.Evt19').open"), "hidden by a filter before"
    top, bar = browser.js(
        "[document.getElementById('M.P.Sta6.Evt19').getBoundingClientRect().top,"
        " document.getElementById('filterbox').getBoundingClientRect().bottom]"
    )
    below = browser.js("innerHeight + scrollY >= document.documentElement.scrollHeight - 1")
    assert top >= bar - 1 or below, "the filter bar covers the case"


def test_a_reason_of_the_state_table_is_unfolded(browser, files):
    browser.open(files["one"])
    browser.js("document.querySelector('.grid .unreached a').click()")
    browser.js("new Promise(done => setTimeout(done))")
    assert browser.js("document.getElementById('reason-a').checkVisibility()")


def test_every_link_of_the_page_leads_to_something_visible(browser, files):
    for name in ("one", "two"):
        browser.open(files[name])
        links = browser.js("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
        for link in dict.fromkeys(link for link in links if not link.startswith("#?")):
            browser.js(f"document.querySelector('a[href=\"{link}\"]').click()")
            browser.js("new Promise(done => setTimeout(done))")
            assert browser.js(f"document.getElementById({link[1:]!r}).checkVisibility()"), link


def test_open_all_opens_what_the_filter_shows(browser, files):
    browser.open(files["one"], "?verdict=fail")
    browser.js("document.getElementById('open-all').click()")
    opened = "[...document.querySelectorAll('.case[open]')].map(c => c.id)"
    assert browser.js(opened) == ["P.STA2.07", "M.P.Sta6.Evt19"]
    browser.js("document.getElementById('close-all').click()")
    assert browser.js(opened) == []


def test_the_keyboard_reaches_search_and_cases(browser, files):
    browser.open(files["one"])
    browser.key("/", "/")
    assert browser.js("document.activeElement.name") == "text"
    assert browser.js("document.activeElement.value") == ""
    for letter in "TLS":
        browser.key(letter, letter)
    assert browser.js(SHOWN) == ["P.TLS.01"]
    browser.js("document.querySelector('#P\\\\.TLS\\\\.01 summary').focus()")
    browser.key("Enter", "\r")
    assert browser.js("document.getElementById('P.TLS.01').open")


def test_differences_between_products(browser, files):
    browser.open(files["two"])
    assert len(browser.js(ROWS)) == 8
    tick(browser, "1")
    assert browser.js(ROWS) == ["P.STA2.07"]
    assert browser.js(SHOWN) == ["r1:P.STA2.07", "r2:P.STA2.07"]
    choose(browser, "product", "2")
    assert browser.js(SHOWN) == ["r2:P.STA2.07"]
    browser.js("document.querySelector('.matrix a[href=\"#r1:P.STA2.07\"]').click()")
    browser.js("new Promise(done => setTimeout(done))")
    assert browser.js("document.getElementById('r1:P.STA2.07').open")


@pytest.mark.parametrize("name", ["one", "two"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_width_makes_the_page_scroll_sideways(browser, files, name, width):
    browser.open(files[name], width=width)
    browser.js("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.js("document.documentElement.scrollWidth") <= width


CONTRAST = """
(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
  };
  const poor = new Set();
  for (const e of document.querySelectorAll("main *, header *, footer *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !e.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.add(`${e.tagName}.${e.className}: ${ratio.toFixed(2)}`);
  }
  return [...poor];
})()
"""


@pytest.mark.parametrize("dark", [False, True])
def test_text_has_contrast_of_4_5_to_1_in_both_schemes(browser, files, dark):
    for name in ("one", "two"):
        browser.open(files[name], dark=dark)
        browser.js("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert browser.js(CONTRAST) == []


def test_dark_and_light_differ(browser, files):
    colour = "getComputedStyle(document.body).backgroundColor"
    browser.open(files["one"])
    before = browser.js(colour)
    browser.open(files["one"], dark=True)
    assert browser.js(colour) != before


def test_paper_is_white_whatever_the_screen_is(browser, files):
    colour = "getComputedStyle(document.body).backgroundColor"
    browser.open(files["one"])
    white = browser.js(colour)
    browser.open(files["one"], dark=True)
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.call("Emulation.setEmulatedMedia", media="print", features=dark)
    try:
        assert browser.js(colour) == white
        assert browser.js("document.querySelector('.tiles .skip').checkVisibility()")
        assert not browser.js("document.getElementById('filterbox').checkVisibility()")
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")
