"""What stands behind names: each of them, and each entry of a directory, makes one record."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest
from tests_datasets import EXPLICIT, encode, identity, write_file

from dimse.errors import InvalidFile, NotDICOM, Truncated, Unreadable
from dimse.objects.finder import (
    MEDIA_STORAGE_DIRECTORY,
    Found,
    LeftOut,
    Reason,
    Unusable,
    collect,
    find,
)
from dimse.objects.outgoing import Cache


def saved(path, *, sop_class="1.2.840.10008.5.1.4.1.1.2", cut=0):
    data = encode(identity(sop_class=sop_class), EXPLICIT)
    return write_file(path, data[: len(data) - cut], EXPLICIT)


@pytest.fixture
def tree(tmp_path):
    """A directory with one of everything."""
    top = tmp_path / "top"
    (top / "sub" / "deep").mkdir(parents=True)
    saved(top / "a.dcm")
    saved(top / "z.dcm")
    saved(top / "sub" / "b.dcm")
    saved(top / "sub" / "deep" / "c.dcm")
    saved(top / "DICOMDIR", sop_class=MEDIA_STORAGE_DIRECTORY)
    (top / "readme.txt").write_text("no DICOM")
    (top / "empty").touch()
    os.mkfifo(top / "pipe")
    (top / "round").symlink_to(top)
    (top / "nowhere").symlink_to(top / "gone")
    (top / "self").symlink_to("self")
    (top / "file-link").symlink_to("a.dcm")
    (top / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    saved(tmp_path / "elsewhere" / "d.dcm")
    return top


def told(records, top):
    """Name and what it is of each record."""

    def what(record):
        if isinstance(record, LeftOut):
            return record.reason
        if isinstance(record, Unusable):
            return type(record.error)
        return "found" if isinstance(record, Found) else "ready"

    return [(str(record.path.relative_to(top)), what(record)) for record in records]


HERE = [
    ("DICOMDIR", Reason.DICOMDIR),
    ("a.dcm", "ready"),
    ("empty", Reason.NOT_DICOM),
    ("file-link", "ready"),
    ("linked", Reason.LINK),
    ("nowhere", Unreadable),
    ("pipe", Reason.SPECIAL),
    ("readme.txt", Reason.NOT_DICOM),
    ("round", Reason.LINK),
    ("self", Unreadable),
    ("sub", Reason.SUBDIRECTORY),
    ("z.dcm", "ready"),
]


def test_every_entry_of_a_directory_makes_a_record(tree):
    assert told(collect([tree], scan=True), tree) == HERE
    assert len(HERE) == len(list(tree.iterdir()))


def test_a_directory_that_is_not_to_be_looked_into(tree):
    assert list(collect([tree])) == [LeftOut(tree, Reason.DIRECTORY)]
    assert list(collect([tree, tree / "a.dcm"]))[1].path == tree / "a.dcm"


def test_subdirectories_in_their_place(tree):
    below = [("sub/b.dcm", "ready"), ("sub/deep/c.dcm", "ready")]
    at = HERE.index(("sub", Reason.SUBDIRECTORY))
    assert told(collect(tree, scan=True, recurse=True), tree) == [
        *HERE[:at],
        *below,
        *HERE[at + 1 :],
    ]


def test_links_that_are_followed_and_lead_round(tree):
    records = told(collect([tree], scan=True, recurse=True, follow_links=True), tree)
    assert ("linked/d.dcm", "ready") in records
    assert ("round", Reason.VISITED) in records
    assert len([name for name, what in records if what == "ready"]) == 6
    # Named twice is asked for twice.
    twice = told(collect([tree, tree], scan=True, recurse=True, follow_links=True), tree)
    assert twice == records * 2


def test_what_is_reached_by_a_link_first_is_not_found_again(tree):
    (tree / "A-link").symlink_to(tree / "sub")
    records = told(collect([tree], scan=True, recurse=True, follow_links=True), tree)
    assert ("A-link/deep/c.dcm", "ready") in records
    assert ("sub", Reason.VISITED) in records


def test_names_are_asked_for(tree, tmp_path):
    """Given by name, what is no DICOM file is an error; a DICOMDIR is still left out."""
    names = ["readme.txt", "DICOMDIR", "missing", "pipe", "a.dcm"]
    assert told(collect([tree / name for name in names]), tree) == [
        ("readme.txt", NotDICOM),
        ("DICOMDIR", Reason.DICOMDIR),
        ("missing", Unreadable),
        ("pipe", NotDICOM),
        ("a.dcm", "ready"),
    ]
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        (record,) = collect(str(tmp_path / "socket"))
        assert isinstance(record, Unusable)
        assert isinstance(record.error, Unreadable)


def test_damage_is_an_error_wherever_it_is(tree):
    saved(tree / "damaged.dcm", cut=1)
    assert ("damaged.dcm", Truncated) in told(collect([tree], scan=True), tree)


def test_a_directory_that_cannot_be_searched(tree, monkeypatch):
    real = os.scandir

    def refuse(path):
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    (record,) = [r for r in collect([tree], scan=True, recurse=True) if r.path == tree / "sub"]
    assert isinstance(record, Unusable)
    assert record.directory
    assert str(record.error) == f"{tree / 'sub'}: can't be searched: Permission denied"


def test_a_tree_deeper_than_functions_may_be(tmp_path):
    before = os.open(".", os.O_RDONLY)
    try:
        os.chdir(tmp_path)
        for _ in range(1200):
            os.mkdir("d")  # noqa: PTH102 - its whole path is too long for some
            os.chdir("d")
        os.fchdir(before)
        assert list(find([tmp_path], scan=True, recurse=True)) == []
    finally:
        os.fchdir(before)
        os.close(before)
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)


def test_names_that_are_not_utf_8(tmp_path):
    name = os.fsdecode(b"caf\xe9.dcm")
    saved(tmp_path / name)
    ((found, what),) = told(collect([tmp_path], scan=True), tmp_path)
    assert (found, what) == (name, "ready")


def test_a_single_name_is_one(tree):
    assert [each.path for each in find(str(tree / "a.dcm"))] == [tree / "a.dcm"]


def test_how_they_are_looked_at(tree):
    cache = Cache()
    (item,) = collect([tree / "a.dcm"], cache=cache)
    assert item.content is not None
    write_file(
        tree / "odd.dcm", encode([*identity(), (0x00100010, "PN", b"A")], EXPLICIT), EXPLICIT
    )
    (item,) = collect([tree / "odd.dcm"])
    assert item.warnings
    (record,) = collect([tree / "odd.dcm"], strict=True)
    assert isinstance(record, Unusable)
    assert isinstance(record.error, InvalidFile)


def test_they_come_one_at_a_time(tree):
    records = collect([tree / "a.dcm", tree / "missing"])
    assert next(records).path == tree / "a.dcm"
    (tree / "missing").symlink_to("z.dcm")
    assert next(records).sop_class_uid


def test_a_pattern_says_which_files_of_a_directory_are_meant(tree):
    found = list(find([tree, tree / "readme.txt"], scan=True, recurse=True, pattern="[ab].dcm"))
    taken = {each.path.name for each in found if isinstance(each, Found)}
    assert taken == {"a.dcm", "b.dcm", "readme.txt"}  # what is named is named
    passed = {each.path.name for each in found if getattr(each, "reason", 0) is Reason.PATTERN}
    assert {"z.dcm", "c.dcm", "empty", "file-link", "nowhere"} <= passed


@pytest.mark.parametrize(
    ("form", "whole", "bare"),
    [("any", True, True), ("file", True, False), ("data set", False, True)],
)
def test_what_files_may_be(form, whole, bare, tmp_path):
    data = encode(identity(), EXPLICIT)
    path = write_file(tmp_path / "whole.dcm", data, EXPLICIT)
    (tmp_path / "bare.dcm").write_bytes(data)
    results = list(collect([path, tmp_path / "bare.dcm"], form=form))
    assert [not isinstance(each, Unusable) for each in results] == [whole, bare]
    for each in results:
        assert not isinstance(each, Unusable) or isinstance(each.error, NotDICOM)


def test_a_name_that_is_no_utf_8_is_found_sent_and_said(tmp_path):
    path = saved(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe4.dcm")))
    for found in (*collect(tmp_path, scan=True), *collect([path])):
        assert found.path == path
        found.open(EXPLICIT).close()
