"""What the tests of what is stored share."""

import pytest


@pytest.fixture
def memory():
    """fsspec's store in memory, which is one for the process, emptied."""
    fs = pytest.importorskip("fsspec").filesystem("memory")
    fs.store.clear()
    yield fs
    fs.store.clear()
