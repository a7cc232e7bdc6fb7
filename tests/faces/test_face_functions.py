"""The user's functions: they may be slow, fail, be coroutines; each has its own association."""

from __future__ import annotations

import asyncio
import contextvars
import logging

import pytest
import rawpeer
from faces import Acceptor, Face, mirror, take
from rawpeer import (
    abort,
    associated,
    pdata,
    served,
)

from dul.association import Association
from dul.conversations import Call, Conversation, Meanwhile


@pytest.mark.parametrize("error", [ValueError("broken"), StopIteration(), SystemExit(3)], ids=repr)
@pytest.mark.parametrize("where", ["conversation", "call"])
def test_a_function_that_fails_ends_its_association_alone(
    face: Face, error: BaseException, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    exits = isinstance(error, SystemExit)
    if exits and where == "conversation" and face.name == "aio":
        pytest.skip("in the event loop's own thread this is how to end the program")

    def fail() -> None:
        raise error

    def talk(association: Association) -> Conversation[None]:
        assert (yield from take(association))
        if where == "conversation":
            fail()
        yield Call(fail)

    serve = Acceptor(talk)
    with caplog.at_level(logging.ERROR, "dul"), face.server(serve) as server:
        with associated(server.address) as peer, associated(server.address) as other:
            peer.send(pdata(b"now"))
            if not (exits and where == "conversation"):  # where it may come from a signal handler
                assert peer.pdu() == abort(0, 0)
                peer.half_close()
            peer.ended()
            outcome = serve.outcome()
            assert error in (outcome, outcome.__cause__) or (
                exits and type(outcome) is GeneratorExit
            )
            other.send(abort())
            other.ended()
    (record,) = caplog.records
    assert record.name == "dul"
    assert record.exc_info is not None


def test_a_conversation_may_handle_what_a_function_raises(face: Face) -> None:
    def fail() -> None:
        raise KeyError("no such thing")

    def talk(association: Association) -> Conversation[str]:
        try:
            yield Call(fail)
        except KeyError:
            return (yield from mirror(association))
        raise AssertionError

    with face.server(Acceptor(talk)) as server:
        served(server.address)


def test_what_is_done_meanwhile_is_done_when_all_is_out_and_nothing_has_come(face: Face) -> None:
    seen: list[tuple[bool, bool]] = []

    def talk(association: Association) -> Conversation[str]:
        def look() -> None:
            seen.append((association.sending, association.has_events))

        assert (yield from take(association))
        association.send(1, command=True, source=b"question")
        while not association.has_events:
            yield Meanwhile(look)
        return (yield from mirror(association))

    with face.server(Acceptor(talk)) as server, associated(server.address) as peer:
        peer.send(pdata(b"now"))
        peer.expect(rawpeer.PDATA)
        peer.send(pdata(b"answer"))
        peer.expect(rawpeer.PDATA)
    assert seen == [(False, False)]


def test_a_conversation_that_cannot_be_made(face: Face, caplog: pytest.LogCaptureFixture) -> None:
    def serve(association: Association, peer: str) -> Conversation[None]:
        raise LookupError("no conversation for you")

    with caplog.at_level(logging.ERROR, "dul"), face.server(serve) as server:
        with rawpeer.connect(server.address) as peer:
            peer.ended()
    assert "failed" in caplog.text


def test_coroutine_functions_are_awaited() -> None:
    from faces import opened

    async def double(number: int) -> int:
        await asyncio.sleep(0)
        return 2 * number

    def talk(association: Association) -> Conversation[str]:
        assert (yield Call(double, (4,))) == 8
        assert (yield Call(lambda: double(5))) == 10
        return (yield from mirror(association))

    with opened("aio") as face, face.server(Acceptor(talk)) as server:
        served(server.address)


def test_functions_in_threads_see_the_context() -> None:
    from faces import opened

    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

    def talk(association: Association) -> Conversation[str]:
        variable.set("set")
        assert (yield Call(variable.get)) == "set"
        return (yield from mirror(association))

    with opened("aio") as face, face.server(Acceptor(talk)) as server:
        served(server.address)
