"""Objects in archives: sent as from a file of their own, each archive bounded and left as it is."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests_datasets import EXPLICIT, encode, identity, read_all, write_file

from dimse.errors import InvalidFile, Unreadable
from dimse.objects import archives
from dimse.objects.archives import Archive
from dimse.objects.finder import LeftOut, Reason, Unusable, collect
from dimse.objects.outgoing import Cache

NAMES = ["ct/1.dcm", "ct/2.dcm", "mr/3.dcm"]


@pytest.fixture
def objects(tmp_path):
    """Three objects, by their names."""
    (tmp_path / "in").mkdir()
    found = {}
    for number, name in enumerate(NAMES):
        data = encode([*identity(instance=f"1.2.{number}"), (0x00100020, "LO", b"ID")], EXPLICIT)
        path = write_file(tmp_path / "in" / f"{number}", data, EXPLICIT)
        found[name] = path.read_bytes()
    return found


def zipped(path, files, **how):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content, **how)
    return path


def tarred(path, files, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def made(path, files):
    kinds = {".tar": "w", ".tgz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}
    return zipped(path, files) if path.suffix == ".zip" else tarred(path, files, kinds[path.suffix])


def sent(item):
    source = item.open(EXPLICIT)
    try:
        data = read_all(source)
        source.finish()
        return data
    finally:
        source.close()


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("cache", [None, Cache])
@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz", "a.tar.bz2", "A.TAR.XZ"])
def test_members_go_out_as_files_do(tmp_path, objects, name, cache):
    path = made(tmp_path / name.lower(), objects).rename(tmp_path / name)
    found = list(collect([path], cache=cache and cache()))
    assert [each.name for each in found] == [f"{path}!{name}" for name in NAMES]
    assert [each.sop_instance_uid for each in found] == ["1.2.0", "1.2.1", "1.2.2"]
    for item, content in zip(reversed(found), reversed(list(objects.values())), strict=True):
        assert content.endswith(sent(item))
        assert (item.file, item.length) == (None, len(sent(item)))


@pytest.mark.parametrize(("end", "compress"), [("gz", gzip), ("bz2", bz2), ("xz", lzma)])
def test_a_single_compressed_file(tmp_path, objects, end, compress):
    path = tmp_path / f"ct.dcm.{end}"
    path.write_bytes(compress.compress(objects[NAMES[0]]))
    [item] = collect(path)
    assert item.name == f"{path}!ct.dcm"
    assert objects[NAMES[0]].endswith(sent(item))


def test_what_is_no_object_is_said(tmp_path, objects):
    nested = zipped(tmp_path / "n.zip", objects).read_bytes()
    files = {
        **objects,
        "read.me": b"no DICOM at all",
        "more.zip": nested,
        "cut.dcm": b"",
        "d/": b"",
    }
    files["cut.dcm"] = objects[NAMES[0]][:-3]
    found = list(collect(zipped(tmp_path / "a.zip", files)))
    left = {str(each.path).partition("!")[2]: each for each in found[3:]}
    assert left.keys() == {"read.me", "more.zip", "cut.dcm"}
    assert left["read.me"].reason is Reason.NOT_DICOM
    assert left["more.zip"].reason is Reason.ARCHIVE
    assert "truncated" in str(left["cut.dcm"].error)


def test_links_in_a_tar_are_said_and_not_followed(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        link = tarfile.TarInfo("out.dcm")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    [left] = collect(tmp_path / "a.tar")
    assert left == LeftOut(Path(f"{tmp_path}/a.tar!out.dcm"), Reason.NO_FILE)


def test_archives_in_directories_are_opened_only_if_asked_for(tmp_path, objects):
    folder = tmp_path / "top"
    folder.mkdir()
    path = zipped(folder / "a.zip", objects)
    assert list(collect(folder, scan=True)) == [LeftOut(path, Reason.ARCHIVE)]
    assert len(list(collect(folder, scan=True, archives=True))) == 3


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz", "a.dcm.gz", "none.zip"])
@pytest.mark.parametrize("content", [b"", b"nothing of the kind" * 100])
def test_what_is_no_archive_is_an_error(tmp_path, name, content):
    path = tmp_path / name
    if name != "none.zip":
        path.write_bytes(content)
    [found] = collect(path)
    assert isinstance(found, Unusable)
    assert str(path) in str(found.error)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz"])
def test_an_archive_that_is_cut_off_gives_what_is_whole(tmp_path, objects, name):
    files = {**objects, "big.dcm": objects[NAMES[0]] + os.urandom(100_000)}
    path = made(tmp_path / name, files)
    path.write_bytes(path.read_bytes()[:-60_000])
    found = list(collect(path))
    assert isinstance(found[-1], Unusable)
    whole = [each for each in found if not isinstance(each, Unusable)]
    assert all(objects[each.member.inner].endswith(sent(each)) for each in whole)
    assert len(whole) == (3 if name == "a.tar" else len(whole))


def test_a_damaged_member_of_a_zip_is_found_by_its_check_sum(tmp_path, objects):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.dcm", objects[NAMES[0]])
    path.write_bytes(path.read_bytes().replace(b"\x10\0\x20\0LO\2\0ID", b"\x10\0\x20\0LO\2\0XX"))
    [found] = collect(path)
    assert isinstance(found.error, InvalidFile)
    assert "CRC" in str(found.error)


@pytest.mark.parametrize("name", ["a.zip", "a.tgz"])
def test_an_archive_that_changes_before_its_turn_is_an_error(tmp_path, objects, name):
    path = made(tmp_path / name, objects)
    found = list(collect(path))
    made(path, {**objects, "more": b"x"})
    with pytest.raises(Unreadable, match="has changed"):
        found[0].open(EXPLICIT)


def test_a_bomb_is_bounded(tmp_path, monkeypatch):
    path = zipped(tmp_path / "bomb.zip", {f"{n}.dcm": bytes(1 << 20) for n in range(4)})
    monkeypatch.setattr(archives, "MAXIMUM_INFLATED", 1 << 19)
    found = list(collect(path))
    assert len(found) == 4
    assert all("more than 524288 bytes" in str(each.error) for each in found)
    monkeypatch.setattr(archives, "MAXIMUM_INFLATED", 1 << 21)
    monkeypatch.setattr(archives, "MAXIMUM_UNPACKED", 1 << 20)
    found = list(collect(path))
    assert isinstance(found[0], LeftOut)
    assert all("its archive unpacks to more" in str(each.error) for each in found[1:])


def test_memory_and_descriptors_are_given_back(tmp_path, objects):
    path = tarred(tmp_path / "a.tgz", objects, "w:gz")
    before = open_files()
    found = list(collect(path))
    assert [sent(each) for each in found]
    assert open_files() > before
    del found
    assert open_files() == before


def test_members_in_their_order_cost_one_pass_each(tmp_path, objects):
    """A compressed tar is not unpacked from its beginning for each member."""
    files = {f"{n:03}.dcm": objects[NAMES[0]] + os.urandom(10_000) for n in range(50)}
    archive = Archive(tarred(tmp_path / "a.tgz", files, "w:gz"))
    read = 0
    for member in archive.members():
        archive.unpack(member, "examine").close()
        stream = archive._files["examine"]
        assert stream.tell() >= read
        read = stream.tell()
    assert read > 500_000
