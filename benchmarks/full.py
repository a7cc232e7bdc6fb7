"""What `make bench` runs besides the quick groups: other peers, TLS, links with delay, parallel associations."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from benchmarks.certificates import certify
from benchmarks.groups import (
    BARE,
    BARE_SENDER,
    BIT_PRESERVING,
    DCMSEND,
    DULCET,
    FORKING,
    OURS,
    STORESCU,
    Group,
    Place,
    sender_floor,
    through,
    transfer_run,
    transfers,
)
from benchmarks.links import delayed
from benchmarks.measure import Row, Run
from benchmarks.objects import CT_SERIES, LARGE, Workload
from benchmarks.programs import bare, bare_sender, dcmtk_sender, dcmtk_storescp, pynetdicom_storescp

__all__ = ["FULL_GROUPS"]

HUNDRED = Workload("hundred", 100, 4096)
TWO_HUNDRED = Workload("two-hundred", 200, 4096)

# ------------------------------------------------------------------------------------ other peers --

PYNETDICOM = "pynetdicom storescp"


@contextlib.contextmanager
def _pynetdicom(place: Place) -> Iterator[dict[str, Run]]:
    here = replace(place, receivers={PYNETDICOM: pynetdicom_storescp})
    pairs = [(DCMSEND, OURS), (DCMSEND, PYNETDICOM), (DULCET, PYNETDICOM)]
    with transfers(HUNDRED, pairs)(here) as runs:
        yield runs


# -------------------------------------------------------------------------------------------- TLS --

TLS_STORESCU, TLS_DULCET = "DCMTK storescu +tls", "dulcet storescu +tls"
TLS_STORESCP, TLS_OURS = "DCMTK storescp +B +tls", "dulcet storescp +tls"
TLS_BARE, TLS_BARE_SENDER = "bare Python, TLS", "bare Python's sender, TLS"


@contextlib.contextmanager
def _tls(workload: Workload, place: Place) -> Iterator[dict[str, Run]]:
    """TLS 1.3 with certificates at both ends, and the cipher that all of these ends prefer."""
    key, certificate = map(str, certify(place.root / "tls"))
    options = ["+tls", key, certificate, "+cf", certificate]
    here = replace(
        place,
        senders={
            TLS_STORESCU: dcmtk_sender("storescu", *options),
            TLS_DULCET: place.ours.storescu(*options),
            TLS_BARE_SENDER: bare_sender("tls", key, certificate),
        },
        receivers={
            TLS_STORESCP: dcmtk_storescp("+B", *options),
            TLS_OURS: place.ours.storescp(*options),
            TLS_BARE: lambda port, out: bare(port, out, key, certificate),
        },
    )
    pairs = [(TLS_STORESCU, TLS_STORESCP), (TLS_DULCET, TLS_STORESCP),
             (TLS_STORESCU, TLS_OURS), (TLS_DULCET, TLS_OURS), (TLS_STORESCU, TLS_BARE),
             (TLS_BARE_SENDER, TLS_STORESCP)]  # fmt: skip
    with transfers(workload, pairs)(here) as runs:
        yield runs


def _tls_rows(objects: str) -> list[Row]:
    reference = through(TLS_STORESCU, TLS_STORESCP)
    return [
        Row(f"TLS 1.3, {objects} -> DCMTK, by ours : DCMTK", through(TLS_DULCET, TLS_STORESCP), reference, 1.0),
        Row(f"TLS 1.3, {objects} -> DCMTK, by bare Python : DCMTK", through(TLS_BARE_SENDER, TLS_STORESCP), reference),
        Row(f"TLS 1.3, DCMTK {objects} -> ours : DCMTK", through(TLS_STORESCU, TLS_OURS), reference, 1.0),
        Row(f"TLS 1.3, DCMTK {objects} -> bare Python : DCMTK", through(TLS_STORESCU, TLS_BARE), reference),
        Row(f"TLS 1.3, {objects}, ours -> ours : DCMTK -> DCMTK", through(TLS_DULCET, TLS_OURS), reference, 1.0),
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------ floors --

BARE_SENDFILE = "bare Python sends with sendfile"


@contextlib.contextmanager
def _large_floors(place: Place) -> Iterator[dict[str, Run]]:
    here = replace(place, senders={BARE_SENDFILE: bare_sender("sendfile")})
    pairs = [
        (DULCET, BIT_PRESERVING), (BARE_SENDER, BIT_PRESERVING), (BARE_SENDFILE, BIT_PRESERVING),
        (DCMSEND, BIT_PRESERVING), (DCMSEND, OURS), (DCMSEND, BARE),
    ]  # fmt: skip
    with transfers(LARGE, pairs)(here) as runs:
        yield runs


def _large_floor_rows() -> list[Row]:
    reference = through(DCMSEND, BIT_PRESERVING)
    return [
        *sender_floor("1 GiB", "storescp +B", BIT_PRESERVING),
        Row("1 GiB -> storescp +B, by bare Python, sendfile : dcmsend", through(BARE_SENDFILE, BIT_PRESERVING), reference),
        Row("dcmsend 1 GiB -> storescp : bare Python", through(DCMSEND, OURS), through(DCMSEND, BARE)),
        Row("dcmsend 1 GiB -> bare Python : storescp +B", through(DCMSEND, BARE), reference),
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------- links --

WINDOW, EIGHT = "dulcet storescu, window 16", "dulcet storescu, 8 associations"
GRANTING = "dulcet, window 16 granted"


@contextlib.contextmanager
def _link(milliseconds: float, place: Place) -> Iterator[dict[str, Run]]:
    """200 small objects over a link: one after the other, 16 on their way, eight associations."""
    here = replace(
        place,
        senders={
            WINDOW: place.ours.storescu("--max-ops", "16"),
            EIGHT: place.ours.storescu("--associations", "8"),
        },
        receivers={GRANTING: place.ours.storescp("--max-ops", "16")},
    )
    with (
        delayed(milliseconds) as link,
        here.files(TWO_HUNDRED) as files,
        contextlib.ExitStack() as stack,
    ):
        runs = {}
        for sender, receiver in (
            (STORESCU, BIT_PRESERVING), (DULCET, OURS), (WINDOW, GRANTING), (EIGHT, FORKING),
        ):  # fmt: skip
            listens, out = stack.enter_context(here.receiving(receiver, prefix=link.prefix))
            port = stack.enter_context(link.to(listens.port))
            runs[through(sender, receiver)] = transfer_run(
                here, sender, receiver, port, [files], out, prefix=link.prefix
            )
        yield runs


def _link_group(milliseconds: int, windowed: float | None, parallel: float | None) -> Group:
    work = f"200 small over {milliseconds} ms"
    reference = through(STORESCU, BIT_PRESERVING)
    return Group(
        f"link-{milliseconds}",
        [
            Row(f"{work}, ours -> ours : DCMTK -> DCMTK", through(DULCET, OURS), reference),
            Row(f"{work}, window 16, ours -> ours : DCMTK", through(WINDOW, GRANTING), reference, windowed),
            Row(f"{work}, 8 associations -> DCMTK : DCMTK", through(EIGHT, FORKING), reference, parallel),
        ],
        partial(_link, milliseconds),
        rounds=1 if milliseconds >= 100 else 2,
        warm=False,
    )  # fmt: skip


# -------------------------------------------------------------------------- parallel associations --

TWO, FOUR = "dulcet storescu, 2 associations", "dulcet storescu, 4 associations"


@contextlib.contextmanager
def _parallel(place: Place) -> Iterator[dict[str, Run]]:
    here = replace(
        place,
        senders={
            TWO: place.ours.storescu("--associations", "2"),
            FOUR: place.ours.storescu("--associations", "4"),
        },
    )
    pairs = [(sender, FORKING) for sender in (DULCET, TWO, FOUR)]
    with transfers(CT_SERIES, [*pairs, (DCMSEND, FORKING)])(here) as runs:
        yield runs


# ------------------------------------------------------------------------------------------ groups --


def _nagle_rows() -> Sequence[Row]:
    theirs = through(DCMSEND, BIT_PRESERVING)
    return [
        Row("Nagle's algorithm on, 100 small -> storescp, by ours : dcmsend", through(DULCET, BIT_PRESERVING), theirs),
        Row("Nagle's algorithm on, dcmsend 100 small -> ours : storescp", through(DCMSEND, OURS), theirs),
    ]  # fmt: skip


FULL_GROUPS = (
    Group("large-floors", _large_floor_rows(), _large_floors),
    Group(
        "nagle",
        _nagle_rows(),
        transfers(HUNDRED, [(DULCET, BIT_PRESERVING), (DCMSEND, OURS), (DCMSEND, BIT_PRESERVING)], nagle=True),
        rounds=2,
        warm=False,
    ),
    Group(
        "pynetdicom",
        [
            Row("dcmsend 100 small -> ours : pynetdicom's storescp", through(DCMSEND, OURS), through(DCMSEND, PYNETDICOM), 1.0),
            Row("100 small -> pynetdicom's storescp, by ours : dcmsend", through(DULCET, PYNETDICOM), through(DCMSEND, PYNETDICOM)),
        ],
        _pynetdicom,
    ),
    Group("tls-ct", _tls_rows("200 CT"), partial(_tls, CT_SERIES)),
    Group("tls-large", _tls_rows("1 GiB"), partial(_tls, LARGE)),
    Group(
        "parallel",
        [
            Row("200 CT -> storescp --fork, 1 association : dcmsend", through(DULCET, FORKING), through(DCMSEND, FORKING)),
            Row("200 CT -> storescp --fork, 2 associations : dcmsend", through(TWO, FORKING), through(DCMSEND, FORKING)),
            Row("200 CT -> storescp --fork, 4 associations : dcmsend", through(FOUR, FORKING), through(DCMSEND, FORKING)),
        ],
        _parallel,
    ),
    _link_group(1, None, None),
    _link_group(20, None, None),
    _link_group(100, 0.1, 0.2),
)  # fmt: skip
