"""What both clients promise about associations and about forgetting, at a server that records."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from serving import AsyncioServer

from dimse import aio
from dimse.client import Client
from dimse.objects.outgoing import examine
from dimse.provider import Observer
from dimse.server import Server
from dimse.storage.sink import Discard

FIXTURES = Path(__file__).parents[2] / "fixtures" / "dicom"
CT, MR, JPEG = (
    FIXTURES / name for name in ("ct-explicit.dcm", "mr-explicit.dcm", "sc-jpeg-baseline.dcm")
)


class Record(Observer):
    """What came, by association."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}
        self._told = threading.Condition()

    def all(self) -> list[list[str]]:
        """Each association from its beginning to its end, which a client does not wait for."""
        with self._told:
            over = self._told.wait_for(
                lambda: all(each[-1] in {"released", "aborted"} for each in self._found.values()),
                PATIENCE,
            )
            assert over, self._found
            return [each[1:] for each in self._found.values()]

    def _tell(self, requestor: Any, what: str) -> None:
        with self._told:
            self._found.setdefault(requestor.address, []).append(what)
            self._told.notify()

    def associated(self, requestor: Any) -> None:
        self._tell(requestor, "associated")

    def received(self, request: Any) -> None:
        self._tell(request.requestor, request.message.NAME)

    def released(self, requestor: Any) -> None:
        self._tell(requestor, "released")

    def ended(self, requestor: Any, error: Exception) -> None:
        self._tell(requestor, "aborted")


class Blocking:
    """What a test does with a client, in the blocking face."""

    def __init__(self, port: int) -> None:
        self.client = Client("127.0.0.1", port)

    def within(self, *calls: Callable[[Blocking], object]) -> list[object]:
        with self.client:
            return [call(self) for call in calls]

    def without(self, *calls: Callable[[Blocking], object]) -> list[object]:
        return [call(self) for call in calls]

    def none(self) -> None:
        """No call at all."""

    def echo(self) -> int:
        return self.client.echo().status

    def store(self, items: Any) -> list[bool]:
        return [each.stored for each in self.client.store(items)]


class Asyncio:
    """The same in the asyncio face: the calls are made in one event loop."""

    def __init__(self, port: int) -> None:
        self.client = aio.Client("127.0.0.1", port)

    def within(self, *calls: Callable[[Asyncio], Any]) -> list[object]:
        async def run() -> list[object]:
            async with self.client:
                return [await call(self) for call in calls]

        return asyncio.run(run())

    def without(self, *calls: Callable[[Asyncio], Any]) -> list[object]:
        async def run() -> list[object]:
            return [await call(self) for call in calls]

        return asyncio.run(run())

    async def none(self) -> None:
        """No call at all."""

    async def echo(self) -> int:
        return (await self.client.echo()).status

    async def store(self, items: Any) -> list[bool]:
        return [each.stored async for each in self.client.store(items)]


@pytest.fixture(params=[Blocking, Asyncio])
def face(request: Any) -> Any:
    return request.param


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture(params=[Server, AsyncioServer])
def port(request: Any, record: Record) -> Iterator[int]:
    with request.param(lambda _: Discard(), observer=record, host="127.0.0.1") as scp:
        yield scp.address[1]


def echo(client: Any) -> Any:
    return client.echo()


def store(items: Any) -> Callable[[Any], Any]:
    return lambda client: client.store(items)


PATIENCE = 30.0
ECHO, STORE, RELEASED = "C-ECHO-RQ", "C-STORE-RQ", "released"


# ------------------------------------------------------------------------------ associations --


def test_a_with_block_has_one_association(face: Any, port: int, record: Record) -> None:
    said = face(port).within(echo, store([CT, MR]), store(CT), echo)
    assert said == [0, [True, True], [True], 0]
    assert record.all() == [[ECHO, STORE, STORE, STORE, ECHO, RELEASED]]


def test_store_first_then_echo(face: Any, port: int, record: Record) -> None:
    assert face(port).within(store(CT), echo) == [[True], 0]
    assert record.all() == [[STORE, ECHO, RELEASED]]


def test_what_was_not_proposed_gets_another_association(
    face: Any, port: int, record: Record
) -> None:
    """It proposes the common classes besides, so that an echo and a CT can follow."""
    assert face(port).within(echo, store(JPEG), echo, store(CT)) == [0, [True], 0, [True]]
    assert record.all() == [[ECHO, RELEASED], [STORE, ECHO, STORE, RELEASED]]


def test_without_a_block_each_call_has_its_own(face: Any, port: int, record: Record) -> None:
    assert face(port).without(echo, store(CT), echo) == [0, [True], 0]
    assert record.all() == [[ECHO, RELEASED], [STORE, RELEASED], [ECHO, RELEASED]]


def test_an_exception_in_the_block_aborts(face: Any, port: int, record: Record) -> None:
    def fails(_: Any) -> Any:
        raise RuntimeError("something else")

    with pytest.raises(RuntimeError, match="something else"):
        face(port).within(echo, fails)
    assert record.all() == [[ECHO, "aborted"]]


# --------------------------------------------------------------------------------- one is one --


@pytest.mark.parametrize("one", [str, Path, pydicom.dcmread, examine])
def test_a_single_object_is_one(face: Any, port: int, record: Record, one: Any) -> None:
    assert face(port).without(store(one(str(CT)))) == [[True]]
    assert record.all() == [[STORE, RELEASED]]


@pytest.mark.parametrize("several", [list, tuple, iter, dict.fromkeys])
def test_several_are_several(face: Any, port: int, record: Record, several: Any) -> None:
    assert face(port).without(store(several([CT, str(MR)]))) == [[True, True]]


# ------------------------------------------------------------------------------- forgotten --


@pytest.mark.parametrize("name", ["store", "send", "echoes"])
@pytest.mark.parametrize("client", [Client, aio.Client])
def test_what_was_never_iterated_over_is_told(client: Any, name: str) -> None:
    call = getattr(client("127.0.0.1", 1), name)

    def forget() -> None:
        call(*[] if name == "echoes" else [CT])
        gc.collect()

    with pytest.warns(RuntimeWarning, match="nothing was sent"):
        forget()


def test_what_was_closed_or_taken_is_not(face: Any, port: int) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert face(port).within(store(CT)) == [[True]]
        Client("127.0.0.1", port).store(CT).close()
        asyncio.run(aio.Client("127.0.0.1", port).store(CT).aclose())
        gc.collect()
    assert [each for each in told if each.category is RuntimeWarning] == []


# ----------------------------------------------------------------- a coroutine's bad status --


@pytest.mark.parametrize("given", ["B000", 0x1B000, -1, True, 1.0, b"", object()])
def test_what_is_no_status_of_a_coroutine_function(
    given: object, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged with its traceback and answered 0110H, and the association lives."""
    record = Record()

    async def handler(_: Any) -> Any:
        await asyncio.sleep(0)
        return given

    with AsyncioServer(on_store=handler, on_echo=handler, observer=record, host="127.0.0.1") as scp:
        client = Blocking(scp.address[1])
        with client.client:
            (outcome,) = client.client.store(CT)
            assert (outcome.status, client.echo()) == (0x0110, 0x0110)
    assert record.all() == [[STORE, ECHO, RELEASED]]
    faults = [each for each in caplog.records if each.exc_info and each.levelno == logging.ERROR]
    assert [each.name for each in faults] == ["dimse", "dimse"]
