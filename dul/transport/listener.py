"""The acceptor's listening socket, and the connections that come to it."""

from __future__ import annotations

import contextlib
import errno
import socket

from dul.errors import TransportError
from dul.transport.link import Link
from dul.transport.opening import acceptor_link, bare, peer_name
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import Any

__all__ = ["OneConnection", "accept_connection", "listen"]

BACKLOG = 1024  # the kernel bounds it; one SYN that finds no room costs its caller a second
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A non-blocking listening socket; an empty host is every interface, IPv4 and IPv6.

    An IPv6 address may stand in brackets.

    Args:
        host: the address.
        port: 0 for any free one.
        shared: several sockets may listen there, and the kernel gives each connection to one of
            them (SO_REUSEPORT); all of them are to be opened so, by one user.

    Raises:
        TransportError: the address cannot be listened on.
    """
    try:
        sock = _listen(host, port, shared=shared)
    except OSError as error:
        # `socket.create_server` repeats the address behind the reason, as Python writes a tuple.
        why = (error.strerror or str(error)).partition(" (while attempting")[0]
        raise TransportError(
            f"cannot listen on {host or 'any address'}, port {port}: {why}"
        ) from error
    sock.setblocking(False)
    return sock


def _listen(host: str, port: int, *, shared: bool) -> socket.socket:
    host = bare(host)
    if not 0 <= port < 1 << 16:
        raise OSError(errno.EINVAL, "there is no such TCP port")
    if not host and socket.has_dualstack_ipv6():
        with contextlib.suppress(OSError):  # a kernel without IPv6
            return socket.create_server(
                (host, port),
                family=socket.AF_INET6,
                backlog=BACKLOG,
                reuse_port=shared,
                dualstack_ipv6=True,
            )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=shared)


def accept_connection(listener: socket.socket, tls: SSLContext | None) -> Link | None:
    """The next connection to a listener, or None: there is none, or it is gone again.

    Raises:
        OSError: the process or the system has no room for one more at present.
    """
    try:
        sock, (host, port, *_) = listener.accept()
    except OSError as error:
        if error.errno in _EXHAUSTED:
            raise
        return None
    # A caller by IPv4, on a listener for both, has an address of IPv6 with its own in it.
    return acceptor_link(sock, peer_name(host.removeprefix("::ffff:"), port), tls)


class OneConnection(socket.socket):
    """A listener to which one connection comes, which somebody else has accepted, and no other.

    Args:
        sock: the connection; it belongs to whoever accepts it.
    """

    def __init__(self, sock: socket.socket) -> None:
        # One end of a pair, which becomes readable when something is written to the other.
        ours, self._other = socket.socketpair()
        super().__init__(ours.family, ours.type, ours.proto, fileno=ours.detach())
        self._other.send(b"1")
        self._sock: socket.socket | None = sock
        self._name = sock.getsockname()

    def accept(self) -> tuple[socket.socket, Any]:
        """The connection; the second time, nothing, ever."""
        sock, self._sock = self._sock, None
        if sock is None:
            raise BlockingIOError(errno.EAGAIN, "there is no other")
        self.recv(1)
        return sock, sock.getpeername()

    def getsockname(self) -> Any:
        """Where the connection was accepted."""
        return self._name

    def close(self) -> None:
        """Let go of it; of the connection too if nobody has accepted it."""
        super().close()
        self._other.close()
        if self._sock is not None:
            self._sock.close()
