"""What every test may use. pytest puts this folder on the import path: `import golden`."""

import pytest
from hypothesis import settings

# How long an example takes says something of the machine, and nothing of the code.
settings.register_profile("dulcet", deadline=None)
settings.load_profile("dulcet")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "crosscheck: checks a fixture by another stack's library, without dulcet"
    )
