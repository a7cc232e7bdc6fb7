"""Who may call an acceptor: by address, and by the rules of /etc/hosts.allow and /etc/hosts.deny.

    access = Allowed(addresses=["192.0.2.0/24"], rules=load_host_rules("storescp")).access
    Server(spool.open, access=access)

AE titles are judged by `dimse.support`, for they are a matter of negotiation. A request from where
nobody may call is rejected without a reason (1/1/1): who has no business here is told nothing.

The rules are those of hosts_access(5). Of `daemons : clients : option` the first line that fits
decides, in hosts.allow in favour, then in hosts.deny against; where none does, all is allowed.
Clients are ALL, LOCAL, KNOWN, UNKNOWN, PARANOID, names, addresses, ".suffix.of.a.name",
"192.0.2.", "192.0.2.0/255.255.255.0", "192.0.2.0/24", "[2001:db8::]/32", patterns with * and ?,
"/a/file" with more of them, and lists with EXCEPT. The options `allow` and `deny` are known. What
would need more, a user's name, a netgroup, a command, is an error: a rule that is passed over
would let somebody in, or keep somebody out.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import os
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from dimse.errors import AccessRulesError
from dimse.provider import Denied
from dimse.requests import Requestor
from dul.pdu import AssociateRJ
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final, TypeAlias

__all__ = ["Allowed", "Caller", "HostRules", "load_host_rules", "looked_up", "networks", "no_names"]

_NOT_ALLOWED: Final = AssociateRJ(1, 1, 1)
_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_OPTIONS: Final = {"": None, "allow": True, "deny": False, "ALLOW": True, "DENY": False}
_MAXIMUM_FILES: Final = 8  # that name one another


def looked_up(address: str) -> tuple[str, bool]:
    """The name of a host, and whether the name has the address."""
    try:
        name = socket.getnameinfo((address, 0), socket.NI_NAMEREQD)[0]
    except OSError:
        return "", False
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return name, False
    own = ipaddress.ip_address(address)
    return name, own in {ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found}


def no_names(address: str) -> tuple[str, bool]:
    """Looks nothing up: no host has a name."""
    del address
    return "", False


class Caller:
    """A host that calls. Its name is looked up only if a rule asks for it.

    Args:
        address: as text, without port.
        look_up: gives its name, "" if it has none, and whether that name has this address.
    """

    def __init__(
        self, address: str, look_up: Callable[[str], tuple[str, bool]] = looked_up
    ) -> None:
        self.address = address.partition("%")[0]
        self._look_up = look_up
        self._found: tuple[str, bool] | None = None

    @property
    def name(self) -> str:
        """Its name; "" if it has none, or one that does not lead back to it."""
        name, proven = self._known()
        return name if proven else ""

    @property
    def is_paranoid(self) -> bool:
        """It has a name, which belongs to other addresses."""
        name, proven = self._known()
        return bool(name) and not proven

    def _known(self) -> tuple[str, bool]:
        if self._found is None:
            self._found = self._look_up(self.address)
        return self._found


@dataclass(frozen=True, slots=True)
class _Rule:
    where: str
    daemons: Sequence[str]
    clients: Sequence[str]
    allows: bool


class HostRules:
    """The rules of hosts_access(5), read.

    Args:
        allow: the text of hosts.allow.
        deny: that of hosts.deny.
        daemon: what the rules call this program.

    Raises:
        AccessRulesError: a line is none, or needs what is not known here.
    """

    def __init__(self, allow: str, deny: str, *, daemon: str) -> None:
        self._daemon = daemon
        self._rules = [
            *_parsed(allow, "hosts.allow", allows=True),
            *_parsed(deny, "hosts.deny", allows=False),
        ]
        for rule in self._rules:
            for token in (*rule.daemons, *rule.clients):
                _check(token, rule.where)

    def permits(self, caller: Caller) -> bool:
        """Whether a host may call.

        Raises:
            AccessRulesError: a file of patterns can't be read.
        """
        return self.denial(caller) is None

    def denial(self, caller: Caller) -> str | None:
        """The rule that keeps a host out, by its place ("hosts.deny, line 3"); None: it may call.

        Raises:
            AccessRulesError: as `permits`.
        """
        for rule in self._rules:
            if _in_list(rule.daemons, lambda token: token in {"ALL", self._daemon}) and _in_list(
                rule.clients, lambda token: _fits(token, caller)
            ):
                return None if rule.allows else rule.where
        return None


def load_host_rules(
    daemon: str, *, allow: str = "/etc/hosts.allow", deny: str = "/etc/hosts.deny"
) -> HostRules:
    """Read the rules of this machine; a file that is not there has none.

    Args:
        daemon: the name of the service that the rules are asked for.
        allow: the file of who may call.
        deny: the file of who may not, asked after it.

    Raises:
        AccessRulesError: a file can't be read, or a rule can't be kept.
    """
    return HostRules(_read(allow), _read(deny), daemon=daemon)


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise AccessRulesError(path, f"can't be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Judges who may call.

    Attributes:
        addresses: hosts and networks, "192.0.2.7", "192.0.2.0/24", "2001:db8::/32"; None: any.
        rules: of hosts.allow and hosts.deny; None: none.
        look_up: how names are found; one that finds none makes every host nameless.
    """

    addresses: Sequence[_Network] | None = None
    rules: HostRules | None = None
    look_up: Callable[[str], tuple[str, bool]] = looked_up

    def access(self, requestor: Requestor) -> Denied | None:
        """Judge who calls; an `Access`. May ask the resolver, and so take its time."""
        host = requestor.host
        if self.addresses is not None:
            try:
                own = ipaddress.ip_address(host)
            except ValueError:
                return Denied(_NOT_ALLOWED, f"{host!r} is no address")
            if not any(own in network for network in self.addresses):
                return Denied(_NOT_ALLOWED, f"address {own} is none of those that are allowed")
        if self.rules is not None:
            rule = self.rules.denial(Caller(host, self.look_up))
            if rule is not None:
                return Denied(_NOT_ALLOWED, rule)
        return None


