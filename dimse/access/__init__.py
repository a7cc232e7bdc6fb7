"""Who may call an acceptor, and with what: by address, certificate, titles and user.

A name is loaded when it is first asked for.
"""

from __future__ import annotations

from dul.ondemand import on_demand
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from dimse.access.hosts import (
        Allowed,
        Caller,
        HostRules,
        load_host_rules,
        looked_up,
        networks,
        no_names,
    )
    from dimse.access.policyfile import PolicyFile, parse_policy
    from dimse.access.rules import AccessPolicy, AccessRule

__all__ = [
    "AccessPolicy",
    "AccessRule",
    "Allowed",
    "Caller",
    "HostRules",
    "PolicyFile",
    "load_host_rules",
    "looked_up",
    "networks",
    "no_names",
    "parse_policy",
]

_HOMES = {
    "AccessPolicy": "dimse.access.rules",
    "AccessRule": "dimse.access.rules",
    "Allowed": "dimse.access.hosts",
    "Caller": "dimse.access.hosts",
    "HostRules": "dimse.access.hosts",
    "PolicyFile": "dimse.access.policyfile",
    "load_host_rules": "dimse.access.hosts",
    "looked_up": "dimse.access.hosts",
    "networks": "dimse.access.hosts",
    "no_names": "dimse.access.hosts",
    "parse_policy": "dimse.access.policyfile",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for one that is had on demand
    __getattr__ = on_demand(__name__, _HOMES)
