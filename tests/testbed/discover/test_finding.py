"""What a product accepts is found out: titles, SOP classes, transfer syntaxes, limits."""

import contextlib
import socket
import ssl
import threading
from pathlib import Path

import pytest

from testbed import cli, declaration, raw, result_files
from testbed.discover import limits, services, titles
from testbed.discover.asking import Answer, Asker
from testbed.discover.finding import discover
from testbed.mini.acceptor import PartialKeeper
from testbed.mini.negotiator import TRANSFERS
from testbed.mini.peer import Config
from testbed.mini.server import MiniServer
from testbed.parse import Pdu, parse_associate
from testbed.runner import Unusable
from testbed.settings import Settings

TLS = Path(__file__).parent.parent.parent.parent / "fixtures" / "tls"


@contextlib.contextmanager
def scripted(answer):
    """A product whose answer to an A-ASSOCIATE-RQ is made by a function of the request's view."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                sock, _ = server.accept()
            except OSError:
                return
            with sock, contextlib.suppress(OSError):
                reader = sock.makefile("rb")
                head = reader.read(6)
                view = parse_associate(Pdu(1, 0, reader.read(int.from_bytes(head[2:], "big"))))
                sock.sendall(answer(view))
                reader.read(1)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(10)


def asker(port, called_ae_title="ANY-SCP", calling_ae_title="DULSPEC"):
    return Asker("127.0.0.1", port, called_ae_title, calling_ae_title)


def knows(called, calling, *, order=(7, 3)):
    """An answer: titles other than these are rejected, by the first reason that applies."""

    def answer(view):
        wrong = {
            7: view.called_ae_title.strip() != called,
            3: view.calling_ae_title.strip() not in calling,
        }
        for reason in order:
            if wrong[abs(reason)]:
                return raw.associate_rj(1, 1, reason if reason > 0 else 1)
        return raw.associate_ac()

    return answer


@pytest.mark.parametrize("order", [(7, 3), (3, 7)])
def test_titles_are_found_by_the_reasons_given(order):
    with scripted(knows(b"ORTHANC", {b"MODALITY"}, order=order)) as port:
        it = asker(port)
        assert titles.find(it).ac is not None
    assert (it.called_ae_title, it.calling_ae_title) == ("ORTHANC", "MODALITY")
    assert it.asked < 40


def test_titles_are_found_without_a_reason():
    def answer(view):
        right = (
            view.called_ae_title.strip() == b"DCM4CHEE"
            and view.calling_ae_title.strip() == b"STORESCU"
        )
        return raw.associate_ac() if right else raw.associate_rj(1, 1, 1)

    with scripted(answer) as port:
        it = asker(port)
        assert titles.find(it).ac is not None
    assert (it.called_ae_title, it.calling_ae_title) == ("DCM4CHEE", "STORESCU")


def test_a_product_that_knows_only_itself_is_called_by_its_own_name():
    with scripted(knows(b"PACS", {b"ANY-SCP"})) as port:
        it = asker(port)
        assert titles.find(it).ac is not None
    assert (it.called_ae_title, it.calling_ae_title) == ("PACS", "ANY-SCP")


def test_the_products_own_command_may_name_its_title():
    named = titles.candidates("ANY-SCP", "/usr/bin/product --aetitle RADIO_3 -p 104", ("PACS",))
    assert named[:3] == ["ANY-SCP", "RADIO_3", "PACS"]


@pytest.mark.parametrize("title", [titles.NOBODY, *titles.USUAL_CALLED, *titles.USUAL_CALLING])
def test_every_tried_title_is_one(title):
    assert 1 <= len(title) <= 16
    assert title.isascii()
    assert "\\" not in title


def test_a_title_that_nobody_guesses():
    with scripted(knows(b"XK-47-B", {b"DULSPEC"})) as port:
        settings = Settings(port=port, called="MINE")
        with pytest.raises(
            Unusable, match=r"called AE title not recognized \(RJ\(1,1,7\)\).*'MINE'"
        ):
            discover(settings, lambda _text: None)


def test_other_rejections_are_no_question_of_titles():
    with scripted(lambda _view: raw.associate_rj(2, 3, 1)) as port:
        it = asker(port)
        assert titles.find(it).rejection == (2, 3, 1)
        assert it.asked == 1
        with pytest.raises(Unusable, match="temporary congestion"):
            discover(Settings(port=port), lambda _text: None)


def test_a_mini_acceptor_is_known_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MOST_ASSOCIATIONS", 5)
    told = []
    with MiniServer(Config(title="PACS"), PartialKeeper) as server:
        found = discover(Settings(port=server.port), told.append)
    assert found.options["called"] == "PACS"
    assert found.options["checks_called"] is True
    assert found.options["checks_calling"] is True
    assert found.options["accept_any"] is False
    assert found.options["max_assoc"] == 5
    assert found.options["tls"] is False
    assert found.observed["max-length"] == 16384
    assert found.observed["implementation-version"] == "MINI_1"
    assert found.observed["sop-classes"] == {
        raw.VERIFICATION: sorted(TRANSFERS, key=_numbers),
        raw.CT_STORAGE: sorted(TRANSFERS, key=_numbers),
    }
    assert "not-asked" not in found.observed
    assert "called AE title PACS, calling AE title DULSPEC" in told


def _numbers(uid):
    return [int(part) for part in uid.split(".")]


def test_time_that_runs_out_is_told():
    with MiniServer(Config(title="ANY-SCP"), PartialKeeper) as server:
        found, unasked = services.find(asker(server.port), -1.0, lambda _text: None)
    assert found == {}
    assert raw.VERIFICATION in unasked
    assert raw.CT_STORAGE in unasked


def test_more_associations_than_there_are():
    """A product that holds two: the third is rejected, and all are released again."""
    held = []

    def answer(_view):
        held.append(1)
        return raw.associate_ac() if len(held) < 3 else raw.associate_rj(2, 3, 2)

    class Several(Asker):
        pass

    server = socket.create_server(("127.0.0.1", 0))
    socks = []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                sock, _ = server.accept()
                socks.append(sock)
                sock.recv(65536)
                sock.sendall(answer(None))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        assert (
            limits.associations(Several("127.0.0.1", server.getsockname()[1], "A", "B", 0.2)) == 2
        )
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(10)
        for sock in socks:
            sock.close()


def test_answers_that_are_none():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    it = Asker("127.0.0.1", port, "A", "B", timeout=0.05)
    assert it.ask().reason.startswith("no connection")
    assert Answer().accepted == {}
    with scripted(lambda _view: b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert asker(port).ask().reason
    with scripted(lambda _view: raw.abort()) as port:
        assert asker(port).ask().reason == "answered with a PDU of type 07H"


def test_a_port_that_speaks_tls_is_found(monkeypatch):
    monkeypatch.setattr(limits, "MOST_ASSOCIATIONS", 2)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
    with MiniServer(Config(title="PACS"), PartialKeeper, context) as server:
        found = discover(Settings(port=server.port), lambda _text: None)
    assert found.options["tls"] is True
    assert found.options["called"] == "PACS"


def test_discover_judge_and_judge_again_by_the_file(tmp_path, monkeypatch, capsys):
    """From a host and a port to a judged product, whose title nobody typed."""
    monkeypatch.setattr(limits, "MOST_ASSOCIATIONS", 3)
    file, result = tmp_path / "product.toml", tmp_path / "result.json"
    with MiniServer(Config(title="ARCHIVE"), PartialKeeper) as server:
        port = str(server.port)
        arguments = ["scp", "[127.0.0.1]", port, "P.RQ.23", "P.RQ.24", "-q", "--json", str(result)]
        assert cli.main([*arguments, "--discover", str(file), "--name", "Mini 1"]) == 0
        report = result_files.load(result)
        assert [case.verdict for case in report.cases] == ["pass", "pass"]
        assert report.target["name"] == "Mini 1"
        assert raw.CT_STORAGE in report.target["observed"]["sop-classes"]

        again = ["scp", "--product", str(file), "P.RQ.23", "-q", "--json", str(result)]
        assert cli.main(again) == 0
        assert result_files.load(result).settings["called"] == "ARCHIVE"
        # The command line goes before the file.
        assert cli.main([*again, "--called", "OTHER", "--live-max", "0"]) == 2
    assert "AE title 'OTHER'" in capsys.readouterr().err
    known = declaration.load(file)
    assert known.options["name"] == "Mini 1"
    assert known.options["host"] == "127.0.0.1"


def test_where_the_declarations_go_is_looked_at_first(tmp_path, capsys):
    path = tmp_path / "no" / "such" / "folder"
    assert cli.main(["scp", "127.0.0.1", "1", "--discover", str(path)]) == 2
    assert f"--discover: {path} cannot be written" in capsys.readouterr().err
