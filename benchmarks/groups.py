"""What is compared: groups of runs that take turns, and the rows that are read off them.

A group shares its files and its receivers, which run from its first round to its last, as
receivers do; the senders are whole processes, from their start to their end.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measure import Failed, Figure, Listening, Row, Run, listening, output, run
from benchmarks.objects import CT_SERIES, HUGE, LARGE, ONE, SMALL, Workload, make
from benchmarks.programs import (
    DCMTK,
    Ours,
    Receiver,
    Sender,
    bare,
    bare_echo,
    bare_sender,
    dcmtk_sender,
    dcmtk_storescp,
    pynetdicom,
    raw,
)

__all__ = ["GROUPS", "Group", "Place", "peak_memory", "percentiles"]

OURS, IGNORING, BIT_PRESERVING, FORKING = (
    "dulcet storescp", "DCMTK storescp --ignore", "DCMTK storescp +B", "DCMTK storescp +B --fork",
)  # fmt: skip
WORKERS, BARE = "dulcet storescp --workers 2", "bare Python, the same system calls"
BARE_SENDER = "bare Python, the same system calls, sends"
BARE_START = "bare Python imports and sends"
STORESCU, DCMSEND, DULCET = "DCMTK storescu", "DCMTK dcmsend", "dulcet storescu"


@dataclass(frozen=True)
class Place:
    """Where a benchmark runs.

    Attributes:
        ours: our tools.
        root: a folder in memory for files, removed at the end.
        senders: further ones, by name.
        receivers: likewise.
    """

    ours: Ours
    root: Path
    senders: Mapping[str, Sender] = field(default_factory=dict)
    receivers: Mapping[str, Receiver] = field(default_factory=dict)

    def sender(self, name: str) -> Sender:
        return {
            DULCET: self.ours.storescu(),
            STORESCU: dcmtk_sender("storescu"),
            DCMSEND: dcmtk_sender("dcmsend"),
            BARE_SENDER: bare_sender("sendmsg"),
            BARE_START: bare_sender("imports"),
            **self.senders,
        }[name]

    def receiver(self, name: str) -> Receiver:
        return {
            OURS: self.ours.storescp(),
            IGNORING: dcmtk_storescp("--ignore"),
            BIT_PRESERVING: dcmtk_storescp("+B"),
            FORKING: dcmtk_storescp("+B", "--fork"),
            WORKERS: self.ours.storescp("--workers", "2"),
            BARE: bare,
            **self.receivers,
        }[name]

    @contextlib.contextmanager
    def files(self, workload: Workload) -> Iterator[list[Path]]:
        """The objects, for as long as they are needed."""
        try:
            yield make(workload, self.root)
        finally:
            shutil.rmtree(self.root / workload.name)

    @contextlib.contextmanager
    def receiving(
        self, name: str, *, nagle: bool = False, prefix: Sequence[str] = ()
    ) -> Iterator[tuple[Listening, Path]]:
        """A receiver that runs, and the folder that it writes to; its command behind a prefix."""
        out = self.root / "out" / name.replace(" ", "-")
        out.mkdir(parents=True)
        try:

            def command(port: int) -> list[str]:
                return [*prefix, *self.receiver(name)(port, out)]

            with listening(command, nagle=nagle) as receiver:
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
        warm: one round before them does not count; waste where delay is all that matters.
    """

    name: str
    rows: Sequence[Row]
    runs: Callable[[Place], contextlib.AbstractContextManager[dict[str, Run]]]
    rounds: int = 5
    warm: bool = True


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
    *,
    nagle: bool = False,
    prefix: Sequence[str] = (),
    watched: bool = False,
) -> Run:
    """One process for each batch of files, all at once; every object must arrive."""
    commands = [[*prefix, *place.sender(sender)(port, batch)] for batch in batches]
    count = 0 if receiver == IGNORING else sum(map(len, batches))

    def transfer() -> Figure:
        for path in out.iterdir():
            path.unlink()
        figure = run(*commands, nagle=nagle, watched=watched)
        arrived = sum(1 for _ in out.iterdir())
        if arrived != count:
            raise Failed(f"{through(sender, receiver)}: {arrived} of {count} arrived")
        return figure

    return transfer


