"""echoscu: ask a peer whether it answers (C-ECHO)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from cli import calling, dumps, tool
from cli import options as opt
from cli.calling import Calling
from cli.options import Command, Group, Option, Parameter
from cli.report import Level, Report, printable
from cli.stop import Stop
from cli.tool import FAILED
from dimse.client import VERIFICATION_CONTEXT, Session
from dimse.errors import DIMSEError
from dimse.messages.base import Message
from dimse.messages.composite import CEchoRQ
from dimse.tables import status
from dul.blocking import Wakeup
from dul.errors import AssociationAborted, DULError, Interrupted

__all__ = ["COMMAND", "main"]

COMMAND = Command(
    name="echoscu",
    summary="DICOM verification (C-ECHO) SCU",
    parameters=(
        Parameter("peer", "hostname of DICOM peer", opt.text),
        Parameter("port", "tcp/ip port number of peer", opt.port),
    ),
    groups=(
        tool.GENERAL,
        Group(
            "association",
            (
                Option(
                    ("-r", "--repeat"),
                    "repeat",
                    "repeat N times, in one association (default: 1)",
                    read=opt.integer(1, 0xFFFFFFFF),
                    metavar="N",
                ),
                Option(
                    ("-a", "--abort"),
                    "abort",
                    "abort association instead of releasing it at the end",
                ),
            ),
        ),
        calling.titles("ECHOSCU"),
        calling.PDU_SIZES,
        calling.TIMES,
    ),
    defaults={
        **tool.GENERAL_DEFAULTS,
        **calling.NETWORK_DEFAULTS,
        "calling": "ECHOSCU",
        "repeat": 1,
        "abort": False,
    },
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; gives its exit code. Default: the process's command line."""
    return tool.run(COMMAND, argv, _work)


def _work(values: dict[str, Any], report: Report) -> int:
    wakeup = Wakeup()
    try:
        with Stop(wakeup.set) as stop:
            try:
                return _call(Calling(**values), report, wakeup)
            except Interrupted:
                report.error(f"interrupted by {stop.name}")
                return stop.exit_code
    finally:
        wakeup.close()


def _call(settings: Calling, report: Report, wakeup: Wakeup) -> int:
    client = calling.client_for(settings, report, wakeup)
    session = calling.associate(client, [VERIFICATION_CONTEXT], settings, report)
    if session is None:
        return FAILED
    try:
        code = _echo(session, settings.repeat, report)
        ended = calling.end(session, report, abort=settings.abort)
    except Interrupted:
        session.abort()
        raise
    except (DULError, DIMSEError) as error:
        report.error(f"Echo Failed: {error}")
        if isinstance(error, AssociationAborted):
            report.info("Peer Aborted Association")
        session.abort()
        return FAILED
    return code if ended else FAILED


def _echo(session: Session, repeat: int, report: Report) -> int:
    if not session.negotiated.contexts:
        report.fatal(
            "No Acceptable Presentation Contexts\n"
            "Try: the peer is a DICOM application, but one that does not offer Verification"
        )
        return FAILED

    def observe(said: Message) -> None:
        direction = "received"
        if isinstance(said, CEchoRQ):
            direction = "sent"
            report.info(f"Sending Echo Request (MsgID {said.message_id})")
        if report.shows(Level.DEBUG):
            report.debug(dumps.message(said, direction))

    code = 0
    for _ in range(repeat):
        reply = session.echo(observe=observe)
        words = status.meaning(reply.status, "C-ECHO")
        if reply.status == status.SUCCESS:
            report.info(f"Received Echo Response ({words})")
            continue
        comment = f": {printable(reply.error_comment)}" if reply.error_comment else ""
        report.error(f"Echo Failed: the peer answered {words} ({reply.status:04X}H){comment}")
        code = FAILED
    return code


if __name__ == "__main__":
    sys.exit(main())
