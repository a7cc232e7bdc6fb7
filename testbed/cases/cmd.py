"""P.CMD: command sets and the Verification service (PS3.7 6.3, 9.1.5, 9.3.5, Annex C)."""

import struct
from collections.abc import Iterator

from .. import messages, raw
from ..model import Case, Check, Do, Read, Run, Send, Step
from ..scene import Scene
from ..verdicts import Finding, bad, lax, ok
from .checks import fail
from .common import (
    ANY_ABORT,
    ASSOCIATE,
    ASSOCIATE_STORE,
    ECHOED,
    READ_REPLY,
    SEND_ECHO,
    R,
    S,
    T,
    command,
    one,
)

_BASE = messages.echo_elements(1)
_WITHOUT = {tag: messages.command_set([e for e in _BASE if e[0] != tag]) for tag, _ in _BASE}
_BODY = messages.command_set(_BASE, group_length=None)


def _try(what: str, data: bytes, id: int = 1) -> tuple[Step, ...]:
    return (ASSOCIATE if id == 1 else ASSOCIATE_STORE), command(what, data, id), READ_REPLY


def _explicit() -> bytes:
    """A C-ECHO-RQ in Explicit VR Little Endian."""
    vrs = {0x0002: "UI", 0x0100: "US", 0x0110: "US", 0x0800: "US"}
    body = b"".join(messages.data_element(t, vrs[t], v, explicit=True) for t, v in _BASE)
    return messages.data_element(0, "UL", struct.pack("<I", len(body)), explicit=True) + body


def _big_endian() -> bytes:
    """A C-ECHO-RQ in Implicit VR Big Endian."""
    uid = messages.uid(raw.VERIFICATION)
    body = struct.pack(">HHI", 0, 2, len(uid)) + uid
    for tag, value in ((0x100, 0x30), (0x110, 1), (0x800, 0x101)):
        body += struct.pack(">HHIH", 0, tag, 2, value)
    return struct.pack(">HHII", 0, 0, 4, len(body)) + body


def _element_too_long(length: int) -> bytes:
    body = b"".join(messages.element(tag, value) for tag, value in _BASE[:-1])
    body += messages.element(0x0800, messages.us(0x0101), length=length)
    return messages.element(0, struct.pack("<I", len(body))) + body


def echo_response_exact(scene: Scene) -> Iterator[Finding]:
    """The C-ECHO-RSP has every mandatory element, in order, once, and nothing outside group 0000."""
    for message in scene.messages:
        yield from map(fail, message.command.faults)
        expected = {0x0100: 0x8030, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0}
        for tag, value in expected.items():
            if message.command.us(tag) != value:
                yield fail(f"(0000,{tag:04X}) is {message.command.us(tag)}, expected {value}")
        if message.command.uid(0x0002) not in {None, raw.VERIFICATION}:
            yield fail(f"(0000,0002) is {message.command.uid(0x0002)}, expected {raw.VERIFICATION}")


def responds_to(*ids: int) -> Check:
    """A check that responses name their requests' Message IDs in order."""

    def check(scene: Scene) -> Iterator[Finding]:
        got = [message.command.us(0x0120) for message in scene.messages]
        if got != list(ids):
            yield fail(f"(0000,0120) is {got}, expected {list(ids)}")

    check.__doc__ = f"(0000,0120) holds Message ID {', '.join(map(str, ids))}."
    return check


def two_hundred(scene: Scene) -> None:
    """200 C-ECHO one after another; the trace keeps one token if all succeed."""
    for number in range(200):
        scene.tokens.clear()
        scene.send(messages.command_pdu(messages.echo_rq(number + 1)), f"C-ECHO-RQ {number + 1}")
        scene.read_until("MSG or AB", scene.settings.timeout)
        last = scene.messages[-1].command.us(0x0120) if scene.messages else None
        if scene.tokens != ["C-ECHO-RSP(0000)"] or last != number + 1:
            scene.notes.append(f"at C-ECHO {number + 1}")
            scene.tokens.append("JUNK")
            return
    del scene.log[4:-4]


def _pair(first: int, second: int) -> bytes:
    return b"".join(messages.command_pdu(messages.echo_rq(number)) for number in (first, second))


def _id_runs() -> tuple[Run, ...]:
    runs = [
        Run(
            f"ID {number}",
            _try(f"C-ECHO-RQ, Message ID {number}", messages.echo_rq(number)),
            ECHOED,
            (responds_to(number),),
        )
        for number in (0, 1, 65535)
    ]
    again = (
        *_try("C-ECHO-RQ", messages.echo_rq(7)),
        command("C-ECHO-RQ again", messages.echo_rq(7)),
        READ_REPLY,
    )
    twice = ok("C-ECHO-RSP(0000) C-ECHO-RSP(0000)")
    return (*runs, Run("reused", again, twice, (responds_to(7, 7),)))


