"""What storescp shows of itself over HTTP, in its own process or in one beside its workers."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence

from dimse import Observer
from dimse.watch import LONGEST_FACT, Counts, Fact, Overview, Visits, from_line, to_line
from dimse.workers import Orders
from dul.values import TYPE_CHECKING

from ..grammar.declaration import UsageError
from ..monitor.http import Listening
from ..report import Report
from .options import StorescpSettings

if TYPE_CHECKING:
    from ..monitor.http import Application

__all__ = ["Monitor"]


class Monitor:
    """All that is shown: it listens from the beginning, and is served from `start` on.

    Args:
        settings: the options.
        report: where it is said at which address.
        counts: where servers count.

    Raises:
        UsageError: what an option needs is not installed.
        TransportError: an address can't be listened on.
    """

    def __init__(self, settings: StorescpSettings, report: Report, counts: Counts) -> None:
        self._settings = settings
        self._counts = counts
        self._ending: list[Callable[[], None]] = []
        self._overview = Overview()
        self._facts: dict[str, str] = {"title": settings.ae_title, "port": str(settings.port)}
        # What workers see travels in datagrams; with one process it is at hand.
        self._line: tuple[socket.socket, socket.socket] | None = None
        with contextlib.ExitStack() as stack:
            if settings.web is not None and settings.workers > 1:
                self._line = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
                self._line[1].setblocking(False)
                for each in self._line:
                    stack.callback(each.close)
            self._services = list(self._services_for(report, stack))
            self._stack = stack.pop_all()

    def _services_for(self, report: Report, stack: contextlib.ExitStack) -> Iterator[Listening]:
        if self._settings.metrics is not None:
            service = Listening(self._metrics(), *self._settings.metrics)
            stack.callback(service.close)
            report.info(f"Metrics at {service.url}metrics, health at {service.url}healthz")
            yield service
        if self._settings.web is not None:
            service = Listening(self._page(self._settings.web[0]), *self._settings.web)
            stack.callback(service.close)
            report.info(f"A page to look at: {service.url}")
            yield service

    def _metrics(self) -> Application:
        try:
            # An extra.
            from ..monitor.metrics import Health, metrics_application  # noqa: PLC0415
        except ImportError as error:
            raise UsageError(
                f"--metrics needs {error.name}: pip install 'dulcet[metrics]'"
            ) from error
        settings = self._settings
        local = not settings.ignore and settings.object_store is None
        health = Health(self._counts, settings.directory if local else None)
        self._ending.append(lambda: setattr(health, "ending", True))
        return metrics_application(self._counts, health)

    def _page(self, host: str) -> Application:
        try:
            # An extra.
            from ..web.application import web_application  # noqa: PLC0415
        except ImportError as error:
            raise UsageError(f"--web needs {error.name}: pip install 'dulcet[web]'") from error
        return web_application(self._overview, self._counts, self._facts, host)

    def watchers(self) -> Sequence[Observer]:
        """Who is to be told what happens on associations, in the process that serves them."""
        if self._settings.web is None:
            return ()
        return (Visits(self._overview.take if self._line is None else self._send),)

    def _send(self, fact: Fact) -> None:
        assert self._line is not None
        with contextlib.suppress(OSError):  # nobody reads so fast: the page has gaps
            self._line[1].send(to_line(fact))

    def accepting_at(self, port: int) -> None:
        """At this port associations are accepted; to be called before anything is shown."""
        self._facts["port"] = str(port)

    def start(self) -> None:
        """Show it, in threads of this process."""
        if self._line is not None:
            threading.Thread(target=self._listen, name="facts", daemon=True).start()
        for each in self._services:
            each.start()

    def _listen(self) -> None:
        assert self._line is not None
        with contextlib.suppress(OSError):
            while True:
                self._overview.take(from_line(self._line[0].recv(LONGEST_FACT + 5000)))

    def ending(self) -> None:
        """The server was told to end: it is not well any more."""
        for each in self._ending:
            each()

    def job(self, orders: Orders) -> None:
        """What a process beside the workers does."""
        over = threading.Event()

        def stop(grace: float) -> None:
            self.ending()
            if not grace:
                over.set()

        orders.obey(stop)
        self.start()
        over.wait()

    def close(self) -> None:
        """Let go of what listens."""
        self._stack.close()
