"""Several associations, a window, retry and bounds on speed: both faces, over real sockets."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from test_faces import FILES

from dimse import aio
from dimse.client import Client
from dimse.dialogue import VERIFICATION_CONTEXT, Dialogue
from dimse.errors import AbortAssociation, InvalidValue
from dimse.events import Associated, ClientEvent, Done, GivenUp, NotAssociated, Retrying
from dimse.journal import Journal
from dimse.outcome import Outcome
from dimse.peer import Peer
from dimse.retry import Retry
from dimse.server import Server
from dimse.storage.sink import Discard
from dimse.storage.spool import Spool
from dimse.support import storage_support
from dul.blocking import Wakeup
from dul.conversations import Connect
from dul.errors import Interrupted
from dul.pace import Pace
from dul.user_items import AsynchronousOperationsWindow

GUARD = 30.0
Told = Callable[[ClientEvent], None]


def _blocking(port: int, items: Any, told: Told, options: dict[str, Any], how: Any) -> None:
    for event in Client("127.0.0.1", port, **options).send(items, **how):
        told(event)


def _asyncio(port: int, items: Any, told: Told, options: dict[str, Any], how: Any) -> None:
    async def run() -> None:
        async for event in aio.Client("127.0.0.1", port, **options).send(items, **how):
            told(event)

    asyncio.run(run())


@pytest.fixture(params=[_blocking, _asyncio])
def send(request: Any) -> Callable[..., list[Any]]:
    """Send with one of the faces; gives the events."""

    def send(
        port: int,
        items: Any,
        *,
        told: Told = lambda event: None,
        options: dict[str, Any] | None = None,
        **how: Any,
    ) -> list[Any]:
        events: list[Any] = []

        def both(event: ClientEvent) -> None:
            events.append(event)
            told(event)

        request.param(port, items, both, options or {}, how)
        assert isinstance(events[-1], Done)
        return events

    return send


def outcomes(events: list[Any]) -> list[Outcome]:
    return [each for each in events if isinstance(each, Outcome)]


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    folder = tmp_path / "incoming"
    folder.mkdir()
    with Spool(folder) as spool:
        yield spool


def test_four_objects_are_on_their_way_at_the_same_time(send: Any, spool: Spool) -> None:
    """No response leaves before four requests are there."""
    together = threading.Barrier(4)

    def on_store(_: Any) -> int:
        together.wait(GUARD)
        return 0

    with Server(spool.open, on_store=on_store, host="127.0.0.1") as scp:
        events = send(scp.address[1], FILES[:4] * 3, associations=4)
    assert [each.stored for each in outcomes(events)] == [True] * 12
    assert sum(isinstance(each, Associated) for each in events) == 4


def test_where_fewer_associations_are_granted_these_send_all(send: Any) -> None:
    with Server(lambda _: Discard(), host="127.0.0.1", max_associations=2) as scp:
        events = send(scp.address[1], FILES * 5, associations=4)
    assert len(outcomes(events)) == 5 * len(FILES)
    assert all(each.stored for each in outcomes(events))
    assert not [each for each in events if isinstance(each, GivenUp)]
    assert all(each.others for each in events if isinstance(each, NotAssociated))


def test_a_window_is_used_where_it_is_granted(send: Any) -> None:
    window = AsynchronousOperationsWindow(8, 1)
    support = storage_support(window=window)
    with Server(lambda _: Discard(), support=support, host="127.0.0.1") as scp:
        events = send(scp.address[1], FILES * 5, options={"window": window})
    assert all(each.stored for each in outcomes(events))
    assert len(outcomes(events)) == 5 * len(FILES)
    (associated,) = (each for each in events if isinstance(each, Associated))
    assert associated.negotiated.window.invoked == 8


def test_a_peer_that_starts_later_is_tried_again(send: Any) -> None:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    servers: list[Server] = []

    def told(event: ClientEvent) -> None:
        if isinstance(event, Retrying) and event.attempt == 3:
            servers.append(Server(lambda _: Discard(), host="127.0.0.1", port=port))
            servers[0].start()

    try:
        events = send(port, FILES[:2], told=told, retry=Retry(times=5, first=0.01))
    finally:
        for each in servers:
            each.stop()
    assert [each.stored for each in outcomes(events)] == [True, True]
    assert [each.attempt for each in events if isinstance(each, Retrying)] == [2, 3]


def test_a_peer_without_room_is_asked_again(send: Any) -> None:
    answers = iter([0, 0xA700, 0xA7FF, 0, 0])
    on_store = lambda _: next(answers)  # noqa: E731
    with Server(lambda _: Discard(), on_store=on_store, host="127.0.0.1") as scp:
        events = send(scp.address[1], FILES[:3], retry=Retry(times=2, first=0.01))
    assert [(each.status, each.attempts) for each in outcomes(events)] == [(0, 1), (0, 3), (0, 1)]


def test_an_interrupt_ends_a_pause() -> None:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    wakeup = Wakeup()
    try:
        for associations in (1, 3):
            client = Client("127.0.0.1", port, wakeup=wakeup)
            long = Retry(times=1, first=3600, longest=3600)
            events = client.send(FILES, retry=long, associations=associations)
            with pytest.raises(Interrupted):
                for event in events:
                    if isinstance(event, Retrying):
                        wakeup.set()
    finally:
        wakeup.close()


def test_a_cancellation_ends_a_pause() -> None:
    async def run(associations: int) -> None:
        with socket.socket() as place:
            place.bind(("127.0.0.1", 0))
            port = place.getsockname()[1]
        paused = asyncio.Event()
        long = Retry(times=1, first=3600, longest=3600)

        async def send() -> None:
            client = aio.Client("127.0.0.1", port)
            async for event in client.send(FILES, retry=long, associations=associations):
                if isinstance(event, Retrying):
                    paused.set()

        task = asyncio.create_task(send())
        await asyncio.wait_for(paused.wait(), GUARD)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    for associations in (1, 3):
        asyncio.run(run(associations))


def test_events_that_are_not_taken_to_the_end_abort_all_associations() -> None:
    with Server(lambda _: Discard(), host="127.0.0.1") as scp:
        events = Client("127.0.0.1", scp.address[1]).send(FILES * 5, associations=3)
        for event in events:
            if isinstance(event, Outcome):
                break
        events.close()
        assert list(events) == []


def test_bounds_on_speed_lose_nothing(send: Any, spool: Spool) -> None:
    with Server(spool.open, host="127.0.0.1") as scp:
        events = send(scp.address[1], FILES[:3], bandwidth=5_000_000, rate=200, associations=2)
    assert all(each.stored for each in outcomes(events))


def test_a_slow_pace_makes_small_pdus() -> None:
    """So that none of them takes much longer than a second."""
    dialogue = Dialogue(Peer(host="peer", port=104), lambda: 0.0)
    dialogue.pace = Pace(2000)
    connect = next(each for each in dialogue.associate([VERIFICATION_CONTEXT])
                   if isinstance(each, Connect))  # fmt: skip
    assert connect.pace is dialogue.pace
    assert connect.association.limits.max_send_pdu_length == 2000


@pytest.mark.parametrize("how", [{"rate": -1}, {"bandwidth": 1}, {"associations": 0}])
def test_what_makes_no_sense_is_refused(send: Any, how: Any) -> None:
    with pytest.raises(InvalidValue):
        send(1, FILES, **how)


# --------------------------------------------------------------------------------- faults --

WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "associations": {"associations": 3},
    "window": {"options": {"window": AsynchronousOperationsWindow(4, 1)}},
    "retry": {"retry": Retry(times=1, first=0.01)},
    "rate": {"rate": 500, "bandwidth": 50_000_000},
    "all": {
        "associations": 2,
        "options": {"window": AsynchronousOperationsWindow(3, 1)},
        "retry": Retry(times=1, first=0.01),
        "rate": 500,
    },
}
STATUSES = [0x0000, 0xB000, 0xB006, 0xB007, 0xA700, 0xA900, 0xC123, 0x0110, 0x0122, 0x0124, 0x0211,
            0xFE00, 0x0001, 0x8888]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("journal", [False, True], ids=["", "journal"])
def test_every_class_of_status_is_told_as_it_is(
    send: Any, tmp_path: Path, way: str, journal: bool
) -> None:
    path = FILES[0]
    answers = dict(zip(map(str, range(len(STATUSES))), STATUSES, strict=True))
    items = [_numbered(path, tmp_path / f"{number}.dcm", number) for number in range(len(STATUSES))]
    given: dict[str, list[int]] = {}

    def on_store(request: Any) -> int:
        number = request.sop_instance_uid.rpartition(".")[2]
        given.setdefault(request.sop_instance_uid, []).append(answers[number])
        return answers[number]

    support = storage_support(window=AsynchronousOperationsWindow(4, 1))
    with (
        Server(lambda _: Discard(), on_store=on_store, support=support, host="127.0.0.1") as scp,
        Journal(tmp_path / "journal") as written,
    ):
        events = send(
            scp.address[1], items, **WAYS[way], **({"journal": written} if journal else {})
        )
        told = {each.sop_instance_uid: each for each in outcomes(events)}
        assert len(told) == len(STATUSES)
        for uid, statuses in given.items():
            assert told[uid].status == statuses[-1]
            assert told[uid].stored == (statuses[-1] in {0, 1, 0xB000, 0xB006, 0xB007})
            assert told[uid].attempts == len(statuses)
        bad = {str(each.path) for each in told.values() if not each.stored}
        if journal:
            assert set(written.failed()) == bad


def _numbered(source: Path, target: Path, number: int) -> Path:
    data_set = pydicom.dcmread(source)
    data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = f"1.2.840.{number}"
    data_set.save_as(target)
    return target


@pytest.mark.parametrize("way", WAYS)
def test_a_peer_that_aborts_at_an_object_costs_that_object(
    send: Any, tmp_path: Path, way: str
) -> None:
    items = [_numbered(FILES[0], tmp_path / f"{number}.dcm", number) for number in range(8)]
    stored: list[str] = []

    def on_store(request: Any) -> int:
        if request.sop_instance_uid.endswith(".5"):
            raise AbortAssociation
        stored.append(request.sop_instance_uid)
        return 0

    support = storage_support(window=AsynchronousOperationsWindow(4, 1))
    with Server(lambda _: Discard(), on_store=on_store, support=support, host="127.0.0.1") as scp:
        events = send(scp.address[1], items, **WAYS[way])
    told = {each.sop_instance_uid: each for each in outcomes(events)}
    assert len(told) == 8
    assert {uid for uid, each in told.items() if each.stored} == set(stored)
    assert [uid for uid, each in told.items() if not each.stored] == ["1.2.840.5"]
