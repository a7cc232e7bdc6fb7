"""dulspec in pipelines: the shell steps of the GitHub Action and of the GitLab job, run as those run them.

What is theirs alone (their runners, setup-python, upload-artifact) is not here to be tried; that what stands in the files
names inputs, variables and files that there are, is.
"""

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[2]
ACTION = (ROOT / "action.yml").read_text("utf-8")
RUN = ROOT / "packaging" / "dulspec" / "run.sh"
CONTAINER = (ROOT / "packaging" / "dulspec" / "Containerfile").read_text("utf-8")
GITLAB = (ROOT / "packaging" / "dulspec" / "gitlab.yml").read_text("utf-8")


def steps(text):
    """The one-line shell commands of an action's steps."""
    return re.findall(r"^      run: (.*)$", text, re.MULTILINE)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def runner(tmp_path):
    """A machine of GitHub's as far as the steps see it: its variables, and this tree's dulspec on the path."""
    tools = tmp_path / "bin"
    tools.mkdir()
    dulspec = tools / "dulspec"
    dulspec.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m testbed "$@"\n', "utf-8")
    dulspec.chmod(dulspec.stat().st_mode | stat.S_IXUSR)
    files = {"GITHUB_OUTPUT": tmp_path / "output", "GITHUB_STEP_SUMMARY": tmp_path / "summary"}
    for path in files.values():
        path.touch()
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("GITHUB_", "DULSPEC_"))
    }
    environment = kept | {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT),
        "GITHUB_ACTION_PATH": str(ROOT), **{key: str(path) for key, path in files.items()},
    }  # fmt: skip

    def run(step, **variables):
        return subprocess.run(
            ["sh", "-e", "-c", step], cwd=tmp_path, env=environment | variables, capture_output=True,
            text=True, timeout=120, check=False,
        )  # fmt: skip

    run.folder = tmp_path
    return run


def acceptor(*faults):
    port = free_port()
    start = " ".join([sys.executable, "-m", "testbed.mini", str(port), *faults])
    return {"DULSPEC_ROLE": "scp", "DULSPEC_PORT": str(port), "DULSPEC_START": start}


JUDGE = steps(ACTION)[-1]
FEW = "--called MINI P.AC P.STA2.0[1-3]"


def test_the_action_judges_and_tells(runner):
    done = runner(JUDGE, **acceptor(), DULSPEC_ARGS=FEW, DULSPEC_NAME="Acme PACS 1.0")
    assert done.returncode == 0, done.stdout + done.stderr
    out = runner.folder / "dulspec-report"
    assert {path.name for path in out.iterdir()} == {
        "badge.json", "badge.svg", "junit.xml", "report.html", "result.json", "summary.txt",
    }  # fmt: skip
    told = dict(line.split("=", 1) for line in (runner.folder / "output").read_text().splitlines())
    assert re.match(r"([1-9]\d*)/\1, edition", told["score"])
    assert Path(told["report"]).name == "report.html"
    assert "Acme PACS 1.0" in (runner.folder / "summary").read_text()
    assert ET.parse(out / "junit.xml").getroot().get("failures") == "0"


def test_a_failure_fails_the_step_and_all_reports_are_there(runner):
    done = runner(JUDGE, **acceptor("does-not-echo-fields"), DULSPEC_ARGS=FEW)
    assert done.returncode == 1
    assert ET.parse(runner.folder / "dulspec-report" / "junit.xml").getroot().get("failures") == "1"
    assert "Root causes" in (runner.folder / "summary").read_text()


def test_a_regression_fails_the_step_though_the_run_passes(runner):
    """What was non-strict before and is otherwise now is compared; a worse product fails."""
    assert runner(JUDGE, **acceptor(), DULSPEC_ARGS=FEW, DULSPEC_OUT="before").returncode == 0
    more = {"DULSPEC_ARGS": FEW, "DULSPEC_BASELINE": "before/result.json"}
    assert runner(JUDGE, **acceptor(), **more).returncode == 0
    worse = runner(JUDGE, **acceptor("provider-abort-in-sta2"), **more)
    assert worse.returncode == 1, "it is only non-strict, and worse than it was"
    assert "P.STA2.01" in (runner.folder / "dulspec-report" / "changes.txt").read_text()
    assert (runner.folder / "dulspec-report" / "changes.html").stat().st_size > 1000


def test_a_first_run_has_no_baseline_and_that_is_no_fault(runner):
    done = runner(
        JUDGE, **acceptor(), DULSPEC_ARGS="--called MINI P.STA2.01", DULSPEC_BASELINE="none.json"
    )
    assert done.returncode == 0


