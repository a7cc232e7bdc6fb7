"""Whom storescp admits, and what it accepts: what options come to."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dimse import (
    EXPLICIT_FIRST,
    Access,
    Faults,
    Observer,
    Requestor,
    ServiceRequest,
    storage_support,
)
from dimse.errors import AccessRulesError, ProfileError
from dimse.tables.transfer_syntaxes import STORED_AS_THEY_COME
from dul import AssociateRJ, AssociateRQ, Support
from dul.blocking import OneConnection

from ..grammar.declaration import UsageError
from .options import StorescpSettings

if TYPE_CHECKING:
    from dimse import AssociationProfile
    from dimse.passwords import PasswordFile

__all__ = ["Once", "access_for", "inherited_socket", "listener_of", "support_for"]


def support_for(settings: StorescpSettings, users: PasswordFile | None) -> Support:
    """What is accepted.

    Raises:
        UsageError: the profile can't be had.
    """
    called = {*settings.allow_called, *([settings.ae_title] if settings.check_called else [])}
    calling = settings.allow_calling or None
    identify = None if users is None else users.check
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
            user_identity=identify,
            identity_required=users is not None,
        )
    # Who wants files in an uncompressed syntax has the sender convert, as at DCMTK.
    syntaxes = settings.syntaxes or (EXPLICIT_FIRST if settings.write_syntax else None)
    chosen = syntaxes is not None and not settings.accept_all
    return storage_support(
        any_sop_class=settings.promiscuous,
        any_transfer_syntax=settings.accept_all,
        transfer_syntaxes=syntaxes or STORED_AS_THEY_COME,
        preference="ours" if chosen else "unconverted",
        called_ae_titles=called or None,
        calling_ae_titles=calling,
        user_identity=identify,
        identity_required=users is not None,
    )


def _profile(file: str, name: str) -> AssociationProfile:
    # Few servers have one.
    from dimse import load_profile  # noqa: PLC0415

    try:
        return load_profile(file, name, "acceptor")
    except ProfileError as error:
        raise UsageError(f"reading config file: {error}") from error


def access_for(settings: StorescpSettings, faults: Faults) -> Access:
    """Who may call: the faults on purpose first, which are asked for by name.

    Raises:
        UsageError: the rules of this machine can't be kept.
    """
    if not (settings.allow_from or settings.access_control):
        return faults.access
    # Few servers are told.
    from dimse.access import Allowed, load_host_rules, looked_up, networks, no_names  # noqa: PLC0415

    try:
        rules = load_host_rules("storescp") if settings.access_control else None
    except AccessRulesError as error:
        raise UsageError(f"--access-control: {error}") from error
    allowed = Allowed(
        addresses=networks(settings.allow_from) if settings.allow_from else None,
        rules=rules,
        look_up=looked_up if settings.look_up else no_names,
    )

    def access(request: AssociateRQ, address: str) -> AssociateRJ | None:
        return faults.access(request, address) or allowed.access(request, address)

    return access


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
