"""The tools as processes: entry points, exit codes, and what is loaded to send a file."""

import subprocess
from pathlib import Path

import pytest
from cli_peers import PATIENCE, ScriptedPeer, rejecting, storing

ROOT = Path(__file__).parents[2]
CT = ROOT / "fixtures" / "dicom" / "ct-explicit.dcm"

HEAVY = {"pydicom", "numpy", "rich", "asyncio", "importlib.metadata"}
PROBE = """
import sys
from cli import storescu
code = storescu.main(sys.argv[1:])
print(code, *sorted(set({heavy!r}) & set(sys.modules)))
"""


@pytest.fixture
def run(python, spawn_environment, tmp_path):
    def run(*arguments, **environment):
        return subprocess.run(
            [python, *map(str, arguments)],
            capture_output=True,
            check=False,
            text=True,
            env=spawn_environment | environment,
            cwd=tmp_path,
            timeout=PATIENCE,
        )

    return run


@pytest.mark.parametrize("dictionary", [False, True])
def test_nothing_heavy_is_loaded_to_send_a_file_as_it_is(run, tmp_path, dictionary):
    """Not even with a data dictionary, which only conversions need."""
    path = tmp_path / "some.dic"
    path.write_text("(0010,0010)\tPN\tPatientName\t1\tDICOM\n")
    environment = {"DCMDICTPATH": str(path)} if dictionary else {}
    with ScriptedPeer(storing(0)) as peer:
        probe = PROBE.format(heavy=sorted(HEAVY))
        done = run("-c", probe, "127.0.0.1", peer.port, CT, **environment)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_python_m_gives_the_exit_code(run):
    with ScriptedPeer(storing(0xA700), rejecting(1, 1, 7)) as peer:
        done = run("-m", "cli.storescu", "127.0.0.1", peer.port, CT)
        assert done.returncode == 0xA7
        assert done.stderr.startswith(f"E: Store Failed, file: {CT}:\n")
        done = run("-m", "cli.echoscu", "127.0.0.1", peer.port)
        assert done.returncode == 1
        assert done.stderr.startswith("F: Association Rejected:\n")
    assert run("-m", "cli.storescp", "--nonsense").returncode == 1


@pytest.mark.parametrize("tool", ["storescu", "echoscu", "storescp"])
def test_console_scripts(run, tool):
    """What pip puts on the PATH calls the same function, which gives the exit code."""
    entry = (
        f"from importlib.metadata import entry_points as e; import sys; sys.argv[0] = '{tool}'; "
    )
    entry += f"p, *_ = e(group='console_scripts', name='{tool}'); sys.exit(p.load()())"
    assert run("-c", entry, "--nonsense").returncode == 1
    assert f"usage: {tool} [options]" in run("-c", entry).stdout


def test_usage_into_a_pipe_that_is_closed(python, spawn_environment):
    """storescu | head -1"""
    process = subprocess.Popen(
        ["sh", "-c", f'"{python}" -m cli.storescu | head -c 1'],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=spawn_environment,
    )
    assert process.communicate(timeout=PATIENCE) == ("s", "")


@pytest.mark.parametrize("tool", ["storescu", "storescp", "echoscu"])
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_a_full_disk_behind_standard_output(python, spawn_environment, tool, option):
    """An error in one line, and a failure: the help that was asked for is nowhere."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [python, "-m", f"cli.{tool}", option],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
            env=spawn_environment,
        )
    assert done.returncode == 1
    assert done.stderr == "error: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("level", ["-q", "-d"])
def test_streams_that_a_shell_closed_keep_nobody_from_sending(
    python, spawn_environment, closed, level
):
    """Nor does the exit code tell of them."""
    with ScriptedPeer(storing(0)) as peer:
        words = [python, "-m", "cli.storescu", level, "127.0.0.1", str(peer.port), str(CT)]
        done = subprocess.run(
            ["sh", "-c", f'"$@" {closed}', "sh", *words],
            capture_output=True,
            check=False,
            text=True,
            env=spawn_environment,
            timeout=PATIENCE,
        )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "ignored" not in done.stderr


def test_what_was_to_be_shown_on_a_closed_stream_is_a_failure(python, spawn_environment):
    words = [python, "-m", "cli.storescu", "--help"]
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *words],
        capture_output=True,
        check=False,
        text=True,
        env=spawn_environment,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert done.stderr == "error: cannot write to standard output: Bad file descriptor\n"
