"""A server of mini acceptors: it listens, and gives each connection a thread of its own."""

import contextlib
import socket
import ssl
import threading
from typing import Self

from ..clock import Clock
from .peer import Config, Gone, MiniPeer


class MiniServer:
    """Listens, on an ephemeral port unless told, and gives each connection a thread of its own."""

    def __init__(
        self,
        config: Config,
        link: type[MiniPeer],
        context: ssl.SSLContext | None = None,
        *,
        port: int = 0,
    ) -> None:
        self.config = config
        self.context = context
        self.link = link
        self.listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port: int = self.listener.getsockname()[1]
        self.open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join(5)

    def join(self) -> None:
        """Wait until the server has stopped."""
        self._thread.join()

    def stop(self) -> None:
        """Stop listening and drop every connection."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in list(self.open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.open.add(sock)
            threading.Thread(target=self._one, args=(sock,), daemon=True).start()

    def _one(self, sock: socket.socket) -> None:
        try:
            if self.context is not None:
                sock = _secured(sock, self.context, self.config.artim)
        except OSError:
            sock.close()
            return
        link = self.link(sock, self.config)
        try:
            crashed = run_peer(link)
        finally:
            self.open.discard(sock)
            sock.close()
        if crashed:
            self.stop()


def _secured(sock: socket.socket, context: ssl.SSLContext, patience: float) -> ssl.SSLSocket:
    """The connection over TLS.

    Raises:
        OSError: the handshake failed, or took longer than `patience` seconds.
    """
    secure = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
    for piece in Clock().slices(patience):
        try:
            secure.settimeout(piece)
            secure.do_handshake()
        except (TimeoutError, ssl.SSLWantReadError):
            continue
        except OSError:
            secure.close()
            raise
        return secure
    secure.close()
    raise TimeoutError


def run_peer(link: MiniPeer) -> bool:
    """Serve a connection to its end; True if a planted crash happened."""
    try:
        link.main()
    except Gone:
        return False
    except SystemError:
        return True
    return False
