"""storescp with several processes: studies whose objects come to all of them, and who dies meanwhile."""

import os
import re
import signal
import sys

import pytest
from cli_peers import CT_CONTEXT, Caller

from testbed import messages

ECHO = "import sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + chr(10))"
CT_STUDY = "2.25.5120001"  # of the testbed's CT image
STUDY = re.escape(CT_STUDY)


@pytest.fixture
def echo(tmp_path):
    """A command that writes its arguments to a file, and what it has written so far."""
    out = tmp_path / "out.txt"
    return f'{sys.executable} -c "{ECHO}" {out}', lambda: out.read_text().splitlines()


def in_both(scp, callers):
    """Open associations until each of two workers has two; gives them by worker."""
    found = {"1": [], "2": []}
    while min(len(each) for each in found.values()) < 2:
        caller = Caller(scp.port, CT_CONTEXT).accepted()
        callers.append(caller)
        found[scp.expect(r"I: \[([12])\.\d+\] Association Received")[1]].append(caller)
    return found


@pytest.fixture
def callers():
    opened = []
    yield opened
    for each in opened:
        each.wire.close()


@pytest.mark.parametrize(
    ("options", "directory"),
    [
        (["-ss", "P"], r"P_\d{8}_\d{9}"),
        (["-su", ""], STUDY),
        (["-sp"], r"[A-Za-z_]+_\d{8}_\d{9}"),
    ],
)
def test_a_study_that_comes_to_two_workers_is_one_and_ends_once(
    storescp, callers, echo, tmp_path, options, directory
):
    command, lines = echo
    scp = storescp("--workers", 2, "--grace", 0, "-rns", "-xcs", f"{command} #p #s", *options)
    found = in_both(scp, callers)
    for number in range(3):
        for worker, (first, *_) in found.items():
            assert first.send_store(f"2.25.{worker}{number}") == 0
    scp.end()
    (where,) = (tmp_path / "in").iterdir()
    assert re.fullmatch(directory, where.name)
    assert lines() == [f"{where} {CT_STUDY}"]
    assert sorted(each.name for each in where.iterdir()) == [f"CT{n:06}" for n in range(1, 7)]
    assert f"I: end of study: {CT_STUDY} (6 objects)" in scp.lines


def test_workers_that_are_killed_take_no_confirmed_object_of_a_study_along(
    storescp, callers, echo, tmp_path
):
    command, lines = echo
    scp = storescp("--workers", 2, "--grace", 0, "-ss", "P", "-xcs", f"{command} #p")
    pids = [int(scp.expect(r"I: Worker \d runs \(process (\d+)\)")[1]) for _ in range(2)]
    found = in_both(scp, callers)
    for worker, (first, *_) in found.items():
        assert first.send_store(f"2.25.{worker}") == 0
        os.kill(pids[int(worker) - 1], signal.SIGKILL)  # in the moment in which it is confirmed
        scp.expect("another takes its place")
        scp.expect(r"I: Worker \d runs")
    scp.end()
    (where,) = (tmp_path / "in").iterdir()
    assert sorted(each.name for each in where.iterdir()) == ["CT.2.25.1", "CT.2.25.2"]
    assert lines() == [str(where)]
    assert f"I: end of study: {CT_STUDY} (2 objects)" in scp.lines


def test_a_study_ends_by_time_while_workers_serve_on(storescp, callers, tmp_path):
    scp = storescp("--workers", 2, "--grace", 0, "-su", "", "-rns", "-tos", "0.2")
    found = in_both(scp, callers)
    for worker, (first, *_) in found.items():
        assert first.send_store(f"2.25.{worker}") == 0
    scp.expect(rf"I: end of study: {STUDY} \(2 objects\)")
    (caller, *_), _ = found.values()
    assert caller.send_store("2.25.3") == 0
    scp.expect(rf"I: end of study: {STUDY} \(1 objects\)")
    scp.end()
    names = [each.name for each in (tmp_path / "in" / CT_STUDY).iterdir()]
    assert sorted(names) == ["CT000001", "CT000002", "CT000003"]


def test_a_command_is_waited_for_that_another_workers_object_has_led_to(storescp, callers, echo):
    command, lines = echo
    scp = storescp("--workers", 2, "--grace", 0, "-su", "", "-xs", "-xcs", f"{command} #s")
    (first, *_), (second, *_) = in_both(scp, callers).values()
    assert first.send_store("2.25.1") == 0
    first.release()
    first.wire.close()
    scp.expect("Association Release")
    second.begin_store("2.25.2")
    other = messages.data_set(messages.ct_elements("2.25.2", study="2.25.99"))
    second.wire.send(messages.data_pdu(other))
    assert second.status() == 0
    assert lines() == [CT_STUDY]
    scp.end()
    assert lines() == [CT_STUDY, "2.25.99"]
