"""What an acceptor accepts: SOP classes, transfer syntaxes, roles; and that it serves what it accepts."""

from __future__ import annotations

from typing import Any

import pytest
from serving import CT, DEFLATED, EXPLICIT, FIND, IMPLICIT, VERIFICATION, AsyncioServer, Caller
from tests_datasets import encode, identity

from dimse.errors import InvalidValue
from dimse.messages.composite import CEchoRQ, CStoreRQ
from dimse.server import Server
from dimse.support import default_support, storage_support
from dimse.tables.storage_sops import SUPPORTED_BY_DEFAULT
from dimse.tables.transfer_syntaxes import STORED_AS_THEY_COME, TRANSFER_SYNTAXES
from dul.limits import Limits
from dul.negotiation import context_offers, request
from dul.pdu import AssociateAC
from dul.support import answer
from dul.user_items import RoleSelection

J2K, JPEG, RLE, HTJ2K = (f"1.2.840.10008.1.2.{each}" for each in ("4.90", "4.50", "5", "4.201"))
BIG = "1.2.840.10008.1.2.2"
PRIVATE_CLASS, PRIVATE_SYNTAX = "1.3.46.670589.11.0.0.12.1", "1.3.46.670589.33.1.4.1"
PRINT = "1.2.840.10008.5.1.1.9"


def chosen(support: Any, abstract: str, *syntaxes: str) -> str | None:
    """The transfer syntax of a context that is accepted, or None."""
    rq = request("A", "B", context_offers([(abstract, syntaxes)]), Limits())
    ac = answer(rq, support, Limits())
    assert isinstance(ac, AssociateAC)
    (context,) = ac.presentation_contexts
    return context.transfer_syntax if context.result == 0 else None


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ((J2K, EXPLICIT, IMPLICIT), J2K),
        ((J2K, IMPLICIT), J2K),
        ((JPEG, IMPLICIT), JPEG),
        ((HTJ2K, EXPLICIT), HTJ2K),
        ((IMPLICIT, J2K), IMPLICIT),
        ((IMPLICIT, EXPLICIT), EXPLICIT),
        ((DEFLATED, IMPLICIT), IMPLICIT),
        ((BIG, IMPLICIT), IMPLICIT),
        ((DEFLATED,), DEFLATED),
        ((PRIVATE_SYNTAX, J2K, IMPLICIT), IMPLICIT),
        (("1.2.840.10008.1.2.6.2",), None),  # XML, which encodes no data set
    ],
)
def test_by_default_nobody_has_to_convert(offered: tuple[str, ...], expected: str | None) -> None:
    assert chosen(storage_support(), CT, *offered) == expected


def test_preferences() -> None:
    offered = (J2K, IMPLICIT, EXPLICIT)
    assert chosen(storage_support(preference="unconverted"), CT, *offered) == J2K
    assert chosen(storage_support(preference="ours"), CT, *offered) == EXPLICIT
    assert chosen(storage_support(preference="requestor"), CT, *offered[1:]) == IMPLICIT
    jpeg_first = storage_support(transfer_syntaxes=[JPEG, EXPLICIT], preference="ours")
    assert chosen(jpeg_first, CT, EXPLICIT, JPEG) == JPEG
    assert chosen(jpeg_first, CT, J2K) is None


def test_private_and_newer_ones_are_taken_if_asked() -> None:
    newer = "1.2.840.10008.5.1.4.1.1.999"
    for uid in (PRIVATE_CLASS, newer):
        assert chosen(storage_support(), uid, IMPLICIT) is None
        assert chosen(storage_support(any_sop_class=True), uid, IMPLICIT) == IMPLICIT
    for uid in (FIND, PRINT, "1.2.840.10008.1.3.10"):  # of the standard, and no storage
        assert chosen(storage_support(any_sop_class=True), uid, IMPLICIT) is None
    assert chosen(storage_support(), CT, PRIVATE_SYNTAX) is None
    anything = storage_support(any_transfer_syntax=True)
    assert chosen(anything, CT, PRIVATE_SYNTAX) == PRIVATE_SYNTAX
    assert chosen(anything, CT, PRIVATE_SYNTAX, IMPLICIT) == IMPLICIT
    assert chosen(anything, PRIVATE_CLASS, PRIVATE_SYNTAX) is None


