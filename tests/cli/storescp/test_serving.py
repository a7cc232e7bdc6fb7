"""storescp as a process: its end with a grace, its workers, what it counts."""

import os
import re
import signal
import subprocess

import pytest
from cli_peers import ABORT, CT_CONTEXT, Caller
from storescp_process import store

from testbed import messages, raw


def test_after_sigterm_associations_come_to_their_end(storescp, tmp_path):
    scp = storescp("--grace", 600)
    with Caller(scp.port, CT_CONTEXT) as caller:
        assert caller.accepted().send_store("2.25.1") == 0
        scp.send(signal.SIGTERM)
        scp.expect("I: SIGTERM: no more associations are accepted; 1 may go on for 600 s")
        assert caller.send_store("2.25.2") == 0
        caller.release()
    counted, ended = scp.ended()
    assert counted.startswith("I: Associations: 1, rejected: 0, aborted: 0; objects stored: 2, ")
    assert ended == "I: Ended by SIGTERM"
    assert len(list((tmp_path / "in").iterdir())) == 2


@pytest.mark.parametrize("options", [[], ["--workers", 2]])
def test_what_lasts_longer_than_the_grace_is_aborted(storescp, options):
    scp = storescp("--grace", 0.1, *options)
    with Caller(scp.port, CT_CONTEXT) as caller:
        caller.accepted()
        scp.send(signal.SIGTERM)
        assert caller.pdu(ABORT).data == raw.abort(0, 0)
    counted, _ = scp.ended()
    assert counted.startswith("I: Associations: 1, rejected: 0, aborted: 1; ")


@pytest.mark.parametrize("options", [[], ["--workers", 2]])
def test_ctrl_c_waits_for_nobody_and_a_second_sigterm_neither(storescp, options):
    scp = storescp("--grace", 600, *options)
    with Caller(scp.port, CT_CONTEXT) as caller:
        caller.accepted()
        scp.send(signal.SIGINT)
        caller.pdu(ABORT)
    assert scp.ended()[1] == "I: Ended by Ctrl-C"
    scp = storescp("--grace", 600, *options)
    with Caller(scp.port, CT_CONTEXT) as caller:
        caller.accepted()
        scp.send(signal.SIGTERM)
        scp.expect("may go on for 600 s")
        scp.send(signal.SIGTERM)
        caller.pdu(ABORT)
    assert scp.ended()[1] == "I: Ended by SIGTERM"


def test_a_pause_on_purpose_does_not_outlast_the_grace(storescp):
    scp = storescp("--grace", 0.1, "--sleep-after", 600)
    with Caller(scp.port, CT_CONTEXT) as caller:
        caller.accepted().begin_store("2.25.1")
        caller.wire.send(messages.data_pdu(messages.ct_data_set("2.25.1")))
        scp.expect("Received Store Request")
        scp.end()


def test_workers_store_and_count_together(storescp, tmp_path):
    scp = storescp("--workers", 2, "--grace", 600)
    for number in range(12):
        store(scp.port, f"2.25.{number}")
    counted, ended = scp.end()
    assert counted.startswith("I: Associations: 12, rejected: 0, aborted: 0; objects stored: 12, ")
    assert ended == "I: Ended by SIGTERM"
    assert len(list((tmp_path / "in").iterdir())) == 12
    received = [each for each in scp.lines if "Received Store Request" in each]
    assert len(received) == 12
    assert all(re.match(r"I: \[[12]\.\d+\] ", each) for each in received)


def test_what_a_killed_worker_left_is_removed_and_another_takes_its_place(storescp, tmp_path):
    scp = storescp("--workers", 2)
    pids = [int(scp.expect(r"I: Worker \d runs \(process (\d+)\)")[1]) for _ in range(2)]
    with Caller(scp.port, CT_CONTEXT) as caller:
        caller.accepted().begin_store("2.25.1")
        caller.wire.send(messages.data_pdu(messages.ct_data_set("2.25.1")[:1000], header=0))
        scp.expect("Received Store Request")
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            scp.expect(
                r"E: worker \d \(process \d+\) ended: signal SIGKILL; another takes its place"
            )
            scp.expect(r"I: Worker \d runs")
    store(scp.port, "2.25.2")
    assert scp.end()[0].startswith("I: Associations: 2, rejected: 0, aborted: 1; objects stored: 1")
    assert [each.name for each in (tmp_path / "in").iterdir()] == ["CT.2.25.2"]


def test_workers_that_would_give_one_name_twice(python, spawn_environment, tmp_path):
    done = subprocess.run(
        [python, "-m", "cli.storescp", "-od", tmp_path, "--workers", "2", "-tn", "0"],
        capture_output=True,
        text=True,
        check=False,
        env=spawn_environment,
    )
    assert done.returncode == 1
    assert "error: --timenames not allowed with --workers" in done.stderr


def test_workers_of_a_directory_that_is_not_there(python, spawn_environment, tmp_path):
    """It is said before anything is forked."""
    done = subprocess.run(
        [python, "-m", "cli.storescp", "-od", tmp_path / "gone", "--workers", "2", "0"],
        capture_output=True,
        text=True,
        check=False,
        env=spawn_environment,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("F: ")
    assert "objects can't be stored here" in done.stderr
