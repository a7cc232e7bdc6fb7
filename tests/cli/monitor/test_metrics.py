"""The two pages of an application for metrics, without a socket."""

import json

from cli.monitor.metrics import Health, metrics_application
from dimse.watch.counts import Counts


def ask(application, path, method="GET"):
    said = []
    content = application(
        {"PATH_INFO": path, "REQUEST_METHOD": method}, lambda *given: said.append(given)
    )
    ((status, headers),) = said
    return int(status.split()[0]), dict(headers), b"".join(content)


def test_what_is_well(tmp_path):
    counts = Counts()
    health = Health(counts, str(tmp_path))
    application = metrics_application(counts, health)
    assert ask(application, "/healthz")[0] == 503  # nothing serves yet
    counts.serving(now=True)
    status, headers, content = ask(application, "/healthz")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(content)["ok"]
    health.ending = True
    assert ask(application, "/healthz")[0] == 503


def test_a_server_that_stores_nowhere_needs_no_room():
    counts = Counts()
    counts.serving(now=True)
    assert ask(metrics_application(counts, Health(counts, None)), "/healthz")[0] == 200


def test_other_pages_and_other_methods():
    application = metrics_application(Counts(), Health(Counts(), None))
    assert ask(application, "/metrics")[0] == 200
    assert ask(application, "/")[0] == 404
    assert ask(application, "/metrics", "DELETE")[0] == 405
    assert ask(application, "/metrics", "HEAD")[2] == b""
