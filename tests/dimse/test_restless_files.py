"""Files that do not stay as they were examined: end to end, both faces.

While the first object comes in, something happens to its file or to the next one. Only what was
sent as it was examined is said to be stored, nothing blocks, and the others go.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from test_faces import Asyncio, Blocking
from tests_datasets import sparse_file

from dimse.errors import Unreadable
from dimse.requests import StoreRequest
from dimse.server import Server
from dul.errors import SourceFailed

LARGE = 64 << 20  # more than the kernel holds between two ends


class Happens:
    """A sink that lets something happen when the first data of an object is there."""

    def __init__(self, instance: str, happen: Callable[[], object]) -> None:
        self.instance, self.happen = instance, happen
        self.whole: list[str] = []
        self._now = ""
        self._length = 0

    def open(self, request: StoreRequest) -> Happens:
        self._now, self._length = request.sop_instance_uid, 0
        return self

    def write(self, views: Sequence[memoryview]) -> None:
        if self._now == self.instance and not self._length:
            self.happen()
        self._length += sum(map(len, views))

    def commit(self) -> None:
        self.whole.append(self._now)

    def discard(self) -> None:
        """Nothing is kept."""


@pytest.fixture(params=[Blocking, Asyncio])
def client(request: Any) -> Any:
    return request.param


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [
        sparse_file(tmp_path / f"{n}.dcm", f"1.2.{n}", LARGE if n == 0 else 1000) for n in (0, 1, 2)
    ]


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-2, os.SEEK_END)
        file.write(b"!!")


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"!!")


def truncate(path: Path) -> None:
    os.truncate(path, 1 << 20)


def replace(path: Path) -> None:
    path.with_suffix(".new").write_bytes(path.read_bytes()[:4096])
    path.with_suffix(".new").rename(path)


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def send(client: Any, files: list[Path], happen: Callable[[], object]) -> tuple[Any, list[str]]:
    sink = Happens("1.2.0", happen)
    with Server(sink.open, host="127.0.0.1") as scp:
        outcomes = client(scp.address[1]).store(files)
    assert [each.path for each in outcomes] == files
    assert {each.sop_instance_uid for each in outcomes if each.stored} <= set(sink.whole)
    return outcomes, sink.whole


@pytest.mark.parametrize("change", [overwrite, append, truncate])
def test_the_file_changes_while_it_is_sent(
    client: Any, files: list[Path], change: Callable[[Path], None]
) -> None:
    outcomes, _ = send(client, files, lambda: change(files[0]))
    assert [each.stored for each in outcomes] == [False, True, True]
    assert isinstance(outcomes[0].error, SourceFailed if change is truncate else Unreadable)
    assert str(files[0]) in outcomes[0].meaning


@pytest.mark.parametrize("change", [replace, Path.unlink, fifo])
def test_its_name_stands_for_something_else_while_it_is_sent(
    client: Any, files: list[Path], change: Callable[[Path], None]
) -> None:
    """The file that is open is still the one that was examined."""
    outcomes, whole = send(client, files, lambda: change(files[0]))
    assert [each.stored for each in outcomes] == [True, True, True]
    assert whole == ["1.2.0", "1.2.1", "1.2.2"]


@pytest.mark.parametrize(
    "change", [overwrite, truncate, replace, Path.unlink, fifo, device, directory]
)
def test_the_next_file_changes_before_its_turn(
    client: Any, files: list[Path], change: Callable[[Path], None]
) -> None:
    outcomes, whole = send(client, files, lambda: change(files[1]))
    assert [each.stored for each in outcomes] == [True, False, True]
    assert isinstance(outcomes[1].error, Unreadable)
    assert str(files[1]) in outcomes[1].meaning
    assert whole == ["1.2.0", "1.2.2"]
