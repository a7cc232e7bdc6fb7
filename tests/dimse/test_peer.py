"""Whom a client calls: what is refused before anything is sent, and what the request says."""

from __future__ import annotations

import pytest

from dimse.errors import InvalidValue
from dimse.peer import Peer
from dimse.plan import ContextOffer
from dul.limits import Limits
from dul.pdu import decode_pdu
from dul.user_items import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
)


@pytest.mark.parametrize("port", [0, -1, 65536, True, "104", None, 104.0])
def test_a_port_is_a_number_from_1_to_65535(port: object):
    with pytest.raises(InvalidValue, match="port"):
        Peer(host="pacs", port=port)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["", None, 7])
def test_a_host_is_a_name(host: object):
    with pytest.raises(InvalidValue, match="host"):
        Peer(host=host, port=104)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["limits", "tls", "user_identity"])
def test_what_is_something_else_is_named_before_anything_is_sent(name: str):
    for wrong in ({"connect": 3}, "alice", True):
        with pytest.raises(InvalidValue, match=f"{name}: {type(wrong).__name__} is no "):
            Peer(host="pacs", port=104, **{name: wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize("which", ["called_ae_title", "calling_ae_title"])
def test_the_title_that_is_wrong_is_named(which: str):
    with pytest.raises(InvalidValue, match=which):
        Peer(host="pacs", port=104, **{which: "SEVENTEEN LETTERS"})  # type: ignore[arg-type]


def test_all_that_was_said_is_in_the_request():
    roles = (RoleSelection("1.2.3", scu=True, scp=True),)
    window = AsynchronousOperationsWindow(5, 1)
    extended = (ExtendedNegotiation("1.2.3", b"\1\2"),)
    common = (CommonExtendedNegotiation("1.2.3", "1.2.4"),)
    identity = UserIdentity(2, b"jane", b"secret")
    peer = Peer(
        host="pacs",
        port=104,
        called_ae_title="ARCHIVE",
        calling_ae_title="US",
        limits=Limits(max_pdu_length=20000),
        roles=roles,
        window=window,
        extended=extended,
        common_extended=common,
        user_identity=identity,
    )
    offers = [ContextOffer("1.2.3", ("1.2.840.10008.1.2",)), ContextOffer("1.2.5", ("1.2.6",))]
    sent = decode_pdu(peer.request(offers).encode())
    assert (sent.called_ae_title, sent.calling_ae_title) == ("ARCHIVE", "US")
    assert [(each.id, each.abstract_syntax) for each in sent.presentation_contexts] == [
        (1, "1.2.3"),
        (3, "1.2.5"),
    ]
    information = sent.user_information
    assert information.maximum_length == 20000
    assert information.asynchronous_operations_window == window
    assert information.role_selections == roles
    assert information.extended_negotiations == extended
    assert information.common_extended_negotiations == common
    assert information.user_identity == identity