# ---------------------------------------------------------------------------------- lines --


def _parsed(text: str, where: str, *, allows: bool) -> Iterator[_Rule]:
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        first, line = number + 1, lines[number]
        while line.endswith("\\") and number + 1 < len(lines):
            number += 1
            line = line[:-1] + lines[number]
        number += 1
        if not line.strip() or line.startswith("#"):
            continue
        place = f"{where}, line {first}"
        # A colon in brackets is one of an IPv6 address; "\:" stands for one as well.
        fields = [
            part.replace("\\:", ":").strip() for part in re.split(r"(?<!\\):(?![^\[\]]*\])", line)
        ]
        if len(fields) < 2:
            raise AccessRulesError(place, "there is no colon between daemons and clients")
        options = [option for option in fields[2:] if option]
        if len(options) > 1 or any(option not in _OPTIONS for option in options):
            raise AccessRulesError(place, f"of options, allow and deny are known: {fields[2:]}")
        decided = _OPTIONS[options[0]] if options else None
        daemons, clients = (re.split(r"[\s,]+", field) for field in fields[:2])
        if "" in {daemons[0], clients[0]}:
            raise AccessRulesError(place, "daemons or clients are missing")
        yield _Rule(place, daemons, clients, allows if decided is None else decided)


def _check(token: str, where: str) -> None:
    """See whether a token is one that can be judged."""
    if "@" in token:
        raise AccessRulesError(where, f"{token}: users, netgroups and own addresses aren't known")
    if "/" in token and not token.startswith("/"):
        try:
            _network(token)
        except ValueError as error:
            raise AccessRulesError(where, f"{token} is no network ({error})") from error


def _network(token: str) -> _Network:
    address, _, mask = token.partition("/")
    return ipaddress.ip_network(f"{address.strip('[]')}/{mask}", strict=False)


# ------------------------------------------------------------------------------- matching --


def _in_list(tokens: Sequence[str], fits: Callable[[str], bool]) -> bool:
    """Whether something is in a list; `a EXCEPT b EXCEPT c` is a EXCEPT (b EXCEPT c)."""
    upper = [token.upper() for token in tokens]
    if "EXCEPT" not in upper:
        return any(map(fits, tokens))
    at = upper.index("EXCEPT")
    return any(map(fits, tokens[:at])) and not _in_list(tokens[at + 1 :], fits)


_WILDCARDS: Final[dict[str, Callable[[Caller], bool]]] = {
    "ALL": lambda _: True,
    "LOCAL": lambda caller: bool(caller.name) and "." not in caller.name,
    "KNOWN": lambda caller: bool(caller.name),
    "UNKNOWN": lambda caller: not caller.name,
    "PARANOID": lambda caller: caller.is_paranoid,
}


def _fits(token: str, caller: Caller, depth: int = 0) -> bool:
    wildcard = _WILDCARDS.get(token.upper())
    if wildcard is not None:
        return wildcard(caller)
    if token.startswith("/"):
        return _in_list(_patterns_in(token, depth), lambda each: _fits(each, caller, depth + 1))
    if token.startswith("."):
        return caller.name.lower().endswith(token.lower())
    if token.endswith("."):
        return caller.address.startswith(token)
    if "/" in token:
        return ipaddress.ip_address(caller.address) in _network(token)
    if "*" in token or "?" in token:
        # "[" means nothing here, unlike in file names.
        pattern = token.lower().replace("[", "[[]")
        return fnmatch.fnmatchcase(caller.address, pattern) or (
            fnmatch.fnmatchcase(caller.name.lower(), pattern) if caller.name else False
        )
    return _is(token, caller)


def _is(token: str, caller: Caller) -> bool:
    """Whether a token is this very host."""
    try:
        return ipaddress.ip_address(token.strip("[]")) == ipaddress.ip_address(caller.address)
    except ValueError:
        return caller.name.lower() == token.lower()


def _patterns_in(path: str, depth: int) -> list[str]:
    if depth >= _MAXIMUM_FILES:
        raise AccessRulesError(path, "files of patterns name one another without end")
    try:
        tokens = Path(path).read_text("utf-8", "surrogateescape").split()
    except OSError as error:
        raise AccessRulesError(os.fspath(path), f"can't be read: {error.strerror}") from error
    for token in tokens:
        _check(token, path)
    return tokens


def networks(texts: Iterable[str]) -> list[_Network]:
    """Hosts and networks, of their texts.

    Raises:
        ValueError: one is none.
    """
    return [ipaddress.ip_network(text.strip("[]"), strict=False) for text in texts]
