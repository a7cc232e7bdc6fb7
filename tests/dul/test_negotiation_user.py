"""Roles, extended negotiation and user identity (PS3.7 D.3.3.4 to D.3.3.7)."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import pytest
from golden import golden
from offering import CT, IMPLICIT, LIMITS, MR, SUPPORT, agreed, ask, results

from dul.items import PresentationContextAC
from dul.negotiation import conclude
from dul.pdu import AssociateAC, AssociateRJ, decode_pdu
from dul.support import Support, answer
from dul.user_items import ExtendedNegotiation, RoleSelection, UserIdentity, UserInformation

# ---------------------------------------------------------------------------- the roles --

Roles = tuple[bool, bool]

# What the requestor is, by (SCU, SCP) of the RQ and of the AC; None: the default roles.
TRUTH: dict[tuple[Roles, Roles | None], Roles | None] = {
    ((True, False), (True, False)): (True, False),
    ((False, True), (False, True)): (False, True),
    ((True, True), (True, True)): (True, True),
    ((True, True), (False, True)): (False, True),
    ((True, True), (True, False)): (True, False),
}


def expected_roles(proposed: Roles, returned: Roles | None) -> Roles | None:
    """The truth table of `ul_pdus.md`; None: no role, so the context is of no use."""
    if returned is None:
        return (True, False)
    # An acceptor must not return 1 where 0 was proposed; the requestor ignores it if it does.
    returned = (returned[0] and proposed[0], returned[1] and proposed[1])
    return TRUTH.get((proposed, returned)) if returned != (False, False) else None


ALL_ROLES = list(itertools.product((True, False), repeat=2))


@pytest.mark.parametrize("proposed", ALL_ROLES)
@pytest.mark.parametrize("returned", [*ALL_ROLES, None])
def test_roles_follow_the_truth_table(proposed: Roles, returned: Roles | None):
    rq = ask(role_selections=(RoleSelection(CT, *proposed),))
    roles = () if returned is None else (RoleSelection(CT, *returned),)
    ac = AssociateAC(
        (PresentationContextAC(1, 0, (IMPLICIT,)),), UserInformation(role_selections=roles)
    )
    negotiated = conclude(rq, ac, ac.user_information)
    expected = expected_roles(proposed, returned)
    if expected is None:
        assert negotiated.contexts == {}
        assert negotiated.refused == {1: None}
    else:
        found = negotiated.contexts[1]
        assert (found.requestor_is_scu, found.requestor_is_scp) == expected


def test_a_role_that_was_not_asked_for_is_not_given():
    rq = ask()
    ac = AssociateAC(
        (PresentationContextAC(1, 0, (IMPLICIT,)),),
        UserInformation(role_selections=(RoleSelection(CT, True, True),)),
    )
    found = conclude(rq, ac, ac.user_information).contexts[1]
    assert (found.requestor_is_scu, found.requestor_is_scp) == (True, False)


@pytest.mark.parametrize("proposed", ALL_ROLES)
@pytest.mark.parametrize("allowed", [True, False])
def test_the_acceptor_gives_no_role_that_was_not_proposed(proposed: Roles, allowed: bool):
    """PS3.7 D.3.3.4; being the SCP is for the acceptor's user to allow."""
    support = dataclasses.replace(
        SUPPORT, requestor_may_be_scp=frozenset({CT}) if allowed else frozenset()
    )
    rq = ask(role_selections=(RoleSelection(CT, *proposed),))
    ac = agreed(rq, support)
    scu, scp = proposed[0], proposed[1] and allowed
    if scu or scp:
        assert ac.user_information.role_selections == (RoleSelection(CT, scu, scp),)
        assert results(ac) == [(1, 0)]
    else:
        # A context without a role is none: it is refused, and not accepted to be aborted later.
        assert ac.user_information.role_selections == ()
        assert results(ac) == [(1, 1)]
    found = conclude(rq, ac, rq.user_information).contexts
    assert [(each.requestor_is_scu, each.requestor_is_scp) for each in found.values()] == [
        (scu, scp)
    ] * (scu or scp)


def test_roles_are_answered_for_what_is_offered_and_supported():
    roles = (
        RoleSelection(CT, True, True),
        RoleSelection(MR, True, True),
        RoleSelection("1.2", True, True),
    )
    rq = ask((CT, (IMPLICIT,)), (MR, (IMPLICIT,)), role_selections=roles)
    ac = agreed(rq, dataclasses.replace(SUPPORT, requestor_may_be_scp=frozenset({CT, "1.2"})))
    assert ac.user_information.role_selections == (RoleSelection(CT, True, True),)


