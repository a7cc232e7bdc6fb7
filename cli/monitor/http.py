"""A WSGI application at an address, in threads of its own: for scrapers, probes and a page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingMixIn
from types import TracebackType
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from dul.blocking import listen
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Self, TypeAlias

__all__ = ["Application", "Listening"]

SLOWEST_REQUEST = 10.0
"""Seconds that a client has for its request."""

MOST = 32
"""Requests that are answered at a time; who comes beyond is hung up on."""

Application: TypeAlias = "Callable[[dict[str, Any], Any], Iterable[bytes]]"
"""PEP 3333."""


class Listening:
    """An application at an address. A context manager.

    Args:
        application: what is served.
        host: the address.
        port: 0 for any free one.

    Raises:
        TransportError: the address can't be listened on.
    """

    def __init__(self, application: Application, host: str, port: int) -> None:
        self._listener = listen(host, port)
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self._application = application
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        host, port = self.address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"

    def start(self) -> None:
        """Serve, in threads that end with the process at the latest."""
        self._server = _Server(self.address, _Request, bind_and_activate=False)
        self._server.socket.close()
        self._listener.setblocking(True)
        self._server.socket = self._listener
        self._server.server_bind_name(*self.address)
        self._server.set_app(self._application)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="http", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Serve no longer. Idempotent."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server = None
        self._listener.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._places = threading.BoundedSemaphore(MOST)

    def server_bind_name(self, host: str, port: int) -> None:
        """What `server_bind` does besides: the socket listens already."""
        self.server_name, self.server_port = host, port
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hung up, or was too slow, needs no traceback."""


class _Request(WSGIRequestHandler):
    timeout = SLOWEST_REQUEST
    server_version = "dulcet"
    sys_version = ""

    def log_message(self, format: str, *arguments: object) -> None:
        """Scrapers come every few seconds."""

    def address_string(self) -> str:
        """The address itself: a look-up of its name would take its time."""
        return BaseHTTPRequestHandler.address_string(self)
