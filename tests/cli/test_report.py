"""Log lines: levels, letters, and what may stand in them."""

import io
import sys
import threading

import pytest

from cli.report import Level, Report, printable


@pytest.mark.parametrize("level", list(Level))
def test_a_level_includes_those_above(level, capsys):
    report = Report(level)
    for say in (report.fatal, report.error, report.warn, report.info, report.debug, report.trace):
        say("x")
    assert capsys.readouterr().err == "".join(f"{letter}: x\n" for letter in "FEWIDT"[: level + 1])


def test_each_line_has_its_letter(capsys):
    Report().error("one\ntwo")
    assert capsys.readouterr().err == "E: one\nE: two\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Jäger & Söhne", "Jäger & Söhne"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\tb\rc\x00d", "a\\tb\\rc\\x00d"),
        ("\u202egnirts", "\\u202egnirts"),  # turns the direction of writing
        ("\udcff.dcm", "\\udcff.dcm"),  # a file name that is no UTF-8
    ],
)
def test_control_characters_are_escaped(words, expected, capsys):
    assert printable(words) == expected
    Report().error(words)
    assert capsys.readouterr().err == f"E: {expected}\n"


def test_a_reader_who_left_does_not_stop_the_work(monkeypatch):
    class Gone(io.StringIO):
        def write(self, _):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    Report().error("x")


def test_threads_do_not_mix_their_lines(monkeypatch):
    written = []
    report = Report()
    report.write = written.append
    message = "\n".join("abc")
    threads = [threading.Thread(target=report.error, args=(message,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert written == ["E: a\nE: b\nE: c\n"] * 20
