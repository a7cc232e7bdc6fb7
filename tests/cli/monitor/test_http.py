"""An application at an address: threads, bounds, and its end."""

import socket
import threading
import urllib.request

import pytest

from cli.monitor import http
from cli.monitor.http import Listening
from dul.errors import TransportError

GUARD = 30


def plain(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode()]


def test_requests_are_answered_until_the_end():
    with Listening(plain, "127.0.0.1", 0) as service:
        url = service.url
        assert url == f"http://127.0.0.1:{service.address[1]}/"
        with urllib.request.urlopen(f"{url}one", timeout=GUARD) as answer:
            assert answer.read() == b"/one"
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(service.address, timeout=GUARD)
    service.close()  # once more is nothing


def test_one_that_was_never_started():
    Listening(plain, "127.0.0.1", 0).close()


def test_too_many_at_a_time_are_hung_up_on(monkeypatch):
    monkeypatch.setattr(http, "MOST", 2)
    entered, leave = threading.Semaphore(0), threading.Event()

    def slow(environ, start_response):
        entered.release()
        assert leave.wait(GUARD)
        return plain(environ, start_response)

    request = b"GET /slow HTTP/1.0\r\n\r\n"
    with Listening(slow, "127.0.0.1", 0) as service:
        inside = [socket.create_connection(service.address, timeout=GUARD) for _ in range(2)]
        for each in inside:
            each.sendall(request)
            assert entered.acquire(timeout=GUARD)
        with socket.create_connection(service.address, timeout=GUARD) as beyond:
            assert beyond.recv(1) == b""
        leave.set()
        for each in inside:
            with each:
                assert each.makefile("rb").read().endswith(b"/slow")


def test_an_address_that_can_not_be_listened_on():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(TransportError, match="cannot listen on"):
            Listening(plain, "127.0.0.1", taken.getsockname()[1])
