"""Certificates for the tests of this folder, and whom they make one trust."""

from __future__ import annotations

import pytest
from certified import Certified, Office

from dul.tls import Trust


@pytest.fixture(scope="session")
def server(office: Office) -> Certified:
    """A server's certificate with nothing wrong in it."""
    return office.issue("localhost")


@pytest.fixture(scope="session")
def rsa(office: Office) -> Certified:
    return office.issue("localhost", key="RSA")


@pytest.fixture(scope="session")
def trust(office: Office) -> Trust:
    return Trust(files=(office.ca,))
