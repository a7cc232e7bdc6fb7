"""How binding cases are for one product: what it claims is required of it."""

from collections.abc import Iterable
from dataclasses import replace

from testbed.model import Case
from testbed.settings import Settings
from testbed.verdicts import Level


def levelled(pool: Iterable[Case], settings: Settings) -> list[Case]:
    """The cases, those of a claimed TLS profile as required ones."""
    claimed = f"PS3.15 {settings.tls_profile}" if settings.tls_profile else None
    return [
        replace(case, level=Level.REQUIRED)
        if "tls-profile" in case.tags and case.clause == claimed
        else case
        for case in pool
    ]
