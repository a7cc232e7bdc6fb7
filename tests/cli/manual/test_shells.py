"""Completion in real shells: a line is typed, TAB is pressed, and the program says what it was given."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import shutil
import signal
import time
from pathlib import Path

import pytest

import testbed.cli
from cli.manual.programs import of_parser
from cli.manual.shared import files, programs
from cli.manual.shells import SHELLS

PATIENCE = 60
# Each defines the programs as functions, which show their arguments, and says when it is ready.
RCS = {
    "bash": """
for name in storescu storescp dulspec dulcet; do
    eval "$name() { printf 'GOT'; printf '<%s>' \\"\\$@\\"; echo; }"
    source {share}/bash-completion/completions/$name
done
PS1='READY> '
bind 'set enable-bracketed-paste off'
""",
    "zsh": """
fpath=({share}/zsh/site-functions $fpath)
autoload -Uz compinit
compinit -u -D
for name in storescu storescp dulspec dulcet; do
    eval "$name() { printf 'GOT'; printf '<%s>' \\"\\$@\\"; echo }"
done
unsetopt zle_bracketed_paste 2>/dev/null
unset zle_bracketed_paste
PS1='READY> '
""",
    "fish": """
set -g fish_greeting
set -g fish_autosuggestion_enabled 0
for name in storescu storescp dulspec dulcet
    eval "function $name; printf 'GOT'; printf '<%s>' \\$argv; echo; end"
    source {share}/fish/vendor_completions.d/$name.fish
end
function fish_prompt; echo 'READY> '; end
""",
}
STARTS = {
    "bash": ["bash", "--noprofile", "--rcfile", "{rc}", "-i"],
    "zsh": ["zsh", "-d", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i", "-C", "source {rc}"],
}


@pytest.fixture(scope="module")
def share(tmp_path_factory) -> Path:
    """The folder share/ of an installation."""
    prefix = tmp_path_factory.mktemp("prefix")
    for place, text in files(programs(of_parser(testbed.cli.parser())), "0.1.0", "2026-11-30"):
        (prefix / place).parent.mkdir(parents=True, exist_ok=True)
        (prefix / place).write_text(text)
    return prefix / "share"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """What there is to complete with."""
    place = tmp_path_factory.mktemp("folder")
    (place / "incoming").mkdir()
    (place / "image.dcm").touch()
    (place / "options.txt").touch()
    return place


class Typed:
    """A shell at a terminal."""

    def __init__(self, command: list[str], folder: Path, home: Path) -> None:
        self.said = ""
        self.process, self.terminal = pty.fork()
        if not self.process:
            os.chdir(folder)
            environment = {
                "TERM": "xterm",
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "LANG": "C",
            }
            environment |= {"ZDOTDIR": str(home), "XDG_CONFIG_HOME": str(home)}
            os.execvpe(command[0], command, environment)

    def read_until(self, wanted: str) -> re.Match[str]:
        """Read what it shows until that is among it."""
        deadline = time.monotonic() + PATIENCE
        while (found := re.search(wanted, self.said)) is None:
            ready, _, _ = select.select([self.terminal], [], [], deadline - time.monotonic())
            assert ready, f"no {wanted!r} in {self.said!r}"
            with contextlib.suppress(OSError):
                self.said += os.read(self.terminal, 65536).decode("utf-8", "replace")
        return found

    def type(self, line: str) -> list[str]:
        """Type a line, and give the arguments that the program got."""
        self.said = ""
        os.write(self.terminal, line.encode() + b"\r")
        found = self.read_until(r"GOT((?:<[^<>]*>)*)\r?\n")
        return re.findall(r"<([^<>]*)>", found[1])

    def close(self) -> None:
        """End it."""
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.terminal)


@pytest.fixture(params=SHELLS, scope="module")
def shell(request, share, folder, tmp_path_factory):
    """Each of the three that is installed."""
    name = request.param
    if shutil.which(name) is None:
        if os.environ.get("DULCET_REQUIRE_PEERS") == "1":
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed")
    home = tmp_path_factory.mktemp("home")
    rc = home / "rc"
    rc.write_text(RCS[name].replace("{share}", str(share)))
    typed = Typed([each.format(rc=rc) for each in STARTS[name]], folder, home)
    if name == "zsh":
        os.write(typed.terminal, f"source {rc}\r".encode())
    typed.read_until("READY> ")
    yield typed
    typed.close()


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        # Options, of both kinds of dashes and pluses.
        ("storescu --list-dec\t", ["--list-decoders"]),
        ("storescu --aet\tME host 104", ["--aetitle", "ME", "host", "104"]),
        ("storescu +sd --recu\t", ["+sd", "--recurse"]),
        # Words, files and directories behind options, of which one has two values.
        ("storescp -ll de\t", ["-ll", "debug"]),
        ("storescp --existing comp\t", ["--existing", "compare"]),
        ("storescp -od in\t", ["-od", "incoming"]),
        ("storescp --index opt\t", ["--index", "options.txt"]),
        ("storescu -xf opt\tpro", ["-xf", "options.txt", "pro"]),
        # A directory is wanted: image.dcm is none.
        ("storescp -od im\t", ["-od", "im"]),
        # AE titles and ports are left alone, whatever lies there.
        ("storescu -aec in\t", ["-aec", "in"]),
        ("storescu host im\t", ["host", "im"]),
        # Parameters by their places; what options take does not count.
        ("storescu -aec A -to 3 host 104 im\t", ["-aec", "A", "-to", "3", "host", "104", "image.dcm"]),
        ("storescu host 104 image.dcm opt\t", ["host", "104", "image.dcm", "options.txt"]),
        ("storescu --set PatientID=7 host 104 im\t", ["--set", "PatientID=7", "host", "104", "image.dcm"]),
        # The old -r takes a number, today's takes none.
        ("storescu -r 3 host 104 im\t", ["-r", "3", "host", "104", "image.dcm"]),
        ("storescu -r host 104 im\t", ["-r", "host", "104", "image.dcm"]),
        # Commands, and theirs.
        ("dulcet demo im\t", ["demo", "image.dcm"]),
        ("dulcet completion fi\t", ["completion", "fish"]),
        ("dulcet spec sco\t", ["spec", "sco"]),
        ("dulcet spec deco\tim\t", ["spec", "decode", "image.dcm"]),
        ("dulspec scp --htm\tnew.html", ["scp", "--html", "new.html"]),
        ("storescp --web 127.0.0.1:80 -od in\t", ["--web", "127.0.0.1:80", "-od", "incoming"]),
        ("dulspec report im\t", ["report", "image.dcm"]),
    ],
)  # fmt: skip
def test_a_line_is_completed(shell, line, arguments):
    got = shell.type(line)
    assert [each.removesuffix("/") for each in got] == arguments  # zsh takes the slash away again


def test_command_files_are_completed(shell):
    assert shell.type("storescu @opt\t host 104") == ["@options.txt", "host", "104"]
