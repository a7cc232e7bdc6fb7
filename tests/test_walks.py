"""The walks of docs/design.md, from a path to `sendmsg` and from `recv_into` to the disk, as they happen.

A real object goes from `storescu` to a spool, with a profiler on. Each stop of the document is made,
in its order; what else is met on the way is below the stops, and no call leads up into `cli`.
"""

from __future__ import annotations

import inspect
import re
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pydicom
import pytest

from cli import storescu
from dimse import Observer, Server, Spool

ROOT = Path(__file__).resolve().parent.parent
CT = ROOT / "fixtures" / "dicom" / "ct-explicit.dcm"
SIZE = 3 << 20  # larger than what is cached, and than many fills of the receive buffer
SENT, RECEIVED = "The walk of a path", "The walk of bytes"
MOST = {SENT: 18, RECEIVED: 14}

# Beside the stops: facts, values, clocks, events, and how to wait. They are named, so that a module
# which comes between the stops is noticed.
ASIDE = re.compile(
    r"dul\.(threads\.\w+|transport\.wakeup|conversations|values|deadlines|fsm|limits|errors|framing|inbox|association|machine|pdu|blocking|outbox)"
    r"|dimse\.(tables(\.\w+)?|messages\.\w+|errors|events|outcome|policy|dialogue|client|engine|outstanding|retry|roster|plan|scp)"
    r"|dimse\.objects\.(cache|findings|layout|walk|window|prepare)"
)


@dataclass
class Trace:
    """The calls of one thread: ours as (module, qualified name), C's by their name alone."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    upwards: set[str] = field(default_factory=set)

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call":
            self.calls.append(("", getattr(argument, "__qualname__", "")))
        elif event == "call" and (module := _module(frame)):
            self.calls.append((module, frame.f_code.co_qualname))
            caller = _module(frame.f_back) if frame.f_back else ""
            # Taking the next of what it was given, from a generator, is no call for an answer.
            given = frame.f_code.co_flags & inspect.CO_GENERATOR
            if module.startswith("cli.") and caller.startswith(("dul.", "dimse.")) and not given:
                self.upwards.add(f"{caller} calls {module}.{frame.f_code.co_qualname}")


def _module(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name if name.partition(".")[0] in {"dul", "dimse", "cli"} else ""


class Threads:
    """A trace for each thread that is started meanwhile."""

    def __init__(self) -> None:
        self.traces: dict[int, Trace] = {}

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        self.traces.setdefault(threading.get_ident(), Trace())(frame, event, argument)


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trace]:
    """One object, sent and stored; the second time, when all that is loaded late is loaded."""
    where, sent = tmp_path_factory.mktemp("spool"), tmp_path_factory.mktemp("sent") / "large.dcm"
    large = pydicom.dcmread(CT)
    large.NumberOfFrames = 1
    large.Rows, large.Columns = 1 << 10, SIZE >> 11
    large.PixelData = bytes(SIZE)
    large.save_as(sent)
    ended = threading.Event()

    class Watching(Observer):
        def released(self, requestor: Any) -> None:
            ended.set()

    receiving, sending = Threads(), Trace()
    before = sys.getprofile()
    with Spool(where) as spool:
        for last in (False, True):
            ended.clear()
            if last:
                threading.setprofile(receiving)
            try:
                with Server(spool.open, observer=Watching(), host="127.0.0.1") as server:
                    if last:
                        sys.setprofile(sending)
                    code = storescu.main(["127.0.0.1", str(server.address[1]), str(sent)])
                    sys.setprofile(before)
                    assert ended.wait(30)
            finally:
                sys.setprofile(before)
                threading.setprofile(None)  # type: ignore[arg-type]
            assert code == 0
    assert [path.stat().st_size > SIZE for path in where.iterdir()] == [True]
    (serving,) = (
        each
        for each in receiving.traces.values()
        if any("Link.receive" in c for _, c in each.calls)
    )
    return {SENT: sending, RECEIVED: serving}


def stops(walk: str) -> list[tuple[str, str]]:
    """What the document has: the module, or "", and the function of each stop."""
    text = (ROOT / "docs" / "design.md").read_text("utf-8")
    table = text[text.index(walk) :].split("\n\n")[1]
    rows = re.findall(r"^\| (\d+) ([^|]+)\|", table, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, len(rows) + 1))
    found = []
    for _, words in rows:
        names = re.findall(r"`([^`]+)`", words)
        found.append((names[0].replace("/", ".") if len(names) > 1 else "", names[-1]))
    return found


def _is(stop: tuple[str, str], call: tuple[str, str]) -> bool:
    (place, name), (module, function) = stop, call
    if not module:  # of C: `sendmsg`, `os.writev`
        return not place and function.rpartition(".")[2] == name.rpartition(".")[2]
    in_place = not place or f".{module}".endswith(f".{place}")
    return in_place and f".{function}".endswith(f".{name}")


def way(walk: str, trace: Trace) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The calls from the first stop to the last, and those of them that are no stop yet missing.

    Of what is received it is the last fill of the buffer, which has nothing but the data set in it.
    """
    calls, (first, *_, last) = trace.calls, stops(walk)
    begin = 0
    if walk == RECEIVED:
        end = max(n for n, call in enumerate(calls) if _is(last, call))
        begin = max(n for n, call in enumerate(calls[:end]) if _is(first, call))
    missing = stops(walk)
    for n, call in enumerate(calls[begin:], begin):
        if missing and _is(missing[0], call):
            missing.pop(0)
            if not missing:
                return calls[begin : n + 1], []
    return calls[begin:], missing


@pytest.mark.parametrize("walk", [SENT, RECEIVED])
def test_each_stop_of_the_document_is_made_in_its_order(walk: str, traces: dict[str, Trace]):
    _, missing = way(walk, traces[walk])
    assert not missing, f"{missing[0]} is not met behind the stop before it"


@pytest.mark.parametrize("walk", [SENT, RECEIVED])
def test_a_walk_is_short(walk: str):
    assert 10 < len(stops(walk)) <= MOST[walk]


@pytest.mark.parametrize("walk", [SENT, RECEIVED])
def test_no_module_between_the_stops_is_left_out(walk: str, traces: dict[str, Trace]):
    """Of a path it is the part behind its turn: before, the association comes to be."""
    calls, _ = way(walk, traces[walk])
    if walk == SENT:
        turn = next(n for n, call in enumerate(calls) if _is(("flights", "Flights._begin"), call))
        calls = calls[turn:]
    ours = {
        module for module, name in calls if any(_is(stop, (module, name)) for stop in stops(walk))
    }
    met = {module for module, _ in calls if module and not module.startswith("cli.")}
    assert {module for module in met - ours if not ASIDE.fullmatch(module)} == set()


def test_nothing_below_calls_up_into_the_command_line(traces: dict[str, Trace]):
    """`cli` takes events, one after the other; nobody calls it."""
    assert traces[SENT].upwards == set()
