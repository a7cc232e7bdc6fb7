"""What the benchmarks make of figures, and that they move what they say."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys

import pytest

import benchmarks.__main__ as runner
from benchmarks import measure, table
from benchmarks.groups import Group, Place
from benchmarks.measure import Compared, Failed, Figure, Row
from benchmarks.objects import Workload, make
from benchmarks.programs import Ours, raw
from dimse.objects.outgoing import examine

ROW = Row("work", "ours", "theirs", 1.0)


def figures(*seconds: float) -> list[Figure]:
    return [Figure(each) for each in seconds]


def test_runs_take_turns_and_the_first_round_does_not_count():
    order: list[str] = []

    def run(name: str):
        def one() -> Figure:
            order.append(name)
            return Figure(float(len(order)))

        return one

    found = measure.alternate({"a": run("a"), "b": run("b")}, 2)
    assert order == list("ababab")
    assert [each.seconds for each in found["a"]] == [3, 5]
    assert [each.seconds for each in found["b"]] == [4, 6]


def test_a_ratio_is_that_of_one_round_and_the_median_counts():
    # The machine is ten times as slow in the second round, for both.
    compared = Compared(ROW, figures(1, 10, 3), figures(2, 20, 3))
    assert compared.ratios == [0.5, 0.5, 1]
    assert compared.ratio == 0.5
    assert compared.reached


def test_a_target_that_is_missed_is_said_to_be():
    missed = Compared(ROW, figures(3), figures(2))
    assert missed.reached is False
    assert "NOT reached" in table.text(missed)
    assert Compared(Row("work", "ours", "theirs"), figures(3), figures(2)).reached is None


def test_all_figures_are_in_the_json():
    found = json.loads(
        table.as_json({"date": "today"}, [Compared(ROW, figures(1), figures(2))], {})
    )
    (row,) = found["rows"]
    assert (row["ratio"], row["target"], found["about"]) == (0.5, 1, {"date": "today"})
    assert (row["our_runs"][0]["seconds"], row["their_runs"][0]["seconds"]) == (1, 2)


@pytest.mark.parametrize("pixels", [4096, 512 * 512 * 2])
@pytest.mark.parametrize("hollow", [False, True])
def test_the_objects_are_whole_dicom_files(tmp_path, pixels, hollow):
    paths = make(Workload("some", 2, pixels, hollow), tmp_path)
    found = []
    for path in paths:
        found.append(examine(path).sop_instance_uid)
        assert 0 < path.stat().st_size - pixels < 1024
    assert len(set(found)) == 2


def test_a_program_that_fails_is_no_figure():
    good, bad = [sys.executable, "-c", ""], [sys.executable, "-c", "raise SystemExit('broken')"]
    assert measure.run(good, good).seconds > 0
    with pytest.raises(Failed, match="broken"):
        measure.run(good, bad)
    with pytest.raises(Failed, match="broken"):
        measure.output(bad)


def test_a_program_that_hangs_is_killed_and_no_figure():
    hangs = [sys.executable, "-c", "import time; time.sleep(600)"]
    with pytest.raises(Failed, match=r"killed after 0\.1 s"):
        measure.run([sys.executable, "-c", ""], hangs, limit=0.1)
    with pytest.raises(Failed, match=r"killed after 0\.1 s"):
        measure.output(hangs, limit=0.1)


def test_memory_is_that_of_the_program_and_not_of_the_benchmark():
    much = bytearray(b"x") * (1 << 26)
    waits = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(0.3)"]
    found = measure.run(waits, waits, watched=True).memory
    assert 1 < found < len(much) >> 20
    with pytest.raises(Failed, match=r"killed after 0\.1 s"):
        measure.run(waits, limit=0.1, watched=True)


def test_a_group_that_fails_takes_no_other_along(tmp_path, capsys, monkeypatch):
    @contextlib.contextmanager
    def works(_place):
        yield {"a": lambda: Figure(1.0)}

    @contextlib.contextmanager
    def fails(_place):
        raise Failed("a peer hangs:\nand says much")
        yield {}

    row = Row("good work", "a", "a", 1.0)
    given = (Group("bad", [], fails, rounds=1), Group("good", [row], works, rounds=1))
    monkeypatch.setattr(runner, "GROUPS", given)
    arguments = argparse.Namespace(
        full=False, group=["bad", "good"], rounds=1, json=tmp_path / "found.json"
    )
    assert runner.report(arguments, Place(Ours(tmp_path), tmp_path)) is False
    assert "bad: NO FIGURES, a peer hangs" in capsys.readouterr().out
    found = json.loads(arguments.json.read_text("utf-8"))
    assert [each["work"] for each in found["rows"]] == ["good work"]
    assert found["about"]["no figures of bad"] == "a peer hangs:"


def test_the_raw_transfer_moves_the_bytes(tmp_path):
    sent, received = tmp_path / "sent", tmp_path / "received"
    sent.write_bytes(bytes(range(256)) * 1000)
    with measure.listening(lambda port: raw("receive", str(port), str(received))) as receiver:
        measure.run(raw("send", str(receiver.port), str(sent)))
        assert received.read_bytes() == sent.read_bytes()
        assert receiver.peak() > 1


def test_the_raw_ping_pong_counts_its_round_trips():
    with measure.listening(lambda port: raw("pong", str(port))) as pong:
        seconds = json.loads(measure.output(raw("ping", str(pong.port), "20")))
    assert len(seconds) == 20


def test_a_round_before_the_others_may_count():
    order: list[str] = []

    def run() -> Figure:
        order.append("a")
        return Figure(float(len(order)))

    found = measure.alternate({"a": run}, 2, warm=False)
    assert [each.seconds for each in found["a"]] == [1, 2]
