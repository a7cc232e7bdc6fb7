"""Ends what waits in the blocking face, from another thread or a signal handler."""

from __future__ import annotations

import contextlib
import socket

__all__ = ["Wakeup"]


class Wakeup:
    """Ends whatever waits on it; safe to set from threads and signal handlers, once for all."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self.is_set = False

    def set(self) -> None:
        """Let every conversation that waits, or is going to, raise `Interrupted`."""
        self.is_set = True
        with contextlib.suppress(OSError):
            self._writer.send(b"!")

    def fileno(self) -> int:
        """The descriptor to wait for: it is readable once `set` was called."""
        return self._reader.fileno()

    def close(self) -> None:
        """Give the descriptors back."""
        self._reader.close()
        self._writer.close()
