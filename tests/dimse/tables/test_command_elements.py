"""The elements of command sets, compared with the standard's table."""

from __future__ import annotations

import csv
from pathlib import Path

from dimse.tables.command_elements import ELEMENTS

STANDARD = Path(__file__).parents[3] / "fixtures" / "standard"


def test_the_elements_are_the_standards():
    with (STANDARD / "dimse_elements.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    ours = [
        (f"({e.tag >> 16:04X},{e.tag & 0xFFFF:04X})", e.keyword, e.name, e.vr, e.vm)
        for e in ELEMENTS
    ]
    assert ours == [(r["tag"], r["keyword"], r["name"], r["vr"], r["vm"]) for r in rows]
    assert len(ours) == 24
