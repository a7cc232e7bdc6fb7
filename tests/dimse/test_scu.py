"""Any operation from a client's side: every response is had, pending ones too, with its data set."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import FIND, IMPLICIT
from tests_datasets import CT, encode

from dimse import Answer, Client, ContextOffer, Server, ServiceRequest, aio, storage_support
from dimse.errors import DIMSEError, UnexpectedMessage
from dimse.messages import alike
from dimse.messages.command import encode_command
from dimse.messages.composite import CEchoRQ, CFindRQ, CStoreRQ
from dimse.messages.success import KnownSuccesses
from dimse.scu import Operations
from dul.conversations import Conversation
from dul.events import DataIndication
from dul.negotiation import AcceptedContext
from dul.pdata import COMMAND, LAST, PDV

QUERY = encode([(0x00100010, "PN", b"Doe*")], IMPLICIT)
MATCHES = [encode([(0x00100010, "PN", name)], IMPLICIT) for name in (b"Doe^A ", b"Doe^B ")]
PENDING = 0xFF00


def find(request: ServiceRequest[CFindRQ]) -> Iterator[Answer]:
    assert request.data == QUERY
    for match in MATCHES:
        yield Answer(PENDING, match)


def ask(operations: Operations, heard: list[Any]) -> Conversation[int]:
    """A C-FIND as a user of the library writes it; gives the final status."""
    (context,) = operations.accepted
    asked = CFindRQ(message_id=operations.next_id(), affected_sop_class_uid=FIND)
    operation = operations.invoke(context.id, asked, QUERY)
    while (response := (yield from operations.next_response(operation))) is not None:
        heard.append((response[0].status, response[1]))
    final = yield from operations.finish(operation)
    return final.status


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    support = storage_support(others={FIND: [IMPLICIT]})
    with Server(handlers={CFindRQ: find}, support=support, host="127.0.0.1") as server:
        yield server.address


OFFER = [ContextOffer(FIND, (IMPLICIT,))]
ALL = [(PENDING, MATCHES[0]), (PENDING, MATCHES[1]), (0, None)]


def test_every_response_comes_with_its_data_set(address: tuple[str, int]) -> None:
    heard: list[Any] = []
    with Client(*address).associate(OFFER) as session:
        for _ in range(2):  # one operation after the other on one association
            assert session.run(ask(session.operations, heard)) == 0
    assert heard == ALL * 2


def test_the_same_in_a_task(address: tuple[str, int]) -> None:
    heard: list[Any] = []

    async def run() -> int:
        async with await aio.Client(*address).associate(OFFER) as session:
            return await session.run(ask(session.operations, heard))

    assert asyncio.run(run()) == 0
    assert heard == ALL


def test_two_operations_at_a_time_keep_their_responses_apart(address: tuple[str, int]) -> None:
    """Asked for in the other order: what comes for the other operation meanwhile waits."""

    def both(operations: Operations) -> Conversation[list[list[Any]]]:
        (context,) = operations.accepted
        begun = []
        for _ in range(2):
            asked = CFindRQ(message_id=operations.next_id(), affected_sop_class_uid=FIND)
            begun.append(operations.invoke(context.id, asked, QUERY))
        heard: list[list[Any]] = []
        for operation in reversed(begun):
            mine = []
            while (response := (yield from operations.next_response(operation))) is not None:
                assert response[0].message_id_being_responded_to == operation.asked.message_id
                mine.append((response[0].status, response[1]))
            yield from operations.finish(operation)
            heard.append(mine)
        return heard

    with Client(*address).associate(OFFER) as session:
        assert session.run(both(session.operations)) == [ALL, ALL]


def test_a_response_of_another_kind_is_none(address: tuple[str, int]) -> None:
    """The message ID alone makes no response: its class has to be the request's."""

    def echoed(operations: Operations) -> Conversation[None]:
        (context,) = operations.accepted
        asked = CEchoRQ(message_id=operations.next_id(), affected_sop_class_uid=FIND)
        operation = operations.invoke(context.id, asked)
        operation.asked = CFindRQ(message_id=asked.message_id, affected_sop_class_uid=FIND)
        yield from operations.finish(operation)

    with Client(*address).associate(OFFER) as session:
        with pytest.raises(UnexpectedMessage, match="C-ECHO-RSP instead of a C-FIND-RSP"):
            session.run(echoed(session.operations))


