"""SOP classes and transfer syntaxes: what a product accepts, asked in as few associations as it takes."""

import time
from collections.abc import Callable, Iterator, Sequence

from .. import raw, registry
from .asking import MOST_CONTEXTS, Asker

#: Proposed together in the first round: a product that takes a SOP class takes it in one of these.
FIRST_ROUND = (
    raw.IMPLICIT_LE, raw.EXPLICIT_LE, "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.70", raw.JPEG2000,
    "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.102",
)  # fmt: skip
Pair = tuple[str, tuple[str, ...]]


def accepts_any(asker: Asker) -> bool:
    """Whether the product accepts an abstract syntax that nobody has defined."""
    contexts = [raw.context_rq(1), raw.context_rq(3, raw.UNKNOWN_ABSTRACT)]
    return 3 in asker.ask(contexts).accepted


def find(
    asker: Asker, seconds: float, tell: Callable[[str], None]
) -> tuple[dict[str, list[str]], list[str]]:
    """SOP class -> the transfer syntaxes in which it is accepted; and the classes left unasked.

    After `seconds` no more is asked: the classes that the time did not suffice for are named.
    """
    deadline = time.monotonic() + seconds
    known = [*registry.SERVICES, *registry.STORAGE]
    taken, unasked = _ask_all(asker, [(uid, FIRST_ROUND) for uid in known], deadline)
    found: dict[str, list[str]] = {uid: [] for uid, _ in taken}
    tell(f"{len(found)} SOP classes are accepted; asking for their transfer syntaxes")
    pairs = [(uid, (syntax,)) for uid in found for syntax in registry.TRANSFER_SYNTAXES]
    singly, late = _ask_all(asker, pairs, deadline)
    for uid, syntax in singly:
        found[uid].append(syntax)
    for (uid, first), _ in zip(taken, found, strict=True):
        if not found[uid]:
            found[uid].append(first)  # what the first round had accepted
    return found, list(dict.fromkeys([*(uid for uid, _ in unasked), *(uid for uid, _ in late)]))


def _ask_all(
    asker: Asker, pairs: Sequence[Pair], deadline: float
) -> tuple[list[tuple[str, str]], list[Pair]]:
    """(SOP class, transfer syntax) of what is accepted; and what there was no time, or no answer, for."""
    taken: list[tuple[str, str]] = []
    left: list[Pair] = []
    for some in _batches(pairs, MOST_CONTEXTS):
        if time.monotonic() > deadline:
            left += some
            continue
        contexts = [
            raw.context_rq(2 * place + 1, uid, syntaxes)
            for place, (uid, syntaxes) in enumerate(some)
        ]
        answer = asker.ask(contexts)
        if answer.ac is None and answer.rejection is None:
            left += some
        taken += [
            (some[number // 2][0], syntax)
            for number, syntax in sorted(answer.accepted.items())
            if number % 2 and number // 2 < len(some)
        ]
    return taken, left


def _batches(pairs: Sequence[Pair], size: int) -> Iterator[Sequence[Pair]]:
    for at in range(0, len(pairs), size):
        yield pairs[at : at + size]
