"""From a sequence that shows a departure to the shortest that shows the same one.

hypothesis could shorten it too, but a departure that is a silence costs the whole patience each time it is
played: here a sequence is played a few dozen times at most. None of its steps can be left out of the result.
"""

from collections.abc import Callable

from .sequence import Sequence, simpler

#: Whether a sequence still shows the departure.
Shows = Callable[[Sequence], bool]


def shortest(sequence: Sequence, role: str, shows: Shows) -> Sequence:
    """The sequence without every step that can be spared, each as plain as it can be."""
    best = _fewer(sequence, shows)
    for place in range(len(best)):
        for plainer in simpler(best[place], role):
            candidate = (*best[:place], plainer, *best[place + 1 :])
            if shows(candidate):
                best = candidate
                break
    # What is said in a plainer way may not need its neighbours any more.
    return _fewer(best, shows)


def _fewer(sequence: Sequence, shows: Shows) -> Sequence:
    """Leave out runs of steps, long ones first, until no single step can be left out."""
    size = max(1, len(sequence) // 2)
    while True:
        place, shorter = 0, False
        while place < len(sequence):
            candidate = (*sequence[:place], *sequence[place + size :])
            if candidate != sequence and shows(candidate):
                sequence, shorter = candidate, True
            else:
                place += size
        if size == 1 and not shorter:
            return sequence
        size = max(1, size // 2)
