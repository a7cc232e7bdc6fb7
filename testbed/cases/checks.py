"""Checks: what a trace cannot say. The first line of each docstring is shown to the user."""

import re
from collections.abc import Callable, Iterable, Iterator

from .. import raw
from ..model import Check
from ..parse import AssociateView, Context, Message, uid_text
from ..scene import Scene
from ..verdicts import Finding, Sub, Verdict

UID = re.compile(rb"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")


def fail(message: str, sub: Sub = Sub.NONE) -> Finding:
    """A finding that fails the run."""
    return Finding(Verdict.FAIL, message, sub)


def mild(message: str) -> Finding:
    """A finding that makes the run non-strict."""
    return Finding(Verdict.NON_STRICT, message)


def tell(message: str) -> Finding:
    """A finding that is only told."""
    return Finding(Verdict.INFO, message)


def is_uid(value: bytes) -> bool:
    """Whether a value is a UID of at most 64 characters, unpadded (PS3.5 9.1)."""
    return len(value) <= 64 and UID.fullmatch(value) is not None


# -- A-ASSOCIATE-AC --------------------------------------------------------------------------------------------


def ac_frame(scene: Scene) -> Iterator[Finding]:
    """The AC has bit 0 of the protocol version, zero reserved bytes and exact lengths."""
    ac = scene.ac
    if ac is None:
        return
    pdu = next(pdu for pdu in scene.pdus if pdu.type == 2)
    if not ac.version & 1:
        yield fail(f"protocol-version {ac.version:04X}H has bit 0 clear")
    if pdu.reserved or any(ac.reserved):
        yield fail(f"bytes 2, 9, 10 are {bytes([pdu.reserved, *ac.reserved]).hex(' ')}, not zero")
    for entry in ac.items:
        if entry.second and entry.type != 0x57:
            yield fail(f"byte 2 of item {entry.type:02X}H is {entry.second:02X}H, not zero")
    yield from map(fail, ac.faults)


def ac_echoes(scene: Scene) -> Iterator[Finding]:
    """Bytes 11-26, 27-42 and 43-74 of the AC are those of the request."""
    ac, sent = scene.ac, scene.facts.rq
    if ac is None or sent is None:
        return
    fields = {"called_ae_title": "11-26", "calling_ae_title": "27-42", "reserved_32": "43-74"}
    for name, place in fields.items():
        was, got = getattr(sent, name), getattr(ac, name)
        if got != was:
            yield fail(f"bytes {place} of the request are {shown(was)}, of the AC {shown(got)}")


def shown(value: bytes) -> str:
    """A field's value: as text if it is printable, else in hex."""
    printable = all(32 <= octet < 127 for octet in value)
    return repr(value.decode("ascii")) if printable else f"{value.hex()}H"


def ac_items(scene: Scene) -> Iterator[Finding]:
    """One 10H, then 21H items, then one 50H, and nothing else."""
    if scene.ac is None:
        return
    types = [entry.type for entry in scene.ac.items]
    if types != [0x10] + [0x21] * (len(types) - 2) + [0x50]:
        found = " ".join(f"{kind:02X}H" for kind in types)
        yield fail(f"items are {found}; they should be 10H 21H ... 50H")


def ac_user_information(scene: Scene) -> Iterator[Finding]:
    """The user information holds exactly one 51H of length 4, one valid 52H, a 55H of 1 to 16 characters."""
    if scene.ac is not None:
        yield from user_information(scene.ac)


def user_information(view: AssociateView) -> Iterator[Finding]:
    """The findings of `ac_user_information`, for a request as well."""
    lengths, classes, versions = (view.subitems(kind) for kind in (0x51, 0x52, 0x55))
    if [len(body) for body in lengths] != [4]:
        yield fail(f"{len(lengths)} sub-items 51H, lengths {[len(body) for body in lengths]}")
    if len(classes) != 1:
        yield fail(f"{len(classes)} sub-items 52H")
    if any(not is_uid(body) for body in classes):
        yield fail(f"52H is no valid UID: {shown(classes[0])}")
    for body in versions:
        if not 1 <= len(body) <= 16 or not all(32 <= octet < 127 for octet in body):
            yield fail(f"55H is not 1 to 16 characters of ISO 646: {shown(body)}")


