"""Help in colour: on a terminal alone, and the same text."""

import io
import re
import sys

import pytest

from testbed import cli, coloured


class Terminal(io.StringIO):
    """A stream that says that it is one."""

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def printed(stream, command=None):
    parser = cli.parser()
    if command:
        (action,) = (each for each in parser._actions if each.dest == "command")
        parser = action.choices[command]
    parser.print_help(stream)
    return stream.getvalue()


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="argparse does it itself")
@pytest.mark.parametrize("command", [None, "scp", "explore"])
def test_a_terminal_gets_the_same_text_in_colour(command):
    plain, painted = printed(io.StringIO(), command), printed(Terminal(), command)
    assert "\x1b" not in plain
    assert "\x1b[36m--help\x1b[0m" in painted
    assert "\x1b[1musage:\x1b[0m" in painted
    assert re.sub(r"\x1b\[\d+m", "", painted) == plain


def test_no_color_is_honoured(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in printed(Terminal())
    assert coloured.wanted(Terminal()) is False


def test_it_fits_80_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for command in ("scp", "scu", "list", "compare", "watch", "explore", "proxy", "selftest"):
        assert max(map(len, printed(io.StringIO(), command).splitlines())) <= 80
