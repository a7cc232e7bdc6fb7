"""What handlers answer, over real sockets, in both faces: statuses, data sets, Pending, C-CANCEL."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import struct
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pydicom
import pytest
from serving import CT, EXPLICIT, FIND, IMPLICIT, VERIFICATION, AsyncioServer, Caller
from tests_datasets import encode, identity

from dimse.errors import Cancelled, InvalidValue, OutOfResources, Refused
from dimse.messages.composite import CCancelRQ, CEchoRQ, CFindRQ, CStoreRQ
from dimse.messages.normalized import NCreateRQ, NDeleteRQ, NEventReportRQ
from dimse.provider import Answer, Observer
from dimse.requests import EchoRequest, ServiceRequest, StoreRequest
from dimse.server import Server
from dimse.support import storage_support
from dul.errors import DULError
from dul.user_items import RoleSelection

MPPS = "1.2.840.10008.3.1.2.3.3"
SUPPORT = storage_support(others={FIND: [IMPLICIT], MPPS: [EXPLICIT]})
FIND_RQ = CFindRQ(message_id=7, affected_sop_class_uid=FIND)
ECHO_RQ = CEchoRQ(message_id=9, affected_sop_class_uid=VERIFICATION)
STORE_RQ = CStoreRQ(message_id=3, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2")
OBJECT = encode(identity(CT, "1.2"), IMPLICIT)
QUERY = encode([(0x00100010, "PN", b"Doe*")], IMPLICIT)

PENDING, CANCEL, FAILED = 0xFF00, 0xFE00, 0x0110


@pytest.fixture(params=[Server, AsyncioServer])
def server(request: Any) -> Any:
    def make(*arguments: Any, **options: Any) -> Any:
        options.setdefault("support", SUPPORT)
        return request.param(*arguments, host="127.0.0.1", **options)

    return make


def named(name: str) -> pydicom.Dataset:
    match = pydicom.Dataset()
    match.PatientName = name
    return match


def name_in(data_set: bytes) -> str:
    found = pydicom.filereader.read_dataset(pydicom.filebase.DicomBytesIO(data_set), True, True)
    return str(found.PatientName)


def answers_of(caller: Caller) -> list[tuple[int, bytes | None]]:
    """All answers to the request that was sent, up to the final one."""
    heard = []
    while True:
        response, data_set = caller.hear()
        assert response.message_id_being_responded_to == 7
        heard.append((response.status, data_set))
        if response.status not in (0xFF00, 0xFF01):
            return heard


# ---------------------------------------------------------------------------- several answers --


def test_a_query_with_three_matches(server: Any) -> None:
    seen = []

    def find(request: ServiceRequest[CFindRQ]) -> Iterator[Answer]:
        seen.append((request.requestor.calling_ae_title, str(request.dataset().PatientName)))
        for name in ("Doe^A", "Doe^B", "Doe^C"):
            yield Answer(PENDING, named(name))

    with server(handlers={CFindRQ: find}) as scp, Caller(scp.address[1], (FIND, [IMPLICIT])) as scu:
        scu.say(FIND_RQ, QUERY)
        *matches, final = answers_of(scu)
        assert [status for status, _ in matches] == [PENDING] * 3
        assert [name_in(data_set) for _, data_set in matches if data_set] == [
            "Doe^A",
            "Doe^B",
            "Doe^C",
        ]
        assert final == (0, None)
    assert seen == [("CALLING", "Doe*")]


def test_answers_may_be_a_list_or_bytes_or_none_at_all(server: Any) -> None:
    matches: list[Answer] = []
    handlers = {CFindRQ: lambda _: matches}
    with server(handlers=handlers) as scp, Caller(scp.address[1], (FIND, [IMPLICIT])) as scu:
        scu.say(FIND_RQ, QUERY)
        assert answers_of(scu) == [(0, None)]
        matches += [Answer(PENDING, QUERY), Answer(0xA700, error_comment="enough")]
        scu.say(FIND_RQ, QUERY)
        assert answers_of(scu) == [(PENDING, QUERY), (0xA700, None)]


class Endless:
    """A query that goes on until it is cancelled, and what became of it."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.cancelled = False

    def __call__(self, _: ServiceRequest[CFindRQ]) -> Iterator[Answer]:
        try:
            while True:
                yield Answer(PENDING, QUERY)
        except Cancelled:
            self.cancelled = True
            raise
        finally:
            self.ended.set()


