"""Where other stacks' programs are looked for: not in PATH, whatever stands first there."""

import os
from pathlib import Path

import installed
import pytest


def script(folder: Path, name: str, says: str) -> Path:
    """A program that prints one line."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch):
    for package in installed.FOLDERS:
        monkeypatch.delenv(installed.variable(package), raising=False)
    monkeypatch.delenv("DULCET_REQUIRE_PEERS", raising=False)


def test_what_stands_first_in_the_path_is_not_taken(tmp_path, monkeypatch):
    """As in an activated virtual environment that has a `storescp` of its own."""
    script(tmp_path, "storescp", "storescp (dulcet) 0.1.0")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert installed.program("dcmtk", "storescp") == "/usr/bin/storescp"
    assert installed.program("orthanc", "Orthanc") == "/usr/sbin/Orthanc"


def test_another_build_is_taken_where_its_folder_is_named(tmp_path, monkeypatch):
    build = script(tmp_path, "storescp", "$dcmtk: storescp v3.6.9 2024-12-16 $")
    monkeypatch.setenv("DULCET_DCMTK", str(tmp_path))
    assert installed.missing("dcmtk", "storescp") is None
    assert installed.need("dcmtk", "storescp") == str(build)
    assert installed.dcmtk_version(str(build)) == "3.6.9"
    assert installed.missing("dcmtk", "storescp", "storescu") == f"no {tmp_path}/storescu"


def test_a_folder_is_named_from_where_the_tests_were_started(tmp_path, monkeypatch):
    """Its programs are started in other folders."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DULCET_CTN", "ctn/bin")
    assert installed.program("ctn", "send_image") == f"{tmp_path}/ctn/bin/send_image"


@pytest.mark.parametrize(
    "says",
    [
        "storescp (dulcet) 0.1.0",
        "storescp.py v0.7.0",
        "$dcmtk: storescu v3.6.7 2022-04-22 $",
        "",
    ],
)
def test_a_namesake_is_not_dcmtks(tmp_path, monkeypatch, says):
    path = script(tmp_path, "storescp", says)
    monkeypatch.setenv("DULCET_DCMTK", str(tmp_path))
    assert installed.missing("dcmtk", "storescp") == f"{path} is not DCMTK's"


def test_what_is_not_installed_is_skipped_or_demanded(tmp_path, monkeypatch):
    monkeypatch.setitem(installed.FOLDERS, "dcmtk", tmp_path)
    with pytest.raises(pytest.skip.Exception, match=f"dcmtk is not installed: no {tmp_path}/dcm"):
        installed.need("dcmtk", "dcmdump")
    monkeypatch.setenv("DULCET_REQUIRE_PEERS", "1")
    with pytest.raises(pytest.fail.Exception, match="dcmtk is missing"):
        installed.need("dcmtk", "dcmdump")
    with pytest.raises(pytest.skip.Exception):
        installed.demand("gdcm", "gone", optional=True)


def test_a_folder_that_was_named_is_never_skipped(tmp_path, monkeypatch):
    monkeypatch.setenv("DULCET_GDCM", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="gdcm is not where DULCET_GDCM says: gone"):
        installed.demand("gdcm", "gone", optional=True)
