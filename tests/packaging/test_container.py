"""The container of storescp and the compose file: what stands in them is run here, without a container.

There is no engine on every machine that runs the tests; `make check-packaging` lints the files.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cli.grammar.parsing import parse
from cli.storescp.options import StorescpSettings

ROOT = Path(__file__).resolve().parents[2]
CONTAINER = (ROOT / "packaging" / "storescp" / "Containerfile").read_text("utf-8")
COMPOSE = (ROOT / "packaging" / "compose.yaml").read_text("utf-8")


def words(instruction: str) -> list[str]:
    """What an instruction in JSON's form runs."""
    found: list[str] = json.loads(
        re.findall(rf"^{instruction} (?:.* CMD )?(\[.*\])$", CONTAINER, re.MULTILINE)[0]
    )
    return found


SETTINGS = parse(StorescpSettings, words("CMD"))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def test_its_options_are_what_the_file_says_of_it() -> None:
    assert words("ENTRYPOINT") == ["storescp"]
    assert f"VOLUME {SETTINGS.directory}\n" in CONTAINER
    assert SETTINGS.metrics is not None
    assert f"EXPOSE {SETTINGS.port} {SETTINGS.metrics[1]}\n" in CONTAINER
    assert f"--group 1000 {SETTINGS.directory}\nUSER 1000\n" in CONTAINER


def test_the_compose_file_fits_it() -> None:
    assert f'"{SETTINGS.port}:{SETTINGS.port}"' in COMPOSE
    assert f"incoming:{SETTINGS.directory}" in COMPOSE
    assert f'command: ["scp", "storescp", "{SETTINGS.port}"' in COMPOSE
    grace = re.search(r"stop_grace_period: (\d+)s", COMPOSE)
    assert grace is not None
    assert int(grace[1]) > SETTINGS.grace, "who stops it must wait longer than it does"
    for named in re.findall(r"dockerfile: (\S+)", COMPOSE):
        assert (ROOT / named).is_file()


@pytest.mark.parametrize("there", [True, False])
def test_its_health_is_what_echoscu_says(there: bool, tmp_path: Path) -> None:
    port, metrics = free_port(), free_port()
    program, *options = words("HEALTHCHECK")
    asks = [{"11112": str(port)}.get(each, each) for each in options]
    asking = [sys.executable, "-m", f"cli.{program}", *asks]
    moved = {
        SETTINGS.directory: str(tmp_path),
        "11112": str(port),
        "0.0.0.0:9104": f"127.0.0.1:{metrics}",
    }
    runs = [moved.get(each, each) for each in words("CMD")]
    receiving = [sys.executable, "-m", "cli.storescp", "--port-file", str(tmp_path / "port"), *runs]
    if not there:
        assert subprocess.run(asking, cwd=ROOT, check=False, timeout=60).returncode != 0
        return
    with subprocess.Popen(receiving, cwd=ROOT, stderr=subprocess.PIPE, text=True) as receiver:
        try:
            assert receiver.stderr is not None
            said = receiver.stderr.readline()
            while said and not (tmp_path / "port").exists():
                said = receiver.stderr.readline()
            assert subprocess.run(asking, cwd=ROOT, check=False, timeout=60).returncode == 0
        finally:
            receiver.terminate()
            receiver.communicate(timeout=60)
    assert receiver.returncode == 0