def test_of_two_roles_for_one_sop_class_the_first_counts_at_both_ends():
    """One is allowed; a second one must not make the ends disagree."""
    roles = (RoleSelection(CT, True, False), RoleSelection(CT, False, True))
    rq = ask(role_selections=roles)
    ac = agreed(rq)
    assert ac.user_information.role_selections == (RoleSelection(CT, True, False),)
    for peer in (rq.user_information, ac.user_information):
        found = conclude(rq, ac, peer).contexts[1]
        assert (found.requestor_is_scu, found.requestor_is_scp) == (True, False)
    twice = AssociateAC(ac.presentation_contexts, UserInformation(role_selections=roles))
    asked = ask(role_selections=(RoleSelection(CT, True, True),))
    found = conclude(asked, twice, UserInformation()).contexts[1]
    assert (found.requestor_is_scu, found.requestor_is_scp) == (True, False)
    assert agreed(decode_pdu(golden("rq-role-selection-twice", "unacceptable").data))


# ---------------------------------------------------------------- extended negotiation --


def test_extended_negotiation_is_answered_to_who_asked():
    """PS3.7 D.3.3.5: 56H in an AC only for SOP classes of the RQ."""
    support = dataclasses.replace(SUPPORT, extended_negotiation={CT: b"\1\0", MR: b"\2"})
    assert agreed(ask(), support).user_information.extended_negotiations == ()
    asked = (ExtendedNegotiation(CT, b"\3\3"), ExtendedNegotiation("1.2", b""))
    ac = agreed(ask(extended_negotiations=asked), support)
    assert ac.user_information.extended_negotiations == (ExtendedNegotiation(CT, b"\1\0"),)
    assert agreed(ask(extended_negotiations=asked)).user_information.extended_negotiations == ()


# ----------------------------------------------------------------------- user identity --


@pytest.mark.parametrize("kind", [1, 2, 3, 4, 5, 0, 9])
@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("response", [b"", b"ticket", None])
def test_a_user_is_let_in_or_not(kind: int, wanted: bool, response: bytes | None):
    """PS3.7 D.3.3.7: 59H only if it was asked for and the user is known; else 1/2/1."""
    seen = []

    def judge(identity: UserIdentity) -> bytes | None:
        seen.append(identity)
        return response

    identity = UserIdentity(kind, b"me", b"word" if kind == 2 else b"", wanted)
    support = dataclasses.replace(SUPPORT, user_identity=judge)
    found = answer(ask(user_identity=identity), support, LIMITS)
    assert seen == [identity]
    if response is None:
        assert found == AssociateRJ(1, 2, 1)
    else:
        assert found.user_information.user_identity_response == (response if wanted else None)
        assert found.user_information.user_identity is None


@pytest.mark.parametrize("given", [False, True, "", 0])
def test_a_judge_that_gives_no_verdict_lets_nobody_in(given: Any):
    support = dataclasses.replace(SUPPORT, user_identity=lambda _: given)
    with pytest.raises(
        TypeError, match=f"user_identity gave {given!r}, and neither bytes nor None"
    ):
        answer(ask(user_identity=UserIdentity(1, b"me")), support, LIMITS)


@pytest.mark.filterwarnings("error")
def test_a_judge_that_nobody_awaits_lets_nobody_in_and_leaves_no_warning():
    async def judge(_: UserIdentity) -> bytes:
        return b""

    support = dataclasses.replace(SUPPORT, user_identity=judge)
    with pytest.raises(TypeError, match="user_identity gave <coroutine"):
        answer(ask(user_identity=UserIdentity(1, b"me")), support, LIMITS)


def test_who_does_not_look_at_identities_accepts_and_answers_nothing():
    identity = UserIdentity(1, b"me", positive_response_requested=True)
    ac = agreed(ask(user_identity=identity))
    assert ac.user_information.user_identity_response is None


def test_who_shows_no_identity_is_not_judged():
    def judge(identity: UserIdentity) -> bytes:
        raise AssertionError(identity)

    ac = agreed(ask(), dataclasses.replace(SUPPORT, user_identity=judge))
    assert ac.user_information.user_identity_response is None


def test_nobody_is_judged_who_is_rejected_anyway():
    def judge(identity: UserIdentity) -> bytes:
        raise AssertionError(identity)

    support = Support(called_ae_titles=frozenset({"X"}), user_identity=judge)
    rq = ask(user_identity=UserIdentity(1, b"me"))
    assert answer(rq, support, LIMITS) == AssociateRJ(1, 1, 7)
