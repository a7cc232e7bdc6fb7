"""Orthanc, which is spoken to over HTTP: on loopback, and with no password."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from installed import program
from peer_files import Part10, stored
from peer_processes import LOOPBACK, Outcome, Service, free_port, listening
from peers import Target


class Orthanc:
    """A running Orthanc."""

    def __init__(self, service: Service, http: int, work: Path) -> None:
        self.service = service
        self.http = http
        self.work = work

    def call(self, path: str, body: bytes | None = None, method: str | None = None) -> bytes:
        """One request to its REST interface."""
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self.http}{path}", data=body, method=method
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=60) as response:
            return response.read()

    def stored(self) -> dict[str, Part10]:
        """What it keeps, fetched into files."""
        folder = self.work / "fetched"
        folder.mkdir(exist_ok=True)
        for each in json.loads(self.call("/instances")):
            (folder / each).write_bytes(self.call(f"/instances/{each}/file"))
        return stored(folder)


def start_orthanc(work: Path, **more: object) -> Orthanc:
    """An Orthanc with an empty store below `work`, and with more settings."""
    folder = work / "orthanc"
    folder.mkdir()
    http, dicom = free_port(), free_port()
    settings = {
        "Name": "interop",
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "Plugins": [],
        "HttpPort": http,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomPort": dicom,
        "DicomAet": "ORTHANC",
        "DicomAlwaysAllowStore": True,
        "DicomCheckCalledAet": False,
    } | more
    (work / "orthanc.json").write_text(json.dumps(settings), "utf-8")
    command = [program("orthanc", "Orthanc"), str(work / "orthanc.json")]
    service = Service(command, dicom, log=work / "orthanc.log")
    try:
        service.wait_until(lambda: listening(http), f"listen on port {http}")
    except BaseException:
        service.close()
        raise
    return Orthanc(service, http, work)


def orthanc_as_scu(target: Target, files: Sequence[Path], work: Path) -> Outcome:
    """Let an Orthanc echo (no files), or store these files."""
    orthanc = start_orthanc(work)
    with orthanc.service:
        ids = []
        for file in files:
            answer = json.loads(orthanc.call("/instances", file.read_bytes()))
            ids.append(answer["ID"])
        modality = [target.title, target.host, target.port]
        orthanc.call("/modalities/peer", json.dumps(modality).encode(), "PUT")
        try:
            if ids:
                orthanc.call("/modalities/peer/store", json.dumps(ids).encode())
            else:
                orthanc.call("/modalities/peer/echo", b"{}")
        except urllib.error.HTTPError as error:
            return Outcome(1, f"{error} {error.read().decode()}\n{orthanc.service.log}")
        return Outcome(0, orthanc.service.log)
