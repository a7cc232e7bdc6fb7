"""Each program of examples/ does what it says, with a real peer and real files."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dimse import Client, Server, Spool, storage_support
from dul.tls import Credentials, Trust, server_context

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
DICOM = ROOT / "fixtures" / "dicom"
CT, MR = DICOM / "ct-explicit.dcm", DICOM / "mr-explicit.dcm"
TESTED = {
    name.removeprefix("test_").partition("__")[0]
    for name in re.findall(r"^def (test_\w+)\(", Path(__file__).read_text("utf-8"), re.MULTILINE)
}


def command(name: str, *arguments: object) -> list[str]:
    return [sys.executable, str(EXAMPLES / f"{name}.py"), *map(str, arguments)]


def run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(name, *arguments),
        env={"PYTHONPATH": str(ROOT), "COLUMNS": "200", "PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def running(name: str, *arguments: object) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """A server on a free port, which is ended by Ctrl-C."""
    process = subprocess.Popen(
        command(name, *arguments),
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        said = process.stdout.readline()
        assert said.startswith("listening on port"), said
        yield int(said.split()[-1]), process
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


@contextmanager
def archive(folder: Path) -> Iterator[int]:
    """A storage SCP that keeps what it gets."""
    folder.mkdir()
    with Spool(folder) as spool, Server(spool.open, host="127.0.0.1") as server:
        yield server.address[1]


def test_every_example_has_a_test_and_at_most_30_lines() -> None:
    there = sorted(EXAMPLES.glob("*.py"))
    assert {each.stem for each in there} <= TESTED
    for each in there:
        lines = [line for line in each.read_text("utf-8").splitlines() if line.strip()]
        assert len(lines) <= 30, each.name
        assert lines[0].startswith('"""'), each.name


def test_echo(tmp_path: Path) -> None:
    with archive(tmp_path / "a") as port:
        done = run("echo", "127.0.0.1", port)
        assert (done.returncode, done.stdout) == (0, "ANY-SCP answers, status 0000H\n")
    done = run("echo", "127.0.0.1", port)
    assert done.returncode == 1
    assert "refused" in done.stderr


def test_send_with_progress(tmp_path: Path) -> None:
    with archive(tmp_path / "a") as port:
        done = run("send_with_progress", "127.0.0.1", port, DICOM / "variants", CT)
    assert done.returncode == 0, done.stderr
    assert f"{CT}: Success" in done.stdout
    assert "100%" in done.stdout
    assert len(list((tmp_path / "a").iterdir())) >= 2


def test_send_with_progress__tells_what_was_not_stored(tmp_path: Path) -> None:
    with Server(lambda _: None, support=storage_support(sop_classes=[])) as server:  # type: ignore[arg-type,return-value]
        done = run("send_with_progress", "127.0.0.1", server.address[1], CT)
    assert done.returncode == 1
    assert "accepted no presentation context" in done.stdout


def test_receive(tmp_path: Path) -> None:
    with running("receive", 0, tmp_path) as (port, process):
        outcomes = list(Client("127.0.0.1", port, calling_ae_title="WARD").store([CT, MR]))
        assert [each.meaning for each in outcomes] == ["Success"] * 2
        assert process.stdout
        said = [process.stdout.readline() for _ in outcomes]
    assert said[0].startswith("WARD sent CT of 1CT1: ")
    assert {Path(line.split(": ")[1].strip()) for line in said} == set(tmp_path.iterdir())


def test_access_by_title(tmp_path: Path) -> None:
    with running("access_by_title", 0, tmp_path, "OURS", "WARD", "LAB") as (port, process):
        known = Client("127.0.0.1", port, called_ae_title="OURS", calling_ae_title="LAB")
        assert next(known.store(CT)).stored
        for calling, called in (("WARD", "THEIRS"), ("STRANGER", "OURS")):
            one = Client("127.0.0.1", port, called_ae_title=called, calling_ae_title=calling)
            with pytest.raises(Exception, match="AE title not recognized"):
                one.echo()
            assert process.stdout
            assert f"{calling} called {called}" in process.stdout.readline()


