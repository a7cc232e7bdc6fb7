"""echoscu: ask a peer whether it answers (C-ECHO)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from dimse import RoundTrips
from dimse.events import Associated, ClientEvent, Echoed, Lost, Requesting, Responded
from dimse.messages import CEchoRQ
from dimse.tables import status
from dul.blocking import Wakeup
from dul.errors import Interrupted

from . import calling, tool
from .calling import Teller
from .codes import FAILED
from .echoscu_options import EchoscuSettings
from .grammar.declaration import UsageError
from .report import Report, printable
from .stop import Stop

__all__ = ["EchoscuSettings", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; gives its exit code. Default: the process's command line."""
    return tool.run(EchoscuSettings, argv, _work)


def _work(settings: EchoscuSettings, report: Report) -> int:
    if settings.peers is not None:
        if settings.peer:
            raise UsageError(f"Unexpected parameter {settings.peer}")
        # Most ask one peer.
        from .echotable import ask_all  # noqa: PLC0415

        return ask_all(settings, settings.peers, report)
    for name, given in (("peer", settings.peer), ("port", settings.port)):
        if not given:
            raise UsageError(f"Missing parameter {name}")
    teller = _Echoes(report, settings)
    wakeup = Wakeup()
    try:
        with Stop(wakeup.set) as stop:
            stop.told = teller.interrupting
            client = calling.client_for(settings, report, wakeup)
            try:
                for event in settings.echoes(client):
                    teller.tell(event)
            except Interrupted:
                if settings.interval is not None and teller.trips:
                    teller.summarize()  # that is how it ends
                    return teller.code
                report.error(f"interrupted by {stop.name}")
                return stop.exit_code
            teller.summarize()
            return teller.code
    finally:
        wakeup.close()


class _Echoes(Teller):
    """Says what the peer answers."""

    def __init__(self, report: Report, settings: EchoscuSettings) -> None:
        super().__init__(report, settings, contexts=settings.contexts)
        self.trips = RoundTrips()
        self.shows_times = settings.interval is not None

    def summarize(self) -> None:
        """Say how long the echoes took, if there were several."""
        if len(self.trips) > 1:
            self.report.info(f"{len(self.trips)} echoes, {self.trips}")

    def tell(self, event: ClientEvent) -> None:
        match event:
            case Requesting(message=CEchoRQ() as message):
                self.report.info(f"Sending Echo Request (MsgID {message.message_id})")
                self.dump(message, "sent")
            case Responded():
                self.dump(event.message, "received")
            case Echoed():
                self.trips.add(event.seconds)
                self._echoed(event)
            case Lost():
                self.failed(FAILED)
                self.report.error(f"Echo Failed: {event.error}")
                self.ended_by(event.error)
            case Associated():
                super().tell(event)
                if not event.negotiated.contexts:
                    self.failed(FAILED)
                    self.report.fatal(
                        "No Acceptable Presentation Contexts\n"
                        "Try: the peer is a DICOM application, but one that does not offer "
                        "Verification"
                    )
            case _:
                super().tell(event)

    def _echoed(self, event: Echoed) -> None:
        words = status.meaning(event.status, "C-ECHO")
        if event.status == status.SUCCESS:
            time = f", {1000 * event.seconds:.3f} ms" if self.shows_times else ""
            self.report.info(f"Received Echo Response ({words}{time})")
            return
        self.failed(FAILED)
        comment = f": {printable(event.error_comment)}" if event.error_comment else ""
        self.report.error(f"Echo Failed: the peer answered {words} ({event.status:04X}H){comment}")


if __name__ == "__main__":
    sys.exit(main())
