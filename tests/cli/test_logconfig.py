"""--log-config: a configuration of log4cplus, as DCMTK's tools take it."""

import re
from pathlib import Path

import pytest
from cli_peers import ScriptedPeer, storing

from cli import echoscu, storescu

CT = Path(__file__).parents[2] / "fixtures" / "dicom" / "ct-explicit.dcm"

CONFIGURATION = """
# as DCMTK's logger.cfg
log4cplus.rootLogger = WARN, console
log4cplus.logger.dcmtk.apps.storescu = DEBUG, file
log4cplus.logger.dcmtk.dcmnet = TRACE
log4cplus.appender.console = log4cplus::ConsoleAppender
log4cplus.appender.console.logToStdErr = true
log4cplus.appender.console.Threshold = INFO
log4cplus.appender.console.layout = log4cplus::PatternLayout
log4cplus.appender.console.layout.ConversionPattern = %P: %m%n
log4cplus.appender.file = log4cplus::FileAppender
log4cplus.appender.file.File = ${{LOGS}}/out.log
log4cplus.appender.file.layout = log4cplus::PatternLayout
log4cplus.appender.file.layout.ConversionPattern = %D{{%Y-%m-%d %H:%M:%S.%q}} %-5p [%c] %m%n
{more}
"""


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """storescu with a configuration; its exit code, what it says, and the log file's lines."""
    monkeypatch.setenv("LOGS", str(tmp_path))

    def run(more="", *arguments, text=None):
        path = tmp_path / "log.cfg"
        path.write_text(text or CONFIGURATION.format(more=more))
        with ScriptedPeer(storing(0)) as peer:
            code = storescu.main(
                ["-lc", str(path), *arguments, "127.0.0.1", str(peer.port), str(CT)]
            )
        log = tmp_path / "out.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return code, capsys.readouterr(), lines

    return run


def refused(capsys, tmp_path, text):
    path = tmp_path / "log.cfg"
    path.write_text(text)
    assert storescu.main(["-lc", str(path), "127.0.0.1", "1", str(CT)]) == 1
    return capsys.readouterr().err


def test_each_place_by_its_level_and_layout(run):
    code, said, lines = run()
    assert code == 0
    assert "I: Received Store Response (Success)" in said.err.splitlines()
    assert not [line for line in said.err.splitlines() if line.startswith("D:")]
    assert all(
        re.fullmatch(
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (INFO |DEBUG) \[dcmtk\.apps\.storescu\] .*",
            line,
        )
        for line in lines
    )
    assert sum("DEBUG" in line for line in lines) > 5


def test_without_additivity_the_ancestors_places_are_left_out(run):
    code, said, lines = run("log4cplus.additivity.dcmtk.apps.storescu = false")
    assert (code, said.err) == (0, "")
    assert lines


def test_nothing_is_said_where_it_is_off(run):
    code, said, lines = run("log4cplus.logger.dcmtk.apps.storescu = OFF, file")
    assert (code, said.err, lines) == (0, "", [])


def test_standard_output_and_the_simple_layout(run):
    code, said, _ = run(
        text="log4cplus.rootLogger=INFO, a\nlog4cplus.appender.a=log4cplus::ConsoleAppender"
    )
    assert code == 0
    assert "INFO - Requesting Association" in said.out.splitlines()
    assert said.err == ""


def test_a_file_that_grows_too_large_is_put_aside(run, tmp_path):
    more = (
        "log4cplus.appender.file = log4cplus::RollingFileAppender\n"
        "log4cplus.appender.file.MaxFileSize = 1KB\nlog4cplus.appender.file.MaxBackupIndex = 2"
    )
    assert run(more)[0] == 0
    names = sorted(each.name for each in tmp_path.iterdir())
    assert names == ["log.cfg", "out.log", "out.log.1", "out.log.2"]


def test_what_is_not_understood_is_an_error(capsys, tmp_path):
    assert "cannot read the logging configuration" in (
        storescu.main(["-lc", "/nowhere", "127.0.0.1", "1", str(CT)]) and capsys.readouterr().err
    )
    console = "log4cplus.rootLogger = INFO, a\nlog4cplus.appender.a = log4cplus::ConsoleAppender\n"
    for text, why in {
        "": "no log4cplus.rootLogger",
        "log4cplus.rootLogger = LOUD, a": "no level 'LOUD'",
        "log4cplus.rootLogger = INFO, a": "log4cplus.appender.a is 'not there'",
        "log4cplus.rootLogger = INFO, a\nlog4cplus.appender.a = log4cplus::SysLogAppender": "SysLogAppender",
        "log4cplus.rootLogger = INFO, a\nlog4cplus.appender.a = log4cplus::FileAppender": "has no File",
        console + "log4cplus.appender.a.layout = log4cplus::TTCCLayout": "TTCCLayout",
        console + "log4cplus.appender.a.layout = log4cplus::PatternLayout\n"
        "log4cplus.appender.a.layout.ConversionPattern = %x": "%x in a ConversionPattern",
    }.items():
        assert why in refused(capsys, tmp_path, text)


def test_it_excludes_the_other_ways_to_say_how_much(capsys):
    assert echoscu.main(["-lc", "file", "-v", "127.0.0.1", "1"]) == 1
    assert (
        "--log-config not allowed with --log-level, --verbose, --debug or --quiet"
        in capsys.readouterr().err
    )
