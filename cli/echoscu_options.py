"""What echoscu can be told: its options, and what they come to."""

from __future__ import annotations

from dimse import Client, ContextOffer, Events
from dimse.tables.transfer_syntaxes import TRANSFER_SYNTAXES, UNCOMPRESSED
from dimse.tables.uids import VERIFICATION

from .grammar.declaration import Settings, flag, parameter, setting, value
from .grammar.values import integer, port, seconds, text
from .options.general import General
from .options.network import Calling

__all__ = ["EchoscuSettings"]

_SYNTAXES = (*UNCOMPRESSED, *(uid for uid in TRANSFER_SYNTAXES if uid not in UNCOMPRESSED))


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
    interval: float | None = setting(
        None,
        value(
            "-i",
            "--interval",
            read=seconds,
            metavar="S",
            help="send a request every S seconds, or when the one before is answered; without "
            "--repeat until Ctrl-C",
        ),
    )
    abort: bool = setting(
        False,
        flag("-a", "--abort", help="abort association instead of releasing it at the end"),
    )
    propose_ts: int = setting(
        1,
        value(
            "-pts",
            "--propose-ts",
            read=integer(1, len(_SYNTAXES)),
            metavar="N",
            help=f"propose N transfer syntaxes, 1 to {len(_SYNTAXES)} (default: 1)",
        ),
    )
    propose_pc: int = setting(
        1,
        value(
            "-ppc",
            "--propose-pc",
            read=integer(1, 128),
            metavar="N",
            help="propose N presentation contexts, 1 to 128 (default: 1)",
        ),
    )
    peers: str | None = setting(
        None,
        value(
            "--peers",
            read=text,
            metavar="FILE",
            help="ask all peers of a list at once, TITLE@HOST:PORT on each line, and show a table; "
            "-: standard input. No peer and port are given then",
        ),
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

    peer: str = parameter("peer", read=text, help="hostname of DICOM peer", default="")
    port: int = parameter("port", read=port, help="tcp/ip port number of peer", default=0)

    @property
    def count(self) -> int:
        """How many echoes."""
        endless = self.interval is not None and self.repeat == 1
        return 0xFFFFFFFF if endless else self.repeat

    @property
    def contexts_proposed(self) -> list[ContextOffer]:
        """The presentation contexts that are proposed."""
        return [ContextOffer(VERIFICATION, _SYNTAXES[: self.propose_ts])] * self.propose_pc

    def echoes(self, client: Client) -> Events:
        """What a client is to ask."""
        return client.echoes(
            self.count,
            abort=self.abort,
            interval=self.interval or 0.0,
            contexts=self.contexts_proposed,
        )
