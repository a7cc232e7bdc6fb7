"""The page in a real browser: widths, colour schemes, words, and nothing that complains."""

import chromium_pipe
import pytest
from cli_peers import Caller

from testbed import raw

pytestmark = pytest.mark.interop

JPEG_2000 = "1.2.840.10008.1.2.4.90"


class Page(chromium_pipe.Browser):
    def visit(self, url, *, width, dark):
        """Load it; returns when it has shown what the server says."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900,
                  deviceScaleFactor=1, mobile=width < 600)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=url)
        while True:
            event = self._next()
            self._note(event)
            if event.get("method") == "Page.loadEventFired" and self.js("location.port"):
                break
        self.js(
            "new Promise(done => { const look = () => document.querySelector('#totals dd') "
            "? done(true) : setTimeout(look, 20); look(); })"
        )


@pytest.fixture(scope="module")
def chromium():
    with Page(chromium_pipe.wanted()) as browser:
        yield browser


@pytest.mark.parametrize("options", [[], ["--workers", 2]], ids=["alone", "workers"])
def test_what_an_installer_sees(storescp, chromium, options):
    scp = storescp("--web", "0", "+xe", *options)
    url = next(line for line in scp.lines if "A page to look at" in line).split()[-1]
    contexts = raw.context_rq(1, raw.CT_STORAGE, [JPEG_2000])
    with Caller(scp.port, contexts, calling_ae_title="<b>CT</b>") as caller:
        caller.accepted()
        for width, dark in ((1280, False), (1280, True), (390, False), (390, True)):
            chromium.errors.clear()
            while True:
                chromium.visit(url, width=width, dark=dark)
                failures = chromium.js("document.getElementById('failures').innerText")
                if "proposed only" in failures:
                    break
            assert (
                "refused: <b>CT</b> proposed only JPEG 2000 Image Compression (Lossless Only) for "
                "CT Image Storage"
            ) in failures
            assert chromium.js("document.title") == f"STORESCP, port {scp.port}"
            assert "<b>CT</b> at 127.0.0.1" in chromium.js(
                "document.getElementById('open').innerText"
            )
            assert chromium.js("document.documentElement.scrollWidth") <= width
            assert chromium.js("document.querySelectorAll('b').length") == 0
            background = chromium.js("getComputedStyle(document.body).backgroundColor")
            assert (background == "rgb(20, 23, 27)") is dark
            assert chromium.errors == []
        chromium.call("Page.navigate", url="about:blank")  # lest it asks a server that is gone
        caller.release()