def transfers(
    workload: Workload, pairs: Sequence[tuple[str, str]], senders: int = 1, *, nagle: bool = False
) -> Callable[[Place], contextlib.AbstractContextManager[dict[str, Run]]]:
    """Runs that send the objects of a workload, dealt out to so many senders at once."""

    @contextlib.contextmanager
    def runs(place: Place) -> Iterator[dict[str, Run]]:
        with place.files(workload) as files, contextlib.ExitStack() as stack:
            batches = [files[at::senders] for at in range(senders)]
            receivers = {
                name: stack.enter_context(place.receiving(name, nagle=nagle))
                for name in dict.fromkeys(receiver for _, receiver in pairs)
            }
            made = {}
            for sender, receiver in pairs:
                listens, out = receivers[receiver]
                made[through(sender, receiver)] = transfer_run(
                    place, sender, receiver, listens.port, batches, out, nagle=nagle
                )
            if workload is LARGE and not place.senders:
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
    """What each kind of objects has: as the sender, as the receiver, as both; and the floors."""
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
    floor = Row(
        f"dcmsend {objects} -> storescp : bare Python",
        through(DCMSEND, OURS), through(DCMSEND, BARE),
    )  # fmt: skip
    limit = Row(
        f"dcmsend {objects} -> bare Python : storescp +B", through(DCMSEND, BARE), reference
    )
    return [
        first,
        *sender_floor(objects, "storescp --ignore", IGNORING),
        second,
        third,
        floor,
        limit,
    ]


def sender_floor(objects: str, to: str, receiver: str) -> list[Row]:
    """What ours adds to the floor of a sender in Python, and where that floor is."""
    bare_one = through(BARE_SENDER, receiver)
    return [
        Row(f"{objects} -> {to}, by storescu : bare Python", through(DULCET, receiver), bare_one),
        Row(f"{objects} -> {to}, by bare Python : dcmsend", bare_one, through(DCMSEND, receiver)),
    ]


