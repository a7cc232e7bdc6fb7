"""Whom storescp admits, and what it accepts."""

import socket
import subprocess
import threading

import pytest

from cli import storescp
from dimse.client import Client
from dimse.plan import ContextOffer
from dimse.tables.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, VERIFICATION
from dul.errors import AssociationRejected
from dul.user_items import AsynchronousOperationsWindow

CT = "1.2.840.10008.5.1.4.1.1.2"
PRIVATE = "1.3.6.1.4.1.99999.1"
PROFILES = f"""
[[TransferSyntaxes]]
[Ours]
TransferSyntax1 = LittleEndianImplicit
TransferSyntax2 = LittleEndianExplicit
[[PresentationContexts]]
[Images]
PresentationContext1 = {PRIVATE}\\Ours
[[Profiles]]
[Default]
PresentationContexts = Images
"""


def calling(seen, **who):
    """A client that notes how it is answered."""

    def clients(port):
        client = Client("127.0.0.1", port, **who)
        try:
            client.echo()
            seen.append("accepted")
        except AssociationRejected as error:
            seen.append((error.result, error.source, error.reason))

    return clients


@pytest.mark.parametrize(
    ("options", "who", "answer"),
    [
        (["--allow-from", "127.0.0.0/8"], {}, "accepted"),
        (["--allow-from", "192.0.2.1", "--allow-from", "127.0.0.1"], {}, "accepted"),
        (["--allow-from", "192.0.2.0/24"], {}, (1, 1, 1)),
        (["--allow-calling", "A", "--allow-calling", "B"], {"calling_ae_title": "B"}, "accepted"),
        (["--allow-calling", "A"], {"calling_ae_title": "B"}, (1, 1, 3)),
        (["--allow-called", "A"], {"called_ae_title": "A"}, "accepted"),
        (["--allow-called", "A"], {"called_ae_title": "B"}, (1, 1, 7)),
        (["--allow-called", "A", "--check-called"], {"called_ae_title": "STORESCP"}, "accepted"),
        (["--refuse", "--allow-from", "127.0.0.1"], {}, (1, 1, 1)),
    ],
)
def test_who_may_call(serve, options, who, answer):
    seen = []
    serve(*options, clients=calling(seen, **who))
    assert seen == [answer]


def test_the_rules_of_the_machine(serve, monkeypatch, tmp_path, capsys):
    from dimse import access

    load, allow, deny = access.load_host_rules, tmp_path / "allow", tmp_path / "deny"
    monkeypatch.setattr(
        access, "load_host_rules", lambda name: load(name, allow=str(allow), deny=str(deny))
    )
    seen = []
    deny.write_text("storescp: ALL EXCEPT 127.0.0.1\n")
    serve("+ac", "-dhl", clients=calling(seen))
    deny.write_text("storescp: UNKNOWN\n")
    serve("+ac", "-dhl", clients=calling(seen))
    serve("+ac", "-ac", clients=calling(seen))
    assert seen == ["accepted", (1, 1, 1), "accepted"]
    deny.write_text("storescp: @group\n")
    assert storescp.main(["+ac", "0"]) == 1
    assert "hosts.deny, line 1: @group" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "asked", "granted"),
    [
        ([], 8, 1),
        (["--max-ops", "4"], 8, 4),
        (["--max-ops", "4"], 2, 2),
        (["--max-ops", "4"], 0, 4),
    ],
)
def test_how_many_objects_may_be_on_their_way(serve, options, asked, granted):
    seen = []

    def clients(port):
        client = Client("127.0.0.1", port, window=AsynchronousOperationsWindow(asked, 1))
        with client.associate([ContextOffer(CT, (IMPLICIT_VR_LITTLE_ENDIAN,))]) as session:
            seen.append(session.negotiated.window)

    _, lines = serve("-v", *options, clients=clients)
    assert seen == [AsynchronousOperationsWindow(granted, 1)]
    assert any(
        f"window: {granted} of the requestor's operations at a time" in line for line in lines
    )


def test_a_profile(serve, tmp_path):
    file = tmp_path / "storescp.cfg"
    file.write_text(PROFILES)
    both = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
    seen = []

    def clients(port):
        client = Client("127.0.0.1", port)
        with client.associate(
            [ContextOffer(each, both) for each in (PRIVATE, CT, VERIFICATION)]
        ) as session:
            seen.extend(
                (each.abstract_syntax, each.transfer_syntax)
                for each in session.negotiated.contexts.values()
            )

    serve("-xf", str(file), "default", clients=clients)
    assert seen == [
        (PRIVATE, IMPLICIT_VR_LITTLE_ENDIAN),  # the profile's first
        (VERIFICATION, IMPLICIT_VR_LITTLE_ENDIAN),
    ]


def test_a_profile_that_is_none(tmp_path, capfd):
    assert storescp.main(["-xf", str(tmp_path / "none"), "x", "0"]) == 1
    assert "unable to open configuration file" in capfd.readouterr().err


def test_so_many_of_one_address(serve):
    seen = []

    def clients(port):
        with Client("127.0.0.1", port) as first:
            first.echo()
            calling(seen)(port)
        calling(seen)(port)

    serve("--max-associations-per-peer", "1", clients=clients)
    assert seen == [(2, 3, 2), "accepted"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing parameter port"),
        (["--inetd", "104"], "Unexpected parameter port"),
        (["--inetd"], "standard input is no socket"),
        (["--allow-from", "x"], "Invalid value for option --allow-from"),
        (["--allow-from", "192.0.2.0/33"], "Invalid value for option --allow-from"),
        (["--inetd", "--workers", "2"], "not allowed with --workers"),
        (["-xf", "a", "b", "-pm"], "not allowed with"),
    ],
)
def test_what_is_no_command_line(capfd, monkeypatch, tmp_path, arguments, message):
    with (tmp_path / "empty").open("w") as file:
        monkeypatch.setattr("sys.stdin", file)
        done = storescp.main([*arguments, "-v"])
    assert done == 1
    assert message in capfd.readouterr().err


