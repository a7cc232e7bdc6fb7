"""What is compared: groups of runs that take turns, and the rows that are read off them.

A group shares its files and its receivers, which run from its first round to its last, as
receivers do; the senders are whole processes, from their start to their end.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Failed, Figure, Listening, Row, Run, listening, output, run
from benchmarks.objects import CT_SERIES, HUGE, LARGE, ONE, SMALL, Workload, make
from benchmarks.programs import (
    DCMTK,
    Ours,
    Receiver,
    Sender,
    dcmtk_sender,
    dcmtk_storescp,
    pynetdicom,
    raw,
)

__all__ = ["GROUPS", "Group", "Place", "peak_memory"]

OURS, IGNORING, BIT_PRESERVING, FORKING = (
    "dulcet storescp", "DCMTK storescp --ignore", "DCMTK storescp +B", "DCMTK storescp +B --fork",
)  # fmt: skip
STORESCU, DCMSEND, DULCET = "DCMTK storescu", "DCMTK dcmsend", "dulcet storescu"


@dataclass(frozen=True)
class Place:
    """Where a benchmark runs.

    Attributes:
        ours: our tools.
        root: a folder in memory for files, removed at the end.
    """

    ours: Ours
    root: Path

    def sender(self, name: str) -> Sender:
        return {
            DULCET: self.ours.storescu(),
            STORESCU: dcmtk_sender("storescu"),
            DCMSEND: dcmtk_sender("dcmsend"),
        }[name]

    def receiver(self, name: str) -> Receiver:
        return {
            OURS: self.ours.storescp(),
            IGNORING: dcmtk_storescp("--ignore"),
            BIT_PRESERVING: dcmtk_storescp("+B"),
            FORKING: dcmtk_storescp("+B", "--fork"),
        }[name]

    @contextlib.contextmanager
    def files(self, workload: Workload) -> Iterator[list[Path]]:
        """The objects, for as long as they are needed."""
        try:
            yield make(workload, self.root)
        finally:
            shutil.rmtree(self.root / workload.name)

    @contextlib.contextmanager
    def receiving(self, name: str) -> Iterator[tuple[Listening, Path]]:
        """A receiver that runs, and the folder that it writes to."""
        out = self.root / "out" / name.replace(" ", "-")
        out.mkdir(parents=True)
        try:
            with listening(lambda port: self.receiver(name)(port, out)) as receiver:
                yield receiver, out
        finally:
            shutil.rmtree(out)


@dataclass(frozen=True)
class Group:
    """Runs that take turns.

    Attributes:
        name: to ask for it on the command line.
        rows: what is read off.
        runs: makes them, and all that they need, for as long as it lasts.
        rounds: how often each run is repeated, at least; cheap ones more often.
    """

    name: str
    rows: Sequence[Row]
    runs: Callable[[Place], contextlib.AbstractContextManager[dict[str, Run]]]
    rounds: int = 5


# ---------------------------------------------------------------------------------- transfers --


def through(sender: str, receiver: str) -> str:
    """The name of a run."""
    return f"{sender} to {receiver}"


def transfer_run(
    place: Place,
    sender: str,
    receiver: str,
    port: int,
    batches: Sequence[Sequence[Path]],
    out: Path,
) -> Run:
    """One process for each batch of files, all at once; every object must arrive."""
    commands = [place.sender(sender)(port, batch) for batch in batches]
    count = 0 if receiver == IGNORING else sum(map(len, batches))

    def transfer() -> Figure:
        for path in out.iterdir():
            path.unlink()
        figure = run(*commands)
        arrived = sum(1 for _ in out.iterdir())
        if arrived != count:
            raise Failed(f"{through(sender, receiver)}: {arrived} of {count} arrived")
        return figure

    return transfer


def transfers(
    workload: Workload, pairs: Sequence[tuple[str, str]], senders: int = 1
) -> Callable[[Place], contextlib.AbstractContextManager[dict[str, Run]]]:
    """Runs that send the objects of a workload, dealt out to so many senders at once."""

    @contextlib.contextmanager
    def runs(place: Place) -> Iterator[dict[str, Run]]:
        with place.files(workload) as files, contextlib.ExitStack() as stack:
            batches = [files[at::senders] for at in range(senders)]
            receivers = {
                name: stack.enter_context(place.receiving(name))
                for name in dict.fromkeys(receiver for _, receiver in pairs)
            }
            made = {}
            for sender, receiver in pairs:
                listens, out = receivers[receiver]
                made[through(sender, receiver)] = transfer_run(
                    place, sender, receiver, listens.port, batches, out
                )
            if workload is LARGE:
                made[RAW] = stack.enter_context(_raw_transfer(place, files[0]))
            yield made

    return runs


RAW = "sendfile to recv and write"


@contextlib.contextmanager
def _raw_transfer(place: Place, file: Path) -> Iterator[Run]:
    out = place.root / "raw"
    with listening(lambda port: raw("receive", str(port), str(out))) as receiver:
        command = raw("send", str(receiver.port), str(file))

        def transfer() -> Figure:
            out.unlink(missing_ok=True)
            return run(command)

        yield transfer
    out.unlink(missing_ok=True)


def _rows_of_transfers(objects: str, to_ignoring: float, from_dcmsend: float) -> list[Row]:
    """The three that each kind of objects has: as the sender, as the receiver, as both."""
    reference = through(DCMSEND, BIT_PRESERVING)
    first = Row(
        f"{objects} -> storescp --ignore, by storescu : dcmsend",
        through(DULCET, IGNORING), through(DCMSEND, IGNORING), to_ignoring,
    )  # fmt: skip
    second = Row(
        f"dcmsend {objects} -> storescp : storescp +B",
        through(DCMSEND, OURS), reference, from_dcmsend,
    )  # fmt: skip
    third = Row(
        f"{objects}, storescu -> storescp : dcmsend -> +B", through(DULCET, OURS), reference, 1.0
    )
    return [first, second, third]


_PAIRS = (
    (DULCET, IGNORING), (DCMSEND, IGNORING), (DCMSEND, OURS), (DCMSEND, BIT_PRESERVING),
    (DULCET, OURS),
)  # fmt: skip
_LARGE_PAIRS = (
    (DULCET, BIT_PRESERVING), (DCMSEND, BIT_PRESERVING), (STORESCU, BIT_PRESERVING),
    (DCMSEND, OURS), (DULCET, OURS),
)  # fmt: skip
_LARGE_ROWS = (
    Row("1 GiB -> storescp +B, by storescu : dcmsend", through(DULCET, BIT_PRESERVING), through(DCMSEND, BIT_PRESERVING), 0.75),
    Row("1 GiB -> storescp +B, by storescu : DCMTK storescu", through(DULCET, BIT_PRESERVING), through(STORESCU, BIT_PRESERVING), 0.75),
    Row("dcmsend 1 GiB -> storescp : storescp +B", through(DCMSEND, OURS), through(DCMSEND, BIT_PRESERVING), 0.9),
    Row("1 GiB, storescu -> storescp : dcmsend -> +B", through(DULCET, OURS), through(DCMSEND, BIT_PRESERVING), 1.0),
    Row("1 GiB, storescu -> storescp : raw sendfile -> write", through(DULCET, OURS), RAW, 1.3),
)  # fmt: skip


# ------------------------------------------------------------------------- single operations --


def _median_of(command: Sequence[str]) -> Figure:
    """The median of the seconds that a program prints."""
    return Figure(statistics.median(json.loads(output(command))))


ECHO, PING = "dulcet C-ECHO", "raw ping-pong"
ECHOES = 2000


@contextlib.contextmanager
def _echoes(place: Place) -> Iterator[dict[str, Run]]:
    with (
        place.receiving(OURS) as (ours, _),
        listening(lambda port: raw("pong", str(port))) as pong,
    ):
        yield {
            ECHO: lambda: _median_of(
                place.ours.child("of_dulcet", "echo", str(ours.port), str(ECHOES))
            ),
            PING: lambda: _median_of(raw("ping", str(pong.port), str(ECHOES))),
        }


ASSOCIATIONS = 50
BY_DULCET, BY_PYNETDICOM, BY_ECHOSCU = (
    "associations by dulcet", "associations by pynetdicom", "associations by echoscu",
)  # fmt: skip
TO_DULCET = "associations by dulcet to dulcet"


@contextlib.contextmanager
def _associations(place: Place) -> Iterator[dict[str, Run]]:
    """Set-up and release: one after the other, the seconds of each."""
    with place.receiving(IGNORING) as (dcmtk, _), place.receiving(OURS) as (ours, _):
        count, port = str(ASSOCIATIONS), str(dcmtk.port)
        echoscu = [str(DCMTK / "echoscu"), "127.0.0.1", port]

        def by_echoscu() -> Figure:
            return Figure(statistics.median(run(echoscu).seconds for _ in range(ASSOCIATIONS)))

        yield {
            BY_DULCET: lambda: _median_of(place.ours.child("of_dulcet", "associate", port, count)),
            BY_ECHOSCU: by_echoscu,
            BY_PYNETDICOM: lambda: _median_of(pynetdicom("associate", port, count)),
            TO_DULCET: lambda: _median_of(
                place.ours.child("of_dulcet", "associate", str(ours.port), count)
            ),
        }


# ------------------------------------------------------------------------------------- groups --

EIGHT_SENDERS = 8

GROUPS = (
    Group("small", _rows_of_transfers("1,000 of 4.8 KB", 0.65, 0.8), transfers(SMALL, _PAIRS)),
    Group("ct", _rows_of_transfers("200 CT of 0.5 MB", 0.7, 0.9), transfers(CT_SERIES, _PAIRS)),
    Group("large", _LARGE_ROWS, transfers(LARGE, _LARGE_PAIRS)),
    Group(
        "one",
        [Row("one small file, storescu : DCMTK storescu", through(DULCET, IGNORING), through(STORESCU, IGNORING), 2.5)],
        transfers(ONE, [(DULCET, IGNORING), (STORESCU, IGNORING)]),
        rounds=15,
    ),
    Group("echo", [Row("C-ECHO p50 on one association : raw ping-pong", ECHO, PING, 4.0)], _echoes),
    Group(
        "associations",
        [
            Row("set-up and release, DCMTK accepts : loop of echoscu", BY_DULCET, BY_ECHOSCU, 1.0),
            Row("set-up and release, DCMTK accepts : pynetdicom", BY_DULCET, BY_PYNETDICOM, 1.0),
            Row("set-up and release, we request: we accept : DCMTK does", TO_DULCET, BY_DULCET, 1.0),
        ],
        _associations,
    ),
    Group(
        "eight",
        [Row("8 dcmsend at once, 200 CT -> storescp : storescp +B --fork", through(DCMSEND, OURS), through(DCMSEND, FORKING), 1.0)],
        transfers(CT_SERIES, [(DCMSEND, OURS), (DCMSEND, FORKING)], senders=EIGHT_SENDERS),
    ),
)  # fmt: skip


def peak_memory(place: Place) -> dict[str, float]:
    """MiB of both our ends for 1 GiB and for 4 GiB, each object in processes of its own."""
    peaks = {}
    for workload in (LARGE, HUGE):
        with place.files(workload) as files, place.receiving(OURS) as (receiver, out):
            batches = [files]
            figure = transfer_run(place, DULCET, OURS, receiver.port, batches, out)()
            peaks[f"{workload.name}: storescu"] = figure.memory
            peaks[f"{workload.name}: storescp"] = receiver.peak()
    return peaks
