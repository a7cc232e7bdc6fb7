"""Associations and messages as text, for -d."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from dimse.messages import Message, Response
from dimse.tables import status, storage_sops, transfer_syntaxes
from dimse.tables.uids import VERIFICATION
from dul import AssociateRQ, Negotiated, Transition, UserInformation
from dul.errors import AssociationRejected
from dul.values import TYPE_CHECKING, fields

from .report import Level, Report, printable

if TYPE_CHECKING:
    from typing import Any

    from dul.tls import Security

__all__ = [
    "agreed",
    "associate_ac",
    "associate_rq",
    "certificates",
    "level_of",
    "message",
    "rejection",
    "security",
    "tracer",
]

_WIDTH = 38
_PRIORITIES = {0: "medium", 1: "high", 2: "low"}
_CAPITALS = {"sop": "SOP", "uid": "UID", "id": "ID", "ae": "AE"}


def level_of(*, contexts: bool) -> Level:
    """At which level associations are dumped: that of -d, or with +v that of -v."""
    return Level.INFO if contexts else Level.DEBUG


def security(agreed: Security) -> str:
    """What TLS agreed on."""
    peer = "the peer sent no certificate"
    if agreed.subject is not None:
        peer = f"peer {printable(agreed.subject)} ({'' if agreed.verified else 'not '}verified)"
    return f"Secure connection: {agreed.version}, {agreed.cipher} ({agreed.bits} bits), {peer}"


def certificates(agreed: Security) -> Iterator[str]:
    """The certificates that the peer sent."""
    for index, each in enumerate(agreed.chain):
        yield (
            f"certificate {index}: {printable(each.subject)}, issued by "
            f"{printable(each.issuer)}, valid from {each.not_before} to {each.not_after}"
        )


def agreed(negotiated: Negotiated) -> Iterator[str]:
    """What was agreed beyond presentation contexts: roles, window, extended negotiation, identity."""
    asked, told = negotiated.request.user_information, negotiated.accept.user_information
    for role in told.role_selections:
        roles = " and ".join(name for name, has in (("SCU", role.scu), ("SCP", role.scp)) if has)
        yield f"Roles of the requestor for {_name(role.sop_class_uid)}: {roles or 'none'}"
    window = negotiated.window
    if asked.asynchronous_operations_window is not None:
        yield (
            "Asynchronous operations window: "
            f"{window.invoked or 'any number'} of the requestor's operations at a time"
        )
    answers: dict[bytes, list[str]] = {}
    for each in told.extended_negotiations:
        answers.setdefault(each.information, []).append(each.sop_class_uid)
    for information, uids in answers.items():
        names = _name(uids[0]) + (f" and {len(uids) - 1} more" if len(uids) > 1 else "")
        yield f"Extended negotiation for {names}: {_extended(uids[0], information)}"
    if asked.extended_negotiations and not answers:
        yield "Extended negotiation: the acceptor says nothing of it"
    identity = asked.user_identity
    if identity is not None:
        confirmed = "no confirmation asked for"
        if identity.positive_response_requested:
            silent = told.user_identity_response is None
            confirmed = f"{'not ' * silent}confirmed by the acceptor"
        yield f"User identity: {printable(str(identity))}, {confirmed}"


def _extended(uid: str, information: bytes) -> str:
    if uid not in storage_sops.STORAGE_SOP_CLASSES:
        return information.hex(" ")
    # Few peers say anything of it.
    from dimse import StorageLevels  # noqa: PLC0415

    levels = StorageLevels.decode(information)
    return information.hex(" ") if levels is None else str(levels)


def associate_rq(request: AssociateRQ) -> str:
    """An A-ASSOCIATE-RQ."""
    contexts = {
        each.id: (each.abstract_syntax, each.transfer_syntaxes, "")
        for each in request.presentation_contexts
    }
    lines = [
        "A-ASSOCIATE-RQ",
        _line("Calling AE title", request.calling_ae_title),
        _line("Called AE title", request.called_ae_title),
        _line("Application context", request.application_context),
        *_information(request.user_information),
        *_contexts(contexts, f"{len(contexts)} proposed"),
    ]
    return "\n".join(lines)


def associate_ac(negotiated: Negotiated) -> str:
    """An A-ASSOCIATE-AC, and what it made of the proposals."""
    contexts = {}
    for each in negotiated.request.presentation_contexts:
        agreed = negotiated.contexts.get(each.id)
        syntaxes = (agreed.transfer_syntax,) if agreed else ()
        verdict = ": accepted" if agreed else f": {negotiated.refusal(each.id)}"
        contexts[each.id] = each.abstract_syntax, syntaxes, verdict
    lines = [
        "A-ASSOCIATE-AC",
        *_information(negotiated.accept.user_information),
        *_contexts(contexts, f"{len(negotiated.contexts)} accepted"),
    ]
    return "\n".join(lines)


def message(said: Message, direction: str) -> str:
    """A DIMSE message: its name and the elements that it has."""
    lines = [f"{direction} {said.NAME}"]
    for field in fields(said):
        value = getattr(said, field.name)
        if value is not None:
            lines.append(_line(_label(field.name), _value(field.name, value, said)))
    return "\n".join(lines)


def tracer(report: Report, prefix: Callable[[], str] = str) -> Callable[[Transition], None] | None:
    """A trace hook: every transition at level T, those that change the state at D; or None."""
    if not report.shows(Level.DEBUG):
        return None

    def trace(transition: Transition) -> None:
        level = Level.TRACE if transition.state is transition.next_state else Level.DEBUG
        report.say(
            level,
            f"{prefix()}{transition} ({transition.event.value}; now {transition.next_state.value})",
        )

    return trace


def _information(information: UserInformation) -> Iterator[str]:
    length = information.maximum_length
    yield _line("Maximum length received", "no maximum" if length == 0 else length)
    yield _line("Implementation class UID", information.implementation_class_uid)
    yield _line("Implementation version name", information.implementation_version_name)
    window = information.asynchronous_operations_window
    if window is not None:
        yield _line("Asynchronous operations window", f"{window.invoked}/{window.performed}")
    for role in information.role_selections:
        roles = f"SCU {int(role.scu)}, SCP {int(role.scp)}"
        yield _line("Role selection", f"{_name(role.sop_class_uid)}: {roles}")
    for each in information.extended_negotiations:
        value = _extended(each.sop_class_uid, each.information)
        yield _line("Extended negotiation", f"{_name(each.sop_class_uid)}: {value}")
    for common in information.common_extended_negotiations:
        related = ", ".join(map(_name, common.related_general_sop_class_uids)) or "none"
        yield _line(
            "Common extended negotiation",
            f"{_name(common.sop_class_uid)}: service class {common.service_class_uid}, related general "
            f"SOP classes {related}",
        )
    identity = information.user_identity
    if identity is not None:
        yield _line("User identity", identity)
    if information.user_identity_response is not None:
        yield _line("User identity", "confirmed")


def _contexts(contexts: Mapping[int, tuple[str, tuple[str, ...], str]], what: str) -> Iterator[str]:
    yield f"  Presentation contexts ({what})"
    for id_, (abstract_syntax, syntaxes, verdict) in contexts.items():
        yield f"    {id_:3} {_name(abstract_syntax)}{verdict}"
        for syntax in syntaxes:
            yield f"          {printable(transfer_syntaxes.describe(syntax))}"


def _name(sop_class_uid: str) -> str:
    if sop_class_uid == VERIFICATION:
        return f"Verification ({sop_class_uid})"
    name = storage_sops.name_of(sop_class_uid)
    return printable(sop_class_uid) if name == sop_class_uid else f"{name} ({sop_class_uid})"


def _label(field: str) -> str:
    words = [_CAPITALS.get(word, word) for word in field.split("_")]
    return " ".join([words[0] if words[0].isupper() else words[0].capitalize(), *words[1:]])


def _value(field: str, value: Any, said: Message) -> str:
    if field == "status" and isinstance(said, Response):
        service = said.NAME.removesuffix("-RSP")
        return f"{value:04X}H: {status.meaning(value, service)}"
    if field == "affected_sop_class_uid":
        return _name(value)
    if field == "priority":
        return _PRIORITIES.get(value, str(value))
    if field == "data_set_follows":
        return "yes" if value else "no"
    if isinstance(value, tuple):  # tags
        return ", ".join(f"({tag >> 16:04X},{tag & 0xFFFF:04X})" for tag in value)
    return str(value)


def _line(label: str, value: object) -> str:
    said = "(none)" if value is None else printable(str(value))
    return f"  {label:{_WIDTH}} {said}"


def rejection(error: AssociationRejected) -> str:
    """Result, source and reason on two lines, in DCMTK's form."""
    result = _capitals(error.result_text.replace("-", " "))
    source = _capitals(error.source_text.replace("-", " ")).replace(")", " Related)")
    reason = _capitals(error.reason_text).removesuffix(" Given")
    return f"Result: {result}, Source: {source}\nReason: {reason}"


def _capitals(words: str) -> str:
    """As DCMTK writes them: "Called AE Title Not Recognized"."""
    return " ".join(
        word if any(map(str.isupper, word)) else word.title() for word in words.split(" ")
    )
