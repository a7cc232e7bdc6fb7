"""A product that cannot be judged: what is wrong is said at once, with the option that helps."""

import socket
import ssl
import threading
from pathlib import Path

import pytest

from testbed import advice, cli, raw, runner
from testbed.mini.acceptor import PartialKeeper
from testbed.mini.peer import Config
from testbed.mini.server import MiniServer
from testbed.settings import Settings

TLS = Path(__file__).parent.parent.parent / "fixtures" / "tls"


@pytest.fixture
def no_second_try(monkeypatch):
    """Nothing is asked again: whoever waits to ask again fails the test."""

    def wait(_seconds):
        raise AssertionError("asked again")

    monkeypatch.setattr(runner.time, "sleep", wait)


@pytest.mark.usefixtures("no_second_try")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], ["called AE title not recognized", "AE title 'ANY-SCP'", "--called TITLE", "--discover"]),
        (["--called", "MINI", "--calling", "NOBODY"],
         ["calling AE title not recognized", "AE title 'NOBODY'", "--calling TITLE", "--discover"]),
    ],
)  # fmt: skip
def test_a_rejected_title_names_its_option(options, words, capsys):
    with MiniServer(Config(), PartialKeeper) as server:
        assert cli.main(["scp", "127.0.0.1", str(server.port), "P.AC", *options]) == 2
    err = capsys.readouterr().err
    assert [word for word in words if word not in err] == []


def answering(data):
    """A server that answers the first bytes of each connection with `data`, and closes."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                sock, _ = server.accept()
            except OSError:
                return
            with sock:
                sock.recv(65536)
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                sock.recv(65536)

    thread = threading.Thread(target=serve)
    thread.start()
    return server, thread


@pytest.mark.usefixtures("no_second_try")
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (raw.associate_rj(1, 1, 1), "we called 'ANY-SCP' as 'DULSPEC'"),
        (raw.associate_ac(contexts=[raw.context_ac(1, 3)]), "does not offer the Verification"),
        (raw.associate_rj(1, 1, 2), "application context name not supported"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "speaks something else than DICOM"),
    ],
)
def test_what_no_waiting_can_change_is_said_at_once(data, words, capsys):
    server, thread = answering(data)
    try:
        assert cli.main(["scp", "127.0.0.1", str(server.getsockname()[1]), "P.AC"]) == 2
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(10)
    assert words in capsys.readouterr().err


@pytest.mark.usefixtures("no_second_try")
def test_a_port_that_speaks_tls(capsys):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
    with MiniServer(Config(), PartialKeeper, context) as server:
        assert cli.main(["scp", "127.0.0.1", str(server.port), "P.AC", "--called", "MINI"]) == 2
        assert f"127.0.0.1:{server.port} speaks TLS: give --tls" in capsys.readouterr().err


def test_a_port_that_speaks_no_tls(capsys):
    with MiniServer(Config(), PartialKeeper) as server:
        options = ["--tls", "--live-max", "0", "--artim-max", "0", "--called", "MINI"]
        assert cli.main(["scp", "127.0.0.1", str(server.port), "P.AC", *options]) == 2
    assert "leave --tls away" in capsys.readouterr().err


def test_nobody_listens(capsys):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert cli.main(["scp", "127.0.0.1", str(port), "P.AC", "--live-max", "0"]) == 2
    err = capsys.readouterr().err
    assert f"Nothing listens on 127.0.0.1:{port}" in err
    assert "--start-cmd" in err


@pytest.mark.usefixtures("no_second_try")
def test_a_host_that_nobody_knows(capsys, monkeypatch):
    def unknown(*_arguments, **_options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    assert cli.main(["scp", "pacs.invalid", "104", "P.AC"]) == 2
    assert "Nobody knows a host by the name 'pacs.invalid'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ("CLOSE", "closes it without an answer"),
        ("OPEN", "does not answer an A-ASSOCIATE-RQ for 2 s"),
    ],
)
def test_a_port_that_takes_connections_and_no_association(seen, words, monkeypatch):
    monkeypatch.setattr(advice, "speaks_tls", lambda _: False)
    reason = f"precondition: no association (seen: {seen})"
    assert not advice.hopeless(reason, Settings())  # it may be busy
    assert words in advice.advise(reason, Settings())


def test_a_command_that_is_not_told_where_to_call():
    reason = "the product did not call: timed out after 20 s"
    told = advice.advise(reason, Settings(exec="storescu pacs 104"))
    assert "{port}" in told
    assert advice.advise(reason, Settings(exec="storescu {host} {port}")) == reason


def test_a_busy_product_is_asked_again():
    assert not advice.hopeless("precondition: no association (seen: RJ(2,3,1))", Settings())
    told = advice.advise("precondition: no association (seen: RJ(2,3,1))", Settings())
    assert "temporary congestion" in told
    assert "busy" in told
