"""The page as a WSGI application: what it shows, and to whom."""

import json
from pathlib import Path

import pytest

from cli.web.application import web_application
from cli.web.pictures import NO_PICTURE, Pictures
from dimse.watch.counts import Counts
from dimse.watch.overview import Overview

DICOM = Path(__file__).parents[3] / "fixtures" / "dicom"


@pytest.fixture
def overview():
    overview = Overview()
    fact = {"kind": "answered", "visit": "", "time": 1.0, "what": "CT", "stores": True}
    for path in (DICOM / "ct-explicit.dcm", DICOM / "gone.dcm"):
        overview.take({**fact, "good": True, "length": 5, "path": str(path)})
    return overview


@pytest.fixture
def ask(overview):
    application = web_application(overview, Counts(), {"title": "US", "port": "104"}, "127.0.0.1")

    def ask(path, host="127.0.0.1:8080"):
        said = []
        path, _, query = path.partition("?")
        environ = {
            "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": "GET", "HTTP_HOST": host,
            "SERVER_NAME": "x", "SERVER_PORT": "1", "wsgi.url_scheme": "http",
        }  # fmt: skip
        content = b"".join(application(environ, lambda *given: said.append(given)))
        status, headers = said[0][:2]
        return int(status.split()[0]), dict(headers), content

    return ask


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")],
)
def test_the_page_and_its_parts(ask, path, kind):
    status, headers, content = ask(path)
    assert status == 200
    assert headers["Content-Type"].startswith(kind)
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert b"http://" not in content.replace(b"http://www.w3.org/2000/svg", b"")
    assert b"https://" not in content


@pytest.mark.parametrize("host", ["evil.example:8080", "", "127.0.0.1.evil.example:80"])
def test_nobody_asks_by_another_name(ask, host):
    assert ask("/state.json", host)[0] == 403
    assert ask("/picture/1.png", host)[0] == 403


def test_the_state_has_patients_only_if_asked(ask):
    _, _, content = ask("/state.json")
    state = json.loads(content)
    assert state["server"] == {"title": "US", "port": "104"}
    assert [each["number"] for each in state["objects"]] == [2, 1]
    assert "patient" not in state["objects"][1]
    state = json.loads(ask("/state.json?patients=1")[2])
    assert state["objects"][1]["patient"]
    assert state["objects"][0]["patient"] == ""


def test_pictures(ask):
    pytest.importorskip("numpy")
    status, headers, content = ask("/picture/1.png")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert content.startswith(b"\x89PNG")
    assert content != NO_PICTURE
    assert ask("/picture/2.png")[2] == NO_PICTURE
    assert ask("/picture/99.png")[0] == 404
    assert ask("/picture/../../etc/passwd")[0] == 404
    assert ask("/favicon.ico")[0] == 204


def test_pictures_of_what_is_no_picture(tmp_path):
    text = tmp_path / "text"
    text.write_text("no DICOM")
    pictures = Pictures()
    assert pictures.of(str(text)) is None
    assert pictures.of(str(text)) is None
    assert pictures.patient_of(str(text)) == ""
    assert pictures.of(str(tmp_path / "gone")) is None
