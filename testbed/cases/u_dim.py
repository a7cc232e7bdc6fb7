"""U.DIM: DIMSE as the product begins it, and responses that are not quite right (PS3.7 9.3)."""

from collections.abc import Callable, Iterator

from .. import messages, raw
from ..facts import Facts
from ..model import Case, Do, Read, Run, Send, Serve, Step
from ..parse import Message, Pdu
from ..scene import Scene, Unmet, respond
from ..verdicts import Finding, Sub, Verdict, lax, ok
from .checks import discipline, fail, within_our_maximum
from .common import R, S, T, one, provider_abort
from .oversize import needs_limit
from .scu import (
    ACCEPT,
    AWAIT,
    NORMAL,
    SIX,
    USED,
    USED_PATTERN,
    not_success,
    replying,
    response_without,
    status,
)

# -- observed requests ---------------------------------------------------------------------------------------


def _requests(scene: Scene, field: int) -> list[Message]:
    return [message for message in scene.messages if message.command.us(0x0100) == field]


def echo_request(scene: Scene) -> Iterator[Finding]:
    """The C-ECHO-RQ has every mandatory element, in order, UIDs padded with NUL, an exact group length."""
    for message in _requests(scene, 0x0030):
        command = message.command
        yield from map(fail, command.faults)
        value = command.values.get(2)
        if value != messages.uid(raw.VERIFICATION):
            yield fail(f"(0000,0002) is {value!r}, expected {messages.uid(raw.VERIFICATION)!r}")
        if command.us(0x0110) is None:
            yield fail("(0000,0110) is absent")
        if command.us(0x0800) != messages.NO_DATA_SET:
            yield fail(f"(0000,0800) is {command.us(0x0800)}, expected {messages.NO_DATA_SET}")


def _element(data: bytes, tag: int, *, explicit: bool) -> bytes | None:
    """The value of one of the first elements of a data set; enough of a reader for group 0008."""
    at = 0
    while at + 8 <= len(data):
        found = int.from_bytes(data[at : at + 2], "little") << 16 | int.from_bytes(
            data[at + 2 : at + 4], "little"
        )
        if explicit and data[at + 4 : at + 6] in {
            b"OB",
            b"OW",
            b"SQ",
            b"UN",
            b"UT",
            b"UC",
            b"UR",
            b"OF",
            b"OD",
        }:
            head, size = 12, int.from_bytes(data[at + 8 : at + 12], "little")
        elif explicit:
            head, size = 8, int.from_bytes(data[at + 6 : at + 8], "little")
        else:
            head, size = 8, int.from_bytes(data[at + 4 : at + 8], "little")
        if found >= tag or size == raw.UINT32_MAX:
            return data[at + head : at + head + size] if found == tag else None
        at += head + size
    return None


def store_request(scene: Scene) -> Iterator[Finding]:
    """The C-STORE-RQ has every mandatory element; UIDs equal the data set's; no group 0000 or 0002 in it."""
    for message in _requests(scene, 0x0001):
        command, data = message.command, message.data or b""
        yield from map(fail, command.faults)
        for tag in (0x0002, 0x0110, 0x0700, 0x1000):
            if command.values.get(tag) is None:
                yield fail(f"the mandatory element (0000,{tag:04X}) is absent")
        if command.us(0x0700) not in {0, 1, 2}:
            yield fail(f"Priority is {command.us(0x0700)}")
        if data[:2] in {b"\0\0", b"\2\0"}:
            yield fail("the data set begins with group 0000 or 0002")
        for tag, number in ((0x00080016, 0x0002), (0x00080018, 0x1000)):
            value = _element(data, tag, explicit=data[4:6].isalpha())
            if value != command.values.get(number):
                yield fail(
                    f"(0000,{number:04X}) is {command.values.get(number)!r},"
                    f" the data set's ({tag >> 16:04X},{tag & 0xFFFF:04X}) {value!r}"
                )


def pdv_discipline(scene: Scene) -> Iterator[Finding]:
    """Every PDV has an even length, content, zero in bits 2-7, an accepted context; PDUs within our maximum."""
    yield from discipline(scene.messages)
    yield from within_our_maximum(scene)
    proposed = {context.id for context in scene.rq.contexts} if scene.rq else set()
    for number in {message.context for message in scene.messages} - proposed:
        yield fail(f"a message on context {number}; proposed were {sorted(proposed)}")


