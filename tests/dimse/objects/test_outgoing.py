"""Objects made ready for C-STORE: what `examine` and `Outgoing` promise the engine that sends them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests_datasets import BIG, DEFLATED, EXPLICIT, IMPLICIT, encode, identity, read_all, write_file

from dimse.errors import InvalidFile, NotDICOM, Part10Error, Truncated, Unreadable
from dimse.objects.outgoing import Cache, examine

SYNTAXES = (EXPLICIT, IMPLICIT, DEFLATED)  # as it is, and converted
CACHES = [None, Cache]


def saved(path, more=(0x00100010, "PN", b"A^B "), syntax=EXPLICIT):
    return write_file(path, encode([*identity(), more], syntax), syntax)


def examined(path, cache):
    return examine(path, cache=None if cache is None else cache())


@pytest.fixture
def calls(monkeypatch):
    """The names of the calls of the operating system that open, look at and read files."""
    made = []

    def counted(name):
        real = getattr(os, name)

        def call(*args, **named):
            made.append(name)
            return real(*args, **named)

        monkeypatch.setattr(os, name, call)

    for name in ("open", "fstat", "stat", "read", "readv", "pread", "preadv", "close"):
        counted(name)
    return made


# ------------------------------------------------------------------------------- one way through


@pytest.mark.parametrize("cache", CACHES)
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_file_that_nobody_touches(tmp_path, syntax, cache):
    path = saved(tmp_path / "a.dcm")
    item = examined(path, cache)
    assert (item.path, item.name, item.warnings) == (path, str(path), ())
    assert item.length == path.stat().st_size - item.spans[0][0]
    source = item.open(syntax)
    assert len(read_all(source)) % 2 == 0
    source.finish()
    source.close()
    source.close()


@pytest.mark.parametrize("kind", [str, Path])
def test_paths_of_each_kind(tmp_path, kind):
    assert examine(kind(saved(tmp_path / "a.dcm"))).path == tmp_path / "a.dcm"


def test_a_small_file_costs_an_open_and_a_read_to_examine_and_again_to_send(tmp_path, calls):
    path = saved(tmp_path / "a.dcm")
    calls.clear()
    item = examine(path)
    assert calls == ["open", "fstat", "pread", "close"]
    calls.clear()
    source = item.open(EXPLICIT)
    read_all(source)
    source.finish()
    source.close()
    assert calls == ["open", "fstat", "preadv", "fstat", "close"]


def test_with_a_cache_it_is_read_once(tmp_path, calls):
    path = saved(tmp_path / "a.dcm")
    calls.clear()
    item = examine(path, cache=Cache())
    assert calls == ["open", "fstat", "pread", "close"]
    for syntax in (EXPLICIT, BIG):
        calls.clear()
        source = item.open(syntax)
        read_all(source)
        source.finish()
        source.close()
        assert calls == ["stat", "stat"]  # is it still that file?


def test_a_cache_is_bounded(tmp_path, calls):
    paths = [saved(tmp_path / f"{n}.dcm") for n in range(4)]
    size = paths[0].stat().st_size
    cache = Cache(2 * size)
    items = [examine(path, cache=cache) for path in paths]
    assert [item.content is not None for item in items] == [True, True, False, False]
    assert examine(paths[0], cache=Cache(largest=size - 1)).content is None


def test_a_large_file_is_not_read_whole(tmp_path, calls):
    path = saved(tmp_path / "a.dcm", (0x7FE00010, "OW", bytes(2 << 20)))
    calls.clear()
    assert examine(path, cache=Cache()).content is None
    assert calls == ["open", "fstat", "pread", "close"]


def test_odd_lengths_are_made_even_only_where_all_is_odd(tmp_path):
    odd = saved(tmp_path / "odd.dcm", (0x00100010, "PN", b"A^B"))
    item = examine(odd)
    assert item.odd
    assert "(0010,0010) has the odd length 3" in item.warnings[0]
    source = item.open(EXPLICIT)
    assert read_all(source) == encode([*identity(), (0x00100010, "PN", b"A^B ")], EXPLICIT)
    source.finish()
    source.close()
    data = encode([*identity(), (0x00100010, "PN", b"A^B"), (0x00100020, "LO", b"1")], EXPLICIT)
    source = examine(write_file(odd, data, EXPLICIT)).open(EXPLICIT)
    assert read_all(source) == data
    source.close()


def test_odd_and_damaged_within(tmp_path):
    """What has to be encoded anew has to be understood."""
    broken = b"\x08\0\x40\x11SQ\0\0\x09\0\0\0" + b"no item!!"
    path = write_file(tmp_path / "a.dcm", encode(identity(), EXPLICIT) + broken, EXPLICIT)
    item = examine(path)
    with pytest.raises(InvalidFile, match="in the place of an item") as caught:
        item.open(EXPLICIT)
    assert caught.value.path == str(path)


# ------------------------------------------------------------------- files that do not stay still


@pytest.mark.parametrize("cache", CACHES)
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_file_that_is_overwritten_while_it_is_sent(tmp_path, syntax, cache):
    path = saved(tmp_path / "a.dcm")
    source = examined(path, cache).open(syntax)
    read_all(source)
    status = path.stat()
    with path.open("r+b") as file:
        file.write(bytes(128))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    with pytest.raises(Unreadable, match="changed while it was sent"):
        source.finish()
    source.close()


@pytest.mark.parametrize("cache", CACHES)
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_file_that_is_another_one_when_its_turn_comes(tmp_path, syntax, cache):
    path = saved(tmp_path / "a.dcm")
    item = examined(path, cache)
    saved(tmp_path / "b.dcm").rename(path)
    with pytest.raises(Unreadable, match="has changed since it was examined"):
        item.open(syntax)
    path.unlink()
    with pytest.raises(Unreadable, match="No such file"):
        item.open(syntax)


@pytest.mark.parametrize("cache", CACHES)
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_pipe_in_the_place_of_a_file_does_not_block(tmp_path, syntax, cache):
    path = saved(tmp_path / "a.dcm")
    item = examined(path, cache)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Unreadable, match="has changed"):
        item.open(syntax)


def test_a_file_that_is_replaced_while_it_is_sent(tmp_path):
    """The one that is open is still whole, and the one that was examined."""
    path = saved(tmp_path / "a.dcm")
    source = examine(path).open(EXPLICIT)
    saved(tmp_path / "b.dcm").rename(path)
    read_all(source)
    source.finish()
    source.close()


def test_a_file_that_shrinks_while_it_is_sent(tmp_path):
    path = saved(tmp_path / "a.dcm")
    source = examine(path).open(EXPLICIT)
    size = path.stat().st_size - 10
    os.truncate(path, size)
    with pytest.raises(Truncated) as caught:
        read_all(source)
    assert caught.value.offset == caught.value.size == size
    source.close()


def test_a_file_that_shrinks_while_it_is_read(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.dcm")
    real = os.pread

    def pread(*args):
        os.truncate(path, 100)
        return real(*args)

    monkeypatch.setattr(os, "pread", pread)
    with pytest.raises(Truncated):
        examine(path, cache=Cache())


def test_a_source_that_is_read_too_late(tmp_path):
    path = saved(tmp_path / "a.dcm")
    source = examine(path).open(EXPLICIT)
    source.close()
    with pytest.raises(Unreadable, match="Bad file descriptor"):
        source.readinto(memoryview(bytearray(5)))


def test_forgetting_to_close_is_told_and_mended(tmp_path):
    found = [examine(saved(tmp_path / "a.dcm")).open(EXPLICIT)]
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.warns(ResourceWarning, match="not closed"):
        found.clear()  # the last reference
    assert len(list(Path("/proc/self/fd").iterdir())) == before - 1


# ------------------------------------------------------------------------------------------ strict


def test_strict_refuses_what_is_tolerated(tmp_path):
    path = saved(tmp_path / "odd.dcm", (0x00100010, "PN", b"A^B"))
    with pytest.raises(InvalidFile, match=r"odd length.*strict") as caught:
        examine(path, strict=True)
    assert caught.value.path == str(path)
    good = saved(tmp_path / "good.dcm")
    assert examine(good, strict=True) == examine(good)


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    for name, kind in (("pipe", NotDICOM), ("empty", NotDICOM), ("", NotDICOM), ("x", Unreadable)):
        with pytest.raises(Part10Error) as caught:
            examine(tmp_path / name, cache=Cache())
        assert type(caught.value) is kind


@pytest.mark.parametrize("name", ["ct\0.dcm", "\ud800.dcm"])
def test_a_name_that_no_file_can_have(name):
    with pytest.raises(Unreadable, match=r"can't be read: .*Check the name"):
        examine(name)
