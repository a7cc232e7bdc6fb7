"""What every test may use. pytest puts this folder on the import path: `import golden`."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "crosscheck: checks a fixture by another stack's library, without dulcet"
    )
