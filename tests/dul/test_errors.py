"""The error families: what each tells, in the words of the standard's tables."""

from __future__ import annotations

import itertools
import re

import pytest
from golden import FIXTURES

from dul.errors import (
    AbortReason,
    AssociationAborted,
    AssociationRejected,
    DULError,
    InvalidPDU,
    LimitExceeded,
    LocalProtocolError,
    RejectReason,
    RemoteProtocolError,
    TimedOut,
    TransportError,
    UnexpectedPDU,
)
from dul.pdu import AssociateRJ

PDUS = (FIXTURES / "standard" / "ul_pdus.md").read_text("utf-8")


def listed(text: str) -> dict[int, str]:
    """ "1 none given; 2 local limit" as a dictionary, without what is reserved."""
    found = re.findall(r"(\d+)(?:-\d+)? ([^;|]+)", text)
    return {int(value): words.strip() for value, words in found if "reserved" not in words}


def rejections() -> list[tuple[int, int, str]]:
    section = PDUS.split("## 3.")[1].split("## 4.")[0]
    table = re.findall(r"^\| (\d) \| (.+?) \|$", section.split("Reason values")[1], re.MULTILINE)
    return [
        (int(source), reason, words)
        for source, text in table
        for reason, words in listed(text).items()
    ]


def same(said: str, words: str) -> bool:
    """The notes abbreviate: "none given", "application-context-name not supported"."""
    plain = words.replace("-", " ").replace("none given", "no reason given")
    return said.lower().replace("-", " ") == plain.lower()


@pytest.mark.parametrize(("source", "reason", "words"), rejections())
def test_rejections_are_told_in_the_words_of_table_9_21(source: int, reason: int, words: str):
    for result, severity in ((1, "rejected-permanent"), (2, "rejected-transient")):
        error = AssociationRejected(result, source, reason)
        assert same(error.reason_text, words)
        assert error.result_text == severity
        assert str(error).startswith(f"association {severity} by the peer's {error.source_text}: ")
        assert error.reason_text in str(error)


def test_the_sources_of_rejections_are_those_of_table_9_21():
    section = PDUS.split("## 3.")[1].split("Reason values")[0]
    table = re.findall(r"\| (\d) \| UL ([^|]+?) \|", section)
    assert len(table) == 3
    for source, words in table:
        plain, _, layer = words.partition(", ")
        expected = f"{plain} ({layer})" if layer else plain
        assert AssociationRejected(1, int(source), 0).source_text.lower() == expected.lower()


def test_all_eight_defined_rejections_are_listed():
    assert len(rejections()) == 8


@pytest.mark.parametrize(("source", "reason", "words"), rejections())
def test_a_rejection_has_its_name(source: int, reason: int, words: str):
    why = AssociationRejected(1, source, reason).why
    assert why is not None
    assert (why.source, why.reason) == (source, reason)
    assert same(why.text, words)
    assert why.name.lower().removeprefix("provider_") == why.text.lower().replace(" ", "_")
    assert AssociateRJ.because(why) == AssociateRJ(1, source, reason)
    assert AssociateRJ.because(why, transient=True) == AssociateRJ(2, source, reason)


def test_numbers_that_the_standard_does_not_define_have_no_name():
    defined = {(source, reason) for source, reason, _ in rejections()}
    for source, reason in itertools.product(range(256), range(256)):
        assert (RejectReason.of(source, reason) is not None) is ((source, reason) in defined)


def test_undefined_values_are_told_as_such():
    assert str(AssociationRejected(9, 8, 7)) == (
        "association rejected (undefined result 9) by the peer's undefined source 8: "
        "undefined reason 7"
    )
    assert str(AssociationAborted(1, 3)) == (
        "association aborted by the peer's undefined source 1: undefined reason 3"
    )


def test_aborts_are_told_in_the_words_of_table_9_26():
    section = PDUS.split("## 6.")[1].split("## 7.")[0]
    text = re.search(r"\| 2 service-provider \| (.*) \|", section).group(1)
    words = listed(text)
    assert set(words) == {int(each) for each in AbortReason}
    for reason, said in words.items():
        error = AssociationAborted(2, reason)
        assert said in {error.reason_text, error.reason_text.removeprefix("reason ")}
        assert (
            str(error) == f"association aborted by the peer's service-provider: {error.reason_text}"
        )


@pytest.mark.parametrize("reason", [0, 6, 200])
def test_the_reason_of_a_users_abort_means_nothing(reason: int):
    assert str(AssociationAborted(0, reason)) == "association aborted by the peer's service-user"


def test_the_families():
    remote = [
        InvalidPDU("P-DATA-TF", 3, "cut off"),
        UnexpectedPDU("A-RELEASE-RP", "within the association"),
        LimitExceeded("P-DATA-TF length", 101, 100),
    ]
    for error in remote:
        assert isinstance(error, RemoteProtocolError)
        assert error.reason in AbortReason
    for error in (
        *remote,
        LocalProtocolError("x"),
        AssociationRejected(1, 1, 1),
        AssociationAborted(0, 0),
        TransportError("x"),
        TimedOut("pdu", 60, "waiting for the rest of a PDU"),
    ):
        assert isinstance(error, DULError)
    assert RemoteProtocolError("x").reason is AbortReason.NOT_SPECIFIED


def test_a_fault_says_where_it_is_and_a_timeout_what_was_waited_for():
    error = InvalidPDU("P-DATA-TF", 3, "cut off")
    assert (error.where, error.offset, error.why) == ("P-DATA-TF", 3, "cut off")
    assert str(error) == "invalid P-DATA-TF at byte 3: cut off"
    late = TimedOut("pdu", 0.5, "waiting for the rest of a PDU")
    assert (late.which, late.seconds) == ("pdu", 0.5)
    assert str(late) == "timed out after 0.5 s waiting for the rest of a PDU"
