"""make stores: the object store against emulators of Google's and of Azure's, which packages bring.

They, and what speaks to them, are large, so they are no part of the development tools: pip and npm put
them into a directory of their own, which is removed at the end. S3 is in the test suite.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
AZURITE = "azurite@3.35.0"
PACKAGES = ["gcsfs", "adlfs", "gcp-storage-emulator", "pydicom"]
ACCOUNT = "devstoreaccount1"
# The one that is built into Azurite, and that everybody knows.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stores", nargs="*", default=["gs", "az"], help="default: both")
    given = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="dulcet-stores-") as scratch:
        python = prepare(Path(scratch), given.stores)
        for store in given.stores:
            port = free_port()
            command = emulators(Path(scratch), port)[store]
            with running(command, port):
                checks = Path(__file__).with_name("checks.py")
                environment = {
                    **os.environ,
                    "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}:{ROOT / 'tests' / 'dimse'}",
                    "STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}",  # Google's packages read it
                    # Or gcsfs asks by gRPC, which the emulator does not know, for a minute.
                    "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
                }
                done = subprocess.run(
                    [python, checks, store, str(port)], env=environment, check=False
                )
            failed += bool(done.returncode)
    return int(failed > 0)


def prepare(scratch: Path, stores: list[str]) -> str:
    """Install what is needed; gives the Python that has it."""
    venv.create(scratch / "venv", with_pip=True)
    python = str(scratch / "venv" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    if "az" in stores:
        npm = shutil.which("npm")
        if npm is None:
            sys.exit("Azurite needs npm")
        subprocess.run([npm, "install", "--silent", "--prefix", scratch, AZURITE], check=True)
    return python


def emulators(scratch: Path, port: int) -> dict[str, list[str]]:
    """How they are started."""
    google = [str(scratch / "venv" / "bin" / "gcp-storage-emulator"), "start"]
    azure = [str(scratch / "node_modules" / ".bin" / "azurite-blob"), "--silent"]
    return {
        "gs": [
            *google,
            "--host=127.0.0.1",
            f"--port={port}",
            "--in-memory",
            "--default-bucket=bucket",
        ],
        "az": [*azure, "--skipApiVersionCheck", "--inMemoryPersistence", "--blobPort", str(port)],
    }


@contextlib.contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """A program that listens at a port, ended in the end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            assert process.poll() is None, f"{command[0]} ended"
            assert time.monotonic() < until, f"{command[0]} does not listen"
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
