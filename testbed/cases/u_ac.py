"""U.AC: well-formed, odd and malformed A-ASSOCIATE-ACs (PS3.8 9.3.3)."""

from collections.abc import Callable, Iterator

from .. import raw
from ..facts import Facts
from ..model import Accept, Case, Do, Read, Run, Send, Serve, Step
from ..parse import Context, uid_text
from ..scene import Scene, Unmet
from ..verdicts import Finding, Verdict, lax, ok
from .checks import fail, within_our_maximum
from .common import R, S, T, one, provider_abort, user
from .scu import (
    AWAIT,
    NEEDS_SPARE,
    USED,
    USED_PATTERN,
    ac,
    answering,
    choose,
    every,
    results,
    used,
    with_spare,
)

APPLICATION, INFORMATION = raw.application_context(), raw.user_information()
JUNK = b"\xff\x00junk\\\x01".ljust(16, b"\xee")
_NOT_USED = (*ok("AB(*,*)", "RELEASE"), *lax("CLOSE", note="no release, no A-ABORT"))
_MAY = ok(USED_PATTERN, "AB(*,*)", "REQ+ AB(*,*)")


def _run(name: str, accept: Callable[[Facts], bytes]) -> Run:
    return Run(name, answering(accept))


def _items(*items: bytes) -> Callable[[Facts], bytes]:
    """An AC of exactly these items, but for `b""`, which stands for the contexts."""

    def build(facts: Facts) -> bytes:
        made = [entry or b"".join(results(facts)) for entry in items]
        return ac(items=made)(facts)

    return build


def _junk(facts: Facts) -> bytes:
    contexts = [
        raw.context_ac(entry.id, 0, (choose(entry.transfers),), reserved=0xFF)
        for entry in (facts.rq.contexts if facts.rq else ())
    ]
    items = (raw.application_context(reserved=0xFF), *contexts, raw.user_information(reserved=0xFF))
    return raw.associate_ac(JUNK, JUNK, items=items, reserved=0xFF, reserved_32=b"\xff" * 32)


def _without_used(facts: Facts) -> list[bytes]:
    contexts = facts.rq.contexts if facts.rq else ()
    return [
        raw.context_ac(entry.id, 0, (choose(entry.transfers),))
        for entry in contexts
        if not used(entry)
    ]


def _more(*extra: bytes) -> Callable[[Facts], list[bytes]]:
    return lambda facts: [*results(facts), *extra]


def _first_twice(facts: Facts) -> list[bytes]:
    made = results(facts)
    return [made[0], *made]


def _two_transfers(id_: int) -> bytes:
    return raw.context_ac(id_, 0, (raw.IMPLICIT_LE, raw.EXPLICIT_LE))


def only_proposed(scene: Scene) -> Iterator[Finding]:
    """No message goes out on a context that was not both proposed and accepted."""
    proposed = {context.id for context in scene.rq.contexts} if scene.rq else set()
    for message in scene.messages:
        if message.context not in proposed:
            yield fail(f"context {message.context} was used, which was never proposed")


#: Transfer syntaxes that a product may be able to write, so that it must compare and not just fail.
KNOWN_TRANSFERS = (
    ("JPEG Baseline", "1.2.840.10008.1.2.4.50"),
    ("Explicit VR Big Endian", "1.2.840.10008.1.2.2"),
    ("Explicit VR Little Endian", raw.EXPLICIT_LE),
    ("Implicit VR Little Endian", raw.IMPLICIT_LE),
)


def _offers(context: Context, uid: str) -> bool:
    return any(uid == uid_text(offer) for offer in context.transfers)


def _unoffered(name: str, uid: str) -> Run:
    """Accept with `uid` what was not proposed with it; reject the rest."""

    def needed(scene: Scene) -> None:
        contexts = scene.rq.contexts if scene.rq else ()
        if all(_offers(context, uid) for context in contexts if used(context)):
            raise Unmet(Verdict.UNSUPPORTED, f"the product offers {name} in every context")

    def answers(facts: Facts) -> list[bytes]:
        return [
            raw.context_ac(context.id, 4 if _offers(context, uid) else 0, (uid,))
            for context in (facts.rq.contexts if facts.rq else ())
        ]

    offered = Do("go on if the product proposes a context without this transfer syntax", needed)
    return Run(name, (AWAIT, offered, Accept(ac(answers)), Serve()))


def _spare(name: str, make: Callable[[int], bytes]) -> Run:
    steps: tuple[Step, ...] = (AWAIT, NEEDS_SPARE, Accept(ac(with_spare(make))), Serve())
    return Run(name, steps)


_UNASKED = (
    Run("53H", answering(ac(user=user(raw.async_window(1, 1)))), _MAY),
    Run("54H", answering(ac(user=user(raw.role("1.2.840.10008.5.1.4.1.1.4", 0, 0))))),
    Run("59H", answering(ac(user=user(raw.identity_ac()))), _MAY),
)
_TWICE = (
    AWAIT,
    Send("A-ASSOCIATE-AC twice", lambda f: ac()(f) * 2),
    Read("AB or CLOSE or RELEASE"),
)

