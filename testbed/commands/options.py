"""The options of a run, and the settings that they come to."""

import argparse
from pathlib import Path

from ..settings import Settings, TlsFiles
from ..tls_suites import TLS_PROFILES
from .tls import add_certificates

_DEFAULTS = Settings()
#: Pairs of certificate and key that the tester presents, and what is special about them.
_PRESENTED = {
    "": "the tester's certificate",
    "expired-": "one whose validity has ended",
    "unknown-": "one of a CA that the product does not know",
    "other-": "one for another host name",
}


def ae_title(title: str) -> str:
    """An AE title as an argument: 1 to 16 characters of ASCII, no backslash (PS3.5 6.2, VR AE)."""
    if not 1 <= len(title) <= 16 or not title.strip(" "):
        raise argparse.ArgumentTypeError("an AE title has 1 to 16 characters, not all spaces")
    if not (title.isascii() and title.isprintable()) or "\\" in title:
        raise argparse.ArgumentTypeError(
            "an AE title is ASCII, without control characters and backslash"
        )
    return title


def add_running(parser: argparse.ArgumentParser) -> None:
    """Add the group "running"."""
    group = parser.add_argument_group("running")
    group.add_argument(
        "--strict", action="store_true", help="recommended cases and non-strict verdicts fail"
    )
    group.add_argument(
        "--lenient", action="store_true", help="widely broken rules count as non-strict"
    )
    _add_patience(group)
    group.add_argument(
        "--confirm", type=int, default=0, metavar="N", help="repeat a failed case up to N times"
    )
    group.add_argument(
        "--xfail", type=Path, metavar="FILE", help="lines 'ID reason' of expected failures"
    )
    group.add_argument("--name", default="", help="the product's name in reports")
    group.add_argument("--show-data", action="store_true", help="keep data-set bytes in logs")
    group.add_argument(
        "--calling", default=_DEFAULTS.calling, type=ae_title, metavar="TITLE",
        help="AE title of the tester (%(default)s)",
    )  # fmt: skip
    group.add_argument("-q", "--quiet", action="store_true", help="only the summary")
    group.add_argument(
        "-v", "--verbose", action="store_true", help="every case, not only the bad ones"
    )


def _add_patience(group: "argparse._ArgumentGroup") -> None:
    """Seconds to wait, each with the case that it is for."""
    for option, what in {
        "timeout": "for an answer",
        "slow-max": "for a late answer, which is slow and no hang",
        "still": "to see that nothing comes, less than any timer of the product takes",
        "artim-max": "for the product's ARTIM, and while it is busy",
        "idle": "watching an idle association",
        "acse-max": "in the cases about silence instead of an A-ASSOCIATE-AC",
        "dimse-max": "in the cases about silence instead of a response",
        "live-max": "for the product to serve again after a case",
        "exit-max": "for a requestor to end after its connection",
    }.items():
        default = getattr(_DEFAULTS, option.replace("-", "_"))
        group.add_argument(
            f"--{option}", type=float, default=default, metavar="S",
            help=f"seconds to wait {what} ({default:g})",
        )  # fmt: skip


def add_tls(parser: argparse.ArgumentParser) -> None:
    """Add the group "TLS"."""
    group = parser.add_argument_group("TLS")
    group.add_argument(
        "--tls-profile", default="", choices=[profile.id for profile in TLS_PROFILES.values()],
        help="the profile of PS3.15 that the product claims: its cases are required then",
    )  # fmt: skip
    group.add_argument("--tls", action="store_true", help="the product speaks TLS on its port")
    add_certificates(group)
    group.add_argument(
        "--ca", type=Path, metavar="PEM", help="the CA by which the product's certificate is judged"
    )
    for which, what in _PRESENTED.items():
        group.add_argument(f"--{which}cert", type=Path, metavar="PEM", help=what)
        group.add_argument(f"--{which}key", type=Path, metavar="PEM", help="its private key")


def add_acceptor(parser: argparse.ArgumentParser) -> None:
    """Add the group "declarations" of a product that listens."""
    group = parser.add_argument_group("declarations")
    group.add_argument(
        "--called", default=_DEFAULTS.called, type=ae_title, metavar="TITLE",
        help="AE title of the product (%(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--checks-called", action="store_true", help="it rejects other called AE titles"
    )
    group.add_argument(
        "--checks-calling", action="store_true", help="it rejects unknown calling AE titles"
    )
    group.add_argument("--accept-any", action="store_true", help="it accepts any abstract syntax")
    group.add_argument(
        "--max-assoc", type=int, default=_DEFAULTS.max_assoc, metavar="N",
        help="associations at a time (%(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--store-dir", type=Path, metavar="DIR", help="where it stores what it receives"
    )
    group.add_argument(
        "--bad-user", default="", metavar="NAME:PASSWORD", help="credentials it refuses"
    )
    group.add_argument(
        "--tls-port", type=int, default=0, metavar="PORT", help="where it speaks TLS, beside PORT"
    )
    group.add_argument("--mutual", action="store_true", help="it wants client certificates")
    group.add_argument(
        "--start-cmd", default="", metavar="CMD",
        help="command that starts the product, again if it dies",
    )  # fmt: skip


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings that the options come to."""
    known = {name for name in Settings.__slots__ if hasattr(arguments, name)}
    fields = {name: getattr(arguments, name) for name in known}
    names = [name for name in TlsFiles.__slots__ if getattr(arguments, name, None)]
    fields["tls_files"] = TlsFiles(**{name: getattr(arguments, name) for name in names})
    return Settings(**fields)
