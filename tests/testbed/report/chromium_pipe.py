"""A browser for tests: headless Chromium over the DevTools protocol through a pipe, no port, no package.

Chromium reads commands from file descriptor 3 and writes answers to 4, JSON ended by a NUL byte
(--remote-debugging-pipe).
"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from installed import demand

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The path of an installed Chromium, None if there is none."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


def wanted() -> str:
    """The same; without one the test is skipped, or fails: see `installed.demand`."""
    program = find()
    if program is None:
        demand("chromium", f"no {' or '.join(NAMES)} on the path")
    assert program is not None  # else `demand` has raised
    return program


class Browser:
    """One Chromium with one page. Use it as a context manager."""

    def __init__(self, executable: str) -> None:
        self._number = 0
        self._buffer = b""
        self.errors: list[str] = []
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_child, self._write = os.pipe()
        self._read, from_child = os.pipe()
        # The shell puts the two ends where Chromium expects them, 3 and 4, without a preexec_fn.
        command = f'exec "$0" "$@" 3<&{to_child} 4>&{from_child}'
        self.process = subprocess.Popen(
            [
                "/bin/bash", "-c", command, executable, "--headless", "--no-sandbox", "--disable-gpu",
                "--hide-scrollbars", "--no-first-run", "--disable-extensions",
                "--disable-dev-shm-usage", "--disable-background-networking",
                f"--user-data-dir={self._profile.name}", "--remote-debugging-pipe", "about:blank",
            ],
            pass_fds=(to_child, from_child), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_child)
        os.close(from_child)
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self.call("Page.enable")
        self.call("Runtime.enable")
        self.call("Log.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        os.close(self._write)
        self.process.kill()
        self.process.wait()
        os.close(self._read)
        self._profile.cleanup()

    def call(self, method: str, **params):
        """A command to the page; its result."""
        return self._call(method, session=self._session, **params)

    def _call(self, method: str, session: str | None = None, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._note(answer)

    def _next(self):
        while b"\0" not in self._buffer:
            data = os.read(self._read, 1 << 16)
            if not data:
                raise RuntimeError("Chromium went away")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(line)

    def _note(self, event) -> None:
        if event.get("method") == "Runtime.exceptionThrown":
            details = event["params"]["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif (
            event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error"
        ):
            self.errors.append(event["params"]["entry"]["text"])

    def open(
        self,
        path: Path,
        fragment: str = "",
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
    ):
        """Load a file at a window size; returns when its load event came."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        # A fragment alone would not load the page anew.
        self.call("Page.navigate", url="about:blank")
        self.call(
            "Page.navigate", url=path.resolve().as_uri() + (f"#{fragment}" if fragment else "")
        )
        while True:
            event = self._next()
            self._note(event)
            if (
                event.get("method") == "Page.loadEventFired"
                and self.js("location.protocol") == "file:"
            ):
                return

    def js(self, expression: str):
        """The value of a JavaScript expression; promises are awaited."""
        result = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def key(self, name: str, text: str | None = None) -> None:
        """Press and release a key."""
        extra = {} if text is None else {"text": text}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, **extra)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """A PNG of the window, or of the whole page."""
        import base64

        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)[
            "data"
        ]
        path.write_bytes(base64.b64decode(data))