def cancelled_at(caller: Caller, count: int) -> list[int]:
    caller.say(FIND_RQ, QUERY)
    statuses = [caller.hear()[0].status for _ in range(count)]
    caller.say(CCancelRQ(message_id_being_responded_to=7))
    statuses += [status for status, _ in answers_of(caller)]
    return statuses


def test_a_query_that_is_cancelled(server: Any) -> None:
    find = Endless()
    handlers = {CFindRQ: find}
    with server(handlers=handlers) as scp, Caller(scp.address[1], (FIND, [IMPLICIT])) as scu:
        *before, last = cancelled_at(scu, 3)
        assert set(before) == {PENDING}
        assert last == CANCEL
        assert find.ended.wait(10)
        assert find.cancelled
        # The association lives, and a C-CANCEL that comes too late changes nothing.
        scu.say(CCancelRQ(message_id_being_responded_to=7))
        find.ended.clear()
        assert cancelled_at(scu, 1)[-1] == CANCEL


def test_a_cancel_of_another_operation_is_ignored(server: Any) -> None:
    go_on = threading.Event()

    def find(_: ServiceRequest[CFindRQ]) -> Iterator[Answer]:
        yield Answer(PENDING, QUERY)
        assert go_on.wait(10)
        yield Answer(PENDING, QUERY)

    handlers = {CFindRQ: find}
    with server(handlers=handlers) as scp, Caller(scp.address[1], (FIND, [IMPLICIT])) as scu:
        scu.say(FIND_RQ, QUERY)
        scu.hear()
        scu.say(CCancelRQ(message_id_being_responded_to=8))
        go_on.set()
        assert [status for status, _ in answers_of(scu)] == [PENDING, 0]


def test_a_handler_may_have_the_last_word_on_a_cancel(server: Any) -> None:
    def find(_: ServiceRequest[CFindRQ]) -> Iterator[Answer]:
        try:
            while True:
                yield Answer(PENDING, QUERY)
        except Cancelled:
            yield Answer(CANCEL, error_comment="as you like")

    handlers = {CFindRQ: find}
    with server(handlers=handlers) as scp, Caller(scp.address[1], (FIND, [IMPLICIT])) as scu:
        assert cancelled_at(scu, 1)[-1] == CANCEL


def test_an_iterable_that_cannot_be_told_just_ends(server: Any) -> None:
    handlers = {CFindRQ: lambda _: iter(lambda: Answer(PENDING, QUERY), None)}
    with server(handlers=handlers) as scp, Caller(scp.address[1], (FIND, [IMPLICIT])) as scu:
        assert cancelled_at(scu, 1)[-1] == CANCEL


def test_requests_that_overtake_the_end_of_a_query_are_served_behind_it(server: Any) -> None:
    go_on = threading.Event()
    stored = []

    def find(_: ServiceRequest[CFindRQ]) -> Iterator[Answer]:
        yield Answer(PENDING, QUERY)
        assert go_on.wait(10)
        yield Answer(PENDING, QUERY)

    offers = (FIND, [IMPLICIT]), (CT, [IMPLICIT]), (VERIFICATION, [IMPLICIT])
    with (
        server(
            on_store=lambda request: stored.append(request.data), handlers={CFindRQ: find}
        ) as scp,
        Caller(scp.address[1], *offers) as scu,
    ):
        scu.say(FIND_RQ, QUERY)
        scu.hear()
        scu.say(STORE_RQ, OBJECT, 3)
        scu.say(ECHO_RQ, None, 5)
        go_on.set()
        assert [status for status, _ in answers_of(scu)] == [PENDING, 0]
        assert scu.hear()[0].NAME == "C-STORE-RSP"
        assert scu.hear()[0].NAME == "C-ECHO-RSP"
    assert stored == [OBJECT]


