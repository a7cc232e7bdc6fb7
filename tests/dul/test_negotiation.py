"""Offers against support: every rule on negotiation of PS3.8 7.1, Annex D and PS3.7 D.3.3."""

from __future__ import annotations

import dataclasses

import pytest
import strategies as our
from hypothesis import given
from offering import CT, EXPLICIT, IMPLICIT, JPEG, LIMITS, MR, SUPPORT, agreed, ask

from dul.errors import InvalidPDU, LocalProtocolError
from dul.items import PresentationContextAC
from dul.negotiation import (
    _AGREEMENTS,
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    MOST_AGREEMENTS,
    SYNCHRONOUS,
    AcceptedContext,
    agree,
    check_accept,
    conclude,
    context_offers,
    request,
    speaks_version_1,
    valid_uid,
)
from dul.pdu import AssociateAC, AssociateRQ, decode_pdu
from dul.user_items import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)

# -------------------------------------------------------------------------- the request --


def test_a_request_says_who_we_are_and_what_we_take():
    rq = request(
        " CALLED ",
        "CALLING",
        context_offers([(CT, [IMPLICIT])]),
        LIMITS,
        roles=(RoleSelection(CT, True, True),),
        window=AsynchronousOperationsWindow(0, 4),
        extended=(ExtendedNegotiation(CT, b"\2"),),
        common_extended=(CommonExtendedNegotiation(CT, "1.2.840.10008.4.2"),),
        user_identity=UserIdentity(1, b"me"),
    )
    assert (rq.called_ae_title, rq.calling_ae_title) == ("CALLED", "CALLING")
    information = rq.user_information
    assert information.maximum_length == 54321
    assert information.implementation_class_uid == IMPLEMENTATION_CLASS_UID
    assert information.implementation_version_name == IMPLEMENTATION_VERSION_NAME
    assert information.role_selections == (RoleSelection(CT, True, True),)
    assert information.asynchronous_operations_window == AsynchronousOperationsWindow(0, 4)
    assert information.extended_negotiations[0].information == b"\2"
    assert information.common_extended_negotiations[0].sop_class_uid == CT
    assert information.user_identity == UserIdentity(1, b"me")
    assert decode_pdu(rq.encode()) == rq


def test_our_identity_is_a_uid_and_a_name_that_fits():
    assert valid_uid(IMPLEMENTATION_CLASS_UID)
    assert 1 <= len(IMPLEMENTATION_VERSION_NAME) <= 16


def test_contexts_are_numbered_with_odd_ids_and_128_are_the_most():
    """PS3.8 9.3.2.2: odd, 1 to 255."""
    offers = context_offers((CT, [IMPLICIT]) for _ in range(128))
    assert [each.id for each in offers] == list(range(1, 256, 2))
    with pytest.raises(LocalProtocolError, match="129 presentation contexts"):
        context_offers([(CT, [IMPLICIT])] * 129)


@pytest.mark.parametrize(
    ("uid", "valid"),
    [
        ("1.2.840.10008.1.1", True),
        ("0.0", True),
        ("1", True),
        ("1" * 64, True),
        ("1" * 65, False),
        ("", False),
        ("1.", False),
        (".1", False),
        ("1..2", False),
        ("1.02", False),
        ("1.00", False),
        ("1.a", False),
        ("1.2 ", False),
        ("1.\u0662", False),
        ("1.\u00b2", False),
    ],
)
def test_a_uid_has_digits_and_dots(uid: str, valid: bool):
    """PS3.5 9.1."""
    assert valid_uid(uid) is valid


@pytest.mark.parametrize("maximum", range(9))
def test_an_answer_without_room_for_a_fragment_is_invalid(maximum: int):
    ac = AssociateAC((), UserInformation(maximum_length=maximum))
    if 1 <= maximum <= 7:
        with pytest.raises(InvalidPDU, match=f"maximum length {maximum} leaves no room"):
            check_accept(ac)
    else:
        check_accept(ac)


