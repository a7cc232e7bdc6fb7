"""The files of a DICOMDIR: found whatever their case, and never outside of its directory."""

from __future__ import annotations

import shutil
from pathlib import Path

import pydicom
import pytest
from tests_datasets import EXPLICIT, encode, identity, write_file

from dimse.errors import InvalidFile, Unreadable
from dimse.objects.finder import Found, Unusable, collect, find

SAMPLE = Path(pydicom.__file__).parent / "data" / "test_files" / "dicomdirtests"


def directory(tmp_path, *references):
    """A DICOMDIR that names these, and files that are there."""
    top = tmp_path / "cd"
    top.mkdir(exist_ok=True)
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = EXPLICIT
    data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    data.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    data.DirectoryRecordSequence = []
    for each in references:
        record = pydicom.Dataset()
        if each:
            record.ReferencedFileID = each
        data.DirectoryRecordSequence.append(record)
    data.save_as(top / "DICOMDIR", enforce_file_format=True)
    return top


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_file(path, encode(identity(), EXPLICIT), EXPLICIT)


@pytest.mark.parametrize(
    ("reference", "file"),
    [
        (["IMAGES", "CT1"], "IMAGES/CT1"),
        (["IMAGES", "CT1"], "images/ct1"),
        (["IMAGES", "CT1"], "Images/CT1.;1"),
        ("CT1", "ct1."),
    ],
)
def test_a_file_is_found_whatever_became_of_its_name(tmp_path, reference, file):
    top = directory(tmp_path, None, reference)
    path = put(top / file)
    assert list(find([top / "DICOMDIR"], dicomdir=True)) == [Found(str(path), named=True)]
    assert list(find([top], dicomdir=True)) == [Found(str(path), named=True)]


@pytest.mark.filterwarnings("ignore")
def test_the_exact_name_comes_first_and_each_file_once(tmp_path):
    top = directory(tmp_path, ["CT1"], ["ct1"], ["CT1"])
    put(top / "ct1")
    put(top / "CT1")
    found = [each.path.name for each in find(top, dicomdir=True)]
    assert found == ["CT1", "ct1"]


@pytest.mark.parametrize(
    "reference", [["..", "x"], [".", "x"], ["a/../../x"], ["IMAGES", "..", "..", "x"]]
)
@pytest.mark.filterwarnings("ignore")
def test_what_leads_out_is_refused(tmp_path, reference):
    top = directory(tmp_path, reference)
    put(tmp_path / "x")
    [found] = find(top, dicomdir=True)
    assert isinstance(found.error, InvalidFile)
    assert "leads out" in str(found.error)


def test_a_link_out_is_refused(tmp_path):
    top = directory(tmp_path, ["IMAGES", "X"])
    put(tmp_path / "elsewhere" / "X")
    (top / "IMAGES").symlink_to(tmp_path / "elsewhere")
    [found] = find(top, dicomdir=True)
    assert isinstance(found.error, InvalidFile)
    assert "a link out" in str(found.error)


def test_what_is_not_there_is_said_with_its_name(tmp_path):
    top = directory(tmp_path, ["IMAGES", "GONE"])
    [found] = find(top, dicomdir=True)
    assert isinstance(found, Unusable)
    assert isinstance(found.error, Unreadable)
    assert "IMAGES/GONE" in str(found.error)


def test_what_is_no_dicomdir_is_an_error(tmp_path):
    (tmp_path / "DICOMDIR").write_bytes(b"nothing of the kind")
    [found] = find(tmp_path, dicomdir=True)
    assert isinstance(found.error, InvalidFile)
    [found] = find(tmp_path / "gone", dicomdir=True)
    assert isinstance(found.error, Unreadable)


def test_a_real_file_set(tmp_path):
    shutil.copytree(SAMPLE, top := tmp_path / "cd")
    found = list(collect([top], dicomdir=True))
    named = {
        str(Path(*each.ReferencedFileID)).upper()
        for each in pydicom.dcmread(top / "DICOMDIR").DirectoryRecordSequence
        if "ReferencedFileID" in each
    }
    sent = {
        str(each.path.relative_to(top)).upper() for each in found if not isinstance(each, Unusable)
    }
    missing = {
        str(each.path.relative_to(top)).upper() for each in found if isinstance(each, Unusable)
    }
    assert sent
    assert not sent & missing
    assert sent | missing == named
