"""The long profile runs only if it is asked for: `pytest -m stateful tests/stateful`."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "dulcet", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("dulcet")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "stateful" in config.getoption("markexpr"):
        return
    long = [item for item in items if item.get_closest_marker("stateful")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
