"""Whom a client calls, and how: all that both faces need to know before they associate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dimse.errors import InvalidValue
from dimse.plan import ContextOffer, numbered
from dimse.tables.storage_sops import STORAGE_SOP_CLASSES
from dimse.titles import checked_ae_title
from dul.association import Trace
from dul.limits import Limits
from dul.negotiation import request
from dul.pdu import AssociateRQ
from dul.user_items import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
)
from dul.values import TYPE_CHECKING, dataclass, field

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = ["Peer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Whom to call, and how.

    Attributes:
        host: name or address.
        port: TCP port, 1 to 65535.
        called_ae_title: the peer's AE title, 1 to 16 characters.
        calling_ae_title: ours, the same.
        limits: bounds and times.
        tls: a client context, for TLS.
        server_hostname: whom its certificate must name; None: the host.
        user_identity: 58H, for peers that want a user name, a ticket or a token (PS3.7 D.3.3.7).
        roles: 54H, one for each SOP class whose roles are not the default (PS3.7 D.3.3.4).
        extended: 56H, by SOP class (PS3.7 D.3.3.5).
        ask_storage: propose extended negotiation for each storage SOP class that is proposed, to hear
            what the peer's storage preserves; see `dimse.StorageLevels`.
        common_extended: 57H, by SOP class (PS3.7 D.3.3.6).
        window: 53H, how many operations may be outstanding (PS3.7 D.3.3.3); None: not proposed.
        family: of the addresses that are tried, `socket.AF_INET` or `AF_INET6`; 0: either.
        trace: is told every transition of the state machine.

    Raises:
        InvalidValue: a value that no association can be requested with.
    """

    host: str
    port: int
    called_ae_title: str = "ANY-SCP"
    calling_ae_title: str = "DULCET"
    limits: Limits = field(default_factory=Limits)
    tls: SSLContext | None = None
    server_hostname: str | None = None
    user_identity: UserIdentity | None = None
    roles: tuple[RoleSelection, ...] = ()
    extended: tuple[ExtendedNegotiation, ...] = ()
    ask_storage: bool = False
    common_extended: tuple[CommonExtendedNegotiation, ...] = ()
    window: AsynchronousOperationsWindow | None = None
    family: int = 0
    trace: Trace | None = None

    def __post_init__(self) -> None:
        _check_place(self.host, self.port)
        for name in ("called_ae_title", "calling_ae_title"):
            checked_ae_title(getattr(self, name), name)
        if not isinstance(self.limits, Limits):
            raise InvalidValue("limits", f"{type(self.limits).__name__} is no dul.Limits")
        if self.tls is not None and not hasattr(self.tls, "wrap_bio"):
            raise InvalidValue("tls", f"{type(self.tls).__name__} is no ssl.SSLContext")
        if self.user_identity is not None and not isinstance(self.user_identity, UserIdentity):
            raise InvalidValue(
                "user_identity", f"{type(self.user_identity).__name__} is no dul.UserIdentity"
            )

    def request(self, contexts: Sequence[ContextOffer]) -> AssociateRQ:
        """The A-ASSOCIATE-RQ that proposes these contexts."""
        return request(
            self.called_ae_title,
            self.calling_ae_title,
            numbered(contexts),
            self.limits,
            roles=self.roles,
            window=self.window,
            extended=(*self.extended, *self._questions(contexts)),
            common_extended=self.common_extended,
            user_identity=self.user_identity,
        )

    def _questions(self, contexts: Sequence[ContextOffer]) -> Iterator[ExtendedNegotiation]:
        """What is asked of the peer's storage, for each class that nothing else is said of."""
        if not self.ask_storage:
            return
        # Few ask.
        from dimse.levels import SCU_ALONE  # noqa: PLC0415

        told = {each.sop_class_uid for each in self.extended}
        for uid in dict.fromkeys(each.abstract_syntax for each in contexts):
            if uid in STORAGE_SOP_CLASSES and uid not in told:
                yield ExtendedNegotiation(uid, SCU_ALONE.encode())


def _check_place(host: object, port: object) -> None:
    # Not every caller has a type checker, and a port as a text is common in settings.
    if not isinstance(host, str) or not host:
        raise InvalidValue("host", f"{host!r} is no host name and no address")
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 1 << 16:
        raise InvalidValue("port", f"{port!r} is no TCP port, which is a number from 1 to 65535")
