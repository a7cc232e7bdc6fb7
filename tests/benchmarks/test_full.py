"""That the further benchmarks do what they say: links that delay, the bare receiver, counts, the page."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from importlib.util import find_spec

import pytest

from benchmarks import groups, links, measure
from benchmarks.certificates import certify
from benchmarks.counters import Profiler, counters
from benchmarks.full import FULL_GROUPS
from benchmarks.objects import ROOT, Workload, make
from benchmarks.page import PAGE, filled, merged
from benchmarks.programs import bare, bare_echo, bare_sender, delaying, raw
from dimse import Client, Server
from dimse.storage import Spool
from dul.tls import Credentials, Trust, client_context, server_context

EVERY = (*groups.GROUPS, *FULL_GROUPS)


def test_groups_and_rows_have_names_of_their_own():
    names = [group.name for group in EVERY]
    works = [row.work for group in EVERY for row in group.rows]
    assert len(set(names)) == len(names)
    assert len(set(works)) == len(works)


def test_what_comes_through_a_delay_is_whole_and_late(tmp_path):
    """Late by the clock of this machine, at least; how much later is nobody's promise."""
    sent, received = tmp_path / "sent", tmp_path / "received"
    sent.write_bytes(bytes(range(256)) * 4000)
    with (
        measure.listening(lambda port: raw("receive", str(port), str(received))) as receiver,
        measure.listening(lambda port: delaying(port, receiver.port, 50)) as proxy,
    ):
        before = time.monotonic()
        measure.run(raw("send", str(proxy.port), str(sent)))
        assert time.monotonic() - before >= 0.05
    assert received.read_bytes() == sent.read_bytes()


