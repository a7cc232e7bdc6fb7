"""A case in twelve letters: whether two results were judged by the same question.

A result keeps the digest of each case that it was judged by. What a case sends and accepts goes into it.
What is only said about it does not, so that a better word makes no other case of it; nor does its level,
which a profile may change.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import fields
from functools import lru_cache

from .facts import Facts
from .model import Case, Do, Step
from .results import expected_lines

#: Fields of a case that are prose, or told by other parts of the digest.
_LEFT_OUT = {"title", "requirement", "why", "level", "place", "runs", "expectations", "checks"}
LETTERS = 12


@lru_cache(maxsize=1024)
def digest(case: Case) -> str:
    """The digest of a case, the same on every machine."""
    told = hashlib.sha256()
    for part in _parts(case):
        told.update(len(part).to_bytes(8, "big") + part)
    return told.hexdigest()[:LETTERS]


def _parts(case: Case) -> Iterator[bytes]:
    for field in fields(case):
        if field.name not in _LEFT_OUT:
            yield f"{field.name}={getattr(case, field.name)}".encode()
    yield from (line.encode() for line in expected_lines(case))
    for run in case.runs:
        yield run.name.encode()
        for step in run.steps:
            yield from _step(step)


def _step(step: Step) -> Iterator[bytes]:
    """A step: its stimulus as it is sent to a product of which nothing is known; of an action, what it does."""
    yield type(step).__name__.encode()
    for field in fields(step):
        value = getattr(step, field.name)
        if not callable(value):
            yield value if isinstance(value, bytes) else repr(value).encode()
        elif not isinstance(step, Do):
            yield value(Facts())
