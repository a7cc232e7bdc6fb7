"""What to do about a product that cannot be judged: each baseline's failure, and the option that helps.

The baseline is an association, a C-ECHO and a release. Its failure is told as a trace or a reason of
the transport; most of them come from a title or a port that was not told to dulspec.
"""

import re
import socket

from . import names, tls_raw
from .settings import Settings

_REJECTION = re.compile(r"RJ\((\d+),(\d+),(\d+)\)")
#: EAI_NONAME and EAI_NODATA: who asks again is told the same.
_UNKNOWN_HOST = re.compile(r"no connection: \[Errno -[25]\]")
_SEEN_JUNK = "no association (seen: JUNK"
_DISCOVER = "or let dulspec try the usual ones with --discover FILE"
#: How long a port may take to answer a ClientHello.
_HELLO_TIMEOUT = 2.0


def rejection(reason: str) -> tuple[int, int, int] | None:
    """Result, source and reason of the A-ASSOCIATE-RJ in a baseline's reason, if there is one."""
    found = _REJECTION.search(reason)
    return None if found is None else (int(found[1]), int(found[2]), int(found[3]))


def hopeless(reason: str, settings: Settings) -> bool:
    """Whether asking again is of no use: another title, another SOP class or TLS is what it takes."""
    numbers = rejection(reason)
    if numbers is not None:
        return numbers[0] == 1  # rejected-permanent
    return (
        "context 1 was answered" in reason
        or _UNKNOWN_HOST.search(reason) is not None
        or _tls_unannounced(reason, settings)
        or _SEEN_JUNK in reason
    )


def advise(reason: str, settings: Settings) -> str:
    """The reason in words, and what to do, one sentence a line; the reason alone if there is nothing."""
    lines = [_words(reason), *_remedies(reason, settings)]
    return "\n  ".join(lines)


def _words(reason: str) -> str:
    numbers = rejection(reason)
    return reason if numbers is None else f"{reason}: {names.reject_text(*numbers)}"


def _remedies(reason: str, settings: Settings) -> list[str]:
    called, calling = settings.called, settings.calling
    place = f"{settings.host}:{settings.port}"
    match rejection(reason):
        case (_, 1, 7):
            return [
                f"The product does not answer to the AE title {called!r}.",
                f"Give its own with --called TITLE, {_DISCOVER}.",
            ]
        case (_, 1, 3):
            return [
                f"The product does not know us by the AE title {calling!r}.",
                f"Make it known there, give one that it knows with --calling TITLE, {_DISCOVER}.",
            ]
        case (1, 1, 1):
            return [
                (
                    "It gives no reason; most products that do so do not know an AE title:"
                    f" we called {called!r} as {calling!r}."
                ),
                f"Give the right ones with --called TITLE and --calling TITLE, {_DISCOVER}.",
            ]
        case (2, _, _):
            return ["It says that it is busy: end what else is connected to it, and try again."]
        case (_, _, _):
            return []
    if "did not call" in reason:
        mute = [
            each for each in (settings.exec, settings.exec_echo) if each and "{port}" not in each
        ]
        return (
            [f"The command does not say where to call, {{host}} and {{port}}: {mute[0]}"]
            if mute
            else []
        )
    if "no connection" in reason:
        return _no_connection(reason, place, settings)
    if "context 1 was answered" in reason:
        return [
            (
                "The product does not offer the Verification SOP Class, by which dulspec finds out whether"
                " it is alive: switch it on."
            )
        ]
    if _tls_unannounced(reason, settings):
        return [f"{place} speaks TLS: give --tls."]
    return _no_association(reason, place, settings)


def _no_association(reason: str, place: str, settings: Settings) -> list[str]:
    if _SEEN_JUNK in reason:
        return [f"What answers at {place} speaks something else than DICOM: is it the right port?"]
    if "no association (seen: CLOSE)" in reason:
        return [
            (
                f"{place} takes the connection and closes it without an answer: does it let this machine in,"
                " and is it a DICOM port?"
            )
        ]
    if "no association (seen: OPEN)" in reason:
        return [
            (
                f"{place} takes the connection and does not answer an A-ASSOCIATE-RQ for {settings.timeout:g} s:"
                " is it busy with another association, or no DICOM port? --timeout S waits longer."
            )
        ]
    return []


def _no_connection(reason: str, place: str, settings: Settings) -> list[str]:
    if _UNKNOWN_HOST.search(reason):
        return [f"Nobody knows a host by the name {settings.host!r}: is it spelt right?"]
    if "refused" in reason:
        return [
            (
                f"Nothing listens on {place}: start the product first, or give the command that starts it"
                " with --start-cmd."
            )
        ]
    if settings.tls and ("SSL" in reason or "TLS" in reason):
        return [
            (
                "No TLS handshake: leave --tls away if the product speaks plain DICOM; if it wants client"
                " certificates, give --mutual with --cert and --key."
            )
        ]
    return []


def _tls_unannounced(reason: str, settings: Settings) -> bool:
    """Whether a plain request met something else than a PDU, because the port speaks TLS."""
    strange = re.search(r"seen: (JUNK|PDU|CLOSE|OPEN|nothing)", reason)
    return strange is not None and not settings.tls and speaks_tls(settings)


def speaks_tls(settings: Settings) -> bool:
    """Whether the port answers a ClientHello with a ServerHello or an alert."""
    try:
        with socket.create_connection((settings.host, settings.port), _HELLO_TIMEOUT) as sock:
            sock.sendall(tls_raw.client_hello())
            return tls_raw.first_answer(sock, _HELLO_TIMEOUT, []).startswith(("HELLO", "ALERT"))
    except OSError:
        return False
