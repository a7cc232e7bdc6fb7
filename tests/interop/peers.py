"""The peers of the interoperability tests: which are installed, and what they have in common.

`peer_scps.SCPS` and `peer_scus.SCUS` are the registry. `README.md` tells how each is installed
and what is odd about it.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from installed import demand, missing, runtime
from peer_processes import LOOPBACK, run

HERE = Path(__file__).resolve().parent
RECIPES = HERE / "recipes"
NODE_MODULES = HERE / "node_modules"
SYSTEM_PYTHON = "/usr/bin/python3"  # the one that Debian's python3-odil belongs to
ODIL = "/usr/bin/odil"
PIXELMED = "/usr/share/java/pixelmed.jar"
JAVA, NODE = runtime("java"), runtime("node")


def _programs(package: str, *names: str) -> Callable[[], str | None]:
    return lambda: missing(package, *names)


def _absent(*paths: str) -> str | None:
    return next((f"no {path}" for path in paths if not os.access(path, os.R_OK)), None)


def _odil() -> str | None:
    why = _absent(SYSTEM_PYTHON, ODIL)
    if why:
        return why
    code = "import odil"
    return None if run([SYSTEM_PYTHON, "-c", code]).ok else f"no odil in {SYSTEM_PYTHON}"


def _pixelmed() -> str | None:
    return _absent(JAVA, PIXELMED)


def _dcmjs() -> str | None:
    folder = NODE_MODULES / "dcmjs-dimse"
    return _absent(NODE) or (None if folder.is_dir() else "no dcmjs-dimse in node_modules")


def _module(name: str) -> Callable[[], str | None]:
    return lambda: None if importlib.util.find_spec(name) else f"no Python package {name}"


PACKAGES: dict[str, Callable[[], str | None]] = {
    "dcmtk": _programs("dcmtk", "storescp", "storescu", "dcmsend", "echoscu"),
    "pynetdicom": _module("pynetdicom"),
    "ctn": _programs("ctn", "simple_storage", "dicom_echo", "send_image"),
    "odil": _odil,
    "pixelmed": _pixelmed,
    "dcmjs-dimse": _dcmjs,
    "orthanc": _programs("orthanc", "Orthanc"),
    "pynetdicom2": _module("pynetdicom2"),
    "gdcm": _programs("gdcm", "gdcmscu"),
}
OPTIONAL = {"pynetdicom2", "gdcm"}


def need(package: str) -> None:
    """Skip the test if the package is missing, or fail it: see `installed.demand`."""
    why = PACKAGES[package]()
    if why:
        demand(package, why, optional=package in OPTIONAL)


@dataclass(frozen=True)
class Target:
    """Where an SCU calls."""

    port: int
    title: str
    host: str = LOOPBACK


NODE_ENV = {"NODE_PATH": str(NODE_MODULES)}

# Fixtures that a peer cannot take or send, and why.
ODD_WITHOUT = {
    "sc-deflated.dcm": "its deflated data set has an odd length, and it does not pad the fragment",
}
DEFLATED_WITHOUT = {"sc-deflated.dcm": "it does not know the transfer syntax"}
CTN_SCP_WITHOUT = {
    "seg-explicit.dcm": "a SOP class younger than it is",
    "ecg-explicit.dcm": "it answers Success, but keeps only images and RT objects",
    "sr-basic-explicit.dcm": "as ecg-explicit.dcm",
    "sr-comprehensive-explicit.dcm": "as ecg-explicit.dcm",
}
DCMJS_WITHOUT = {
    "sc-deflated.dcm": "it announces the transfer syntax, but cannot inflate or deflate",
    "us-big-endian.dcm": "it refuses dates written as ACR-NEMA did: 1997.04.24",
    "sr-comprehensive-explicit.dcm": "it trims texts",
}
ORTHANC_WITHOUT = {"sc-jpegls-near.dcm": "it refuses objects without a Study Instance UID"}