# ------------------------------------------------------------------- a Success that is known --


class Bare:
    """An association that takes everything, and hands out what the peer is said to have sent."""

    established, closed, failure = True, False, None

    def __init__(self) -> None:
        self.came: list[DataIndication] = []
        self.aborted = False

    def send(self, context_id: int, *, command: bool, source: Any) -> int:
        return 1

    def ask(self, context_id: int, command: bytes, data: Any = None) -> int:
        return 1

    def expect(self, which: str | None) -> None: ...

    def is_out(self, number: int) -> bool:
        return True

    def abort(self) -> None:
        self.aborted = True

    @property
    def has_events(self) -> bool:
        return bool(self.came)

    def next_event(self) -> DataIndication | None:
        return self.came.pop(0) if self.came else None


class Unknowing:
    def read(self, asked: Any, raw: bytes) -> None: ...
    def learn(self, asked: Any, raw: bytes, response: Any) -> None: ...


def answered(said: list[tuple[int, dict[str, Any], list[int]]], known: Any) -> list[Any]:
    """What comes of C-STOREs that are answered so: on a context, with more elements, cut there."""
    context = AcceptedContext(1, CT, IMPLICIT)
    negotiated: Any = SimpleNamespace(
        contexts={1: context, 3: AcceptedContext(3, FIND, IMPLICIT)},
        window=SimpleNamespace(invoked=1),
        peer_maximum_length=0,
    )
    association: Any = Bare()
    association.agreed = negotiated
    operations = Operations(association, negotiated)
    operations._known = known
    seen: list[Any] = []
    for number, (context_id, more, cuts) in enumerate(said):
        asked = CStoreRQ(
            message_id=operations.next_id(),
            affected_sop_class_uid=CT,
            affected_sop_instance_uid=f"1.2.{number}",
        )
        operation = operations.invoke(1, asked, b"\0\0")
        raw = encode_command(
            {
                "CommandField": 0x8001,
                "MessageIDBeingRespondedTo": asked.message_id,
                "CommandDataSetType": 0x0101,
                "Status": 0,
                "AffectedSOPClassUID": CT,
                "AffectedSOPInstanceUID": asked.affected_sop_instance_uid,
            }
            | more
        )
        ends = sorted({min(cut, len(raw)) for cut in cuts} - {0, len(raw)})
        pieces = [raw[a:b] for a, b in zip([0, *ends], [*ends, len(raw)], strict=True)]
        pdvs = [
            PDV(context_id, COMMAND | (LAST if piece is pieces[-1] else 0), memoryview(piece))
            for piece in pieces
        ]
        association.came += [DataIndication((each,)) for each in pdvs]
        try:
            seen.append(exhaust(operations.finish(operation)))
        except (DIMSEError, UnexpectedMessage) as error:
            seen.append(repr(error))
            break
    return [*seen, association.aborted]


def exhaust(conversation: Conversation[Any]) -> Any:
    try:
        while True:
            next(conversation)
    except StopIteration as stop:
        return stop.value


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 1, 1, 1, 3]),
            st.sampled_from(
                [
                    *[{}] * 4,
                    {"Status": 0xB000},
                    {"Status": 0xA700, "ErrorComment": "full"},
                    {"MessageIDBeingRespondedTo": 1},
                    {"AffectedSOPInstanceUID": "1.2.0"},
                ]
            ),
            st.just([]) | st.lists(st.integers(1, 150), max_size=2),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_success_that_is_known_is_what_the_decoder_makes_of_it(said: list[Any]) -> None:
    assert answered(said, KnownSuccesses()) == answered(said, Unknowing())


def test_the_second_success_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    decode = alike.decode_message
    monkeypatch.setattr(alike, "decode_message", lambda data: decoded.append(data) or decode(data))
    assert len(answered([(1, {}, [])] * 5, KnownSuccesses())) == 6
    assert len(decoded) == 1
