"""The acceptor's listening socket, and the connections that come to it."""

from __future__ import annotations

import contextlib
import errno
import socket
from typing import TYPE_CHECKING

from dul.errors import TransportError
from dul.transport.link import Link
from dul.transport.opening import acceptor_link, bare, peer_name

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = ["accept_connection", "listen"]

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
        raise TransportError(
            f"cannot listen on {host or 'any address'}, port {port}: {error.strerror or error}"
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
