"""Kinds of product, and IHE's actors: which cases bear on them, what is required of them, what they claim.

The catalogue judges the Upper Layer, Verification and Storage. A profile leaves out what a product of
its kind does not offer, and requires what its users rely on where the standard only recommends it; what
else such a product has to do is named, so that nobody takes it for judged.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache

from . import raw
from .catalogue import fits
from .facts import Facts, build
from .model import Case, Establish
from .verdicts import Level


@dataclass(frozen=True, slots=True)
class Part:
    """A profile in one role: whether it stores, and ids or globs of what is required beyond the standard."""

    storage: bool
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of product; `beyond` are its services that no case judges, with IHE's transactions."""

    id: str
    title: str
    parts: dict[str, Part]
    beyond: tuple[str, ...] = field(default=())


#: An acceptor that many call at once, and whose Success lets the sender delete its copy.
_KEEPER = Part(storage=True, required=("P.TCP.05", "P.TCP.07", "P.STO", "P.PDV.19", "P.PDV.20"))
#: A requestor that may delete what was stored: every failure has to be seen as one.
_SENDER = Part(storage=True, required=("U.DIM.09", "U.DIM.11", "U.DIM.12", "U.DIM.17", "U.AC.10"))
_VERIFIES = Part(storage=False)

_ALL = (
    Profile("modality", "an imaging modality", {"scu": _SENDER, "scp": _VERIFIES},
            ("Storage Commitment SCU", "Modality Worklist SCU", "Modality Performed Procedure Step SCU")),
    Profile("archive", "an archive", {"scp": _KEEPER, "scu": Part(storage=True)},
            ("Query/Retrieve SCP", "Storage Commitment SCP")),
    Profile("router", "a router", {"scp": _KEEPER, "scu": _SENDER}, ("Storage Commitment SCP and SCU",)),
    Profile("echo-only", "a product that offers Verification alone", {"scp": _VERIFIES, "scu": _VERIFIES}),
    Profile("swf:acquisition-modality", "IHE SWF Acquisition Modality", {"scu": _SENDER, "scp": _VERIFIES},
            ("RAD-5 Query Modality Worklist", "RAD-6 and RAD-7 Modality Performed Procedure Step",
             "RAD-10 Storage Commitment")),
    Profile("swf:evidence-creator", "IHE SWF Evidence Creator", {"scu": _SENDER, "scp": _VERIFIES},
            ("RAD-10 Storage Commitment", "RAD-14 Query Images", "RAD-16 Retrieve Images",
             "RAD-20 and RAD-21 Creator Procedure Step")),
    Profile("swf:image-manager", "IHE SWF Image Manager/Image Archive", {"scp": _KEEPER, "scu": Part(storage=True)},
            ("RAD-6 and RAD-7 Modality Performed Procedure Step", "RAD-10 Storage Commitment",
             "RAD-14 Query Images", "RAD-16 Retrieve Images")),
    Profile("swf:image-display", "IHE SWF Image Display", {"scp": Part(storage=True), "scu": _VERIFIES},
            ("RAD-14 Query Images", "RAD-16 Retrieve Images")),
    Profile("swf:order-filler", "IHE SWF Department System Scheduler/Order Filler",
            {"scp": _VERIFIES, "scu": _VERIFIES},
            ("RAD-5 Query Modality Worklist", "RAD-6 and RAD-7 Modality Performed Procedure Step",
             "RAD-11 Images Availability Query")),
    Profile("swf:pps-manager", "IHE SWF Performed Procedure Step Manager",
            {"scp": _VERIFIES, "scu": _VERIFIES},
            ("RAD-6 and RAD-7 Modality Performed Procedure Step",
             "RAD-20 and RAD-21 Creator Procedure Step")),
)  # fmt: skip
PROFILES = {profile.id: profile for profile in _ALL}


@cache
def about_storage(case: Case) -> bool:
    """Whether a case asks for a product that stores: a Storage context is a precondition of it.

    Cases that only name a Storage class, in an item or in a context that may be refused, stay: a product
    without Storage has to live with them.
    """
    if {"store", "two-files", "store-dir"} & set(case.needs) or "big-file" in case.tags:
        return True
    name = raw.CT_STORAGE.encode()
    return case.group == "P.STO" or any(
        isinstance(step, Establish) and set(step.need) - {1} and name in build(step.rq, Facts())
        for run in case.runs
        for step in run.steps
    )


def apply(profile: Profile, role: str, pool: Iterable[Case]) -> list[Case]:
    """The cases that bear on products of this kind, at the level that they have for them."""
    part = profile.parts[role]
    chosen = [case for case in pool if part.storage or not about_storage(case)]
    return [
        replace(case, level=Level.REQUIRED)
        if case.level is Level.RECOMMENDED and any(fits(case, which) for which in part.required)
        else case
        for case in chosen
    ]