def one_outstanding(scene: Scene) -> None:
    """Hold every response back for a while and see whether another request comes meanwhile."""
    seen: list[int] = []
    while isinstance(scene.read_event(scene.settings.timeout), Pdu):
        token = scene.tokens[-1] if scene.tokens else ""
        if token == "RELEASE":  # noqa: S105 - a trace token
            scene.send(raw.release_rp(), "A-RELEASE-RP")
        elif len(scene.messages) > len(seen):
            seen.append(scene.facts.message_id)
            answer = respond(scene.facts)
            if scene.glance(min(scene.settings.still, 1.0)):
                scene.tokens.append("EARLY")
                return
            scene.send(answer, "response, held back")
    scene.notes.append(f"Message IDs {seen}")


# -- responses ------------------------------------------------------------------------------------------------


def _success(facts: Facts, **over: object) -> bytes:
    fields: dict[str, object] = {"sop_class": facts.sop_class or None, **over}
    return messages.response(facts.request, facts.message_id, 0, **fields)  # type: ignore[arg-type]


def _in_pieces(size: int, per_pdu: int) -> Callable[[Facts], bytes]:
    return lambda f: b"".join(
        raw.fragments(f.context, _success(f), size, command=True, per_pdu=per_pdu)
    )


def _bits(facts: Facts) -> bytes:
    return raw.p_data(raw.pdv(facts.context, 0xFF, _success(facts)))


def _wrong_id(facts: Facts) -> bytes:
    command = messages.response(
        facts.request, (facts.message_id + 1) & 0xFFFF, 0, sop_class=facts.sop_class
    )
    return messages.command_pdu(command, facts.context)


def _wrong_field(facts: Facts) -> bytes:
    other = messages.C_ECHO if facts.request == messages.C_STORE else messages.C_STORE
    return messages.command_pdu(messages.response(other, facts.message_id, 0), facts.context)


def _other_context(facts: Facts) -> bytes:
    others = (
        [context.id for context in facts.rq.contexts if context.id != facts.context]
        if facts.rq
        else []
    )
    return respond(facts, context=others[0] if others else 255)


def _with_data(facts: Facts) -> bytes:
    command = _success(facts, data_set_type=0)
    return messages.command_pdu(command, facts.context) + messages.data_pdu(
        bytes(64), facts.context
    )


def _too_large(facts: Facts) -> bytes:
    elements = [(0x0100, messages.us(facts.request | 0x8000)), (0x0120, messages.us(facts.message_id)),
                (0x0800, messages.us(0x0101)), (0x0900, messages.us(0)),
                (0x0902, b"x" * (facts.peer_max & ~1))]  # fmt: skip
    return messages.command_pdu(messages.command_set(elements), facts.context)


def too_large_is_error(scene: Scene) -> Iterator[Finding]:
    """Processing it fails the case; with --lenient it is non-strict."""
    if "RELEASE" in scene.tokens and not scene.settings.lenient:
        yield fail("a P-DATA-TF above the product's own maximum was processed")


def early_failure(scene: Scene) -> None:
    """Answer A700H as soon as the command is there, while the data set is coming; then read to the end."""
    waiting = _half_way(scene)
    command = messages.response(1, waiting.command.us(0x0110) or 0, 0xA700, sop_class=raw.CT_STORAGE,
                                instance=waiting.command.uid(0x1000))  # fmt: skip
    scene.send(messages.command_pdu(command, waiting.context), "C-STORE-RSP A700H, early")
    while isinstance(scene.read_event(max(scene.settings.timeout, 5.0)), Pdu):
        if scene.tokens and scene.tokens[-1] == "RELEASE":
            scene.send(raw.release_rp(), "A-RELEASE-RP")


def _half_way(scene: Scene) -> Message:
    while scene.assembler.partial is None:
        event = scene.read_event(max(scene.settings.timeout, 5.0))
        if not isinstance(event, Pdu) or scene.tokens:
            raise Unmet(
                Verdict.UNSUPPORTED, f"no data set to interrupt (seen: {' '.join(scene.tokens)})"
            )
    return scene.assembler.partial


def stop_reading(scene: Scene) -> None:
    """Read the command, then nothing more; wait for the product to give up."""
    _half_way(scene)
    scene.wire.note("tester stops reading")
    code = None if scene.handle is None else scene.handle.wait(scene.settings.dimse_max)
    scene.tokens.append("GAVEUP" if code is not None else "BLOCKED")


def close_half_way(scene: Scene) -> None:
    """Read the command, then close the connection."""
    _half_way(scene)
    scene.wire.rst()


