"""A spool, and the index of what is in it."""

from __future__ import annotations

import pytest
from indexed import Time

from dimse.storage.index.index import Index
from dimse.storage.spool import Spool


@pytest.fixture
def spool(tmp_path):
    (tmp_path / "in").mkdir()
    with Spool(tmp_path / "in", fsync="none") as spool:
        yield spool


@pytest.fixture
def index(tmp_path, spool):
    with Index(tmp_path / "index.sqlite", spool.directory, durable=False, now=Time()) as index:
        yield index
