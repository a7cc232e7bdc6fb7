"""The mutants that their cases do not catch, and why: a peer cannot see them, or the standard allows them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .mutants import Mutant


@dataclass(frozen=True, slots=True)
class Survival:
    """Why mutants whose names fit a glob survive, in the roles named.

    `kind` is "equivalent" (the standard's text allows it), "unobservable" (what a peer sees is what a right
    product may show as well), or "tolerated" (seen, and let pass).
    """

    roles: str
    names: tuple[str, ...]
    kind: str
    reason: str


_DROPPED = tuple(f"Sta13.Evt{event}:close" for event in (3, 4, 10, 12, 13))
_OVERTAKEN = tuple(f"Sta8.Evt{event}:nothing" for event in (3, 4, 10, 12, 13))

EXPLANATIONS = (
    Survival(
        "scp scu", ("Sta13.Evt6:abort-user", "Sta13.Evt19:abort-user"), "equivalent",
        "AA-7 sends an A-ABORT and names no source (Table 9-9)",
    ),
    Survival(
        "scp scu", ("Sta13.Evt6:close", "Sta13.Evt19:close", *_DROPPED), "tolerated",
        "Sta13 lasts until the connection is closed; who closes it early, instead of waiting for the"
        " peer or for ARTIM, harms nobody",
    ),
    Survival(
        "scp scu", _OVERTAKEN, "unobservable",
        "the A-RELEASE-RP that follows is what a product sends whose user had answered before: in Sta13"
        " the same PDU is dropped (AA-6)",
    ),
    Survival(
        "scp scu", ("Sta3.Evt17:nothing", "Sta8.Evt17:nothing", "Sta9.Evt17:nothing"), "unobservable",
        "the user's answer may have been on its way when the connection was closed",
    ),
    Survival(
        "scp", ("Sta3.Evt10:as-sta6",), "equivalent",
        "in Sta6 the data meets no accepted presentation context yet, and is aborted as in Sta3",
    ),
    Survival(
        "scu", ("Sta6.Evt12:as-sta7",), "unobservable",
        "a requestor that takes the A-RELEASE-RQ for a collision confirms it all the same, and closes"
        " when the peer does",
    ),
)  # fmt: skip


def explanation(mutant: Mutant) -> Survival | None:
    """Why a mutant survives, None if it must be caught."""
    for entry in EXPLANATIONS:
        if mutant.role in entry.roles.split() and any(
            fnmatchcase(mutant.name, name) for name in entry.names
        ):
            return entry
    return None


def explained(mutants: Iterable[Mutant]) -> Iterator[tuple[Survival, list[Mutant]]]:
    """Each explanation with the mutants that it is about."""
    kept = list(mutants)
    for entry in EXPLANATIONS:
        yield entry, [mutant for mutant in kept if explanation(mutant) is entry]
