"""What came of a negotiation, in words."""

from __future__ import annotations

import pytest

from dimse.support import storage_support
from dimse.tables import status
from dimse.watch.explain import advice_for_status, explained_negotiation, explained_rejection
from dul.limits import Limits
from dul.negotiation import conclude, context_offers, request
from dul.pdu import AssociateAC, AssociateRJ
from dul.support import answer

CT, MR, PRIVATE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.3.4"
IMPLICIT, EXPLICIT, J2K = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90"

LOSSLESS = "JPEG 2000 Image Compression (Lossless Only)"


def explained(*offers: tuple[str, list[str]]) -> list[str]:
    limits = Limits()
    asked = request("ARCHIVE", "CT_ROOM", context_offers(offers), limits)
    support = storage_support(transfer_syntaxes=[EXPLICIT, IMPLICIT])
    given = answer(asked, support, limits)
    assert isinstance(given, AssociateAC)
    return explained_negotiation(conclude(asked, given, given.user_information))


def test_each_class_has_a_sentence() -> None:
    assert explained(
        (CT, [J2K]), (MR, [IMPLICIT, EXPLICIT]), (MR, [J2K]), (PRIVATE, [IMPLICIT])
    ) == [
        "refused: 1.2.3.4 is not taken here",
        f"refused: CT_ROOM proposed only {LOSSLESS} for CT Image Storage, and none of these is taken here",
        "accepted: MR Image Storage, in Explicit VR Little Endian",
    ]


@pytest.mark.parametrize(
    ("rejection", "words"),
    [
        (AssociateRJ(1, 1, 7), "it calls 'ARCHIVE'"),
        (AssociateRJ(1, 1, 3), "'CT_ROOM' may not call"),
        (AssociateRJ(2, 3, 2), "too many associations"),
        (AssociateRJ(1, 1, 2), "application context"),
        (AssociateRJ(1, 2, 2), "another version"),
        (AssociateRJ(1, 1, 1), "it was rejected"),
    ],
)
def test_rejections_have_a_reason_and_advice(rejection: AssociateRJ, words: str) -> None:
    why, advice = explained_rejection(rejection, called="ARCHIVE", calling="CT_ROOM")
    assert words in why
    assert advice


def test_statuses_have_advice() -> None:
    assert "free space" in advice_for_status(status.OUT_OF_RESOURCES)
    assert advice_for_status(0x1234) == "See the log of this server"
