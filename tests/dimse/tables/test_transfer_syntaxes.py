"""The table of transfer syntaxes against the standard's."""

from __future__ import annotations

import csv
from pathlib import Path

from dimse.tables import transfer_syntaxes

STANDARD = Path(__file__).parents[3] / "fixtures" / "standard"


def rows(name):
    with (STANDARD / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_every_transfer_syntax_is_the_standards():
    standard = {
        row["uid"]: (
            row["name"],
            row["keyword"],
            row["retired"] == "Y",
            row["vr"],
            row["byte_order"],
            row["dataset_deflated"] == "Y",
            row["pixel_data_form"].partition("(")[0],
        )
        for row in rows("transfer_syntaxes.tsv")
    }
    ours = {
        s.uid: (s.name, s.keyword, s.retired, s.vr, s.byte_order, s.deflated, s.pixel_data)
        for s in transfer_syntaxes.TRANSFER_SYNTAXES.values()
    }
    assert ours == standard


def test_uncompressed_are_the_native_ones():
    native = {
        row["uid"] for row in rows("transfer_syntaxes.tsv") if row["pixel_data_form"] == "native"
    }
    assert set(transfer_syntaxes.UNCOMPRESSED) == native - {"1.2.840.10008.1.20"}


def test_names_for_messages():
    assert transfer_syntaxes.name_of("1.2.840.10008.1.2.5") == "RLE Lossless"
    assert transfer_syntaxes.name_of("1.2.3") == "1.2.3"
    assert transfer_syntaxes.describe("1.2.840.10008.1.2.5") == "RLE Lossless (1.2.840.10008.1.2.5)"
    assert transfer_syntaxes.describe("1.2.3") == "unknown transfer syntax 1.2.3"
