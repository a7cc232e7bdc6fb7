"""A file of users with passcodes, alone and behind a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from dimse.client import Client
from dimse.errors import IdentityUnconfirmed, PasswordFileUnusable
from dimse.passwords import PasswordFile, entry
from dimse.server import Server
from dimse.support import storage_support
from dul.errors import AssociationRejected
from dul.user_items import UserIdentity


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "users"
    path.write_text(f"# who may call\n\n{entry('alice', 'sesam')}\n{entry('Jürgen', 'öffne')}\n")
    return path


@pytest.mark.parametrize(
    ("identity", "good"),
    [
        (UserIdentity.of_user("alice", "sesam"), True),
        (UserIdentity.of_user("Jürgen", "öffne"), True),
        (UserIdentity.of_user("alice", "Sesam"), False),
        (UserIdentity.of_user("alice", ""), False),
        (UserIdentity.of_user("alice"), False),
        (UserIdentity.of_user("bob", "sesam"), False),
        (UserIdentity.of_user("bob", "nobody"), False),  # whose hash is compared then
        (UserIdentity(2, b"\xff", b"sesam"), False),
        (UserIdentity.of_jwt(b"a.b.c"), False),
        (UserIdentity.of_saml(b"<a/>"), False),
        (UserIdentity.of_kerberos(b"\0"), False),
    ],
)
def test_who_is_taken(identity: UserIdentity, good: bool, file: Path) -> None:
    assert PasswordFile(file).check(identity) == (b"" if good else None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("alice\n", "line 1: there is no 'name:hash'"),
        ("\n:x\n", "line 2: there is no 'name:hash'"),
        ("alice:sesam\n", "line 1: what stands behind the colon is no hash by Argon2"),
        (f"{entry('a', 'b')}\n{entry('a', 'c')}\n", "line 2: 'a' stands twice"),
    ],
)
def test_files_that_make_no_sense(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text(text)
    with pytest.raises(PasswordFileUnusable, match=why):
        PasswordFile(path)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(PasswordFileUnusable, match="No such file"):
        PasswordFile(tmp_path / "missing")
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(PasswordFileUnusable, match="no text in UTF-8"):
        PasswordFile(tmp_path / "binary")


@pytest.mark.parametrize("name", ["", "a:b", "#a", "a\nb"])
def test_names_that_can_not_stand_in_a_file(name: str) -> None:
    with pytest.raises(ValueError, match="a user's name"):
        entry(name, "x")


def test_a_file_that_became_bad_changes_nothing(file: Path) -> None:
    users = PasswordFile(file)
    file.write_text("rubbish\n")
    with pytest.raises(PasswordFileUnusable):
        users.reload()
    assert users.check(UserIdentity.of_user("alice", "sesam")) == b""
    file.write_text(entry("bob", "x") + "\n")
    users.reload()
    assert users.check(UserIdentity.of_user("alice", "sesam")) is None
    assert users.check(UserIdentity.of_user("bob", "x")) == b""


@pytest.mark.parametrize("confirm", [False, True])
def test_a_server_takes_who_proves_it(confirm: bool, file: Path) -> None:
    support = storage_support(user_identity=PasswordFile(file).check, identity_required=True)
    with Server(support=support, host="127.0.0.1") as server:

        def call(identity: UserIdentity | None) -> None:
            Client("127.0.0.1", server.address[1], user_identity=identity).echo()

        call(UserIdentity.of_user("alice", "sesam", confirm=confirm))
        for wrong in (None, UserIdentity.of_user("alice", "no", confirm=confirm)):
            with pytest.raises(AssociationRejected) as caught:
                call(wrong)
            assert (caught.value.result, caught.value.source, caught.value.reason) == (1, 2, 1)


def test_who_wants_to_be_confirmed_is_told_that_nobody_did() -> None:
    """A server that looks at no identities accepts, and sends no 59H."""
    with Server(host="127.0.0.1") as server:
        identity = UserIdentity.of_user("alice", "sesam", confirm=True)
        with pytest.raises(IdentityUnconfirmed, match="did not confirm the user identity"):
            Client("127.0.0.1", server.address[1], user_identity=identity).echo()


def test_no_passcode_is_shown() -> None:
    assert "sesam" not in repr(UserIdentity.of_user("alice", "sesam"))
