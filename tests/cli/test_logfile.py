"""Logs as JSON lines and in files that are renamed; and what peers may not write into them."""

import json
import os
import re
import signal

import pytest
from cli_peers import CT_CONTEXT, Caller
from storescp_process import store

from cli.logfile import LogFile, json_lines
from cli.report import Level, Report, lettered
from testbed import messages, raw


def test_a_message_is_one_object_on_one_line():
    line = json_lines(Level.WARN, "one\ntwo \x1b[2J \u202e", {"association": 7, "peer": None})
    assert line.isascii()
    assert line.count("\n") == 1
    record = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("time"))
    assert isinstance(record.pop("process"), int)
    assert record == {"level": "warn", "association": 7, "message": "one\ntwo \x1b[2J \u202e"}


def test_dcmtks_form():
    assert lettered(Level.INFO, "one\ntwo\x1b", {"peer": "x"}) == "I: one\nI: two\\x1b\n"


def test_a_log_that_was_renamed_goes_on_under_its_name(tmp_path):
    name = tmp_path / "log"
    report = Report(Level.INFO)
    log = LogFile(str(name), pytest.fail)
    report.write, report.reopened = log.write, log.reopen
    report.info("one")
    name.rename(tmp_path / "log.1")
    report.info("two")
    report.reopen()
    report.info("three")
    assert (tmp_path / "log.1").read_text() == "I: one\nI: two\n"
    assert name.read_text() == "I: three\n"
    (tmp_path / "log.1").unlink()
    log.write("\ud800\n")
    assert name.read_text() == "I: three\n\\ud800\n"


def test_a_log_that_can_not_be_opened_anew_goes_on_where_it_is(tmp_path):
    directory = tmp_path / "logs"
    directory.mkdir()
    told = []
    log = LogFile(str(directory / "log"), told.append)
    directory.rename(tmp_path / "moved")
    log.reopen()
    log.write("still here\n")
    assert (tmp_path / "moved" / "log").read_text() == "still here\n"
    assert told == [
        (
            f"E: cannot open log file {directory}/log anew: No such file or directory; "
            "what is said goes on to the old one\n"
        )
    ]


def test_what_finds_no_room_in_a_log_is_said_elsewhere():
    told = []
    log = LogFile("/dev/full", told.append)
    log.write("one\n")
    log.write("two\n")
    why = "E: cannot write on log file /dev/full: No space left on device\n"
    assert told == [why, "one\n", "two\n"]


def test_a_piece_of_a_line_that_finds_no_room_is_not_lost(tmp_path, monkeypatch):
    told = []
    log = LogFile(str(tmp_path / "log"), told.append)
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, content: write(fd, content[:2]))
    log.write("one\n")
    assert (tmp_path / "log").read_text() == "on"
    assert told == ["e\n"]


@pytest.mark.parametrize("options", [[], ["--workers", 2]], ids=["alone", "workers"])
def test_storescp_writes_its_log_and_reopens_it_at_sighup(storescp, tmp_path, options):
    log = tmp_path / "log"
    scp = storescp("--log-file", log, "--log-format", "json", *options, log=log)
    store(scp.port, "2.25.1")
    log.rename(tmp_path / "log.1")
    scp.send(signal.SIGHUP)
    while not log.exists():
        store(scp.port, "2.25.2")
    scp.send(signal.SIGTERM)
    assert scp.process.stderr.read() == ""
    assert scp.process.wait() == 0
    lines = (tmp_path / "log.1").read_text() + log.read_text()
    records = [json.loads(line) for line in lines.splitlines()]
    assert records[-1]["message"] == "Ended by SIGTERM"
    received = [each for each in records if "Association Received" in each["message"]]
    assert all(each["peer"].startswith("127.0.0.1:") for each in received)
    assert json.loads(log.read_text().splitlines()[-1])["message"] == "Ended by SIGTERM"


HOSTILE = "1.2\nF: forged\r\x1b[2J"


def test_no_peer_writes_lines_of_its_own(serve):
    """Whatever it puts into titles, UIDs and values that are shown."""

    def clients(port):
        contexts = [CT_CONTEXT, raw.context_rq(3, HOSTILE, [raw.IMPLICIT_LE, HOSTILE])]
        with Caller(port) as caller:
            titles = {"called_ae_title": "A\nF: forged", "calling_ae_title": "B\x1b[2J"}
            caller.wire.send(raw.associate_rq(contexts=contexts, **titles))
            caller.accepted()
            caller.begin_store(HOSTILE)
            caller.wire.send(messages.data_pdu(messages.ct_data_set("2.25.1")))
            caller.status()
            caller.wire.send(
                messages.command_pdu(
                    messages.command_set(
                        [
                            (0x0002, messages.uid(HOSTILE)),
                            (0x0100, messages.us(0x0777)),
                            (0x0110, messages.us(9)),
                            (0x0800, messages.us(messages.NO_DATA_SET)),
                        ]
                    ),
                    1,
                )
            )
            caller.status()
            caller.release()

    _, lines = serve("-d", clients=clients)
    assert lines
    for line in lines:
        assert re.match("[FEWIDT]: ", line)
        assert not line.startswith("F: forged")
        assert line.isprintable()
