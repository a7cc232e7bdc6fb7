"""How associations end in order: release, and two that collide."""

from __future__ import annotations

import pytest
from ends import (
    RELEASE_RP,
    RELEASE_RQ,
    established,
)

from dul import events as ind
from dul.association import Role
from dul.errors import (
    LocalProtocolError,
)

# ------------------------------------------------------------------- release, collision --


def test_release_in_both_roles():
    client = established(Role.REQUESTOR)
    client.association.release()
    assert client.sent() == [RELEASE_RQ]
    client.receive(RELEASE_RP)
    assert client.events() == [ind.ReleaseConfirmation()]
    assert client.association.close_wanted
    assert client.path == "1 4 5 6 7 1"

    server = established(Role.ACCEPTOR)
    server.receive(RELEASE_RQ)
    assert server.events() == [ind.ReleaseIndication(collision=False)]
    server.association.release_response()
    assert server.sent() == [RELEASE_RP]
    assert not server.association.close_wanted  # the peer closes; ARTIM watches
    server.disconnect()
    assert server.path == "1 2 3 6 8 13 1"
    assert server.association.failure is None
    assert server.events() == []


def test_release_collision():
    """PS3.8 7.2.2.7: both ask at once; the requestor answers first, the acceptor closes last."""
    client, server = established(Role.REQUESTOR), established(Role.ACCEPTOR)
    for end in (client, server):
        end.association.release()
        assert end.sent() == [RELEASE_RQ]
        end.receive(RELEASE_RQ)
        assert end.events() == [ind.ReleaseIndication(collision=True)]
    with pytest.raises(LocalProtocolError, match="while both ends released"):
        server.association.release_response()
    client.association.release_response()
    server.receive(*client.sent())
    assert server.events() == [ind.ReleaseConfirmation()]
    server.association.release_response()
    client.receive(*server.sent())
    assert client.events() == [ind.ReleaseConfirmation()]
    assert client.association.close_wanted
    server.disconnect()
    assert client.path == "1 4 5 6 7 9 11 1"
    assert server.path == "1 2 3 6 7 10 12 13 1"
