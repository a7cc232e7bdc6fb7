"""What a server counts, in one process and in several."""

from __future__ import annotations

import os
from typing import Any

import pytest
from asked import store_request
from serving import CT, IMPLICIT, VERIFICATION, AsyncioServer, Caller
from tests_datasets import encode, identity

from dimse.messages.codec import response_to
from dimse.messages.composite import CEchoRQ, CStoreRQ
from dimse.provider import Denied, Observer
from dimse.requests import Requestor
from dimse.server import Server
from dimse.storage.sink import Discard
from dimse.watch.counts import BOUNDS, Counting, Counts
from dimse.watch.observers import Observers
from dul.pdu import AssociateRJ


class Clock:
    """Each look at it is a second later than the one before."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def store(instance: str = "1.2") -> tuple[CStoreRQ, bytes]:
    asked = CStoreRQ(message_id=3, affected_sop_class_uid=CT, affected_sop_instance_uid=instance)
    return asked, encode(identity(CT, "1.2"), IMPLICIT)


def test_what_nothing_is_kept_of_is_not_stored() -> None:
    counts = Counts()
    with Server(lambda _: Discard(), host="127.0.0.1", observer=Counting(counts)) as scp:
        with Caller(scp.address[1], (CT, [IMPLICIT])) as scu:
            assert scu.ask(*store()).status == 0
    totals = counts.totals()
    assert (totals.objects_stored, totals.objects_dropped, totals.objects_refused) == (0, 1, 0)


def test_a_pending_answer_is_not_counted_as_the_last_one_is() -> None:
    counts = Counts()
    counting, request = Counting(counts, Clock()), store_request()
    counting.received(request)
    for status in (0xFF00, 0xFF01, 0xB007):
        counting.answered(request, response_to(request.message, status))
    totals = counts.totals()
    assert totals.statuses == {("C-STORE", 0xB007): 1}
    assert (totals.objects_stored, totals.objects_dropped, totals.objects_refused) == (0, 1, 0)


@pytest.mark.parametrize("server", [Server, AsyncioServer])
def test_what_a_server_counts(server: Any) -> None:
    counts = Counts()
    options = {"on_store": lambda _: 0xB000, "observer": Counting(counts, Clock())}
    with server(host="127.0.0.1", **options) as scp:
        port = scp.address[1]
        with Caller(port, (CT, [IMPLICIT]), (VERIFICATION, [IMPLICIT])) as scu:
            assert scu.ask(*store()).status == 0xB000
            assert scu.ask(*store("1.3")).status == 0xA900  # not the object that comes
            assert (
                scu.ask(
                    CEchoRQ(message_id=4, affected_sop_class_uid=VERIFICATION), context_id=3
                ).status
                == 0
            )
            totals = counts.totals()
            assert (totals.associations_accepted, totals.associations_open) == (1, 1)
        scu = Caller(port, (VERIFICATION, [IMPLICIT]))
        scu.connection.abort()
        left = Caller(port, (CT, [IMPLICIT])).connection
    left.abort()
    totals = counts.totals()
    assert totals.associations_accepted == 3
    assert totals.associations_released == 1
    assert totals.associations_aborted == 2  # one by its requestor, one by the server that stops
    assert totals.associations_open == 0
    assert (totals.objects_stored, totals.objects_refused) == (1, 1)
    assert totals.bytes_received == 2 * len(store()[1])
    assert totals.statuses == {
        ("C-STORE", 0xB000): 1,
        ("C-STORE", 0xA900): 1,
        ("C-ECHO", 0): 1,
    }
    assert totals.answer.count == totals.whole.count == 2
    assert totals.answer.seconds == 2.0  # the clock is looked at when one begins, came, is answered
    assert totals.whole.seconds == 4.0
    assert totals.whole.classes[BOUNDS.index(2.5)] == 2


def test_rejections_and_connections_that_come_to_nothing_are_counted() -> None:
    from dul.errors import AssociationRejected
    from dul.pdu import AssociateRJ

    counts = Counts()
    options = {"access": lambda *_: AssociateRJ(1, 1, 3), "observer": Counting(counts)}
    with Server(host="127.0.0.1", **options) as scp, pytest.raises(AssociationRejected):
        Caller(scp.address[1])
    counting = Counting(counts)
    counting.ended(Requestor("192.0.2.1:5", "", ""), OSError("gone"))
    totals = counts.totals()
    assert (totals.associations_rejected, totals.connections_failed) == (1, 1)
    assert totals.associations_accepted == 0


def test_processes_count_together() -> None:
    counts = Counts(processes=3)
    for number in range(3):
        child = os.fork()
        if child == 0:
            counts.take_row(number)
            counts.add("objects_stored", number + 1)
            counts.add("associations_accepted", 2)
            counts.add_store("objects_refused", 0xA700, 0.5, 99.0)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    totals = counts.totals()
    assert (totals.objects_stored, totals.objects_refused) == (6, 3)
    assert totals.statuses == {("C-STORE", 0xA700): 3}
    assert totals.answer.classes[BOUNDS.index(0.5)] == 3
    assert totals.whole.classes[-1] == 3  # beyond the last bound
    assert totals.associations_open == 6


def test_who_takes_the_place_of_a_dead_process_ends_what_that_left_open() -> None:
    counts = Counts(processes=2)
    counts.take_row(1)
    counts.add("associations_accepted", 3)
    counts.add("associations_released")
    counts.take_row(1)
    totals = counts.totals()
    assert (totals.associations_aborted, totals.associations_open) == (2, 0)


def test_more_statuses_than_there_is_room_for_lose_no_count() -> None:
    counts = Counts()
    for status in range(0xC000, 0xC100):
        counts.add_status(0x0001, status)
    counts.add_status(0x0999, 1)
    counts.add_store("objects_refused", 0xC000, 0.1, 0.1)
    statuses = counts.totals().statuses
    assert (sum(statuses.values()), len(statuses)) == (258, 64)
    assert statuses["C-STORE", 0xC000] == 2


def test_an_operation_that_has_no_name_is_known_by_its_number() -> None:
    counts = Counts()
    counts.add_status(0x0999, 1)
    assert counts.totals().statuses == {("0999H", 1): 1}


def test_several_observers_are_told_everything_in_their_order() -> None:
    told: list[tuple[int, str]] = []

    def noting(number: int) -> Observer:
        observer = Observer()
        for name in NAMES:
            setattr(observer, name, lambda *_, name=name: told.append((number, name)))
        return observer

    observers = Observers(noting(1), noting(2))
    for name in NAMES:
        method = getattr(observers, name)
        method(*[None] * (method.__code__.co_argcount - 1))
    assert told == [(number, name) for name in NAMES for number in (1, 2)]


def test_a_verdict_is_logged_once_where_no_observer_says_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    requestor, verdict = (
        Requestor("192.0.2.7:4711", "A", "B"),
        Denied(AssociateRJ(1, 1, 1), "rule x"),
    )

    class Saying(Observer):
        def judged(self, *_: object) -> None:
            pass

    Observers(Observer(), Saying(), Observer()).judged(requestor, verdict)
    assert caplog.messages == []
    Observers(Observer(), Observer()).judged(requestor, verdict)
    assert caplog.messages == ["192.0.2.7:4711 may not call: rule x"]


NAMES = [name for name in vars(Observer) if not name.startswith("_")]
