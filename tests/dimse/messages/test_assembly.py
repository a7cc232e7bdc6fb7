"""Fragments to messages (PS3.7 6.3, PS3.8 Annex E)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimse.errors import InvalidCommandSet, MessageFault, UnknownCommand
from dimse.messages.assembly import Assembler, DataSetPart, Received
from dimse.messages.command import MAXIMUM_COMMAND_LENGTH
from dimse.messages.composite import CEchoRQ, CStoreRQ
from dul.pdata import COMMAND, LAST, PDV

ECHO = CEchoRQ(message_id=7, affected_sop_class_uid="1.2.840.10008.1.1")
STORE = CStoreRQ(message_id=8, affected_sop_class_uid="1.2.3", affected_sop_instance_uid="1.2.4")


def command(data: bytes, *, last: bool = True, context: int = 1) -> PDV:
    return PDV(context, COMMAND | (LAST if last else 0), data)


def data(fragment: bytes, *, last: bool = True, context: int = 1) -> PDV:
    return PDV(context, LAST if last else 0, fragment)


def everything(assembler: Assembler, *pdvs: PDV) -> list[Received | DataSetPart]:
    return list(assembler.feed(pdvs))


def test_a_command_without_a_data_set() -> None:
    assembler = Assembler()
    assert everything(assembler, command(ECHO.encode())) == [Received(1, ECHO)]
    # That was all of it: the next message may come on another context.
    assert everything(assembler, command(ECHO.encode(), context=3)) == [Received(3, ECHO)]


@given(st.data())
def test_any_cut_of_command_and_data_set_gives_the_same_message(draw: st.DataObject) -> None:
    content = draw.draw(st.binary(max_size=200))

    def cut(whole: bytes) -> list[bytes]:
        places = sorted(draw.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
        return [whole[a:b] for a, b in zip([0, *places], [*places, len(whole)], strict=True)]

    pieces = cut(STORE.encode())
    pdvs = [command(piece, last=n == len(pieces) - 1) for n, piece in enumerate(pieces)]
    pieces = cut(content)
    pdvs += [data(piece, last=n == len(pieces) - 1) for n, piece in enumerate(pieces)]
    assembler = Assembler()
    results: list[Received | DataSetPart] = []
    at = 0
    while at < len(pdvs):
        count = draw.draw(st.integers(1, len(pdvs) - at))
        results += everything(assembler, *pdvs[at : at + count])
        at += count
    assert results[0] == Received(1, STORE)
    parts = [each for each in results[1:] if isinstance(each, DataSetPart)]
    assert b"".join(bytes(view) for part in parts for view in part.fragments) == content
    assert [part.last for part in parts].count(True) == 1
    assert parts[-1].last
    assert everything(assembler, command(ECHO.encode(), context=3)) == [Received(3, ECHO)]


def test_neighbouring_fragments_come_together() -> None:
    first, *rest = everything(
        Assembler(),
        command(STORE.encode()),
        data(b"ab", last=False),
        data(b"cd", last=False),
        data(b"ef"),
    )
    assert first == Received(1, STORE)
    assert rest == [
        DataSetPart((memoryview(b"ab"), memoryview(b"cd"), memoryview(b"ef")), last=True)
    ]


@pytest.mark.parametrize(
    ("pdvs", "why"),
    [
        ([data(b"xx")], "without a command"),
        ([command(ECHO.encode()), data(b"xx")], "without a command"),
        ([command(STORE.encode()), command(ECHO.encode())], "within a data set"),
        ([command(STORE.encode()), data(b"xx", context=3)], "goes on on 3"),
        ([command(ECHO.encode()[:8], last=False), command(b"", context=5)], "goes on on 5"),
        ([command(bytes(MAXIMUM_COMMAND_LENGTH), last=False), command(b"xx")], "65536"),
    ],
)
def test_fragments_that_make_no_message(pdvs: list[PDV], why: str) -> None:
    with pytest.raises(MessageFault, match=why):
        everything(Assembler(), *pdvs)


def test_a_data_fragment_amid_a_command_belongs_to_no_message() -> None:
    with pytest.raises(MessageFault, match="before its command set ends"):
        everything(Assembler(), command(STORE.encode()[:10], last=False), data(b"xx"))


def test_an_empty_command_is_none() -> None:
    with pytest.raises(InvalidCommandSet):
        everything(Assembler(), command(b""))


def test_an_unknown_command_is_handed_on_with_its_data_set() -> None:
    from dimse.messages.command import encode_command

    unknown = encode_command({"CommandField": 0x7777, "MessageID": 3, "CommandDataSetType": 1})
    first, second = everything(Assembler(), command(unknown), data(b"xx"))
    assert isinstance(first, Received)
    assert isinstance(first.message, UnknownCommand)
    assert second == DataSetPart((memoryview(b"xx"),), last=True)