def test_fan_out(tmp_path: Path) -> None:
    with (
        archive(tmp_path / "a") as one,
        archive(tmp_path / "b") as other,
        archive(tmp_path / "c") as gone,
    ):
        pass
    with archive(tmp_path / "d") as one, archive(tmp_path / "e") as other:
        peers = f"127.0.0.1:{one} 127.0.0.1:{other} 127.0.0.1:{gone}"
        done = run("fan_out", peers, CT, MR)
    assert done.returncode == 0, done.stderr
    said = sorted(done.stdout.splitlines())
    assert sum(line.endswith("2 of 2 stored") for line in said) == 2
    assert sum("0 of 2 stored, then:" in line for line in said) == 1
    assert len(list((tmp_path / "d").iterdir())) == len(list((tmp_path / "e").iterdir())) == 2


def test_router(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    with archive(tmp_path / "a") as one, archive(tmp_path / "b") as other:
        routes = (f"CT=127.0.0.1:{one}", f"MR=127.0.0.1:{other}")
        with running("router", 0, here, *routes) as (port, _):
            sent = list(Client("127.0.0.1", port).store([CT, MR, DICOM / "cr-explicit.dcm"]))
    assert [each.status for each in sent] == [0, 0, 0xA901]
    assert len(list(here.iterdir())) == 1, "what could not be forwarded is still there"
    for folder, file in ((tmp_path / "a", CT), (tmp_path / "b", MR)):
        [stored] = folder.iterdir()
        assert stored.read_bytes()[-1000:] == file.read_bytes()[-1000:]


def test_router__says_that_the_archive_is_away(tmp_path: Path) -> None:
    with archive(tmp_path / "a") as gone:
        pass
    with running("router", 0, tmp_path, f"CT=127.0.0.1:{gone}") as (port, _):
        outcome = next(Client("127.0.0.1", port).store(CT))
    assert (outcome.status, outcome.error_comment) == (0xA701, "can't be forwarded now")


def test_secure() -> None:
    tls = ROOT / "fixtures" / "tls"
    ours = Credentials(tls / "server.pem", tls / "server.key")
    context = server_context(ours, trust=Trust(files=(tls / "ca.pem",)))
    with Server(host="127.0.0.1", tls=context) as server:
        port = server.address[1]
        both = (tls / "ca.pem", tls / "client.key", tls / "client.pem")
        done = run("secure", "localhost", port, *both)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("TLSv1.3 ")
        assert "status 0000H" in done.stdout
        done = run("secure", "localhost", port, tls / "unknown-ca.pem", *both[1:])
        assert done.returncode == 1
        assert "is refused" in done.stderr


def test_over_a_pipe() -> None:
    with Server(host="127.0.0.1") as server:
        relay = f"exec 3<>/dev/tcp/127.0.0.1/{server.address[1]}; cat <&3 & cat >&3; kill $!"
        done = run("over_a_pipe", "bash", "-c", relay)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0] == "AssociateConfirmation"
    assert said[2].startswith("CEchoRSP(")
    assert "status=0," in said[2]
    assert said[3] == "ReleaseConfirmation"


def test_over_a_pipe__says_that_the_program_ended() -> None:
    done = run("over_a_pipe", "true")
    assert "ProviderAbortIndication" in done.stdout or "BrokenPipe" in done.stderr


def test_negotiate(tmp_path: Path) -> None:
    with archive(tmp_path / "a") as port:
        done = run("negotiate", "127.0.0.1", port, CT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "1 1.2.840.10008.1.2.4.90",
        "3 1.2.840.10008.1.2.1",
        "5 1.2.840.10008.1.2.1",
    ]
    assert len(list((tmp_path / "a").iterdir())) == 1


def test_load(tmp_path: Path) -> None:
    with archive(tmp_path / "a") as port:
        done = run("load", "127.0.0.1", port, CT, 20, 2)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("20 stored, 0 not, ")
    assert len(list((tmp_path / "a").iterdir())) == 20
