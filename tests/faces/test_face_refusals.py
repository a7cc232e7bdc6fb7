"""What the system refuses: descriptors, threads, ports, names; and how peers are named."""

from __future__ import annotations

import errno
import socket
import threading
import time
from typing import Any

import pytest
import rawpeer
from faces import Acceptor, Face, rq
from rawpeer import RawPeer, associate_rq, released, served

from dul import blocking
from dul.errors import TransportError
from dul.threads.server import AT_THE_DOOR
from dul.transport import acceptor
from dul.transport.link import Link
from dul.transport.listener import accept_connection, listen
from dul.transport.opening import bare, resolvable

# ---- what the system refuses


def test_no_descriptors_are_left_for_a_while(
    face: Face, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [errno.EMFILE, errno.ENFILE]

    def scarce(*arguments: Any) -> Link | None:
        if failures:
            raise OSError(failures.pop(), "none left")
        return accept_connection(*arguments)

    monkeypatch.setattr(acceptor, "accept_connection", scarce)
    monkeypatch.setattr(face.servers, "PAUSE", 0.01)
    with face.server(Acceptor()) as server:
        served(server.address)
    assert not failures
    assert caplog.text.count("none left") == 2


def test_stopping_while_no_descriptors_are_left(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = threading.Event()

    def none(*_: Any) -> None:
        refused.set()
        raise OSError(errno.EMFILE, "none left")

    monkeypatch.setattr(acceptor, "accept_connection", none)
    monkeypatch.setattr(face.servers, "PAUSE", 2 * rawpeer.GUARD)
    with face.server(Acceptor()) as server, rawpeer.connect(server.address):
        assert refused.wait(rawpeer.GUARD)
        before = time.monotonic()
        face.start(server.stop).result()
        assert time.monotonic() - before < rawpeer.GUARD


def test_a_listener_out_of_descriptors_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Listener:
        def __init__(self, code: int) -> None:
            self.code = code

        def accept(self) -> None:
            raise OSError(self.code, "")

    assert accept_connection(Listener(errno.ECONNABORTED), None) is None  # type: ignore[arg-type]
    with pytest.raises(OSError, match=str(errno.EMFILE)):
        accept_connection(Listener(errno.EMFILE), None)  # type: ignore[arg-type]


def test_no_threads_are_left_for_a_while(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from faces import opened

    start, failures = threading.Thread.start, [False, True]

    def scarce(thread: threading.Thread) -> None:
        if thread.name == AT_THE_DOOR and failures and failures.pop(0):  # the one behind the first
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", scarce)
    with opened("blocking") as face, face.server(Acceptor()) as server:
        with rawpeer.connect(server.address) as peer:
            peer.ended()
        served(server.address)
    assert "can't start new thread" in caplog.text


# ---- addresses


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_every_interface_and_how_peers_are_named(face: Face, host: str) -> None:
    serve = Acceptor()
    with face.server(serve, host="") as server:
        try:
            sock = socket.create_connection((host, server.address[1]))
        except OSError:
            pytest.skip(f"no {host} on this machine")
        with RawPeer(sock) as peer:
            peer.send(associate_rq())
            peer.expect(rawpeer.AC)
            port = sock.getsockname()[1]
            released(peer)
            assert serve.outcome() == "released"
    assert serve.peers == [f"127.0.0.1:{port}" if host == "127.0.0.1" else f"[::1]:{port}"]


def test_an_ipv6_address_in_brackets(face: Face) -> None:
    """As in a URL: where we call, and where we listen."""
    serve = Acceptor()
    try:
        listen("::1", 0).close()
    except TransportError:
        pytest.skip("no IPv6 on this machine")
    with face.server(serve, host="[::1]") as server:
        port = server.address[1]
        end = face.connect(("[::1]", port)).result()
        assert end.connection._link.peer == f"[::1]:{port}"
        end.do("release")
        assert serve.outcome() == "released"


@pytest.mark.parametrize(
    ("host", "same"),
    [("[::1]", "::1"), ("::1", None), ("[pacs]", None), ("pacs", None), ("[", None)],
)
def test_only_the_brackets_of_an_address_are_taken_off(host: str, same: str | None) -> None:
    assert bare(host) == (same or host)


def test_only_an_international_name_has_its_codec_loaded() -> None:
    assert resolvable("[::1]") == b"::1"
    assert resolvable("pacs.example") == b"pacs.example"
    assert resolvable("b\u00fccher.example") == "b\u00fccher.example"


def test_an_address_that_cannot_be_listened_on() -> None:
    with rawpeer.Listener() as taken:
        with pytest.raises(TransportError, match=f"port {taken.address[1]}"):
            listen(*taken.address)
    for host, port in (("127.0.0.1", 70000), ("::ffff:1.2.3.4.5", 0)):
        with pytest.raises(TransportError, match="cannot listen"):
            listen(host, port)


def test_a_kernel_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    create = socket.create_server

    def only_4(address: Any, *, family: int = socket.AF_INET, **options: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "no IPv6")
        return create(address, family=family, **options)

    monkeypatch.setattr(socket, "create_server", only_4)
    with listen("", 0) as listener:
        assert listener.family == socket.AF_INET


@pytest.mark.parametrize("port", [0, -1, 65536, 70000])
def test_a_port_that_there_is_not(face: Face, port: int) -> None:
    error = face.connect(("127.0.0.1", port)).error()
    assert type(error) is TransportError
    assert f"no TCP port {port}" in str(error)


def test_a_host_that_there_is_not(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    error = face.connect(("x" * 80, 104)).error()
    assert type(error) is TransportError
    assert "cannot find host" in str(error)

    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = face.connect(("pacs.invalid", 104)).error()
    assert type(error) is TransportError
    assert "'pacs.invalid' (port 104): Name or service not known" in str(error)


def test_nobody_listens(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every address is tried; the last one's error is told."""
    with rawpeer.Listener() as listener:
        address = listener.address
    ways = [
        (999, socket.SOCK_STREAM, 0, "", address),
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", address),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ways)
    error = face.connect(("two.invalid", address[1])).error()
    assert type(error) is TransportError
    assert "refused" in str(error)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ways[:1])
    error = face.connect(("one.invalid", address[1])).error()
    assert type(error) is TransportError
    assert "not supported" in str(error)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    error = face.connect(("none.invalid", address[1])).error()
    assert "no address" in str(error)


def test_a_resolver_that_answered_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that looks a name up outlives the look-up only if that was interrupted."""
    checked = threading.Event()

    class SlowToEnd(threading.Thread):
        def run(self) -> None:
            super().run()
            checked.wait(0.2)  # whoever goes on before the thread has ended finds it alive

    monkeypatch.setattr(threading, "Thread", SlowToEnd)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    wakeup = blocking.Wakeup()
    try:
        with pytest.raises(TransportError, match="no address"):
            blocking.connect("none.invalid", 104, rq(), wakeup=wakeup)
        alive = [each for each in threading.enumerate() if isinstance(each, SlowToEnd)]
    finally:
        checked.set()
        wakeup.close()
    assert alive == []