@pytest.mark.parametrize("version", [0, 1, 2, 3, 0x8000, 0xFFFE, 0xFFFF])
def test_only_bit_0_of_the_version_counts(version: int):
    """Tables 9-11 and 9-17."""
    rq = dataclasses.replace(ask(), protocol_version=version)
    ac = AssociateAC((), protocol_version=version)
    assert speaks_version_1(rq) is speaks_version_1(ac) is (version % 2 == 1)
    if version % 2 == 0:
        with pytest.raises(InvalidPDU, match=f"protocol version {version:04X}H lacks bit 0"):
            check_accept(ac)
    else:
        check_accept(ac)


# ---------------------------------------------------------------------- maximum length --


def test_each_side_announces_its_own_maximum():
    rq = ask(maximum_length=1000)
    ac = agreed(rq)
    assert ac.user_information.maximum_length == 54321
    assert conclude(rq, ac, ac.user_information).peer_maximum_length == 54321
    assert conclude(rq, ac, rq.user_information).peer_maximum_length == 1000


@pytest.mark.parametrize(
    ("announced", "counts"), [(0, 0), (8, 8), (0xFFFFFFFF, 0xFFFFFFFF), (None, 16384)]
)
def test_no_maximum_is_not_the_same_as_none_announced(announced: int | None, counts: int):
    """0 is "no maximum"; a peer that leaves 51H out gets what every peer can take."""
    ac = AssociateAC((), UserInformation(maximum_length=announced))
    assert conclude(ask(), ac, ac.user_information).peer_maximum_length == counts


@given(our.associate_rqs, our.associate_acs)
def test_any_answer_can_be_concluded(rq: AssociateRQ, ac: AssociateAC):
    """Whatever a peer answers: each of our contexts is accepted as offered, or not used."""
    negotiated = conclude(rq, ac, ac.user_information)
    offers = {each.id: each for each in rq.presentation_contexts}
    assert negotiated.contexts.keys() | negotiated.refused.keys() == offers.keys()
    for context in negotiated.contexts.values():
        offer = offers[context.id]
        assert context.abstract_syntax == offer.abstract_syntax
        assert context.transfer_syntax in offer.transfer_syntaxes
        assert context.requestor_is_scu or context.requestor_is_scp
        assert [a.result for a in ac.presentation_contexts if a.id == context.id] == [0]
    for context_id in negotiated.refused:
        assert negotiated.refusal(context_id)


# ---------------------------------------------------------------- conclusion of answers --


def concluded(*contexts: PresentationContextAC) -> tuple[dict, dict]:
    rq = ask((CT, (IMPLICIT, EXPLICIT)), (MR, (IMPLICIT,)))
    negotiated = conclude(rq, AssociateAC(contexts), UserInformation())
    return negotiated.contexts, negotiated.refused


MR_ACCEPTED = AcceptedContext(3, MR, IMPLICIT)


def test_answers_may_come_in_any_order():
    """PS3.8 9.3.3.2: by id; a requestor must not rely on the order."""
    first, second = (
        PresentationContextAC(1, 0, (EXPLICIT,)),
        PresentationContextAC(3, 0, (IMPLICIT,)),
    )
    expected = ({1: AcceptedContext(1, CT, EXPLICIT), 3: MR_ACCEPTED}, {})
    assert concluded(first, second) == concluded(second, first) == expected


