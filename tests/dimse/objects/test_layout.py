"""How transfer syntaxes lay out a data set (PS3.5 Annex A), against the standard's table."""

from __future__ import annotations

import csv
from pathlib import Path

from dimse.objects.layout import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    is_deflated,
    layout_of,
    tag_name,
)

STANDARD = Path(__file__).parents[3] / "fixtures" / "standard"


def test_the_layout_of_every_transfer_syntax():
    with (STANDARD / "transfer_syntaxes.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            expected = {
                ("implicit", "little"): IMPLICIT_LITTLE,
                ("explicit", "little"): EXPLICIT_LITTLE,
                ("explicit", "big"): EXPLICIT_BIG,
                ("n/a", "n/a"): EXPLICIT_LITTLE,
            }[row["vr"], row["byte_order"]]
            assert layout_of(row["uid"]) is expected, row
            assert is_deflated(row["uid"]) == (row["dataset_deflated"] == "Y"), row


def test_syntaxes_that_the_standard_does_not_have():
    assert layout_of("1.2.3.4") is EXPLICIT_LITTLE
    assert layout_of("1.2.840.113619.5.2") is IMPLICIT_LITTLE
    assert not is_deflated("1.2.3.4")


def test_a_tag_as_messages_name_it():
    assert tag_name(0x7FE00010) == "(7FE0,0010)"
