"""C-ECHO and C-STORE between two ends in memory: `dimse.scu` against `dimse.scp`."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pair import Pair

from dimse.errors import (
    DIMSEError,
    InvalidCommandSet,
    OutOfResources,
    Refused,
    ReleasedByPeer,
    UnexpectedMessage,
)
from dimse.messages import command
from dimse.messages.codec import decode_message
from dimse.messages.composite import CCancelRQ, CEchoRQ, CEchoRSP, CFindRQ, CStoreRQ, CStoreRSP
from dimse.messages.normalized import NGetRQ
from dimse.provider import Observer, Provider
from dimse.requests import EchoRequest, StoreRequest
from dimse.scp import serve
from dimse.scu import Operations, Reply
from dimse.support import storage_support
from dimse.tables.uids import VERIFICATION
from dul import conversations
from dul.errors import AssociationAborted, TimedOut, TransportError
from dul.fsm import State
from dul.limits import Limits
from dul.negotiation import context_offers, request
from dul.pdata import PDV, PDataTF
from dul.pdu import Abort, ReleaseRP, ReleaseRQ
from dul.support import answer

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
IMPLICIT = "1.2.840.10008.1.2"
LIMITS = Limits()
CONTEXTS = context_offers([(VERIFICATION, [IMPLICIT]), (CT, [IMPLICIT]), (MR, [IMPLICIT])])


@dataclass
class MemorySink:
    """Collects what comes; fails where it is told to."""

    content: bytearray = field(default_factory=bytearray)
    committed: bool = False
    discarded: bool = False
    fail_write: Exception | None = None
    fail_commit: Exception | None = None

    def write(self, views: Sequence[memoryview]) -> None:
        if self.fail_write:
            raise self.fail_write
        for view in views:
            self.content += view

    def commit(self) -> Path | None:
        if self.fail_commit:
            raise self.fail_commit
        self.committed = True
        return Path("kept")

    def discard(self) -> None:
        self.discarded = True


class Diary(Observer):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def associated(self, requestor: Any) -> None:
        self.lines.append(f"associated {requestor.calling_ae_title} {requestor.called_ae_title}")

    def rejected(self, requestor: Any, answer: Any) -> None:
        self.lines.append(f"rejected {answer.result} {answer.source} {answer.reason}")

    def received(self, request: Any) -> None:
        self.lines.append(f"received {request.message.NAME}")

    def unknown(self, requestor: Any, command: Any) -> None:
        self.lines.append(f"unknown {command.command_field:04X}")

    def refused(self, request: Any, error: Exception) -> None:
        self.lines.append(f"refused {type(error).__name__}: {error}")

    def answered(self, request: Any, response: Any) -> None:
        kept = f" {request.content}" if request.content else ""
        self.lines.append(f"answered {response.NAME} {response.status:04X}{kept}")

    def released(self, requestor: Any) -> None:
        self.lines.append("released")

    def ended(self, requestor: Any, error: Exception) -> None:
        self.lines.append(f"ended {type(error).__name__}")


def finished(
    operations: Operations, context_id: int, asked: Any, source: Any = None
) -> conversations.Script[Reply]:
    """An operation from its request to its final response."""
    response = yield from operations.finish(operations.invoke(context_id, asked, source))
    return Reply(response.status, response.error_comment)


def echo(operations: Operations, message_id: int) -> conversations.Script[Reply]:
    asked = CEchoRQ(message_id=message_id, affected_sop_class_uid=VERIFICATION)
    return finished(operations, 1, asked)


class Scene:
    """An established association, a client's end and a server's end."""

    def __init__(self, limits: Limits = LIMITS, **options: Any) -> None:
        self.sinks: list[MemorySink] = []
        self.diary = Diary()
        options.setdefault("support", storage_support())
        options.setdefault("open_sink", self.open_sink)
        provider = Provider(observer=self.diary, **options)
        self.pair = Pair(limits)
        self.scu = self.pair.requestor
        self.scp = self.pair.acceptor
        self.scp.start(serve(self.scp.association, "here:1", provider))
        asked = request("CALLED", "CALLING", CONTEXTS, limits)
        negotiated = self.run(conversations.associate(self.scu.association, asked))
        self.operations = Operations(self.scu.association, negotiated)

    def open_sink(self, request: StoreRequest) -> MemorySink:
        self.sinks.append(MemorySink())
        return self.sinks[-1]

    def run(self, conversation: conversations.Conversation[Any]) -> Any:
        self.scu.start(conversation)
        self.pair.run()
        if self.scu.error:
            raise self.scu.error
        assert not self.scu.running, "the conversation waits for ever"
        return self.scu.result

    def echo(self) -> Reply:
        return self.run(self.operations.echo())

    def store(self, content: bytes = b"0123456789", context_id: int = 3, **options: Any) -> Reply:
        fields = {"affected_sop_class_uid": CT, "affected_sop_instance_uid": "1.2.3", **options}
        asked = CStoreRQ(message_id=self.operations.next_id(), **fields)
        return self.run(finished(self.operations, context_id, asked, MemorySource(content)))

    def say(self, context_id: int, message: bytes, content: bytes | None = None) -> list[Any]:
        """Send raw messages and give the messages that come back."""

        def conversation() -> conversations.Conversation[list[Any]]:
            association = self.scu.association
            association.send(context_id, command=True, source=message)
            if content is not None:
                association.send(context_id, command=False, source=content)
            event = yield from conversations.receive(association)
            return [decode_message(bytes(pdv.fragment)) for pdv in event.pdvs]  # type: ignore[union-attr]

        return self.run(conversation())

    def raw(self, *pdvs: PDV) -> None:
        """Put PDVs on the server's wire, past all checks on our side."""
        self.pair.deliver(self.scp, PDataTF(tuple(pdvs)).encode())
        self.pair.run()

    def release(self) -> None:
        self.run(conversations.release(self.scu.association))


