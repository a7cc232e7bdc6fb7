"""Whom storescp admits, and what it accepts: what options come to."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable

from dimse import (
    EXPLICIT_FIRST,
    Access,
    Denied,
    Faults,
    Granted,
    Observer,
    Requestor,
    ServiceRequest,
    storage_support,
)
from dimse.errors import AccessRulesError, PasswordFileUnusable, ProfileError
from dimse.tables.transfer_syntaxes import STORED_AS_THEY_COME
from dul import AssociateRJ, AsynchronousOperationsWindow, Support
from dul.blocking import OneConnection
from dul.values import TYPE_CHECKING, dataclass

from ..grammar.declaration import UsageError
from .options import StorescpSettings

if TYPE_CHECKING:
    from typing import Any

    from dimse import AssociationProfile
    from dimse.access import AccessPolicy, PolicyFile
    from dimse.passwords import PasswordFile

__all__ = [
    "Callers",
    "Once",
    "access_for",
    "callers_for",
    "inherited_socket",
    "listener_of",
    "policy_words",
    "support_for",
]


def support_for(settings: StorescpSettings, users: PasswordFile | None) -> Support:
    """What is accepted.

    Raises:
        UsageError: the profile can't be had.
    """
    called = {*settings.allow_called, *([settings.ae_title] if settings.check_called else [])}
    calling = settings.allow_calling or None
    identify = None if users is None else users.check
    window = AsynchronousOperationsWindow(settings.max_ops, 1)
    if settings.profile is not None:
        profile = _profile(*settings.profile)
        return storage_support(
            sop_classes=(),
            others={each.abstract_syntax: each.transfer_syntaxes for each in profile.contexts},
            preference="ours",
            requestor_may_be_scp=[each.sop_class_uid for each in profile.roles if each.scu],
            extended_negotiation={
                each.sop_class_uid: each.information for each in profile.extended
            },
            called_ae_titles=called or None,
            calling_ae_titles=calling,
            window=window,
            user_identity=identify,
            identity_required=users is not None and not settings.users_if_given,
        )
    # Who wants files in an uncompressed syntax has the sender convert, as at DCMTK.
    syntaxes = settings.syntaxes or (EXPLICIT_FIRST if settings.write_syntax else None)
    # A few names, which need not be there before there is a command line.
    from dimse import StorageLevels  # noqa: PLC0415

    # Stored as they come, objects are what they were, bit by bit; else signatures may not hold.
    levels = StorageLevels(support=2, signatures=1 if settings.write_syntax else 3, coercion=0)
    chosen = syntaxes is not None and not settings.accept_all
    return storage_support(
        any_sop_class=settings.promiscuous,
        any_transfer_syntax=settings.accept_all,
        storage_levels=None if settings.ignore else levels,
        transfer_syntaxes=syntaxes or STORED_AS_THEY_COME,
        preference="ours" if chosen else "unconverted",
        called_ae_titles=called or None,
        calling_ae_titles=calling,
        window=window,
        user_identity=identify,
        identity_required=users is not None and not settings.users_if_given,
    )


def _profile(file: str, name: str) -> AssociationProfile:
    # Few servers have one.
    from dimse import load_profile  # noqa: PLC0415

    try:
        return load_profile(file, name, "acceptor")
    except ProfileError as error:
        raise UsageError(f"reading config file: {error}") from error


def access_for(
    settings: StorescpSettings, faults: Faults, policy: PolicyFile | None = None
) -> Access:
    """Who may call: the faults on purpose first, which are asked for by name.

    Raises:
        UsageError: the rules of this machine can't be kept.
    """
    checks: list[Access] = [faults.access]
    if settings.allow_from or settings.access_control:
        checks.append(_by_address(settings))
    if policy is not None:
        checks.append(policy.access)

    def access(requestor: Requestor) -> AssociateRJ | Denied | Granted | None:
        verdict = None
        for check in checks:
            verdict = check(requestor)
            if isinstance(verdict, AssociateRJ | Denied):
                break
        return verdict  # the last one's, which alone may set bounds

    return access


def _by_address(settings: StorescpSettings) -> Access:
    # Few servers are told.
    from dimse.access import (  # noqa: PLC0415
        Allowed,
        load_host_rules,
        looked_up,
        networks,
        no_names,
    )

    try:
        rules = load_host_rules("storescp") if settings.access_control else None
    except AccessRulesError as error:
        raise UsageError(f"--access-control: {error}") from error
    allowed = Allowed(
        addresses=networks(settings.allow_from) if settings.allow_from else None,
        rules=rules,
        look_up=looked_up if settings.look_up else no_names,
    )
    return allowed.access


@dataclass(frozen=True, slots=True)
class Callers:
    """The files that say who may call; both are read anew at SIGHUP.

    Attributes:
        users: with their passcodes; None: nobody need be one.
        policy: None: there is none.
    """

    users: PasswordFile | None = None
    policy: PolicyFile | None = None

    def reload(self, fault: Callable[[str], None], say: Callable[[str], None]) -> None:
        """Read them anew; a file that is no good changes nothing, and `fault` is told."""
        if self.users is not None:
            try:
                self.users.reload()
            except PasswordFileUnusable as error:
                fault(f"the users stay as they were: {error}")
            else:
                say("The users were read anew")
        if self.policy is not None:
            try:
                self.policy.reload()
            except AccessRulesError as error:
                fault(f"the access policy stays as it was: {error}")
            else:
                say("The access policy was read anew")


def callers_for(settings: StorescpSettings) -> Callers:
    """Who may call.

    Raises:
        PasswordFileUnusable: the file of users is no good.
        AccessRulesError: the access policy can't be kept, here.
        UsageError: the package for the passcodes is not installed.
    """
    if settings.users is None:
        return Callers(policy=_policy_file(settings))
    # Few servers have users.
    from .users import user_file  # noqa: PLC0415

    return Callers(user_file(settings.users), _policy_file(settings))


def policy_words(settings: StorescpSettings) -> str:
    """What --check-policy prints.

    Raises:
        UsageError: the policy can't be kept.
    """
    try:
        file = _policy_file(settings)
    except AccessRulesError as error:
        raise UsageError(str(error)) from error
    assert file is not None
    names = [
        f"{kind}: {rule.name}\n"
        for kind, rules in (("deny", file.policy.deny), ("allow", file.policy.allow))
        for rule in rules
    ]
    return f"{settings.policy} can be kept\n" + "".join(names)


def _policy_file(settings: StorescpSettings) -> PolicyFile | None:
    if settings.policy is None:
        return None
    # Few servers have one.
    from dimse.access import PolicyFile  # noqa: PLC0415

    def check(policy: AccessPolicy) -> None:
        where = str(settings.policy)
        if policy.names_users and settings.users is None:
            raise AccessRulesError(where, "it names users, whom nobody judges without --users")
        if policy.names_tls and settings.tls is None:
            raise AccessRulesError(where, "it asks for TLS or certificates: +tls is missing")
        if policy.names_certificates and settings.client_certificates == "ignore":
            raise AccessRulesError(where, "it names certificates, which nobody asks for with -ic")

    return PolicyFile(settings.policy, check)


def inherited_socket() -> socket.socket:
    """The socket that standard input is; its three descriptors are closed to everybody else.

    inetd gives a connection as input, output and error, so that a message would go to the peer.

    Raises:
        UsageError: it is none.
    """
    if not stat.S_ISSOCK(os.fstat(0).st_mode):
        raise UsageError("--inetd: standard input is no socket")
    sock = socket.socket(fileno=os.dup(0))
    own = os.fstat(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        if os.path.samestat(os.fstat(fd), own):
            os.dup2(nowhere, fd)
    os.close(nowhere)
    return sock


def listener_of(sock: socket.socket) -> socket.socket:
    """What inetd gave, as a listener: it listens ("wait"), or is the only connection ("nowait")."""
    if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return sock
    return OneConnection(sock)


class Once(Observer):
    """Is told when the only association is over, whichever way, and says so."""

    def __init__(self, over: Callable[[], None]) -> None:
        self._over = over

    def rejected(self, requestor: Requestor, answer: AssociateRJ) -> None:
        """It was rejected."""
        del requestor, answer
        self._over()

    def released(self, requestor: Requestor) -> None:
        """It was released."""
        del requestor
        self._over()

    def ended(self, requestor: Requestor, error: Exception) -> None:
        """It ended in another way."""
        del requestor, error
        self._over()

    def refused(self, request: ServiceRequest[Any], error: Exception) -> None:
        """Said by others."""
