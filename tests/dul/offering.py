"""A requestor that asks and an acceptor that answers, for the tests of what they agree on."""

from __future__ import annotations

import dataclasses

from dul.limits import Limits
from dul.negotiation import context_offers, request
from dul.pdu import AssociateAC, AssociateRQ, decode_pdu
from dul.support import Support, answer

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
IMPLICIT, EXPLICIT, JPEG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50"
LIMITS = Limits(max_pdu_length=54321)
SUPPORT = Support({CT: (EXPLICIT, IMPLICIT)})


def ask(*contexts: tuple[str, tuple[str, ...]], **information) -> AssociateRQ:
    rq = request("CALLED", "CALLING", context_offers(contexts or [(CT, (IMPLICIT,))]), LIMITS)
    return dataclasses.replace(
        rq, user_information=dataclasses.replace(rq.user_information, **information)
    )


def agreed(rq: AssociateRQ, support: Support = SUPPORT) -> AssociateAC:
    found = answer(rq, support, LIMITS)
    assert isinstance(found, AssociateAC)
    assert decode_pdu(found.encode()) == found
    return found


def results(ac: AssociateAC) -> list[tuple[int, int]]:
    return [(each.id, each.result) for each in ac.presentation_contexts]
