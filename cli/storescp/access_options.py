"""What storescp can be told about who may call."""

from __future__ import annotations

from ..grammar import values as read
from ..grammar.declaration import Settings, flag, repeated, setting, value

__all__ = ["CallersAllowed"]


def _network(text: str) -> str:
    # Few servers are told; a network is kept as a text here.
    from dimse.access import networks  # noqa: PLC0415

    networks([text])
    return text


class CallersAllowed(Settings, title="who may call (default: anybody)"):
    """Who may call, and how often at a time."""

    allow_from: tuple[str, ...] = setting(
        (),
        repeated(
            "--allow-from",
            read=_network,
            metavar="NETWORK",
            help="this address or network, 192.0.2.0/24; may be given several times",
        ),
    )
    allow_calling: tuple[str, ...] = setting(
        (),
        repeated(
            "--allow-calling",
            read=read.ae_title,
            metavar="TITLE",
            help="this calling AE title (others: 1/1/3); may be given several times",
        ),
    )
    allow_called: tuple[str, ...] = setting(
        (),
        repeated(
            "--allow-called",
            read=read.ae_title,
            metavar="TITLE",
            help="answer to this AE title, besides mine with --check-called (others: 1/1/7); may be "
            "given several times",
        ),
    )
    policy: str | None = setting(
        None,
        value(
            "--policy",
            read=read.text,
            metavar="FILE",
            help="keep to this access policy (TOML): who may call whom, from where, with which "
            "certificate, as which user, and with what; everybody else is rejected. SIGHUP has it read "
            "anew",
        ),
    )
    check_policy: bool = setting(
        False,
        flag(
            "--check-policy",
            help="say whether the access policy can be kept with the other options, and exit",
            needs=("--policy",),
        ),
    )
    access_control: bool = setting(
        False,
        flag(
            "-ac",
            "--access-full",
            value=False,
            help="do not ask /etc/hosts.allow and /etc/hosts.deny (default)",
        ),
        flag(
            "+ac",
            "--access-control",
            help="keep to /etc/hosts.allow and /etc/hosts.deny, where this is called storescp",
        ),
    )
    look_up: bool = setting(
        True,
        flag(
            "-dhl",
            "--disable-host-lookup",
            value=False,
            help="look up no names, also for these rules: no host has a name then",
        ),
    )
    per_peer: int | None = setting(
        None,
        value(
            "--max-associations-per-peer",
            read=read.integer(1, 1000),
            metavar="N",
            help="serve up to N associations of one address at a time, reject more (2/3/2)",
        ),
    )
    inetd: bool = setting(
        False,
        flag(
            "-id",
            "--inetd",
            help="serve the connection, or listen on the socket, that standard input is; no port",
            excludes=["--workers", "--port-file"],
        ),
    )
    profile: tuple[str, str] | None = setting(
        None,
        value(
            "-xf",
            "--config-file",
            read=lambda file, name: (read.text(file), read.text(name)),
            metavar="FILE PROFILE",
            help="accept what this profile of a configuration file in DCMTK's format says, and "
            "nothing else but Verification",
            excludes=["--promiscuous"],
        ),
    )
