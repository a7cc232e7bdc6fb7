"""A peer that stalls, answers what was not asked, refuses, or ends it in mid-object: with each way to
send, both faces, and a journal. What is told is what the peer's disk says, and nothing hangs."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest
from cli_peers import Dialogue
from test_client_ways import WAYS, _asyncio, _blocking, _numbered
from test_faces import FILES
from tests_datasets import sparse_file

from dimse.errors import UnexpectedMessage
from dimse.events import Done, GivenUp, NotAssociated
from dimse.journal import Journal
from dimse.outcome import Outcome
from dul.errors import (
    AssociationAborted,
    AssociationRejected,
    DulcetError,
    TimedOut,
    TransportError,
)
from dul.limits import Limits
from testbed import messages, raw
from testbed.observe import Closed, Reset
from testbed.parse import CommandSet, parse_pdvs, uid_text

GUARD = 30.0  # seconds; nothing takes so long that is no stall
SOON = 1.0  # and so long one is waited for
COUNT = 5
AT = "1.2.840.3"  # at this object the peer does what it should not
LARGE = 16 << 20  # bytes: more than the kernels hold for a peer that does not read


class Gone(Exception):
    """The requestor has ended it."""


class Faulty:
    """Serves any number of associations, each in a thread, in the testbed's bytes.

    Args:
        fault: what it does at the object `AT`, instead of receiving and answering it.
        once: only the first time.

    Attributes:
        whole: the instances that were received whole and answered with success, in order.
    """

    def __init__(self, fault: Fault, *, once: bool = False) -> None:
        self.whole: list[str] = []
        self._fault: Fault | None = fault
        self._once = once
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._socks: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        for sock in self._socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,))
            self._socks.append(sock)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(AssertionError, OSError, Gone):
            dialogue = Dialogue(sock)
            self._associate(dialogue)
            while True:
                context, command = dialogue.command()  # else an AssertionError: a release, say
                self._one(dialogue, context, command)

    def _associate(self, dialogue: Dialogue) -> None:
        request = dialogue.request()
        answers = [
            raw.context_ac(each.id, 0, [uid_text(each.transfers[0])]) for each in request.contexts
        ]
        user = [raw.max_length(16384), raw.implementation_class(), raw.async_window(4, 1)]
        dialogue.wire.send(raw.associate_ac(contexts=answers, user=user))

    def _one(self, dialogue: Dialogue, context: int, command: CommandSet) -> None:
        instance = command.uid(0x1000)
        with self._lock:
            fault = self._fault if instance == AT else None
            if fault is not None and self._once:
                self._fault = None
        if fault is not None:
            fault(dialogue, context, command)
            return
        dialogue.data_set()
        with self._lock:
            self.whole.append(instance or "")
        dialogue.answer(context, command, 0)


Fault = Callable[[Dialogue, int, CommandSet], None]


def respond(dialogue: Dialogue, context: int, command: CommandSet, **wrong: Any) -> None:
    """An answer, in which something may be wrong."""
    values = {
        "sop_class": command.uid(0x0002) or "",
        "message_id": command.us(0x0110) or 0,
        "instance": command.uid(0x1000) or "",
        "status": 0,
    } | wrong
    elements = [
        (0x0002, messages.uid(values["sop_class"])),
        (0x0100, messages.us(0x8001)),
        (0x0120, messages.us(values["message_id"])),
        (0x0800, messages.us(messages.NO_DATA_SET)),
        (0x0900, messages.us(values["status"])),
        (0x1000, messages.uid(values["instance"])),
    ]
    dialogue.wire.send(messages.command_pdu(messages.command_set(elements), context))


def wait_for_the_end(dialogue: Dialogue) -> None:
    while not isinstance(dialogue.wire.read(10), Closed | Reset):
        pass
    raise Gone


def stalls(dialogue: Dialogue, context: int, command: CommandSet) -> None:
    """Takes the object, and never answers."""
    dialogue.data_set()
    wait_for_the_end(dialogue)


def stalls_in_mid_object(dialogue: Dialogue, context: int, command: CommandSet) -> None:
    """Reads a part of it, and nothing more."""
    dialogue.pdu(4)
    wait_for_the_end(dialogue)


def another_message_id(dialogue: Dialogue, context: int, command: CommandSet) -> None:
    dialogue.data_set()
    respond(dialogue, context, command, message_id=0xBEEF)
    wait_for_the_end(dialogue)


def aborts(dialogue: Dialogue, context: int, command: CommandSet) -> None:
    """In the middle of the data set."""
    dialogue.pdu(4)
    dialogue.wire.send(raw.abort(2, 0))
    wait_for_the_end(dialogue)


def closes(dialogue: Dialogue, context: int, command: CommandSet) -> None:
    dialogue.pdu(4)
    raise Gone


def drops(dialogue: Dialogue, context: int, command: CommandSet) -> None:
    """Closes, when the object is there."""
    dialogue.data_set()
    raise Gone


def fails_early(dialogue: Dialogue, context: int, command: CommandSet) -> None:
    """Says that it has no room after the first part, and takes the rest (PS3.7 9.3.1.2)."""
    dialogue.pdu(4)
    respond(dialogue, context, command, status=0xA900)
    while not parse_pdvs(dialogue.pdu(4))[0][-1].is_last:
        pass


def succeeds_early(dialogue: Dialogue, context: int, command: CommandSet) -> None:
    """Says that all is well after the first part, and goes away."""
    dialogue.pdu(4)
    respond(dialogue, context, command, status=0)
    raise Gone


HALF_WAY = {stalls_in_mid_object, aborts, closes, succeeds_early, fails_early}

# What the peer does, and how the object's outcome says so: an error's classes, or a status.
FAULTS: dict[Fault, tuple[type[DulcetError], ...] | int] = {
    stalls: (TimedOut,),
    stalls_in_mid_object: (TimedOut,),
    another_message_id: (UnexpectedMessage,),
    aborts: (AssociationAborted,),
    closes: (TransportError,),
    succeeds_early: (TransportError, TimedOut),
    fails_early: 0xA900,
}


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Objects 1.2.840.0 to 4."""
    folder = tmp_path_factory.mktemp("objects")
    return [_numbered(FILES[0], folder / f"{number}.dcm", number) for number in range(COUNT)]


