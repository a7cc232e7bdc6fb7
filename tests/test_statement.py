"""The conformance statement: current, and true of the code where it speaks in words."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import statement_page

from cli.echoscu_options import EchoscuSettings
from cli.storescp.options import StorescpSettings
from cli.storescu_options import StorescuSettings
from dimse.plan import SEED_CLASSES
from dimse.tables import status
from dimse.tables.storage_sops import SUPPORTED_BY_DEFAULT
from dimse.tables.transfer_syntaxes import STORED_AS_THEY_COME
from dul.tls.profiles import TLS_PROFILES

ROOT = Path(__file__).resolve().parent.parent
PAGE = statement_page.TARGET.read_text("utf-8")


def test_it_is_current():
    assert statement_page.render() == PAGE, "make docs"


def test_it_has_all_of_the_tables():
    for uid in (*SEED_CLASSES, *SUPPORTED_BY_DEFAULT, *STORED_AS_THEY_COME):
        assert f"`{uid}`" in PAGE
    for profile in TLS_PROFILES.values():
        assert profile.title in PAGE
        assert all(suite in PAGE for suite in profile.suites)


def test_the_statuses_that_it_answers_are_those_of_the_sources():
    """Each that dimse names where it refuses; a new one needs its row."""
    answered = PAGE.split("What STORESCP answers:", 1)[1].split("\n## ", 1)[0]
    rows = {int(code, 16) for code in re.findall(r"^\| ([0-9A-F]{4})H \|", answered, re.MULTILINE)}
    named = set()
    for path in [*ROOT.glob("dimse/*.py"), *ROOT.glob("dimse/storage/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {
                "statuses",
                "status",
            }:
                code = getattr(status, node.attr, None)
                named |= {code} if isinstance(code, int) and node.attr.isupper() else set()
    refusals = {each for each in named if status.classify(each) is status.StatusClass.FAILURE}
    assert len(refusals) > 5
    assert refusals | {status.SUCCESS} == rows


def test_every_option_that_it_names_is_there():
    known = {
        name
        for kind in (StorescuSettings, StorescpSettings, EchoscuSettings)
        for option, _ in kind.__declaration__.options
        for name in option.names
    }
    named = set(re.findall(r"`([-+]{1,2}[a-z][a-z=-]*)", PAGE))
    assert len(named) > 10
    assert named - known == set()


def test_what_the_testbed_says_has_no_departure_that_is_not_counted():
    rows = PAGE.split("## 10 Testbed", 1)[1].splitlines()
    rows = [row for row in rows if row.startswith("| ") and "subject" not in row]
    assert len(rows) == len(statement_page.RESULTS)
    for row in rows:
        cells = [each.strip() for each in row.strip("|").split("|")]
        assert int(cells[3]) > 100
