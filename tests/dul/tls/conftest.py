"""One authority for all tests of this folder."""

from __future__ import annotations

import pytest
from certified import Certified, Office


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="session")
def server(office: Office) -> Certified:
    """A server's certificate with nothing wrong in it."""
    return office.issue("localhost")


@pytest.fixture(scope="session")
def rsa(office: Office) -> Certified:
    return office.issue("localhost", key="RSA")
