"""docs/_static/demo.svg: what `dulcet demo` showed in a terminal. `make recording` runs it and draws that.

The terminal is a real one (a pty of 80 columns), so the colours are those that a user sees; rich draws
the characters. The fonts that it would have fetched are left out: a reader's own are good enough.
"""

from __future__ import annotations

import os
import pty
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parent.parent
TARGET = Path(__file__).parent / "_static" / "demo.svg"
COLUMNS = 80


def record() -> str:
    """Run the demonstration in a terminal; what it wrote, colours included."""
    process, terminal = pty.fork()
    if not process:
        os.chdir(ROOT)
        programs = Path(sys.executable).parent
        environment = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        environment |= {"PATH": f"{programs}:/usr/bin:/bin", "TERM": "xterm-256color"}
        os.execve(  # noqa: S606 - that is what is wanted
            programs / "dulcet", ["dulcet", "demo"], environment | {"COLUMNS": str(COLUMNS)}
        )
    said = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        said += part
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"the demonstration failed:\n{said.decode()}")
    return said.decode().replace("\r\n", "\n")


def draw(said: str) -> str:
    """The picture, without anything that a reader's program would have to fetch."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - it is no path of ours
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi("$ dulcet demo\n" + said))
    svg = console.export_svg(title="dulcet demo", theme=MONOKAI, unique_id="demo")
    svg = re.sub(r"\s*@font-face \{.*?\}\n", "\n", svg, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


if __name__ == "__main__":
    TARGET.write_text(draw(record()), "utf-8")
