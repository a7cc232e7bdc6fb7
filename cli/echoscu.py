"""echoscu: ask a peer whether it answers (C-ECHO)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cli import calling, tool
from cli.calling import Teller
from cli.codes import FAILED
from cli.grammar.declaration import Settings, flag, setting, value
from cli.grammar.values import integer
from cli.options.general import General
from cli.options.network import Calling
from cli.report import Report, printable
from cli.stop import Stop
from dimse.events import Associated, ClientEvent, Echoed, Lost, Requesting, Responded
from dimse.messages.composite import CEchoRQ
from dimse.tables import status
from dul.blocking import Wakeup
from dul.errors import Interrupted

__all__ = ["EchoscuSettings", "main"]


class _Association(Settings, title="association"):
    repeat: int = setting(
        1,
        value(
            "-r",
            "--repeat",
            read=integer(1, 0xFFFFFFFF),
            metavar="N",
            help="repeat N times, in one association (default: 1)",
        ),
    )
    abort: bool = setting(
        False,
        flag("-a", "--abort", help="abort association instead of releasing it at the end"),
    )


class EchoscuSettings(
    General,
    _Association,
    Calling,
    tool="echoscu",
    summary="DICOM verification (C-ECHO) SCU",
    defaults={"calling_ae_title": "ECHOSCU"},
):
    """What a command line of echoscu comes to."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; gives its exit code. Default: the process's command line."""
    return tool.run(EchoscuSettings, argv, _work)


def _work(settings: EchoscuSettings, report: Report) -> int:
    teller = _Echoes(report, settings, contexts=settings.contexts)
    wakeup = Wakeup()
    try:
        with Stop(wakeup.set) as stop:
            stop.told = teller.interrupting
            client = calling.client_for(settings, report, wakeup)
            try:
                for event in client.echoes(settings.repeat, abort=settings.abort):
                    teller.tell(event)
            except Interrupted:
                report.error(f"interrupted by {stop.name}")
                return stop.exit_code
            return teller.code
    finally:
        wakeup.close()


class _Echoes(Teller):
    """Says what the peer answers."""

    def tell(self, event: ClientEvent) -> None:
        match event:
            case Requesting(message=CEchoRQ() as message):
                self.report.info(f"Sending Echo Request (MsgID {message.message_id})")
                self.dump(message, "sent")
            case Responded():
                self.dump(event.message, "received")
            case Echoed():
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
            self.report.info(f"Received Echo Response ({words})")
            return
        self.failed(FAILED)
        comment = f": {printable(event.error_comment)}" if event.error_comment else ""
        self.report.error(f"Echo Failed: the peer answered {words} ({event.status:04X}H){comment}")


if __name__ == "__main__":
    sys.exit(main())
