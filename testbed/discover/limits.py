"""Limits and options of the association: how many at a time, roles, windows, user identity."""

from collections.abc import Mapping, Sequence
from typing import Any

from .. import raw
from ..observe import Wire
from ..parse import AssociateView, uid_text
from .asking import Answer, Asker

#: Associations opened at once at most; a product that takes them all is said to take at least so many.
MOST_ASSOCIATIONS = 64


def associations(asker: Asker) -> int:
    """How many associations the product holds at a time, at most `MOST_ASSOCIATIONS`."""
    wires: list[Wire] = []
    try:
        while len(wires) < MOST_ASSOCIATIONS:
            answer, wire = asker.open()
            if wire is not None and answer.ac is None:
                asker.end(wire, established=False)
            if wire is None or answer.ac is None:
                break
            wires.append(wire)
    finally:
        for wire in wires:
            asker.end(wire, established=True)
    return len(wires)


def announced(ac: AssociateView) -> dict[str, Any]:
    """What the A-ASSOCIATE-AC says of the product itself."""
    classes, versions = ac.subitems(0x52), ac.subitems(0x55)
    return {
        "implementation-class": uid_text(classes[0]) if classes else "",
        "implementation-version": uid_text(versions[0]) if versions else "",
        "max-length": ac.max_length if ac.max_length is not None else 0,
    }


def negotiation(asker: Asker, services: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What the product answers to extended negotiation of every kind (PS3.7 D.3.3, PS3.8 Annex D)."""
    storage = next((uid for uid in services if uid.startswith("1.2.840.10008.5.1.4.1.1.")), "")
    window = asker.ask(extra=[raw.async_window(5, 5)])
    found: dict[str, Any] = {"asynchronous-operations": _window(window)}
    user = asker.ask(extra=[raw.identity_rq(1, b"dulspec", positive=1)])
    found["user-identity"] = _identity(user)
    if storage:
        contexts = [raw.context_rq(1), raw.context_rq(3, storage, tuple(services[storage]))]
        role = asker.ask(contexts, extra=[raw.role(storage, 1, 1)])
        found["scu-scp-role-selection"] = bool(role.ac and role.ac.subitems(0x54))
        # Level 2, full storage; no digital signature levels; no coercion (PS3.4 B.3.1).
        extended = asker.ask(contexts, extra=[raw.extended(storage, bytes([2, 0, 0, 0, 0, 0]))])
        found["storage-extended-negotiation"] = bool(extended.ac and extended.ac.subitems(0x56))
    return found


def _window(answer: Answer) -> list[int]:
    """The 53H as [invoked, performed]; [1, 1] is what its absence means (PS3.7 D.3.3.3)."""
    for body in answer.ac.subitems(0x53) if answer.ac is not None else []:
        if len(body) == 4:
            return [int.from_bytes(body[:2], "big"), int.from_bytes(body[2:], "big")]
    return [1, 1]


def _identity(answer: Answer) -> str:
    if answer.rejection is not None:
        return "an unknown user is rejected"
    if answer.ac is None:
        return f"no association: {answer.reason}"
    return "acknowledged" if answer.ac.subitems(0x59) else "ignored"
