"""Who may call."""

from __future__ import annotations

import socket

import pytest

from dimse.access.hosts import Allowed, Caller, HostRules, load_host_rules, networks, no_names
from dimse.client import Client
from dimse.errors import AccessRulesError
from dimse.requests import Requestor
from dimse.server import Server
from dul.errors import AssociationRejected

NAMES = {
    "192.0.2.7": ("ct.radio.example", True),
    "192.0.2.8": ("modality", True),
    "192.0.2.9": ("liar.example", False),
    "2001:db8::7": ("six.example", True),
}


def caller(address):
    return Caller(address, lambda asked: NAMES.get(asked, ("", False)))


def permits(allow="", deny="", address="192.0.2.7", daemon="storescp"):
    return HostRules(allow, deny, daemon=daemon).permits(caller(address))


def test_without_rules_all_is_allowed():
    assert permits()
    assert permits("# nothing\n\n", "\n")


def test_the_first_line_that_fits_decides():
    assert permits("storescp: 192.0.2.7", "ALL: ALL")
    assert not permits("storescp: 192.0.2.6", "ALL: ALL")
    assert not permits("sshd: 192.0.2.7", "ALL: ALL")
    assert not permits("", "storescp, sshd: 192.0.2.7")
    assert permits("", "sshd: ALL")
    assert not permits("storescp: 192.0.2.7: deny\nALL: ALL: allow")
    assert permits("", "storescp: 192.0.2.7 : ALLOW\nALL: ALL")


@pytest.mark.parametrize(
    ("pattern", "who"),
    [
        ("ALL", {"192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.10", "2001:db8::7"}),
        ("LOCAL", {"192.0.2.8"}),
        ("KNOWN", {"192.0.2.7", "192.0.2.8", "2001:db8::7"}),
        ("UNKNOWN", {"192.0.2.9", "192.0.2.10"}),
        ("PARANOID", {"192.0.2.9"}),
        ("192.0.2.7", {"192.0.2.7"}),
        ("ct.radio.example", {"192.0.2.7"}),
        ("CT.Radio.Example", {"192.0.2.7"}),
        ("liar.example", set()),  # a name that does not lead back is none
        (".example", {"192.0.2.7", "2001:db8::7"}),
        ("192.0.2.", {"192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.10"}),
        ("192.0.2.8/255.255.255.254", {"192.0.2.8", "192.0.2.9"}),
        ("192.0.2.8/31", {"192.0.2.8", "192.0.2.9"}),
        ("[2001:db8::]/32", {"2001:db8::7"}),
        ("[2001:db8::7]", {"2001:db8::7"}),
        ("192.0.2.?", {"192.0.2.7", "192.0.2.8", "192.0.2.9"}),
        ("*.example", {"192.0.2.7", "2001:db8::7"}),
        ("192.0.2. EXCEPT 192.0.2.7, 192.0.2.8", {"192.0.2.9", "192.0.2.10"}),
        ("ALL EXCEPT 192.0.2. EXCEPT 192.0.2.7", {"192.0.2.7", "2001:db8::7"}),
    ],
)
def test_clients(pattern, who):
    everybody = {"192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.10", "2001:db8::7"}
    assert {each for each in everybody if permits(f"ALL: {pattern}", "ALL: ALL", each)} == who


def test_lines():
    assert permits("ALL: \\\n  192.0.2.7", "ALL: ALL")
    assert permits("ALL EXCEPT sshd: 192.0.2.7", "ALL: ALL")
    assert not permits("ALL EXCEPT storescp: 192.0.2.7", "ALL: ALL")


def test_files_of_patterns(tmp_path):
    patterns = tmp_path / "patterns"
    patterns.write_text("192.0.2.7\n.nowhere\n")
    assert permits(f"ALL: {patterns}", "ALL: ALL")
    assert not permits(f"ALL: {patterns}", "ALL: ALL", "192.0.2.8")
    patterns.write_text(str(patterns))
    with pytest.raises(AccessRulesError, match="without end"):
        permits(f"ALL: {patterns}")
    with pytest.raises(AccessRulesError, match="can't be read"):
        permits("ALL: /nowhere/at/all")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("storescp", "no colon"),
        ("storescp:", "missing"),
        (": ALL", "missing"),
        ("ALL: user@host", "aren't known"),
        ("ALL: @group", "aren't known"),
        ("storescp@192.0.2.1: ALL", "aren't known"),
        ("ALL: 192.0.2.0/x", "no network"),
        ("ALL: ALL: spawn /bin/echo", "allow and deny"),
        ("ALL: ALL: allow: deny", "allow and deny"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_an_error(line, why):
    with pytest.raises(AccessRulesError, match=why) as caught:
        HostRules(f"# first\n{line}\n", "", daemon="storescp")
    assert "hosts.allow, line 2" in str(caught.value)


def test_names_are_looked_up_only_where_a_rule_asks():
    def look_up(address):
        raise AssertionError(address)

    assert HostRules("ALL: 192.0.2.7", "ALL: ALL", daemon="x").permits(Caller("192.0.2.7", look_up))
    assert no_names("192.0.2.7") == ("", False)


def test_the_names_of_this_machine():
    host = Caller("127.0.0.1")
    assert host.name in {"", socket.getnameinfo(("127.0.0.1", 0), 0)[0]}
    assert not Caller("192.0.2.1", no_names).is_paranoid


def test_the_files_of_a_machine(tmp_path):
    allow, deny = tmp_path / "allow", tmp_path / "deny"
    rules = load_host_rules("storescp", allow=str(allow), deny=str(deny))
    assert rules.permits(caller("192.0.2.7"))
    deny.write_text("storescp: ALL\n")
    rules = load_host_rules("storescp", allow=str(allow), deny=str(deny))
    assert not rules.permits(caller("192.0.2.7"))
    with pytest.raises(AccessRulesError, match="can't be read"):
        load_host_rules("storescp", allow=str(tmp_path))


@pytest.mark.parametrize(
    ("texts", "address", "allowed"),
    [
        (["192.0.2.0/24"], "192.0.2.7:4000", True),
        (["192.0.2.7"], "192.0.2.8:4000", False),
        (["198.51.100.0/24", "2001:db8::/32"], "[2001:db8::1]:4000", True),
        (["fe80::/10"], "[fe80::1%eth0]:4000", True),
        ([], "192.0.2.7:4000", False),
        (["192.0.2.0/24"], "somewhere:4000", False),
    ],
)
def test_addresses(texts, address, allowed):
    answer = Allowed(addresses=networks(texts)).access(Requestor(address, "A", "B"))
    assert (answer is None) is allowed


def test_a_server_rejects_who_may_not_call():
    for texts, allowed in ((["127.0.0.0/8"], True), (["192.0.2.0/24"], False)):
        access = Allowed(addresses=networks(texts)).access
        with Server(access=access, host="127.0.0.1") as server:
            client = Client("127.0.0.1", server.address[1])
            if allowed:
                assert client.echo().status == 0
            else:
                with pytest.raises(AssociationRejected) as caught:
                    client.echo()
                rejected = caught.value
                assert (rejected.result, rejected.source, rejected.reason) == (1, 1, 1)
