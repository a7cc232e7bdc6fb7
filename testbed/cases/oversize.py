"""Stimuli measured by the product's announced maximum length."""

from collections.abc import Iterator

from .. import messages, raw
from ..facts import Facts
from ..model import Do
from ..scene import Scene, Unmet
from ..verdicts import Finding, Verdict
from .checks import fail, mild

#: A maximum above this is as good as none for these cases.
LARGEST = 16 * 1024 * 1024


def needs_limit(scene: Scene) -> None:
    """Go on only if the product announced a maximum a PDU can reach."""
    limit = scene.facts.peer_max
    if not limit or limit > LARGEST:
        raise Unmet(Verdict.UNSUPPORTED, f"the product's maximum length is {limit or 'unlimited'}")


NEEDS_LIMIT = Do("go on if the product announced a usable maximum", needs_limit)


def _data_set(instance: str, size: int) -> bytes:
    """A CT data set of at least `size` bytes, exactly `size` if that is large enough and even."""
    elements = messages.ct_elements(instance)
    head = messages.data_set(elements[:-1])
    pixels = max(512, size - len(head) - 8)
    return head + messages.data_element(0x7FE00010, "OW", bytes(pixels), explicit=False)


def oversize(facts: Facts) -> bytes:
    """A data set in PDUs whose first is two bytes above the product's maximum."""
    size = (facts.peer_max + 2 - 6) & ~1
    return b"".join(raw.fragments(3, _data_set(facts.fresh, size), size, command=False))


def exact(facts: Facts) -> bytes:
    """A data set in PDUs whose first fills the product's maximum (rounded down to even)."""
    size = max(2, (facts.peer_max - 6) & ~1)
    return b"".join(raw.fragments(3, _data_set(facts.fresh, size), size, command=False))


def over_limit_is_error(scene: Scene) -> Iterator[Finding]:
    """Processing it fails the case; with --lenient it is non-strict."""
    if (
        any(token.startswith("C-STORE-RSP") for token in scene.tokens)
        and not scene.settings.lenient
    ):
        yield fail("a P-DATA-TF above the product's own maximum was processed")


def at_once(scene: Scene) -> Iterator[Finding]:
    """The A-ABORT comes at once, not at a timeout."""
    if scene.aborted_after is not None and scene.aborted_after > scene.settings.timeout:
        yield mild(f"the A-ABORT came after {scene.aborted_after:.1f} s")