def test_what_is_supported() -> None:
    support = storage_support(others={FIND: [IMPLICIT]}, sop_classes=[CT])
    assert set(support.transfer_syntaxes) == {VERIFICATION, CT, FIND}
    assert support.syntaxes_for(FIND) == (IMPLICIT,)
    assert support.syntaxes_for(CT)[:2] == (EXPLICIT, IMPLICIT)
    assert set(default_support(stores=True).transfer_syntaxes) == {
        VERIFICATION,
        *SUPPORTED_BY_DEFAULT,
    }
    assert set(default_support(stores=False).transfer_syntaxes) == {VERIFICATION}
    encoding = {uid for uid, each in TRANSFER_SYNTAXES.items() if each.vr != "n/a"}
    assert set(STORED_AS_THEY_COME) == encoding


# ------------------------------------------------------------------------------------- served --


@pytest.fixture(params=[Server, AsyncioServer])
def server(request: Any) -> Any:
    return request.param


STORE = CStoreRQ(message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2")
ECHO = CEchoRQ(message_id=1, affected_sop_class_uid=VERIFICATION)
OBJECT = encode(identity(CT, "1.2"), IMPLICIT)


@pytest.mark.parametrize("scu", [True, False])
@pytest.mark.parametrize("scp", [True, False])
@pytest.mark.parametrize("allowed", [True, False])
def test_what_is_accepted_is_served(server: Any, scu: bool, scp: bool, allowed: bool) -> None:
    """Whatever the roles: the context is refused, or a C-STORE on it gets a status."""
    support = storage_support(requestor_may_be_scp=[CT] if allowed else [])
    offers = (CT, [IMPLICIT]), (VERIFICATION, [IMPLICIT])
    with (
        server(on_store=lambda _: None, support=support, host="127.0.0.1") as acceptor,
        Caller(acceptor.address[1], *offers, roles=[RoleSelection(CT, scu, scp)]) as caller,
    ):
        negotiated = caller.connection.negotiated
        if scu or (scp and allowed):
            assert caller.ask(STORE, OBJECT).status == (0 if scu else 0x0122)
        else:
            assert negotiated.refused == {1: 1}
        assert caller.ask(ECHO, None, 3).status == 0


def test_private_objects_are_stored(server: Any) -> None:
    received: list[Any] = []
    support = storage_support(any_sop_class=True, any_transfer_syntax=True)
    asked = CStoreRQ(
        message_id=1, affected_sop_class_uid=PRIVATE_CLASS, affected_sop_instance_uid="1.2"
    )
    offers = (PRIVATE_CLASS, [PRIVATE_SYNTAX])
    with (
        server(on_store=received.append, support=support, host="127.0.0.1") as acceptor,
        Caller(acceptor.address[1], offers) as caller,
    ):
        assert caller.ask(asked, encode(identity(PRIVATE_CLASS, "1.2"), EXPLICIT)).status == 0
    (request,) = received
    assert request.dataset().file_meta.TransferSyntaxUID == PRIVATE_SYNTAX
    assert request.dataset().SOPClassUID == PRIVATE_CLASS


@pytest.mark.parametrize(
    "wrong",
    [
        {"sop_classes": CT},
        {"transfer_syntaxes": IMPLICIT},
        {"requestor_may_be_scp": CT},
        {"others": {CT: IMPLICIT}},
    ],
)
def test_a_single_text_is_no_series_of_its_letters(wrong: Any) -> None:
    with pytest.raises(InvalidValue, match=f"{next(iter(wrong))}.* is a single UID; give a list"):
        storage_support(**wrong)