def test_a_link_without_delay_is_none():
    with links.Link().to(104) as port:
        assert port == 104


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_the_bare_receiver_stores_what_a_requestor_of_ours_sends(tmp_path, tls):
    paths = make(Workload("sent", 3, 200_000), tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    key, certificate = map(str, certify(tmp_path))
    context = client_context(
        credentials=Credentials(certificate, key), trust=Trust(files=(certificate,))
    )
    own = [key, certificate] if tls else []
    with measure.listening(lambda port: bare(port, out, *own)) as receiver:
        client = Client("127.0.0.1", receiver.port, tls=context if tls else None)
        assert [each.stored for each in client.store(paths)] == [True] * 3
    assert all(path.stat().st_size > 200_000 for path in out.iterdir())
    assert len(list(out.iterdir())) == 3


@pytest.mark.parametrize("way", ["sendmsg", "imports", "sendfile", "tls"])
@pytest.mark.parametrize("pixels", [4096, 1_300_000])
def test_the_bare_sender_sends_what_ours_would(tmp_path, way, pixels):
    paths = make(Workload("sent", 3, pixels), tmp_path)
    spool, own = tmp_path / "in", certify(tmp_path)
    spool.mkdir()
    context = server_context(Credentials(own[1], own[0]), trust=Trust(files=(own[1],)))
    tls = way == "tls"
    sender = bare_sender(way, *(map(str, own) if tls else ()))
    with (
        Spool(spool) as store,
        Server(store.open, host="127.0.0.1", tls=context if tls else None) as server,
    ):
        measure.run(sender(server.address[1], paths))
    kept = {path.name.partition(".")[2]: path for path in spool.iterdir()}
    assert len(kept) == 3
    for path in paths:
        sent, found = path.read_bytes(), kept[f"{ROOT}.3.{int(path.stem[-5:])}"].read_bytes()
        assert data_set(found) == data_set(sent)


def data_set(file: bytes) -> bytes:
    """What stands behind the file meta information."""
    return file[144 + int.from_bytes(file[140:144], "little") :]


@pytest.mark.parametrize("way", ["accept", "threads"])
def test_the_bare_echo_is_understood_by_ours_and_understands_itself(way):
    with measure.listening(lambda port: bare_echo(way, str(port))) as acceptor:
        assert Client("127.0.0.1", acceptor.port).echo().status == 0
        for what in ("echo", "associate"):
            command = bare_echo(what, str(acceptor.port), "20")
            assert len(json.loads(measure.output(command))) == 20


def test_the_bare_echo_is_answered_by_ours():
    with Server(host="127.0.0.1") as server:
        for what in ("echo", "associate"):
            command = bare_echo(what, str(server.address[1]), "20")
            assert len(json.loads(measure.output(command))) == 20


def test_a_profiler_counts_what_is_called():

    one, two = socket.socketpair()
    profiler = Profiler()
    before = sys.getprofile()

    def says() -> None:
        one.send(b"x")

    with one, two:
        sys.setprofile(profiler)
        says()
        two.recv(1)
        sys.setprofile(before)
    assert profiler.calls == 1
    assert profiler.system == {"send": 1, "recv": 1}


def test_counts_are_of_one_object_and_of_one_pdu(tmp_path):
    found = counters(tmp_path)
    small = found["object of 4.8 KB, receiver"]
    assert small["fsync"] == 2
    assert small["link"] == 1
    assert 50 < small["python calls"] < 1000
    assert found["PDU of 16 KiB of a large object, receiver"]["python calls"] < 40


RESULTS = {
    "about": {"date": "today"},
    "rows": [
        {
            "work": "200 small over 20 ms, ours -> ours : DCMTK -> DCMTK", "ours": "a", "theirs": "b",
            "target": 1.0, "ratio": 2.0, "ratios": [1.5, 2.0, 2.5],
            "our_runs": [{"seconds": 2.0}], "their_runs": [{"seconds": 1.0}],
        }
    ],
    "memory_mib": {"large: storescp": 25.0},
    "echo_us": {"ours to ours": {"p50": 100.0, "p90": 150.0, "p99": 300.0}},
    "counters": {"object": {"python calls": 10.0}},
}  # fmt: skip


def test_the_page_says_what_was_missed():
    page = filled(PAGE.read_text("utf-8"), RESULTS)
    assert "| 2.000 s | 1.000 s | 2.00 | 1.5-2.5 | 1 | **missed** |" in page
    assert filled(page, RESULTS) == page
    with pytest.raises(ValueError, match="no <!-- conditions -->"):
        filled("", RESULTS)


DRAW = """
import json, sys
from pathlib import Path
from benchmarks.plots import draw
print(json.dumps([path.name for path in draw(json.loads(sys.argv[1]), Path(sys.argv[2]))]))
"""


@pytest.mark.skipif(find_spec("pygal") is None, reason="pygal is not installed")
def test_the_plots_are_whole_and_follow_light_and_dark(tmp_path):
    # In a process of its own: what pygal loads changes how Python finds modules and packages.
    command = [sys.executable, "-c", DRAW, json.dumps(RESULTS), str(tmp_path)]
    said = subprocess.run(
        command, cwd=PAGE.parent.parent, capture_output=True, text=True, check=True
    )
    names = json.loads(said.stdout)
    assert names == ["ratios.svg", "links.svg", "echo.svg"]
    paths = [tmp_path / name for name in names]
    for path in paths:
        ET.fromstring(path.read_bytes())
        text = path.read_text("utf-8")
        assert "prefers-color-scheme: dark" in text
        assert "http://kozea" not in text
        assert "<script xlink:href" not in text


def test_the_later_of_two_runs_counts():
    later = json.loads(json.dumps(RESULTS).replace("today", "tomorrow").replace("2.0", "3.0"))
    later["rows"].append(later["rows"][0] | {"work": "other"})
    found = merged([RESULTS, later])
    assert [row["work"] for row in found["rows"]] == [RESULTS["rows"][0]["work"], "other"]
    assert found["rows"][0]["ratio"] == 3.0
    assert found["about"] == {"date": "today; tomorrow"}
    assert found["counters"] == RESULTS["counters"]
