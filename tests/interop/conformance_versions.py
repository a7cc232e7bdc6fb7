"""The versions of the products that are judged, as far as anything tells them."""

from __future__ import annotations

import importlib.metadata
import json
import re
from collections.abc import Callable

from installed import chosen, dcmtk_version, program
from peer_processes import run
from peers import NODE_MODULES

OURS = "dulcet"


def _debian(package: str, key: str = "") -> Callable[[], str]:
    """The version of Debian's package; of another build, in the folder for `key`, none is known."""

    def version() -> str:
        if chosen(key):
            return ""
        asked = run(["dpkg-query", "-W", "-f", "${Version}", package])
        # Without epoch and packaging: "1:3.6.7-9~deb12u2" is DCMTK 3.6.7.
        return re.split(r"[-+~]", asked.log.rpartition(":")[2])[0] if asked.ok else ""

    return version


def _python(package: str) -> Callable[[], str]:
    return lambda: importlib.metadata.version(package)


def _dcmjs() -> str:
    package = NODE_MODULES / "dcmjs-dimse" / "package.json"
    return str(json.loads(package.read_text("utf-8"))["version"])


VERSIONS: dict[str, Callable[[], str]] = {
    OURS: _python("dulcet"),
    "dcmtk": lambda: dcmtk_version(program("dcmtk", "storescp")),
    "pynetdicom": _python("pynetdicom"),
    "ctn": _debian("ctn", "ctn"),
    "odil": _debian("odil"),
    "pixelmed": _debian("pixelmed-apps"),
    "dcmjs-dimse": _dcmjs,
    "orthanc": _debian("orthanc", "orthanc"),
    "pynetdicom2": _python("pynetdicom2"),
    "gdcm": _debian("libgdcm-tools", "gdcm"),
}
"""By the keys of `peers.PACKAGES`; "" where nothing tells, as on a system without dpkg."""
