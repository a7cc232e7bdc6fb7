"""U.RQ: the product's A-ASSOCIATE-RQ (PS3.8 9.3.2)."""

from collections import Counter
from collections.abc import Iterator

from .. import raw
from ..model import Case, Check, Do, Serve
from ..parse import uid_text
from ..scene import Scene
from ..verdicts import Finding, Level
from .checks import fail, is_uid, mild, shown, user_information
from .common import R, S, one
from .scu import ACCEPT, AWAIT, NORMAL, USED


def peek(scene: Scene) -> None:
    """See whether anything came behind the request, before it is answered."""
    scene.glance(0.0)


def frame(scene: Scene) -> Iterator[Finding]:
    """The first PDU is a request with version bit 0, zero reserved bytes and exact lengths."""
    view = scene.rq
    if view is None:
        return
    pdu = next(pdu for pdu in scene.pdus if pdu.type == 1)
    if not view.version & 1:
        yield fail(f"protocol-version {view.version:04X}H has bit 0 clear")
    for place, value in (
        ("byte 2", bytes([pdu.reserved])), ("bytes 9-10", view.reserved), ("bytes 43-74", view.reserved_32),
    ):  # fmt: skip
        if any(value):
            yield fail(f"{place} of the PDU are {shown(value)}, not zero")
    for entry in (*view.items, *view.user_items):
        if entry.second and entry.type != 0x57:
            yield fail(f"byte 2 of item {entry.type:02X}H is {entry.second:02X}H, not zero")
    for context in view.contexts:
        if any(context.reserved):
            yield fail(
                f"the reserved bytes of context {context.id} are {context.reserved.hex(' ')}, not zero"
            )
    yield from map(fail, view.faults)


def titles(scene: Scene) -> Iterator[Finding]:
    """AE titles are 16 characters of ISO 646 G0 without backslash, padded with spaces, not blank."""
    for name in ("called", "calling"):
        title = getattr(scene.rq, f"{name}_ae_title")
        if not title.strip(b" "):
            yield fail(f"the {name} AE title is blank")
        if any(octet < 32 or octet > 126 or octet == 0x5C for octet in title):
            yield fail(f"the {name} AE title has a character it may not have: {title!r}")


def application(scene: Scene) -> Iterator[Finding]:
    """There is one application context item, with the DICOM name, unpadded."""
    found = [entry.body for entry in scene.rq.items if entry.type == 0x10] if scene.rq else []
    if found != [raw.APPLICATION_CONTEXT.encode()]:
        yield fail(f"application context items: {found}")


def contexts(scene: Scene) -> Iterator[Finding]:
    """Contexts have odd, unique IDs, one abstract and at least one transfer syntax, all valid UIDs."""
    found = scene.rq.contexts if scene.rq else ()
    if not found:
        yield fail("no presentation context")
    ids = [context.id for context in found]
    if any(not id_ % 2 for id_ in ids) or len(set(ids)) != len(ids):
        yield fail(f"context IDs {ids} are not odd and unique")
    for context in found:
        if len(context.abstracts) != 1 or not context.transfers:
            yield fail(f"context {context.id} has {len(context.abstracts)} abstract syntaxes")
        if not all(is_uid(uid) for uid in (*context.abstracts, *context.transfers)):
            yield fail(f"context {context.id} holds an invalid or padded UID")


def order(scene: Scene) -> Iterator[Finding]:
    """Items come in ascending order of type."""
    types = [entry.type for entry in scene.rq.items] if scene.rq else []
    if types != sorted(types) or types.count(0x10) != 1 or types.count(0x50) != 1:
        yield fail(f"items are {' '.join(f'{kind:02X}H' for kind in types)}")


def information(scene: Scene) -> Iterator[Finding]:
    """The user information holds one 51H, one 52H, a 55H of 1 to 16 characters."""
    if scene.rq is not None:
        yield from user_information(scene.rq)


