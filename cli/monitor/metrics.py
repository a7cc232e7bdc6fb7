"""/metrics for Prometheus, and /healthz for whoever restarts what is not well."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from http import HTTPStatus

from dimse.watch import Counts, exposition
from dul.values import TYPE_CHECKING

from .http import Application

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Health", "metrics_application"]


class Health:
    """Whether a server is well: it accepts associations, and its directory is there.

    Args:
        counts: where it counts.
        directory: where it stores; None: nowhere.

    Attributes:
        ending: it was told to end.
    """

    def __init__(self, counts: Counts, directory: str | None) -> None:
        self.ending = False
        self._counts = counts
        self._directory = directory

    def state(self) -> dict[str, object]:
        """What there is to say, with "ok" first."""
        serving = self._counts.totals().processes_serving
        free = _free(self._directory)
        usable = self._directory is None or bool(free)
        return {
            "ok": bool(serving) and usable and not self.ending,
            "ending": self.ending,
            "processes_serving": serving,
            "free_bytes": free,
        }


def _free(directory: str | None) -> int | None:
    """Bytes that may still be stored there; None: it is not there."""
    if directory is None:
        return None
    try:
        status = os.statvfs(directory)
    except OSError:
        return None
    return status.f_bavail * status.f_frsize


def metrics_application(counts: Counts, health: Health) -> Application:
    """The two pages, as a WSGI application."""

    def answer(environ: dict[str, Any]) -> tuple[HTTPStatus, str, bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            content, content_type = exposition(counts, environ.get("HTTP_ACCEPT", ""))
            return HTTPStatus.OK, content_type, content
        if path == "/healthz":
            state = health.state()
            status = HTTPStatus.OK if state["ok"] else HTTPStatus.SERVICE_UNAVAILABLE
            return status, "application/json", json.dumps(state).encode() + b"\n"
        return HTTPStatus.NOT_FOUND, "text/plain", b"/metrics, /healthz\n"

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            start_response("405 Method Not Allowed", [("Allow", "GET, HEAD")])
            return [b""]
        status, content_type, content = answer(environ)
        headers = [("Content-Type", content_type), ("Content-Length", str(len(content)))]
        start_response(f"{status.value} {status.phrase}", headers)
        return [content if environ["REQUEST_METHOD"] == "GET" else b""]

    return application
