"""Requests as an acceptor meets them, for tests of what becomes of them."""

from __future__ import annotations

from tests_datasets import CT, EXPLICIT, INSTANCE

from dimse.messages.composite import CStoreRQ
from dimse.requests import Requestor, StoreRequest
from dul.negotiation import AcceptedContext


def store_request(
    sop_class: str = CT,
    instance: str = INSTANCE,
    syntax: str = EXPLICIT,
    *,
    calling_ae_title: str = "",
    called_ae_title: str = "",
    address: str = "host:104",
) -> StoreRequest:
    """A C-STORE-RQ whose data set is still to come."""
    return StoreRequest(
        Requestor(address, calling_ae_title, called_ae_title),
        AcceptedContext(1, sop_class, syntax),
        CStoreRQ(
            message_id=1, affected_sop_class_uid=sop_class, affected_sop_instance_uid=instance
        ),
    )
