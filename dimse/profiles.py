r"""Association negotiation profiles in DCMTK's configuration format (its option -xf).

    [[TransferSyntaxes]]
    [Uncompressed]
    TransferSyntax1 = LittleEndianExplicit
    [[PresentationContexts]]
    [Images]
    PresentationContext1 = CTImageStorage\Uncompressed
    [[Profiles]]
    [Default]
    PresentationContexts = Images

and, if need be, [[SCPSCURoleSelection]] with `RoleN = class\SCU|SCP|BOTH` and [[ExtendedNegotiation]]
with `ExtendedNegotiationN = class\hexadecimal`, both named in a profile. UIDs are written as such,
by DCMTK's symbols or by the keywords of PS3.6. Names of sections are compared without regard to case
and white space. Entries are numbered from 1 on; reading stops at the first number that is missing.

The whole file is checked, whichever profile is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path

from dimse.errors import ProfileError, UnknownProfile
from dimse.offers import MAXIMUM_CONTEXTS, ContextOffer
from dimse.tables.dcmtk_names import uid_of_sop_class, uid_of_transfer_syntax
from dimse.tables.uids import is_uid
from dul.user_items import ExtendedNegotiation, RoleSelection
from dul.values import TYPE_CHECKING, TypeVar, dataclass

if TYPE_CHECKING:
    from typing import Final, Literal

__all__ = ["AssociationProfile", "load_profile", "read_profile"]

_ROLES: Final = {"SCU": (True, False), "SCP": (False, True), "BOTH": (True, True)}

T = TypeVar("T")

_Section = dict[str, str]
_File = dict[str, dict[str, _Section]]


@dataclass(frozen=True, slots=True)
class AssociationProfile:
    """What an association proposes, or accepts.

    Attributes:
        contexts: SOP classes with their transfer syntaxes, best first.
        roles: 54H (PS3.7 D.3.3.4).
        extended: 56H (PS3.7 D.3.3.5).
    """

    contexts: tuple[ContextOffer, ...]
    roles: tuple[RoleSelection, ...] = ()
    extended: tuple[ExtendedNegotiation, ...] = ()


def load_profile(
    path: str | os.PathLike[str], name: str, role: Literal["requestor", "acceptor"] = "requestor"
) -> AssociationProfile:
    """Read a profile from a file.

    Args:
        path: the file.
        name: the profile.
        role: whose: a requestor proposes at most 128 contexts; an acceptor has one for a SOP class.

    Raises:
        ProfileError: the file cannot be read or is wrong; UnknownProfile: it has no such profile.
    """
    try:
        text = Path(path).read_text("utf-8", "replace")
    except OSError as error:
        raise ProfileError(
            f"unable to open configuration file: {os.fspath(path)} ({error.strerror})"
        ) from error
    return read_profile(text, name, role)


def read_profile(
    text: str, name: str, role: Literal["requestor", "acceptor"] = "requestor"
) -> AssociationProfile:
    """As `load_profile`, from the content of a file."""
    reader = _Reader(_parse(text))
    profiles = {key: reader.profile(key) for key in reader.names("PROFILES")}
    found = profiles.get(_key(name))
    if found is None:
        known = ", ".join(profiles) or "none"
        raise UnknownProfile(f"profile key undefined: {_key(name)} (there are: {known})")
    _check_role(found, role)
    return found


def _check_role(profile: AssociationProfile, role: Literal["requestor", "acceptor"]) -> None:
    if role == "requestor" and len(profile.contexts) > MAXIMUM_CONTEXTS:
        raise ProfileError(
            f"too many presentation contexts: {len(profile.contexts)}, the most is 128"
        )
    seen: set[str] = set()
    for each in profile.contexts:
        if role == "acceptor" and each.abstract_syntax in seen:
            raise ProfileError(f"a SOP class stands there twice: {each.abstract_syntax}")
        seen.add(each.abstract_syntax)


def _key(name: str) -> str:
    return "".join(name.upper().split())


def _parse(text: str) -> _File:
    """Groups in double brackets, sections in single ones, entries with an equals sign.

    What begins with white space or a number sign is a comment, as at DCMTK: entries begin in the
    first column.
    """
    file: _File = {}
    group: dict[str, _Section] = {}
    section: _Section = {}
    for line in text.splitlines():
        if line.startswith("[["):
            group = file.setdefault(_key(line.strip().strip("[]")), {})
            section = {}
        elif line.startswith("["):
            section = group.setdefault(_key(line.strip().strip("[]")), {})
        elif line[:1] not in {"", "#"} and not line[0].isspace():
            key, sign, value = line.partition("=")
            if sign:
                section[_key(key)] = value.strip().strip('"')
    return file


class _Reader:
    """The tables of a file, with their cross references. Messages are DCMTK's."""

    def __init__(self, file: Mapping[str, dict[str, _Section]]) -> None:
        self._file = file
        for needed in ("TRANSFERSYNTAXES", "PRESENTATIONCONTEXTS", "PROFILES"):
            if needed not in file:
                raise ProfileError(f"cannot find section [[{needed}]] in config file")
        self._syntaxes = self._table("TRANSFERSYNTAXES", self._syntax_list)
        self._contexts = self._table("PRESENTATIONCONTEXTS", self._context_list)
        self._roles = self._table("SCPSCUROLESELECTION", self._role_list)
        self._extended = self._table("EXTENDEDNEGOTIATION", self._extended_list)

    def names(self, group: str) -> Iterator[str]:
        """The sections of a group."""
        yield from self._file.get(group, ())

    def profile(self, name: str) -> AssociationProfile:
        """A profile, whose lists are named in its section."""
        section = self._file["PROFILES"][name]
        if "PRESENTATIONCONTEXTS" not in section:
            raise ProfileError(
                f"missing entry PRESENTATIONCONTEXTS in profile {name} in config file"
            )
        return AssociationProfile(
            contexts=_named(
                section, "PRESENTATIONCONTEXTS", self._contexts, "presentation context"
            ),
            roles=_named(section, "SCPSCUROLESELECTION", self._roles, "SCP/SCU role selection"),
            extended=_named(section, "EXTENDEDNEGOTIATION", self._extended, "extended negotiation"),
        )

    def _table(
        self, group: str, make: Callable[[_Section], tuple[T, ...]]
    ) -> dict[str, tuple[T, ...]]:
        return {name: make(section) for name, section in self._file.get(group, {}).items()}

    def _syntax_list(self, section: _Section) -> tuple[str, ...]:
        return tuple(_syntax(value) for _, value in _numbered(section, "TRANSFERSYNTAX"))

    def _context_list(self, section: _Section) -> tuple[ContextOffer, ...]:
        found = []
        for entry, value in _numbered(section, "PRESENTATIONCONTEXT"):
            symbol, name = _pair(entry, value)
            syntaxes = self._syntaxes.get(_key(name))
            if not syntaxes:
                raise ProfileError(f"transfer syntax key undefined: {_key(name)}")
            found.append(ContextOffer(_sop_class(symbol), syntaxes))
        return tuple(found)

    def _role_list(self, section: _Section) -> tuple[RoleSelection, ...]:
        found = []
        for entry, value in _numbered(section, "ROLE"):
            symbol, name = _pair(entry, value)
            roles = _ROLES.get(_key(name))
            if roles is None:
                raise ProfileError(f"unknown SCP/SCU role in entry {entry} in config file: {name}")
            found.append(RoleSelection(_sop_class(symbol), *roles))
        return tuple(found)

    def _extended_list(self, section: _Section) -> tuple[ExtendedNegotiation, ...]:
        found = []
        for entry, value in _numbered(section, "EXTENDEDNEGOTIATION"):
            symbol, digits = _pair(entry, value)
            try:
                data = bytes.fromhex(digits)
            except ValueError as error:
                raise ProfileError(
                    f"parse error in extended negotiation data in entry {entry} in config file"
                ) from error
            found.append(ExtendedNegotiation(_sop_class(symbol), data))
        return tuple(found)


def _named(
    section: _Section, entry: str, lists: Mapping[str, tuple[T, ...]], what: str
) -> tuple[T, ...]:
    if entry not in section:
        return ()
    key = _key(section[entry])
    if key not in lists:
        raise ProfileError(f"{what} key undefined: {key}")
    return lists[key]


def _numbered(section: _Section, name: str) -> Iterator[tuple[str, str]]:
    for number in count(1):
        entry = f"{name}{number}"
        if entry not in section:
            return
        yield entry, section[entry]


def _pair(entry: str, value: str) -> tuple[str, str]:
    symbol, sign, rest = value.partition("\\")
    if not sign:
        raise ProfileError(f"syntax error: missing '\\' in entry {entry} in config file")
    return symbol.strip(), rest.strip()


def _syntax(symbol: str) -> str:
    found = symbol if is_uid(symbol) else uid_of_transfer_syntax(symbol)
    if found is None:
        raise ProfileError(f"not a valid transfer syntax UID: {symbol}")
    return found


def _sop_class(symbol: str) -> str:
    found = symbol if is_uid(symbol) else uid_of_sop_class(symbol)
    if found is None:
        raise ProfileError(f"not a valid abstract syntax UID: {symbol}")
    return found
