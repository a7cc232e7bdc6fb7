"""An association that is used by hand, in both faces, over real sockets: what the peer sees of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dimse import aio
from dimse.client import Client
from dimse.errors import NoPresentationContext, NotDICOM
from dimse.offers import ContextOffer
from dimse.outcome import Outcome
from dimse.provider import Observer
from dimse.requests import Requestor, ServiceRequest
from dimse.server import Server
from dimse.storage.sink import Discard
from dimse.support import storage_support
from dul.conversations import Conversation
from dul.errors import AssociationAborted, LocalProtocolError, TransportError
from dul.user_items import RoleSelection

CT_FILE = Path(__file__).parent.parent.parent / "fixtures" / "dicom" / "ct-explicit.dcm"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
VERIFICATION, CT = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.1.2"
OFFERS = [ContextOffer(VERIFICATION, (IMPLICIT,)), ContextOffer(CT, (EXPLICIT,))]


class Seen(Observer):
    """What the peer was asked, and how the association ended for it."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.end: Exception | str = ""
        self.over = threading.Event()

    def received(self, request: ServiceRequest[Any]) -> None:
        self.asked.append(request.message)

    def released(self, requestor: Requestor) -> None:
        self.end = "released"
        self.over.set()

    def ended(self, requestor: Requestor, error: Exception) -> None:
        self.end = error
        self.over.set()


class Hand:
    """Calls of a session by name, in either face."""

    def __init__(self, session: Any, loop: asyncio.AbstractEventLoop | None) -> None:
        self.session = session
        self._loop = loop

    def __call__(self, name: str, *arguments: Any, **options: Any) -> Any:
        done = getattr(self.session, name)(*arguments, **options)
        return done if self._loop is None else self._loop.run_until_complete(done)


def in_a_thread(port: int, act: Callable[[Hand], None]) -> None:
    with Client("127.0.0.1", port).associate(OFFERS) as session:
        act(Hand(session, None))


def in_a_task(port: int, act: Callable[[Hand], None]) -> None:
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        session = runner.run(aio.Client("127.0.0.1", port).associate(OFFERS))
        loop.run_until_complete(session.__aenter__())
        try:
            act(Hand(session, loop))
        except BaseException as error:
            loop.run_until_complete(session.__aexit__(type(error), error, None))
            raise
        loop.run_until_complete(session.__aexit__(None, None, None))


@pytest.fixture(params=[in_a_thread, in_a_task])
def use(request: pytest.FixtureRequest) -> Any:
    return request.param


def used(use: Any, act: Callable[[Hand], None]) -> Seen:
    """Act on a session; gives what the peer saw of it."""
    seen = Seen()
    with Server(lambda _: Discard(), observer=seen, host="127.0.0.1") as server:
        use(server.address[1], act)
        assert seen.over.wait(30)
    return seen


def test_it_says_what_was_agreed_and_leaving_it_releases(use: Any) -> None:
    def act(hand: Hand) -> None:
        contexts = hand.session.negotiated.contexts.values()
        assert [each.abstract_syntax for each in contexts] == [VERIFICATION, CT]
        assert hand("echo").status == 0

    seen = used(use, act)
    assert [each.NAME for each in seen.asked] == ["C-ECHO-RQ"]
    assert seen.end == "released"


def test_an_object_is_stored_with_what_the_request_is_to_say(use: Any) -> None:
    def act(hand: Hand) -> None:
        outcome: Outcome = hand("store", CT_FILE, priority=1, move_originator=("MOVER", 7))
        assert outcome.stored
        assert outcome.transfer_syntax_uid == EXPLICIT

    (asked,) = used(use, act).asked
    assert asked.priority == 1
    assert asked.move_originator_application_entity_title == "MOVER"
    assert asked.move_originator_message_id == 7


def test_what_is_no_object_costs_the_association_nothing(use: Any, tmp_path: Path) -> None:
    text = tmp_path / "text.dcm"
    text.write_text("no DICOM file")

    def act(hand: Hand) -> None:
        with pytest.raises(NotDICOM):
            hand("store", text)
        assert hand("store", CT_FILE).stored

    assert used(use, act).end == "released"


def test_any_conversation_can_be_played_on_it(use: Any) -> None:
    def act(hand: Hand) -> None:
        operations = hand.session.operations

        def twice() -> Conversation[list[int]]:
            replies = []
            for _ in range(2):
                reply = yield from operations.echo(details=False)
                replies.append(reply.status)
            return replies

        assert hand("run", twice()) == [0, 0]

    assert len(used(use, act).asked) == 2


def test_who_leaves_it_with_an_exception_aborts(use: Any) -> None:
    def act(hand: Hand) -> None:
        raise KeyError

    seen = Seen()
    with Server(observer=seen, host="127.0.0.1") as server:
        with pytest.raises(KeyError):
            use(server.address[1], act)
        assert seen.over.wait(30)
    assert isinstance(seen.end, AssociationAborted)


@pytest.mark.parametrize("way", ["release", "abort"])
def test_behind_its_end_nothing_goes(use: Any, way: str) -> None:
    def act(hand: Hand) -> None:
        hand(way)
        with pytest.raises(TransportError, match="the association is closed"):
            hand("store", CT_FILE)

    seen = used(use, act)
    assert (seen.end == "released") is (way == "release")
    assert not seen.asked


def test_nothing_is_sent_on_a_context_where_we_are_the_scp_alone() -> None:
    """Not even an echo: the other end would have to refuse it."""
    seen = Seen()
    both = [VERIFICATION, CT]
    support = storage_support(requestor_may_be_scp=both)
    roles = [RoleSelection(uid, scu=False, scp=True) for uid in both]
    with Server(lambda _: Discard(), host="127.0.0.1", support=support, observer=seen) as server:
        client = Client("127.0.0.1", server.address[1], roles=roles)
        with client.associate(OFFERS) as session:
            assert isinstance(session.store(CT_FILE).error, NoPresentationContext)
            with pytest.raises(LocalProtocolError, match="Verification"):
                session.echo()
    assert seen.asked == []
