"""Kill storescu in the middle of its work, again and again, until all is sent; then compare.

Three accounts are compared: what storescu said, what its journal has, and what is on the disk of
the storescp that received it. None may claim what the next one does not have.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from dimse.journal import Journal  # noqa: E402
from dimse.objects.outgoing import examine  # noqa: E402

CT = ROOT / "fixtures" / "dicom" / "ct-explicit.dcm"
GUARD = 120.0
TOLD = re.compile(r"Received Store Response \(Success\)")
CAME = re.compile(r"Received Store Request")


@dataclass
class Account:
    """What a hunt came to.

    Attributes:
        kills: runs that were killed.
        finished: lists that were sent to their end.
        objects: that were sent in these.
        repeated: objects that came more than once.
    """

    kills: int = 0
    finished: int = 0
    objects: int = 0
    repeated: int = 0


def make_files(folder: Path, count: int) -> list[Path]:
    """Objects of their own, each with its UID."""
    content = CT.read_bytes()
    uid = examine(CT).sop_instance_uid.encode()
    files = []
    for number in range(count):
        other = uid[:-3] + b"%03d" % (100 + number)
        path = folder / f"{number:03}.dcm"
        path.write_bytes(content.replace(uid, other))
        files.append(path)
    return files


@contextmanager
def storescp(spool: Path, log: Path) -> Iterator[int]:
    """Ours, with its log in a file; gives its port."""
    command = [sys.executable, "-m", "cli.storescp", "-v", "-od", str(spool), "0"]
    with (
        log.open("w") as words,
        subprocess.Popen(command, stderr=words, cwd=ROOT) as process,
    ):
        try:
            while not (found := re.search(r"Listening on port (\d+)", log.read_text())):
                assert process.poll() is None, log.read_text()
            yield int(found[1])
        finally:
            process.terminate()
            process.wait(GUARD)


def run(command: list[str], lines: int | None) -> tuple[int | None, int]:
    """One run, killed when it has said so many lines; its exit code, and the successes it told."""
    told = 0
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stderr is not None
        for number, line in enumerate(process.stderr):
            told += bool(TOLD.search(line))
            if number == lines:
                process.kill()
        code = process.wait(GUARD)
    return (None if code < 0 else code), told


def hunt(rounds: int, *options: str, count: int = 30, flying: int = 1, seed: int = 1) -> Account:
    """Kill so many runs, and compare after each.

    Args:
        rounds: kills.
        options: of storescu.
        count: objects in a list.
        flying: how many objects these options have on their way at a time.
        seed: of the moments.
    """
    chance, account = random.Random(seed), Account()
    with tempfile.TemporaryDirectory() as place:
        while account.kills < rounds:
            folder = Path(place) / str(account.finished)
            (folder / "in").mkdir(parents=True)
            (folder / "out").mkdir()
            _one_list(folder, account, rounds, chance, options, count, flying)
            shutil.rmtree(folder)
    return account


def _one_list(
    folder: Path,
    account: Account,
    rounds: int,
    chance: random.Random,
    options: tuple[str, ...],
    count: int,
    flying: int,
) -> None:
    files = make_files(folder / "in", count)
    log, journal = folder / "log", folder / "journal"
    told = kills = 0
    with storescp(folder / "out", log) as port:
        command = [
            sys.executable, "-m", "cli.storescu", "-v", "--journal", str(journal), *options,
            "127.0.0.1", str(port), *map(str, files),
        ]  # fmt: skip
        while True:
            # A sequence of four lines or so for each object, and some before.
            moment = chance.randrange(4 * count) if account.kills < rounds else None
            code, successes = run(command, moment)
            told += successes
            confirmed = _confirmed(journal, files, port)
            stored = {examine(path).sop_instance_uid for path in (folder / "out").iterdir()}
            assert told <= len(confirmed), "it told more than its journal has"
            assert confirmed <= stored, "the journal has more than the receiver"
            if code is not None:
                break
            kills += 1
            account.kills += 1
        assert code == 0
        assert len(confirmed) == len(stored) == count
        before = len(CAME.findall(log.read_text()))
        assert run(command, None) == (0, 0)
        assert len(CAME.findall(log.read_text())) == before, "it sent what was confirmed"
    assert before - count <= kills * flying, "it repeated more than was on its way"
    account.finished += 1
    account.objects += count
    account.repeated += before - count


def _confirmed(journal: Path, files: list[Path], port: int) -> set[str]:
    if not journal.exists():
        return set()
    with Journal(journal) as opened:
        page = opened.page("ANY-SCP", "127.0.0.1", port)
        looked = [examine(path) for path in files]
        return {each.sop_instance_uid for each in looked if page.confirmed(each) is not None}


if __name__ == "__main__":
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for options, flying in (((), 1), (("--associations", "3"), 3), (("--retry", "2", "-nh"), 1)):
        found = hunt(kills, *options, flying=flying)
        print(" ".join(options) or "as it is", found, flush=True)
