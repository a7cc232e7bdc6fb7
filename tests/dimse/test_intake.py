"""A request that has come whole is served as any other: same sinks, same answers, same events.

The same bytes go to two providers, one of which takes every request the general way.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from pair import End
from test_services import CONTEXTS, CT, LIMITS, Diary, MemorySink

from dimse.errors import AbortAssociation, OutOfResources, Refused
from dimse.intake import Intake
from dimse.messages.composite import CEchoRQ, CStoreRQ
from dimse.provider import Answer, Provider
from dimse.requests import StoreRequest
from dimse.scp import serve
from dimse.support import storage_support
from dimse.tables.uids import VERIFICATION
from dul.association import Role
from dul.negotiation import request
from dul.outbox import Outbox
from dul.pdata import COMMAND, LAST, PDV, PDataTF
from dul.pdu import ReleaseRQ

ECHO_CONTEXT, CT_CONTEXT, MR_CONTEXT = 1, 3, 5

Fault = tuple[str, type[Exception]]


def messages() -> st.SearchStrategy[tuple[Any, ...]]:
    """What is sent: a store with its context and instance, its data set in pieces, how it is cut; or other things."""
    stores = st.tuples(
        st.just("store"),
        st.sampled_from([CT_CONTEXT, MR_CONTEXT, ECHO_CONTEXT]),
        st.sampled_from(["1.2.3", "1.2.44", "1.2.5"]),
        st.lists(st.binary(max_size=60), min_size=1, max_size=4),
        st.booleans(),  # command set and data set in one PDU
        st.integers(0, 3),  # pieces of the command set, beside the first
    )
    return st.one_of(
        stores,
        stores,
        st.tuples(st.just("echo")),
        st.tuples(st.just("stray")),  # a data set without a command
        st.tuples(st.just("release")),
    )


def wire_of(message: tuple[Any, ...], number: int) -> bytes:
    match message:
        case ("release",):
            return ReleaseRQ().encode()
        case ("stray",):
            return PDataTF((PDV(CT_CONTEXT, LAST, b"xx"),)).encode()
        case ("echo",):
            command = CEchoRQ(message_id=number, affected_sop_class_uid=VERIFICATION).encode()
            return PDataTF((PDV(ECHO_CONTEXT, COMMAND | LAST, command),)).encode()
    _, context, instance, pieces, together, cuts = message
    command = CStoreRQ(
        message_id=number, affected_sop_class_uid=CT, affected_sop_instance_uid=instance
    ).encode()
    size = len(command) // (cuts + 1) + 1
    parts = [command[at : at + size] for at in range(0, len(command), size)]
    pdvs = [PDV(context, COMMAND, part) for part in parts[:-1]]
    pdvs.append(PDV(context, COMMAND | LAST, parts[-1]))
    pdvs += [PDV(context, 0, piece) for piece in pieces[:-1]]
    pdvs.append(PDV(context, LAST, pieces[-1]))
    groups = [tuple(pdvs)] if together else [(each,) for each in pdvs]
    return b"".join(PDataTF(group).encode() for group in groups)


class Provided:
    """A provider, and what became of what it was sent."""

    def __init__(self, fault: Fault | None, answers: list[Any]) -> None:
        self.sinks: list[tuple[str, MemorySink]] = []
        self.diary = Diary()
        self._fault, self._answers = fault, iter(answers)
        self.provider = Provider(
            support=storage_support(),
            open_sink=self._open,
            on_store=self._on_store if answers else None,
            observer=self.diary,
        )
        self.end = End(Role.ACCEPTOR, LIMITS)

    def _open(self, asked: StoreRequest) -> MemorySink:
        where, error = self._fault or ("", ValueError)
        if where == "open":
            raise error("as it was to be")
        sink = MemorySink(
            fail_write=error("as it was to be") if where == "write" else None,
            fail_commit=error("as it was to be") if where == "commit" else None,
        )
        self.sinks.append((asked.sop_instance_uid, sink))
        return sink

    def _on_store(self, asked: StoreRequest) -> Any:
        assert asked.path is not None
        given = next(self._answers, None)
        if isinstance(given, Exception):
            raise given
        return given

    def take(self, wire: bytes, cuts: list[int]) -> bytes:
        """Be sent these bytes, cut there; what it says."""
        end, said = self.end, b""
        end.association.accepted(0.0)
        end.start(serve(end.association, "here:1", self.provider))
        sizes = iter(cuts)
        while wire and not end.association.close_wanted:
            room = end.association.get_buffer()
            count = min(len(room), len(wire), next(sizes, len(wire)))
            room[:count] = wire[:count]
            wire = wire[count:]
            end.association.buffer_updated(count, 1.0)
            if end.running:
                end.resume()
            said += end.output()
        return said

    @property
    def state(self) -> Any:
        failure = self.end.association.failure
        lines = [line for line in self.diary.lines if not line.startswith("arrived")]
        sinks = [
            (name, bytes(sink.content), sink.committed, sink.discarded) for name, sink in self.sinks
        ]
        return sinks, lines, self.end.association.state, type(self.end.error), str(failure)


FAULTS = st.one_of(
    st.none(),
    st.tuples(
        st.sampled_from(["open", "write", "commit"]),
        st.sampled_from([OutOfResources, OSError, KeyError, AbortAssociation]),
    ),
)
ANSWERS = st.lists(
    st.sampled_from(
        [
            *(None, 0, 0xB000, Answer(0xB007), "no status", True),
            *(Refused(0xA900, "no"), KeyError("x"), AbortAssociation("enough")),
        ]
    ),
    max_size=3,
)


@given(
    st.lists(messages(), min_size=1, max_size=5),
    st.lists(st.integers(1, 400), max_size=30),
    FAULTS,
    ANSWERS,
)
def test_what_has_come_whole_is_served_as_anything_else(
    sent: list[Any], cuts: list[int], fault: Fault | None, answers: list[Any]
) -> None:
    asked = request("CALLED", "CALLING", CONTEXTS, LIMITS)
    wire = asked.encode()
    wire += b"".join(wire_of(message, number) for number, message in enumerate(sent, 1))
    usual, general = Provided(fault, answers), Provided(fault, answers)
    said = usual.take(wire, [len(asked.encode()), *cuts])
    with (
        patch.object(Intake, "whole", lambda _: None),
        patch.object(Outbox, "put_data", _queued),
    ):
        assert said == general.take(wire, [len(asked.encode()), *cuts])
    assert usual.state == general.state
    assert all(sink.committed != sink.discarded for _, sink in usual.sinks if usual.end.error)


def _queued(box: Outbox, context_id: int, *, command: bool, source: Any) -> int:
    from dul.pdata import Stream

    data = Stream(context_id, command=command, source=source)
    box.put(data)
    return data.number


def test_a_small_object_comes_whole() -> None:
    """The way that the comparison is about is taken."""
    wire = request("CALLED", "CALLING", CONTEXTS, LIMITS).encode()
    store = wire_of(("store", CT_CONTEXT, "1.2.3", [b"ab", b"cd"], False, 0), 1)
    taken: list[Any] = []
    whole = Intake.whole

    def noting(intake: Intake) -> Any:
        found = whole(intake)
        taken.append(found)
        return found

    provided = Provided(None, [])
    with patch.object(Intake, "whole", noting):
        provided.take(wire + store, [len(wire)])
    ((_, message, fragments),) = (each for each in taken if each is not None)
    assert message.affected_sop_instance_uid == "1.2.3"
    assert len(fragments) == 2
    assert [(name, bytes(sink.content)) for name, sink in provided.sinks] == [("1.2.3", b"abcd")]