def absent(*types: int) -> Check:
    """A check that the AC holds none of some sub-items."""

    def check(scene: Scene) -> Iterator[Finding]:
        if scene.ac is not None:
            for kind in types:
                if scene.ac.subitems(kind):
                    yield fail(f"the AC holds a {kind:02X}H that was not asked for")

    names = ", ".join(f"{kind:02X}H" for kind in types)
    check.__doc__ = f"The AC holds no {names}."
    return check


def _proposed(scene: Scene) -> dict[int, Context]:
    sent = scene.facts.rq
    return {} if sent is None else {context.id: context for context in sent.contexts}


def one_result_each(scene: Scene) -> Iterator[Finding]:
    """One result 0..4 per proposed context, none extra; an accepted one names one offered transfer syntax."""
    if scene.ac is None:
        return
    offers = _proposed(scene)
    answered = [context.id for context in scene.ac.contexts]
    if sorted(answered) != sorted(offers):
        yield fail(f"results for contexts {answered}, proposed were {sorted(offers)}")
    for context in scene.ac.contexts:
        if context.result > 4:
            yield fail(f"context {context.id} has the undefined result {context.result}")
        if context.result != 0 or context.id not in offers:
            continue
        offered = {uid_text(uid) for uid in offers[context.id].transfers}
        if len(context.transfers) != 1 or uid_text(context.transfers[0]) not in offered:
            named = ", ".join(uid_text(uid) for uid in context.transfers) or "none"
            yield fail(
                f"accepted context {context.id} names {named}; offered were {', '.join(sorted(offered))}"
            )


def invents_no_context(scene: Scene) -> Iterator[Finding]:
    """No result for a context that was not proposed."""
    if scene.ac is not None:
        for number in {context.id for context in scene.ac.contexts} - set(_proposed(scene)):
            yield fail(f"a result for context {number}, which was not proposed")


def transfer_taken(scene: Scene) -> Iterator[Finding]:
    """Which transfer syntax is taken."""
    if scene.ac is not None:
        for number, uid in scene.ac.accepted().items():
            yield tell(f"context {number}: {uid}")


def accepts_only_if_declared(id: int) -> Check:
    """A check that a context the product cannot know is refused, unless it accepts any."""

    def check(scene: Scene) -> Iterator[Finding]:
        accepted = scene.ac.accepted() if scene.ac is not None else {}
        if id in accepted and not scene.settings.accept_any:
            yield fail(f"context {id} was accepted")

    check.__doc__ = f"Context {id} is not accepted (unless --accept-any is declared)."
    return check


def application_context_answer(scene: Scene) -> Iterator[Finding]:
    """If accepted, the AC does not name the unknown application context."""
    if scene.ac is not None:
        for entry in scene.ac.items:
            if entry.type == 0x10 and uid_text(entry.body) != raw.APPLICATION_CONTEXT:
                yield fail(
                    f"the AC agrees to an application context that does not exist: {shown(entry.body)}"
                )


def called_is_checked(scene: Scene) -> Iterator[Finding]:
    """With --checks-called, a wrong called AE title is not accepted."""
    if scene.settings.checks_called and scene.ac is not None:
        yield fail("accepted, although the product was declared to check the called AE title")


def calling_is_checked(scene: Scene) -> Iterator[Finding]:
    """With --checks-calling, an unknown calling AE title is not accepted."""
    if scene.settings.checks_calling and scene.ac is not None:
        yield fail("accepted, although the product was declared to check the calling AE title")


# -- negotiation -------------------------------------------------------------------------------------------------


def _roles(view: AssociateView | None) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for body in view.subitems(0x54) if view is not None else []:
        size = int.from_bytes(body[:2], "big")
        if len(body) == size + 4:
            found.setdefault(uid_text(body[2 : 2 + size]), (body[-2], body[-1]))
    return found


def roles_within_offer(scene: Scene) -> Iterator[Finding]:
    """No role is returned that was not proposed."""
    offers = _roles(scene.facts.rq)
    for uid, roles in _roles(scene.ac).items():
        offer = offers.get(uid, (0, 0))
        if any(got > given for got, given in zip(roles, offer, strict=True)):
            yield fail(f"54H returns roles {roles} for the proposed {offer}")


