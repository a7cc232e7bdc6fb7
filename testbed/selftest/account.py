"""What a self-test is told as: lines for a terminal, and the page in docs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .faults import PlantedFault
from .mutants import Mutant, mutants
from .stumbles import EXEMPTIONS, Stumbling
from .survivors import explained


@dataclass(slots=True)
class Score:
    """What a self-test found. `mutants` are those tried: caught, explained, or wrong.

    `blind` are stimuli at which no stumble was noticed (`testbed.selftest.stumbles`).
    """

    planted: int = 0
    planted_wrong: int = 0
    clean_deviations: int = 0
    mutants: int = 0
    caught: int = 0
    explained: list[Mutant] = field(default_factory=list)
    unexplained: list[Mutant] = field(default_factory=list)
    needless: list[Mutant] = field(default_factory=list)
    stumblings: list[Stumbling] = field(default_factory=list)
    noticed: list[Stumbling] = field(default_factory=list)
    blind: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def wrong(self) -> bool:
        """Whether the testbed was wrong about anything."""
        return bool(
            self.clean_deviations
            or self.planted_wrong
            or self.unexplained
            or self.needless
            or self.blind
        )


def list_faults(
    planted: Sequence[tuple[str, PlantedFault]],
    chosen: Sequence[Mutant],
    stumblings: Sequence[Stumbling],
) -> None:
    """Print every fault with the cases that are to catch it."""
    for role, fault in planted:
        print(f"{role}  {fault.name:34} {' '.join(fault.caught_by)}")
    for mutant in chosen:
        print(f"{mutant.role}  {mutant.name:34} {mutant.case}")
    for one in stumblings:
        print(f"{one.role}  {one.name:34} {one.case}")


def summary(score: Score) -> list[str]:
    """The last lines of a self-test."""
    lines = []
    if score.planted:
        right = score.planted - score.planted_wrong
        lines.append(
            f"faults planted by hand: {right} of {score.planted} caught by their cases alone"
        )
    if score.mutants:
        of_all = "" if score.mutants == len(mutants()) else f" (a sample of {len(mutants())})"
        lines.append(
            f"mutants: {score.caught} of {score.mutants}{of_all} caught by the case of their cell,"
            f" {len(score.explained)} survive and are explained, {len(score.unexplained)} are not"
        )
    if score.stumblings:
        cases = len({one.case for one in score.stumblings})
        lines.append(
            f"stumbles over the stimuli of {cases} other cases: {len(score.noticed)} of"
            f" {len(score.stumblings)} noticed, {len(score.blind)} stimuli at which none is"
        )
    return [*lines, f"{score.seconds:.0f} s: {'FAILED' if score.wrong else 'PASSED'}"]


def markdown(score: Score) -> str:
    """The page: the score, what a mutant is, and each survivor with its reason."""
    return "\n".join(_page(score)) + "\n"


def _page(score: Score) -> Iterator[str]:
    yield "# How far the testbed can be trusted"
    yield ""
    yield "Written by `make selftest` (`dulspec selftest --all --markdown docs/selftest.md`)."
    yield ""
    yield "| | tried | caught | explained | wrong |"
    yield "|---|---|---|---|---|"
    right = score.planted - score.planted_wrong
    yield f"| faults planted by hand | {score.planted} | {right} | - | {score.planted_wrong} |"
    for role, title in (("scp", "mutants of the acceptor"), ("scu", "mutants of the requestor")):
        tried = [mutant for mutant in mutants() if mutant.role == role]
        parts = [
            sum(mutant.role == role for mutant in group)
            for group in (score.explained, [*score.unexplained, *score.needless])
        ]
        yield f"| {title} | {len(tried)} | {len(tried) - sum(parts)} | {parts[0]} | {parts[1]} |"
    cases = len({one.case for one in score.stumblings})
    noticed = len(score.noticed)
    left = len(score.stumblings) - noticed
    yield f"| stumbles in {cases} other cases | {len(score.stumblings)} | {noticed} | {left} let pass | {len(score.blind)} |"
    yield ""
    yield "A fault planted by hand breaks one rule of a mini peer; it is caught by the cases meant for it, and no"
    yield "unrelated case reacts. A mutant does one other thing in one cell of Table 9-10: nothing, a close, an A-ABORT"
    yield "of another source or reason, a PDU out of place, or what the table has for the state that usually follows. It"
    yield "is caught if the case of that cell judges it otherwise than the right peer. Things done:"
    yield ""
    counts = Counter(mutant.deed for mutant in mutants())
    yield ", ".join(f"`{deed}` {count}" for deed, count in sorted(counts.items())) + "."
    yield ""
    yield "## Survivors"
    yield ""
    yield "| mutants | role | kind | why their case lets them pass |"
    yield "|---|---|---|---|"
    for entry, found in explained(score.explained):
        names = ", ".join(f"`{name}`" for name in dict.fromkeys(mutant.name for mutant in found))
        roles = " and ".join(dict.fromkeys(mutant.role for mutant in found))
        yield f"| {names} | {roles} | {entry.kind} | {entry.reason} |"
    yield from _stumbles(score)


def _stumbles(score: Score) -> Iterator[str]:
    """The cases that no rule and no cell has a fault for: what they notice."""
    yield ""
    yield "## Cases without a fault of their own"
    yield ""
    yield "No planted fault and no mutant is meant for these. A mini peer stumbles over what they send: at one stimulus"
    yield "it does each of the things that a mutant does. What most of them tolerate is wide, and so not everything is"
    yield "noticed; that something is at each stimulus, is asked."
    yield ""
    yield "| case | stumbles | noticed | let pass |"
    yield "|---|---|---|---|"
    noticed = set(score.noticed)
    for id_ in dict.fromkeys(one.case for one in score.stumblings):
        tried = [one for one in score.stumblings if one.case == id_]
        passed = [one for one in tried if one not in noticed]
        deeds = ", ".join(
            f"{one.stimulus}:{one.deed}" if tried[-1].stimulus > 1 else one.deed for one in passed
        )
        yield f"| {id_} | {len(tried)} | {len(tried) - len(passed)} | {deeds} |"
    yield ""
    yield "Of these no fault of a mini peer can show what they would catch:"
    yield ""
    for reason in EXEMPTIONS:
        yield f"- {', '.join(reason.cases)}: {reason.text}."
