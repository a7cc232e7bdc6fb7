"""What the Upper Layer hands out are values: frozen, slotted, and named by its public face."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = [
    importlib.import_module(f"dul.{path.stem}") for path in sorted((ROOT / "dul").glob("[!_]*.py"))
]
# The faces keep books of what is open; the core hands out values.
FACES = {"dul.aio", "dul.blocking"}
DATACLASSES = sorted(
    {
        value
        for module in MODULES
        if module.__name__ not in FACES
        for value in vars(module).values()
        if inspect.isclass(value) and dataclasses.is_dataclass(value)
    },
    key=lambda each: each.__name__,
)


@pytest.mark.parametrize("kind", DATACLASSES, ids=lambda each: each.__name__)
def test_dataclasses_are_frozen_and_slotted(kind: type):
    assert kind.__dataclass_params__.frozen
    assert "__slots__" in vars(kind)


@pytest.mark.parametrize("module", MODULES, ids=lambda each: each.__name__)
def test_what_is_public_exists_and_is_listed_once(module):
    names = module.__all__
    assert [name for name in names if not hasattr(module, name)] == []
    assert len(set(names)) == len(names)


def test_the_package_offers_what_a_user_needs():
    code = "import sys; sys.path.insert(0, sys.argv[1]); from dul import *; print(*dir())"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(ROOT)], capture_output=True, text=True, check=True
    )
    needed = {"Association", "Role", "Limits", "AssociateRQ", "LocalProtocolError", "decode"}
    assert needed <= set(done.stdout.split())
    assert len(MODULES) >= 14
