"""Tables 9-6 to 9-9 of PS3.8 as far as a peer can see them: what each action sends, and where it leads.

What is sent is written as in a trace (`testbed.trace`): `AB(0)` aborts as service-user, `AB(2)` as
service-provider, `AB` leaves the source open, `DATA` is a P-DATA-TF, nothing is "".
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effect:
    """One outcome of an action: the PDU that is sent ("" for none) and the next state.

    Next state 1 with nothing to send means that the transport connection is closed.
    """

    sends: str
    leads_to: int


def _one(sends: str, leads_to: int) -> tuple[Effect, ...]:
    return (Effect(sends, leads_to),)


#: Action -> its outcomes; where there are two, circumstances decide. AE-1, AE-2 and AE-5 only open.
EFFECTS = {
    "AE-1": _one("", 4),
    "AE-2": _one("RQ", 5),
    "AE-3": _one("", 6),
    "AE-4": _one("", 1),
    "AE-5": _one("", 2),
    "AE-6": (Effect("", 3), Effect("RJ", 13)),
    "AE-7": _one("AC", 6),
    "AE-8": _one("RJ", 13),
    "DT-1": _one("DATA", 6),
    "DT-2": _one("", 6),
    "AR-1": _one("RELEASE", 7),
    "AR-2": _one("", 8),
    "AR-3": _one("", 1),
    "AR-4": _one("RP", 13),
    "AR-5": _one("", 1),
    "AR-6": _one("", 7),
    "AR-7": _one("DATA", 8),
    "AR-8": (Effect("", 9), Effect("", 10)),
    "AR-9": _one("RP", 11),
    "AR-10": _one("", 12),
    "AA-1": _one("AB(0)", 13),
    "AA-2": _one("", 1),
    "AA-3": _one("", 1),
    "AA-4": _one("", 1),
    "AA-5": _one("", 1),
    "AA-6": _one("", 13),
    "AA-7": _one("AB", 13),
    "AA-8": _one("AB(2)", 13),
}


def effects(action: str, role: str) -> tuple[Effect, ...]:
    """The outcomes an action can have at a product of this role ("scp", "scu")."""
    found = EFFECTS[action]
    if action == "AR-8":  # who requested the association decides (PS3.8 9.2.3)
        return found[:1] if role == "scu" else found[1:]
    return found
