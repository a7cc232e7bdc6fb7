"""What storescp shows of itself over HTTP, in its own process or in one beside its workers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from cli.grammar.declaration import UsageError
from cli.monitor.http import Listening
from cli.report import Report
from cli.storescp.options import StorescpSettings
from dimse.watch.counts import Counts
from dimse.workers.orders import Job, Orders

__all__ = ["Monitor"]


class Monitor:
    """All that is shown. A context manager: what listens is let go of in the end.

    Args:
        settings: the options.
        report: where it is said at which address.
        counts: where servers count.

    Raises:
        UsageError: what an option needs is not installed.
        TransportError: an address can't be listened on.
    """

    def __init__(self, settings: StorescpSettings, report: Report, counts: Counts) -> None:
        self._ending: list[Callable[[], None]] = []
        with contextlib.ExitStack() as stack:
            self._served = list(self._pages(settings, report, counts, stack))
            self._stack = stack.pop_all()

    def _pages(
        self,
        settings: StorescpSettings,
        report: Report,
        counts: Counts,
        stack: contextlib.ExitStack,
    ) -> Iterator[Listening]:
        if settings.metrics is not None:
            try:
                # An extra.
                from cli.monitor.metrics import Health, metrics_application  # noqa: PLC0415
            except ImportError as error:
                raise UsageError(
                    f"--metrics needs {error.name}: pip install 'dulcet[metrics]'"
                ) from error
            health = Health(counts, None if settings.ignore else settings.directory)
            self._ending.append(lambda: setattr(health, "ending", True))
            served = Listening(metrics_application(counts, health), *settings.metrics)
            stack.callback(served.close)
            report.info(f"Metrics at {served.url}metrics, health at {served.url}healthz")
            yield served

    def start(self) -> None:
        """Show it, in threads of this process."""
        for each in self._served:
            each.start()

    def ending(self) -> None:
        """The server was told to end: it is not well any more."""
        for each in self._ending:
            each()

    def job(self) -> Job | None:
        """What a process beside the workers does; None: there is nothing to be shown."""
        return self._work if self._served else None

    def _work(self, orders: Orders) -> None:
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
