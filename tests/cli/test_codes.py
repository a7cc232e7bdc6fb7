"""Each exit code of the table, by what it is for, of either tool."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_peers import (
    P_DATA,
    RELEASE_RQ,
    Dialogue,
    Script,
    ScriptedPeer,
    rejecting,
    storing,
)

from cli import dcmsend, storescu
from cli.codes import SENDING_CODES
from testbed import raw

DICOM = Path(__file__).parents[2] / "fixtures" / "dicom"
CT, MR, RLE = (str(DICOM / f"{name}.dcm") for name in ("ct-explicit", "mr-explicit", "mr-rle"))
TEXT = str(DICOM / "faulty" / "not-dicom.txt")
TOOLS = {"storescu": storescu, "dcmsend": dcmsend}

Run = Callable[..., int]


def silent(dialogue: Dialogue) -> None:
    """Takes an object and does not answer."""
    dialogue.accept()
    dialogue.command()
    dialogue.data_set()
    dialogue.wire.read(10)


def closing(dialogue: Dialogue) -> None:
    dialogue.accept()
    dialogue.command()
    dialogue.data_set()


def aborting(dialogue: Dialogue) -> None:
    closing(dialogue)
    dialogue.wire.send(raw.abort(0, 0))


def refusing(dialogue: Dialogue) -> None:
    """Accepts no context."""
    dialogue.accept(lambda *_: None)
    dialogue.pdu()


def taking_only_implicit(dialogue: Dialogue) -> None:
    dialogue.accept(lambda _, offered: offered[0] if offered[0].endswith(".1.2") else None)
    dialogue.pdu()


def staying(dialogue: Dialogue) -> None:
    """Closes the connection, instead of a release that is confirmed."""
    dialogue.accept()
    dialogue.store()
    dialogue.pdu(RELEASE_RQ)
    dialogue.wire.send(raw.abort(0, 0))


def signalled(number: int) -> Script:
    def script(dialogue: Dialogue) -> None:
        dialogue.accept()
        dialogue.command()
        signal.pthread_kill(threading.main_thread().ident or 0, number)
        while dialogue.pdu().type == P_DATA:
            pass

    return script


# By row: what the peer does (None: there is none), and the arguments.
CASES: list[tuple[str, list[Script] | None, list[str], int | None]] = [
    ("stored", [storing(0, 0xB000, 0xB006)], [CT, MR, CT], None),
    ("stored", [storing(0, 0x0001, 0x0107)], ["--repeat", "3", CT], None),
    ("usage", None, ["--no-such-option", CT], None),
    ("usage", None, ["-xf", "/nowhere", "Default", CT], None),
    ("usage", None, ["--journal", CT, CT], None),
    ("nothing", None, [str(DICOM)], None),
    ("unusable", None, [CT, "/nowhere/ct.dcm"], None),
    ("unusable", None, [CT, TEXT], None),
    ("unusable", [storing(0)], ["-nh", CT, TEXT], None),
    ("none usable", None, ["-nh", TEXT], None),
    ("report", None, ["--report", "/nowhere/a.csv", CT], None),
    ("report", None, ["+crf", "/nowhere/a.txt", CT], None),
    ("no association", None, [CT], None),
    ("no association", [rejecting(1, 1, 7)], [CT], None),
    ("no association", [lambda dialogue: dialogue.wire.send(raw.abort(2, 0))], [CT], None),
    ("not sent", [refusing], ["-R", CT], None),
    ("not sent", [taking_only_implicit], ["-R", "-dn", RLE], None),
    ("not sent", [silent], ["-td", "1", CT], None),
    ("not sent", [aborting], [CT], None),
    ("not sent", [aborting, storing(0xA700)], ["-nh", CT, MR], None),
    ("refused", [storing(0xA700)], [CT], 167),
    ("refused", [storing(0xA900)], [CT], 169),
    ("refused", [storing(0xC123)], [CT], 193),
    ("refused", [storing(0x0110)], [CT], 1),
    ("refused", [storing(0x0122)], [CT], 1),
    ("refused", [storing(0, 0xA9FF, 0xC000)], ["-nh", CT, MR, CT], 169),
    ("unknown status", [storing(0x8888)], [CT], None),
    ("unknown status", [storing(0xFF00)], [CT], None),
    ("lost", [closing], [CT], None),
    ("not released", [staying], [CT], None),
    ("interrupted", [signalled(signal.SIGINT)], [CT], None),
    ("terminated", [signalled(signal.SIGTERM)], [CT], None),
]


@pytest.fixture(params=TOOLS)
def tool(request: Any) -> str:
    name: str = request.param
    return name


def test_each_row_has_a_case() -> None:
    assert {name for name, *_ in CASES} | {"report broken off"} == SENDING_CODES.keys()


@pytest.mark.parametrize(
    ("row", "scripts", "arguments", "code"),
    CASES,
    ids=[f"{name}-{index}" for index, (name, *_) in enumerate(CASES)],
)
def test_the_code(
    tool: str, row: str, scripts: list[Script] | None, arguments: list[str], code: int | None
) -> None:
    expected = getattr(SENDING_CODES[row], tool) if code is None else code
    if scripts is None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        assert TOOLS[tool].main(["127.0.0.1", str(port), *arguments]) == expected
        return
    with ScriptedPeer(*scripts) as peer:
        assert TOOLS[tool].main(["127.0.0.1", str(peer.port), *arguments]) == expected


def test_a_report_that_is_broken_off(tool: str, tmp_path: Path, monkeypatch: Any) -> None:
    def fail(self: object, row: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dimse.reports.writers._Csv.write", fail)
    with ScriptedPeer(storing(0)) as peer:
        arguments = ["127.0.0.1", str(peer.port), "--report", str(tmp_path / "a.csv"), CT]
        code = TOOLS[tool].main(arguments)
    assert code == getattr(SENDING_CODES["report broken off"], tool)
