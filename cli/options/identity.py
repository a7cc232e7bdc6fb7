"""The options for user identities (PS3.7 D.3.3.7): who a requestor says it is, whom an acceptor takes."""

from __future__ import annotations

from dul import UserIdentity
from dul.values import TYPE_CHECKING, dataclass

from ..grammar import values as read
from ..grammar.declaration import Settings, UsageError, flag, setting, value
from ..secrets import PROMPT, Secret, given, in_environment, in_file

if TYPE_CHECKING:
    from typing import Literal

__all__ = ["CallingIdentity", "Claim", "ServingIdentity", "identity_of"]

_LONGEST = 0xFFFF  # bytes of a field of the sub-item 58H


@dataclass(frozen=True, slots=True)
class Claim:
    """Who we say we are: a user's name, or the name of the file with a ticket or token."""

    kind: Literal["user", "kerberos", "saml", "jwt"]
    text: str


class CallingIdentity(Settings, title="user identity"):
    """Who a requestor says it is."""

    identity: Claim | None = setting(
        None,
        value(
            "-usr",
            "--user",
            read=lambda token: Claim("user", read.text(token)),
            metavar="NAME",
            help="say that NAME calls",
        ),
        value(
            "-kt",
            "--kerberos",
            "--user-kerberos",
            read=lambda token: Claim("kerberos", read.text(token)),
            metavar="FILE",
            help="show the Kerberos service ticket in a file",
        ),
        value(
            "--saml",
            "--user-saml",
            read=lambda token: Claim("saml", read.text(token)),
            metavar="FILE",
            help="show the SAML assertion in a file",
        ),
        value(
            "--jwt",
            "--user-jwt",
            read=lambda token: Claim("jwt", read.text(token)),
            metavar="FILE",
            help="show the JSON Web Token in a file",
        ),
    )
    passcode: Secret | None = setting(
        None,
        flag(
            "--user-pass",
            value=PROMPT,
            help="ask for the user's passcode on the terminal",
            needs=("--user",),
        ),
        value(
            "--user-pass-file",
            read=in_file,
            metavar="FILE",
            help="read it from the first line of a file",
            needs=("--user",),
        ),
        value(
            "--user-pass-env",
            read=in_environment,
            metavar="NAME",
            help="read it from an environment variable",
            needs=("--user",),
        ),
        value(
            "-pwd",
            "--password",
            read=given,
            metavar="PASSWORD",
            help="take this one, which everybody on this machine can see",
            needs=("--user",),
        ),
        flag(
            "-epw",
            "--empty-password",
            value=given(""),
            help="give an empty one",
            needs=("--user",),
        ),
    )
    confirm_identity: bool = setting(
        False,
        flag(
            "-rsp",
            "--pos-response",
            "--user-rsp",
            help="the peer must confirm the identity; else the association is aborted",
            needs=("--user", "--user-kerberos", "--user-saml", "--user-jwt"),
        ),
    )


class ServingIdentity(Settings, title="user identity"):
    """Whom an acceptor takes."""

    users: str | None = setting(
        None,
        value(
            "--users",
            read=read.text,
            metavar="FILE",
            help="take only users that give the right passcode: a file with a line 'name:hash' "
            "for each; see --hash-user",
        ),
    )
    users_if_given: bool = setting(
        False,
        flag(
            "--users-if-given",
            help="take who says of no user to be one, too; --policy may ask some for it",
            needs=("--users",),
        ),
    )
    hash_user: str | None = setting(
        None,
        value(
            "--hash-user",
            read=read.text,
            metavar="NAME",
            exits=True,
            help="ask for a passcode, print the line for such a file, and exit",
        ),
    )


def identity_of(settings: CallingIdentity) -> UserIdentity | None:
    """The sub-item that the options come to.

    Raises:
        UsageError: a file or a passcode is not to be had, or too long for the sub-item.
    """
    claim, confirm = settings.identity, settings.confirm_identity
    if claim is None:
        return None
    if claim.kind == "user":
        secret = settings.passcode
        passcode = None if secret is None else secret.read(f"user {claim.text}")
        found = UserIdentity.of_user(claim.text, passcode, confirm=confirm)
    else:
        content = _content(claim.text)
        match claim.kind:
            case "kerberos":
                found = UserIdentity.of_kerberos(content, confirm=confirm)
            case "saml":
                found = UserIdentity.of_saml(content, confirm=confirm)
            case _:
                found = UserIdentity.of_jwt(content.strip(), confirm=confirm)
    if not found.primary:
        raise UsageError(f"there is no identity in {claim.text}: it is empty")
    if max(len(found.primary), len(found.secondary)) > _LONGEST:
        raise UsageError(f"an identity has at most {_LONGEST} bytes")
    return found


def _content(name: str) -> bytes:
    try:
        with open(name, "rb") as file:  # noqa: PTH123 - as in commandfile
            return file.read(_LONGEST + 2)
    except OSError as error:
        raise UsageError(f"cannot read the identity in {name}: {error.strerror}") from error
