"""An access policy as a file in TOML.

    policy = PolicyFile("access.toml")
    Server(spool.open, access=policy.access)

::

    [[allow]]
    name = "CT scanners"
    from = ["192.0.2.0/24"]
    calling = ["CT*"]
    called = "ARCHIVE"
    services = ["verification", "storage"]

    [[allow]]
    name = "the gateway, whoever sends by it"
    certificates = ["CN=gateway, O=Hospital", "DNS:gateway.example"]

    [[deny]]
    name = "stolen in March"
    calling = "CT7"

Keys are the attributes of `dimse.access.rules.AccessRule`; a single text stands for a list of one.
`services` names SOP classes all at once: "verification", "storage". A key that is not known is an
error: a condition that is passed over would let somebody in.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dimse.access.hosts import networks
from dimse.access.rules import AccessPolicy, AccessRule
from dimse.errors import AccessRulesError, InvalidValue
from dimse.provider import Denied, Granted
from dimse.requests import Requestor
from dimse.tables.storage_sops import STORAGE_SOP_CLASSES
from dimse.tables.transfer_syntaxes import TRANSFER_SYNTAXES
from dimse.tables.uids import VERIFICATION, is_uid
from dimse.titles import checked_ae_title
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Final

__all__ = ["PolicyFile", "parse_policy"]

_SERVICES: Final = {"verification": (VERIFICATION,), "storage": tuple(STORAGE_SOP_CLASSES)}
_SOP_CLASSES: Final = {"Verification": VERIFICATION} | {
    each.keyword: uid for uid, each in STORAGE_SOP_CLASSES.items()
}
_SYNTAXES: Final = {each.keyword: uid for uid, each in TRANSFER_SYNTAXES.items()}
_GIVES: Final = frozenset({"services", "sop_classes", "transfer_syntaxes"})


class PolicyFile:
    """The policy in a file.

    Args:
        path: of the file.
        check: looks at a policy before it is used; raises AccessRulesError if it can't be kept.

    Raises:
        AccessRulesError: the file can't be read, or says something that makes no sense.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        check: Callable[[AccessPolicy], None] = lambda _: None,
    ) -> None:
        self._path = Path(path)
        self._check = check
        self._policy = self._read()

    @property
    def policy(self) -> AccessPolicy:
        """What is kept to at present."""
        return self._policy

    def reload(self) -> None:
        """Read the file anew, for who calls from now on; if it is no good, all stays as it was.

        Raises:
            AccessRulesError: as the class.
        """
        self._policy = self._read()

    def access(self, requestor: Requestor) -> Denied | Granted:
        """Judge who calls; an `Access`."""
        return self._policy.access(requestor)

    def _read(self) -> AccessPolicy:
        try:
            text = self._path.read_text("utf-8")
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text in UTF-8"
            raise AccessRulesError(str(self._path), f"can't be read: {why}") from error
        policy = parse_policy(text, str(self._path))
        self._check(policy)
        return policy


