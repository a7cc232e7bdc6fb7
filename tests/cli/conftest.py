"""What the tests of the tools share."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DICOM = ROOT / "fixtures" / "dicom"


@pytest.fixture(autouse=True)
def no_dictionary(monkeypatch):
    """No test depends on the dictionaries of the machine."""
    monkeypatch.delenv("DCMDICTPATH", raising=False)


@pytest.fixture
def ct():
    """A CT image in Explicit VR Little Endian, one of the 17 SOP classes."""
    return DICOM / "ct-explicit.dcm"


@pytest.fixture
def spawn_environment():
    """For tools that run as processes of their own, from any folder."""
    environment = {key: value for key, value in os.environ.items() if key != "DCMDICTPATH"}
    return environment | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}


@pytest.fixture
def python():
    """The interpreter that runs the tests."""
    return sys.executable