_PAIRS = (
    (DULCET, IGNORING), (DCMSEND, IGNORING), (DCMSEND, OURS), (DCMSEND, BIT_PRESERVING),
    (DULCET, OURS), (DCMSEND, BARE), (BARE_SENDER, IGNORING),
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


ECHO, PING, BARE_ECHO = "dulcet C-ECHO", "raw ping-pong", "bare Python C-ECHO"
ECHOES = 2000


@contextlib.contextmanager
def _echoes(place: Place) -> Iterator[dict[str, Run]]:
    with (
        place.receiving(OURS) as (ours, _),
        listening(lambda port: raw("pong", str(port))) as pong,
        listening(lambda port: bare_echo("accept", str(port))) as bare_one,
    ):
        yield {
            ECHO: lambda: _median_of(
                place.ours.child("of_dulcet", "echo", str(ours.port), str(ECHOES))
            ),
            PING: lambda: _median_of(raw("ping", str(pong.port), str(ECHOES))),
            BARE_ECHO: lambda: _median_of(bare_echo("echo", str(bare_one.port), str(ECHOES))),
        }


ASSOCIATIONS = 50
BY_DULCET, BY_PYNETDICOM, BY_ECHOSCU = (
    "associations by dulcet", "associations by pynetdicom", "associations by echoscu",
)  # fmt: skip
TO_DULCET, TO_BARE, TO_THREADS, BARE_TO_DCMTK = (
    "associations by dulcet to dulcet", "associations by dulcet to bare Python",
    "associations by dulcet to bare Python in threads", "associations by bare Python to DCMTK",
)  # fmt: skip


@contextlib.contextmanager
def _associations(place: Place) -> Iterator[dict[str, Run]]:
    """Set-up and release: one after the other, the seconds of each."""
    with (
        place.receiving(IGNORING) as (dcmtk, _),
        place.receiving(OURS) as (ours, _),
        listening(lambda port: bare_echo("accept", str(port))) as loop,
        listening(lambda port: bare_echo("threads", str(port))) as threads,
    ):
        count, port = str(ASSOCIATIONS), str(dcmtk.port)
        echoscu = [str(DCMTK / "echoscu"), "127.0.0.1", port]

        def by_echoscu() -> Figure:
            return Figure(statistics.median(run(echoscu).seconds for _ in range(ASSOCIATIONS)))

        def by_dulcet(to: Listening) -> Run:
            command = place.ours.child("of_dulcet", "associate", str(to.port), count)
            return lambda: _median_of(command)

        yield {
            BY_DULCET: by_dulcet(dcmtk),
            BY_ECHOSCU: by_echoscu,
            BY_PYNETDICOM: lambda: _median_of(pynetdicom("associate", port, count)),
            TO_DULCET: by_dulcet(ours),
            TO_BARE: by_dulcet(loop),
            TO_THREADS: by_dulcet(threads),
            BARE_TO_DCMTK: lambda: _median_of(bare_echo("associate", port, count)),
        }


# ------------------------------------------------------------------------------------- groups --

EIGHT_SENDERS = 8

GROUPS = (
    Group("small", _rows_of_transfers("1,000 of 4.8 KB", 0.65, 0.8), transfers(SMALL, _PAIRS)),
    Group("ct", _rows_of_transfers("200 CT of 0.5 MB", 0.7, 0.9), transfers(CT_SERIES, _PAIRS)),
    Group("large", _LARGE_ROWS, transfers(LARGE, _LARGE_PAIRS)),
    Group(
        "one",
        [Row("one small file, storescu : DCMTK storescu", through(DULCET, IGNORING), through(STORESCU, IGNORING), 2.5),
         Row("one small file, bare Python : DCMTK storescu", through(BARE_START, IGNORING), through(STORESCU, IGNORING))],
        transfers(ONE, [(DULCET, IGNORING), (STORESCU, IGNORING), (BARE_START, IGNORING)]),
        rounds=15,
    ),
    Group(
        "echo",
        [
            Row("C-ECHO p50 on one association : raw ping-pong", ECHO, PING, 4.0),
            Row("bare Python C-ECHO, p50 : raw ping-pong", BARE_ECHO, PING),
        ],
        _echoes,
    ),
    Group(
        "associations",
        [
            Row("set-up and release, DCMTK accepts : loop of echoscu", BY_DULCET, BY_ECHOSCU, 1.0),
            Row("set-up and release, DCMTK accepts : pynetdicom", BY_DULCET, BY_PYNETDICOM, 1.0),
            Row("set-up and release, we request: we accept : DCMTK does", TO_DULCET, BY_DULCET, 1.0),
            Row("set-up and release, we request: bare Python accepts : DCMTK does", TO_BARE, BY_DULCET),
            Row("set-up and release, we request: bare Python's threads : DCMTK", TO_THREADS, BY_DULCET),
            Row("set-up and release, DCMTK accepts, we request : bare Python", BY_DULCET, BARE_TO_DCMTK),
        ],
        _associations,
    ),
    Group(
        "eight",
        [
            Row("8 dcmsend at once, 200 CT -> storescp : storescp +B --fork", through(DCMSEND, OURS), through(DCMSEND, FORKING), 1.0),
            Row("8 dcmsend at once, 200 CT -> storescp --workers 2 : +B --fork", through(DCMSEND, WORKERS), through(DCMSEND, FORKING), 1.0),
        ],
        transfers(CT_SERIES, [(DCMSEND, OURS), (DCMSEND, WORKERS), (DCMSEND, FORKING)], senders=EIGHT_SENDERS),
    ),
)  # fmt: skip


def percentiles(place: Place) -> dict[str, dict[str, float]]:
    """Microseconds of a C-ECHO on one association, by who asks and who answers."""
    found = {}
    with (
        place.receiving(OURS) as (ours, _),
        place.receiving(IGNORING) as (dcmtk, _),
        listening(lambda port: raw("pong", str(port))) as pong,
    ):
        count = str(ECHOES)
        for name, command in (
            ("ours to ours", place.ours.child("of_dulcet", "echo", str(ours.port), count)),
            ("ours to DCMTK", place.ours.child("of_dulcet", "echo", str(dcmtk.port), count)),
            ("pynetdicom to DCMTK", pynetdicom("echo", str(dcmtk.port), "500")),
            ("raw TCP, as many bytes", raw("ping", str(pong.port), count)),
        ):
            seconds = sorted(json.loads(output(command)))
            found[name] = {
                f"p{share}": round(seconds[int(len(seconds) * share / 100)] * 1e6, 1)
                for share in (50, 90, 99)
            }
    return found


def peak_memory(place: Place) -> dict[str, float]:
    """MiB of both our ends for 1 GiB and for 4 GiB, each object in processes of its own."""
    peaks = {}
    for workload in (LARGE, HUGE):
        with place.files(workload) as files, place.receiving(OURS) as (receiver, out):
            batches = [files]
            figure = transfer_run(place, DULCET, OURS, receiver.port, batches, out, watched=True)()
            peaks[f"{workload.name}: storescu"] = figure.memory
            peaks[f"{workload.name}: storescp"] = receiver.peak()
    return peaks
