"""`dimse.marking`: files that say by their names what became of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dimse.errors import CannotTranscode, NotDICOM, Unreadable
from dimse.marking import Marker
from dimse.outcome import Outcome


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ct.dcm"
    path.write_bytes(b"content")
    return path


def outcome(path: Path, status: int | None = 0, error: object = None) -> Outcome:
    return Outcome(file=str(path), name=str(path), status=status, error=error, attempts=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "error", "ending"),
    [
        (0, None, ".done"),
        (0xB000, None, ".done"),
        (0xA700, None, ".bad"),
        (None, CannotTranscode("x", "1.2", ["1.2.3"], "no"), ".bad"),
        (None, NotDICOM("x", "no"), ".bad"),
    ],
)
def test_the_name_says_what_became_of_it(
    file: Path, status: int, error: object, ending: str
) -> None:
    new = file.with_name("ct.dcm" + ending)
    assert Marker().mark(outcome(file, status, error)) == new
    assert not file.exists()
    assert new.read_bytes() == b"content"


def test_what_has_no_file_or_could_not_be_read_stays(file: Path) -> None:
    assert Marker().mark(outcome(file, None, Unreadable(file, "no"))) is None
    assert Marker().mark(Outcome(file=None, name="data set", status=0, attempts=1)) is None
    assert file.exists()


def test_after_the_last_copy_and_bad_if_one_was(file: Path) -> None:
    marker = Marker(repeat=3)
    assert marker.mark(outcome(file)) is None
    assert marker.mark(outcome(file, 0xA700)) is None
    assert marker.mark(outcome(file)) == file.with_name("ct.dcm.bad")


def test_a_file_of_that_name_stays_and_so_does_this_one(file: Path) -> None:
    there = file.with_name("ct.dcm.done")
    there.write_bytes(b"another")
    with pytest.raises(FileExistsError):
        Marker().mark(outcome(file))
    assert there.read_bytes() == b"another"
    assert file.exists()
