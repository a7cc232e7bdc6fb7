"""Peers as SCP: how each is started, and what it does to what it gets."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from installed import program
from peer_files import IMPLICIT, UNCOMPRESSED, Part10, stored
from peer_orthanc import start_orthanc
from peer_processes import LOOPBACK, Service, free_port
from peers import (
    CTN_SCP_WITHOUT,
    DCMJS_WITHOUT,
    JAVA,
    NODE,
    NODE_ENV,
    ORTHANC_WITHOUT,
    PIXELMED,
    RECIPES,
    SYSTEM_PYTHON,
    Target,
)


class RunningScp:
    """A peer that listens and stores."""

    def __init__(self, service: Service, title: str, stored: Callable[[], dict[str, Part10]]):
        self.service = service
        self.title = title
        self.stored = stored  # what it has kept so far, by SOP Instance UID

    def target(self) -> Target:
        """Where to call it, once it listens."""
        self.service.wait_ready()
        return Target(self.service.port, self.title)


@dataclass(frozen=True)
class Scp:
    """How a peer is run as an SCP, and what it does to a data set.

    `bytes_kept`: what it stores under the transfer syntax it was sent in is the same to the byte.
    `converted`: it refuses these transfer syntaxes where others are offered too.
    `bare`: it writes objects of this transfer syntax without file meta.
    `private`, `character_set`: as for `peer_files.differences`.
    """

    name: str
    package: str
    command: Callable[[int, Path], Sequence[str | Path]] | None  # of a port and a folder
    title: str = "ANY-SCP"
    bytes_kept: bool = False
    syntaxes: frozenset[str] | None = None  # None: every one of the fixtures
    converted: frozenset[str] = frozenset()
    bare: str | None = None
    without: Mapping[str, str] = field(default_factory=dict)  # fixture -> why not
    private: bool = True
    character_set: bool = True
    quiet: bool = False  # its output must not be kept
    env: Mapping[str, str] = field(default_factory=dict)

    def start(self, work: Path) -> RunningScp:
        """Start it with an empty folder below `work`."""
        if self.command is None:
            orthanc = start_orthanc(work)
            return RunningScp(orthanc.service, "ORTHANC", orthanc.stored)
        folder = work / "stored"
        folder.mkdir()
        port = free_port()
        service = Service(
            [str(each) for each in self.command(port, folder)],
            port,
            log=None if self.quiet else work / "log",
            env=self.env,
            cwd=work,
        )
        return RunningScp(service, self.title, lambda: stored(folder, self.bare))


SCPS = [
    Scp(
        "dcmtk",
        "dcmtk",
        lambda port, folder: [program("dcmtk", "storescp"), "-v", "-od", folder, port],
        syntaxes=UNCOMPRESSED,
    ),
    Scp(
        "dcmtk-bit-preserving",
        "dcmtk",
        lambda port, folder: [program("dcmtk", "storescp"), "-v", "+B", "+xa", "-od", folder, port],
        bytes_kept=True,
    ),
    Scp(
        "pynetdicom",
        "pynetdicom",
        lambda port, folder: [
            *(sys.executable, "-m", "pynetdicom", "storescp"),
            *("-ba", LOOPBACK, "-od", folder, port),
        ],
    ),
    Scp(
        "ctn",
        "ctn",
        lambda port, folder: [
            *(program("ctn", "simple_storage"), "-c", "CTN", "-f", "-s", "-x", folder, port),
        ],
        title="CTN",
        bytes_kept=True,
        syntaxes=UNCOMPRESSED,
        bare=IMPLICIT,
        without=CTN_SCP_WITHOUT,
        quiet=True,
    ),
    Scp(
        "odil",
        "odil",
        lambda port, folder: [SYSTEM_PYTHON, RECIPES / "odil_scp.py", port, folder],
        without={"sc-deflated.dcm": "it accepts the transfer syntax, but cannot inflate"},
    ),
    Scp(
        "pixelmed",
        "pixelmed",
        lambda port, folder: [
            *(JAVA, "-cp", PIXELMED, "com.pixelmed.network.StorageSOPClassSCPDispatcher"),
            *(port, "PIXELMED", folder, "NONSECURE", "ANY"),
        ],
        title="PIXELMED",
        bytes_kept=True,
        converted=frozenset({IMPLICIT}),
        without={"sc-deflated.dcm": "it does not accept the transfer syntax"},
    ),
    Scp(
        "dcmjs-dimse",
        "dcmjs-dimse",
        lambda port, folder: [NODE, RECIPES / "dcmjs_scp.js", port, folder],
        without=DCMJS_WITHOUT | {"sc-jpeg-extended.dcm": "it does not know the transfer syntax"},
        private=False,
        character_set=False,
        env=NODE_ENV,
    ),
    Scp("orthanc", "orthanc", None, without=ORTHANC_WITHOUT),
    Scp(
        "pynetdicom2",
        "pynetdicom2",
        lambda port, folder: [sys.executable, RECIPES / "pynetdicom2_scp.py", port, folder, "PND2"],
        title="PND2",
        bytes_kept=True,
    ),
]

# Not one of SCPS, for only an SCU that converts can send it what the fixtures have.
DCMTK_IMPLICIT = Scp(
    "dcmtk-implicit",
    "dcmtk",
    lambda port, folder: [program("dcmtk", "storescp"), "-v", "+xi", "-od", folder, port],
)
