"""The index made anew of the files that are there."""

from __future__ import annotations

from pathlib import Path

from indexed import store

from dimse.storage.index.index import Index
from dimse.storage.index.rebuild import Rebuilt, rebuild_index

FIXTURES = Path(__file__).parents[4] / "fixtures" / "dicom"


def test_rebuilt_from_nothing_and_after_changes_by_hand(tmp_path, spool, index):
    for number in range(3):
        store(spool, index, f"2.25.{number}")
    before = list(index.entries())
    inside = spool.directory
    (inside / "CT.2.25.0").unlink()
    (inside / "moved").mkdir()
    (inside / "CT.2.25.1").rename(inside / "moved" / "away")
    (inside / "notes.txt").write_text("no DICOM")
    (inside / ".dulcet-0.part").write_bytes((inside / "CT.2.25.2").read_bytes())
    (inside / "torn.dcm").write_bytes((inside / "CT.2.25.2").read_bytes()[:180])
    told = []
    assert rebuild_index(index, lambda path, error: told.append(path.name)) == Rebuilt(
        objects=2, added=1, removed=2
    )
    assert told == ["torn.dcm"]
    by_path = {entry.path: entry for entry in index.entries()}
    assert by_path.keys() == {"CT.2.25.2", "moved/away"}
    assert by_path["CT.2.25.2"] == before[2]  # who sent it, and when, is kept
    assert by_path["moved/away"].calling_ae_title == "MODALITY"
    with Index(tmp_path / "new.sqlite", inside) as new:
        rebuild_index(new)
        assert {entry.patient_id for entry in new.entries()} == {"P1"}
