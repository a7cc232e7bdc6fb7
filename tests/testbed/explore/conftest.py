"""What the tests of the exploration share."""

from collections.abc import Iterator

import pytest
from hypothesis.internal.conjecture import providers


@pytest.fixture(autouse=True)
def _nothing_but_the_seed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a seed draws does not depend on which tests ran before in this process.

    Hypothesis draws a number now and then from the constants of our modules that are loaded by then.
    """
    monkeypatch.setattr(providers, "_get_local_constants", providers.Constants)
    providers.CONSTANTS_CACHE.cache.clear()
    yield
    providers.CONSTANTS_CACHE.cache.clear()