CASES = (
    Case(
        "U.AC.01", "PS3.8 Table 9-17 'not tested when received'", R, "junk in the untested fields of the AC",
        "AE titles, bytes 43-74 and reserved bytes of an AC are not tested.", (_run("", _junk),), USED,
    ),
    Case(
        "U.AC.02", "PS3.8 Table 9-17 bytes 7-8", S, "protocol-version 0003H, and 0000H",
        "Only bit 0 is tested; without it there is no version in common.",
        (_run("0003H", ac(version=3)), Run("0000H", answering(ac(version=0)),
                                           (*ok("AB(*,*)"), *lax(USED_PATTERN, note="used all the same")))), USED,
    ),
    Case(
        "U.AC.03", "PS3.8 9.3.1", R, "an unknown item 60H; an unknown sub-item 5FH",
        "Unrecognized items and sub-items are skipped.",
        (_run("60H", _items(APPLICATION, b"", INFORMATION, raw.item(0x60, b"new"))),
         _run("5FH", ac(user=user(raw.item(0x5F, b"new"))))), USED,
    ),
    Case(
        "U.AC.04", "PS3.8 7.1.1.14 note", R, "results in reversed order",
        "Results may come in any order.", (_run("", ac(lambda f: results(f)[::-1])),), USED,
    ),
    Case(
        "U.AC.05", "PS3.8 Table 9-18 'not significant'", R, "a rejected context with an empty, or junk, transfer syntax",
        "The transfer syntax of a context that was not accepted is not significant.",
        (_spare("empty", lambda n: raw.context_ac(n, 3, ("",))),
         _spare("junk", lambda n: raw.context_ac(n, 4, (b"\xff\0junk",)))), USED,
    ),
    Case(
        "U.AC.06", "PS3.8 9.3.3.2", T, "a rejected context without any transfer syntax",
        "Some acceptors leave it out; nothing is lost.",
        (_spare("", lambda n: raw.context_ac(n, 3, ())),), USED,
    ),
    Case(
        "U.AC.07", "PS3.8 7.1.2.4", R, "every context rejected",
        "An association without a usable context is released or aborted.",
        (_run("", ac(every(lambda n: raw.context_ac(n, 3)))),), _NOT_USED, reported="failure",
    ),
    Case(
        "U.AC.08", "PS3.8 7.1.1.14", R, "results that do not fit the proposal",
        "There is one result per proposed context; what was not properly accepted is not used.",
        (
            Run("not proposed", answering(ac(_more(raw.context_ac(255)))), _MAY),
            Run("duplicate", answering(ac(_first_twice)), _MAY),
            _run("left out", ac(_without_used)),
            _run("result 9", ac(every(lambda n: raw.context_ac(n, 9)))),
        ),
        _NOT_USED, (only_proposed,),
    ),
    Case(
        "U.AC.09", "PS3.8 7.1.1.14", R, "an accepted context with a transfer syntax not offered",
        "The accepted transfer syntax is one of those proposed for the context.",
        (
            _run("a UID nobody knows", ac(every(lambda n: raw.context_ac(n, 0, (raw.UNKNOWN_TRANSFER,))))),
            *(_unoffered(*known) for known in KNOWN_TRANSFERS),
        ),
        _NOT_USED,
    ),
    Case(
        "U.AC.10", "PS3.8 7.1.1.14", S, "an accepted context with no, or two, transfer syntaxes",
        "An accepted context names exactly one transfer syntax.",
        (_run("none", ac(every(lambda n: raw.context_ac(n, 0, ())))), _run("two", ac(every(_two_transfers)))),
        (*_NOT_USED, *lax(USED_PATTERN, note="used all the same")),
    ),
    Case(
        "U.AC.11", "PS3.8 7.1.1.2 note 'shall issue an A-ABORT'", S, "an unknown, or no, application context",
        "A requestor that cannot work with the acceptor's application context aborts.",
        (_run("1.2.3.4", ac(application=raw.application_context("1.2.3.4"))), _run("none", ac(application=b"")),
         _run("control bytes", ac(application=raw.application_context("1.2%n\x01\x1b[2J")))),
        (*ok("AB(*,*)"), *lax(USED_PATTERN, note="used all the same")), tags=("security",),
    ),
    Case(
        "U.AC.12", "PS3.8 D.1", T, "no 50H; no 51H; no 52H",
        "Maximum length and implementation class are mandatory; a receiver may use defaults.",
        (_run("no 50H", _items(APPLICATION, b"")), _run("no 51H", ac(user=raw.USER_ITEMS[1:])),
         _run("no 52H", ac(user=(raw.USER_ITEMS[0], raw.USER_ITEMS[2])))), _MAY,
    ),
    Case(
        "U.AC.13", "PS3.8 D.1.1", R, "maximum length 0, and FFFFFFFFH",
        "0 means no limit; any 32-bit value is a limit.",
        tuple(_run(f"{value:X}H", ac(user=user(max_length=value))) for value in (0, raw.UINT32_MAX)), USED,
    ),
    Case(
        "U.AC.14", "PS3.8 D.1.1", R, "maximum length 32, and 64",
        "No P-DATA-TF is longer than the acceptor's maximum.",
        tuple(_run(str(value), ac(user=user(max_length=value))) for value in (32, 64)), USED, (within_our_maximum,),
    ),
    Case(
        "U.AC.15", "PS3.8 D.1.1", S, "maximum length 1, 7, 8",
        "A maximum that leaves no room for a fragment ends the association, not in endless PDUs.",
        tuple(_run(str(value), ac(user=user(max_length=value))) for value in (1, 7, 8)),
        ok(USED_PATTERN, "AB(*,*)", "RELEASE"), (within_our_maximum,), tags=("security",),
    ),
    Case(
        "U.AC.16", "PS3.7 D.3.3.3,D.3.3.4,D.3.3.7", R, "53H, 54H, 59H that were not asked for",
        "A role selection that was not proposed is ignored; the others are ignored or refused.", _UNASKED, USED,
    ),
    Case(
        "U.AC.17", "PS3.8 Evt3/Sta6 AA-8", R, "the A-ASSOCIATE-AC twice",
        "A second AC is not expected in Sta6: A-ABORT by the provider.", one(*_TWICE), provider_abort(2, "REQ*"),
    ),
)  # fmt: skip
