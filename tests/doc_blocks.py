"""The programs and commands of the documentation, run as they stand, a page at a time.

A page is a session in a folder of its own, which has `ct.dcm`, `mr.dcm`, a folder `study`, the programs
of `examples/`, and certificates. Its blocks are run one after the other:

- ```python is run, and a ```text block right behind it is what it prints. If its first line names a
  file (`# receive.py`), it is kept under that name, for a command further down.
- ```console: each line that begins with "$ " is a command for bash; what stands below is what it says.
  "..." in what is said stands for anything.
- What serves (`storescp`, or a program that calls `serve_forever`) is started, and ended with Ctrl-C
  at the end of the page, or where its port is wanted again.
- A block whose first line is "# not run by the tests: REASON" is shown to the reader with that line.

Ports are replaced by free ones, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
DICOM = ROOT / "fixtures" / "dicom"
TLS = ROOT / "fixtures" / "tls"
TOOLS = ("storescu", "dcmsend", "storescp", "dcmrecv", "echoscu", "storeindex")
PORTS = re.compile(r"\b(1111[0-9]|2762|2763)\b")
NOT_RUN = "# not run by the tests: "
BLOCK = re.compile(r"^```([\w{}]*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATIENCE = 60.0


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its line in the page, its text; what it says, if that is told."""

    kind: str
    line: int
    text: str
    says: str | None = None

    @property
    def is_run(self) -> bool:
        return not self.text.startswith(NOT_RUN)

    @property
    def file(self) -> str | None:
        """The name under which a program is kept."""
        named = re.match(r"# ([\w.-]+\.py)\n", self.text)
        return named[1] if named else None


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page that are to be run or checked."""
    text = page.read_text("utf-8")
    found: list[Block] = []
    end = 0
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        between = text[end : match.start()].strip()
        end = match.end()
        if match[1] == "text" and not between and found and found[-1].kind == "python":
            found[-1] = Block("python", found[-1].line, found[-1].text, match[2])
        elif match[1] in {"python", "console", "sh", "shell", "bash"}:
            found.append(Block(match[1], line, match[2]))
    return found


def fits(said: str, expected: str) -> bool:
    """Whether a text is the expected one, in which "..." stands for anything."""
    parts = [re.escape(each.rstrip()) for each in expected.strip("\n").split("...")]
    return re.fullmatch(".*".join(parts), said.strip("\n").rstrip(), re.DOTALL) is not None


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody listens there; nobody is called for that."""
    wanted = f":{port:04X} "
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines():
            if wanted in line[:50] and line.split()[3] == "0A":
                return True
    return False


@dataclass
class Session:
    """What the reader of a page does, in a folder."""

    folder: Path
    ports: dict[str, str] = field(default_factory=dict)
    servers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for source, name in (("ct-explicit", "ct"), ("mr-explicit", "mr")):
            shutil.copy(DICOM / f"{source}.dcm", self.folder / f"{name}.dcm")
        (self.folder / "study").mkdir()
        for name in (
            "ct-explicit",
            "mr-explicit",
            "cr-explicit",
            "us-jpeg2000-lossless",
            "sc-deflated",
        ):
            shutil.copy(DICOM / f"{name}.dcm", self.folder / "study")
        for path in (ROOT / "examples").glob("*.py"):
            shutil.copy(path, self.folder)
        for name in ("ca.pem", "server.key", "server.pem", "client.key", "client.pem"):
            shutil.copy(TLS / name, self.folder)
        tools = self.folder / ".bin"
        tools.mkdir()
        for name, tool in (*zip(TOOLS, TOOLS, strict=True), ("dulspec", "spec"), ("dulcet", "")):
            path = tools / name
            path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dulcet {tool} "$@"\n')
            path.chmod(0o755)
        (tools / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (tools / "python").chmod(0o755)
        self.environment = {
            "PATH": f"{tools}:{Path(sys.executable).parent}:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "LC_ALL": "C.UTF-8",
        }

    def free(self, text: str) -> str:
        """The text, with ports that nobody has."""

        def other(match: re.Match[str]) -> str:
            if match[1] not in self.ports:
                self.ports[match[1]] = str(free_port())
            return self.ports[match[1]]

        return PORTS.sub(other, text)

    def python(self, block: Block) -> None:
        if block.file is not None:
            (self.folder / block.file).write_text(self.free(block.text), "utf-8")
            return
        program = self.folder / f"at_line_{block.line}.py"
        program.write_text(self.free(block.text), "utf-8")
        if "serve_forever(" in block.text:
            self.serve(f"python {program.name}", block.text)
        else:
            self.run(f"python {program.name}", block.says, block.line)

    def console(self, block: Block) -> None:
        said: list[str] = []
        commands: list[tuple[str, list[str]]] = []
        for line in block.text.splitlines():
            if line.startswith("$ "):
                said = []
                commands.append((line[2:], said))
            elif said or commands:
                said.append(line)
        assert commands, f"line {block.line}: no command begins with '$ '"
        for command, says in commands:
            if self._serves(command):
                program = self.folder / command.split()[1]
                self.serve(command, program.read_text("utf-8") if program.is_file() else "")
            else:
                self.run(self.free(command), "\n".join(says) or None, block.line)

    def _serves(self, command: str) -> bool:
        words = command.split("#", maxsplit=1)[0].split()
        if words[0] == "dulcet":
            words = words[1:]
        if words[0] in {"storescp", "dcmrecv"}:
            return not {"--help", "--version", "--hash-user"} & set(words)
        if words[0] == "python" and words[1].endswith(".py"):
            program = self.folder / words[1]
            return program.exists() and "serve_forever(" in program.read_text("utf-8")
        return False

    def run(self, command: str, says: str | None, line: int) -> None:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if says is None:
            assert done.returncode == 0, f"line {line}: {command}\n{done.stdout}"
        else:
            expected = self.free(says)
            assert fits(done.stdout, expected), (
                f"line {line}: {command}\nsaid:\n{done.stdout}\nexpected:\n{expected}"
            )

    def serve(self, command: str, text: str) -> None:
        wanted = re.search(r"\b\d{4,5}\b", self.free(command)) or re.search(
            r"port=(\d+)", self.free(text)
        )
        assert wanted, f"{command}: on which port?"
        port = wanted[wanted.lastindex or 0]
        self.end(port)
        process = subprocess.Popen(
            ["bash", "-c", f"exec {self.free(command)}"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.servers[port] = process
        until = time.monotonic() + PATIENCE
        while not listens(int(port)):
            assert process.poll() is None, f"{command} ended"
            assert time.monotonic() < until, f"{command} does not listen"
            time.sleep(0.01)

    def end(self, port: str) -> None:
        """End who serves on a port, as a reader does with Ctrl-C."""
        process = self.servers.pop(port, None)
        if process is not None:
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(process.pid, signal.SIGINT)
            process.wait(PATIENCE)

    def close(self) -> None:
        for port in list(self.servers):
            self.end(port)
