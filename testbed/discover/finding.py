"""The whole of `--discover`: from a host and a port to a declaration."""

import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .. import advice, names, raw
from ..declaration import Declaration
from ..runner import Unusable
from ..settings import Settings, client_tls
from . import limits, services, titles
from .asking import Answer, Asker

#: The port that PS3.15 recommends for DICOM over TLS.
DICOM_TLS = 2762
#: Seconds for SOP classes and transfer syntaxes: some thousand questions to a product that is slow.
MOST_SECONDS = 60.0

Tell = Callable[[str], None]


def discover(settings: Settings, tell: Tell) -> Declaration:
    """Find out what the product at `settings.host` and `settings.port` accepts; `tell` hears how it goes.

    The product is asked some hundred associations, one after another, and once as many at a time as
    it takes, up to 64. Nothing is stored.

    Raises:
        Unusable: it is not reachable, or none of the titles that were tried is accepted.
    """
    asker = Asker(settings.host, settings.port, settings.called, settings.calling, settings.timeout)
    if settings.tls:
        asker.tls = client_tls(settings)
    answer = _first(asker, settings, tell)
    if answer.ac is None:
        raise Unusable(f"nothing can be found out: {_why(answer, settings)}")
    tell(f"called AE title {asker.called_ae_title}, calling AE title {asker.calling_ae_title}")
    checks_called, checks_calling = titles.checks(asker)
    observed = limits.announced(answer.ac)
    any_class = services.accepts_any(asker)
    found, unasked = services.find(asker, MOST_SECONDS, tell)
    observed |= limits.negotiation(asker, found)
    most = limits.associations(asker)
    tell(f"{most} associations at a time{' at least' if most == limits.MOST_ASSOCIATIONS else ''}")
    observed["associations-at-a-time"] = most
    if unasked:
        observed["not-asked"] = unasked
    observed["sop-classes"] = found
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "called": asker.called_ae_title,
        "calling": asker.calling_ae_title,
        "checks_called": checks_called,
        "checks_calling": checks_calling,
        "accept_any": any_class,
        "max_assoc": max(most, 1),
        "tls": asker.tls is not None,
    }
    if asker.tls is None and (port := _tls_port(asker, settings)):
        options["tls_port"] = port
    return Declaration(options, observed)


def _first(asker: Asker, settings: Settings, tell: Tell) -> Answer:
    """The first association: over TLS if the port speaks TLS, by usual titles if ours are rejected."""
    answer = asker.ask()
    if answer.ac is None and asker.tls is None and advice.speaks_tls(settings):
        tell("the port speaks TLS")
        asker.tls = client_tls(settings)
        answer = asker.ask()
    if titles.rejects_title(answer):
        tell("the AE titles are rejected; trying the usual ones")
        answer = titles.find(asker, settings.start_cmd)
    return answer


def _why(answer: Answer, settings: Settings) -> str:
    if answer.rejection is None:
        return answer.reason
    numbers = ",".join(map(str, answer.rejection))
    told = f"{names.reject_text(*answer.rejection)} (RJ({numbers}))"
    if titles.rejects_title(answer):
        return (
            f"{told}; none of the usual AE titles is accepted, nor {settings.called!r} and"
            f" {settings.calling!r}: look into the product's configuration, and give --called and --calling"
        )
    return told


def _tls_port(asker: Asker, settings: Settings) -> int:
    """2762, if the same product answers there over TLS."""
    beside = replace(settings, port=DICOM_TLS)
    try:
        socket.create_connection((settings.host, DICOM_TLS), 1.0).close()
    except OSError:
        return 0
    if not advice.speaks_tls(beside):
        return 0
    other = Asker(
        settings.host,
        DICOM_TLS,
        asker.called_ae_title,
        asker.calling_ae_title,
        settings.timeout,
        client_tls(settings),
    )
    answer = other.ask((raw.context_rq(1),))
    return DICOM_TLS if answer.ac is not None else 0