class MemorySource:
    def __init__(self, content: bytes) -> None:
        self._rest = memoryview(content)
        self._length = len(content)

    def __len__(self) -> int:
        return self._length

    def readinto(self, view: memoryview) -> int:
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def test_echo_store_release() -> None:
    scene = Scene()
    assert scene.echo() == Reply(0)
    assert scene.store(b"12345678") == Reply(0)
    assert scene.store(b"abcd") == Reply(0)
    assert [bytes(sink.content) for sink in scene.sinks] == [b"12345678", b"abcd"]
    assert all(sink.committed for sink in scene.sinks)
    scene.release()
    assert not scene.scp.running
    assert scene.diary.lines == [
        "associated CALLING CALLED",
        "received C-ECHO-RQ",
        "answered C-ECHO-RSP 0000",
        "received C-STORE-RQ",
        "answered C-STORE-RSP 0000 kept",
        "received C-STORE-RQ",
        "answered C-STORE-RSP 0000 kept",
        "released",
    ]


def test_a_large_data_set_in_small_pdus() -> None:
    scene = Scene(Limits(max_pdu_length=64))
    content = bytes(range(256)) * 40
    assert scene.store(content).status == 0
    assert bytes(scene.sinks[0].content) == content


def test_two_hundred_echoes_on_one_association() -> None:
    """P.CMD.03"""
    scene = Scene()
    assert [scene.echo().status for _ in range(200)] == [0] * 200


# ------------------------------------------------------------- what the server refuses --