def negotiation(scene: Scene) -> Iterator[Finding]:
    """53H and 58H occur at most once, 54H once per offered class, inner lengths are exact."""
    view = scene.rq
    if view is None:
        return
    yield from (fail(f"{kind:02X}H twice") for kind in (0x53, 0x58) if len(view.subitems(kind)) > 1)
    for body in view.subitems(0x53):
        if len(body) != 4:
            yield fail(f"53H has {len(body)} bytes instead of 4")
    offered = {uid_text(uid) for context in view.contexts for uid in context.abstracts}
    roles: Counter[str] = Counter()
    for kind, rest in ((0x54, 2), (0x56, 0), (0x57, 4)):
        for body in view.subitems(kind):
            size = int.from_bytes(body[:2], "big")
            if len(body) < 2 + size + rest or (kind == 0x54 and len(body) != size + 4):
                yield fail(f"{kind:02X}H has inner lengths that do not fit")
            elif kind == 0x54:
                roles[uid_text(body[2 : 2 + size])] += 1
    yield from (fail(f"54H for {uid}, not offered") for uid in set(roles) - offered)
    yield from (fail(f"54H twice for {uid}") for uid, count in roles.items() if count > 1)
    for body in view.subitems(0x58):
        first = int.from_bytes(body[2:4], "big")
        second = int.from_bytes(body[4 + first : 6 + first], "big")
        if len(body) != 6 + first + second:
            yield fail("58H has inner lengths that do not fit")


def implicit(scene: Scene) -> Iterator[Finding]:
    """Implicit VR Little Endian is offered for every abstract syntax."""
    found: dict[bytes, bool] = {}
    for context in scene.rq.contexts if scene.rq else ():
        for abstract in context.abstracts:
            has = raw.IMPLICIT_LE in {uid_text(uid) for uid in context.transfers}
            found[abstract] = found.get(abstract, False) or has
    for abstract, has in found.items():
        if not has:
            yield mild(f"no Implicit VR Little Endian for {uid_text(abstract)}")


def _case(
    number: int, clause: str, level: Level, title: str, requirement: str, *, check: Check
) -> Case:
    steps = NORMAL if number > 1 else (AWAIT, Do("see whether more comes", peek), ACCEPT, Serve())
    return Case(
        f"U.RQ.{number:02}",
        clause,
        level,
        title,
        requirement,
        one(*steps),
        USED,
        (check,),
        tags=("observe",),
    )


CASES = (
    _case(1, "PS3.8 9.1.2,9.3.2", R, "the frame of the request",
          "The requestor's first PDU is one well-formed A-ASSOCIATE-RQ, and it waits for the answer.", check=frame),
    _case(2, "PS3.8 Table 9-11", R, "the AE titles",
          "An AE title is 16 characters of ISO 646 G0, space-padded, not blank.", check=titles),
    _case(3, "PS3.8 9.3.2.1, PS3.7 A.2.1", R, "the application context",
          "There is exactly one, the DICOM application context.", check=application),
    _case(4, "PS3.8 9.3.2.2, 7.1.1.13", R, "the presentation contexts",
          "Contexts have odd unique IDs, one abstract syntax, at least one transfer syntax.", check=contexts),
    _case(5, "PS3.8 9.3.1", R, "the order of the items", "Items come in ascending order of type.", check=order),
    _case(6, "PS3.8 D.1, PS3.7 D.3.3.2", R, "the mandatory user information",
          "Maximum length and implementation class UID are there exactly once.", check=information),
    _case(7, "PS3.7 D.3.3.3-7", R, "the optional user information",
          "Each negotiation is offered at most once per class and its lengths are exact.", check=negotiation),
    _case(8, "PS3.5 10.1", S, "Implicit VR Little Endian for each abstract syntax",
          "The default transfer syntax is offered for each abstract syntax, but for data that cannot be decoded.", check=implicit),
)  # fmt: skip
