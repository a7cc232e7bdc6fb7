"""Files that are flushed together, and who is told when that fails."""

import errno
import os
from pathlib import Path

import pytest

from dimse.storage import unflushed
from dimse.storage.unflushed import Unflushed


@pytest.fixture
def flushed(monkeypatch, tmp_path):
    """Names of what is flushed, in order; names in `failing` fail."""
    seen, real = [], os.fsync

    def fsync(fd):
        name = os.path.relpath(Path(f"/dev/fd/{fd}").readlink(), tmp_path)
        seen.append(name)
        if name in seen.failing:
            raise OSError(errno.EIO, "Input/output error")
        real(fd)

    class Seen(list):
        failing = ()

    seen = Seen()
    monkeypatch.setattr(os, "fsync", fsync)
    return seen


def file(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"content")
    return path


def test_files_first_then_their_directories_from_the_inside_out(flushed, tmp_path):
    waiting = Unflushed(tmp_path)
    waiting.add(file(tmp_path / "a" / "b" / "one"), "me")
    waiting.add(file(tmp_path / "two"), "me")
    assert flushed == []
    waiting.flush("me")
    assert flushed == ["a/b/one", "two", "a/b", "a", "."]
    waiting.flush("me")
    assert len(flushed) == 5


def test_one_flush_is_for_all_and_failures_are_told_to_their_owners(flushed, tmp_path):
    waiting = Unflushed(tmp_path)
    waiting.add(file(tmp_path / "bad"), "me")
    waiting.add(file(tmp_path / "good"), "you")
    flushed.failing = ("bad",)
    waiting.flush("you")
    flushed.failing = ()
    with pytest.raises(OSError, match="Input/output"):
        waiting.flush("me")  # it was flushed for you, and the kernel would not say so again
    waiting.flush("me")


def test_a_directory_that_can_not_be_flushed_is_told_to_all(flushed, tmp_path):
    waiting = Unflushed(tmp_path)
    waiting.add(file(tmp_path / "one"), "me")
    waiting.add(file(tmp_path / "two"), "you")
    flushed.failing = (".",)
    for owner in ("me", "you"):
        with pytest.raises(OSError, match="Input/output"):
            waiting.flush(owner)


def test_what_nobody_was_told_is_told_at_the_end(flushed, tmp_path):
    waiting = Unflushed(tmp_path)
    waiting.add(file(tmp_path / "bad"), "who is gone")
    flushed.failing = ("bad",)
    waiting.flush("you")
    with pytest.raises(OSError, match="Input/output"):
        waiting.flush_all()
    waiting.flush_all()


def test_not_too_many_wait(flushed, tmp_path, monkeypatch):
    monkeypatch.setattr(unflushed, "MAXIMUM_UNFLUSHED", 3)
    waiting = Unflushed(tmp_path)
    for name in "abcd":
        waiting.add(file(tmp_path / name), "me")
    assert flushed == ["a", "b", "c", "."]


def test_what_somebody_moved_away_meanwhile_is_no_failure(flushed, tmp_path):
    waiting = Unflushed(tmp_path)
    waiting.add(file(tmp_path / "a" / "one"), "me")
    (tmp_path / "a" / "one").rename(tmp_path / "two")
    (tmp_path / "a").rmdir()
    waiting.flush("me")
    assert flushed == ["."]
