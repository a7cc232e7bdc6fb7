"""P.STO: the Storage service (PS3.7 9.3.1, PS3.4 Annex B)."""

import time
import zlib
from collections.abc import Callable, Iterator

from .. import messages, raw
from ..facts import Facts
from ..liveness import probe
from ..model import Case, Check, Do, Establish, Read, Run, Send, Step
from ..scene import Scene
from ..verdicts import Finding, bad, info, lax, ok
from .checks import fail
from .common import (
    ASSOCIATE_STORE,
    CLOSES,
    FAILURE,
    READ_REPLY,
    RESET,
    SEND_RELEASE,
    STORED,
    I,
    R,
    S,
    T,
    one,
    rq,
    store,
)
from .escape import MARK, leftovers, no_escape, stored_files

Build = Callable[[Facts], bytes]


def _play(elements: Build | None = None, data: Build | bytes | None = None) -> tuple[Step, ...]:
    return ASSOCIATE_STORE, *store(elements, data), READ_REPLY


def _request(**over: object) -> Build:
    return lambda f: messages.store_rq(1, **{"instance": f.fresh, **over})


def _ct(**over: object) -> Build:
    return lambda f: messages.data_set(messages.ct_elements(**{"instance": f.fresh, **over}))  # type: ignore[arg-type]


def _plus(*elements: bytes, at_start: bool = False) -> Build:
    extra = b"".join(elements)
    return lambda f: (
        extra + messages.ct_data_set(f.fresh) if at_start else messages.ct_data_set(f.fresh) + extra
    )


def _named(uid: str | bytes) -> tuple[Step, ...]:
    """A C-STORE whose SOP Instance UID is `uid` in command and data set."""
    return _play(_request(instance=uid), lambda _: messages.ct_data_set(uid))


