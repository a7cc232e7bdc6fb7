"""`dulspec selftest`: the testbed judged by peers that are wrong on purpose.

The clean mini peers must pass every case. Each fault planted by hand must be caught by the case meant for
it and by no unrelated one; each mutant by the case of its cell, unless its survival is explained. At each
stimulus of the other cases some stumble must be noticed.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from .. import catalogue
from ..certificates import NoOpenSSL
from ..results import Report
from ..runner import Unusable
from . import account
from .account import Score
from .faults import SCP_FAULTS, SCU_FAULTS, PlantedFault
from .judging import (
    Judged,
    clean_deviations,
    judge_scp,
    judge_scu,
    judged,
    missed,
    reactions,
    unrelated,
)
from .mutants import Mutant, mutants, sample, survivors
from .stumbles import Stumbling, all_stumblings, blind, caught
from .survivors import explanation
from .tls_faults import TLS_SCP_FAULTS, TLS_SCU_FAULTS, judge_tls, tls_cases

GROUPS = (("scp", SCP_FAULTS, judge_scp), ("scu", SCU_FAULTS, judge_scu))
#: How many mutants are tried unless all are asked for.
SAMPLE = 150


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `selftest` to the subcommands of dulspec."""
    parser = commands.add_parser(
        "selftest", help="judge the testbed by peers with planted and with generated faults"
    )
    parser.add_argument(
        "faults", nargs="*", metavar="FAULT",
        help="names of planted faults, of mutants (Sta6.Evt12:close), or of stumbles (P.RQ.13/1:close);"
        " default: the planted ones, all stumbles, and a sample of the mutants",
    )  # fmt: skip
    parser.add_argument("--all", action="store_true", help="every mutant, not a sample")
    parser.add_argument(
        "--mutants", type=int, default=SAMPLE, metavar="N", help="so many mutants (%(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="which ones: the same for the same seed"
    )
    parser.add_argument("--only-mutants", action="store_true", help="none of the planted faults")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (%(default)s)")
    parser.add_argument(
        "--list", action="store_true", dest="list_faults",
        help="only name them, and who is to catch them",
    )  # fmt: skip
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the score and the survivors as a page"
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="every fault, not only the bad"
    )
    parser.set_defaults(tool=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the self-test; 0 if the testbed is right, 1 if not.

    Raises:
        Unusable: there is no fault of a given name.
        OSError: the page cannot be written.
    """
    planted, chosen, stumblings = _chosen(arguments)
    if arguments.list_faults:
        account.list_faults(planted, chosen, stumblings)
        return 0
    started = time.monotonic()
    score = Score()
    for role, _, judge in GROUPS:
        faults = [fault for kind, fault in planted if kind == role]
        if faults:
            clean = judge(None, catalogue.cases(role))
            score.clean_deviations += _clean(role, clean)
            _try_planted(role, faults, clean, score, arguments)
    if planted and not arguments.faults:
        _try_tls(score, arguments)
    if chosen:
        _try_mutants(chosen, score, arguments)
    if stumblings:
        _try_stumbles(stumblings, score, named=bool(arguments.faults))
    score.seconds = time.monotonic() - started
    print("\n".join(account.summary(score)))
    if arguments.markdown is not None:
        arguments.markdown.write_text(account.markdown(score), "utf-8")
    return 1 if score.wrong else 0


def _chosen(
    arguments: argparse.Namespace,
) -> tuple[list[tuple[str, PlantedFault]], list[Mutant], list[Stumbling]]:
    """The planted faults, each with its role, the mutants, and the stumbles that are asked for."""
    planted = [(role, fault) for role, faults, _ in GROUPS for fault in faults]
    names = set(arguments.faults)
    if names:
        by_name = [mutant for mutant in mutants() if mutant.name in names]
        wanted = [entry for entry in planted if entry[1].name in names]
        stumblings = [one for one in all_stumblings() if one.name in names]
        known = {fault.name for _, fault in wanted}
        known |= {mutant.name for mutant in by_name} | {one.name for one in stumblings}
        if unknown := names - known:
            raise Unusable(f"no such fault: {', '.join(sorted(unknown))}")
        return wanted, by_name, stumblings
    whole = arguments.all or arguments.list_faults
    some = list(mutants()) if whole else sample(arguments.mutants, arguments.seed)
    return ([], some, []) if arguments.only_mutants else (planted, some, all_stumblings())


# -- faults planted by hand -----------------------------------------------------------------------------------


def _try_planted(
    role: str,
    faults: Sequence[PlantedFault],
    clean: Report,
    score: Score,
    arguments: argparse.Namespace,
) -> None:
    """Judge planted faults of a role, and tell of those that fare otherwise than they should."""
    judge = next(judge for group, _, judge in GROUPS if group == role)
    cases = catalogue.cases(role)
    for fault, found in zip(faults, _judge_all(role, faults, arguments.jobs), strict=True):
        seen = reactions(found, clean)
        # On a busy machine an answer may be late: what would be wrong is looked at again, by itself.
        if doubtful := missed(fault, seen) | unrelated(fault, seen):
            again = judged(judge(fault.name, [c for c in cases if c.id in doubtful]))
            seen = seen - doubtful | reactions(again, clean)
        score.planted += 1
        score.planted_wrong += _tell(fault, seen, verbose=arguments.verbose)


def _try_tls(score: Score, arguments: argparse.Namespace) -> None:
    """The faults of TLS, one after the other: few, and each judged by the cases about TLS alone."""
    for role, faults in (("scp", TLS_SCP_FAULTS), ("scu", TLS_SCU_FAULTS)):
        cases = tls_cases(role)
        try:
            clean = judge_tls(role, None, cases)
        except NoOpenSSL as error:
            print(f"faults of TLS are not tried: {error}")
            return
        score.clean_deviations += _clean(f"{role} over TLS", clean)
        for fault in faults:
            seen = reactions(judge_tls(role, fault.name, cases), clean)
            score.planted += 1
            score.planted_wrong += _tell(fault, seen, verbose=arguments.verbose)


def _judge_fault(role: str, name: str) -> Judged:
    """What all the cases of a role say of one fault; run in a process of its own."""
    judge = next(judge for group, _, judge in GROUPS if group == role)
    return judged(judge(name, catalogue.cases(role)))


def _judge_all(role: str, faults: Sequence[PlantedFault], jobs: int) -> Iterator[Judged]:
    """The verdicts on each fault in order, `jobs` faults at a time."""
    names = [fault.name for fault in faults]
    if jobs <= 1:
        yield from (_judge_fault(role, name) for name in names)
        return
    # Threads are running in this process: children start afresh.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_judge_fault, [role] * len(names), names)


def _tell(fault: PlantedFault, seen: set[str], *, verbose: bool) -> bool:
    """Print how a fault fared; whether the testbed was wrong about it."""
    lost, false = missed(fault, seen), unrelated(fault, seen)
    if lost or false or verbose:
        word = "WRONG" if lost or false else "ok"
        print(f"{word:6} {fault.name}: caught by {' '.join(sorted(seen)) or 'nothing'}", flush=True)
    if lost:
        print(f"       missed by {' '.join(sorted(lost))}")
    if false:
        print(f"       unrelated: {' '.join(sorted(false))}")
    return bool(lost or false)


def _clean(role: str, report: Report) -> int:
    """Print the clean peer's result; how many deviations it has."""
    deviations = clean_deviations(report)
    print(
        f"{role}: clean peer: {len(report.cases)} cases, {len(deviations)} deviations", flush=True
    )
    for case in deviations:
        print(f"  {case.verdict} {case.id} {case.message}")
    return len(deviations)


# -- mutants --------------------------------------------------------------------------------------------------


def _try_mutants(chosen: Sequence[Mutant], score: Score, arguments: argparse.Namespace) -> None:
    """Try mutants; tell of each survivor that nothing explains, and of explanations that are not needed.

    A busy machine makes a clean peer late, and so a mutant look caught; or it lets the moment pass in which a
    mini peer's user hesitates, and so a mutant live. What is not as it should be is asked twice.
    """
    alive = _survivors(chosen, arguments.jobs)
    doubtful = [mutant for mutant in chosen if mutant in alive and not explanation(mutant)]
    alive -= set(doubtful) - _survivors(doubtful, 1)
    caught = [mutant for mutant in chosen if mutant not in alive]
    alive |= _survivors([mutant for mutant in caught if explanation(mutant)], 1)
    score.mutants = len(chosen)
    score.caught = len(chosen) - len(alive)
    score.explained = [mutant for mutant in chosen if mutant in alive and explanation(mutant)]
    score.unexplained = [mutant for mutant in chosen if mutant in alive and not explanation(mutant)]
    score.needless = [m for m in chosen if m not in alive and explanation(m)]
    for mutant in score.unexplained:
        print(f"WRONG  {mutant.role} {mutant.name}: not caught by {mutant.case}")
    for mutant in score.needless:
        print(
            f"WRONG  {mutant.role} {mutant.name}: its survival is explained, but {mutant.case} catches it"
        )


def _try_stumbles(chosen: Sequence[Stumbling], score: Score, *, named: bool) -> None:
    """Try stumbles; tell of those asked for by name, and of each stimulus at which none was noticed."""
    score.stumblings = list(chosen)
    score.noticed = caught(chosen)
    score.blind = blind(chosen, score.noticed)
    if named:
        for one in chosen:
            print(f"{'noticed' if one in score.noticed else 'let pass':8} {one.name}")
    for name in score.blind:
        print(f"WRONG  no stumble is noticed at {name}")


def _survivors(chosen: Sequence[Mutant], jobs: int) -> set[Mutant]:
    """The mutants that live, with a share of them to each process."""
    if jobs <= 1 or len(chosen) < 2 * jobs:
        return set(survivors(chosen)) if chosen else set()
    shares = [list(chosen[start::jobs]) for start in range(jobs)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        return {mutant for share in pool.map(survivors, shares) for mutant in share}
