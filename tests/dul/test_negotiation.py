"""Offers against support: every rule on negotiation of PS3.8 7.1, Annex D and PS3.7 D.3.3."""

from __future__ import annotations

import dataclasses

import pytest
import strategies as our
from golden import golden
from hypothesis import given
from hypothesis import strategies as st

from dul.errors import InvalidPDU, LocalProtocolError
from dul.items import PresentationContextAC, UnknownItem
from dul.limits import Limits
from dul.negotiation import (
    _AGREEMENTS,
    _ANSWERS,
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    MOST_REMEMBERED,
    SYNCHRONOUS,
    AcceptedContext,
    Support,
    agree,
    answer,
    check_accept,
    conclude,
    context_offers,
    request,
    speaks_version_1,
    valid_uid,
)
from dul.pdu import AssociateAC, AssociateRJ, AssociateRQ, decode_pdu
from dul.user_items import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)

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


# ---------------------------------------------------------------- results of contexts --


def results(ac: AssociateAC) -> list[tuple[int, int]]:
    return [(each.id, each.result) for each in ac.presentation_contexts]


def test_each_context_has_its_own_result():
    """Table 9-18: 0 acceptance, 3 abstract syntax and 4 transfer syntaxes not supported."""
    ac = agreed(ask((CT, (JPEG, IMPLICIT)), (MR, (IMPLICIT,)), (CT, (JPEG,)), (CT, (EXPLICIT,))))
    assert results(ac) == [(1, 0), (3, 3), (5, 4), (7, 0)]
    assert [each.transfer_syntax for each in ac.presentation_contexts] == [
        IMPLICIT,
        IMPLICIT,  # of a rejected context not significant, but the item needs one
        JPEG,
        EXPLICIT,
    ]


def test_the_acceptors_preference_decides_unless_the_requestors_order_is_to():
    """PS3.8 leaves the choice among the proposed ones to the acceptor."""
    rq = ask((CT, (JPEG, IMPLICIT, EXPLICIT)))
    assert agreed(rq).presentation_contexts[0].transfer_syntax == EXPLICIT
    polite = dataclasses.replace(SUPPORT, by_requestor_order=True)
    assert agreed(rq, polite).presentation_contexts[0].transfer_syntax == IMPLICIT


@given(
    st.permutations([IMPLICIT, EXPLICIT, JPEG]),
    st.lists(st.sampled_from([IMPLICIT, EXPLICIT, JPEG, "1.2.3"]), min_size=1, unique=True),
    st.booleans(),
)
def test_what_is_chosen_was_offered_and_is_supported(ours, offered, by_requestor_order):
    support = Support({CT: tuple(ours)}, by_requestor_order=by_requestor_order)
    (context,) = agreed(ask((CT, tuple(offered))), support).presentation_contexts
    common = [
        each
        for each in (offered if by_requestor_order else ours)
        if each in offered and each in ours
    ]
    assert context.result == (0 if common else 4)
    assert context.transfer_syntax == (common or offered)[0]


def test_unknown_abstract_syntaxes_may_be_taken_as_well_if_they_are_uids():
    promiscuous = Support({CT: (EXPLICIT,)}, unknown_abstract_syntax=(IMPLICIT,))
    for abstract, result in ((CT, 4), ("1.2.3", 0), ("1.02", 3), ("../etc", 3), ("9" * 65, 3)):
        ac = agreed(ask((abstract, (IMPLICIT,))), promiscuous)
        assert results(ac) == [(1, result)]
    assert results(agreed(ask(("1.2.3", (IMPLICIT,))))) == [(1, 3)]


def test_which_unknown_abstract_syntaxes_are_taken_may_be_said():
    support = Support(
        {CT: (EXPLICIT,)},
        unknown_abstract_syntax=(IMPLICIT,),
        unknown_allowed=lambda uid: uid.startswith("1.3."),
    )
    rq = ask(*((abstract, (IMPLICIT,)) for abstract in ("1.3.4", "1.2.3", "1.3.04")))
    assert results(agreed(rq, support)) == [(1, 0), (3, 3), (5, 3)]