def _half(facts: Facts) -> bytes:
    data = messages.ct_data_set(facts.fresh)
    return messages.command_pdu(messages.store_rq(1, instance=facts.fresh), 3) + messages.data_pdu(
        data[: len(data) // 2 & ~1], 3, raw.DATA_MORE
    )


_HALF = Send("C-STORE-RQ and half of the data set", _half)


_LEFT = bad("LEFT", note="a partial object was kept")


def break_off(how: str) -> Callable[[Scene], None]:
    """Break the association off half way through a data set, and look for what is left."""

    def action(scene: Scene) -> None:
        before = stored_files(scene.settings.store_dir)
        scene.send(_half(scene.facts), _HALF.what)
        if how == "A-ABORT":
            scene.send(raw.abort(), "A-ABORT")
        if how == "RST":
            scene.wire.rst()
        else:
            scene.wire.fin()
            scene.read_to_end(scene.settings.timeout)
        reason, _ = probe(scene.trial)
        left = leftovers(scene, before)
        scene.notes += [f"not alive afterwards: {reason}"] if reason else []
        scene.tokens[:] = [f"LEFT({len(left)})"] if left else scene.tokens
        scene.notes += (
            [f"left behind: {', '.join(sorted(path.name for path in left))}"] if left else []
        )

    return action


def nested(depth: int) -> bytes:
    """Sequences inside sequences, of undefined length, properly ended."""
    begin = messages.element(0x00081140, b"", length=raw.UINT32_MAX)
    begin += messages.element(0xFFFEE000, b"", length=raw.UINT32_MAX)
    end = messages.element(0xFFFEE00D, b"") + messages.element(0xFFFEE0DD, b"")
    return begin * depth + end * depth


def deflated_bomb() -> bytes:
    """About 1 MB of deflate stream that inflates to about 1 GB of zeros inside a Pixel Data element."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    elements = messages.ct_elements()[:-1]
    head = messages.data_set(elements, explicit=True)
    head += messages.data_element(0x7FE00010, "OW", b"", explicit=True, length=1 << 30)
    start = squeeze.compress(head) + squeeze.flush(zlib.Z_FULL_FLUSH)
    block = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return start + block * 1024 + squeeze.flush()


_DEFLATED = Establish(
    rq((raw.context_rq(1), raw.context_rq(3, raw.CT_STORAGE, (raw.DEFLATED_LE,)))), need=(1, 3)
)


def big_store(full: bool) -> Callable[[Scene], None]:
    """Store a large instance in PDUs of 16 KiB or of the product's maximum; note the rate."""

    def action(scene: Scene) -> None:
        facts = scene.facts
        limit = facts.peer_max or 131072
        size = (min(limit, 1 << 20) if full else min(limit, 16384)) - 6 & ~1
        side = max(16, int((scene.settings.big / 2) ** 0.5))
        elements = messages.ct_elements(
            facts.fresh, rows=min(side, 65534), columns=min(side, 65534)
        )
        data = messages.data_set(elements)
        started = time.monotonic()
        scene.send(
            messages.command_pdu(messages.store_rq(1, instance=facts.fresh), 3), "C-STORE-RQ"
        )
        pdus = raw.fragments(3, data, size, command=False)
        scene.send(b"".join(pdus), f"data set of {len(data)} bytes in {len(pdus)} PDUs")
        scene.read_until("RSP or AB", max(60.0, scene.settings.timeout))
        rate = len(data) / (time.monotonic() - started) / 1e6
        scene.notes.append(f"{rate:.0f} MB/s in PDUs of {size + 6} bytes")

    return action


def statuses_in_annex_c(scene: Scene) -> Iterator[Finding]:
    """Every C-STORE-RSP of the run has a status of PS3.4 B.2.3 or PS3.7 Annex C."""
    general = {0x0117, 0x0122, 0x0124, 0x0210, 0x0211, 0x0212, 0x0110, 0x0111, 0x0213, 0x0119}
    for case_id, message in scene.trial.observed:
        if message.command.us(0x0100) != 0x8001:
            continue
        status = message.command.us(0x0900)
        if status is None:
            yield fail(f"{case_id}: a C-STORE-RSP without a status")
        elif not (
            status in {0, 0xB000, 0xB006, 0xB007}
            or status >> 8 in {0xA7, 0xA9}
            or status >> 12 == 0xC
            or status in general
        ):
            yield fail(f"{case_id}: status {status:04X}H")


def store_response_exact(scene: Scene) -> Iterator[Finding]:
    """The C-STORE-RSP answers Message ID 1 without a data set; UIDs, if present, are the request's."""
    for message in scene.messages:
        command = message.command
        yield from map(fail, command.faults)
        for number, value in ((0x0120, 1), (0x0800, 0x0101)):
            if command.us(number) != value:
                yield fail(f"(0000,{number:04X}) is {command.us(number)}, expected {value}")
        for number, uid in ((0x0002, raw.CT_STORAGE), (0x1000, scene.facts.fresh)):
            if command.uid(number) not in {None, uid}:
                yield fail(f"(0000,{number:04X}) is {command.uid(number)}, of the request {uid}")


_ANYTHING = ok("C-STORE-RSP(*)", "AB(*,*)")
_REFUSE = (*ok(FAILURE, "AB(*,*)"), *bad("C-STORE-RSP(0000)", note="stored"))
_REFUSE_S = (*ok(FAILURE, "AB(*,*)"), *lax("C-STORE-RSP(*)", note="stored"))
_MISMATCH = (
    *ok("C-STORE-RSP(A9*)"),
    *lax("C-STORE-RSP(*)", "AB(*,*)", note="not refused with A9xx"),
)
_PATHS = (f"../../{MARK}", f"/{MARK}", "..", ".", f"1.2\0/../../{MARK}")
_TYPES = (0x0000, 0x0001, 0x0102, 0xFFFF)
_CASE_CHECK: tuple[Check, ...] = (store_response_exact,)

CASES = (
    Case(
        "P.STO.01", "PS3.7 9.3.1.2, PS3.4 B.2", R, "a valid C-STORE of a small CT image",
        "The response names the request, carries no data set, and a status of success.",
        one(*_play()), STORED, _CASE_CHECK,
    ),
    Case(
        "P.STO.02", "PS3.7 E.1 (0000,0800)", R, "Command Data Set Type 0000H, 0001H, 0102H, FFFFH",
        "Any value but 0101H says that a data set follows.",
        tuple(Run(f"{value:04X}H", _play(_request(data_set_type=value))) for value in _TYPES), STORED,
    ),
    Case(
        "P.STO.03", "PS3.7 9.1.1.1", R, "Priority 0, 1, 2; with Move Originator",
        "Priority is low, medium or high; the move originator is optional.",
        (*(Run(f"priority {value}", _play(_request(priority=value))) for value in (0, 1, 2)),
         Run("Move Originator", _play(_request(originator=("MOVER", 7))))), STORED,
    ),
    Case(
        "P.STO.04", "PS3.7 9.1.1.1.5", T, "Priority 9", "A priority that does not exist is refused or ignored.",
        one(*_play(_request(priority=9))), _ANYTHING,
    ),
    Case(
        "P.STO.05", "PS3.7 Annex C, PS3.4 B.2.3", R, "every C-STORE-RSP of the run",
        "A C-STORE-RSP has one of the statuses the Storage service class defines.",
        one(*_play()), STORED, (statuses_in_annex_c,), tags=("observed",),
    ),
    Case(
        "P.STO.06", "PS3.4 B.2.3 A9xx", S, "SOP Instance UID differs between command and data set",
        "A data set that does not match its command is refused with A9xx.",
        one(*_play(data=lambda _: messages.ct_data_set("2.25.1234567"))), _MISMATCH,
    ),
    Case(
        "P.STO.07", "PS3.4 B.2.3, PS3.7 9.1.1.1.3", S, "SOP Class in the command differs from the context's",
        "The class of a C-STORE is the abstract syntax of its context.",
        one(*_play(_request(sop_class="1.2.840.10008.5.1.4.1.1.4"))),
        (*ok("C-STORE-RSP(A9*/0122)", "AB(*,*)"), *lax("C-STORE-RSP(*)", note="not refused")),
    ),
    Case(
        "P.STO.08", "PS3.4 B.2.3 Cxxx", S, "a truncated data set; garbage",
        "What cannot be understood is refused with Cxxx. An archive that keeps bits as they come may store it.",
        (Run("truncated", _play(data=lambda f: messages.ct_data_set(f.fresh)[:-101])),
         Run("garbage", _play(data=bytes(range(255, 0, -1)) * 4))),
        (*ok("C-STORE-RSP(C*/A9*)", "AB(*,*)"), *lax("C-STORE-RSP(*)", note="not refused with Cxxx or A9xx")),
        tags=("security",),
    ),
    Case(
        "P.STO.09", "PS3.8 E.1", S, "a data set of one empty PDV",
        "An empty data set is no CT image.",
        one(*_play(data=b"")), (*ok("C-STORE-RSP(C*/A9*)", "AB(*,*)"), *lax("C-STORE-RSP(*)", note="not refused")),
    ),
    Case(
        "P.STO.10", "PS3.7 9.3.1.1", R, "a C-STORE-RQ that announces no data set",
        "A C-STORE has a data set; without one it cannot succeed.",
        one(ASSOCIATE_STORE, store(_request(data_set_type=0x0101))[0], READ_REPLY), _REFUSE,
    ),
    Case(
        "P.STO.11", "PS3.5 9.1", S, "SOP Instance UID empty; of 65 characters; with letters",
        "What is no UID names no instance.",
        (Run("empty", _named("")), Run("65 characters", _named("2.25." + "1" * 60)), Run("letters", _named("1.2.abc"))),
        _REFUSE_S,
    ),
    Case(
        "P.STO.12", "security", R, "UIDs that are paths",
        "Nothing from the wire becomes a path outside the store.",
        (*(Run(f"instance {path!r}", _named(path)) for path in _PATHS),
         Run("series", _play(data=_ct(series=f"../../{MARK}"))), Run("study", _play(data=_ct(study=f"../../{MARK}")))),
        (*_ANYTHING, *lax("CLOSE")), (no_escape,), tags=("security",),
    ),
    Case(
        "P.STO.13", "PS3.8 E.1", R, "the data set on another accepted context",
        "All PDVs of a message are on one presentation context.",
        one(ASSOCIATE_STORE, store()[0],
            Send("data set on context 1", lambda f: messages.data_pdu(messages.ct_data_set(f.fresh), 1)), READ_REPLY),
        ok("AB(*,*)"),
    ),
    Case(
        "P.STO.14", "PS3.8 7.3, Evt16/Evt17", R, "A-ABORT, FIN, RST half way through the data set",
        "An interrupted transfer leaves nothing behind (looked at with --store-dir).",
        tuple(Run(how, (ASSOCIATE_STORE, Do(f"half a data set, then {how}", break_off(how))), seen + _LEFT)
              for how, seen in (("A-ABORT", CLOSES), ("FIN", CLOSES), ("RST", RESET))),
    ),
    Case(
        "P.STO.15", "PS3.8 Evt12/Sta6", T, "A-RELEASE-RQ half way through the data set",
        "Releasing with an operation outstanding is the requestor's error.",
        one(ASSOCIATE_STORE, _HALF, SEND_RELEASE, Read("RP or AB")), ok("RP", "AB(*,*)"),
    ),
    Case(
        "P.STO.16", "PS3.5 7.5", R, "sequences nested 2000 deep; undefined lengths never ended",
        "Nesting is bounded by the product's care, not by its stack.",
        (Run("2000 deep", _play(data=_plus(nested(2000)))),
         Run("never ended", _play(data=_plus(messages.element(0x00081140, b"", length=raw.UINT32_MAX))))),
        _ANYTHING, tags=("security",),
    ),
    Case(
        "P.STO.17", "PS3.5 7.1", R, "(FFFA,FFFA) that is no sequence; a sequence tag as a string",
        "The VR of an element is not to be trusted.",
        (Run("(FFFA,FFFA)", _play(data=_plus(messages.element(0xFFFAFFFA, b"abcd")))),
         Run("(0008,1140)", _play(data=_plus(messages.element(0x00081140, b"TEXT"), at_start=True)))),
        _ANYTHING, tags=("security",),
    ),
    Case(
        "P.STO.18", "PS3.5 7.1", T, "groups 0000 and 0002 in the data set; odd lengths",
        "Such data sets are invalid; storing them is tolerated.",
        (Run("groups 0000, 0002", _play(data=_plus(messages.element(0, bytes(4)),
                                                  messages.element(0x00020010, b"1.2\0"), at_start=True))),
         Run("odd value", _play(data=_plus(messages.element(0xFFFCFFFC, b"abc"), b"\0"))),
         Run("odd total", _play(data=_plus(messages.element(0xFFFCFFFC, b"abc"))))), _ANYTHING,
    ),
    Case(
        "P.STO.19", "PS3.5 A.5", R, "a deflated data set that inflates a thousandfold",
        "Inflating is bounded in memory.",
        one(_DEFLATED, *store(None, lambda _: deflated_bomb()), Read("MSG or AB or BADDATA", "dimse")),
        _ANYTHING, tags=("security",),
    ),
    Case(
        "P.STO.20", "PS3.7 9.1.1", T, "one instance twice",
        "Storing the same instance again succeeds, or is refused as a duplicate.",
        one(*_play(), *store(), READ_REPLY), ok("C-STORE-RSP(0000) C-STORE-RSP(0000/0111)"),
    ),
    Case(
        "P.STO.21", "PS3.8 E.1, D.1", I, "a 64 MiB instance in PDUs of 16 KiB, and of the product's maximum",
        "Large objects arrive whole whatever the PDU size; the rate is reported.",
        (Run("16 KiB", (ASSOCIATE_STORE, Do("store a large instance", big_store(full=False)))),
         Run("maximum", (ASSOCIATE_STORE, Do("store a large instance", big_store(full=True))))),
        info("C-STORE-RSP(0000)"),
    ),
)  # fmt: skip
