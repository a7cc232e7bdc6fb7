"""Paths by a template."""

from __future__ import annotations

import struct
from datetime import datetime

import hypothesis.strategies as st
import pytest
from asked import store_request
from hypothesis import given, settings
from tests_datasets import EXPLICIT, INSTANCE, Seq, encode

from dimse.storage.cleaning import ABSENT
from dimse.storage.head import Head
from dimse.storage.spool import Spool
from dimse.storage.template import PathTemplate

NOW = datetime(2026, 11, 30, 14, 5, 9, 77000)  # noqa: DTZ001 - local time
ELEMENTS = [
    (0x00080005, "CS", b"ISO_IR 192"),
    (0x00080020, "DA", b"20040119"),
    (0x00080030, "TM", b"072730.5"),
    (0x00080060, "CS", b"CT"),
    (0x00100010, "PN", "M\u00fcller^Eva B.".encode()),
    (0x00100020, "LO", b"1CT1"),
    (0x0020000D, "UI", b"1.2.9\0"),
    (0x00200013, "IS", b"7 "),
    (0x00280010, "US", struct.pack("<H", 512)),
    (0x00400275, "SQ", Seq([[(0x00400009, "SH", b"STEP")]])),
]


def path(template, elements=ELEMENTS):
    data = encode(sorted(elements), EXPLICIT)
    head = Head(EXPLICIT, len(data), lambda at, count: data[at : at + count])
    return PathTemplate(template, lambda: NOW)(store_request(), head)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("{PatientID}", "1CT1"),
        ("{00100020}", "1CT1"),
        ("{0020000D}", "1.2.9"),
        ("{Rows}", "512"),
        ("{AccessionNumber}", ABSENT),
        ("{PatientID[1]}", ABSENT),
        ("{00400275/00400009}", "STEP"),
        ("{RequestAttributesSequence/ScheduledProcedureStepID}", "STEP"),
        ("{PatientID,urlencoded}", "1CT1"),
        ("{PatientName,urlencoded}", "M%C3%BCller%5EEva+B."),
        ("{InstanceNumber,number,0000}", "0007"),
        ("{InstanceNumber,offset,-1}", "6"),
        ("{PatientID,offset,1}", ABSENT),
        ("{PatientID,number,000}", ABSENT),
        ("{StudyDate,date,yyyy-MM-dd}", "2004-01-19"),
        ("{StudyDate,date,yyyy/MM/dd}", "2004/01/19"),
        ("{StudyTime,time,HHmm'h'}", "0727h"),
        ("{PatientID,date,yyyy}", ABSENT),
        ("{now,date,yyyyMMddHHmmssSSS}", "20261130140509077"),
        ("{now,date,yy}", "26"),
    ],
)
def test_fields(field, text):
    assert path(f"{field}/{{SOPInstanceUID}}.dcm") == f"{text}/{INSTANCE}.dcm"


def test_sums_as_they_are_defined():
    """Counted here once more, with other means."""
    import hashlib

    number = 0
    for char in "1CT1":
        number = number * 31 + ord(char)
    assert path("{PatientID,hash}/{SOPInstanceUID}").split("/")[0] == f"{number & 0xFFFFFFFF:08X}"
    digest = hashlib.md5(b"1CT1").digest()
    bits = f"{int.from_bytes(digest[8:], 'big'):064b}{int.from_bytes(digest[:8], 'big'):064b}"
    digits = [int(bits[max(0, end - 5) : end], 2) for end in range(128, 0, -5)]
    assert path("{PatientID,md5}/{SOPInstanceUID}").split("/")[0] == "".join(
        "0123456789abcdefghijklmnopqrstuv"[digit] for digit in digits
    )


def test_random_ones_differ():
    for template in ("{rnd}-{SOPInstanceUID}", "{rnd,uuid}", "x.{rnd,uid}"):
        assert len({path(template) for _ in range(20)}) == 20
    assert len(path("{rnd}-{SOPInstanceUID}")) == 9 + len(INSTANCE)


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("", "relative"),
        ("/x/{SOPInstanceUID}", "relative"),
        ("../{SOPInstanceUID}", "no name for a directory"),
        ("a//{SOPInstanceUID}", "no name for a directory"),
        ("{SOPInstanceUID}/", "no name for a directory"),
        ("a/./{SOPInstanceUID}", "no name for a directory"),
        ("{SOPInstanceUID}/.x", "no name for a directory"),
        ("a\n/{SOPInstanceUID}", "no file name should have"),
        ("{PatientID", "not closed"),
        ("PatientID}", "brace too many"),
        ("{{PatientID}}", "brace too many"),
        ("{PatentID}/{SOPInstanceUID}", "neither a tag nor a keyword"),
        ("{}/{SOPInstanceUID}", "neither a tag nor a keyword"),
        ("{PatientID,sha}/{SOPInstanceUID}", "is none of"),
        ("{PatientID,uid}/{SOPInstanceUID}", "only"),
        ("{PatientID,number}/{SOPInstanceUID}", "does not go with"),
        ("{PatientID,number,ab}/{SOPInstanceUID}", "does not go with"),
        ("{PatientID,offset,x}/{SOPInstanceUID}", "does not go with"),
        ("{PatientID,hash,x}/{SOPInstanceUID}", "does not go with"),
        ("{StudyDate,date}/{SOPInstanceUID}", "needs a pattern"),
        ("{StudyDate,date,QQ}/{SOPInstanceUID}", "no part of a date"),
        ("{now}/{SOPInstanceUID}", "the time is"),
        ("{rnd,date,yyyy}/{SOPInstanceUID}", "random are"),
        ("{PatientID}", "replace one another"),
        ("{SOPInstanceUID}/image", "replace one another"),
        ("{SOPInstanceUID,hash}", "replace one another"),  # 32 bits are too few
        ("{rnd}", "replace one another"),
    ],
)
def test_templates_that_are_none(template, why):
    with pytest.raises(ValueError, match=why):
        PathTemplate(template)


def test_the_commands_uid_is_taken_and_not_the_data_sets():
    elements = [(0x00080018, "UI", b"9.9.9\0"), *ELEMENTS]
    assert path("{SOPInstanceUID}", elements) == INSTANCE


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_whatever_a_value_is_the_object_is_stored_inside(tmp_path_factory, value):
    where = tmp_path_factory.mktemp("spool")
    data = encode([(0x00100020, "LO", value + b" " * (len(value) % 2))], EXPLICIT)
    template = PathTemplate("{PatientID}/x-{PatientID}/{SOPInstanceUID}.dcm")
    with Spool(where, naming=template, check=False, fsync="none") as spool:
        sink = spool.open(store_request())
        sink.write([memoryview(data)])
        stored = sink.commit()
    assert stored.resolve().parents[2] == where.resolve()
    assert [each.name for each in where.rglob("*.dcm")] == [f"{INSTANCE}.dcm"]
