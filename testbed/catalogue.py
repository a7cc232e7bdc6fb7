"""All cases, and choosing among them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import lru_cache

from .cases import (
    ac,
    cmd,
    matrix_scp,
    matrix_scu,
    neg,
    pdv,
    rq,
    sta2,
    sta3,
    sta6,
    sta13,
    sto,
    tcp,
    tls,
    tls_profiles,
    u_ac,
    u_dim,
    u_rel,
    u_rq,
    u_s5,
    u_s6,
    u_tls,
)  # fmt: skip
from .model import Case
from .whys import why

#: Which catalogue a result was judged by: raised when cases are added, or judge otherwise.
EDITION = "2"
#: One module per group, in the order cases run and are listed.
GROUPS = {
    "scp": (tcp, sta2, sta13, ac, rq, neg, sta3, sta6, pdv, cmd, sto, tls, tls_profiles, matrix_scp),
    "scu": (u_rq, u_s5, u_ac, u_s6, u_rel, u_dim, u_tls, matrix_scu),
}  # fmt: skip


@lru_cache(maxsize=2)
def cases(role: str) -> tuple[Case, ...]:
    """The cases for products of one role, "scp" or "scu"."""
    found = [case for group in GROUPS[role] for case in group.CASES]
    return tuple(
        replace(case, why=case.why or why(case.id), place=place)
        for place, case in enumerate(found, start=1)
    )


def all_cases() -> tuple[Case, ...]:
    """Every case of both roles."""
    return (*cases("scp"), *cases("scu"))


def find(id: str) -> Case | None:
    """The case with this id."""
    return next((case for case in all_cases() if case.id == id), None)


def fits(case: Case, selector: str) -> bool:
    """Whether a selector (id, id prefix at a dot, or glob) means this case."""
    if any(letter in selector for letter in "*?["):
        return fnmatchcase(case.id, selector)
    return case.id == selector or case.id.startswith(selector.rstrip(".") + ".")


def select(
    pool: Sequence[Case],
    selectors: Iterable[str] = (),
    *,
    excludes: Iterable[str] = (),
    clauses: Iterable[str] = (),
    levels: Iterable[str] = (),
    tags: Iterable[str] = (),
    without_tags: Iterable[str] = (),
) -> list[Case]:
    """The cases that fit any selector, any clause, any level and any tag given, and no exclude."""
    selectors, clauses, tags = list(selectors), list(clauses), list(tags)
    unwanted = set(without_tags)
    levels, excludes = set(levels), list(excludes)
    return [
        case
        for case in pool
        if (not selectors or any(fits(case, selector) for selector in selectors))
        and not any(fits(case, exclude) for exclude in excludes)
        and (not clauses or any(clause in case.clause for clause in clauses))
        and (not levels or case.level.value in levels)
        and (not tags or any(tag in case.tags for tag in tags))
        and not unwanted.intersection(case.tags)
    ]
