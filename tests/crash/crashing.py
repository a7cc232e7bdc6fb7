"""Kill a storescp at random moments while two senders store; then see what is on the disk.

What is held against it: each object that its sender saw confirmed is there, whole and identical; no
file under a final name is anything but an object that was sent, whole; what a killed server left is
gone once the next one serves; and, with an index, each confirmed object is in it.

Objects are sent again and again under few names, each time with another content, so that stored
ones are in danger, too. Senders speak through sockets of their own (`serving.Caller`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from s3 import BUCKET, S3Server
from serving import CT, EXPLICIT, Caller
from tests_datasets import encode

from dimse.messages.composite import CStoreRQ
from dul.errors import DulcetError

ROOT = Path(__file__).parents[2]
NAMES_OF_A_SENDER = 12
LARGEST = 400_000  # bytes of pixel data
LATEST = 1.0  # seconds of a round before the server is killed
GUARD = 60.0


def content_of(instance: str, version: int) -> bytes:
    """The data set of an object: what it says of itself, and noise that only this version has."""
    noise = random.Random(f"{instance} {version}")
    pixels = noise.randbytes(2 * noise.choice([8, 500, 20_000, noise.randrange(LARGEST // 2)]))
    return encode(
        [
            (0x00080016, "UI", _even(CT)),
            (0x00080018, "UI", _even(instance)),
            (0x00100020, "LO", _even(f"P{version}", b" ")),
            (0x0020000D, "UI", _even("1.2.3")),
            (0x0020000E, "UI", _even("1.2.3.4")),
            (0x00200013, "IS", _even(str(version), b" ")),
            (0x7FE00010, "OW", pixels),
        ],
        EXPLICIT,
    )


def _even(text: str, padding: bytes = b"\0") -> bytes:
    value = text.encode()
    return value + padding * (len(value) % 2)


@dataclass
class Sent:
    """What was sent under one name."""

    attempted: int = 0  # the latest version that went out, answered or not
    confirmed: int = 0  # the latest version whose Success came


@dataclass
class Tally:
    """What happened in all rounds."""

    rounds: int = 0
    confirmed: int = 0
    refused: int = 0
    stored_after_refusal: int = 0
    swept: int = 0  # temporary files that a kill left, and the next start removed
    names: dict[str, Sent] = field(default_factory=dict)


class Sender(threading.Thread):
    """Stores objects one after the other, on one association after the other, until it is told to stop."""

    def __init__(self, number: int, port: int, tally: Tally, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self._names = [f"2.25.{number}{each:02}" for each in range(1, NAMES_OF_A_SENDER + 1)]
        self._port = port
        self._tally = tally
        self._over = over
        self._random = random.Random()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            while not self._over.is_set():
                # Whom the server leaves calls again; it may be gone, or be made anew.
                with contextlib.suppress(DulcetError, OSError):
                    with Caller(self._port, (CT, [EXPLICIT])) as caller:
                        for _ in range(self._random.randrange(1, 20)):
                            self._store(caller)
                            if self._over.is_set():
                                break
        except Exception as error:
            self.error = error

    def _store(self, caller: Caller) -> None:
        instance = self._random.choice(self._names)
        sent = self._tally.names.setdefault(instance, Sent())
        sent.attempted += 1
        version = sent.attempted
        asked = CStoreRQ(
            message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid=instance
        )
        status = caller.ask(asked, content_of(instance, version)).status
        if status == 0:
            sent.confirmed = version
            self._tally.confirmed += 1
            self._tally.stored_after_refusal += bool(self._tally.refused)
        elif status == 0xA700:
            self._tally.refused += 1
        else:
            raise AssertionError(f"status {status:04X}H")


class Crashing:
    """Rounds over one directory.

    Args:
        directory: an empty one.
        options: of storescp, besides the directory.
        bucket: the directory is that of an object store, which it is to have from here.
        index: whether it keeps an index, and that is looked at.
        latest: seconds of a round before the server is killed, at most.
        disturb: called again and again while objects come, with the time since the round began.
        seed: of the moments when it is killed.
    """

    def __init__(
        self,
        directory: Path,
        options: Sequence[str] = (),
        *,
        bucket: S3Server | None = None,
        index: bool = False,
        latest: float = LATEST,
        disturb: Callable[[], None] | None = None,
        seed: int | None = None,
    ) -> None:
        self.directory = directory
        self.tally = Tally()
        if bucket is None:
            self._options = ["-od", str(directory), *options]
            self._environment: dict[str, str] = {}
        else:
            self._options = ["--object-store", f"s3://{BUCKET}/{directory.name}", *options]
            self._environment = bucket.environment
        # Beside the directory, and not on the small file system that fills up.
        self._index = directory.parent / f"{directory.name}.sqlite" if index else None
        self._latest = latest
        self._disturb = disturb
        self._workers = "--workers" in self._options
        self._random = random.Random(seed)

    def run(self, rounds: int) -> Tally:
        """Kill it so many times; raises AssertionError for the first thing that is wrong."""
        for _ in range(rounds):
            self._round()
            self.look()
            self.tally.rounds += 1
        left = self._leftovers()
        with self._serving():
            assert not left & self._leftovers(), "what the last one left was not removed"
        return self.tally

    # ------------------------------------------------------------------------- one round --

    def _round(self) -> None:
        left = self._leftovers()
        with self._serving() as (process, port, pids):
            assert not left & self._leftovers(), "what a killed server left was not removed"
            self.tally.swept += len(left)
            over = threading.Event()
            senders = [Sender(number, port, self.tally, over) for number in (1, 2)]
            for sender in senders:
                sender.start()
            until = time.monotonic() + self._random.uniform(0.02, self._latest)
            while time.monotonic() < until:
                if self._disturb is not None:
                    self._disturb()
                if pids and self._random.random() < 0.02:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(self._random.choice(pids), signal.SIGKILL)
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)
            over.set()
            for sender in senders:
                sender.join(GUARD)
                assert not sender.is_alive()
                if sender.error is not None:
                    raise sender.error

    @contextlib.contextmanager
    def _serving(self) -> Iterator[tuple[subprocess.Popen[str], int, list[int]]]:
        """A server that serves; killed in the end with all that belongs to it."""
        command = [sys.executable, "-m", "cli.storescp", "-v", "--host", "127.0.0.1"]
        command += self._options
        if self._index is not None:
            command += ["--index", str(self._index)]
        process = subprocess.Popen(
            [*command, "0"],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, **self._environment, "PYTHONPATH": str(ROOT)},
        )
        drain: threading.Thread | None = None
        try:
            pids: list[int] = []
            port = _expect(process, r"Listening on port (\d+)")
            if self._workers:
                pids = [_expect(process, r"Worker \d+ runs \(process (\d+)\)") for _ in range(2)]
            assert process.stderr is not None
            drain = threading.Thread(target=process.stderr.read, daemon=True)
            drain.start()
            yield process, port, pids
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if drain is not None:
                drain.join(GUARD)
            _wait_for_group(process.pid)
            if process.stderr is not None:
                process.stderr.close()

    # -------------------------------------------------------------------- what is there --

    def _leftovers(self) -> set[str]:
        return {each.name for each in self._there() if each.name.startswith(".dulcet-")}

    def _there(self) -> list[Path]:
        """All that is in the directory; a bucket has none as long as there is nothing in it."""
        return [*self.directory.iterdir()] if self.directory.exists() else []

    def look(self) -> None:
        """See what is on the disk; raises AssertionError for the first thing that is wrong."""
        rows = self._rows()
        for instance, sent in self.tally.names.items():
            path = self.directory / f"CT.{instance}"
            if not sent.confirmed and not path.exists():
                continue
            assert path.exists(), f"{instance} was confirmed, and is not there"
            found = data_set_of(path)
            version = _version_in(found)
            assert sent.confirmed <= version <= sent.attempted, (
                f"{instance}: version {version} is there, {sent.confirmed} was confirmed"
            )
            assert _digest(found) == _digest(content_of(instance, version)), (
                f"{instance} is not what was sent"
            )
            if rows is not None and sent.confirmed:
                assert instance in rows, f"{instance} was confirmed, and is not in the index"
                path_in_index, patient = rows[instance]
                assert path_in_index == path.name
                assert int(patient[1:]) >= sent.confirmed, f"{instance}: its row is an old one"
        known = {f"CT.{instance}" for instance in self.tally.names}
        for each in self._there():
            assert each.name in known or each.name.startswith((".dulcet-", "filler")), each

    def _rows(self) -> dict[str, tuple[str, str]] | None:
        if self._index is None:
            return None
        with contextlib.closing(sqlite3.connect(self._index)) as connection:
            found = connection.execute("SELECT sop_instance_uid, path, patient_id FROM instances")
            return {instance: (path, patient) for instance, path, patient in found}


def data_set_of(path: Path) -> bytes:
    """What stands behind the file meta information."""
    content = path.read_bytes()
    assert content[128:132] == b"DICM", f"{path}: torn"
    (length,) = struct.unpack_from("<I", content, 140)
    return content[144 + length :]


def _version_in(data_set: bytes) -> int:
    found = re.search(rb"\x10\x00\x20\x00LO..P(\d+)", data_set, re.DOTALL)
    assert found, "no such object was sent"
    return int(found[1])


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _wait_for_group(group: int) -> None:
    """Until no process of a group runs: a worker that is dying holds its locks until it is dead."""
    until = time.monotonic() + GUARD
    while any(_runs_in(each, group) for each in Path("/proc").glob("[0-9]*/task/*")):
        assert time.monotonic() < until, "what was killed does not die"
        time.sleep(0.01)


def _runs_in(thread: Path, group: int) -> bool:
    try:
        state, _, of_group = (thread / "stat").read_text().rpartition(")")[2].split()[:3]
    except OSError:
        return False  # it is gone
    return int(of_group) == group and state not in "ZX"


def _expect(process: subprocess.Popen[str], pattern: str) -> int:
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if found := re.search(pattern, line):
            return int(found[1])
    raise AssertionError(f"storescp said {said}")


class Filler:
    """Fills a small file system up, and frees it again."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "filler"
        self._turns = 0
        self.filled = 0

    def __call__(self) -> None:
        """One step: it is full for some time, and has room for some time."""
        self._turns += 1
        if self._turns % 20 == 5:
            self.filled += 1
            with contextlib.suppress(OSError), self._path.open("wb") as file:
                while True:
                    file.write(bytes(1 << 16))
        elif self._turns % 20 == 15:
            self._path.unlink(missing_ok=True)


@contextlib.contextmanager
def small_file_system(directory: Path, megabytes: int) -> Iterator[Path]:
    """A tmpfs of this size, mounted there.

    Raises:
        PermissionError: it takes root, and a system that lets root mount.
    """
    directory.mkdir(exist_ok=True)
    mount = shutil.which("mount") or "mount"
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(directory)]
    done = subprocess.run([mount, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PermissionError(done.stderr.strip())
    try:
        yield directory
    finally:
        subprocess.run([shutil.which("umount") or "umount", str(directory)], check=True)
