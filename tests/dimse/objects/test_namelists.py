"""Lists of names: of any bytes, taken name by name."""

from __future__ import annotations

import io
import os
import sys

import pytest

from dimse.errors import Unreadable
from dimse.objects.namelists import names_from, names_in


@pytest.mark.parametrize(
    ("content", "nul", "names"),
    [
        (b"a.dcm\nb b.dcm\n\nc", False, ["a.dcm", "b b.dcm", "c"]),
        (b"a\nb\0c\0", True, ["a\nb", "c"]),
        (b"", False, []),
        (b"\xff\xfe.dcm\n", False, [os.fsdecode(b"\xff\xfe.dcm")]),
        (b"x" * 100_000 + b"\ny", False, ["x" * 100_000, "y"]),
    ],
)
def test_a_list_of_names(content, nul, names):
    assert list(names_in(io.BytesIO(content), nul=nul)) == names


def test_a_list_is_taken_name_by_name(tmp_path):
    """Whoever writes the list may still be at it."""
    read, write = os.pipe()
    with os.fdopen(read, "rb", 0) as stream, os.fdopen(write, "wb", 0) as writer:
        names = names_in(stream)
        for name in ("a", "b"):
            writer.write(f"{name}\n".encode())
            assert next(names) == name


@pytest.mark.parametrize("nul", [False, True])
def test_a_list_is_a_file_or_standard_input(tmp_path, monkeypatch, nul):
    end = "\0" if nul else "\n"
    path = tmp_path / "list"
    path.write_text(end.join(["a.dcm", "b.dcm", ""]))
    assert list(names_from(path, nul=nul)) == ["a.dcm", "b.dcm"]
    with path.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert list(names_from("-", nul=nul)) == ["a.dcm", "b.dcm"]
        assert not stream.closed


def test_a_list_that_cannot_be_read_is_told_when_the_first_name_is_taken(tmp_path):
    names = names_from(tmp_path / "gone")
    with pytest.raises(Unreadable, match="cannot read the list of files: No such file"):
        next(names)