def window_within_offer(scene: Scene) -> Iterator[Finding]:
    """53H is absent, or each value is within the offer (0 is unlimited)."""
    sent = scene.facts.rq
    if scene.ac is None or sent is None:
        return
    (offer,) = sent.subitems(0x53)
    for body in scene.ac.subitems(0x53):
        if len(body) != 4:
            yield fail(f"53H has {len(body)} bytes instead of 4")
            continue
        for at in (0, 2):
            given, got = (
                int.from_bytes(offer[at : at + 2], "big"),
                int.from_bytes(body[at : at + 2], "big"),
            )
            if given and (got == 0 or got > given):
                yield fail(f"53H returns {got} for the proposed {given}")


def extended_well_formed(scene: Scene) -> Iterator[Finding]:
    """56H is absent, or names a proposed SOP class with exact lengths."""
    for body in scene.ac.subitems(0x56) if scene.ac is not None else []:
        size = int.from_bytes(body[:2], "big")
        if len(body) < 2 + size or uid_text(body[2 : 2 + size]) != raw.CT_STORAGE:
            yield fail(
                f"56H is malformed or names another SOP class than {raw.CT_STORAGE}: {shown(body)}"
            )


def identity_answer(scene: Scene) -> Iterator[Finding]:
    """A 59H, if any, is well formed; for types 1 and 2 it is empty."""
    sent = scene.facts.rq
    for body in scene.ac.subitems(0x59) if scene.ac is not None else []:
        if len(body) < 2 or int.from_bytes(body[:2], "big") != len(body) - 2:
            yield fail(f"59H has a wrong length: {shown(body)}")
        elif sent is not None and sent.subitems(0x58)[0][0] in {1, 2} and len(body) > 2:
            yield mild("59H for a user name carries a server response")


# -- P-DATA-TF --------------------------------------------------------------------------------------------------


def within_our_maximum(scene: Scene) -> Iterator[Finding]:
    """No P-DATA-TF is longer than the maximum we announced."""
    limit = scene.announced
    sizes = [len(pdu.body) for pdu in scene.pdus if pdu.type == 4]
    over = [size for size in sizes if limit and size > limit]
    if over:
        yield fail(f"{len(over)} P-DATA-TF above the maximum {limit}, the longest {max(over)}")


def pdv_discipline(scene: Scene) -> Iterator[Finding]:
    """Every PDV has an even length, content, a zero reserved part of its header and one context per message."""
    # P.NEG.03 announces maxima that leave no room for an even fragment.
    yield from discipline(m for case_id, m in scene.trial.observed if case_id != "P.NEG.03")
    yield from within_our_maximum(scene)


def discipline(observed: Iterable[Message]) -> Iterator[Finding]:
    """The findings of `pdv_discipline` over given messages."""
    for message in observed:
        for pdv in message.pdvs:
            if len(pdv.fragment) % 2:
                yield fail(f"a PDV has an odd number of bytes: {len(pdv.fragment)}")
            if not pdv.fragment:
                yield fail("a PDV is empty")
            if pdv.header & 0xFC:
                yield fail(f"message control header {pdv.header:02X}H has bits 2-7 set")
            if pdv.id != message.context:
                yield fail(f"one message is spread over contexts {message.context} and {pdv.id}")


def release_rp_exact(scene: Scene) -> Iterator[Finding]:
    """The A-RELEASE-RP has length 4 and zero reserved bytes."""
    for pdu in scene.pdus:
        if pdu.type == 6 and pdu.data != raw.release_rp():
            wanted = raw.release_rp().hex(" ")
            yield fail(f"A-RELEASE-RP is {pdu.data.hex(' ')}; it should be {wanted}")


def replies_on_context(id: int) -> Callable[[Scene], Iterator[Finding]]:
    """A check that every response comes on the context of its request."""

    def check(scene: Scene) -> Iterator[Finding]:
        for message in scene.messages:
            if message.context != id:
                yield fail(f"the response came on context {message.context}, the request on {id}")

    check.__doc__ = f"The response comes on context {id}."
    return check
