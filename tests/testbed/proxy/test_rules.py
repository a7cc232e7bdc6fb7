"""The rule language of the proxy, and what its actions make of a PDU."""

import pytest

from testbed import messages, raw
from testbed.proxy.rules import (
    ACTIONS,
    Close,
    Pause,
    Rulebook,
    RuleError,
    Stall,
    Write,
    apply,
    parse,
)

RQ = bytes.fromhex("0500 0000 0004 0000 0000")
COMMAND = messages.command_pdu(messages.echo_rq(1))
DATA = messages.data_pdu(b"abcdef")


def steps(*texts, pdu=RQ):
    return apply([parse(text) for text in texts], pdu)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("any * drop", []),
        ("any * delay 1.5", [Pause(1.5), Write(RQ)]),
        ("any * truncate 3", [Write(RQ[:3])]),
        ("any * cut", [Close()]),
        ("any * cut 4", [Write(RQ[:4]), Close()]),
        ("any * reset 4", [Write(RQ[:4]), Close(reset=True)]),
        ("any * stall", [Stall()]),
        ("any * split", [Write(RQ, 1)]),
        ("any * split 7", [Write(RQ, 7)]),
        ("any * duplicate", [Write(RQ), Write(RQ)]),
        ("any * duplicate 2", [Write(RQ)] * 3),
        ("any * corrupt 0=09", [Write(b"\x09" + RQ[1:])]),
        ("any * corrupt 2=ff ff ff ff", [Write(RQ[:2] + b"\xff" * 4 + RQ[6:])]),
        ("any * corrupt -1=aabb", [Write(RQ[:-1] + b"\xaa")]),
        ("any * corrupt 99=aa", [Write(RQ)]),
        ("any * flip 0", [Write(b"\xfa" + RQ[1:])]),
        ("any * flip -1", [Write(RQ[:-1] + b"\xff")]),
        ("any * insert 0102", [Write(b"\x01\x02" + RQ)]),
        ("any * append 0102", [Write(RQ + b"\x01\x02")]),
        ("any * replace 0102", [Write(b"\x01\x02")]),
    ],
)
def test_each_action(text, expected):
    assert steps(text) == expected


def test_every_action_is_tested_above():
    used = {mark.split()[2] for mark in (p[0] for p in test_each_action.pytestmark[0].args[1])}
    assert used == set(ACTIONS)


def test_rules_are_applied_in_their_order():
    assert steps("any * replace 0102", "any * append 03") == [Write(b"\x01\x02\x03")]
    assert steps("any * drop", "any * insert aa") == [Write(b"\xaa")]
    assert steps("any * cut 2", "any * reset") == [Write(RQ[:2]), Close()], "the first end counts"
    assert steps("any * delay 1", "any * split 2", "any * duplicate") == [
        Pause(1.0), Write(RQ, 2), Write(RQ, 2),
    ]  # fmt: skip


def test_no_rule_changes_nothing():
    assert apply([], RQ) == [Write(RQ)]


@pytest.mark.parametrize(
    ("selector", "pdu", "meant"),
    [
        ("any *", RQ, True),
        ("requestor RELEASE", RQ, True),
        ("requestor A-RELEASE-RQ", RQ, True),
        ("requestor a-release-rq", RQ, True),
        ("requestor 05H", RQ, True),
        ("acceptor RELEASE", RQ, False),
        ("requestor RP", RQ, False),
        ("any COMMAND", COMMAND, True),
        ("any DATASET", COMMAND, False),
        ("any DATASET", DATA, True),
        ("any DATA", DATA, True),
        ("any COMMAND", raw.p_data(b""), False),
        ("connection 1 any *", RQ, True),
        ("connection 2 any *", RQ, False),
    ],
)
def test_which_pdus_a_rule_means(selector, pdu, meant):
    assert parse(f"{selector} drop").selects(1, "requestor", pdu) is meant


@pytest.mark.parametrize(
    ("selector", "meant"),
    [("*#2", [2]), ("*#3-", [3, 4, 5]), ("*#2-4", [2, 3, 4]), ("*", [1, 2, 3, 4, 5])],
)
def test_counting(selector, meant):
    book = Rulebook([parse(f"requestor {selector} drop")])
    dropped = []
    for number in range(1, 6):
        assert not book.plan(1, "acceptor", RQ).rules, "the other side is counted apart"
        if book.plan(1, "requestor", RQ).rules:
            dropped.append(number)
    assert dropped == meant


def test_connections_are_counted_apart_and_forgotten():
    book = Rulebook([parse("any *#2 drop")])
    assert not book.plan(1, "requestor", RQ).rules
    assert not book.plan(2, "requestor", RQ).rules
    assert book.plan(1, "requestor", RQ).rules == ["any *#2 drop"]
    book.forget(2)
    assert not book.plan(2, "requestor", RQ).rules


def test_what_no_rule_concerns_need_not_be_held_back():
    book = Rulebook([parse("connection 2 acceptor * drop")])
    assert not book.concerns(1, "acceptor")
    assert not book.concerns(2, "requestor")
    assert book.concerns(2, "acceptor")


@pytest.mark.parametrize(
    "text",
    [
        "", "any", "any *", "nobody * drop", "any NOPE drop", "any 9H drop", "any * explode",
        "any * drop 3", "any * delay", "any * delay x", "any * delay -1", "any * delay inf",
        "any * delay 99999", "any * delay nan", "any * truncate", "any * truncate -1", "any * split 0",
        "any * duplicate 0", "any * duplicate 100000", "any * corrupt 3", "any * corrupt x=00",
        "any * corrupt 1=0", "any * insert xyz", "any * replace", "any *#0 drop", "any *#x drop",
        "any *#3-2 drop", "connection x any * drop", "connection 0 any * drop", "any RQ# drop",
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused_and_quoted(text):
    with pytest.raises(RuleError) as caught:
        parse(text)
    assert repr(text) in str(caught.value)
