"""An acceptor's answer: what it takes of an offer, what it refuses, and what it says each time."""

from __future__ import annotations

import dataclasses

import pytest
import strategies as our
from golden import golden
from hypothesis import given
from hypothesis import strategies as st
from offering import CT, EXPLICIT, IMPLICIT, JPEG, LIMITS, MR, SUPPORT, agreed, ask, results

from dul.items import UnknownItem
from dul.limits import Limits
from dul.negotiation import (
    agree,
    conclude,
)
from dul.pdu import AssociateAC, AssociateRJ, AssociateRQ, decode_pdu
from dul.support import _ANSWERS, MOST_ANSWERS, Support, answer
from dul.user_items import (
    CommonExtendedNegotiation,
    UserIdentity,
    UserInformation,
)

# ---------------------------------------------------------------- results of contexts --


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
    for _ in range(2 * MOST_ANSWERS):
        agreed(ask())
        assert 0 < len(_ANSWERS) <= MOST_ANSWERS
    _ANSWERS.clear()
    agreed(ask(user_identity=UserIdentity(2, b"me", b"password")))
    assert _ANSWERS == {}


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


async def _awaited(*_: object) -> bool:
    """As somebody may write it for asyncio; nobody awaits it."""
    return False


@pytest.mark.parametrize("judge", [_awaited, lambda *_: "no", lambda *_: None, lambda *_: 1])
def test_what_is_neither_true_nor_false_gives_nobody_a_context(judge):
    with pytest.raises(TypeError, match=r"permits gave .*, and neither True nor False"):
        answer(ask(), SUPPORT, LIMITS, permits=judge)
    support = Support(unknown_abstract_syntax=(IMPLICIT,), unknown_allowed=judge)
    with pytest.raises(TypeError, match=r"unknown_allowed gave .*, and neither True nor False"):
        answer(ask(), support, LIMITS)
