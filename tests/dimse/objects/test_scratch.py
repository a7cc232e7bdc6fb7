"""Bytes that are collected in memory, and in a file when they are many."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from dimse.objects import scratch
from dimse.objects.scratch import Scratch


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def content(room, step=7):
    out, buffer = b"", memoryview(bytearray(step))
    while count := room.read(len(out), buffer):
        out += buffer[:count]
    return out


@given(st.lists(st.binary(max_size=30)), st.lists(st.tuples(st.integers(0), st.binary(max_size=3))))
def test_it_reads_what_was_appended_and_corrected(parts, corrections):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scratch, "SCRATCH", 50)
        room, expected = Scratch(), bytearray()
        for part in parts:
            room.append(part)
            expected += part
            assert len(room) == len(expected)
            for at, data in corrections:
                place = at % max(len(expected), 1)
                if place + len(data) <= len(expected):
                    expected[place : place + len(data)] = data
                    room.correct(place, data)
        assert content(room) == expected
        room.close()
        room.close()


def test_the_file_is_made_late_and_given_back(monkeypatch):
    monkeypatch.setattr(scratch, "SCRATCH", 5)
    descriptors = open_files()
    room = Scratch()
    room.append(b"12345")
    assert open_files() == descriptors
    room.append(b"6")
    assert open_files() == descriptors + 1
    room.close()
    assert open_files() == descriptors


def test_a_full_disk_is_said(monkeypatch):
    monkeypatch.setattr(scratch, "SCRATCH", 5)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    room = Scratch()
    with pytest.raises(OSError, match="No space left"):
        room.append(b"123456")
    room.close()
