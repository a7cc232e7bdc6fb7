"""The index of what was stored: its rows, what they stand behind, and how it is made anew."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest
from indexed import data_set, store
from tests_datasets import CT, EXPLICIT

from dimse.client import Client
from dimse.errors import IndexFailed, IndexUnusable
from dimse.server import Server
from dimse.storage.index.index import Index
from dimse.storage.index.rebuild import Rebuilt, rebuild_index
from dimse.storage.spool import Spool

FIXTURES = Path(__file__).parents[4] / "fixtures" / "dicom"


def test_a_row_says_what_came_when_and_from_whom(spool, index):
    store(spool, index, "2.25.1")
    (entry,) = index.entries()
    assert entry.path == "CT.2.25.1"
    assert (entry.sop_class_uid, entry.sop_instance_uid) == (CT, "2.25.1")
    assert entry.transfer_syntax_uid == EXPLICIT
    assert (entry.patient_id, entry.patient_name) == ("P1", "Doe^Jane")
    assert (entry.study_instance_uid, entry.series_instance_uid) == ("1.2.3", "")
    assert entry.stored_at == "2026-11-30T12:00:00.123Z"
    assert entry.length == len(data_set("2.25.1"))
    assert (entry.calling_ae_title, entry.called_ae_title) == ("MODALITY", "ARCHIVE")
    assert entry.address == "host:104"


def test_real_objects_over_an_association(spool, index):
    with Server(index.over(spool.open), host="127.0.0.1") as scp:
        outcomes = list(Client("127.0.0.1", scp.address[1]).store(sorted(FIXTURES.glob("*.dcm"))))
    assert all(outcome.stored for outcome in outcomes)
    paths = {entry.path for entry in index.entries()}
    assert paths == {each.name for each in spool.directory.iterdir()}
    before = sorted(index.entries(), key=lambda entry: entry.path)
    assert rebuild_index(index) == Rebuilt(objects=len(paths), added=0, removed=0)
    assert sorted(index.entries(), key=lambda entry: entry.path) == before


def test_a_new_object_of_the_same_name_has_the_row(spool, index):
    store(spool, index, "2.25.1")
    store(spool, index, "2.25.1", data_set("2.25.1", patient="P2"))
    (entry,) = index.entries()
    assert (entry.patient_id, entry.stored_at) == ("P2", "2026-11-30T12:00:01.123Z")


def test_an_object_that_is_kept_keeps_its_row(tmp_path, index):
    with Spool(tmp_path / "in", fsync="none", existing="keep") as spool:
        store(spool, index, "2.25.1")
        store(spool, index, "2.25.1", data_set("2.25.1", patient="P2"))
    assert [entry.patient_id for entry in index.entries()] == ["P1"]


def test_studies_series_and_patients(spool, index):
    for number in range(3):
        store(spool, index, f"2.25.{number}", data_set(f"2.25.{number}", study=f"1.2.{number % 2}"))
    with sqlite3.connect(index.file) as connection:
        studies = connection.execute("SELECT study_instance_uid, instances FROM studies").fetchall()
        patients = connection.execute("SELECT patient_id, studies, instances FROM patients")
        assert sorted(studies) == [("1.2.0", 2), ("1.2.1", 1)]
        assert patients.fetchall() == [("P1", 2, 3)]
        assert len(connection.execute("SELECT * FROM series").fetchall()) == 2
    connection.close()
    found = index.entries("study_instance_uid = ?", ["1.2.1"])
    assert [entry.sop_instance_uid for entry in found] == ["2.25.1"]


def test_an_object_whose_row_can_not_be_written_is_refused(tmp_path, spool, monkeypatch):
    monkeypatch.setattr("dimse.storage.index.index.PATIENCE", 0.05)
    with Index(tmp_path / "index.sqlite", spool.directory) as index:
        other = sqlite3.connect(index.file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(IndexFailed, match="locked"):
            store(spool, index, "2.25.1")
        other.execute("ROLLBACK")
        other.close()
        store(spool, index, "2.25.1")
        assert len(list(index.entries())) == 1


def test_what_is_no_index_is_left_alone(tmp_path):
    text = tmp_path / "text"
    text.write_text("something else, and long enough that it is no empty database" * 50)
    foreign = tmp_path / "foreign.sqlite"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()
    for file in (text, foreign, tmp_path / "no" / "such" / "directory", tmp_path):
        with pytest.raises(IndexUnusable, match="can't be an index"):
            Index(file, tmp_path)
    with sqlite3.connect(foreign) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("mine",)]
    connection.close()


def test_threads_share_transactions_and_lose_nothing(spool, index):
    def work(number: int) -> None:
        for each in range(10):
            store(spool, index, f"2.25.{number}{each}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(index.entries())) == 80


def test_processes_share_an_index(spool, index):
    store(spool, index, "2.25.1")
    children = []
    for number in range(3):
        child = os.fork()
        if child == 0:
            store(spool, index, f"2.25.10{number}")
            index.close()
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    store(spool, index, "2.25.2")
    assert len(list(index.entries())) == 5
