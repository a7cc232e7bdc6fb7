"""The page, its style and script, and what they show, as a WSGI application.

Nothing is changed by it, nothing comes from elsewhere, and no other page may ask for it by another
name (DNS rebinding): who listens on the loopback interface is asked by the names of that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import bottle

from dimse.watch import Counts, Overview
from dul.values import TYPE_CHECKING

from ..monitor.http import Application
from .pictures import NO_PICTURE, Pictures

if TYPE_CHECKING:
    from typing import Any

__all__ = ["web_application"]

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
_FILES = {"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}


def web_application(
    overview: Overview, counts: Counts, facts: Mapping[str, str], host: str
) -> Application:
    """The application.

    Args:
        overview: what happened.
        counts: how often.
        facts: what is shown of the server itself: its AE title, its port.
        host: the address that it listens on.
    """
    shown = _Shown(overview, counts, facts)
    local = host in {"127.0.0.1", "::1", "localhost"}
    application = bottle.Bottle()
    for path, show in (
        ("/", shown.page),
        ("/<name:re:page[.](css|js)>", shown.part),
        ("/favicon.ico", _nothing),
        ("/state.json", shown.state),
        ("/picture/<number:int>.png", shown.picture),
    ):
        application.get(path, callback=show)
    application.add_hook("before_request", lambda: _asked_by_its_name(local=local))
    application.add_hook("after_request", _safe)
    wsgi: Application = application.wsgi
    return wsgi


def _asked_by_its_name(*, local: bool) -> None:
    name = bottle.request.get_header("Host", "").rpartition(":")[0]
    if local and name not in _LOOPBACK:
        raise bottle.HTTPResponse("ask for localhost\n", 403, _HEADERS)


def _nothing() -> str:
    bottle.response.status = 204
    return ""


def _safe() -> None:
    for name, value in _HEADERS.items():
        bottle.response.set_header(name, value)


class _Shown:
    """What is at the paths."""

    def __init__(self, overview: Overview, counts: Counts, facts: Mapping[str, str]) -> None:
        self._overview = overview
        self._counts = counts
        self._facts = facts
        self._pictures = Pictures()

    def page(self) -> bytes:
        return _file("page.html")

    def part(self, name: str) -> bytes:
        bottle.response.content_type = _FILES[name]
        return _file(name)

    def state(self) -> str:
        bottle.response.content_type = "application/json"
        more = {"server": dict(self._facts), "totals": _totals(self._counts)}
        state: dict[str, Any] = self._overview.state() | more
        if bottle.request.query.get("patients") == "1":
            for each in state["objects"]:
                path = self._overview.path_of(each["number"])
                each["patient"] = self._pictures.patient_of(path or "")
        return json.dumps(state)

    def picture(self, number: int) -> bytes:
        path = self._overview.path_of(number)
        if path is None:
            raise bottle.HTTPResponse("no such object\n", 404, _HEADERS)
        bottle.response.content_type = "image/png"
        return self._pictures.of(path) or NO_PICTURE


@cache
def _file(name: str) -> bytes:
    return files(__package__).joinpath(name).read_bytes()


def _totals(counts: Counts) -> dict[str, int]:
    totals = counts.totals()
    return {
        "accepted": totals.associations_accepted,
        "rejected": totals.associations_rejected,
        "aborted": totals.associations_aborted,
        "open": totals.associations_open,
        "stored": totals.objects_stored,
        "dropped": totals.objects_dropped,
        "refused": totals.objects_refused,
        "bytes": totals.bytes_received,
        "serving": totals.processes_serving,
    }
