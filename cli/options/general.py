"""The general options of every tool."""

from __future__ import annotations

from ..grammar.declaration import Settings, flag, setting, value
from ..grammar.values import choice, text
from ..report import Level

__all__ = ["General"]

_LEVELS = {level.name.lower(): level for level in Level}


class General(Settings, title="general options"):
    """Help, and how much is said."""

    help: bool = setting(False, flag("-h", "--help", exits=True, help="print this text and exit"))
    version: bool = setting(False, flag("--version", exits=True, help="print the version and exit"))
    arguments: bool = setting(
        False, flag("--arguments", help="print the command line as it was understood")
    )
    dcmtk_defaults: bool = setting(
        False,
        flag(
            "--dcmtk-defaults",
            help="take DCMTK's default where ours is another one; DULCET_DCMTK_DEFAULTS=1 in the "
            "environment does so for all tools",
        ),
    )
    level: Level = setting(
        Level.WARN,
        flag("-q", "--quiet", value=Level.FATAL, help="say nothing but fatal errors"),
        flag("-v", "--verbose", value=Level.INFO, help="verbose mode: say what is done"),
        flag(
            "-d",
            "--debug",
            value=Level.DEBUG,
            help="debug mode: say also what is negotiated and what goes over the association",
        ),
        value(
            "-ll",
            "--log-level",
            read=choice(**_LEVELS),
            metavar="LEVEL",
            help="fatal, error, warn (default), info, debug or trace",
            excludes=[("--verbose", "--debug", "--quiet")],
        ),
    )
    log_config: str | None = setting(
        None,
        value(
            "-lc",
            "--log-config",
            read=text,
            metavar="FILE",
            help="say what a logging configuration of DCMTK's (log4cplus) wants, where it wants it",
            excludes=[("--log-level", "--verbose", "--debug", "--quiet")],
        ),
    )
    contexts: bool = setting(
        False,
        flag("+v", "--verbose-pc", help="show the presentation contexts in verbose mode, too"),
    )