_NEXT = Read("AB or RSP")
_STORE_ON_1 = messages.command_pdu(messages.store_rq(1)) + messages.data_pdu(messages.ct_data_set())
_KIND = (
    *ok("C-ECHO-RSP(0122)", "AB(*,*)"),
    *lax("C-ECHO-RSP(*)", note="not refused as another SOP class"),
)
_N_GET = messages.command_set([(0x0003, messages.uid(raw.VERIFICATION)), (0x0100, messages.us(0x0110)),
                               (0x0110, messages.us(1)), (0x0800, messages.us(0x0101)),
                               (0x1001, messages.uid(messages.INSTANCE))])  # fmt: skip

CASES = (
    Case(
        "P.CMD.01", "PS3.7 6.3.1,9.3.5.2,E.1", R, "C-ECHO-RQ",
        "The response is an Implicit VR Little Endian command set with ascending, unrepeated "
        "elements, a right group length, and every mandatory element.",
        one(ASSOCIATE, SEND_ECHO, READ_REPLY), ECHOED, (echo_response_exact,),
    ),
    Case(
        "P.CMD.02", "PS3.7 9.1.5", R, "Message ID 0, 1, 65535; one used again",
        "The response names the request's Message ID; an ID is free again once answered.",
        _id_runs(),
    ),
    Case(
        "P.CMD.03", "PS3.7 9.1.5", R, "200 C-ECHO on one association",
        "An association carries any number of operations.",
        one(ASSOCIATE, Do("200 C-ECHO-RQ", two_hundred)), ECHOED,
    ),
    Case(
        "P.CMD.04", "PS3.7 E.1 (0000,0000)", T, "no group length; a wrong one",
        "The end of a command is told by its last PDV, not by the group length.",
        (Run("none", _try("C-ECHO-RQ without (0000,0000)", _BODY)),
         Run("9999", _try("C-ECHO-RQ with group length 9999", messages.command_set(_BASE, group_length=9999)))),
        (*ok("RSP"), *ANY_ABORT),
    ),
    Case(
        "P.CMD.05", "PS3.7 6.3.1 order, once", T, "elements out of order; Message ID twice",
        "Elements ascend and occur once; a receiver may be kinder.",
        (Run("unordered", _try("C-ECHO-RQ, elements reversed", messages.command_set(_BASE[::-1]))),
         Run("twice", _try("C-ECHO-RQ, Message ID twice", messages.command_set([*_BASE[:3], *_BASE[2:]])))),
        (*ok("RSP"), *ANY_ABORT),
    ),
    Case(
        "P.CMD.06", "PS3.7 6.3.1 Implicit LE", S, "a command set in Explicit VR; in Big Endian",
        "Command sets are Implicit VR Little Endian, whatever the transfer syntax.",
        (Run("Explicit VR", _try("C-ECHO-RQ in Explicit VR", _explicit())),
         Run("Big Endian", _try("C-ECHO-RQ in Big Endian", _big_endian()))),
        (*ok("AB(*,*)", "C-ECHO-RSP(0212)"), *lax("RSP", note="answered")),
    ),
    Case(
        "P.CMD.07", "PS3.7 9.3.5.1", S, "C-ECHO-RQ without Command Field, Message ID, Data Set Type",
        "A command set without these cannot be answered as a message: the association is aborted.",
        tuple(Run(f"without {tag:04X}", _try(f"C-ECHO-RQ without (0000,{tag:04X})", _WITHOUT[tag]))
              for tag in (0x0100, 0x0110, 0x0800)),
        (*ANY_ABORT, *lax("RSP", note="answered")),
    ),
    Case(
        "P.CMD.08", "PS3.7 9.3.5.1", T, "C-ECHO-RQ without Affected SOP Class UID",
        "The class is mandatory; a receiver may refuse or do without.",
        one(*_try("C-ECHO-RQ without (0000,0002)", _WITHOUT[0x0002])), (*ANY_ABORT, *ok("RSP")),
    ),
    Case(
        "P.CMD.09", "PS3.7 6.3.1", T, "unknown and retired elements; a UID padded with a space",
        "A receiver can skip what it does not know.",
        (Run("unknown", _try("with (0000,0999)", messages.command_set([*_BASE, (0x0999, b"ab")]))),
         Run("retired", _try("with (0000,0001)", messages.command_set([(0x0001, bytes(4)), *_BASE]))),
         Run("space", _try("UID padded with a space", messages.command_set(
             [(0x0002, raw.VERIFICATION.encode() + b" "), *_BASE[1:]])))),
        (*ECHOED, *lax("AB(*,*)")),
    ),
    Case(
        "P.CMD.10", "PS3.7 6.3.1", R, "an element longer than the command set; of undefined length",
        "Element lengths lie inside the command set; nothing beyond it is read.",
        (Run("beyond", _try("(0000,0800) of length 200", _element_too_long(200))),
         Run("FFFFFFFFH", _try("(0000,0800) of length FFFFFFFFH", _element_too_long(raw.UINT32_MAX)))),
        (*ANY_ABORT, *ok("RSP")), tags=("security",),
    ),
    Case(
        "P.CMD.11", "PS3.7 6.3.1", R, "40 bytes of FFH; only the group length",
        "What is no command set is refused with an A-ABORT.",
        (Run("FFH", _try("40 bytes of FFH", b"\xff" * 40)),
         Run("group length only", _try("group length only", messages.command_set([])))),
        ANY_ABORT, tags=("security",),
    ),
    Case(
        "P.CMD.12", "PS3.7 C.5 0211H", S, "Command Field 7777H",
        "An unknown operation is answered with 0211H, unrecognized operation, or aborted.",
        one(*_try("Command Field 7777H", messages.command_set(
            [_BASE[0], (0x0100, messages.us(0x7777)), *_BASE[2:]]))),
        (*ok("C-7777-RSP(0211)", "AB(*,*)"), *lax("RSP", note="another status or Command Field")),
    ),
    Case(
        "P.CMD.13", "PS3.7 C.5 0211H", R, "N-GET-RQ on the Verification context",
        "An operation the SOP class does not have is refused, with its own response or an A-ABORT.",
        one(*_try("N-GET-RQ", _N_GET)),
        (*ok("N-GET-RSP(01*/02*)", "AB(*,*)"), *bad("C-ECHO-RSP", note="answered as a C-ECHO")),
    ),
    Case(
        "P.CMD.14", "PS3.7 9.1.1,C.5 0122H", R, "C-STORE on the Verification context",
        "An operation the SOP class does not have is refused, with its own response or an A-ABORT.",
        one(ASSOCIATE, Send("C-STORE-RQ and data set on context 1", _STORE_ON_1), READ_REPLY),
        (*ok("C-STORE-RSP(0122/0211/A9*/0110)", "AB(*,*)"), *bad("C-STORE-RSP(0000)", "C-ECHO-RSP")),
    ),
    Case(
        "P.CMD.15", "PS3.7 9.1.5 0122H", S, "C-ECHO for Verification on a Storage context",
        "The class of a command is that of its context.",
        one(*_try("C-ECHO-RQ on context 3", messages.echo_rq(1), 3)), _KIND,
    ),
    Case(
        "P.CMD.16", "PS3.7 9.1.5 0122H", S, "C-ECHO naming CT Storage on the Verification context",
        "The class of a command is that of its context.",
        one(*_try("C-ECHO-RQ naming CT", messages.echo_rq(1, raw.CT_STORAGE))), _KIND,
    ),
    Case(
        "P.CMD.17", "PS3.7 9.3", T, "a C-ECHO-RSP nobody asked for",
        "A response without a request is ignored or aborted.",
        one(ASSOCIATE, command("C-ECHO-RSP", messages.echo_rsp(9)), SEND_ECHO, _NEXT), (*ANY_ABORT, *ECHOED),
    ),
    Case(
        "P.CMD.18", "PS3.7 9.3.2.3", S, "C-CANCEL-RQ with nothing outstanding",
        "A C-CANCEL-RQ has no response; one that comes too late is ignored.",
        one(ASSOCIATE, command("C-CANCEL-RQ", messages.cancel_rq(1)), SEND_ECHO, _NEXT), (*ECHOED, *lax("AB(*,*)")),
    ),
    Case(
        "P.CMD.19", "PS3.7 D.3.3.3, C.5 0210H", T, "two C-ECHO at once; with one Message ID",
        "Without an agreed window there is one operation at a time; no request is lost silently.",
        tuple(
            Run(name, (ASSOCIATE, Send("two C-ECHO-RQ", _pair(first, second)), Read("AB or RSP RSP")))
            for name, first, second in (("IDs 1, 2", 1, 2), ("ID 1 twice", 1, 1))
        ),
        ok("C-ECHO-RSP(0000) C-ECHO-RSP(0000/0210)", "RSP? AB(*,*)", "C-ECHO-RSP(0210) RSP?"),
    ),
)  # fmt: skip