@pytest.mark.parametrize("how", ["abort", "release"])
def test_a_requestor_that_leaves_ends_the_handler(server: Any, how: str) -> None:
    find = Endless()
    with server(handlers={CFindRQ: find}) as scp:
        scu = Caller(scp.address[1], (FIND, [IMPLICIT]))
        scu.say(FIND_RQ, QUERY)
        scu.hear()
        getattr(scu.connection, how)()
        assert find.ended.wait(10)
    assert not find.cancelled


def test_a_peer_that_does_not_read_holds_the_handler_up(server: Any) -> None:
    """Answers wait for the network: memory does not grow with what a handler could say."""
    given = 0
    large = QUERY + encode([(0x00104000, "LT", bytes(1 << 20))], IMPLICIT)
    paused = threading.Event()

    def find(_: ServiceRequest[CFindRQ]) -> Iterator[Answer]:
        nonlocal given
        for _ in range(200):
            given += 1
            if given == 2:
                paused.set()
            yield Answer(PENDING, large)

    with server(handlers={CFindRQ: find}) as scp, Caller(scp.address[1], (FIND, [IMPLICIT])) as scu:
        scu.say(FIND_RQ, QUERY)
        assert paused.wait(10)
        assert given < 100  # of the 200 MB the buffers of the network hold a few
        assert [status for status, _ in answers_of(scu)] == [PENDING] * 200 + [0]


class Pulled:
    """A data set of zeros in a last element, which counts how much of it was asked for.

    Attributes:
        stalled: is set when nothing has been asked for during a look.
    """

    def __init__(self, length: int) -> None:
        head = OBJECT + struct.pack("<HHI", 0x7FE0, 0x10, length)
        self._head = head
        self._length = len(head) + length
        self.given = 0

    def __len__(self) -> int:
        return self._length

    def readinto(self, view: memoryview) -> int:
        count = min(len(view), self._length - self.given)
        piece = self._head[self.given : self.given + count]
        view[:count] = piece + bytes(count - len(piece))
        self.given += count
        return count


def test_a_slow_handler_holds_the_peer_back(server: Any) -> None:
    """What a peer pushes on meanwhile stays with it and with the kernels, and not in our memory."""
    began, go_on, done = threading.Event(), threading.Event(), threading.Event()
    lengths = []

    def stored(request: StoreRequest) -> None:
        began.set()
        assert go_on.wait(60)
        lengths.append(len(request.data))

    pushed = Pulled(100 << 20)
    with (
        server(on_store=stored, max_memory=200 << 20) as scp,
        Caller(scp.address[1], (CT, [IMPLICIT])) as scu,
    ):
        scu.say(STORE_RQ, OBJECT)
        assert began.wait(10)

        def push() -> None:  # without a wait for the response
            scu.connection.send(1, command=True, source=STORE_RQ.encode())
            scu.connection.send(1, command=False, source=pushed)
            done.set()

        thread = threading.Thread(target=push)
        thread.start()
        # Loopback takes what its buffers hold at once; then nothing moves any more.
        before = -1
        while pushed.given != before or not before:
            before = pushed.given
            done.wait(0.3)
        assert pushed.given < 50 << 20, "it was read while the handler was busy"
        assert not done.is_set()
        go_on.set()
        assert done.wait(60)
        thread.join()
        assert [scu.hear()[0].status for _ in range(2)] == [0, 0]
    assert lengths == [len(OBJECT), len(pushed)]


def read_to_the_end(caller: Caller) -> None:
    with contextlib.suppress(DULError):
        answers_of(caller)


