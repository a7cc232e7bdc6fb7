"""A link over TLS. Loaded when a TLS context is given, and not before."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence

from dul.errors import TransportError
from dul.security import Security
from dul.tls.facts import security_of
from dul.transport.link import Address, Link, Wait, Waiting
from dul.wire import Buffer

__all__ = ["SecureLink"]

_NOTHING = memoryview(b"")
_RECORD = 1 << 14  # bytes of what is sent in a full TLS record (RFC 8446 5.1)
_CHUNK = 8 * _RECORD  # that OpenSSL is given at a time
_SMALL_RECORD = 1024  # bytes; larger ones are taken for parts of something large


class SecureLink(Link):
    """A connection with TLS over TCP.

    Args:
        tls: the context.
        sock: as `Link`.
        addresses: as `Link`.
        server_hostname: whom a requestor expects in the peer's certificate.
        peer: as `Link`.
    """

    shakes_hands = True

    def __init__(
        self,
        tls: ssl.SSLContext,
        sock: socket.socket | None = None,
        *,
        addresses: Sequence[Address] = (),
        server_hostname: str | None = None,
        peer: str = "peer",
    ) -> None:
        super().__init__(sock, addresses=addresses, peer=peer)
        self._tls = tls
        self._server_hostname = server_hostname
        self._secure: ssl.SSLSocket | None = None  # once the handshake is done
        self._retry = _NOTHING  # what OpenSSL has been given and has not sent yet
        self._joined = _NOTHING  # where spans are put together for it
        self._read_error: OSError | None = None  # came behind the bytes of the latest read
        self._streaming = False  # something large is on its way to us

    @property
    def security(self) -> Security | None:
        """What was agreed, once the handshake is done."""
        return None if self._secure is None else security_of(self._secure)

    def shake_hands(self, until: float | None, *, server_side: bool) -> Waiting[bool]:
        """The TLS handshake.

        Returns:
            Whether it is done before `until`.

        Raises:
            TransportError: it was refused.
        """
        sock = self._sock
        assert sock is not None
        heard = b""
        tls: ssl.SSLSocket | None = None
        try:
            # `wrap_socket` would refuse a bad name as well, but lose the socket.
            name = None if server_side else _encoded(self._server_hostname)
            self._sock = tls = self._tls.wrap_socket(
                sock,
                server_side=server_side,
                server_hostname=name,
                do_handshake_on_connect=False,
            )
            if self._cut:  # `cut` may have met the socket that `wrap_socket` took apart
                raise TransportError(f"the connection to {self.peer} was cut")
            while True:
                heard = heard or _peek(tls)
                try:
                    tls.do_handshake()
                    self._secure = tls
                    return True
                except ssl.SSLWantReadError:
                    ready = yield Wait(tls.fileno(), read=True, write=False, until=until)
                except ssl.SSLWantWriteError:
                    ready = yield Wait(tls.fileno(), read=False, write=True, until=until)
                if not ready:
                    return False
        except (OSError, ValueError) as error:
            from dul.tls.failures import handshake_failed  # noqa: PLC0415 - most succeed

            raise handshake_failed(
                error, tls, heard, peer=self.peer, server_side=server_side
            ) from error

    def has_pending(self) -> bool:
        """Received bytes wait inside TLS, where no poll can see them."""
        return self._secure is not None and self._secure.pending() > 0

    def send(self, spans: Sequence[Buffer]) -> int:
        """As `Link.send`."""
        # After "want", OpenSSL must be given the same bytes again; they are kept here. Their
        # last byte is not counted until they are out, and stands first in the next spans: so a
        # flush waits for them, a deadline watches them, and an abort finds their PDU begun.
        sock = self._secure
        assert sock is not None
        owed = 1 if self._retry else 0
        taken = 0
        self.sending_wants_read = False
        chunks = self._chunks(spans, owed)
        try:
            while True:
                while self._retry:
                    self._retry = self._retry[sock.send(self._retry) :]
                self._retry = next(chunks, _NOTHING)
                if not self._retry:
                    return owed + taken
                taken += len(self._retry)
        except ssl.SSLWantWriteError:
            pass
        except ssl.SSLWantReadError:
            self.sending_wants_read = True
        return owed + taken - 1

    def _chunks(self, spans: Sequence[Buffer], skip: int) -> Iterator[memoryview]:
        """The spans' bytes, so many at a time: a TLS record for each header would cost more.

        What is large goes as it lies there. What is small is put together, with the beginning of what is
        large behind it, so that the records are full.
        A chunk is valid until the next one is asked for, and its spans are.

        Args:
            spans: what is to be sent.
            skip: bytes of the first one that are left out.
        """
        if skip:
            spans = [memoryview(spans[0])[skip:], *spans[1:]]
        if sum(map(len, spans)) <= _RECORD:
            yield memoryview(b"".join(spans))
            return
        # One buffer for all times: to make a new one each time has the system give and take its pages.
        if not self._joined:
            self._joined = memoryview(bytearray(_CHUNK))
        joined, at = self._joined, 0
        for span in spans:
            size = len(span)
            if at + size < _CHUNK:
                joined[at : at + size] = span
                at += size
                continue
            view = memoryview(span)
            if at:
                room = -at % _RECORD
                joined[at : at + room] = view[:room]
                yield joined[: at + room]
                view = view[room:]
            while len(view) >= _RECORD:
                size = min(_CHUNK, len(view) - len(view) % _RECORD)
                yield view[:size]
                view = view[size:]
            at = len(view)
            joined[:at] = view
        if at:
            yield joined[:at]

    def receive(self, view: memoryview) -> int | None:
        """As `Link.receive`."""
        # OpenSSL gives one record at a time. Behind one of a large object there is the next one,
        # and a turn of the pump costs more than asking; behind a small message there is nothing.
        # Some peers put the header of a PDU into a small record of its own: what is large goes on
        # behind that.
        self.receiving_wants_write = False
        sock = self._secure
        assert sock is not None
        error, self._read_error = self._read_error, None
        if error is not None:
            raise error
        streaming, self._streaming = self._streaming, False
        count = got = 0
        room = len(view)
        # What `recv_into` comes to, one call in Python less for each record.
        read: Callable[[int, memoryview], int] = sock.read  # type: ignore[assignment]
        try:
            while count < room:
                got = read(room - count, view[count:])
                count += got
                if got >= _SMALL_RECORD:
                    self._streaming = streaming = True
                elif not (streaming and got):
                    break
        except ssl.SSLWantReadError:
            return count or None
        except ssl.SSLWantWriteError:
            self.receiving_wants_write = True
            return count or None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            pass  # it will be met again
        except OSError as caught:
            if not count:
                raise
            self._read_error = caught  # it may not: after what came before it
        return count

    def broke(self, error: OSError, when: str) -> TransportError:
        """As `Link.broke`; names the peer's alert, if that is what ended it."""
        from dul.tls.failures import broke  # noqa: PLC0415 - few break

        failed = broke(error, self.peer, when)
        failed.__cause__ = error
        return failed

    def _take_leave(self, sock: socket.socket) -> None:
        if sock is self._secure and not self._retry:
            # One close_notify; the peer's is not waited for (RFC 8446 6.1).
            with contextlib.suppress(OSError, ValueError):
                self._secure.unwrap()


def _encoded(name: str | None) -> bytes | None:
    """A host's name as TLS has it, at least cost.

    The codec of international names takes as long to load as the certificates, and most need none.
    """
    if name is None:
        return None
    # No label of it is empty, or longer than 63 characters (RFC 1035 2.3.4).
    plain = name.isascii() and len(name) < 64 and ".." not in f".{name}"
    return name.encode("ascii" if plain else "idna")


def _peek(sock: socket.socket) -> bytes:
    """The first bytes that came, left where they are; none if there are none yet."""
    try:
        # Not SSLSocket.recv, which takes no flags.
        return socket.socket.recv(sock, 2, socket.MSG_PEEK)
    except OSError:
        return b""
