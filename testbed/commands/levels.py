"""How binding cases are for one product: what it claims is required of it."""

from collections.abc import Iterable
from dataclasses import replace

from ..model import Case
from ..profiles import PROFILES, apply
from ..runner import Unusable
from ..settings import Settings
from ..verdicts import Level


def levelled(pool: Iterable[Case], role: str, settings: Settings) -> list[Case]:
    """The cases that bear on the product's kind; those of a claimed TLS profile as required ones.

    Raises:
        Unusable: there is no such kind of product.
    """
    if settings.profile:
        if settings.profile not in PROFILES:
            known = ", ".join(PROFILES)
            raise Unusable(f"there is no profile {settings.profile!r}; there are {known}")
        pool = apply(PROFILES[settings.profile], role, pool)
    claimed = f"PS3.15 {settings.tls_profile}" if settings.tls_profile else None
    return [
        replace(case, level=Level.REQUIRED)
        if "tls-profile" in case.tags and case.clause == claimed
        else case
        for case in pool
    ]
