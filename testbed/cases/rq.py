"""P.RQ: well-formed, odd and malformed A-ASSOCIATE-RQs (PS3.8 9.3.2)."""

from collections.abc import Callable, Iterator

from .. import raw
from ..facts import Bytes, Facts
from ..model import Case, Read, Run, Send, Step
from ..scene import Scene
from ..verdicts import Expectation, Finding, Sub, bad, info, lax, ok
from . import checks
from .checks import fail
from .common import READ, USER_ABORT, R, S, T, one, rq, user
from .escape import no_escape

APPLICATION = raw.application_context()
INFORMATION = raw.user_information()
GOOD = raw.context_rq(1)


def _ask(what: str, data: Bytes) -> tuple[Step, ...]:
    return Send(f"A-ASSOCIATE-RQ: {what}", data), READ


def _asks(*pairs: tuple[str, Bytes]) -> tuple[Run, ...]:
    return tuple(Run(what, _ask(what, data)) for what, data in pairs)


def _items(*items: bytes) -> Callable[[Facts], bytes]:
    return rq(items=items)


def _cut(size: int) -> Callable[[Facts], bytes]:
    """A request whose PDU-length and body are cut to `size` bytes."""
    return lambda facts: raw.pdu(1, rq()(facts)[6 : 6 + size])


def _spaced(facts: Facts) -> bytes:
    lead = b"  "[: 16 - len(facts.called_ae_title)]
    return rq(called_ae_title=lead + facts.called_ae_title.encode("latin-1"))(facts)


def _short(missing: int) -> Callable[[Facts], bytes]:
    """A PDU-length that is `missing` bytes short of the items that follow."""

    def build(facts: Facts) -> bytes:
        whole = rq()(facts)
        return raw.overwrite(whole, 2, (len(whole) - 6 - missing).to_bytes(4, "big"))

    return build


def _stray(count: int) -> Callable[[Facts], bytes]:
    return lambda facts: raw.pdu(1, rq()(facts)[6:] + b"\x51\0\0"[:count])


def _claiming_4_gib(facts: Facts) -> bytes:
    return raw.overwrite(rq()(facts), 2, b"\xff\xff\xff\xff")


_LONG = 0xFFFF
_NO_VERSION = (*ok("RJ(1,2,2)"), *lax("RJ(*,*,*)", note="rejected for another reason"))
_REFUSED = ok("AB", "RJ")
_ANY = ok("AC", "AB", "RJ")
_MALFORMED: tuple[Expectation, ...] = (
    *USER_ABORT,
    *lax("RJ(*,*,*)", note="rejected, where AA-1 aborts"),
    *bad("AC", note="accepted"),
)
_BAD_CONTEXT = (*_REFUSED, *bad("AC(*3:0*)", note="the bad context was accepted"), *ok("AC"))
_SUB: dict[str, Callable[[], Callable[[Facts], bytes]]] = {
    "30H": lambda: _items(APPLICATION, raw.item(0x20, b"\1\0\0\0" + raw.abstract_syntax(raw.VERIFICATION, length=_LONG)), INFORMATION),
    "40H": lambda: _items(APPLICATION, raw.item(0x20, b"\1\0\0\0" + raw.abstract_syntax(raw.VERIFICATION) + raw.transfer_syntax(raw.IMPLICIT_LE, length=_LONG)), INFORMATION),
    "51H": lambda: _items(APPLICATION, GOOD, raw.user_information([raw.max_length(length=200)])),
    "52H": lambda: _items(APPLICATION, GOOD, raw.user_information([raw.max_length(), raw.implementation_class(length=200)])),
    "55H": lambda: _items(APPLICATION, GOOD, raw.user_information([*raw.USER_ITEMS[:2], raw.implementation_version(length=200)])),
}  # fmt: skip
_INNER = {
    "54H": raw.role(raw.VERIFICATION, 1, 0, uid_length=0xFF00),
    "56H": raw.extended(raw.CT_STORAGE, bytes(6), uid_length=0xFF00),
    "57H": raw.common_extended(raw.CT_STORAGE, "1.2.840.10008.4.2", inner_length=0xFF00),
    "58H": raw.identity_rq(1, b"dulspec", inner=0xFF00),
}
_BAD_TITLES = (
    ("calling padded with NUL", b"DULSPEC".ljust(16, b"\0")),
    ("control characters", b"DUL\x01\x1bSPEC"),
    ("backslash", b"DUL\\SPEC"),
    ("a path", b"../../dulspec_ae"),
)


