"""Peers as SCU: how their programs are called, and what they do to what they send."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from installed import program
from peer_files import UNCOMPRESSED
from peer_orthanc import orthanc_as_scu
from peer_processes import Outcome, run
from peers import (
    DCMJS_WITHOUT,
    DEFLATED_WITHOUT,
    JAVA,
    NODE,
    NODE_ENV,
    ODD_WITHOUT,
    ODIL,
    ORTHANC_WITHOUT,
    PIXELMED,
    RECIPES,
    SYSTEM_PYTHON,
    Target,
)


@dataclass(frozen=True)
class Scu:
    """How a peer's programs call an SCP.

    `bytes_kept`: it sends a file's data set as it is, if the file's transfer syntax is accepted.
    """

    name: str
    package: str
    echo: Callable[[Target, Path], Outcome] | None
    store: Callable[[Target, Sequence[Path], Path], Outcome] | None
    bytes_kept: bool = False
    syntaxes: frozenset[str] | None = None
    without: Mapping[str, str] = field(default_factory=dict)
    private: bool = True
    character_set: bool = True


def _each(command: Callable[[Target, Path], list[str]], **how: object):
    """A store by one run of a program for each file."""

    def store(target: Target, files: Sequence[Path], work: Path) -> Outcome:
        logs = []
        for file in files:
            outcome = run(command(target, file), cwd=work, **how)
            logs.append(outcome.log)
            if not outcome.ok:
                return Outcome(outcome.code, "".join(logs))
        return Outcome(0, "".join(logs))

    return store


def _one(command: Callable[..., list[str]], **how: object):
    """An echo, or a store of all files, by one run of a program."""

    def call(target: Target, *rest: object) -> Outcome:
        *files, work = rest
        return run([str(each) for each in command(target, *files)], cwd=work, **how)

    return call


# pynetdicom's reactor sometimes takes a response that comes within a millisecond for a message of
# its own, and its sender then waits in vain: its fault, told by this line, once in some thousand.
PYNETDICOM_RACE = "Received unexpected C-STORE service message"
PYNETDICOM_TRIES = 4


def _pynetdicom_store(target: Target, files: Sequence[Path], work: Path) -> Outcome:
    """Its storescu takes one path: a file or a folder."""
    folder = work / "to-send"
    folder.mkdir()
    for file in files:
        shutil.copy(file, folder)
    storescu = [sys.executable, "-m", "pynetdicom", "storescu", "-v", "-cx", "-r"]
    for _ in range(PYNETDICOM_TRIES):
        outcome = run([*storescu, "-aec", target.title, target.host, str(target.port), str(folder)])
        if PYNETDICOM_RACE not in outcome.log:
            break
    # It ends with 0 whatever the responses were, so count them.
    successes = outcome.log.count("(Status: 0x0000 - Success)")
    return Outcome(outcome.code or successes != len(files), outcome.log)


def _gdcm(to: Target, options: Sequence[str], work: Path) -> Outcome:
    """gdcmscu does its work, releases, and then dies of an exception, whoever the SCP is."""
    gdcmscu = [program("gdcm", "gdcmscu"), "--aetitle", "GDCM", "--call", to.title, *options]
    outcome = run([*gdcmscu, to.host, str(to.port)], cwd=work)
    died_at_the_end = "ProtocolStream as nullptr" in outcome.log
    return Outcome(0 if died_at_the_end else outcome.code, outcome.log)


def _called(*options: str) -> Callable[[Target], list[str]]:
    """DCMTK's and pynetdicom's way to name a target."""
    return lambda to: [*options, "-aec", to.title, to.host, str(to.port)]


_PM = [JAVA, "-cp", PIXELMED]
_DCMJS = [NODE, str(RECIPES / "dcmjs_scu.js")]
_PND2 = [sys.executable, "-m", "pynetdicom2"]
_ODIL = [SYSTEM_PYTHON, ODIL]
_DCMSEND = ["--decompress-never", "--no-uid-checks"]
_CTN = ["-a", "CTN", "-c"]

SCUS = [
    Scu(
        "dcmtk",
        "dcmtk",
        _one(_called(program("dcmtk", "echoscu"), "-v")),
        _one(
            lambda to, files: [*_called(program("dcmtk", "storescu"), "-v", "-R")(to), *files],
        ),
        syntaxes=UNCOMPRESSED,
    ),
    Scu(
        "dcmtk-dcmsend",
        "dcmtk",
        None,
        _one(
            lambda to, files: [
                *_called(program("dcmtk", "dcmsend"), "-v", *_DCMSEND)(to),
                *files,
            ]
        ),
    ),
    Scu(
        "pynetdicom",
        "pynetdicom",
        _one(_called(sys.executable, "-m", "pynetdicom", "echoscu", "-v")),
        _pynetdicom_store,
    ),
    Scu(
        "ctn",
        "ctn",
        _one(
            lambda to: [program("ctn", "dicom_echo"), *_CTN, to.title, to.host, to.port],
            keep_output=False,
        ),
        _each(
            lambda to, file: [
                *(program("ctn", "send_image"), "-q", "-r", *_CTN, to.title),
                *(to.host, str(to.port), str(file)),
            ],
            keep_output=False,
        ),
        without=DEFLATED_WITHOUT | {"seg-explicit.dcm": "a SOP class younger than it is"},
    ),
    Scu(
        "odil",
        "odil",
        _one(lambda to: [*_ODIL, "echo", to.host, to.port, "ODIL", to.title]),
        _one(lambda to, files: [*_ODIL, "store", to.host, to.port, "ODIL", to.title, *files]),
        syntaxes=UNCOMPRESSED,
    ),
    Scu(
        "pixelmed",
        "pixelmed",
        _one(
            lambda to: [
                *(*_PM, "com.pixelmed.network.VerificationSOPClassSCU"),
                *(to.host, to.port, to.title, "PIXELMED", "NONSECURE"),
            ]
        ),
        _each(
            lambda to, file: [
                *(*_PM, "com.pixelmed.network.StorageSOPClassSCU"),
                *(to.host, str(to.port), to.title, "PIXELMED", str(file), "0"),
            ]
        ),
        bytes_kept=True,
    ),
    Scu(
        "dcmjs-dimse",
        "dcmjs-dimse",
        _one(lambda to: [*_DCMJS, "echo", to.host, to.port, "DCMJS", to.title], env=NODE_ENV),
        _one(
            lambda to, files: [*_DCMJS, "store", to.host, to.port, "DCMJS", to.title, *files],
            env=NODE_ENV,
        ),
        without=DCMJS_WITHOUT | {"rtdose-implicit.dcm": "it cannot transcode 32 bits allocated"},
        private=False,
        character_set=False,
    ),
    Scu(
        "orthanc",
        "orthanc",
        lambda to, work: orthanc_as_scu(to, [], work),
        orthanc_as_scu,
        without=ORTHANC_WITHOUT,
    ),
    Scu(
        "pynetdicom2",
        "pynetdicom2",
        _one(
            lambda to: [
                *(*_PND2, "verify", "--aet", to.title, "--address", to.host),
                *("--port", to.port, "--local_aet", "PND2"),
            ]
        ),
        _each(
            lambda to, file: [
                *(*_PND2, "store", "--aet", to.title, "--address", to.host),
                *("--port", str(to.port), "--local_aet", "PND2", "--file_or_dir", str(file)),
            ]
        ),
        bytes_kept=True,
        without=ODD_WITHOUT,
    ),
    Scu(
        "gdcm",
        "gdcm",
        lambda to, work: _gdcm(to, ["--echo"], work),
        lambda to, files, work: _gdcm(
            to, ["--store", *(each for file in files for each in ("-i", str(file)))], work
        ),
        without=ODD_WITHOUT,
    ),
]