def test_a_transfer_syntax_may_be_taken_because_it_comes_first():
    """For requestors that cannot convert: what they name first is what they have."""
    support = Support({CT: (EXPLICIT, IMPLICIT, JPEG)}, taken_if_first=frozenset({JPEG, "1.2.3"}))
    for offered, chosen in (
        ((JPEG, EXPLICIT, IMPLICIT), JPEG),
        ((IMPLICIT, JPEG, EXPLICIT), EXPLICIT),
        ((IMPLICIT, JPEG), IMPLICIT),
        (("1.2.3", IMPLICIT), IMPLICIT),  # which is not supported
    ):
        (context,) = agreed(ask((CT, offered)), support).presentation_contexts
        assert (context.result, context.transfer_syntax) == (0, chosen)


def test_unknown_transfer_syntaxes_may_be_taken_where_there_is_no_other():
    support = Support({CT: (EXPLICIT,)}, unknown_transfer_syntax=True)
    for offered, expected in (
        (("1.2.3", EXPLICIT), (0, EXPLICIT)),
        (("1.02.3", "1.2.3", "1.2.4"), (0, "1.2.3")),
        (("1.02.3",), (4, "1.02.3")),
    ):
        (context,) = agreed(ask((CT, offered)), support).presentation_contexts
        assert (context.result, context.transfer_syntax) == expected
    assert results(agreed(ask((MR, ("1.2.3",))), support)) == [(1, 3)]


def test_an_abstract_syntax_may_recur_under_other_ids():
    ac = agreed(ask((CT, (IMPLICIT,)), (CT, (EXPLICIT,))))
    negotiated = conclude(ask((CT, (IMPLICIT,)), (CT, (EXPLICIT,))), ac, UserInformation())
    assert [each.transfer_syntax for each in negotiated.contexts.values()] == [IMPLICIT, EXPLICIT]


def test_no_context_accepted_is_still_an_association():
    """Nothing in PS3.8 makes that a rejection."""
    assert results(agreed(ask((MR, (IMPLICIT,))))) == [(1, 3)]


# ---------------------------------------------------------------------------- refusals --


def test_another_application_context_is_rejected():
    """1/1/2."""
    rq = dataclasses.replace(ask(), application_context="1.2.840.10008.3.1.1.2")
    assert answer(rq, SUPPORT, LIMITS) == AssociateRJ(1, 1, 2)
    for name in ("rq-application-context", "rq-application-context-empty"):
        assert answer(
            decode_pdu(golden(name, "unacceptable").data), SUPPORT, LIMITS
        ) == AssociateRJ(1, 1, 2)


@pytest.mark.parametrize(
    ("called", "calling", "expected"),
    [
        ("US", "FRIEND", None),
        ("OTHER", "FRIEND", AssociateRJ(1, 1, 7)),
        ("us", "FRIEND", AssociateRJ(1, 1, 7)),
        ("US", "STRANGER", AssociateRJ(1, 1, 3)),
        ("OTHER", "STRANGER", AssociateRJ(1, 1, 7)),
    ],
)
def test_ae_titles_are_checked_with_their_case(called, calling, expected):
    """Table 9-21: 1/1/7 and 1/1/3."""
    support = dataclasses.replace(
        SUPPORT, called_ae_titles=frozenset({"US"}), calling_ae_titles=frozenset({"FRIEND"})
    )
    rq = dataclasses.replace(ask(), called_ae_title=called, calling_ae_title=calling)
    found = answer(rq, support, LIMITS)
    assert found == expected or (expected is None and isinstance(found, AssociateAC))


def test_a_title_of_spaces_is_nobodys():
    """Table 9-11: shall not be used, so that no one can answer to it or be it."""
    found = [
        answer(decode_pdu(golden(f"rq-{which}-spaces", "unacceptable").data), SUPPORT, LIMITS)
        for which in ("called", "calling")
    ]
    assert found == [AssociateRJ(1, 1, 7), AssociateRJ(1, 1, 3)]


def test_the_echo_is_what_was_received():
    """Table 9-17, to the byte: leading spaces, NULs, reserved bytes."""
    for name in ("rq-called-leading-spaces", "rq-called-nul-padded", "rq-reserved-nonzero"):
        data = golden(name, "tolerated").data
        ac = answer(decode_pdu(data), Support(unknown_abstract_syntax=(IMPLICIT,)), LIMITS)
        assert ac.encode()[10:74] == data[10:74]


