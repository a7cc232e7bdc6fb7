"""Statuses against PS3.7 Annex C and PS3.4 Table B.2-1."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from dimse.tables import status
from dimse.tables.command_elements import ELEMENTS
from dimse.tables.status import StatusClass, classify, lookup, meaning

STANDARD = Path(__file__).parents[3] / "fixtures" / "standard"
with (STANDARD / "dimse_status.tsv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file, delimiter="\t"))
GENERAL = {int(row["code"], 16): row for row in ROWS if row["code"] != "service-specific"}
KEYWORDS = {f"({e.tag >> 16:04X},{e.tag & 0xFFFF:04X})": e.keyword for e in ELEMENTS}


def keywords(row) -> list[str]:
    """The command elements of a row; "dataset" is none."""
    return [KEYWORDS[tag] for tag in _tags(row["optional_fields"])]


def _tags(cell: str) -> list[str]:
    return [f"({part.strip('(,)')})" for part in cell.split("),") if "(" in part]


def test_the_general_statuses_are_annex_c():
    ours = {s.first: (s.meaning, sorted(s.fields), s.services) for s in status.GENERAL_STATUSES}
    standard = {
        code: (row["name"], sorted(keywords(row)), frozenset(row["services_listing_it"].split(",")))
        for code, row in GENERAL.items()
    }
    assert ours == standard
    assert all(s.first == s.last for s in status.GENERAL_STATUSES)
    assert len(ours) == len(status.GENERAL_STATUSES) == 24


@pytest.mark.parametrize("code", sorted(GENERAL))
def test_the_class_of_a_general_status(code):
    assert classify(code).name.lower() == GENERAL[code]["class"]


# PS3.4 Table B.2-1: first and last code, class, further meaning
STORAGE = [
    (0xA700, 0xA7FF, StatusClass.FAILURE, "Refused: Out of resources"),
    (0xA900, 0xA9FF, StatusClass.FAILURE, "Error: Data Set does not match SOP Class"),
    (0xC000, 0xCFFF, StatusClass.FAILURE, "Error: Cannot understand"),
    (0xB000, 0xB000, StatusClass.WARNING, "Warning: Coercion of Data Elements"),
    (0xB006, 0xB006, StatusClass.WARNING, "Warning: Elements Discarded"),
    (0xB007, 0xB007, StatusClass.WARNING, "Warning: Data Set does not match SOP Class"),
]


@pytest.mark.parametrize(("first", "last", "kind", "words"), STORAGE)
def test_the_storage_statuses_are_table_b_2_1(first, last, kind, words):
    for code in (first, (first + last) // 2, last):
        assert classify(code) is kind
        assert meaning(code) == words
        assert meaning(code, "C-STORE") == words


def test_no_code_of_storage_is_outside_its_table():
    inside = {c for first, last, _, _ in STORAGE for c in range(first, last + 1)} | set(GENERAL)
    assert {code for code in range(0x10000) if lookup(code) is not None} == inside


def test_the_service_specific_fields_are_annex_c():
    """Section C.4.1 and C.5.1 to C.5.5: which elements go with a service class's own status."""
    by_name = {r["name"]: keywords(r) for r in ROWS if r["code"] == "service-specific"}
    expected = {
        "Refused: Out of resources": by_name["Refused: Out of resources"],
        "Error: Data Set": by_name["Error: Data Set does not match SOP Class"],
        "Error: Cannot": by_name["Error: Cannot understand"],
        "Failed": by_name["Failed"],
        "Warning": by_name["Warning"],
        "Sub-operations complete": by_name["Warning"],
        "Requested optional": [],  # N-GET's 0001H, which Annex C doesn't describe
        "Refused: Move Destination": by_name["Refused: Move Destination unknown"],
        "Matches": by_name["Pending"],
        "Sub-operations are": by_name["Pending"],
    }
    for rows in status.SERVICE_SPECIFIC.values():
        for row in rows:
            (fields,) = [f for start, f in expected.items() if row.meaning.startswith(start)]
            assert list(row.fields) == fields, row


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0x0001, StatusClass.WARNING),
        (0xB123, StatusClass.WARNING),
        (0x01FF, StatusClass.FAILURE),
        (0x02FF, StatusClass.FAILURE),
        (0xA000, StatusClass.FAILURE),
        (0xFE00, StatusClass.CANCEL),
        (0xFF00, StatusClass.PENDING),
        (0xFF01, StatusClass.PENDING),
        (0x0002, StatusClass.UNKNOWN),
        (0x00FF, StatusClass.UNKNOWN),
        (0x0300, StatusClass.UNKNOWN),
        (0x9FFF, StatusClass.UNKNOWN),
        (0xD000, StatusClass.UNKNOWN),
        (0xFE01, StatusClass.UNKNOWN),
        (0xFF02, StatusClass.UNKNOWN),
        (0xFFFF, StatusClass.UNKNOWN),
        (-1, StatusClass.UNKNOWN),
        (0x10000, StatusClass.UNKNOWN),
    ],
)
def test_ranges(code, kind):
    assert classify(code) is kind