@pytest.mark.parametrize(
    ("odd", "result"),
    [
        ((PresentationContextAC(1, 0, (JPEG,)),), None),  # a syntax that was not offered
        ((PresentationContextAC(1, 0, ()),), None),  # none
        ((PresentationContextAC(1, 0, (IMPLICIT, EXPLICIT)),), None),  # two
        ((PresentationContextAC(1, 0, ("",)),), None),  # an empty one
        ((), None),  # no answer
        ((PresentationContextAC(1, 0, (IMPLICIT,)),) * 2, None),  # two answers
        ((PresentationContextAC(1, 0, (IMPLICIT,)),) * 3, None),  # three answers
        ((PresentationContextAC(1, 0, (IMPLICIT,)), PresentationContextAC(1, 3)), None),
        ((PresentationContextAC(1, 1),), 1),
        ((PresentationContextAC(1, 2, (IMPLICIT,)),), 2),
        ((PresentationContextAC(1, 3, ("junk",)),), 3),
        ((PresentationContextAC(1, 4),), 4),
        ((PresentationContextAC(1, 9),), 9),
    ],
)
def test_an_answer_that_makes_no_sense_leaves_its_context_unused(odd, result):
    stray = PresentationContextAC(99, 0, (IMPLICIT,))
    assert concluded(*odd, stray, PresentationContextAC(3, 0, (IMPLICIT,))) == (
        {3: MR_ACCEPTED},
        {1: result},
    )


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (1, "user-rejection"),
        (2, "no reason"),
        (3, "abstract syntax not supported"),
        (4, "transfer syntaxes not supported"),
        (9, "result 9"),
        (None, "no valid answer"),
    ],
)
def test_a_refusal_is_told_in_the_standards_words(result: int | None, words: str):
    contexts = () if result is None else (PresentationContextAC(1, result),)
    assert conclude(ask(), AssociateAC(contexts), UserInformation()).refusal(1) == words


# --------------------------------------------------------------------------- the window --


@pytest.mark.parametrize(
    ("asked", "ours", "agreed_on"),
    [
        (None, (1, 1), None),
        (None, (8, 8), None),  # never in an AC unless it was in the RQ
        ((1, 1), (8, 8), (1, 1)),
        ((8, 8), (1, 1), (1, 1)),
        ((5, 3), (3, 5), (3, 3)),
        ((0, 0), (8, 8), (8, 8)),  # 0 is unlimited: any answer is smaller
        ((8, 8), (0, 0), (8, 8)),
        ((0, 7), (0, 0), (0, 7)),
        ((0, 0), (0, 0), (0, 0)),
    ],
)
def test_the_window_is_the_smaller_one_and_0_is_unlimited(asked, ours, agreed_on):
    """PS3.7 D.3.3.3."""
    rq = ask(asynchronous_operations_window=asked and AsynchronousOperationsWindow(*asked))
    support = dataclasses.replace(SUPPORT, window=AsynchronousOperationsWindow(*ours))
    ac = agreed(rq, support)
    given = ac.user_information.asynchronous_operations_window
    assert given == (agreed_on and AsynchronousOperationsWindow(*agreed_on))
    both = conclude(rq, ac, ac.user_information).window
    assert both == AsynchronousOperationsWindow(*(agreed_on or (1, 1)))


@pytest.mark.parametrize(
    ("asked", "given", "counts"),
    [
        (None, (8, 8), (1, 1)),
        ((8, 8), None, (1, 1)),
        ((4, 4), (9, 2), (4, 2)),  # more than was asked for is not given
        ((4, 0), (0, 9), (4, 9)),
    ],
)
def test_a_wrong_window_in_an_answer_is_put_right(asked, given, counts):
    rq = ask(asynchronous_operations_window=asked and AsynchronousOperationsWindow(*asked))
    window = given and AsynchronousOperationsWindow(*given)
    ac = AssociateAC((), UserInformation(asynchronous_operations_window=window))
    found = conclude(rq, ac, ac.user_information).window
    assert found == AsynchronousOperationsWindow(*counts)
    assert AsynchronousOperationsWindow(1, 1) == SYNCHRONOUS


# ----------------------------------------------------------------- what was said before --


def test_agreements_are_remembered_within_bounds_and_passwords_are_not():
    for _ in range(2 * MOST_AGREEMENTS):
        rq = ask()
        ac = agreed(rq)
        assert (
            agree(rq, ac) == agree(rq, ac) == (ac.encode(), conclude(rq, ac, rq.user_information))
        )
        assert 0 < len(_AGREEMENTS) <= MOST_AGREEMENTS
    _AGREEMENTS.clear()
    rq = ask(user_identity=UserIdentity(2, b"me", b"password"))
    agree(rq, agreed(rq))
    assert _AGREEMENTS == {}