def test_a_server_that_is_stopped_ends_an_endless_handler(server: Any) -> None:
    find = Endless()
    with server(handlers={CFindRQ: find}) as scp:
        scu = Caller(scp.address[1], (FIND, [IMPLICIT]))
        scu.say(FIND_RQ, QUERY)
        scu.hear()
        reading = threading.Thread(target=read_to_the_end, args=(scu,))
        reading.start()
    reading.join(30)
    assert find.ended.is_set()


# --------------------------------------------------------------------------------- one answer --


def test_an_n_create(server: Any) -> None:
    made = []

    def create(request: ServiceRequest[NCreateRQ]) -> Answer:
        made.append(request.dataset().PatientName)
        return Answer(0, request.data, affected_sop_instance_uid="1.2.3.4")

    asked = NCreateRQ(message_id=7, affected_sop_class_uid=MPPS, data_set_follows=True)
    attributes = encode([(0x00100010, "PN", b"Doe^John")], EXPLICIT)
    handlers = {NCreateRQ: create}
    with server(handlers=handlers) as scp, Caller(scp.address[1], (MPPS, [EXPLICIT])) as scu:
        scu.say(asked, attributes)
        response, data_set = scu.hear()
        assert (response.NAME, response.status) == ("N-CREATE-RSP", 0)
        assert response.affected_sop_instance_uid == "1.2.3.4"
        assert data_set == attributes
        # Without a data set, and refused.
        refused = scu.ask(
            NDeleteRQ(message_id=1, requested_sop_class_uid=MPPS, requested_sop_instance_uid="1.2")
        )
        assert refused.status == 0x0211
    assert made == ["Doe^John"]


def test_a_request_without_a_data_set_has_none(server: Any) -> None:
    seen = []
    handlers = {NDeleteRQ: lambda request: seen.append(request.content)}
    asked = NDeleteRQ(message_id=1, requested_sop_class_uid=MPPS, requested_sop_instance_uid="1.2")
    with server(handlers=handlers) as scp, Caller(scp.address[1], (MPPS, [EXPLICIT])) as scu:
        assert scu.ask(asked).status == 0
    assert seen == [None]


def test_who_is_no_scu_asks_for_nothing_but_may_report_events(server: Any) -> None:
    support = storage_support(others={MPPS: [EXPLICIT]}, requestor_may_be_scp=[MPPS])
    handlers = {NDeleteRQ: lambda _: 0, NEventReportRQ: lambda _: 0}
    delete = NDeleteRQ(message_id=1, requested_sop_class_uid=MPPS, requested_sop_instance_uid="1.2")
    report = NEventReportRQ(
        message_id=2,
        affected_sop_class_uid=MPPS,
        affected_sop_instance_uid="1.2",
        event_type_id=1,
    )
    roles = [RoleSelection(MPPS, False, True)]
    with (
        server(support=support, handlers=handlers) as scp,
        Caller(scp.address[1], (MPPS, [EXPLICIT]), roles=roles) as scu,
    ):
        assert scu.ask(delete).status == 0x0122
        assert scu.ask(report).status == 0


# ------------------------------------------------------------------------------------- faults --


class Ours(enum.IntEnum):
    COERCED = 0xB000


class Theirs(enum.Enum):
    COERCED = 0xB000


@pytest.mark.parametrize(
    "given", ["B000", Theirs.COERCED, 0x1B000, -1, True, False, 1.0, b"", object()]
)
def test_what_is_no_status_is_logged_and_a_failure(
    server: Any, given: object, caplog: pytest.LogCaptureFixture
) -> None:
    """The handler is at fault: it is told in the log, and the association lives."""
    offers = (VERIFICATION, [IMPLICIT]), (CT, [IMPLICIT]), (FIND, [IMPLICIT])
    options = {"on_echo": lambda _: given, "on_store": lambda _: given}
    with (
        server(**options, handlers={CFindRQ: lambda _: given}) as scp,
        Caller(scp.address[1], *offers) as scu,
    ):
        assert scu.ask(ECHO_RQ).status == FAILED
        assert scu.ask(STORE_RQ, OBJECT, 3).status == FAILED
        assert scu.ask(FIND_RQ, QUERY, 5).status == FAILED
    faults = [record for record in caplog.records if record.exc_info]
    assert len(faults) == 3
    assert {record.name for record in faults} == {"dimse"}
    assert "which is no status" in str(faults[0].exc_info and faults[0].exc_info[1])


