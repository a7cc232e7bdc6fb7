"""The index made anew of the files that are there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asked import store_request
from tests_datasets import CT, EXPLICIT, encode, identity

from dimse.storage.index.index import Index
from dimse.storage.index.rebuild import Rebuilt, rebuild
from dimse.storage.spool import Spool

FIXTURES = Path(__file__).parents[4] / "fixtures" / "dicom"
NOON = datetime(2026, 11, 30, 12, 0, 0, 123456, tzinfo=UTC)


class Time:
    """A second passes with each look."""

    def __init__(self) -> None:
        self.now = NOON - timedelta(seconds=1)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def spool(tmp_path):
    (tmp_path / "in").mkdir()
    with Spool(tmp_path / "in", fsync="none") as spool:
        yield spool


@pytest.fixture
def index(tmp_path, spool):
    with Index(tmp_path / "index.sqlite", spool.directory, durable=False, now=Time()) as index:
        yield index


def data_set(instance: str, patient: str = "P1", study: str = "1.2.3") -> bytes:
    values = [(0x00100010, "PN", b"Doe^Jane"), (0x00100020, "LO", patient.encode())]
    values.append((0x0020000D, "UI", study.encode() + b"\0" * (len(study) % 2)))
    return encode([*identity(CT, instance), *values], EXPLICIT)


def store(spool, index, instance: str, content: bytes | None = None) -> None:
    request = store_request(
        CT, instance, EXPLICIT, calling_ae_title="MODALITY", called_ae_title="ARCHIVE"
    )
    sink = index.over(spool.open)(request)
    sink.write([memoryview(content or data_set(instance))])
    sink.commit()


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
    assert rebuild(index, lambda path, error: told.append(path.name)) == Rebuilt(
        objects=2, added=1, removed=2
    )
    assert told == ["torn.dcm"]
    by_path = {entry.path: entry for entry in index.entries()}
    assert by_path.keys() == {"CT.2.25.2", "moved/away"}
    assert by_path["CT.2.25.2"] == before[2]  # who sent it, and when, is kept
    assert by_path["moved/away"].calling_ae_title == "MODALITY"
    with Index(tmp_path / "new.sqlite", inside) as new:
        rebuild(new)
        assert {entry.patient_id for entry in new.entries()} == {"P1"}