_FAILURES = (0x0110, 0x0122, 0x0211, 0xA700, 0xA900, 0xC000)
_WARNINGS = (0xB000, 0xB006, 0xB007)
_IGNORED = ok("REQ+ OPEN", note="ignored, it waits for its own response")
_NOT_TAKEN = (*ok("REQ+ AB(*,*)", "REQ+ AB(*,*) CLOSE", USED_PATTERN), *_IGNORED)


def _reply(name: str, reply: Callable[[Facts], bytes]) -> Run:
    return Run(name, replying(name, reply))


def _patient(name: str, reply: Callable[[Facts], bytes]) -> Run:
    """The reply, then as much patience as the product's own DIMSE timer may need."""
    send = Send(name, reply)
    return Run(name, (AWAIT, ACCEPT, Read("REQ or AB or RELEASE"), send, Read("AB or RELEASE or CLOSE", "dimse"),
                      Do("confirm a release", confirm_release)))  # fmt: skip


def confirm_release(scene: Scene) -> None:
    """Confirm an A-RELEASE-RQ, if one came, and read to the end."""
    if scene.tokens and scene.tokens[-1] == "RELEASE":
        scene.send(raw.release_rp(), "A-RELEASE-RP")
        scene.read_until("CLOSE", scene.settings.timeout)


_LIMIT: tuple[Step, ...] = (
    AWAIT,
    Do("go on if the product announced a usable maximum", needs_limit),
    ACCEPT,
)

