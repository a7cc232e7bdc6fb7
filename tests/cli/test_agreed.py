"""What was agreed beyond presentation contexts, as -v shows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cli import echoscu, storescu
from dimse.client import Client
from dimse.levels import StorageLevels
from dimse.plan import ContextOffer
from dimse.server import Server
from dimse.support import storage_support
from dul.user_items import AsynchronousOperationsWindow, RoleSelection, UserIdentity

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
IMPLICIT = "1.2.840.10008.1.2"


@pytest.mark.parametrize(
    ("options", "levels"),
    [
        ([], ("support level 2 (full: all attributes are kept); digital signatures level 3 (preserved); "
             "coercion of elements none")),
        (["+te"], "digital signatures level 1 (not preserved)"),
        (["--ignore"], None),
    ],
)  # fmt: skip
def test_what_storage_preserves(serve: Any, options: list[str], levels: str | None) -> None:
    def clients(port: int) -> None:
        client = Client("127.0.0.1", port, ask_storage=True)
        client.associate([ContextOffer(each, (IMPLICIT,)) for each in (CT, MR)]).release()

    _, lines = serve("-v", *options, clients=clients)
    told = [line for line in lines if "Extended negotiation" in line]
    if levels is None:
        assert told == ["I: Extended negotiation: the acceptor says nothing of it"]
        return
    assert len(told) == 1
    assert f"for CT Image Storage ({CT}) and 1 more: " in told[0]
    assert levels in told[0]


def test_a_requestor_shows_the_answer(ct: Path, capsys: pytest.CaptureFixture[str]) -> None:
    support = storage_support(storage_levels=StorageLevels(1, 2, 1))
    with Server(on_store=lambda _: 0, support=support, host="127.0.0.1") as server:
        line = ["127.0.0.1", str(server.address[1]), str(ct)]
        assert storescu.main(["-v", "--ask-storage", *line]) == 0
        told = capsys.readouterr().err
        assert "support level 1 (base: types 1 and 2 of the attributes are kept)" in told
        assert "signatures level 2 (replaced by its own); coercion of elements possible" in told
        assert storescu.main(["-v", *line]) == 0
        told = capsys.readouterr().err
        assert "negotiation" not in told
        assert "Roles" not in told
        assert storescu.main(["-d", "--ask-storage", *line]) == 0
        assert "Extended negotiation                   CT Image Storage" in capsys.readouterr().err


def test_roles_and_window(serve: Any) -> None:
    def clients(port: int) -> None:
        client = Client(
            "127.0.0.1",
            port,
            roles=[RoleSelection(CT, scu=True, scp=True)],
            window=AsynchronousOperationsWindow(4, 1),
        )
        client.associate([ContextOffer(CT, (IMPLICIT,))]).release()

    _, lines = serve("-v", clients=clients)
    assert f"I: Roles of the requestor for CT Image Storage ({CT}): SCU" in lines
    assert any("Asynchronous operations window: 1 of the" in line for line in lines)


@pytest.mark.parametrize("answered", [True, False])
def test_whether_an_identity_was_confirmed(
    answered: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    support = storage_support(user_identity=(lambda _: b"") if answered else None)
    with Server(support=support, host="127.0.0.1") as server:
        line = ["-v", "127.0.0.1", str(server.address[1]), "--user", "alice", "--user-rsp"]
        assert echoscu.main(line) == (0 if answered else 1)
    said = capsys.readouterr().err
    whole = "I: User identity: user 'alice' without a passcode, confirmed by the acceptor"
    assert (whole in said) is answered


def test_who_calls_is_said_without_what_proves_it(serve: Any) -> None:
    def clients(port: int) -> None:
        for identity in (UserIdentity.of_user("al\nice", "sesam"), UserIdentity.of_jwt(b"a.b.c")):
            Client("127.0.0.1", port, user_identity=identity).echo()

    _, lines = serve("-d", clients=clients)
    # The end of the first may be told behind the begin of the second, and both have a number then.
    lines = [re.sub(r"(?<=^[A-Z]: )\[\d+\] ", "", line) for line in lines]
    confirmation = "no confirmation asked for"
    assert f"I: User identity: user 'al\\nice' with a passcode, {confirmation}" in lines
    assert f"I: User identity: a JSON Web Token, {confirmation}" in lines
    assert any(line.endswith("user 'al\\nice' with a passcode") for line in lines)
    assert not [line for line in lines if "sesam" in line or "a.b.c" in line]