@pytest.mark.parametrize(("given", "status"), [(None, 0), (0xB000, 0xB000), (Ours.COERCED, 0xB000)])
def test_what_is_a_status(server: Any, given: int | None, status: int) -> None:
    with (
        server(on_echo=lambda _: given, on_store=lambda _: given) as scp,
        Caller(scp.address[1], (VERIFICATION, [IMPLICIT]), (CT, [IMPLICIT])) as scu,
    ):
        assert scu.ask(ECHO_RQ).status == status
        assert scu.ask(STORE_RQ, OBJECT, 3).status == status


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (Answer(PENDING), "an Identifier follows"),
        (Answer(PENDING, b"odd"), "a data set of 3 bytes"),
        (Answer(PENDING, pydicom.Dataset()), "a data set of 0 bytes"),
        (Answer(0, QUERY), "an Identifier follows"),
        (Answer(0, error_id=3), "error_id"),
        (Answer("FF00", QUERY), "which is no status"),  # type: ignore[arg-type]
        (PENDING, "which is no Answer"),
        ("FF00", "which is no Answer"),
    ],
)
def test_what_is_no_answer_ends_the_operation(
    server: Any, wrong: Any, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    def find(_: ServiceRequest[CFindRQ]) -> Iterator[Answer]:
        yield Answer(PENDING, QUERY)
        yield wrong

    handlers = {CFindRQ: find}
    with server(handlers=handlers) as scp, Caller(scp.address[1], (FIND, [IMPLICIT])) as scu:
        scu.say(FIND_RQ, QUERY)
        assert [status for status, _ in answers_of(scu)] == [PENDING, FAILED]
        scu.say(FIND_RQ, QUERY)
        assert answers_of(scu)[-1][0] == FAILED
    assert why in caplog.text


def test_what_a_handler_raises(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A `Refused` is an answer; anything else is a fault."""
    errors = iter([Refused(0x0124, "not you"), OutOfResources("full"), ZeroDivisionError("oops")])

    def on_echo(_: EchoRequest) -> int:
        raise next(errors)

    with server(on_echo=on_echo) as scp, Caller(scp.address[1]) as scu:
        heard = [scu.ask(ECHO_RQ) for _ in range(3)]
    assert [(each.status, each.error_comment) for each in heard] == [
        (0x0124, "not you"),
        (0xA700, "full"),
        (FAILED, "ZeroDivisionError"),
    ]
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["oops"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (pydicom.Dataset(), "gave Dataset, which is no status"),  # pynetdicom's handlers give these
        ({"status": 0xA700}, "gave dict, which is no status"),
        ("", "gave '', which is no status"),
        (PENDING, "gave Pending (FF00H), which no C-ECHO-RQ has"),
        ([Answer(PENDING)], "gave Pending (FF00H), which no C-ECHO-RQ has"),
    ],
)
def test_what_is_no_answer_is_never_taken_for_success(
    server: Any, given: Any, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    with server(on_echo=lambda _: given) as scp, Caller(scp.address[1]) as scu:
        assert scu.ask(ECHO_RQ).status == FAILED
        assert scu.ask(ECHO_RQ).status == FAILED  # the association goes on
    assert why in caplog.text


@pytest.mark.parametrize("status", [0x0000, 0xB000, 0xFF00, 0x10000, "A700"])
def test_a_refusal_has_the_status_of_a_failure(status: Any) -> None:
    with pytest.raises(InvalidValue, match="Refused: "):
        Refused(status, "it was done")


def test_a_refusal_without_a_word_is_told_by_its_kind(
    server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def open_sink(_: StoreRequest) -> Any:
        raise TimeoutError

    offers = [(CT, [IMPLICIT])]
    with server(open_sink) as scp, Caller(scp.address[1], *offers) as scu:
        assert scu.ask(STORE_RQ, OBJECT).status == FAILED
    assert "refused: TimeoutError" in caplog.text


def test_an_observer_is_told_the_full_error(server: Any) -> None:
    told = []

    class Diary(Observer):
        def refused(self, request: ServiceRequest[Any], error: Exception) -> None:
            told.append((request.message.NAME, error))

    full = OSError(28, "No space left on device", "/data/in")

    def open_sink(_: StoreRequest) -> Any:
        raise full

    offers = [(CT, [IMPLICIT])]
    with server(open_sink, observer=Diary()) as scp, Caller(scp.address[1], *offers) as scu:
        response = scu.ask(STORE_RQ, OBJECT)
    assert (response.status, response.error_comment) == (0xA700, "no space left")
    assert told == [("C-STORE-RQ", full)]


# --------------------------------------------------------------------------------- coroutines --


def test_coroutines_and_asynchronous_generators() -> None:
    ended = threading.Event()

    async def on_echo(_: EchoRequest) -> int:
        await asyncio.sleep(0)
        return 0x0210

    async def find(request: ServiceRequest[CFindRQ]) -> AsyncIterator[Answer]:
        try:
            await asyncio.sleep(0)
            while True:
                yield Answer(PENDING, request.data)
        finally:
            ended.set()

    async def create(_: ServiceRequest[NCreateRQ]) -> Answer:
        return Answer(0, affected_sop_instance_uid="1.2")

    offers = (FIND, [IMPLICIT]), (VERIFICATION, [IMPLICIT]), (MPPS, [EXPLICIT])
    handlers = {CFindRQ: find, NCreateRQ: create}
    with (
        AsyncioServer(on_echo=on_echo, handlers=handlers, support=SUPPORT, host="127.0.0.1") as scp,
        Caller(scp.address[1], *offers) as scu,
    ):
        assert scu.ask(ECHO_RQ, None, 3).status == 0x0210
        assert cancelled_at(scu, 2)[-1] == CANCEL
        assert ended.wait(10)
        made = NCreateRQ(message_id=1, affected_sop_class_uid=MPPS)
        assert scu.ask(made, None, 5).affected_sop_instance_uid == "1.2"


def test_an_asynchronous_generator_may_have_the_last_word() -> None:
    async def find(_: ServiceRequest[CFindRQ]) -> AsyncIterator[Answer]:
        try:
            while True:
                yield Answer(PENDING, QUERY)
        except Cancelled:
            yield Answer(0xA700, error_comment="tired")

    async def ends(_: ServiceRequest[CFindRQ]) -> AsyncIterator[Answer]:
        try:
            while True:
                yield Answer(PENDING, QUERY)
        except Cancelled:
            return

    for handler, last in ((find, 0xA700), (ends, CANCEL)):
        with (
            AsyncioServer(handlers={CFindRQ: handler}, support=SUPPORT, host="127.0.0.1") as scp,
            Caller(scp.address[1], (FIND, [IMPLICIT])) as scu,
        ):
            assert cancelled_at(scu, 1)[-1] == last


def test_coroutines_are_none_of_the_blocking_servers_business(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def on_echo(_: EchoRequest) -> int:
        return 0

    async def find(_: ServiceRequest[CFindRQ]) -> AsyncIterator[Answer]:
        yield Answer(PENDING, QUERY)

    options: Any = {"on_echo": on_echo, "handlers": {CFindRQ: find}, "support": SUPPORT}
    with (
        Server(host="127.0.0.1", **options) as scp,
        Caller(scp.address[1], (VERIFICATION, [IMPLICIT]), (FIND, [IMPLICIT])) as scu,
    ):
        assert scu.ask(ECHO_RQ).status == FAILED
        assert scu.ask(FIND_RQ, QUERY, 3).status == FAILED
    said = [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert [each.endswith("which only `dimse.aio` can await") for each in said] == [True, True]