@pytest.fixture
def inetd(python, spawn_environment, tmp_path):
    """Start the tool as inetd does: its input, output and error are one socket."""

    def start(given):
        return subprocess.Popen(
            [python, "-m", "cli.storescp", "--inetd", "-v", "-od", str(tmp_path)],
            stdin=given,
            stdout=given,
            stderr=given,
            env=spawn_environment,
        )

    return start


def test_inetd_that_waits(inetd, ct, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = inetd(listener)
        with Client("127.0.0.1", listener.getsockname()[1]) as client:
            assert [each.stored for each in client.store([ct])] == [True]
    process.terminate()
    assert process.wait(30) == 0
    assert [path.name[:3] for path in tmp_path.iterdir()] == ["CT."]


def test_inetd_that_does_not_wait(inetd, ct, tmp_path):
    """A process for each connection, which ends with it; its messages do not go to the peer."""
    started = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept():
            with listener.accept()[0] as given:
                started.append(inetd(given))

        thread = threading.Thread(target=accept)
        thread.start()
        with Client("127.0.0.1", listener.getsockname()[1]) as client:
            assert [each.stored for each in client.store([ct])] == [True]
        thread.join()
    assert started[0].wait(30) == 0
    assert [path.name[:3] for path in tmp_path.iterdir()] == ["CT."]


def test_inetd_of_a_peer_that_says_nothing(inetd):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as call:
            with listener.accept()[0] as given:
                process = inetd(given)
            call.shutdown(socket.SHUT_WR)
            assert call.recv(100) == b""
        assert process.wait(30) == 0


POLICY = """
[[allow]]
name = "scanners"
from = "127.0.0.0/8"
calling = ["CT*"]
called = "STORESCP"

[[allow]]
name = "checks"
calling = "CHECK"
services = "verification"

[[deny]]
name = "stolen"
calling = "CT7"
"""


@pytest.mark.parametrize(
    ("who", "answer", "said"),
    [
        (("CT1", "STORESCP"), "accepted", "calls STORESCP): rule 'scanners'"),
        (("CHECK", "ANY"), "accepted", "calls ANY): rule 'checks'"),
        (("CT7", "STORESCP"), (1, 1, 1), "calls STORESCP): rule 'stolen' denies it"),
        (("CT1", "PACS"), (1, 1, 7), "nearest is 'scanners', but called AE title 'PACS' is none of STORESCP"),
        (("MR1", "STORESCP"), (1, 1, 3), "but calling AE title 'MR1' is none of CT*"),
    ],
)  # fmt: skip
def test_an_access_policy(serve, tmp_path, who, answer, said):
    policy, seen = tmp_path / "policy.toml", []
    policy.write_text(POLICY)
    calls = calling(seen, calling_ae_title=who[0], called_ae_title=who[1])
    code, lines = serve("-v", "--policy", policy, clients=calls)
    assert seen == [answer]
    assert code == 0
    assert any(said in line for line in lines), lines


def test_what_a_policy_does_not_give_is_said(serve, tmp_path):
    policy, seen = tmp_path / "policy.toml", []
    policy.write_text(POLICY)

    def clients(port):
        client = Client("127.0.0.1", port, calling_ae_title="CHECK")
        both = [ContextOffer(each, (IMPLICIT_VR_LITTLE_ENDIAN,)) for each in (CT, VERIFICATION)]
        with client.associate(both) as session:
            seen.append(session.negotiated.refusal(1))

    _, lines = serve("--policy", policy, clients=clients)
    assert seen == ["user-rejection"]
    wanted = "W: Access denied to CT Image Storage (presentation context 1): rule 'checks'"
    assert sum(wanted in line for line in lines) == 1, lines
    assert not [line for line in lines if "may not have" in line]  # as who has no observer is told


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("policy", "options", "why"),
    [
        ("[[allow]]\ncaling = 'A'", [], "caling is not known here; is calling meant?"),
        ("[[allow]]\nusers = 'alice'", [], "whom nobody judges without --users"),
        ("[[allow]]\ntls = true", [], "+tls is missing"),
        ("[[allow]]\ncertificates = 'CN=a'", [], "+tls is missing"),
        ("[[allow]]\ncertificates = 'CN=a'", ["+tls", "key", "cert", "-ic"], "nobody asks for with -ic"),
    ],
)  # fmt: skip
def test_a_policy_that_can_not_be_kept(workers, policy, options, why, tmp_path, capsys):
    file = tmp_path / "policy.toml"
    file.write_text(policy)
    line = ["--policy", str(file), *options, "--workers", str(workers), "-od", str(tmp_path)]
    assert storescp.main([*line, "0"]) == 1
    assert why in capsys.readouterr().err
    assert storescp.main([*line, "--check-policy"]) == 1
    said = capsys.readouterr()
    assert why in said.err
    assert not said.out


def test_a_policy_that_can_be_kept(tmp_path, capsys):
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)
    assert storescp.main(["--policy", str(file), "--check-policy"]) == 0
    assert capsys.readouterr().out == (
        f"{file} can be kept\ndeny: stolen\nallow: scanners\nallow: checks\n"
    )
