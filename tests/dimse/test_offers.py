"""The rules by which presentation contexts are proposed."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from dimse import aio
from dimse.client import Client
from dimse.errors import InvalidValue
from dimse.offers import CLASSIC, EXPLICIT_FIRST, ContextOffer, Offers, checked_offers
from dimse.plan import plan

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
IMPLICIT, EXPLICIT, BIG = CLASSIC
DEFLATED, RLE, J2K = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.90"


@dataclass
class Item:
    transfer_syntax_uid: str
    sop_class_uid: str = CT


def syntaxes(rules, own, **how):
    offers = rules.for_object(Item(own), **how)
    assert {each.abstract_syntax for each in offers} <= {CT}
    return [each.transfer_syntaxes for each in offers]


def test_by_default_the_own_syntax_alone_and_the_classic_ones():
    assert syntaxes(Offers(), RLE) == [(RLE,), CLASSIC]
    assert syntaxes(Offers(), EXPLICIT) == [(EXPLICIT,), CLASSIC]
    assert syntaxes(Offers(), RLE, default_offered=True) == [(RLE,)]


def test_another_order():
    assert syntaxes(Offers(uncompressed=EXPLICIT_FIRST), RLE) == [(RLE,), (EXPLICIT, BIG, IMPLICIT)]


def test_further_ones_have_contexts_of_their_own():
    rules = Offers(besides=(J2K, RLE))
    assert syntaxes(rules, EXPLICIT) == [(EXPLICIT,), (J2K,), (RLE,), CLASSIC]
    assert syntaxes(rules, RLE) == [(RLE,), (J2K,), CLASSIC]


def test_only_these():
    assert syntaxes(Offers(only=(IMPLICIT,), besides=(J2K,)), RLE) == [(IMPLICIT,)]


def test_one_context_for_all():
    assert syntaxes(Offers(combine=True), EXPLICIT) == [CLASSIC]
    assert syntaxes(Offers(combine=True), RLE) == [(RLE, *CLASSIC)]
    assert syntaxes(Offers(combine=True, besides=(J2K,)), RLE) == [(RLE, J2K, *CLASSIC)]
    assert syntaxes(Offers(combine=True, besides=(J2K,)), J2K) == [(J2K, *CLASSIC)]


def test_what_cannot_be_converted_is_proposed_as_it_is():
    rules = Offers(combine=True, convertible=lambda item: item.transfer_syntax_uid != RLE)
    assert syntaxes(rules, RLE) == [(RLE,)]
    assert syntaxes(rules, J2K) == [(J2K, *CLASSIC)]
    assert syntaxes(rules, IMPLICIT) == [CLASSIC]


def test_nothing_for_objects():
    assert syntaxes(Offers(nothing=True), RLE) == []


def test_what_is_always_proposed():
    assert Offers().for_classes([CT, MR]) == (ContextOffer(CT, CLASSIC), ContextOffer(MR, CLASSIC))
    assert Offers(besides=(J2K,)).for_classes([CT]) == (
        ContextOffer(CT, (J2K,)),
        ContextOffer(CT, CLASSIC),
    )
    assert Offers(besides=(J2K,), combine=True).for_classes([CT]) == (
        ContextOffer(CT, (J2K, *CLASSIC)),
    )
    assert Offers(only=(IMPLICIT,)).for_classes([CT]) == (ContextOffer(CT, (IMPLICIT,)),)


def test_the_plan_follows_the_rules():
    items = [Item(RLE), Item(EXPLICIT), Item(RLE, MR)]
    rules = Offers(combine=True, uncompressed=EXPLICIT_FIRST)
    (association,) = plan(items, rules=rules)
    assert [(each.abstract_syntax, each.transfer_syntaxes) for each in association.offers] == [
        (CT, (RLE, *EXPLICIT_FIRST)),
        (CT, EXPLICIT_FIRST),
        (MR, (RLE, *EXPLICIT_FIRST)),
    ]


@pytest.mark.parametrize(
    "wrong", [{"besides": ("x",)}, {"only": ("1..2",)}, {"uncompressed": ()}], ids=str
)
def test_what_is_no_transfer_syntax(wrong):
    with pytest.raises(InvalidValue):
        Offers(**wrong)


# ------------------------------------------------------------------------- what is no offer --


@pytest.mark.parametrize(
    ("abstract", "transfer"),
    [(CT, IMPLICIT), (CT, ()), (CT, [IMPLICIT]), (CT, None), (7, (IMPLICIT,)), (None, (IMPLICIT,))],
)
def test_an_offer_has_a_tuple_of_transfer_syntaxes(abstract: Any, transfer: Any) -> None:
    with pytest.raises(InvalidValue, match="syntax"):
        ContextOffer(abstract, transfer)


NO_CONTEXTS = [CT, [CT], [5], None, 5, [], [(CT, (IMPLICIT,))]]


@pytest.mark.parametrize("contexts", NO_CONTEXTS)
def test_what_an_association_cannot_be_asked_with(contexts: Any) -> None:
    """Nobody is called: nobody is there."""
    with pytest.raises(InvalidValue, match="contexts"):
        Client("127.0.0.1", 1).associate(contexts)
    with pytest.raises(InvalidValue, match="contexts"):
        asyncio.run(aio.Client("127.0.0.1", 1).associate(contexts))


@pytest.mark.parametrize(
    "how", [{"base_contexts": [CT]}, {"priority": 3}, {"priority": "high"}, {"repeat": "2"},
            {"move_originator": ("PACS", "1")}, {"move_originator": ("PACS", 1 << 16)},
            {"move_originator": "PACS"}, {"max_losses": 0}],
)  # fmt: skip
@pytest.mark.parametrize("client", [Client, aio.Client])
def test_how_nothing_can_be_sent(client: Any, how: dict[str, Any]) -> None:
    (name,) = how
    for call in (client("127.0.0.1", 1).store, client("127.0.0.1", 1).send):
        with pytest.raises(InvalidValue, match=name):
            call("ct.dcm", **how)


@pytest.mark.parametrize("offer", [("verification", ("1.2",)), ("1.2.3", ("1.2", "implicit"))])
def test_what_is_no_uid_is_not_proposed(offer: tuple[str, tuple[str, ...]]) -> None:
    with pytest.raises(InvalidValue, match=r"contexts: '(verification|implicit)' is no UID"):
        checked_offers([ContextOffer(*offer)])


def test_a_uid_that_is_only_wrong_in_form_may_be_proposed() -> None:
    assert checked_offers([ContextOffer("1.02.3", ("1.2",))])