@pytest.fixture(scope="module")
def with_a_large_one(items: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The same, of which the one at which things go wrong can be met half-way."""
    large = sparse_file(tmp_path_factory.mktemp("large") / "3.dcm", AT, LARGE)
    return [*items[:3], large, items[4]]


def play(face: Any, port: int, items: Any, **how: Any) -> list[Any]:
    """Send; gives the events."""
    events: list[Any] = []
    limit = how.pop("limit", GUARD)
    limits = Limits(reply=limit, pdu=limit, write=limit, grace=0.1)
    options = {"limits": limits, **how.pop("options", {})}
    face(port, items, events.append, options, how)
    return events


def check(events: list[Any], peer: Faulty, expected: tuple[type[DulcetError], ...] | int) -> None:
    told: dict[str, Outcome] = {}
    for each in events:
        if isinstance(each, Outcome):
            assert each.sop_instance_uid not in told, "each object has one outcome"
            told[each.sop_instance_uid] = each
    assert set(told) == {f"1.2.840.{number}" for number in range(COUNT)}
    assert {uid for uid, each in told.items() if each.stored} == set(peer.whole)
    assert [uid for uid, each in told.items() if not each.stored] == [AT]
    if isinstance(expected, int):
        assert told[AT].status == expected
    else:
        assert told[AT].status is None
        assert isinstance(told[AT].error, expected), told[AT].error
    assert isinstance(events[-1], Done)


STALLS = {stalls, stalls_in_mid_object}
# A stall takes its time, and these two have the ways of waiting.
CASES = [
    (face, way, fault)
    for face, ways in {
        _blocking: ("plain", "associations", "window", "retry", "all"),
        _asyncio: ("window", "all"),
    }.items()
    for way in ways
    for fault in FAULTS
    if fault not in STALLS or way in {"plain", "window"}
]


@pytest.mark.parametrize(("face", "way", "fault"), CASES)
def test_it_costs_the_object_at_which_it_happens_and_no_other(
    items: list[Path],
    with_a_large_one: list[Path],
    tmp_path: Path,
    face: Any,
    way: str,
    fault: Fault,
) -> None:
    sent = with_a_large_one if fault in HALF_WAY else items
    limit = SOON if fault in STALLS else GUARD
    with Faulty(fault) as peer, Journal(tmp_path / "journal") as journal:
        events = play(face, peer.port, sent, journal=journal, limit=limit, **WAYS[way])
        check(events, peer, FAULTS[fault])
        assert list(journal.failed()) == [str(sent[3])]


@pytest.mark.parametrize("face", [_blocking, _asyncio])
@pytest.mark.parametrize("fault", [stalls, drops, another_message_id])
def test_with_retry_it_costs_none_if_it_happens_once(
    items: list[Path], face: Any, fault: Fault
) -> None:
    with Faulty(fault, once=True) as peer:
        limit = SOON if fault is stalls else GUARD
        events = play(face, peer.port, items, limit=limit, **WAYS["retry"])
    told = {each.sop_instance_uid: each for each in events if isinstance(each, Outcome)}
    assert all(each.stored for each in told.values())
    assert told[AT].attempts == 2
    assert sorted(peer.whole) == sorted(told)


@pytest.mark.parametrize(
    ("face", "way"), [(_blocking, "plain"), (_blocking, "all"), (_asyncio, "all")]
)
def test_who_refuses_every_association_costs_all(items: list[Path], face: Any, way: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                with sock, contextlib.suppress(AssertionError, OSError):
                    dialogue = Dialogue(sock)
                    dialogue.request()
                    dialogue.wire.send(raw.associate_rj(1, 1, 7))
                    dialogue.wire.read(10)

        thread = threading.Thread(target=refuse)
        thread.start()
        events = play(face, listener.getsockname()[1], items, **WAYS[way])
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert [each for each in events if isinstance(each, Outcome)] == []
    errors = [each.error for each in events if isinstance(each, NotAssociated)]
    assert errors
    assert all(isinstance(each, AssociationRejected) for each in errors)
    (given_up,) = (each for each in events if isinstance(each, GivenUp))
    assert given_up.left == COUNT


@pytest.mark.parametrize("face", [_blocking, _asyncio])
@pytest.mark.parametrize("wrong", [{"instance": "1.2.3"}, {"sop_class": "1.2.3"}])
def test_the_message_id_says_what_was_answered(items: list[Path], face: Any, wrong: Any) -> None:
    """The UIDs of a response are optional, and not all peers get them right (PS3.7 9.1.1.1)."""

    def answers(dialogue: Dialogue, context: int, command: CommandSet) -> None:
        dialogue.data_set()
        peer.whole.append(AT)
        respond(dialogue, context, command, **wrong)

    with Faulty(answers) as peer:
        events = play(face, peer.port, items, **WAYS["window"])
    assert (
        sorted(each.sop_instance_uid for each in events if isinstance(each, Outcome)) == peer.whole
    )
    assert all(each.stored for each in events if isinstance(each, Outcome))


@pytest.mark.parametrize("face", [_blocking, _asyncio])
def test_the_same_files_go_on_where_a_journal_says(
    items: list[Path], tmp_path: Path, face: Any
) -> None:
    """After a fault, sent again: what the peer has is not sent twice."""
    with Journal(tmp_path / "journal") as journal:
        with Faulty(drops, once=True) as peer:
            check(play(face, peer.port, items, journal=journal), peer, FAULTS[closes])
            play(face, peer.port, items, journal=journal)
            assert sorted(peer.whole) == [f"1.2.840.{number}" for number in range(COUNT)]
        assert list(journal.failed()) == []
