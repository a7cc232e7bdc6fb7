"""Any operation from a client's side: every response is had, pending ones too, with its data set."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from serving import FIND, IMPLICIT
from tests_datasets import encode

from dimse import Answer, Client, ContextOffer, Server, ServiceRequest, aio, storage_support
from dimse.errors import UnexpectedMessage
from dimse.messages.composite import CEchoRQ, CFindRQ
from dimse.scu import MessageIds, Operations
from dul.conversations import Conversation

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


def test_message_ids_are_those_of_16_bits_and_neighbours_never_share_one() -> None:
    ids = MessageIds()
    given = [ids.next() for _ in range(0x10001)]
    assert given[:2] == [1, 2]
    assert given[0xFFFE:] == [0xFFFF, 1, 2]
    assert all(number in ids for number in (1, 0xFFFF))
    assert 0 not in ids
    assert 3 not in MessageIds()