def test_a_requestor_is_judged(runner):
    program = runner.folder / "send.py"
    program.write_text(
        "import sys\nfrom pathlib import Path\nfrom testbed.mini.peer import Config\nfrom testbed.mini.process import Thread\n"
        "port, *files = sys.argv[1:]\n"
        "sys.exit(Thread(Config(), int(port), [Path(f) for f in files], echo=False).wait(30))\n",
        "utf-8",
    )
    command = f"{sys.executable} {program} {{port}} {{file}}"
    done = runner(JUDGE, DULSPEC_ROLE="scu", DULSPEC_EXEC=command, DULSPEC_ARGS="U.S5.04 U.REL.01")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({"DULSPEC_ROLE": "scp"}, "where the product listens"),
        ({"DULSPEC_ROLE": "scu"}, "how the product is started"),
        ({"DULSPEC_ROLE": "pacs"}, "scp or scu"),
    ],
)
def test_what_is_missing_is_said_in_a_line(runner, variables, word):
    done = runner(JUDGE, **variables)
    assert done.returncode == 2
    assert word in done.stderr


def test_a_product_that_does_not_serve_is_no_pass(runner):
    quick = f"--live-max 0.2 --artim-max 0.2 {FEW}"
    done = runner(JUDGE, DULSPEC_PORT=str(free_port()), DULSPEC_ARGS=quick)
    assert done.returncode == 2
    assert "score=0/0 empty" in (runner.folder / "output").read_text()


def test_globs_of_cases_are_not_taken_for_files(runner):
    (runner.folder / "P.AC.99").touch()
    done = runner(JUDGE, **acceptor(), DULSPEC_ARGS="--called MINI P.AC.0*")
    assert done.returncode == 0
    ids = {
        case["id"]
        for case in json.loads((runner.folder / "dulspec-report" / "result.json").read_text())[
            "cases"
        ]
    }
    assert "P.AC.01" in ids


def test_inputs_and_variables_are_those_that_the_script_reads():
    given = set(
        re.findall(r"^        (DULSPEC_\w+): \$\{\{ inputs\.([\w-]+) \}\}$", ACTION, re.MULTILINE)
    )
    read = set(re.findall(r"DULSPEC_\w+", RUN.read_text("utf-8")))
    assert {name for name, _ in given} == read
    assert {name for _, name in given} <= set(re.findall(r"^  ([\w-]+):$", ACTION, re.MULTILINE))
    assert set(re.findall(r"DULSPEC_\w+", GITLAB)) <= read


@pytest.fixture
def fresh(runner, tmp_path):
    """As GitHub's machine begins: the action's checkout, a Python with nothing of it; no registry to ask."""
    checkout, python = tmp_path / "checkout", tmp_path / "python"
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    for name in listed.stdout.splitlines() or pytest.skip("no git checkout to copy"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, checkout / name)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", python], check=True)
    pip = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    return runner, {
        "PATH": f"{python / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_ACTION_PATH": str(checkout),
        # The installer, and what it builds with, are lent by this Python.
        "PYTHONPATH": os.pathsep.join(each for each in sys.path if "site-packages" in each),
        **pip,
    }


def test_the_action_installs_what_stands_beside_it_and_judges_with_that(fresh):
    """All of its own steps one after the other, none of them helped by the tree that the test is in."""
    runner, machine = fresh
    install, judge = steps(ACTION)
    done = runner(install, **machine)
    assert done.returncode == 0, done.stdout + done.stderr
    port = free_port()
    judged = {
        "DULSPEC_ROLE": "scp",
        "DULSPEC_PORT": str(port),
        "DULSPEC_START": f"python -m dulcet.testbed.mini {port}",
        "DULSPEC_ARGS": FEW,
    }
    del machine["PYTHONPATH"]
    done = runner(judge, **machine, **judged, PYTHONPATH="")
    assert done.returncode == 0, done.stdout + done.stderr
    where = runner("command -v dulspec", **machine).stdout.strip()
    assert where == str(runner.folder / "python" / "bin" / "dulspec")
    assert (runner.folder / "dulspec-report" / "report.html").exists()


def test_the_gitlab_job_runs_what_the_container_has():
    (line,) = re.findall(r"^    - (dulspec-run)$", GITLAB, re.MULTILINE)
    assert f"/usr/local/bin/{line}" in CONTAINER
    assert "packaging/dulspec/run.sh" in CONTAINER
    assert "junit: dulspec-report/junit.xml" in GITLAB
    copied = re.findall(r"/usr/src/dulcet/(\S+)", CONTAINER)
    assert all((ROOT / path).exists() for path in copied if not path.startswith("["))


def test_the_script_is_for_any_shell():
    if (shellcheck := shutil.which("shellcheck")) is not None:
        assert subprocess.run([shellcheck, RUN], check=False).returncode == 0
    assert subprocess.run(["sh", "-n", RUN], check=False).returncode == 0
