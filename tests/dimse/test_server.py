"""Servers without a sink of one's own, in both faces: objects in memory, bounds, push-back."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import threading
from pathlib import Path
from typing import Any

import pydicom
import pytest
import rawpeer
from serving import CT, DEFLATED, EXPLICIT, FIND, IMPLICIT, VERIFICATION, AsyncioServer, Caller
from tests_datasets import encode, identity

from dimse.client import Client
from dimse.errors import InvalidValue
from dimse.messages.composite import CEchoRQ, CFindRQ, CStoreRQ
from dimse.provider import Observer
from dimse.requests import ServiceRequest, StoreRequest
from dimse.server import Server
from dimse.storage.spool import Spool
from dimse.support import storage_support
from dul.errors import AssociationAborted
from dul.pdu import AssociateRJ
from dul.user_items import UserIdentity

FIXTURES = Path(__file__).parents[2] / "fixtures" / "dicom"
FILES = sorted(FIXTURES.glob("*.dcm"))


@pytest.fixture(params=[Server, AsyncioServer])
def server(request: Any) -> Any:
    def make(*arguments: Any, **options: Any) -> Any:
        return request.param(*arguments, host="127.0.0.1", **options)

    return make


def store_rq(instance: str = "1.2") -> CStoreRQ:
    return CStoreRQ(message_id=3, affected_sop_class_uid=CT, affected_sop_instance_uid=instance)


def object_of(size: int, instance: str = "1.2") -> bytes:
    padding = [(0x7FE00010, "OW", bytes(size))] if size else []
    return encode([*identity(CT, instance), *padding], IMPLICIT)


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # of a fixture, as it is
def test_every_fixture_comes_into_memory_as_a_data_set(server: Any) -> None:
    received = []

    def keep(request: StoreRequest) -> None:
        received.append((request.dataset(), request.file().read()))

    with server(on_store=keep) as scp:
        outcomes = list(Client("127.0.0.1", scp.address[1]).store(FILES))
    assert all(outcome.stored for outcome in outcomes)
    assert len(received) == len(FILES)
    for path, (data_set, content) in zip(FILES, received, strict=True):
        sent = pydicom.dcmread(path)
        assert data_set == sent
        assert data_set.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID
        assert pydicom.dcmread(io.BytesIO(content)) == sent
    assert DEFLATED in {each.file_meta.TransferSyntaxUID for each, _ in received}


def test_the_request_tells_who_sent_it_and_what_was_agreed(server: Any) -> None:
    seen = []
    identity_of = UserIdentity(1, b"somebody")
    with (
        server(on_store=seen.append) as scp,
        Caller(scp.address[1], (CT, [IMPLICIT]), identity=identity_of) as scu,
    ):
        assert scu.ask(store_rq(), object_of(0)).status == 0
    (request,) = seen
    requestor = request.requestor
    assert requestor.address.startswith("127.0.0.1:")
    assert (requestor.calling_ae_title, requestor.called_ae_title) == ("CALLING", "CALLED")
    assert requestor.user_identity == identity_of
    assert requestor.negotiated.contexts[1] == request.context
    assert request.context.requestor_is_scu
    assert (request.sop_class_uid, request.sop_instance_uid) == (CT, "1.2")
    assert request.transfer_syntax_uid == IMPLICIT
    assert request.path is None


@pytest.mark.parametrize(
    ("asked", "content", "status"),
    [
        (store_rq("1..2"), object_of(0, "1..2"), 0x0117),
        (store_rq("1.3"), object_of(0, "1.2"), 0xA900),
        (store_rq(), object_of(1000)[:-10], 0xC000),
        (store_rq(), object_of(100_000)[:-10], 0xC000),  # more than the head that is looked at
    ],
    ids=["UID", "mismatch", "cut", "cut far behind"],
)
def test_what_comes_into_memory_is_checked_as_what_goes_to_the_disk(
    server: Any, asked: CStoreRQ, content: bytes, status: int
) -> None:
    received = []
    with (
        server(on_store=received.append) as scp,
        Caller(scp.address[1], (CT, [IMPLICIT])) as scu,
    ):
        assert scu.ask(asked, content).status == status
        assert scu.ask(store_rq(), object_of(0)).status == 0
    assert len(received) == 1


def test_memory_is_bounded_for_all_associations_together(server: Any) -> None:
    """An object that finds no room is refused with A700H; when others are done, there is room."""
    enter, leave = threading.Event(), threading.Event()
    first = threading.Lock()

    def slow(_: StoreRequest) -> None:
        if first.acquire(blocking=False):
            enter.set()
            assert leave.wait(30)

    content = object_of(60_000)
    with (
        server(on_store=slow, max_memory=100_000) as scp,
        Caller(scp.address[1], (CT, [IMPLICIT])) as one,
        Caller(scp.address[1], (CT, [IMPLICIT])) as other,
    ):
        one.say(store_rq(), content)
        assert enter.wait(30)
        refused = other.ask(store_rq(), content)
        assert refused.status == 0xA700
        assert refused.error_comment.startswith("the data set has 60")
        assert other.ask(store_rq(), object_of(10_000)).status == 0
        leave.set()
        assert one.hear()[0].status == 0
        assert other.ask(store_rq(), content).status == 0
        # Too large whatever the others do, and again: nothing is left of what was refused.
        for _ in range(3):
            assert other.ask(store_rq(), object_of(200_000)).status == 0xA700
        assert other.ask(store_rq(), object_of(90_000)).status == 0


def test_memory_is_given_back_when_a_requestor_vanishes(server: Any) -> None:
    ended = threading.Event()

    class Ends(Observer):
        def ended(self, requestor: Any, error: Exception) -> None:
            ended.set()

    with server(on_store=lambda _: None, observer=Ends(), max_memory=100_000) as scp:
        scu = Caller(scp.address[1], (CT, [IMPLICIT]))
        scu.say(store_rq())
        association = scu.connection.association
        association.send(1, command=False, source=bytes(90_000))
        scu.connection.abort()  # which overtakes what is not sent yet, or follows it
        assert ended.wait(30)
        with Caller(scp.address[1], (CT, [IMPLICIT])) as again:
            assert again.ask(store_rq(), object_of(90_000)).status == 0


def test_a_slow_handler_holds_up_its_own_requestor_and_nobody_else(server: Any) -> None:
    """What the requestor sends meanwhile stays in the network: it is not read."""
    enter, leave = threading.Event(), threading.Event()
    handled = []

    def slow(request: StoreRequest) -> None:
        handled.append(request.sop_instance_uid)
        enter.set()
        assert leave.wait(30)

    content = object_of(4 << 20)
    sent = threading.Event()
    with (
        server(on_store=slow) as scp,
        Caller(scp.address[1], (CT, [IMPLICIT])) as scu,
    ):

        def send_many() -> None:
            for _ in range(20):  # 80 MB: far more than the network holds
                scu.say(store_rq(), content)
            sent.set()

        scu.say(store_rq(), content)
        assert enter.wait(30)
        sending = threading.Thread(target=send_many)
        sending.start()
        with Caller(scp.address[1]) as other:
            echo = CEchoRQ(message_id=1, affected_sop_class_uid=VERIFICATION)
            assert [other.ask(echo).status for _ in range(20)] == [0] * 20
        assert not sent.is_set()
        assert len(handled) == 1
        leave.set()
        sending.join(60)
        assert [scu.hear()[0].status for _ in range(21)] == [0] * 21


def test_a_server_that_stores_nothing_accepts_no_storage(server: Any) -> None:
    with (
        server() as scp,
        Caller(scp.address[1], (VERIFICATION, [IMPLICIT]), (CT, [IMPLICIT])) as scu,
    ):
        assert list(scu.connection.negotiated.contexts) == [1]
        assert scu.ask(CEchoRQ(message_id=1, affected_sop_class_uid=VERIFICATION)).status == 0


def test_handlers_may_take_storage_and_verification_over(server: Any) -> None:
    seen = []

    def answer(request: ServiceRequest[Any]) -> int:
        seen.append((request.message.NAME, request.content))
        return 0xB000

    support = storage_support(others={FIND: [EXPLICIT]})
    handlers = {CStoreRQ: answer, CEchoRQ: answer, CFindRQ: answer}
    with (
        server(handlers=handlers, support=support) as scp,
        Caller(scp.address[1], (VERIFICATION, [IMPLICIT]), (CT, [IMPLICIT])) as scu,
    ):
        echo = CEchoRQ(message_id=1, affected_sop_class_uid=VERIFICATION)
        assert scu.ask(echo).status == 0xB000
        assert scu.ask(store_rq(), b"anything", 3).status == 0xB000
    assert seen == [("C-ECHO-RQ", None), ("C-STORE-RQ", b"anything")]


def test_a_refusal_is_logged_unless_an_observer_takes_it(
    server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        server(on_store=lambda _: None) as scp,
        Caller(scp.address[1], (CT, [IMPLICIT])) as scu,
    ):
        scu.ask(store_rq("1.3"), object_of(0, "1.2"))
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("dimse", logging.WARNING)
    assert "the data set's SOP Instance UID is 1.2, the command's 1.3" in record.getMessage()


def test_what_is_to_be_done_before_a_release_is_confirmed(server: Any) -> None:
    """Its failure is an abort: so a sender knows that something may be lost."""
    done = []

    def before_release(requestor: Any) -> None:
        done.append(requestor.calling_ae_title)
        if len(done) > 1:
            raise OSError(5, "Input/output error")

    with server(on_store=lambda _: None, on_release=before_release) as scp:
        port = scp.address[1]
        with Caller(port, (CT, [IMPLICIT])) as scu:
            assert scu.ask(store_rq(), object_of(0)).status == 0
            assert done == []
        assert done == ["CALLING"]
        with pytest.raises(AssociationAborted), Caller(port, (CT, [IMPLICIT])) as scu:
            assert scu.ask(store_rq(), object_of(0)).status == 0
        assert done == ["CALLING"] * 2


def test_a_spool_that_flushes_before_the_release(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    with Spool(tmp_path, fsync="study") as spool:
        with server(spool.open, on_release=spool.flush) as scp:
            with Caller(scp.address[1], (CT, [IMPLICIT])) as scu:
                for number in range(3):
                    instance = f"1.2.{number}"
                    assert scu.ask(store_rq(instance), object_of(0, instance)).status == 0
                assert flushed == []
            assert len(flushed) == 4  # three files and their directory


@pytest.mark.parametrize("how", ["released", "rejected", "ended"])
def test_what_has_come_to_its_end_is_told_as_that_though_the_connection_is_open(
    server: Any, how: str
) -> None:
    """The server is stopped before the peer has closed."""
    told = []

    class Ends(Observer):
        def released(self, requestor: Any) -> None:
            told.append("released")

        def rejected(self, requestor: Any, answer: AssociateRJ) -> None:
            told.append("rejected")

        def ended(self, requestor: Any, error: Exception) -> None:
            told.append("ended")

    def access(*_: object) -> AssociateRJ | None:
        return AssociateRJ(1, 1, 3) if how == "rejected" else None

    with contextlib.ExitStack() as stack:
        with server(on_store=lambda _: None, observer=Ends(), access=access) as scp:
            peer = stack.enter_context(rawpeer.connect(scp.address))
            peer.send(rawpeer.associate_rq([(1, CT)]))
            peer.expect(rawpeer.RJ if how == "rejected" else rawpeer.AC)
            if how == "released":
                peer.send(rawpeer.RELEASE_RQ_PDU)
                peer.expect(rawpeer.RELEASE_RP)
        assert told == [how]


async def _nobody(_: object) -> None:
    """An access check as somebody may write it for asyncio, which awaits none."""


@pytest.mark.parametrize("access", [lambda _: False, lambda _: True, lambda _: "no", _nobody])
def test_an_access_check_that_gives_no_verdict_lets_nobody_in(
    server: Any, access: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with server(access=access) as scp:
        with pytest.raises(AssociationAborted):
            Client("127.0.0.1", scp.address[1]).echo()
    assert "access: gave " in caplog.text
    assert "not an AssociateRJ, Denied, Granted or None" in caplog.text


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"open_sink": "incoming"}, "open_sink: str is no function, as Spool"),
        ({"on_store": 0}, "on_store: int is no function"),
        ({"access": ["127.0.0.1"]}, "access: list is no function"),
        ({"handlers": {"C-FIND": print}}, "handlers: 'C-FIND'"),
        ({"handlers": {CFindRQ: None}}, "handlers: "),
    ],
)
def test_what_could_only_fail_when_somebody_calls_is_refused(
    server: Any, wrong: dict[str, Any], why: str
) -> None:
    with pytest.raises(InvalidValue, match=why), server(**wrong):
        pass