def parse_policy(text: str, where: str = "policy") -> AccessPolicy:
    """The policy that a text in TOML says.

    Args:
        text: the file's content.
        where: how errors name it.

    Raises:
        AccessRulesError: it makes no sense.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AccessRulesError(where, f"is no TOML: {error}") from error
    _known(content, {"allow", "deny"}, where)
    rules: dict[str, list[AccessRule]] = {}
    for kind in ("allow", "deny"):
        tables = content.get(kind, [])
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            raise AccessRulesError(where, f"a rule begins with [[{kind}]], in two brackets")
        rules[kind] = [
            _rule(table, kind, f"{where}, [[{kind}]] {number}")
            for number, table in enumerate(tables, 1)
        ]
    if not rules["allow"]:
        raise AccessRulesError(where, "there is no rule [[allow]]: nobody could call")
    return AccessPolicy(allow=rules["allow"], deny=rules["deny"])


def _rule(table: dict[str, Any], kind: str, where: str) -> AccessRule:
    name = table.get("name", where.rpartition(", ")[2])
    if not isinstance(name, str) or not name.isprintable():
        raise AccessRulesError(where, "name: it is no printable text")
    where = f"{where} ({name})" if "name" in table else where
    _known(table, {"name", "tls", *_READ, *_GIVES}, where)
    if kind == "deny" and (given := sorted(_GIVES & table.keys())):
        raise AccessRulesError(where, f"{given[0]}: who is denied gets nothing at all")
    if kind == "deny" and not table.keys() - {"name"}:
        raise AccessRulesError(where, "has no condition: it would deny everybody")
    tls = table.get("tls", False)
    if not isinstance(tls, bool):
        raise AccessRulesError(where, "tls: it is true or false")
    found: dict[str, Any] = {}
    for key, (attribute, read) in _READ.items():
        if key in table:
            found[attribute] = _read_list(table, key, read, where)
    classes: list[str] | None = None
    for key, known in (("services", None), ("sop_classes", _SOP_CLASSES)):
        if key in table:
            read = _services if known is None else _uids(known, "SOP class")
            classes = [*(classes or ()), *_read_list(table, key, read, where)]
    if "transfer_syntaxes" in table:
        read = _uids(_SYNTAXES, "transfer syntax")
        found["transfer_syntaxes"] = _read_list(table, "transfer_syntaxes", read, where)
    return AccessRule(name, tls=tls, sop_classes=classes, **found)


def _known(table: dict[str, Any], names: Iterable[str], where: str) -> None:
    for key in table:
        if key not in names:
            near = difflib.get_close_matches(key.replace("-", "_"), names, 1)
            hint = f"; is {near[0]} meant?" if near else f"; there are {', '.join(sorted(names))}"
            raise AccessRulesError(where, f"{key} is not known here{hint}")


def _read_list(
    table: dict[str, Any], key: str, read: Callable[[Sequence[str]], list[Any]], where: str
) -> list[Any]:
    value = table[key]
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(each, str) and each for each in texts):
        raise AccessRulesError(where, f"{key}: it is a text, or a list of texts")
    if not texts:
        raise AccessRulesError(where, f"{key}: the list is empty: nobody would fit")
    try:
        return read(texts)
    except InvalidValue as error:
        raise AccessRulesError(where, f"{key}: {error.why}") from error
    except ValueError as error:
        raise AccessRulesError(where, f"{key}: {error}") from error


def _titles(texts: Sequence[str]) -> list[str]:
    """AE titles; a pattern is one if it would be with its wildcards as letters."""
    for each in texts:
        checked_ae_title(each.replace("*", "") or "A", each)
    return [each.strip(" ") for each in texts]


def _certificates(texts: Sequence[str]) -> list[str]:
    for each in texts:
        kind, _, rest = each.partition(":")
        digits = rest.replace(":", "")
        if kind == "SHA256" and not re.fullmatch("[0-9A-Fa-f]{64}", digits):
            raise ValueError(f"{each} is no fingerprint: 64 hexadecimal digits")
        if "=" not in each and kind not in {"DNS", "IP", "email", "URI", "SHA256"}:
            raise ValueError(
                f"{each} is neither a subject (CN=name) nor a name in a certificate (DNS:name)"
            )
    return list(texts)


def _services(texts: Sequence[str]) -> list[str]:
    for each in texts:
        if each not in _SERVICES:
            raise ValueError(f"there is no service {each!r}; there are {', '.join(_SERVICES)}")
    return [uid for each in texts for uid in _SERVICES[each]]


def _uids(known: dict[str, str], what: str) -> Callable[[Sequence[str]], list[str]]:
    def read(texts: Sequence[str]) -> list[str]:
        for each in texts:
            if each not in known and not is_uid(each):
                near = difflib.get_close_matches(each, known, 1)
                hint = f"; is {near[0]} meant?" if near else ""
                raise ValueError(f"{each!r} is neither a UID nor the keyword of a {what}{hint}")
        return [known.get(each, each) for each in texts]

    return read


_READ: Final[dict[str, tuple[str, Callable[[Sequence[str]], list[Any]]]]] = {
    "from": ("addresses", networks),
    "calling": ("calling", _titles),
    "called": ("called", _titles),
    "certificates": ("certificates", _certificates),
    "users": ("users", list),
}
"""Keys of the file: the attribute that each is, and what reads its texts."""
