"""What an acceptor has in either face: its listener, who came, and what is said of them."""

from __future__ import annotations

import logging
import socket
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from dul.association import Trace
from dul.conversations import Conversation
from dul.errors import DULError
from dul.limits import Limits
from dul.transport.admission import Admission, Guest, Serve
from dul.transport.descriptors import free_descriptors, places
from dul.transport.link import Link
from dul.transport.listener import accept_connection, listen

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = ["PAUSE", "Acceptor"]

logger = logging.getLogger("dul")

PAUSE = 0.5
"""Seconds without accepting when descriptors or memory are exhausted."""


class Acceptor:
    """A listener and its connections; a face accepts them and serves each.

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
        self._listener = listen(host, port) if listener is None else listener
        self._listener.setblocking(False)
        self._address: tuple[str, int] = self._listener.getsockname()[:2]

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, or did before it was stopped."""
        return self._address

    def _next_link(self) -> Link | None:
        """The next connection, or None: there is none, or it is gone again.

        Raises:
            OSError: there is no room for one more; accept none for a `PAUSE`.
        """
        try:
            return accept_connection(self._listener, self.tls)
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
