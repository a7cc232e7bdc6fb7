"""How a link begins at either end, plain or with TLS, and how its peer is named."""

from __future__ import annotations

from collections.abc import Sequence

from dul.errors import TransportError
from dul.transport.link import Address, Link
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from ssl import SSLContext

    from dul.transport.secure import SecureLink

__all__ = ["acceptor_link", "bare", "not_found", "peer_name", "requestor_link", "resolvable"]


def bare(host: str) -> str:
    """A host as the resolver wants it: an IPv6 address may come in brackets, as in a URL."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") and ":" in host else host


def resolvable(host: str) -> str | bytes:
    """A host as `getaddrinfo` takes it at least cost: as bytes, unless its name is international.

    Of a `str` it has the codec of international names made ASCII first, and to load that takes as
    long as to send an object.
    """
    host = bare(host)
    return host.encode("ascii") if host.isascii() else host


def requestor_link(
    host: str,
    port: int,
    addresses: Sequence[Address],
    tls: SSLContext | None,
    server_hostname: str | None,
) -> Link:
    """A connection that is to be opened; the certificate must name the host unless told otherwise."""
    host = bare(host)
    peer = peer_name(host, port)
    if tls is None:
        return Link(addresses=addresses, peer=peer)
    return _secure()(tls, addresses=addresses, server_hostname=server_hostname or host, peer=peer)


def acceptor_link(sock: socket.socket, peer: str, tls: SSLContext | None) -> Link:
    """A connection that has come to a listener."""
    return Link(sock, peer=peer) if tls is None else _secure()(tls, sock, peer=peer)


def _secure() -> type[SecureLink]:
    # OpenSSL takes as long to load as the upper layer, and most associations are plain.
    from dul.transport.secure import SecureLink  # noqa: PLC0415

    return SecureLink


def peer_name(host: str, port: int) -> str:
    """How a peer is named, in errors and to the user: "host:port", "[::1]:port"."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def not_found(host: str, port: int, error: Exception | None = None) -> TransportError:
    """What to say of a name that cannot be resolved, or of a port that there is not."""
    if not 0 < port < 1 << 16:
        return TransportError(f"cannot connect to {host}: there is no TCP port {port}")
    why = getattr(error, "strerror", None) or error
    return TransportError(f"cannot find host {host!r} (port {port}): {why}")
