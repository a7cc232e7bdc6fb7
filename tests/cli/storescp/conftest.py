"""What the tests of storescp share."""

import pytest
from storescp_process import Storescp


@pytest.fixture
def storescp(python, spawn_environment, tmp_path):
    started = []

    def start(*options):
        (tmp_path / "in").mkdir(exist_ok=True)
        command = [python, "-m", "cli.storescp", "-v", "--host", "127.0.0.1"]
        command += ["-od", str(tmp_path / "in"), "--fsync", "none", *map(str, options), "0"]
        started.append(Storescp(command, spawn_environment))
        return started[-1]

    yield start
    for each in started:
        each.close()