def closed_by_artim(scene: Scene) -> Iterator[Finding]:
    """A close without an A-ABORT comes at the end of ARTIM: at once it would be a refusal (AA-1)."""
    seconds = scene.ended_after
    if scene.tokens == ["CLOSE"] and seconds is not None and seconds < scene.settings.still:
        yield fail(f"closed after {seconds:.1f} s without an A-ABORT", Sub.CLOSE_ONLY)


CASES = (
    Case(
        "P.RQ.01", "PS3.8 Table 9-11 bytes 7-8", R, "protocol-version 0000H",
        "An acceptor without a protocol version in common rejects: permanent, ACSE, protocol "
        "version not supported.",
        one(*_ask("protocol-version 0000H", rq(version=0))), _NO_VERSION,
    ),
    Case(
        "P.RQ.02", "PS3.8 Table 9-11 bytes 7-8", R, "protocol-version 0002H",
        "Version 1 is bit 0; with only bit 1 set there is no version in common.",
        one(*_ask("protocol-version 0002H", rq(version=2))), _NO_VERSION,
    ),
    Case(
        "P.RQ.03", "PS3.8 Table 9-11 'shall only test that bit 0 is set'", R,
        "protocol-version 0003H and FFFFH",
        "Only bit 0 of the protocol version is tested.",
        _asks(("0003H", rq(version=3)), ("FFFFH", rq(version=0xFFFF))), ok("AC"),
    ),
    Case(
        "P.RQ.04", "PS3.8 9.3.2 reserved 'not tested'", R, "every reserved byte non-zero",
        "Reserved fields are not tested.",
        one(*_ask("reserved FFH", rq(
            reserved=0xFF, reserved_32=b"\xff" * 32,
            items=(raw.application_context(reserved=0xFF),
                   raw.item(0x20, b"\1\xff\xff\xff" + raw.abstract_syntax(raw.VERIFICATION, reserved=0xFF)
                            + raw.transfer_syntax(raw.IMPLICIT_LE, reserved=0xFF), reserved=0xFF),
                   raw.user_information([raw.max_length(reserved=0xFF), raw.implementation_class(reserved=0xFF)],
                                        reserved=0xFF))))),
        ok("AC"),
    ),
    Case(
        "P.RQ.05", "PS3.8 9.3.1 'unrecognized ... ignored and skipped'", R, "an item of type 60H at the end",
        "Unrecognized items are skipped.",
        one(*_ask("extra item 60H", _items(APPLICATION, GOOD, INFORMATION, raw.item(0x60, b"later")))), ok("AC"),
    ),
    Case(
        "P.RQ.06", "PS3.8 9.3.1", R, "an item of type 15H between 10H and 20H",
        "Unrecognized items are skipped, wherever they stand.",
        one(*_ask("extra item 15H", _items(APPLICATION, raw.item(0x15, b"new"), GOOD, INFORMATION))),
        ok("AC"), (checks.one_result_each,),
    ),
    Case(
        "P.RQ.07", "PS3.8 9.3.1, D.2 note 2", R, "user-information sub-items 5FH and FFH",
        "Unrecognized user-information sub-items are ignored and never a cause for rejection.",
        _asks(("5FH", rq(user=user(raw.item(0x5F, b"x")))), ("FFH", rq(user=user(raw.item(0xFF, b"x"))))),
        ok("AC"),
    ),
    Case(
        "P.RQ.08", "PS3.8 9.3.1", S, "an unknown sub-item 41H inside a 20H item",
        "Unrecognized sub-items are skipped as items are.",
        one(*_ask("sub-item 41H", rq((raw.context_rq(1, extra=raw.item(0x41, b"new")),)))),
        (*ok("AC"), *lax("AB(*,*)")),
    ),
    Case(
        "P.RQ.09", "PS3.8 9.3.1 'increasing order'", T, "items in the order 50H, 20H, 10H",
        "Items are sent in increasing order of type; a receiver may be kinder.",
        one(*_ask("50H, 20H, 10H", _items(INFORMATION, GOOD, APPLICATION))), _ANY,
    ),
    Case(
        "P.RQ.10", "PS3.8 9.3.2.3 note", R, "user-information sub-items in descending order",
        "The order of user-information sub-items has no meaning.",
        one(*_ask("55H, 52H, 51H", rq(user=tuple(reversed(raw.USER_ITEMS))))), ok("AC"),
    ),
    Case(
        "P.RQ.11", "PS3.8 7.1.1.2, PS3.7 A.2.1", R, "application context 1.2.3.4",
        "An application context the acceptor does not know is rejected: permanent, service-user, "
        "application context name not supported.",
        one(*_ask("application context 1.2.3.4", rq(application=raw.application_context("1.2.3.4")))),
        (*ok("RJ(1,1,2)"), *lax("RJ(2,1,2)"), *lax("AC", note="a counter-offer")),
        (checks.application_context_answer,),
    ),
    Case(
        "P.RQ.12", "PS3.8 Table 9-11, 9.3.2.1", S, "no application context; an empty one",
        "There is exactly one application context item, with a name.",
        _asks(("none", _items(GOOD, INFORMATION)), ("empty", rq(application=raw.application_context("")))),
        (*ok("AB(0/2,*)", "RJ(1,1,2)"), *lax("AC", "RJ(*,*,*)")),
    ),
    Case(
        "P.RQ.13", "PS3.7 D.3.1", T, "two application context items",
        "There is exactly one application context item.",
        one(*_ask("two 10H", _items(APPLICATION, APPLICATION, GOOD, INFORMATION))), _ANY,
    ),
    Case(
        "P.RQ.14", "PS3.8 7.1.1.13 'one or more'", S, "no presentation context",
        "A request proposes one or more presentation contexts.",
        one(*_ask("no 20H", _items(APPLICATION, INFORMATION))), (*_REFUSED, *lax("AC")),
    ),
    Case(
        "P.RQ.15", "PS3.8 D.1", T, "no 50H; 50H without 51H; 50H without 52H",
        "Maximum length and implementation class are mandatory; a receiver may use defaults.",
        _asks(("no 50H", rq(user=None, items=(APPLICATION, GOOD))), ("no 51H", rq(user=raw.USER_ITEMS[1:])),
              ("no 52H", rq(user=(raw.USER_ITEMS[0], raw.USER_ITEMS[2])))), _ANY,
    ),
    Case(
        "P.RQ.16", "PS3.8 D.1.1 length 4", R, "51H of length 0, 2 and 8",
        "The maximum length has four bytes; a wrong one is refused or ignored, never misread.",
        _asks(*((f"length {size}", rq(user=(raw.item(0x51, b"\0\0\x40\0\0\0\0\0"[:size]), *raw.USER_ITEMS[1:])))
                for size in (0, 2, 8))), _ANY, tags=("security",),
    ),
    Case(
        "P.RQ.17", "PS3.8 Table 9-13 'odd integers'", S, "context ID 0, and 2",
        "Presentation-context-IDs are odd; an even one is not accepted.",
        tuple(
            Run(f"ID {n}", _ask(f"context ID {n}", rq((GOOD, raw.context_rq(n)))),
                (*lax(f"AC({n}:0*)", f"AC(*;{n}:0*)", note="the context was accepted"), *_ANY))
            for n in (0, 2)
        ),
    ),
    Case(
        "P.RQ.18", "PS3.8 7.1.1.13 'unused identifier'", S, "two contexts with ID 1",
        "Each context has an identifier of its own.",
        one(*_ask("ID 1 twice", rq((GOOD, raw.context_rq(1, transfers=(raw.EXPLICIT_LE,)))))),
        (*_REFUSED, *lax("AC")), (checks.invents_no_context,),
    ),
    Case(
        "P.RQ.19", "PS3.8 9.3.2.2", S, "contexts with the wrong number of syntaxes",
        "A context names one abstract syntax and at least one transfer syntax.",
        _asks(("no abstract syntax", rq((GOOD, raw.context_rq(3, None)))),
              ("two abstract syntaxes", rq((GOOD, raw.context_rq(3, extra=raw.abstract_syntax(raw.CT_STORAGE))))),
              ("no transfer syntax", rq((GOOD, raw.context_rq(3, transfers=())))),
              ("empty transfer syntax", rq((GOOD, raw.context_rq(3, transfers=("",)))))), _BAD_CONTEXT,
    ),
    Case(
        "P.RQ.20", "PS3.8 Annex F, PS3.5 9.1", S, "an abstract syntax of 65 characters; '1.2.abc'",
        "A UID has digits and dots, at most 64 of them; what is none cannot be accepted.",
        _asks(("65 characters", rq((GOOD, raw.context_rq(3, "1." + "2" * 63)))),
              ("1.2.abc", rq((GOOD, raw.context_rq(3, "1.2.abc"))))), _BAD_CONTEXT, tags=("security",),
    ),
    Case(
        "P.RQ.21", "PS3.8 Annex F", T, "UIDs padded with one NUL",
        "UIDs in PDU items are not padded; old requestors do it all the same.",
        one(*_ask("UIDs with NUL", rq((raw.context_rq(1, raw.VERIFICATION + "\0", (raw.IMPLICIT_LE + "\0",)),)))),
        (*ok("AC(1:0)"), *lax("AC", "RJ", "AB", note="refused")),
    ),
    Case(
        "P.RQ.22", "PS3.8 Table 9-11 'shall not be used'", S, "a blank called, and calling, AE title",
        "An AE title of sixteen spaces is not allowed.",
        _asks(("called", rq(called_ae_title="")), ("calling", rq(calling_ae_title=""))),
        (*ok("RJ(1,1,3/7)", "AB(*,*)"), *lax("AC", "RJ(*,*,*)")),
    ),
    Case(
        "P.RQ.23", "PS3.8 7.1.1.4 (needs --checks-called)", R, "a called AE title that is not the product's",
        "A product that checks its title rejects: permanent, service-user, called AE title not "
        "recognized.",
        one(*_ask("called NOSUCHTITLE", rq(called_ae_title="NOSUCHTITLE"))),
        (*ok("RJ(1,1,7)"), *info("AC", note="the product does not check the called AE title")),
        (checks.called_is_checked,),
    ),
    Case(
        "P.RQ.24", "PS3.8 7.1.1.3 (needs --checks-calling)", R, "an unknown calling AE title",
        "A product that checks its callers rejects: permanent, service-user, calling AE title not "
        "recognized.",
        one(*_ask("calling NOSUCHTITLE", rq(calling_ae_title="NOSUCHTITLE"))),
        (*ok("RJ(1,1,3)"), *info("AC", note="the product does not check the calling AE title")),
        (checks.calling_is_checked,),
    ),
    Case(
        "P.RQ.25", "PS3.8 Table 9-11 'leading and trailing spaces non-significant'", R,
        "the called AE title with two leading spaces",
        "Leading spaces of an AE title mean nothing: the verdict is that of the baseline.",
        one(*_ask("called with leading spaces", _spaced)), ok("AC"),
    ),
    Case(
        "P.RQ.26", "PS3.8 Table 9-11 ISO 646 G0", T, "AE titles with characters they may not have",
        "Such titles may be refused or taken; they never become a path.",
        tuple(Run(name, _ask(name, rq(calling_ae_title=title))) for name, title in _BAD_TITLES),
        _ANY, (no_escape,), tags=("security",),
    ),
    Case(
        "P.RQ.27", "PS3.8 9.3.2", T, "a 21H item inside a request",
        "An item of the AC has no place in a request; skipping it is fine.",
        one(*_ask("with a 21H", _items(APPLICATION, GOOD, raw.context_ac(3), INFORMATION))), _ANY,
    ),
    Case(
        "P.RQ.28", "PS3.8 Evt19/Sta2 AA-1", R, "PDU-length 0, and 67",
        "A request is at least 68 bytes long; a shorter one is an invalid PDU.",
        _asks(("PDU-length 0", raw.pdu(1, b"")), ("PDU-length 67", _cut(67))), _MALFORMED,
    ),
    Case(
        "P.RQ.29", "PS3.8 Evt19/Sta2", S, "PDU-length 68, no items",
        "A request without items lacks all that is mandatory.",
        one(*_ask("no items", _cut(68))), (*_MALFORMED[:3], *lax("AC")),
    ),
    Case(
        "P.RQ.30", "PS3.8 Evt18/Sta2", R, "PDU-length FFFFFFFFH, a normal body, silence",
        "Such a length is refused at once, or the request never gets whole and ARTIM ends it; it is "
        "not allocated.",
        one(Send("A-ASSOCIATE-RQ claiming 4 GiB", _claiming_4_gib), Read("AB or CLOSE", "artim")),
        (*USER_ABORT, *ok("CLOSE", note="ARTIM ended it")), (closed_by_artim,), tags=("artim", "security"), artim=True,
    ),
    Case(
        "P.RQ.31", "PS3.8 Evt19/Sta2", R, "an item that runs past the PDU",
        "Item lengths lie inside the PDU; else it is invalid.",
        _asks(("10H", rq(application=raw.application_context(length=_LONG))),
              ("20H", _items(APPLICATION, raw.context_rq(1, length=_LONG), INFORMATION)),
              ("50H", _items(APPLICATION, GOOD, raw.user_information(length=_LONG)))),
        _MALFORMED, tags=("security",),
    ),
    Case(
        "P.RQ.32", "PS3.8 Evt19/Sta2", R, "a sub-item that runs past its item",
        "Sub-item lengths lie inside their item; else the PDU is invalid.",
        _asks(*((name, made()) for name, made in _SUB.items())), _MALFORMED, tags=("security",),
    ),
    Case(
        "P.RQ.33", "PS3.8 Evt19/Sta2", R, "PDU-length short of the items; stray bytes after them",
        "PDU-length and item lengths agree; else the PDU is invalid.",
        (
            Run("4 short", _ask("PDU-length 4 short", _short(4)), _MALFORMED),
            *_asks(*((f"{count} stray", _stray(count)) for count in (1, 2, 3))),
        ),
        (*_MALFORMED[:3], *lax("AC", note="stray bytes were ignored")),
    ),
    Case(
        "P.RQ.34", "PS3.7 D.3.3.4,5,6,7", R, "inner lengths that run past 54H, 56H, 57H, 58H",
        "A sub-item whose inner lengths do not fit is refused or ignored, and never honoured.",
        _asks(*((name, rq(user=user(sub))) for name, sub in _INNER.items())),
        _ANY, (checks.absent(0x54, 0x56, 0x57, 0x59),), tags=("security",),
    ),
    Case(
        "P.RQ.35", "PS3.8 9.3.2", S, "a request of 1 MiB made of unknown items",
        "A large request is answered in bounded time and memory.",
        one(*_ask("1 MiB of unknown items", _items(APPLICATION, GOOD, INFORMATION,
                                                     *([raw.item(0x60, bytes(65000))] * 16)))),
        _ANY, tags=("security",),
    ),
)  # fmt: skip
