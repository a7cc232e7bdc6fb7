"""What is written down is there, also after a kill; what is not, is an error."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_faces import FILES

from dimse import aio
from dimse.client import Client
from dimse.errors import InvalidValue, JournalFailed
from dimse.events import Confirmed, GivenUp
from dimse.journal import Journal
from dimse.objects.outgoing import examine
from dimse.outcome import Outcome
from dimse.server import Server
from dimse.storage.sink import Discard


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal") as each:
        yield each


def stored(path: Path, status: int = 0) -> Any:
    outgoing = examine(path)
    return outgoing, Outcome.of(outgoing, status=status)


def test_what_was_stored_is_confirmed_for_its_peer_and_file_alone(
    journal: Journal, tmp_path: Path
) -> None:
    path = Path(shutil.copy(FILES[0], tmp_path / "a.dcm"))
    page = journal.page("PACS", "host", 104)
    outgoing, outcome = stored(path)
    assert page.confirmed(outgoing) is None
    page.record(outgoing, outcome)
    assert page.confirmed(outgoing)
    assert journal.page("PACS", "host", 105).confirmed(outgoing) is None
    assert journal.page("OTHER", "host", 104).confirmed(outgoing) is None
    # By another name, relative to somewhere else: the same file.
    relative = examine(os.path.relpath(path))
    assert page.confirmed(relative)
    os.utime(path, ns=(1, 1))
    assert page.confirmed(examine(path)) is None
    # The same size and time, but another object.
    other = Path(shutil.copy(path, tmp_path / "b.dcm"))
    uid = outgoing.sop_instance_uid.encode()
    other.write_bytes(path.read_bytes().replace(uid, uid[:-1] + bytes([uid[-1] ^ 1])))
    os.utime(path, ns=(5, 5))
    page.record(*stored(path))
    other.replace(path)
    os.utime(path, ns=(5, 5))
    assert page.confirmed(examine(path)) is None


def test_it_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    for expected in (False, True):
        with Journal(tmp_path / "journal") as journal:
            page = journal.page("PACS", "host", 104)
            assert bool(page.confirmed(examine(FILES[0]))) is expected
            page.record(*stored(FILES[0]))


def test_the_files_that_failed_and_were_not_stored_since(journal: Journal, tmp_path: Path) -> None:
    paths = [Path(shutil.copy(FILES[0], tmp_path / f"{n}.dcm")) for n in range(3)]
    paths.append(tmp_path / os.fsdecode(b"not utf-8 \xff"))
    page = journal.page("PACS", "host", 104)
    for path in paths[:3]:
        page.record(*stored(path, 0xA700))
    page.record(None, Outcome(file=str(paths[3]), error=InvalidValue("file", "is none")))
    os.utime(paths[1])
    page.record(*stored(paths[1]))
    page.record(*stored(paths[2]))
    assert list(journal.failed()) == [str(paths[0]), str(paths[3])]


def test_what_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("this is a letter, not a data base " * 50)
    other = tmp_path / "other"
    base = sqlite3.connect(other)
    base.execute("CREATE TABLE patients (name)")
    base.commit()
    base.close()
    before = text.read_bytes(), other.read_bytes()
    for path in (text, other, tmp_path, tmp_path / "nowhere" / "journal"):
        with pytest.raises(JournalFailed, match=path.name):
            Journal(path)
    assert (text.read_bytes(), other.read_bytes()) == before
    with Journal(tmp_path / "new") as journal:
        journal.run("PRAGMA user_version = 99", ())
    with pytest.raises(JournalFailed, match="version 99"):
        Journal(tmp_path / "new")


def test_a_full_disk_is_an_error_and_what_was_written_stays(journal: Journal) -> None:
    page = journal.page("PACS", "host", 104)
    page.record(*stored(FILES[0]))
    journal.run("PRAGMA max_page_count = 2", ())
    outgoing = examine(FILES[1])
    long = Outcome.of(outgoing, error=InvalidValue("file", "x" * 100_000))
    with pytest.raises(JournalFailed, match="full"):
        page.record(outgoing, long)
    assert page.confirmed(examine(FILES[0]))
    assert page.confirmed(outgoing) is None


def test_a_kill_loses_nothing_that_was_recorded(tmp_path: Path) -> None:
    code = (
        "import sys; from dimse.journal import Journal; from dimse.outcome import Outcome\n"
        "from dimse.objects.outgoing import examine\n"
        "page = Journal(sys.argv[1]).page('PACS', 'host', 104)\n"
        "for path in sys.argv[2:]:\n"
        "    each = examine(path)\n"
        "    page.record(each, Outcome.of(each, status=0)); print(path, flush=True)\n"
        "import time; time.sleep(600)"
    )
    root = Path(__file__).parents[2]
    arguments = [str(tmp_path / "journal"), *map(str, FILES)]
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline().strip() for _ in FILES]
        process.send_signal(signal.SIGKILL)
    with Journal(tmp_path / "journal") as journal:
        page = journal.page("PACS", "host", 104)
        assert all(page.confirmed(examine(path)) for path in told)


@pytest.mark.parametrize("face", ["blocking", "aio"])
@pytest.mark.parametrize("associations", [1, 3])
def test_the_same_call_again_sends_the_rest(tmp_path: Path, face: str, associations: int) -> None:
    """The first time some are refused; the second time they alone are sent."""
    seen: list[str] = []
    bad = {examine(path).sop_instance_uid for path in FILES[:2]}

    def on_store(request: Any) -> int:
        seen.append(request.sop_instance_uid)
        return 0xA900 if request.sop_instance_uid in bad else 0

    def send(journal: Journal) -> list[Any]:
        how: Any = {"journal": journal, "associations": associations}
        if face == "blocking":
            return list(Client("127.0.0.1", port).send(FILES, **how))

        async def run() -> list[Any]:
            return [each async for each in aio.Client("127.0.0.1", port).send(FILES, **how)]

        return asyncio.run(run())

    with Server(lambda _: Discard(), on_store=on_store, host="127.0.0.1") as scp:
        port = scp.address[1]
        with Journal(tmp_path / "journal") as journal:
            send(journal)
            assert sorted(journal.failed()) == sorted(map(str, FILES[:2]))
        first, bad = set(seen), set()
        seen.clear()
        with Journal(tmp_path / "journal") as journal:
            events = send(journal)
            assert list(journal.failed()) == []
    assert len(first) == len({examine(path).sop_instance_uid for path in FILES})
    assert set(seen) == {examine(path).sop_instance_uid for path in FILES[:2]}
    assert sum(isinstance(each, Confirmed) for each in events) == len(FILES) - len(seen)
    assert not any(isinstance(each, GivenUp) for each in events)


def test_copies_on_purpose_have_no_journal(journal: Journal) -> None:
    with pytest.raises(InvalidValue, match="journal"):
        Client("127.0.0.1", 1).send(FILES, journal=journal, repeat=2)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, with room for a journal and not much more."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a file system, and not everywhere")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("face", ["blocking", "aio"])
@pytest.mark.parametrize("associations", [1, 2])
def test_a_disk_that_is_really_full(
    small_disk: Path, tmp_path: Path, face: str, associations: int
) -> None:
    """What the peer has is told, no more is begun; with room again the same call sends the rest."""
    seen: list[str] = []
    one_at_a_time = threading.Lock()
    path, filler = small_disk / "journal", small_disk / "filler"

    def on_store(request: Any) -> int:
        with one_at_a_time:
            seen.append(request.sop_instance_uid)
            if len(seen) == 4:
                with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                    while file.write(bytes(1024)):
                        pass
        return 0

    def send(journal: Journal) -> list[Any]:
        how: Any = {"journal": journal, "associations": associations}
        if face == "blocking":
            return list(Client("127.0.0.1", port).send(FILES, **how))

        async def run() -> list[Any]:
            return [each async for each in aio.Client("127.0.0.1", port).send(FILES, **how)]

        return asyncio.run(run())

    with Server(lambda _: Discard(), on_store=on_store, host="127.0.0.1") as scp:
        port = scp.address[1]
        with Journal(path) as journal:
            events = send(journal)
        stored = [e.sop_instance_uid for e in events if isinstance(e, Outcome) and e.stored]
        assert sorted(stored) == sorted(seen)
        assert 4 <= len(stored) < len(FILES)
        (given_up,) = (each for each in events if isinstance(each, GivenUp))
        assert isinstance(given_up.error, JournalFailed)
        assert "full" in str(given_up.error)
        filler.unlink()
        with Journal(path) as journal:
            events = send(journal)
            assert list(journal.failed()) == []
    confirmed = sum(isinstance(each, Confirmed) for each in events)
    again = [e for e in events if isinstance(e, Outcome)]
    assert all(each.stored for each in again)
    assert len(again) + confirmed == len(FILES)
    # What could not be written down any more, once for each association, and what was left.
    assert len(stored) - associations - 1 <= confirmed <= len(stored)
