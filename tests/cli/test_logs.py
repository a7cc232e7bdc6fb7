"""What the packages log, in the tools' form."""

from __future__ import annotations

import logging

from cli.logs import Logs
from cli.report import Report


def test_what_the_packages_log_is_said_in_the_same_form(capsys):
    with Logs(Report()):
        logging.getLogger("dul").warning("connection from %s closed", "x")
        logging.getLogger("dimse").info("not said")
        try:
            raise ValueError("why")
        except ValueError:
            logging.getLogger("dimse").exception("storing failed")
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["W: connection from x closed", "E: storing failed"]
    assert lines[-1] == "E: ValueError: why"
    assert all(line.startswith("E: ") for line in lines[1:])


def test_afterwards_nothing_is_said(capsys):
    with Logs(Report()):
        pass
    logging.getLogger("dul").handle(logging.makeLogRecord({"levelno": logging.INFO, "msg": "x"}))
    assert capsys.readouterr().err == ""
    assert not any(isinstance(each, Logs) for each in logging.getLogger("dul").handlers)
