"""The options for user identities, at echoscu and storescp."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from cli import echoscu, storescp
from dimse.client import Client
from dimse.passwords import entry
from dimse.server import Server
from dimse.support import storage_support
from dul.errors import AssociationRejected
from dul.user_items import UserIdentity


class Judge:
    """Notes what comes, and takes it."""

    def __init__(self) -> None:
        self.seen: list[UserIdentity] = []

    def __call__(self, identity: UserIdentity) -> bytes | None:
        self.seen.append(identity)
        return b"welcome"


@pytest.mark.parametrize(
    ("options", "kind", "primary", "secondary"),
    [
        (["--user", "alice"], 1, b"alice", b""),
        (["--user", "Jürgen", "--user-pass-env", "PASSCODE"], 2, "Jürgen".encode(), b"sesam"),
        (["--user", "alice", "--user-pass-file", "FILE"], 2, b"alice", b"from a file"),
        (["-usr", "alice", "-pwd", "on the line"], 2, b"alice", b"on the line"),
        (["-usr", "alice", "-epw"], 2, b"alice", b""),
        (["--user-kerberos", "FILE"], 3, b"from a file\nmore\n", b""),
        (["--user-saml", "FILE"], 4, b"from a file\nmore\n", b""),
        (["--user-jwt", "FILE"], 5, b"from a file\nmore", b""),
    ],
)
@pytest.mark.parametrize("confirmed", [False, True])
def test_what_is_sent(
    options: list[str],
    kind: int,
    primary: bytes,
    secondary: bytes,
    confirmed: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PASSCODE", "sesam")
    file = tmp_path / "file"
    file.write_text("from a file\nmore\n")
    options = [str(file) if each == "FILE" else each for each in options]
    judge = Judge()
    with Server(support=storage_support(user_identity=judge), host="127.0.0.1") as server:
        line = ["127.0.0.1", str(server.address[1]), *options, *["--user-rsp"] * confirmed]
        assert echoscu.main(line) == 0
    assert judge.seen == [UserIdentity(kind, primary, secondary, confirmed)]


@pytest.mark.parametrize(("options", "warned"), [(["-pwd", "x"], True), (["-epw"], False)])
def test_a_passcode_on_the_command_line_is_warned_of(
    options: list[str], warned: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert echoscu.main(["127.0.0.1", "1", "-usr", "alice", *options]) == 1
    assert (
        "W: everybody on this machine can see the passcode" in capsys.readouterr().err
    ) is warned


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--user-pass-env", "X"], "--user-pass-env only allowed with --user"),
        (["--user-rsp"], "--user-rsp only allowed with --user"),
        (["--user-jwt", "/nowhere/token"], "cannot read the identity in /nowhere/token"),
        (["--user-saml", "/dev/null"], "there is no identity in /dev/null: it is empty"),
        (["--user", "x" * 70000], "an identity has at most 65535 bytes"),
    ],
)
def test_what_can_not_be_sent(
    options: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert echoscu.main(["127.0.0.1", "1", *options]) == 1
    assert why in capsys.readouterr().err


def test_a_line_of_a_password_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("sesam\n"))
    assert storescp.main(["--hash-user", "alice"]) == 0
    assert capsys.readouterr().out.startswith("alice:$argon2id$")


@pytest.mark.parametrize(
    ("name", "said", "why"),
    [("alice", "", "no passcode of user alice was given"), ("a:b", "x\n", "has no colon")],
)
def test_a_line_that_is_not_made(
    name: str,
    said: str,
    why: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(said))
    assert storescp.main(["--hash-user", name]) == 1
    assert why in capsys.readouterr().err


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_file_of_users_that_is_no_good(
    workers: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "users").write_text("rubbish\n")
    line = ["--users", str(tmp_path / "users"), "--workers", workers, "-od", str(tmp_path), "0"]
    assert storescp.main(line) == 1
    assert "users, line 1: there is no 'name:hash'" in capsys.readouterr().err


def test_storescp_says_whom_it_does_not_believe(serve: Any, tmp_path: Path) -> None:
    """The peer is told 1/2/1, whatever it was (PS3.7 D.3.3.7.3)."""
    users = tmp_path / "users"
    users.write_text(entry("alice", "sesam") + "\n")
    claims = [
        (None, "it does not say which user calls"),
        (UserIdentity.of_user("alice"), "user 'alice' without a passcode"),
        (UserIdentity.of_user("bob", "sesam"), "user 'bob' with a passcode"),
        (UserIdentity.of_jwt(b"a.b.c"), "a JSON Web Token"),
    ]

    def clients(port: int) -> None:
        for claim, _ in claims:
            with pytest.raises(AssociationRejected, match="no reason given"):
                Client("127.0.0.1", port, user_identity=claim).echo()

    _, lines = serve("--users", users, clients=clients)
    told = [line for line in lines if line.startswith("W: Access denied (")]
    assert len(told) == len(claims)
    assert not [
        line for line in lines if "may not call" in line
    ]  # which would be the same once more
    # What one association's thread tells may come behind what the next one's does.
    assert all(any(line.endswith(words) for line in told) for _, words in claims)


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ([], "it may want to know which user calls (--user)"),
        (["--user", "alice"], "it may not believe the user identity"),
    ],
)
def test_a_requestor_is_told_what_a_rejection_may_mean(
    options: list[str], advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    support = storage_support(user_identity=lambda _: None, identity_required=True)
    with Server(support=support, host="127.0.0.1") as server:
        assert echoscu.main(["127.0.0.1", str(server.address[1]), *options]) == 1
    assert f"F: Try: see the peer's log; {advice}\n" in capsys.readouterr().err
