"""Who fits a rule, and what rules together come to."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimse.access.hosts import networks
from dimse.access.rules import AccessPolicy, AccessRule
from dimse.provider import Denied, Granted
from dimse.requests import Requestor
from dul.limits import Limits
from dul.negotiation import request
from dul.security import CertificateFacts, Security
from dul.user_items import UserIdentity

VERIFICATION, CT, MR = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
IMPLICIT, RLE = "1.2.840.10008.1.2", "1.2.840.10008.1.2.5"
DER = b"a certificate"
LEAF = CertificateFacts(
    "O=Hospital, CN=ct1", "CN=CA", "", "", ("DNS:ct1.Example", "IP:192.0.2.7"), der=DER
)
PRINT = LEAF.sha256


def caller(
    address: str = "192.0.2.7:4711",
    calling: str = "CT1",
    called: str = "ARCHIVE",
    *,
    security: Security | None = None,
    user: UserIdentity | None = None,
    judged: bool = True,
) -> Requestor:
    asked = request(called, calling, (), Limits(), user_identity=user)
    return Requestor(address, calling, called, None, security, asked, judged)


def over_tls(*chain: CertificateFacts, verified: bool = True) -> Security:
    return Security("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256, verified, chain)


ANYBODY = caller(security=over_tls(LEAF), user=UserIdentity.of_user("alice", "x"))


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"addresses": networks(["192.0.2.0/24"])},
        {"calling": ["CT1"]}, {"calling": ["X", "CT?"]}, {"calling": ["*"]},
        {"called": ["ARCH*"]},
        {"tls": True},
        {"certificates": ["O=Hospital, CN=ct1"]}, {"certificates": ["CN=ct1"]},
        {"certificates": ["O=Hospital, CN=*"]}, {"certificates": ["DNS:*.example"]},
        {"certificates": ["IP:192.0.2.7"]},
        {"certificates": ["SHA256:" + ":".join(re.findall("..", PRINT.upper()))]},
        {"users": ["alice"]}, {"users": ["bob", "a*"]},
        {"calling": ["CT1"], "called": ["ARCHIVE"], "tls": True},
    ],
)  # fmt: skip
def test_who_fits(conditions: dict[str, object]) -> None:
    rule = AccessRule("r", **conditions)  # type: ignore[arg-type]
    assert rule.misfits(ANYBODY) == {}
    assert isinstance(AccessPolicy(allow=[rule]).access(ANYBODY), Granted)


@pytest.mark.parametrize(
    ("conditions", "who", "answer", "why"),
    [
        ({"addresses": networks(["198.51.100.0/24"])}, {}, (1, 1, 1), "192.0.2.7 is not in 198.51.100.0/24"),
        ({"addresses": networks(["192.0.2.0/24"])}, {"address": "elsewhere:1"}, (1, 1, 1), "no address"),
        ({"addresses": networks(["::/0"])}, {"address": "192.0.2.7:1"}, (1, 1, 1), "is not in ::/0"),
        ({"calling": ["CT2"]}, {}, (1, 1, 3), "calling AE title 'CT1' is none of CT2"),
        ({"calling": ["ct1"]}, {}, (1, 1, 3), "calling AE title 'CT1' is none of ct1"),
        ({"calling": ["CT[1]"]}, {}, (1, 1, 3), "is none of"),
        ({"calling": []}, {}, (1, 1, 3), "is none of nothing"),
        ({"called": ["PACS"]}, {}, (1, 1, 7), "called AE title 'ARCHIVE' is none of PACS"),
        ({"tls": True}, {}, (1, 1, 1), "does not call over TLS"),
        ({"certificates": ["CN=ct1"]}, {}, (1, 1, 1), "has no certificate"),
        ({"certificates": ["CN=ct1"]}, {"security": over_tls()}, (1, 1, 1), "has no certificate"),
        ({"certificates": ["CN=ct1"]}, {"security": over_tls(LEAF, verified=False)}, (1, 1, 1), "not verified"),
        ({"certificates": ["CN=ct"]}, {"security": over_tls(LEAF)}, (1, 1, 1), "is none of CN=ct"),
        ({"certificates": ["DNS:ct2.example"]}, {"security": over_tls(LEAF)}, (1, 1, 1), "is none of"),
        ({"users": ["alice"]}, {}, (1, 2, 1), "does not say which user"),
        ({"users": ["alice"]}, {"user": UserIdentity.of_jwt(b"alice")}, (1, 2, 1), "does not say which user"),
        ({"users": ["alice"]}, {"user": UserIdentity.of_user("bob", "x")}, (1, 2, 1), "user 'bob' is none of"),
        ({"users": ["alice"]}, {"user": UserIdentity.of_user("alice", "x"), "judged": False}, (1, 1, 1), "nobody here judges"),
        # Several conditions that do not fit: a stranger, who is told nothing.
        ({"calling": ["X"], "called": ["Y"]}, {}, (1, 1, 1), "'ARCHIVE' is none of Y; calling AE title"),
    ],
)  # fmt: skip
def test_who_does_not(
    conditions: dict[str, object], who: dict[str, object], answer: tuple[int, int, int], why: str
) -> None:
    rule = AccessRule("the rule", **conditions)  # type: ignore[arg-type]
    verdict = AccessPolicy(allow=[rule]).access(caller(**who))  # type: ignore[arg-type]
    assert isinstance(verdict, Denied)
    said = verdict.answer
    assert (said.result, said.source, said.reason) == answer
    assert "no rule allows it; the nearest is 'the rule', but " in verdict.why
    assert why in verdict.why


def test_a_name_with_a_comma_is_not_two_names() -> None:
    """Whoever gets a certificate for such a name is not somebody else for it."""
    sly = CertificateFacts("CN=ct1\\, O=Hospital", "CN=CA", "", "")
    assert sly.common_name == "ct1, O=Hospital"
    policy = AccessPolicy(allow=[AccessRule("r", certificates=["CN=ct1, O=Hospital"])])
    assert isinstance(policy.access(caller(security=over_tls(sly))), Denied)


def test_the_nearest_rule_is_named() -> None:
    far = AccessRule("far", calling=["X"], called=["Y"], tls=True)
    near = AccessRule("near", calling=["X"])
    verdict = AccessPolicy(allow=[far, near]).access(caller())
    assert isinstance(verdict, Denied)
    assert "the nearest is 'near'" in verdict.why


def test_denying_wins() -> None:
    policy = AccessPolicy(allow=[AccessRule("all")], deny=[AccessRule("stolen", calling=["CT7"])])
    assert isinstance(policy.access(caller()), Granted)
    assert policy.access(caller(calling="CT7")) == Denied(
        policy.access(caller(calling="CT7")).answer,  # type: ignore[union-attr]
        "rule 'stolen' denies it",
    )


def test_a_user_is_denied_by_what_he_claims() -> None:
    policy = AccessPolicy(
        allow=[AccessRule("all")], deny=[AccessRule("mallory", users=["mallory"])]
    )
    for judged in (True, False):
        claim = caller(user=UserIdentity.of_user("mallory"), judged=judged)
        assert isinstance(policy.access(claim), Denied)
    assert isinstance(policy.access(caller(judged=False)), Granted)


def test_without_a_rule_nobody_may_call() -> None:
    verdict = AccessPolicy(allow=[]).access(ANYBODY)
    assert isinstance(verdict, Denied)
    assert verdict.why == "no rule allows anything"


def test_what_is_given_adds_up() -> None:
    echo = AccessRule("echo", sop_classes=[VERIFICATION])
    ct = AccessRule("ct", calling=["CT*"], sop_classes=[CT], transfer_syntaxes=[IMPLICIT])
    both = AccessPolicy(allow=[echo, ct]).access(caller())
    assert isinstance(both, Granted)
    assert both.why == "rule 'echo' and 'ct'"
    assert both.permits is not None
    pairs = [(VERIFICATION, RLE), (CT, IMPLICIT), (CT, RLE), (MR, IMPLICIT)]
    assert [both.permits(*pair) for pair in pairs] == [True, True, False, False]
    alone = AccessPolicy(allow=[echo, ct]).access(caller(calling="X"))
    assert isinstance(alone, Granted)
    assert alone.permits is not None
    assert [alone.permits(*pair) for pair in pairs] == [True, False, False, False]
    free = AccessPolicy(allow=[echo, AccessRule("all")]).access(caller())
    assert isinstance(free, Granted)
    assert free.permits is None


RULES = st.lists(
    st.builds(
        AccessRule,
        st.just("r"),
        calling=st.none() | st.lists(st.sampled_from(["CT1", "CT2"]), max_size=2),
        called=st.none() | st.lists(st.sampled_from(["ARCHIVE", "PACS"]), max_size=2),
        tls=st.booleans(),
        sop_classes=st.none() | st.lists(st.sampled_from([VERIFICATION, CT]), max_size=2),
    ),
    max_size=4,
)


@given(allow=RULES, deny=RULES, data=st.data())
def test_the_order_of_rules_means_nothing(
    allow: list[AccessRule], deny: list[AccessRule], data: st.DataObject
) -> None:
    who = data.draw(
        st.sampled_from([caller(), caller(calling="CT2", security=over_tls()), ANYBODY])
    )

    def outcome(policy: AccessPolicy) -> object:
        verdict = policy.access(who)
        if isinstance(verdict, Denied):
            return "denied"
        may = verdict.permits or (lambda *_: True)
        return [may(uid, IMPLICIT) for uid in (VERIFICATION, CT, MR)]

    shuffled = AccessPolicy(
        allow=data.draw(st.permutations(allow)), deny=data.draw(st.permutations(deny))
    )
    assert outcome(AccessPolicy(allow=allow, deny=deny)) == outcome(shuffled)


@given(allow=RULES, deny=RULES)
def test_nobody_gets_in_whom_no_rule_fits(allow: list[AccessRule], deny: list[AccessRule]) -> None:
    who = caller()
    verdict = AccessPolicy(allow=allow, deny=deny).access(who)
    fits = any(not rule.misfits(who) for rule in allow)
    assert isinstance(verdict, Granted) is (fits and all(rule.misfits(who) for rule in deny))
