"""Names that are loaded when they are first asked for."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from dul.ondemand import on_demand


@pytest.fixture
def package(tmp_path, monkeypatch) -> ModuleType:
    """A package of two modules, neither of which is loaded with it."""
    place = tmp_path / "lazily"
    place.mkdir()
    (place / "__init__.py").write_text(
        "from dul.ondemand import on_demand\n"
        "__getattr__ = on_demand(__name__, {'one': 'lazily.first', 'two': 'lazily.second'})\n"
    )
    (place / "first.py").write_text("one = object()\n")
    (place / "second.py").write_text("two = object()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import lazily

    yield lazily
    for name in [each for each in sys.modules if each.split(".")[0] == "lazily"]:
        del sys.modules[name]


def test_a_name_is_loaded_when_it_is_asked_for_and_its_neighbour_is_not(package):
    assert "lazily.first" not in sys.modules
    from lazily import one

    assert one is sys.modules["lazily.first"].one
    assert "lazily.second" not in sys.modules


def test_a_name_is_asked_for_once(package):
    first = package.one
    del sys.modules["lazily.first"].one
    assert package.one is first


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'some' has no attribute 'other'"):
        on_demand("some", {})("other")
