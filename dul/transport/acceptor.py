"""What an acceptor has in either face: its listener, who came, and what is said of them."""

from __future__ import annotations

import contextlib
import logging
import socket
from contextlib import AbstractContextManager

from dul.association import Trace
from dul.conversations import Conversation
from dul.errors import DULError, InvalidTLS
from dul.limits import Limits
from dul.transport.admission import Admission, Guest, Serve
from dul.transport.descriptors import free_descriptors, places
from dul.transport.link import Link
from dul.transport.listener import accept_connection, listen
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = ["PAUSE", "Acceptor"]

logger = logging.getLogger("dul")

PAUSE = 0.5
"""Seconds without accepting when descriptors or memory are exhausted."""


class Acceptor:
    """A listener, or two, and its connections; a face accepts them and serves each.

    Attributes:
        tls: a server context, for TLS; it may be replaced, for connections to come.
    """

    def __init__(
        self,
        serve: Serve,
        lock: AbstractContextManager[object],
        *,
        host: str,
        port: int,
        listener: socket.socket | None,
        limits: Limits | None,
        tls: SSLContext | None,
        tls_port: int | None,
        tls_listener: socket.socket | None,
        max_associations: int,
        max_associations_per_peer: int | None,
        trace: Trace | None,
    ) -> None:
        self.tls = tls
        self._serve = serve
        self._places = places(max_associations, free_descriptors())
        self._admission = Admission(
            self._places, lock, limits, trace, per_peer=max_associations_per_peer
        )
        with contextlib.ExitStack() as failed:
            self._listener = listen(host, port) if listener is None else listener
            failed.callback(self._listener.close)
            if tls_listener is None and tls_port is not None:
                tls_listener = listen(host, tls_port)
            if tls_listener is not None and tls is None:
                failed.callback(tls_listener.close)
                raise InvalidTLS("there is a port for TLS, and no context for it")
            failed.pop_all()
        self._tls_listener = tls_listener
        self._listeners = [self._listener, *([] if tls_listener is None else [tls_listener])]
        for each in self._listeners:
            each.setblocking(False)
        self._addresses = [each.getsockname()[:2] for each in self._listeners]

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, or did before it was stopped."""
        host, port = self._addresses[0]
        return host, port

    @property
    def tls_address(self) -> tuple[str, int] | None:
        """Where it listens for TLS, if that is another port than the one for plain DICOM."""
        if self._tls_listener is None:
            return None
        host, port = self._addresses[1]
        return host, port

    def _next_link(self, listener: socket.socket) -> Link | None:
        """The next connection to one of its listeners, or None: there is none, or it is gone again.

        Raises:
            OSError: there is no room for one more; accept none for a `PAUSE`.
        """
        try:
            secure = self._tls_listener is None or listener is self._tls_listener
            return accept_connection(listener, self.tls if secure else None)
        except OSError as error:
            logger.warning("no connections are accepted for %s s: %s", PAUSE, error)
            raise

    def _conversation(self, guest: Guest) -> Conversation[None]:
        return self._serve(guest.association, guest.link.peer)

    def _say_failed(self, guest: Guest, error: BaseException) -> None:
        """For the log: how an association ended; a fault in somebody's code with its traceback."""
        if isinstance(error, DULError):
            logger.info("association with %s ended: %s", guest.link.peer, error)
        else:
            logger.error("association with %s failed", guest.link.peer, exc_info=error)
