"""Directories for studies, and names when they have ended."""

from __future__ import annotations

from datetime import datetime

import pytest
from asked import store_request
from tests_datasets import EXPLICIT, INSTANCE, encode, identity

from dimse.storage.head import Head
from dimse.storage.naming import TimeNames, dcmtk_name
from dimse.storage.sorting import renamed, sorted_by_study
from dimse.storage.spool import Spool
from dimse.storage.studies import Studies

NOW = datetime(2026, 11, 30, 14, 5, 9, 77000)  # noqa: DTZ001 - local time


def studies(ended=lambda study: None, **how):
    return Studies(ended, now=lambda: NOW, **how)


def name(by, *, uid=b"1.2.9\0", patient=b"Doe^Peter ", prefix="", sets=b"ISO_IR 192"):
    elements = [(0x00080005, "CS", sets), *identity(), (0x00100010, "PN", patient)]
    if uid is not None:
        elements.append((0x0020000D, "UI", uid))
    data = encode(elements, EXPLICIT)
    head = Head(EXPLICIT, len(data), lambda at, count: data[at : at + count])
    naming = sorted_by_study(dcmtk_name, studies(), by, prefix=prefix)
    directory, _, rest = naming(store_request(), head).partition("/")
    assert rest == f"CT.{INSTANCE}"
    return directory


def test_directories():
    assert name("time") == "20261130_140509077"
    assert name("time", prefix="P") == "P_20261130_140509077"
    assert name("uid") == "1.2.9"
    assert name("uid", prefix="P") == "P_1.2.9"
    assert name("patient") == "Doe_Peter_20261130_140509077"


@pytest.mark.parametrize(
    ("patient", "plain"),
    [
        ("M\u00fcller^Stra\u00dfe^\u00c9va", "Muller_Strasse_Eva"),
        ("", "ANONYMOUS"),
        ("^^", "ANONYMOUS"),
        ("../../x", "x"),
        ("Yamada^Tarou=\u5c71\u7530^\u592a\u90ce", "Yamada_Tarou"),
        ("\u5c71\u7530", "\u5c71\u7530"),
    ],
)
def test_patients(patient, plain):
    assert name("patient", patient=patient.encode()) == f"{plain}_20261130_140509077"


def test_studies_that_are_none():
    assert name("uid", uid=None) == "UNKNOWN"
    assert name("uid", uid=b"../x") == "_._x"
    assert name("uid", uid=b"..") == "_."
    for prefix in ("../x", "a/b", ".x", "a\nb"):
        with pytest.raises(ValueError, match="no beginning of a file name"):
            name("uid", prefix=prefix)


def test_one_directory_as_long_as_a_study_is_open():
    naming = sorted_by_study(dcmtk_name, studies(), "time")

    def directory(uid, address):
        data = encode([*identity(), (0x0020000D, "UI", uid)], EXPLICIT)
        head = Head(EXPLICIT, len(data), lambda at, count: data[at : at + count])
        return naming(store_request(address=address), head).partition("/")[0]

    one, two = directory(b"1.1\0", "h:1"), directory(b"1.2\0", "h:2")
    assert one != two  # in the same millisecond
    assert directory(b"1.1\0", "h:1") == one
    assert directory(b"1.2\0", "h:2") == two


@pytest.mark.parametrize("naming", [dcmtk_name, TimeNames(lambda: NOW)], ids=["uid", "time"])
def test_files_are_renamed_in_their_order(tmp_path, naming):
    ended = []
    known = studies(ended.append, remember_paths=True)
    (tmp_path / "1.2.9").mkdir()
    (tmp_path / "1.2.9" / "CT000002").write_bytes(b"mine")
    contents = []
    with Spool(tmp_path, naming=sorted_by_study(naming, known, "uid"), fsync="none") as spool:
        for number in (3, 1, 2, 1):
            request = store_request(instance=f"1.2.{number}")
            data = encode(
                [*identity(instance=f"1.2.{number}"), (0x0020000D, "UI", b"1.2.9\0")], EXPLICIT
            )
            sink = spool.open(request)
            sink.write([memoryview(data)])
            path = sink.commit()
            known.stored(request.requestor, path)
            contents.append(path.read_bytes())
    known.close()
    (study,) = ended
    (tmp_path / "1.2.9" / "CT.gone").unlink(missing_ok=True)
    study.paths.append(tmp_path / "1.2.9" / "CT.gone")
    told = list(renamed(study))
    assert isinstance(told[-1][1], FileNotFoundError)
    assert (tmp_path / "1.2.9" / "CT000002").read_bytes() == b"mine"
    # What was stored twice under one name is one file.
    kept = contents if naming is not dcmtk_name else contents[:3]
    new = [path for _, path in told[:-1]]
    assert [path.name for path in new] == ["CT000001", "CT000003", "CT000004", "CT000005"][
        : len(kept)
    ]
    assert [path.read_bytes() for path in new] == kept
    assert len(list((tmp_path / "1.2.9").iterdir())) == len(kept) + 1
