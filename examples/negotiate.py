"""Propose contexts by hand, read the answer, then store: python negotiate.py HOST PORT FILE."""

import sys

from dimse import Client, ContextOffer
from dul import RejectReason
from dul.errors import AssociationRejected

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"  # storage SOP classes
JPEG_2000, EXPLICIT, IMPLICIT = (f"1.2.840.10008.1.2{end}" for end in (".4.90", ".1", ""))


def main(host: str, port: str, file: str) -> int:
    offers = [ContextOffer(CT, (JPEG_2000,)), ContextOffer(CT, (EXPLICIT, IMPLICIT))]
    try:
        session = Client(host, int(port)).associate([*offers, ContextOffer(MR, (EXPLICIT,))])
    except AssociationRejected as error:
        if error.why is RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED:
            print("it does not call itself ANY-SCP")
        return 1
    with session:
        agreed = session.negotiated
        for offer in agreed.request.presentation_contexts:
            taken = agreed.contexts.get(offer.id)
            print(offer.id, taken.transfer_syntax if taken else agreed.refusal(offer.id))
        return 0 if session.store(file).stored else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