CASES = (
    Case(
        "U.DIM.01", "PS3.7 9.3.5.1,6.3.1", R, "the product's C-ECHO-RQ",
        "A C-ECHO-RQ has its four elements and the group length, ascending, with right values.",
        one(*NORMAL), USED, (echo_request,), needs=("echo",), tags=("observe",),
    ),
    Case(
        "U.DIM.02", "PS3.7 9.3.1.1", R, "the product's C-STORE-RQ",
        "Command and data set name the same class and instance; the data set has no group 0000 or 0002.",
        one(*NORMAL), USED, (store_request,), needs=("store",), tags=("observe",),
    ),
    Case(
        "U.DIM.03", "PS3.8 E.1,E.2,D.1", R, "the product's PDVs",
        "Fragments are even and not empty, bits 2-7 are zero, contexts accepted, PDUs within the maximum.",
        one(*NORMAL), USED, (pdv_discipline,), tags=("observe",),
    ),
    Case(
        "U.DIM.04", "PS3.7 D.3.3.3, 9.1", R, "one request at a time",
        "Without an agreed window the next request waits for the response to the last.",
        one(AWAIT, ACCEPT, Do("hold responses back", one_outstanding)), USED, needs=("two-files",), tags=("observe",),
    ),
    Case(
        "U.DIM.05", "PS3.7 9.3.5.2", R, "a response without Affected SOP Class UID",
        "The class is optional in a response.", (_reply("", response_without(2)),), USED, reported="success",
    ),
    Case(
        "U.DIM.06", "PS3.8 E.1,E.2", R, "a response in 2 PDVs; in fragments of 2 bytes; with bits 2-7 set",
        "A message may be cut anywhere; bits 2-7 of the control header are not checked.",
        (_reply("2 PDVs", _in_pieces(40, 10)), _reply("2 bytes", _in_pieces(2, 1)), _reply("bits 2-7", _bits)),
        USED, reported="success",
    ),
    Case(
        "U.DIM.07", "PS3.7 9.3.5.2", R, "a response to another Message ID",
        "A response is matched by Message ID Being Responded To; another one is no success.",
        (_reply("", _wrong_id),), _NOT_TAKEN, (not_success,),
    ),
    Case(
        "U.DIM.08", "PS3.7 9.3.5.2", R, "a response without 0120; without 0900; with another Command Field",
        "A response without its mandatory elements, or of another operation, is no success.",
        (_reply("without 0120", response_without(0x0120)), _reply("without 0900", response_without(0x0900)),
         _reply("another operation", _wrong_field)), _NOT_TAKEN, (not_success,),
    ),
    Case(
        "U.DIM.09", "PS3.7 Annex C", S, "failure statuses",
        "A failure is told to the user, and the association ends in order.",
        tuple(Run(f"{value:04X}H", (AWAIT, ACCEPT, Serve(f"status {value:04X}H", status(value)))) for value in _FAILURES),
        USED, reported="failure",
    ),
    Case(
        "U.DIM.10", "PS3.4 B.2.3", R, "warning statuses",
        "With a warning the object is stored; the next one is sent.",
        tuple(_reply(f"{value:04X}H", status(value)) for value in _WARNINGS),
        ok("C-STORE-RQ C-STORE-RQ RELEASE"), needs=("store", "two-files"),
    ),
    Case(
        "U.DIM.11", "PS3.7 Annex C", S, "statuses FF00H, FFFFH, 1234H",
        "A status that the service does not have is no success, and no reason to wait for ever.",
        tuple(_patient(f"{value:04X}H", status(value)) for value in (0xFF00, 0xFFFF, 0x1234)),
        ok("REQ+ AB(*,*)", USED_PATTERN), (not_success,), tags=("artim",), artim=True,
    ),
    Case(
        "U.DIM.12", "PS3.8 E.1", S, "a response on another context ID",
        "A response comes on the context of its request.",
        (_reply("", _other_context),),
        (*ok("REQ AB(*,*)"), *lax(USED_PATTERN, "REQ+ OPEN", note="accepted, or ignored")),
    ),
    Case(
        "U.DIM.13", "PS3.7 E.1", T, "a response that announces and has a data set",
        "C-ECHO and C-STORE responses have none; taking it is tolerated.",
        (_reply("", _with_data),), ok(USED_PATTERN, "REQ+ AB(*,*)"),
    ),
    Case(
        "U.DIM.14", "PS3.8 D.1.1", R, "a response in a P-DATA-TF above the product's maximum",
        "Going over the announced maximum length is a protocol error.",
        one(*_LIMIT, Serve("an oversize response", _too_large, 1)),
        (*provider_abort(6, "REQ"), *lax(USED_PATTERN, note="it was processed")), (too_large_is_error,),
        tags=("security",),
    ),
    Case(
        "U.DIM.15", "PS3.7 6.3.1", R, "a garbage command set",
        "What is no command set is no success.",
        (_reply("", lambda f: messages.command_pdu(b"\xff" * 40, f.context)),),
        (*ok("REQ AB(*,*)", USED_PATTERN),), (not_success,), tags=("security",),
    ),
    Case(
        "U.DIM.16", "PS3.7 9.1.5", T, "a C-ECHO-RQ from the acceptor",
        "A requestor that is no SCP refuses, aborts, or answers.",
        one(*SIX, Send("C-ECHO-RQ", lambda f: messages.command_pdu(messages.echo_rq(77), f.context)),
            Read("MSG or AB or RELEASE or CLOSE")),
        (*ok("RSP", "AB(*,*)"), *lax("RELEASE", "CLOSE")),
    ),
    Case(
        "U.DIM.17", "PS3.2 N.7.3", S, "no response at all",
        "A product that gives up waiting aborts as user, and tells its user.",
        one(*SIX, Read("AB or CLOSE or RELEASE", "dimse")),
        (*ok("AB(0,*)"), *lax("AB(2,*)", "CLOSE", "RELEASE", note="no A-ABORT of the user"),
         *lax("OPEN", note="still waiting at --dimse-max")),
        tags=("artim",), artim=True, reported="failure",
    ),
    Case(
        "U.DIM.18", "PS3.8 7.6", T, "C-STORE-RSP A700H while the data set is still coming",
        "An early failure response must not lock both sides: the product finishes, aborts, or releases.",
        one(AWAIT, ACCEPT, Do("C-STORE-RSP A700H, early", early_failure)),
        (*ok("C-STORE-RQ? RELEASE", "C-STORE-RQ? AB(*,*)"), *lax("C-STORE-RQ? CLOSE")),
        needs=("store",), tags=("big-file",),
    ),
    Case(
        "U.DIM.19", "PS3.8 9.1", R, "the tester stops reading, or closes, half way through a C-STORE",
        "A transfer that does not move ends in bounded time, as a failure.",
        (Run("stops reading", (AWAIT, ACCEPT, Do("stop reading", stop_reading)),
             (*ok("GAVEUP"), *lax("BLOCKED", note="still blocked at --dimse-max"))),
         Run("closes", (AWAIT, ACCEPT, Do("RST", close_half_way)))),
        ok("", "CLOSE"), needs=("store",), tags=("big-file", "artim"), artim=True, reported="failure",
    ),
    Case(
        "U.DIM.20", "PS3.8 9.3.5 'one or more'", S, "a P-DATA-TF without any PDV, before the response",
        "A P-DATA-TF holds at least one PDV.",
        one(*SIX, Send("P-DATA-TF of length 0", raw.p_data()), Send("response, Success", respond),
            Read("AB or CLOSE or RELEASE or REQ")),
        (*ok("AB(2,*)"), *lax("AB(0,*)", sub=Sub.WRONG_SOURCE), *lax("RELEASE", "REQ", note="ignored")),
    ),
)  # fmt: skip