@pytest.mark.parametrize(
    ("context_id", "message", "content", "status"),
    [
        # C-ECHO where Verification is not (P.CMD.15, P.CMD.16)
        (3, CEchoRQ(message_id=1, affected_sop_class_uid=VERIFICATION), None, 0x0122),
        (1, CEchoRQ(message_id=1, affected_sop_class_uid=CT), None, 0x0122),
        # C-STORE where storage is not (P.CMD.14), and of another class (P.STO.07)
        (1, CStoreRQ(message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2"), b"xx", 0x0122),
        (5, CStoreRQ(message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2"), b"xx", 0xA900),
        # services that we do not have (P.CMD.13)
        (1, NGetRQ(message_id=1, requested_sop_class_uid=VERIFICATION, requested_sop_instance_uid="1.2"), None, 0x0211),
        (3, CFindRQ(message_id=1, affected_sop_class_uid=CT), b"xx", 0x0211),
    ],
)  # fmt: skip
def test_refusals(context_id: int, message: Any, content: bytes | None, status: int) -> None:
    scene = Scene()
    (response,) = scene.say(context_id, message.encode(), content)
    assert response.status == status
    assert response.COMMAND_FIELD == message.COMMAND_FIELD | 0x8000
    assert response.message_id_being_responded_to == 1
    assert scene.echo().status == 0
    scene.release()


def test_an_unknown_command_is_answered_0211() -> None:
    """P.CMD.12, with and without a data set behind it."""
    scene = Scene()
    for data_set_type, content in ((0x0101, None), (1, b"xx")):
        unknown = command.encode_command(
            {"CommandField": 0x0777, "MessageID": 9, "CommandDataSetType": data_set_type}
        )

        def conversation(
            unknown: bytes = unknown, content: bytes | None = content
        ) -> conversations.Conversation[bytes]:
            association = scene.scu.association
            association.send(1, command=True, source=unknown)
            if content:
                association.send(1, command=False, source=content)
            event = yield from conversations.receive(association)
            return bytes(event.pdvs[0].fragment)  # type: ignore[union-attr]

        reply = command.decode_command(scene.run(conversation()))
        assert (reply["CommandField"], reply["Status"]) == (0x8777, 0x0211)
    assert scene.echo().status == 0


def test_a_store_without_a_data_set_fails() -> None:
    """P.STO.10: Command Data Set Type 0101H on a C-STORE-RQ."""
    scene = Scene()
    message = command.encode_command(
        {
            "AffectedSOPClassUID": CT,
            "CommandField": 1,
            "MessageID": 1,
            "Priority": 0,
            "CommandDataSetType": 0x0101,
            "AffectedSOPInstanceUID": "1.2",
        }
    )
    (response,) = scene.say(3, message)
    assert response.status == 0xC000
    assert not scene.sinks
    assert scene.echo().status == 0


def test_a_cancel_of_nothing_is_ignored() -> None:
    """P.CMD.18"""
    scene = Scene()
    cancel = CCancelRQ(message_id_being_responded_to=5).encode()
    scene.scu.association.send(1, command=True, source=cancel)
    assert scene.echo().status == 0


@pytest.mark.parametrize(
    ("pdvs", "error"),
    [
        ([PDV(1, 0x02, b"data")], "MessageFault"),
        ([PDV(1, 0x03, b"\xff" * 40)], "InvalidCommandSet"),
        ([PDV(1, 0x03, CEchoRSP(message_id_being_responded_to=1, status=0).encode())], "MessageFault"),
        ([PDV(1, 0x03, command.encode_command({"CommandField": 0x8777, "CommandDataSetType": 0x0101}))], "MessageFault"),
    ],
)  # fmt: skip
def test_broken_messages_are_aborted_by_the_user(pdvs: list[PDV], error: str) -> None:
    """The DIMSE layer is the service-user: A-ABORT source 0 (PS3.8 Table 9-26)."""
    scene = Scene()
    scene.raw(*pdvs)
    assert scene.scp.sent.endswith(Abort(0, 0).encode())
    assert scene.diary.lines[-1] == f"ended {error}"


# ------------------------------------------------------------------------- sinks that fail --


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OSError(errno.ENOSPC, "no space"), 0xA700),
        (OSError(errno.EDQUOT, "quota"), 0xA700),
        (OSError(errno.EIO, "broken"), 0x0110),
        (OutOfResources("full"), 0xA700),
        (Refused(0xA701, "full"), 0xA701),
        (DIMSEError("odd"), 0x0110),
        (ZeroDivisionError("handler"), 0x0110),
    ],
)
@pytest.mark.parametrize("where", ["open", "write", "commit", "on_store"])
def test_a_sink_that_fails_costs_the_object_not_the_association(
    error: Exception, status: int, where: str
) -> None:
    sinks: list[MemorySink] = []

    def open_sink(_: StoreRequest) -> MemorySink:
        if where == "open":
            raise error
        sinks.append(
            MemorySink(
                fail_write=error if where == "write" else None,
                fail_commit=error if where == "commit" else None,
            )
        )
        return sinks[-1]

    def on_store(_: StoreRequest) -> None:
        if where == "on_store":
            raise error

    scene = Scene(open_sink=open_sink, on_store=on_store)
    reply = scene.store()
    assert reply.status == status
    assert reply.error_comment
    assert all(sink.discarded for sink in sinks if not sink.committed)
    assert scene.echo().status == 0
    scene.release()


def test_handlers_choose_the_status() -> None:
    seen: list[Any] = []

    def on_echo(asked: EchoRequest) -> int:
        seen.append(asked.requestor.calling_ae_title)
        return 0x0210

    def on_store(asked: StoreRequest) -> int:
        seen.append((asked.sop_class_uid, asked.transfer_syntax_uid, asked.path))
        return 0xB000

    scene = Scene(on_echo=on_echo, on_store=on_store)
    assert scene.echo().status == 0x0210
    assert scene.store().status == 0xB000
    assert seen == ["CALLING", (CT, IMPLICIT, Path("kept"))]


def test_a_failing_echo_handler_is_a_failure() -> None:
    def on_echo(_: EchoRequest) -> int:
        raise ZeroDivisionError

    assert Scene(on_echo=on_echo).echo().status == 0x0110


# --------------------------------------------------------------------- ends in mid-message --


def begun(scene: Scene) -> None:
    """A C-STORE whose data set has begun and not ended."""
    message = CStoreRQ(message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2")
    scene.raw(PDV(3, 0x03, message.encode()), PDV(3, 0x00, b"half"))
    assert bytes(scene.sinks[0].content) == b"half"


def test_abort_in_mid_data_set_leaves_no_trace() -> None:
    """P.STO.14"""
    scene = Scene()
    begun(scene)
    scene.run(conversations.abort(scene.scu.association))
    assert scene.sinks[0].discarded
    assert not scene.sinks[0].committed
    assert isinstance(scene.scp.error, AssociationAborted)


def test_a_cut_in_mid_data_set_leaves_no_trace() -> None:
    scene = Scene()
    begun(scene)
    scene.scp.association.disconnected(0.0)
    scene.scp.resume()
    assert scene.sinks[0].discarded
    assert isinstance(scene.scp.error, TransportError)


def test_release_in_mid_data_set_leaves_no_trace() -> None:
    """P.STO.15"""
    scene = Scene()
    begun(scene)
    scene.release()
    assert scene.sinks[0].discarded
    assert not scene.sinks[0].committed
    assert scene.scp.error is None


def test_an_idle_requestor_is_aborted() -> None:
    scene = Scene(Limits(idle=10.0))
    scene.pair.pass_time(9.0)
    assert scene.scp.running
    scene.pair.pass_time(2.0)
    assert isinstance(scene.scp.error, TimedOut)
    assert scene.scp.association.state in {State.Sta13, State.Sta1}


# ------------------------------------------------------------------- negotiation and access --


def test_access_is_asked_first() -> None:
    from dul.pdu import AssociateRJ

    asked: list[Any] = []

    def access(requestor: Any) -> AssociateRJ:
        asked.append((requestor.calling_ae_title, requestor.address))
        return AssociateRJ(1, 1, 3)

    with pytest.raises(conversations.AssociationRejected, match="calling AE title not recognized"):
        Scene(access=access)
    assert asked == [("CALLING", "here:1")]


def test_default_support_prefers_explicit_little_endian() -> None:
    support = storage_support()
    assert support.syntaxes_for(CT)[:2] == ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
    offers = context_offers(
        [(CT, [IMPLICIT, "1.2.840.10008.1.2.1"]), (CT, ["1.2.840.10008.1.2.4.90"])]
    )
    ac = answer(request("A", "B", offers, LIMITS), support, LIMITS)
    chosen = [each.transfer_syntax for each in ac.presentation_contexts]  # type: ignore[union-attr]
    assert chosen == ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90"]


# --------------------------------------------------------------------- what the client checks --


class Scripted:
    """A client's conversation against an acceptor that says what the test tells it."""

    def __init__(self) -> None:
        self.pair = Pair()
        self.scu = self.pair.requestor
        scp = self.pair.acceptor
        support = storage_support()

        def play() -> conversations.Conversation[None]:
            yield from conversations.accept(
                scp.association, lambda rq: answer(rq, support, scp.association.limits)
            )

        scp.start(play())
        asked = request("CALLED", "CALLING", CONTEXTS, LIMITS)
        self.scu.start(conversations.associate(self.scu.association, asked))
        self.pair.run()
        self.operations = Operations(self.scu.association, self.scu.result)
        self.scu.start(echo(self.operations, 5))
        self.scu.output()

    def answer(self, *pdvs: PDV) -> None:
        self.pair.deliver(self.scu, PDataTF(tuple(pdvs)).encode())


RESPONSE = {"message_id_being_responded_to": 5, "status": 0}


def test_a_response_without_the_sop_class_is_accepted() -> None:
    """U.DIM.05"""
    scripted = Scripted()
    scripted.answer(PDV(1, 0x03, CEchoRSP(**RESPONSE).encode()))
    assert scripted.scu.result == Reply(0)


def test_a_response_in_fragments_with_stray_control_bits() -> None:
    """U.DIM.06"""
    scripted = Scripted()
    whole = CEchoRSP(**RESPONSE).encode()
    for at in range(0, len(whole), 2):
        last = 0x02 if at + 2 >= len(whole) else 0
        scripted.answer(PDV(1, 0xFC | 0x01 | last, whole[at : at + 2]))
    assert scripted.scu.result == Reply(0)


@pytest.mark.parametrize(
    ("context_id", "content", "error"),
    [
        # U.DIM.07, U.DIM.08, U.DIM.12, U.DIM.15, U.DIM.16
        (1, CEchoRSP(message_id_being_responded_to=6, status=0).encode(), UnexpectedMessage),
        (1, CStoreRSP(message_id_being_responded_to=5, status=0).encode(), UnexpectedMessage),
        (3, CEchoRSP(**RESPONSE).encode(), UnexpectedMessage),
        (1, CEchoRQ(message_id=5, affected_sop_class_uid=VERIFICATION).encode(), UnexpectedMessage),
        (1, command.encode_command({"CommandField": 0x8777, "CommandDataSetType": 0x0101}), UnexpectedMessage),
        (1, b"\xff" * 40, InvalidCommandSet),
        (1, command.encode_command({"CommandField": 0x8030, "MessageIDBeingRespondedTo": 5, "CommandDataSetType": 0x0101}), InvalidCommandSet),
        (1, command.encode_command({"CommandField": 0x8030, "Status": 0, "CommandDataSetType": 0x0101}), InvalidCommandSet),
    ],
)  # fmt: skip
def test_what_is_no_response_is_no_success(
    context_id: int, content: bytes, error: type[Exception]
) -> None:
    scripted = Scripted()
    scripted.answer(PDV(context_id, 0x03, content))
    assert type(scripted.scu.error) is error
    scripted.scu.output()
    assert scripted.scu.sent.endswith(Abort(0, 0).encode())


def test_a_response_on_another_context_of_the_same_class_is_believed() -> None:
    """odil answers so where several contexts of a SOP class are accepted."""
    pair = Pair()
    support = storage_support()
    scp = pair.acceptor

    def play() -> conversations.Conversation[None]:
        yield from conversations.accept(
            scp.association, lambda rq: answer(rq, support, scp.association.limits)
        )

    scp.start(play())
    offers = context_offers(
        [(VERIFICATION, [IMPLICIT]), (VERIFICATION, [IMPLICIT]), (CT, [IMPLICIT])]
    )
    asked = request("CALLED", "CALLING", offers, LIMITS)
    pair.requestor.start(conversations.associate(pair.requestor.association, asked))
    pair.run()
    operations = Operations(pair.requestor.association, pair.requestor.result)
    pair.requestor.start(echo(operations, 5))
    pair.requestor.output()
    reply = PDataTF((PDV(3, 0x03, CEchoRSP(**RESPONSE).encode()),))
    pair.deliver(pair.requestor, reply.encode())
    assert pair.requestor.result == Reply(0)


def test_a_data_set_behind_the_response_is_dropped() -> None:
    """U.DIM.13"""
    scripted = Scripted()
    odd = command.encode_command(
        {
            "CommandField": 0x8030,
            "MessageIDBeingRespondedTo": 5,
            "Status": 0,
            "CommandDataSetType": 1,
        }
    )
    scripted.answer(PDV(1, 0x03, odd))
    assert scripted.scu.running
    scripted.answer(PDV(1, 0x02, b"what is this"))
    assert scripted.scu.result == Reply(0)


def test_a_second_response_is_an_error() -> None:
    scripted = Scripted()
    odd = command.encode_command(
        {
            "CommandField": 0x8030,
            "MessageIDBeingRespondedTo": 5,
            "Status": 0,
            "CommandDataSetType": 1,
        }
    )
    scripted.answer(PDV(1, 0x03, odd))
    scripted.answer(PDV(1, 0x02, b"xx"))
    assert scripted.scu.result == Reply(0)


def test_release_instead_of_the_response() -> None:
    """U.S6.01: answered with A-RELEASE-RP, and reported."""
    from dul.pdu import ReleaseRP, ReleaseRQ

    scripted = Scripted()
    scripted.pair.deliver(scripted.scu, ReleaseRQ().encode())
    scripted.scu.output()
    assert scripted.scu.sent.endswith(ReleaseRP().encode())
    scripted.scu.association.disconnected(0.0)
    scripted.scu.resume()
    assert isinstance(scripted.scu.error, ReleasedByPeer)


def test_no_response_at_all() -> None:
    """U.DIM.17: A-ABORT at the time that the limits allow."""
    scripted = Scripted()
    association = scripted.scu.association
    association.handle_deadline(LIMITS.reply - 1)  # type: ignore[operator]
    assert association.established
    association.handle_deadline(LIMITS.reply)  # type: ignore[arg-type]
    scripted.scu.resume()
    assert isinstance(scripted.scu.error, TimedOut)
    scripted.scu.output()
    assert scripted.scu.sent.endswith(Abort(0, 0).encode())


def test_an_early_failure_waits_for_the_data_set_to_be_out() -> None:
    """U.DIM.18: no deadlock, and the message is completed."""
    scripted = Scripted()
    scripted.answer(PDV(1, 0x03, CEchoRSP(**RESPONSE).encode()))
    association = scripted.scu.association
    content = MemorySource(bytes(3 << 20))
    asked = CStoreRQ(message_id=9, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2")
    scripted.scu.start(finished(scripted.operations, 3, asked, content))
    first = association.data_to_send()
    early = CStoreRSP(message_id_being_responded_to=9, status=0xA700).encode()
    association.data_sent(sum(map(len, first)), 0.0)
    scripted.answer(PDV(3, 0x03, early))
    assert scripted.scu.running
    scripted.scu.output()
    scripted.scu.resume()
    assert scripted.scu.result.status == 0xA700


# ------------------------------------------------------- a response and the end, in one breath --


def test_a_release_right_behind_a_request_comes_after_its_answer() -> None:
    """What a provider still has to say goes before the A-RELEASE-RP (AR-7)."""
    scene = Scene()
    asked = CEchoRQ(message_id=4, affected_sop_class_uid=VERIFICATION).encode()
    scene.pair.deliver(scene.scp, PDataTF((PDV(1, 0x03, asked),)).encode() + ReleaseRQ().encode())
    scene.scp.output()
    answered = CEchoRSP(
        message_id_being_responded_to=4, affected_sop_class_uid=VERIFICATION, status=0
    ).encode()
    assert scene.scp.sent.endswith(
        PDataTF((PDV(1, 0x03, answered),)).encode() + ReleaseRP().encode()
    )


def test_an_abort_right_behind_a_request_is_what_ended_the_association() -> None:
    scene = Scene()
    asked = CEchoRQ(message_id=4, affected_sop_class_uid=VERIFICATION).encode()
    scene.pair.deliver(scene.scp, PDataTF((PDV(1, 0x03, asked),)).encode() + Abort(0, 0).encode())
    assert isinstance(scene.scp.error, AssociationAborted)
    assert scene.diary.lines[-1] == "ended AssociationAborted"
