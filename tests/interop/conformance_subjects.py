"""The products that the testbed judges: their commands, versions and declarations."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conformance_versions import OURS, VERSIONS
from installed import program
from peer_processes import ROOT, free_port
from peers import (
    JAVA,
    NODE,
    NODE_ENV,
    ODIL,
    PACKAGES,
    PIXELMED,
    RECIPES,
    SYSTEM_PYTHON,
)

CERTIFICATES = ROOT / "fixtures" / "tls"


@dataclass(frozen=True, eq=False)
class Subject:
    """A product in one role.

    Attributes:
        key: names its files.
        product: its name in reports, before the version.
        package: the entry of `peers.PACKAGES` that must be installed; `dulcet` for ours.
        role: "scp" or "scu".
        start: of a port and a work folder: the command of an SCP, or of what an SCU needs.
        store, echo: templates of an SCU's commands, of a service's port.
        options: of dulspec.
        note: what a reader of the results has to know.
    """

    key: str
    product: str
    package: str
    role: str
    start: Callable[[int, Path], Sequence[object]] | None = None
    store: Callable[[int], Sequence[object]] | None = None
    echo: Callable[[int], Sequence[object]] | None = None
    options: Sequence[object] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def ours(self) -> bool:
        return self.package == OURS

    @property
    def variant(self) -> bool:
        """Whether it is our stack in another dress than its programs."""
        return self.ours and self.key != OURS

    def missing(self) -> str | None:
        """Why it cannot run here, or None."""
        return None if self.ours else PACKAGES[self.package]()

    def version(self) -> str:
        """The version that is installed; empty if nothing tells."""
        return VERSIONS[self.package]()


_PLACES = {f"{{{name}}}" for name in ("host", "port", "file", "ca", "cert", "key")}


def template(words: Sequence[object]) -> str:
    """A command as dulspec takes it."""
    return " ".join(_word(str(each)) for each in words)


def _word(text: str) -> str:
    return text if text in _PLACES else shlex.quote(text)


def _quietly(*command: object) -> list[object]:
    """A program whose output must go to nowhere."""
    return ["sh", "-c", 'exec "$@" >/dev/null 2>&1', "sh", *command]


_PYTHON = sys.executable
_NODE = ["env", *(f"{name}={value}" for name, value in NODE_ENV.items()), NODE]
_TLS_CLIENT = [
    *("--ca", CERTIFICATES / "ca.pem"),
    *("--cert", CERTIFICATES / "client.pem", "--key", CERTIFICATES / "client.key"),
    *("--expired-cert", CERTIFICATES / "expired-client.pem"),
    *("--expired-key", CERTIFICATES / "expired-client.key"),
    *("--unknown-cert", CERTIFICATES / "unknown-client.pem"),
    *("--unknown-key", CERTIFICATES / "unknown-client.key"),
]
_TLS_SERVER = [
    *("--tls", "--check-host", "--ca", CERTIFICATES / "ca.pem"),
    *("--cert", CERTIFICATES / "server.pem", "--key", CERTIFICATES / "server.key"),
    *("--expired-cert", CERTIFICATES / "expired-server.pem"),
    *("--expired-key", CERTIFICATES / "expired-server.key"),
    *("--unknown-cert", CERTIFICATES / "unknown-server.pem"),
    *("--unknown-key", CERTIFICATES / "unknown-server.key"),
    *("--other-cert", CERTIFICATES / "elsewhere-server.pem"),
    *("--other-key", CERTIFICATES / "elsewhere-server.key"),
]
_TLS_PORT = "TLS-PORT"  # stands for a port in `options` and in `start`


def _storescp(port: int, work: Path) -> Sequence[object]:
    from dimse.passwords import entry  # needs a package that judging the others does not

    (work / "users").write_text(entry("alice", "sesam") + "\n", "utf-8")
    return [
        *(_PYTHON, "-m", "cli.storescp", "--host", "127.0.0.1"),
        *("-ta", "3", "-od", work / "stored", "--users", work / "users", "--users-if-given"),
        *("+tls", CERTIFICATES / "server.key", CERTIFICATES / "server.pem"),
        *("+cf", CERTIFICATES / "ca.pem", "--tls-port", _TLS_PORT, port),
    ]


def _recipe_scp(face: str) -> Callable[[int, Path], Sequence[object]]:
    def start(port: int, work: Path) -> Sequence[object]:
        recipe = [_PYTHON, RECIPES / "dulcet_scp.py", face]
        return [*recipe, port, _TLS_PORT, work / "stored", CERTIFICATES]

    return start


def _recipe_scu(face: str, security: object, what: str, *files: str) -> Callable[[int], list]:
    recipe = [_PYTHON, RECIPES / "dulcet_scu.py", face, security, what]
    return lambda _: [*recipe, "{host}", "{port}", *files]


def _orthanc(port: int, work: Path) -> Sequence[object]:
    """Orthanc's command; the port is DICOM's for an SCP, and HTTP's for an SCU."""
    settings = {
        "Name": "conformance",
        "StorageDirectory": str(work / "stored"),
        "IndexDirectory": str(work / "stored"),
        "Plugins": [],
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAet": "ORTHANC",
        "DicomAlwaysAllowStore": True,
        "DicomCheckCalledAet": True,
        "DicomPort": port,
        "HttpPort": free_port(),
    }
    (work / "orthanc.json").write_text(json.dumps(settings), "utf-8")
    return _quietly(program("orthanc", "Orthanc"), work / "orthanc.json")


