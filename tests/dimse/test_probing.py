"""`dimse.probing`: what a peer accepts, through both faces."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dimse import aio
from dimse.client import Client
from dimse.errors import InvalidValue
from dimse.events import Associated, Associating, Released, Releasing
from dimse.offers import ContextOffer
from dimse.probing import Probe
from dimse.server import Server
from dimse.storage.sink import Discard
from dimse.support import storage_support
from dul.errors import AssociationRejected, TransportError
from dul.pdu import AssociateRJ

CT, MR, PRIVATE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.3.4"
IMPLICIT, EXPLICIT, RLE = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"

Ask = Callable[..., Probe]


def blocking(port: int, contexts: Any, **options: Any) -> Probe:
    return Client("127.0.0.1", port).probe(contexts, **options)


def in_a_loop(port: int, contexts: Any, **options: Any) -> Probe:
    async def run() -> Probe:
        return await aio.Client("127.0.0.1", port).probe(contexts, **options)

    return asyncio.run(run())


@pytest.fixture(params=[blocking, in_a_loop])
def ask(request: Any) -> Ask:
    face: Ask = request.param
    return face


def server(**options: Any) -> Server:
    support = storage_support(sop_classes=[CT, MR], transfer_syntaxes=[EXPLICIT, IMPLICIT])
    return Server(lambda _: Discard(), support=support, host="127.0.0.1", **options)


def test_each_context_has_its_answer(ask: Ask) -> None:
    told: list[Any] = []
    offers = [
        ContextOffer(CT, (IMPLICIT, EXPLICIT)),
        ContextOffer(MR, (RLE,)),
        ContextOffer(PRIVATE, (IMPLICIT,)),
    ]
    with server() as scp:
        answer = ask(scp.address[1], offers, told=told.append)
    ct, mr, private = answer.contexts
    assert (ct.id, ct.abstract_syntax, ct.proposed, ct.accepted, ct.refusal) == (
        1, CT, (IMPLICIT, EXPLICIT), EXPLICIT, "",
    )  # fmt: skip
    assert (mr.id, mr.accepted, mr.refusal) == (3, None, "transfer syntaxes not supported")
    assert (private.id, private.accepted) == (5, None)
    assert private.refusal == "abstract syntax not supported"
    (negotiated,) = answer.negotiated
    assert negotiated.peer_maximum_length
    assert [type(each) for each in told] == [Associating, Associated, Releasing, Released]


def test_more_than_an_association_holds(ask: Ask) -> None:
    offers = [ContextOffer(f"1.2.3.{number}", (IMPLICIT,)) for number in range(200)]
    offers.append(ContextOffer(CT, (IMPLICIT,)))
    released = []
    with server(on_release=released.append) as scp:
        answer = ask(scp.address[1], offers)
    assert len(answer.negotiated) == len(released) == 2
    assert [each.association for each in answer.contexts] == [1] * 128 + [2] * 73
    assert [each.abstract_syntax for each in answer.contexts if each.accepted] == [CT]


def test_no_association_is_an_error(ask: Ask) -> None:
    offers = [ContextOffer(CT, (IMPLICIT,))]
    with server(max_associations=1, access=_nobody) as scp:
        port = scp.address[1]
        with pytest.raises(AssociationRejected):
            ask(port, offers)
    with pytest.raises(TransportError):
        ask(port, offers)


def _nobody(requestor: Any) -> AssociateRJ:
    return AssociateRJ(1, 1, 3)


@pytest.mark.parametrize("contexts", [[], ["1.2.3"], "1.2.3"])
def test_what_are_no_contexts(ask: Ask, contexts: Any) -> None:
    with pytest.raises(InvalidValue):
        ask(9, contexts)
