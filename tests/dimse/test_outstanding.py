"""Which outstanding operation a response is for: by its Message ID, and nothing that was not asked."""

from __future__ import annotations

from typing import Any

import pytest

from dimse.errors import OutOfResources, UnexpectedMessage
from dimse.messages.assembly import DataSetPart, Received
from dimse.messages.base import Request
from dimse.messages.codec import response_to
from dimse.messages.composite import CEchoRQ, CFindRQ, CStoreRQ
from dimse.outstanding import MAXIMUM_IDENTIFIER, MessageIds, Operation, Outstanding
from dul.negotiation import AcceptedContext

CT, MR, FIND, IMPLICIT = (
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.2.2.1",
    "1.2.840.10008.1.2",
)
CONTEXTS = {
    number: AcceptedContext(number, abstract, IMPLICIT)
    for number, abstract in ((1, CT), (3, CT), (5, MR), (7, FIND))
}
PENDING = 0xFF00


def store(number: int) -> CStoreRQ:
    uids = {"affected_sop_class_uid": CT, "affected_sop_instance_uid": f"1.2.{number}"}
    return CStoreRQ(message_id=number, **uids)


def find(number: int) -> CFindRQ:
    return CFindRQ(message_id=number, affected_sop_class_uid=FIND)


def invoked(*requests: tuple[Request[Any], int]) -> tuple[Outstanding, list[Operation[Any]]]:
    outstanding = Outstanding(CONTEXTS)
    operations = [Operation(asked, context, 0) for asked, context in requests]
    outstanding.update({each.asked.message_id: each for each in operations})
    while not all(each in outstanding.ids for each in outstanding):
        outstanding.ids.next()
    return outstanding, operations


def answer(asked: Request[Any], status: int = 0, *, data: bool = False) -> Any:
    return response_to(asked, status, data_set_follows=data)


def test_message_ids_are_those_of_16_bits_and_neighbours_never_share_one() -> None:
    ids = MessageIds()
    given = [ids.next() for _ in range(0x10001)]
    assert given[:2] == [1, 2]
    assert given[0xFFFE:] == [0xFFFF, 1, 2]
    assert all(number in ids for number in (1, 0xFFFF))
    assert 0 not in ids
    assert 3 not in MessageIds()


def test_responses_find_their_operations_in_any_order() -> None:
    outstanding, operations = invoked((store(1), 1), (store(2), 1), (store(3), 3))
    for operation, status in zip(reversed(operations), (0, 0xA900, 0xB000), strict=True):
        outstanding.respond(Received(operation.context_id, answer(operation.asked, status)))
    assert [each.final.status for each in operations] == [0xB000, 0xA900, 0]


def test_a_pending_response_is_not_the_last_and_has_its_data_set_behind_it() -> None:
    outstanding, (operation,) = invoked((find(1), 7))
    outstanding.respond(Received(7, answer(operation.asked, PENDING, data=True)))
    assert operation.final is None
    for fragment, last in ((b"iden", False), (b"tifier", True)):
        outstanding.respond_with(DataSetPart((memoryview(fragment),), last=last))
    outstanding.respond(Received(7, answer(operation.asked)))
    assert [data for _, data in operation.responses] == [b"identifier", None]
    assert operation.final is not None
    assert operation.final.status == 0


def test_the_last_response_is_the_last_when_its_data_set_is_there() -> None:
    outstanding, (operation,) = invoked((store(1), 1))
    outstanding.respond(Received(1, answer(operation.asked, data=True)))
    assert operation.final is None
    outstanding.respond_with(DataSetPart((memoryview(b"xx"),), last=True))
    assert operation.final is operation.responses[0][0]


def test_an_identifier_has_a_bound() -> None:
    outstanding, (operation,) = invoked((find(1), 7))
    outstanding.respond(Received(7, answer(operation.asked, PENDING, data=True)))
    whole = memoryview(bytes(MAXIMUM_IDENTIFIER))
    outstanding.respond_with(DataSetPart((whole,), last=False))
    with pytest.raises(OutOfResources, match="no room for them in memory"):
        outstanding.respond_with(DataSetPart((memoryview(b"xx"),), last=True))


def test_another_context_of_the_same_abstract_syntax_will_do() -> None:
    """There are stacks that answer on another one than was asked on."""
    outstanding, (operation,) = invoked((store(1), 1))
    outstanding.respond(Received(3, answer(operation.asked)))
    assert operation.final is not None


ECHO = CEchoRQ(message_id=1, affected_sop_class_uid=CT)


@pytest.mark.parametrize(
    ("context", "message", "why"),
    [
        (5, answer(store(1)), "responded on presentation context 5 instead of 1"),
        (1, store(1), "a C-STORE-RQ instead of a C-FIND-RSP or C-STORE-RSP"),
        (1, answer(ECHO), "a C-ECHO-RSP instead of a C-STORE-RSP"),
        (1, answer(store(2)), "a second C-STORE-RSP for message 2"),
        (1, answer(store(9)), "a C-STORE-RSP for message 9, but outstanding is 1, 3"),
    ],
)
def test_what_was_not_asked_is_unexpected(context: int, message: Any, why: str) -> None:
    outstanding, operations = invoked((store(1), 1), (store(2), 1), (find(3), 7))
    del outstanding[2]  # it has had its answer
    with pytest.raises(UnexpectedMessage, match=why):
        outstanding.respond(Received(context, message))
    assert not any(each.responses for each in operations)


def test_a_second_response_is_unexpected_as_long_as_the_first_is_not_taken() -> None:
    outstanding, (operation,) = invoked((store(1), 1))
    outstanding.respond(Received(1, answer(operation.asked)))
    with pytest.raises(UnexpectedMessage, match="a second C-STORE-RSP for message 1"):
        outstanding.respond(Received(1, answer(operation.asked, 0xA700)))
    assert operation.final is not None
    assert operation.final.status == 0


def test_where_nothing_was_asked_nothing_is_answered() -> None:
    with pytest.raises(UnexpectedMessage, match="a C-ECHO-RQ though nothing was asked"):
        Outstanding(CONTEXTS).respond(Received(1, ECHO))
