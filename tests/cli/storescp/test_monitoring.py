"""/metrics and /healthz of a storescp, alone and with workers."""

import json
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import pytest
from cli_peers import CT_CONTEXT, PATIENCE, Caller
from storescp_process import store


def get(url, method="GET"):
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize("options", [[], ["--workers", 2]], ids=["alone", "workers"])
def test_metrics_and_health(storescp, options):
    scp = storescp("--metrics", "0", "--grace", 600, *options)
    found = next(line for line in scp.lines if "Metrics at" in line)
    url = found.split()[3].removesuffix("metrics,")
    assert url.startswith("http://127.0.0.1:")
    for number in range(6):
        store(scp.port, f"2.25.{number}")
    status, text = get(f"{url}metrics")
    assert status == 200
    assert 'dulcet_objects_total{result="stored"} 6.0' in text
    assert f"dulcet_processes_serving {2.0 if options else 1.0}" in text
    status, text = get(f"{url}healthz")
    state = json.loads(text)
    assert (status, state["ok"], state["ending"]) == (200, True, False)
    assert state["free_bytes"] > 0
    assert get(f"{url}nothing")[0] == 404
    assert get(f"{url}metrics", "POST")[0] == 405
    assert get(f"{url}healthz", "HEAD") == (200, "")
    with Caller(scp.port, CT_CONTEXT) as caller:
        caller.accepted()
        scp.send(signal.SIGTERM)
        scp.expect("may go on for 600 s")
        # An association still runs, but nobody should be sent here any more.
        while True:
            status, text = get(f"{url}healthz")
            if json.loads(text)["ending"]:
                break
        assert (status, json.loads(text)["ok"], json.loads(text)["ending"]) == (503, False, True)
        caller.release()
    scp.ended()


def test_a_directory_that_is_gone_is_not_well(storescp, tmp_path):
    scp = storescp("--metrics", "0")
    url = next(line for line in scp.lines if "Metrics at" in line).split()[-1]
    assert get(url)[0] == 200
    (tmp_path / "in").rename(tmp_path / "elsewhere")
    assert get(url)[0] == 503
    (tmp_path / "elsewhere").rename(tmp_path / "in")
    assert get(url)[0] == 200


def test_a_port_that_is_taken(python, spawn_environment, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = subprocess.run(
            [
                *(python, "-m", "cli.storescp", "-od", tmp_path),
                *("--metrics", str(taken.getsockname()[1]), "0"),
            ],
            capture_output=True,
            text=True,
            check=False,
            env=spawn_environment,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("F: cannot create network: cannot listen on 127.0.0.1, port ")