def _orthanc_for_scu(port: int, work: Path) -> Sequence[object]:
    command = _orthanc(free_port(), work)
    settings = json.loads((work / "orthanc.json").read_text("utf-8"))
    (work / "orthanc.json").write_text(json.dumps(settings | {"HttpPort": port}), "utf-8")
    return command


_ORTHANC_SCU = [_PYTHON, RECIPES / "orthanc_scu.py"]
_CALLED = ("{host}", "{port}")
_PND2 = [_PYTHON, "-m", "pynetdicom2"]
_GDCM = [  # it dies of one exception at the end of all that it does, whoever the SCP is
    *("sh", "-c", '"$@" 2>&1 | grep -q "ProtocolStream as nullptr" && exit 0; exit 1', "sh"),
    *(program("gdcm", "gdcmscu"), "--aetitle", "GDCM", "--call", "ANY-SCP"),
]
_ONE_FILE = "/{file}"  # an argument, not a list of files: these programs take one

SUBJECTS = [
    Subject(
        "dulcet",
        "dulcet storescp",
        OURS,
        "scp",
        _storescp,
        options=(
            *("--artim-max", 10, "--mutual", "--tls-port", _TLS_PORT, *_TLS_CLIENT),
            *("--bad-user", "alice:wrong"),
        ),
        note="ARTIM 3 s; TLS with mutual authentication on a second port; users, if they say who they are",
    ),
    Subject(
        "dulcet-blocking",
        "dulcet, blocking",
        OURS,
        "scp",
        _recipe_scp("blocking"),
        options=("--artim-max", 10, "--mutual", "--tls-port", _TLS_PORT, *_TLS_CLIENT),
        note="recipes/dulcet_scp.py; ARTIM 3 s; TLS with mutual authentication",
    ),
    Subject(
        "dulcet-asyncio",
        "dulcet, asyncio",
        OURS,
        "scp",
        _recipe_scp("asyncio"),
        options=("--artim-max", 10, "--mutual", "--tls-port", _TLS_PORT, *_TLS_CLIENT),
        note="as dulcet, blocking",
    ),
    Subject(
        "dulcet",
        "dulcet storescu",
        OURS,
        "scu",
        store=lambda _: [
            *(_PYTHON, "-m", "cli.storescu", "-ta", 5, "-td", 5),
            *(*_CALLED, "{file}"),
        ],
        echo=lambda _: [_PYTHON, "-m", "cli.echoscu", "-ta", 5, "-td", 5, *_CALLED],
        options=(
            *("--dimse-max", 70, "--check-host", "--exec-tls"),
            template(
                [
                    *(_PYTHON, "-m", "cli.storescu", "-ta", 5, "-td", 5),
                    *("+tls", "{key}", "{cert}", "+cf", "{ca}", *_CALLED, "{file}"),
                ]
            ),
        ),
        note="a peer that stops reading is given the default of 60 s; the cases about TLS with certificates "
        "made on the fly",
    ),
    Subject(
        "dulcet-asyncio",
        "dulcet, asyncio",
        OURS,
        "scu",
        store=_recipe_scu("asyncio", "plain", "store", "{file}"),
        echo=_recipe_scu("asyncio", "plain", "echo"),
        note="recipes/dulcet_scu.py with times of 5 s",
    ),
    Subject(
        "dulcet-tls",
        "dulcet over TLS",
        OURS,
        "scu",
        store=_recipe_scu("blocking", CERTIFICATES, "store", "{file}"),
        echo=_recipe_scu("blocking", CERTIFICATES, "echo"),
        options=_TLS_SERVER,
        note="recipes/dulcet_scu.py, the blocking face, all cases over TLS",
    ),
    Subject(
        "dcmtk",
        "DCMTK storescp",
        "dcmtk",
        "scp",
        lambda port, work: [
            *(program("dcmtk", "storescp"), "--fork", "+xa", "-od", work / "stored", port),
        ],
    ),
    Subject(
        "dcmtk",
        "DCMTK storescu",
        "dcmtk",
        "scu",
        store=lambda _: [
            *(program("dcmtk", "storescu"), "-ta", 10, "-td", 10, *_CALLED, "{file}"),
        ],
        echo=lambda _: [program("dcmtk", "echoscu"), "-ta", 10, "-td", 10, *_CALLED],
    ),
    Subject(
        "pynetdicom",
        "pynetdicom storescp",
        "pynetdicom",
        "scp",
        lambda port, work: [
            *(_PYTHON, "-m", "pynetdicom", "storescp", "-ba", "127.0.0.1"),
            *("-od", work / "stored", port),
        ],
        options=("--timeout", 5),  # its threads take turns; with a busy machine that takes seconds
    ),
    Subject(
        "pynetdicom",
        "pynetdicom storescu",
        "pynetdicom",
        "scu",
        store=lambda _: [
            *(_PYTHON, "-m", "pynetdicom", "storescu", "-ta", 5, "-td", 5),
            *(*_CALLED, "{file}"),
        ],
        echo=lambda _: [
            *(_PYTHON, "-m", "pynetdicom", "echoscu", "-ta", 5, "-td", 5),
            *_CALLED,
        ],
    ),
    Subject(
        "ctn",
        "CTN simple_storage",
        "ctn",
        "scp",
        lambda port, work: [
            *("sh", "-c", 'while :; do "$@" >/dev/null 2>&1; sleep 0.1; done', "sh"),
            *(
                program("ctn", "simple_storage"),
                "-c",
                "CTN",
                "-f",
                "-s",
                "-x",
                work / "stored",
                port,
            ),
        ],
        options=("--called", "CTN", "--exclude-tag", "artim"),
        note="run in a loop that starts it again; the cases that wait for timers are left out",
    ),
    Subject(
        "ctn",
        "CTN send_image",
        "ctn",
        "scu",
        store=lambda _: _quietly(
            *(program("ctn", "send_image"), "-q", "-r", "-a", "CTN", "-c", "ANY-SCP"),
            *(*_CALLED, "{file}"),
        ),
        echo=lambda _: _quietly(
            *(program("ctn", "dicom_echo"), "-a", "CTN", "-c", "ANY-SCP", *_CALLED)
        ),
    ),
    Subject(
        "odil",
        "odil SCP",
        "odil",
        "scp",
        lambda port, work: [SYSTEM_PYTHON, RECIPES / "odil_scp.py", port, work / "stored"],
        options=("--artim-max", 15),
        note="recipes/odil_scp.py; one association at a time",
    ),
    Subject(
        "odil",
        "odil store",
        "odil",
        "scu",
        store=lambda _: [
            *(SYSTEM_PYTHON, ODIL, "store", *_CALLED, "ODIL", "ANY-SCP", "{file}"),
        ],
        echo=lambda _: [SYSTEM_PYTHON, ODIL, "echo", *_CALLED, "ODIL", "ANY-SCP"],
    ),
    Subject(
        "pixelmed",
        "PixelMed SCP",
        "pixelmed",
        "scp",
        lambda port, work: [
            *(JAVA, "-cp", PIXELMED, "com.pixelmed.network.StorageSOPClassSCPDispatcher"),
            *(port, "PIXELMED", work / "stored", "NONSECURE", "ANY"),
        ],
        options=("--called", "PIXELMED"),
    ),
    Subject(
        "pixelmed",
        "PixelMed SCU",
        "pixelmed",
        "scu",
        store=lambda _: [
            *(JAVA, "-cp", PIXELMED, "com.pixelmed.network.StorageSOPClassSCU", *_CALLED),
            *("ANY-SCP", "PIXELMED", _ONE_FILE, "0"),
        ],
        echo=lambda _: [
            *(JAVA, "-cp", PIXELMED, "com.pixelmed.network.VerificationSOPClassSCU", *_CALLED),
            *("ANY-SCP", "PIXELMED", "NONSECURE"),
        ],
        options=("--timeout", 6),  # a fresh Java on a busy machine takes seconds for its next step
    ),
    Subject(
        "dcmjs-dimse",
        "dcmjs-dimse SCP",
        "dcmjs-dimse",
        "scp",
        lambda port, work: [*_NODE, RECIPES / "dcmjs_scp.js", port, work / "stored"],
        options=("--accept-any",),
        note="recipes/dcmjs_scp.js",
    ),
    Subject(
        "dcmjs-dimse",
        "dcmjs-dimse SCU",
        "dcmjs-dimse",
        "scu",
        store=lambda _: [
            *(*_NODE, RECIPES / "dcmjs_scu.js", "store", *_CALLED, "DCMJS", "ANY-SCP", "{file}"),
        ],
        echo=lambda _: [
            *(*_NODE, RECIPES / "dcmjs_scu.js", "echo", *_CALLED, "DCMJS", "ANY-SCP"),
        ],
        note="recipes/dcmjs_scu.js",
    ),
    Subject(
        "orthanc",
        "Orthanc SCP",
        "orthanc",
        "scp",
        _orthanc,
        options=("--called", "ORTHANC", "--checks-called"),
        note="DicomCheckCalledAet is on",
    ),
    Subject(
        "orthanc",
        "Orthanc SCU",
        "orthanc",
        "scu",
        _orthanc_for_scu,
        lambda http: [*_ORTHANC_SCU, http, "store", *_CALLED, "ANY-SCP", "{file}"],
        lambda http: [*_ORTHANC_SCU, http, "echo", *_CALLED, "ANY-SCP"],
        note="told by REST, recipes/orthanc_scu.py; it tries again by itself",
    ),
    Subject(
        "pynetdicom2",
        "pynetdicom2 SCP",
        "pynetdicom2",
        "scp",
        lambda port, work: [
            *(_PYTHON, RECIPES / "pynetdicom2_scp.py", port, work / "stored", "PND2"),
        ],
        options=("--called", "PND2"),
        note="recipes/pynetdicom2_scp.py",
    ),
    Subject(
        "pynetdicom2",
        "pynetdicom2 SCU",
        "pynetdicom2",
        "scu",
        store=lambda _: [
            *(*_PND2, "store", "--aet", "ANY-SCP", "--address", "{host}", "--port", "{port}"),
            *("--local_aet", "PND2", "--file_or_dir", _ONE_FILE),
        ],
        echo=lambda _: [
            *(*_PND2, "verify", "--aet", "ANY-SCP", "--address", "{host}", "--port", "{port}"),
            *("--local_aet", "PND2"),
        ],
    ),
    Subject(
        "gdcm",
        "GDCM gdcmscu",
        "gdcm",
        "scu",
        store=lambda _: [*_GDCM, "--store", "-i", _ONE_FILE, *_CALLED],
        echo=lambda _: [*_GDCM, "--echo", *_CALLED],
        note="it dies of an exception at the end of every run; that one counts as success",
    ),
]


def placed(words: Sequence[object], tls_port: int) -> list[object]:
    """The words with the port for TLS in its place."""
    return [tls_port if each == _TLS_PORT else each for each in words]