def test_one_code_only_is_a_success():
    """An unknown number must never count as stored."""
    assert [c for c in range(0x10000) if classify(c) is StatusClass.SUCCESS] == [status.SUCCESS]


def test_successful_are_success_and_warnings():
    good = {StatusClass.SUCCESS, StatusClass.WARNING}
    for code in range(0x10000):
        assert status.is_successful(code) == (classify(code) in good)


def test_pending_is_the_class():
    for code in range(0x10000):
        assert status.is_pending(code) == (classify(code) is StatusClass.PENDING)


@pytest.mark.parametrize(
    ("code", "service", "words"),
    [
        (0xA801, "C-MOVE", "Refused: Move Destination unknown"),
        (0xFF01, "C-FIND", "Matches are continuing, one or more optional keys not supported"),
        (0xC001, "C-GET", "Failed: Unable to process"),
        (0x0001, "N-GET", "Requested optional Attributes are not supported"),
        (0x0211, "C-ECHO", "Unrecognized operation"),
        (0xA700, "C-ECHO", "Failure (status A700H, not in the tables of C-ECHO)"),
        (0xA801, "C-GET", "Failure (status A801H, not in the tables of C-GET)"),
        (0xDEAD, "C-STORE", "Unknown (status DEADH, not in the tables of C-STORE)"),
        (0xB001, "C-STORE", "Warning (status B001H, not in the tables of C-STORE)"),
    ],
)
def test_words_depend_on_the_service(code, service, words):
    assert meaning(code, service) == words


def test_the_names_are_the_codes_of_the_tables():
    assert meaning(status.PROCESSING_FAILURE) == "Processing Failure"
    assert meaning(status.INVALID_SOP_INSTANCE) == "Invalid SOP Instance"
    assert meaning(status.NO_SUCH_SOP_CLASS) == "No such SOP Class"
    assert meaning(status.SOP_CLASS_NOT_SUPPORTED) == "Refused: SOP Class not supported"
    assert meaning(status.NOT_AUTHORIZED) == "Refused: Not authorized"
    assert meaning(status.DUPLICATE_INVOCATION) == "Duplicate invocation"
    assert meaning(status.UNRECOGNIZED_OPERATION) == "Unrecognized operation"
    assert meaning(status.MISTYPED_ARGUMENT) == "Mistyped argument"
    assert meaning(status.RESOURCE_LIMITATION) == "Resource Limitation"
    assert meaning(status.CANCEL) == "Cancel"
    assert meaning(status.OUT_OF_RESOURCES) == "Refused: Out of resources"
    assert meaning(status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS).startswith("Error: Data Set")
    assert meaning(status.CANNOT_UNDERSTAND) == "Error: Cannot understand"
    assert meaning(status.COERCION_OF_DATA_ELEMENTS).endswith("Coercion of Data Elements")
    assert meaning(status.ELEMENTS_DISCARDED).endswith("Elements Discarded")
    assert meaning(status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS_WARNING).startswith("Warning: Data")
    assert meaning(status.MOVE_DESTINATION_UNKNOWN, "C-MOVE").endswith("Destination unknown")
