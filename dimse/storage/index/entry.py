"""A row of the index, and the tables that rows are in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from dimse.storage.head import Head
from dul.values import TYPE_CHECKING, dataclass, fields

if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "APPLICATION",
    "COLUMNS",
    "INSERT",
    "NAMED",
    "OF_THE_OBJECT",
    "SCHEMA",
    "VERSION",
    "IndexEntry",
    "row_of",
    "timestamp",
    "values_in",
]

APPLICATION: Final = 0x64756C63  # "dulc": what SQLite's application_id is in an index of ours
VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """A row of the index: a stored object. What the data set does not have is "".

    Attributes:
        path: its file, relative to the directory that the index is of.
        sop_instance_uid: the command's.
        sop_class_uid: the command's.
        transfer_syntax_uid: how it is stored.
        patient_id: (0010,0020).
        patient_name: (0010,0010).
        patient_birth_date: (0010,0030).
        study_instance_uid: (0020,000D).
        study_date: (0008,0020).
        study_description: (0008,1030).
        accession_number: (0008,0050).
        series_instance_uid: (0020,000E).
        series_number: (0020,0011).
        series_description: (0008,103E).
        modality: (0008,0060).
        instance_number: (0020,0013).
        stored_at: when, in UTC: 2026-11-30T14:20:17.123Z.
        length: bytes of the data set.
        calling_ae_title: who sent it.
        called_ae_title: to whom.
        address: from where; "" after `rebuild_index`, since no file says it.
    """

    path: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    patient_id: str
    patient_name: str
    patient_birth_date: str
    study_instance_uid: str
    study_date: str
    study_description: str
    accession_number: str
    series_instance_uid: str
    series_number: str
    series_description: str
    modality: str
    instance_number: str
    stored_at: str
    length: int
    calling_ae_title: str
    called_ae_title: str
    address: str


TAGS: Final = {
    "patient_id": 0x00100020,
    "patient_name": 0x00100010,
    "patient_birth_date": 0x00100030,
    "study_instance_uid": 0x0020000D,
    "study_date": 0x00080020,
    "study_description": 0x00081030,
    "accession_number": 0x00080050,
    "series_instance_uid": 0x0020000E,
    "series_number": 0x00200011,
    "series_description": 0x0008103E,
    "modality": 0x00080060,
    "instance_number": 0x00200013,
}
COLUMNS: Final = tuple(each.name for each in fields(IndexEntry))
OF_THE_OBJECT: Final = ("sop_instance_uid", "sop_class_uid", "transfer_syntax_uid", "length", *TAGS)
"""Columns that the file itself says."""

NAMED: Final = ", ".join(COLUMNS)
INSERT: Final = f"INTO instances ({NAMED}) VALUES ({', '.join(':' + name for name in COLUMNS)})"
SCHEMA: Final = f"""
CREATE TABLE instances (
    {", ".join(f"{name} {'INTEGER' if name == 'length' else 'TEXT'} NOT NULL" for name in COLUMNS)},
    PRIMARY KEY (path)
) WITHOUT ROWID;
CREATE INDEX instances_by_uid ON instances (sop_instance_uid);
CREATE INDEX instances_by_series ON instances (study_instance_uid, series_instance_uid);
CREATE INDEX instances_by_patient ON instances (patient_id);
CREATE INDEX instances_by_time ON instances (stored_at);
CREATE VIEW series AS
    SELECT study_instance_uid, series_instance_uid, min(modality) AS modality,
        min(series_number) AS series_number, min(series_description) AS series_description,
        min(patient_id) AS patient_id, count(*) AS instances, sum(length) AS length,
        min(stored_at) AS first_stored_at, max(stored_at) AS last_stored_at
    FROM instances GROUP BY study_instance_uid, series_instance_uid;
CREATE VIEW studies AS
    SELECT study_instance_uid, min(patient_id) AS patient_id, min(patient_name) AS patient_name,
        min(study_date) AS study_date, min(study_description) AS study_description,
        min(accession_number) AS accession_number,
        count(DISTINCT series_instance_uid) AS series, count(*) AS instances,
        sum(length) AS length, min(stored_at) AS first_stored_at,
        max(stored_at) AS last_stored_at
    FROM instances GROUP BY study_instance_uid;
CREATE VIEW patients AS
    SELECT patient_id, min(patient_name) AS patient_name,
        min(patient_birth_date) AS patient_birth_date,
        count(DISTINCT study_instance_uid) AS studies, count(*) AS instances,
        max(stored_at) AS last_stored_at
    FROM instances GROUP BY patient_id;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""  # noqa: S608 - names of columns


def values_in(
    transfer_syntax_uid: str, length: int, read_at: Callable[[int, int], bytes]
) -> dict[str, str]:
    """The values of an `IndexEntry` that come from the data set.

    Args:
        transfer_syntax_uid: how it is encoded.
        length: bytes of it that can be looked at.
        read_at: gives some of them.
    """
    found = Head(transfer_syntax_uid, length, read_at).values([(tag,) for tag in TAGS.values()])
    # A surrogate, which no database takes, can't come out of a decoded text; be sure all the same.
    return {
        name: next(iter(found[tag,]), "").encode("utf-8", "replace").decode()
        for name, tag in TAGS.items()
    }


def row_of(entry: IndexEntry) -> dict[str, str | int]:
    """What SQLite takes."""
    return {name: getattr(entry, name) for name in COLUMNS}


def timestamp(time: datetime) -> str:
    """As it stands in the index."""
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"