@pytest.mark.parametrize("maximum", range(9))
def test_a_maximum_without_room_for_a_fragment_is_rejected(maximum: int):
    found = answer(ask(maximum_length=maximum), SUPPORT, LIMITS)
    if 1 <= maximum <= 7:
        assert found == AssociateRJ(1, 2, 1)
    else:
        assert isinstance(found, AssociateAC)


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


# ------------------------------------------------------------------- unknown sub-items --


def test_unknown_items_never_cause_a_rejection():
    """PS3.8 9.3.1 and D.2: ignored, and nothing of them is answered."""
    plain = ask()
    odd = dataclasses.replace(
        plain,
        unknown=(UnknownItem(0x99, b"x"),),
        user_information=dataclasses.replace(
            plain.user_information, unknown=(UnknownItem(0x5F, b"y"),)
        ),
        presentation_contexts=(
            dataclasses.replace(plain.presentation_contexts[0], unknown=(UnknownItem(0x41, b"z"),)),
        ),
    )
    assert agreed(odd) == agreed(plain)


def test_common_extended_negotiation_is_never_answered():
    """57H: only in an RQ."""
    ac = agreed(ask(common_extended_negotiations=(CommonExtendedNegotiation(CT, "1.2"),)))
    assert ac.user_information.common_extended_negotiations == ()


@given(our.associate_rqs)
def test_any_request_has_an_answer(rq: AssociateRQ):
    support = Support(unknown_abstract_syntax=(IMPLICIT,), user_identity=lambda _: b"")
    found = answer(rq, support, LIMITS)
    data = found.encode()
    assert decode_pdu(data) == found
    if isinstance(found, AssociateAC):
        negotiated = conclude(rq, found, rq.user_information)
        ids = {each.id for each in rq.presentation_contexts}
        assert negotiated.contexts.keys() | negotiated.refused.keys() == ids
        assert not negotiated.contexts.keys() & negotiated.refused.keys()


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


@given(st.lists(our.associate_rqs, min_size=1, max_size=3), our.flags, our.flags)
def test_a_request_that_came_before_is_answered_the_same(requests, first, identities):
    supports = (
        Support(unknown_abstract_syntax=(IMPLICIT,), unknown_transfer_syntax=first),
        Support(user_identity=lambda _: b"ticket" if identities else None),
    )
    of_support = {}
    for _ in range(2):
        for rq in requests:
            for support in supports:
                for limits in (LIMITS, Limits()):
                    key = id(rq), id(support), id(limits)
                    found = answer(rq, support, limits)
                    assert found == of_support.setdefault(key, found)
                    _ANSWERS.clear()
                    assert found == answer(rq, support, limits)
                    if isinstance(found, AssociateAC):
                        expected = found.encode(), conclude(rq, found, rq.user_information)
                        assert agree(rq, found) == agree(rq, found) == expected


def test_answers_are_remembered_within_bounds_and_passwords_are_not():
    for _ in range(2 * MOST_REMEMBERED):
        rq = ask()
        agree(rq, agreed(rq))
        assert 0 < len(_ANSWERS) <= MOST_REMEMBERED
        assert 0 < len(_AGREEMENTS) <= MOST_REMEMBERED
    _ANSWERS.clear()
    _AGREEMENTS.clear()
    rq = ask(user_identity=UserIdentity(2, b"me", b"password"))
    agree(rq, agreed(rq))
    assert (_ANSWERS, _AGREEMENTS) == ({}, {})


def test_what_is_judged_anew_is_judged_each_time():
    """An identity, and who may have what: a passcode changes, a policy is read again."""
    judged = []
    support = Support(
        {CT: (EXPLICIT, IMPLICIT)}, user_identity=lambda each: judged.append(each) or b""
    )
    rq = ask(user_identity=UserIdentity(1, b"me"))
    for _ in range(2):
        answer(rq, support, LIMITS)
    assert len(judged) == 2
    rq = ask()
    for permitted, expected in ((True, 0), (False, 1), (True, 0)):
        found = answer(rq, SUPPORT, LIMITS, permits=lambda *_, may=permitted: may)
        assert results(found) == [(1, expected)]
