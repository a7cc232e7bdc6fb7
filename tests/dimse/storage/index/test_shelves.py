"""Objects of a store, from which an index is made anew."""

from __future__ import annotations

import pytest
from asked import store_request
from indexed import data_set
from tests_datasets import CT, EXPLICIT

from dimse.errors import ObjectStoreUnusable
from dimse.objects.bounds import HEAD
from dimse.storage.index.index import Index
from dimse.storage.index.rebuild import Rebuilt, rebuild_index
from dimse.storage.index.shelves import InBucket
from dimse.storage.object_store import ObjectStore

fsspec = pytest.importorskip("fsspec")
URL = "memory://bucket/in"


@pytest.fixture
def index(tmp_path):
    with Index(tmp_path / "index.sqlite", "", durable=False) as index:
        yield index


def put(opened, instance, content=None):
    request = store_request(
        CT, instance, EXPLICIT, calling_ae_title="MODALITY", called_ae_title="ARCHIVE"
    )
    sink = opened(request)
    sink.write([memoryview(content or data_set(instance))])
    sink.commit()


def test_rebuilt_from_nothing_and_after_changes_by_others(memory, index, tmp_path):
    store = ObjectStore(URL)
    for number in range(70):  # more than are read at a time
        put(index.over(store.open), f"2.25.{number}")
    before = {entry.path: entry for entry in index.entries()}
    memory.rm("/bucket/in/CT.2.25.0")
    memory.mv("/bucket/in/CT.2.25.1", "/bucket/in/moved/away")
    memory.pipe_file("/bucket/in/notes.txt", b"no DICOM")
    memory.pipe_file("/bucket/in/empty", b"")
    memory.pipe_file("/bucket/in/.dulcet-trial", b"no DICOM")
    memory.pipe_file("/bucket/in/torn.dcm", memory.cat_file("/bucket/in/CT.2.25.2")[:180])
    memory.pipe_file("/bucket/elsewhere", memory.cat_file("/bucket/in/CT.2.25.2"))
    told = []
    rebuilt = rebuild_index(index, lambda where, error: told.append(where), url=URL)
    assert rebuilt == Rebuilt(objects=69, added=1, removed=2)
    assert told == [f"{URL}/torn.dcm"]
    by_path = {entry.path: entry for entry in index.entries()}
    assert by_path.keys() == before.keys() - {"CT.2.25.0", "CT.2.25.1"} | {"moved/away"}
    assert by_path["CT.2.25.2"] == before["CT.2.25.2"]  # who sent it, and when, is kept
    assert by_path["moved/away"].calling_ae_title == "MODALITY"
    with Index(tmp_path / "new.sqlite", "") as new:
        rebuild_index(new, url=f"{URL}/")
        assert {entry.patient_id for entry in new.entries()} == {"P1"}
        assert {e.stored_at[:10] for e in new.entries()} <= {
            memory.modified("/bucket/in/CT.2.25.2").strftime("%Y-%m-%d"),
            before["CT.2.25.2"].stored_at[:10],  # midnight may come in between
        }


def test_a_name_that_is_misspelt_costs_no_row(memory, index):
    put(index.over(ObjectStore(URL).open), "2.25.1")
    with pytest.raises(ObjectStoreUnusable, match="nothing is there"):
        rebuild_index(index, url="memory://bucket/inn")
    with pytest.raises(ObjectStoreUnusable, match="no URL"):
        rebuild_index(index, url="memory://")
    assert [entry.path for entry in index.entries()] == ["CT.2.25.1"]


def test_what_can_not_be_read_is_told_and_stays(memory, index, monkeypatch):
    store = ObjectStore(URL)
    for number in range(2):
        put(index.over(store.open), f"2.25.{number}")
    real = type(memory).cat_file

    def failing(fs, path, **how):
        if path.endswith("2.25.1"):
            raise OSError("not\nnow")
        return real(fs, path, **how)

    monkeypatch.setattr(type(memory), "cat_file", failing)
    told = []
    rebuilt = rebuild_index(index, lambda where, error: told.append(str(error)), url=URL)
    assert rebuilt == Rebuilt(objects=1, added=0, removed=0)
    assert told == [f"{URL}/CT.2.25.1: not now"]


def test_of_a_large_object_the_beginning_is_read(memory, index, monkeypatch):
    content = data_set("2.25.1") + b"\xe0\x7f\x10\x00OW\0\0\0\0\x80\0" + bytes(0x800000)
    put(ObjectStore(URL).open, "2.25.1", content)
    real, asked = type(memory).cat_file, []

    def counting(fs, path, start=None, end=None):
        asked.append(end - start)
        return real(fs, path, start, end)

    monkeypatch.setattr(type(memory), "cat_file", counting)
    (entry,) = InBucket(URL).entries(None)
    assert (entry.length, entry.patient_id) == (len(content), "P1")
    assert sum(asked) <= 3 * HEAD, asked
