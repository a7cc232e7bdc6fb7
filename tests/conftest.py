"""What every test may use. pytest puts this folder on the import path: `import golden`."""

from collections.abc import Iterator

import chromium_pipe
import pytest
from certified import Office
from hypothesis import settings

# How long an example takes says something of the machine, and nothing of the code.
settings.register_profile("dulcet", deadline=None)
settings.load_profile("dulcet")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "crosscheck: checks a fixture by another stack's library, without dulcet"
    )


@pytest.fixture(scope="module")
def chromium() -> Iterator[chromium_pipe.Browser]:
    """A browser for the tests of a file."""
    with chromium_pipe.Browser(chromium_pipe.wanted()) as browser:
        yield browser


@pytest.fixture
def browser(chromium: chromium_pipe.Browser) -> Iterator[chromium_pipe.Browser]:
    """It, for one test, whose pages must give it no reason to complain."""
    chromium.errors.clear()
    yield chromium
    assert chromium.errors == [], "the page made the console complain"


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An authority for the certificates of all tests that need some."""
    return Office(tmp_path_factory.mktemp("office"))
