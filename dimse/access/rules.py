"""An access policy: who may call whom, from where, as whom, and with what. All else is denied.

    policy = AccessPolicy(
        allow=[
            AccessRule("CT", addresses=networks(["192.0.2.0/24"]), calling=["CT1", "CT2"]),
            AccessRule("web", certificates=["DNS:web.example"], sop_classes=[VERIFICATION]),
        ]
    )
    Server(spool.open, access=policy.access)

A rule fits who fits all of its conditions. Who fits a rule of `deny` is rejected. Who fits none of
`allow` is rejected, too; who fits several may have what any of them gives, so that the order of rules
means nothing. A reject says only what the peer may know: that its title, or ours, is the wrong one
(1/1/3, 1/1/7) or that it is not believed (1/2/1, PS3.7 D.3.3.7.3), where that alone keeps it out; to
strangers it says nothing (1/1/1).
"""

from __future__ import annotations

import fnmatch
import ipaddress
from collections.abc import Callable, Collection, Sequence

from dimse.provider import Denied, Granted
from dimse.requests import Requestor
from dul.errors import RejectReason
from dul.pdu import AssociateRJ
from dul.security import escaped
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final, TypeAlias

__all__ = ["AccessPolicy", "AccessRule"]

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAMED: Final = frozenset({1, 2})  # user identities that are names (PS3.7 Table D.3-14)
_STRANGER: Final = AssociateRJ.because(RejectReason.NO_REASON_GIVEN)
_ANSWERS: Final = {
    "calling": AssociateRJ.because(RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED),
    "called": AssociateRJ.because(RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED),
    "users": AssociateRJ.because(RejectReason.PROVIDER_NO_REASON_GIVEN),
}
"""What a peer is told of the only condition that keeps it out."""


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Conditions on who calls, and what is given to who fits them all.

    In titles, users and certificates "*" stands for any text and "?" for a character. None means
    that it does not matter; of an empty sequence nothing fits.

    Attributes:
        name: for the log.
        addresses: hosts and networks; see `dimse.access.hosts.networks`.
        calling: AE titles that it may call itself.
        called: AE titles that it may call.
        certificates: of which one must be the peer's, and verified: a whole subject, as -v shows it
            ("CN=ct1, O=Hospital"), the common name alone ("CN=ct1"), another name that stands in it
            ("DNS:ct1.example", "IP:192.0.2.7"), or its fingerprint ("SHA256:" and 64 hexadecimal
            digits, with or without colons).
        users: who it must prove to be; the server's support has a `user_identity` that judges that.
        tls: the connection must be one over TLS.
        sop_classes: UIDs that it may have.
        transfer_syntaxes: UIDs, likewise.
    """

    name: str
    addresses: Sequence[_Network] | None = None
    calling: Sequence[str] | None = None
    called: Sequence[str] | None = None
    certificates: Sequence[str] | None = None
    users: Sequence[str] | None = None
    tls: bool = False
    sop_classes: Collection[str] | None = None
    transfer_syntaxes: Collection[str] | None = None

    def misfits(self, requestor: Requestor) -> dict[str, str]:
        """What about a requestor does not fit: the conditions, each with the reason in words."""
        found = {condition: why(self, requestor) for condition, why in _CONDITIONS.items()}
        return {condition: why for condition, why in found.items() if why}

    def permits(self, abstract_syntax: str, transfer_syntax: str) -> bool:
        """Whether this rule gives such a presentation context."""
        return (self.sop_classes is None or abstract_syntax in self.sop_classes) and (
            self.transfer_syntaxes is None or transfer_syntax in self.transfer_syntaxes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPolicy:
    """Rules that together say who may call.

    Attributes:
        allow: who fits one of these may call.
        deny: unless it fits one of these.
    """

    allow: Sequence[AccessRule]
    deny: Sequence[AccessRule] = ()

    @property
    def names_users(self) -> bool:
        """A rule asks for a user, so that somebody must judge identities."""
        return any(rule.users is not None for rule in (*self.allow, *self.deny))

    @property
    def names_certificates(self) -> bool:
        """A rule asks for a certificate, so that the server must ask for it."""
        return any(rule.certificates is not None for rule in (*self.allow, *self.deny))

    @property
    def names_tls(self) -> bool:
        """A rule asks for TLS, or for a certificate, which comes by TLS alone."""
        return self.names_certificates or any(rule.tls for rule in (*self.allow, *self.deny))

    def access(self, requestor: Requestor) -> Denied | Granted:
        """Judge who calls; an `Access`."""
        for rule in self.deny:
            if not rule.misfits(requestor).keys() - {_UNPROVEN}:
                return Denied(_STRANGER, f"rule {rule.name!r} denies it")
        misfits = [rule.misfits(requestor) for rule in self.allow]
        fitting = [rule for rule, wrong in zip(self.allow, misfits, strict=True) if not wrong]
        if fitting:
            return _granted(fitting)
        if not misfits:
            return Denied(_STRANGER, "no rule allows anything")
        nearest = min(range(len(misfits)), key=lambda index: len(misfits[index]))
        wrong = misfits[nearest]
        answer = _ANSWERS.get(next(iter(wrong)), _STRANGER) if len(wrong) == 1 else _STRANGER
        why = "; ".join(wrong.values())
        return Denied(
            answer, f"no rule allows it; the nearest is {self.allow[nearest].name!r}, but {why}"
        )


def _granted(rules: Sequence[AccessRule]) -> Granted:
    """What several rules together give."""
    names = " and ".join(repr(rule.name) for rule in rules)
    unbounded = any(rule.sop_classes is None and rule.transfer_syntaxes is None for rule in rules)
    return Granted(
        f"rule {names}",
        None if unbounded else lambda *pair: any(rule.permits(*pair) for rule in rules),
    )


# ---------------------------------------------------------------------------- conditions --


def _tls(rule: AccessRule, requestor: Requestor) -> str:
    return "it does not call over TLS" if rule.tls and requestor.security is None else ""


def _address(rule: AccessRule, requestor: Requestor) -> str:
    if rule.addresses is None:
        return ""
    try:
        own = ipaddress.ip_address(requestor.host)
    except ValueError:
        return f"{requestor.host!r} is no address"
    if any(own in network for network in rule.addresses):
        return ""
    return f"address {own} is not in {_listed(map(str, rule.addresses))}"


def _certificate(rule: AccessRule, requestor: Requestor) -> str:
    if rule.certificates is None:
        return ""
    security = requestor.security
    if security is None or not security.chain:
        return "it has no certificate"
    if not security.verified:
        return "its certificate is not verified"
    own = security.chain[0]
    names = {own.subject, f"CN={escaped(own.common_name)}", *map(_folded, own.names)}
    names.add(_folded(f"SHA256:{own.sha256}"))
    if any(_fits(_folded(pattern), name) for pattern in rule.certificates for name in names):
        return ""
    return f"certificate {own.subject!r} is none of {_listed(rule.certificates)}"


def _folded(name: str) -> str:
    """A name of a certificate as it is compared: hosts in small letters, fingerprints without colons."""
    kind, colon, text = name.partition(":")
    if kind in {"DNS", "email", "IP"}:
        return f"{kind}:{text.lower()}"
    if kind == "SHA256" and colon:
        return f"{kind}:{text.replace(':', '').lower()}"
    return name


def _called(rule: AccessRule, requestor: Requestor) -> str:
    return _title("called", rule.called, requestor.called_ae_title)


def _calling(rule: AccessRule, requestor: Requestor) -> str:
    return _title("calling", rule.calling, requestor.calling_ae_title)


def _title(which: str, allowed: Sequence[str] | None, title: str) -> str:
    if allowed is None or any(_fits(pattern, title) for pattern in allowed):
        return ""
    return f"{which} AE title {title!r} is none of {_listed(allowed)}"


def _unproven(rule: AccessRule, requestor: Requestor) -> str:
    if rule.users is None or requestor.identity_judged:
        return ""
    return "nobody here judges identities, and anybody could claim to be one of its users"


def _user(rule: AccessRule, requestor: Requestor) -> str:
    if rule.users is None:
        return ""
    identity = requestor.user_identity
    if identity is None or identity.type not in _NAMED:
        return "it does not say which user calls"
    name = identity.primary.decode("utf-8", "replace")
    if any(_fits(pattern, name) for pattern in rule.users):
        return ""
    return f"user {name!r} is none of {_listed(rule.users)}"


_UNPROVEN: Final = "unproven"
_CONDITIONS: Final[dict[str, Callable[[AccessRule, Requestor], str]]] = {
    "tls": _tls,
    "from": _address,
    "certificates": _certificate,
    "called": _called,
    "calling": _calling,
    "users": _user,
    _UNPROVEN: _unproven,
}


def _fits(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern says; "[" means nothing in it, unlike in file names."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def _listed(texts: Sequence[str] | map[str]) -> str:
    return ", ".join(texts) or "nothing"
