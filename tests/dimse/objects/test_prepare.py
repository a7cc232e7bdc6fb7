"""Objects made ready: what goes out is changed alike in the command and in the data set."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from tests_datasets import (
    CT,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    INSTANCE,
    encode,
    identity,
    read_all,
    write_file,
)

from dimse.errors import InvalidValue, Truncated
from dimse.objects.edit import ElementChange
from dimse.objects.invention import Invention
from dimse.objects.outgoing import examine
from dimse.objects.prepare import Preparation
from dimse.objects.rewrite import Rewriting

STUDY, SERIES = (0x0020000D, "UI", b"1.2.4\0"), (0x0020000E, "UI", b"1.2.5\0")
NAME = (0x00100010, "PN", b"Doe^Jane")


def saved(tmp_path, more=(NAME, STUDY, SERIES), syntax=EXPLICIT):
    return write_file(tmp_path / "a.dcm", encode([*identity(), *more], syntax), syntax)


def sent(outgoing, syntax):
    source = outgoing.open(syntax)
    try:
        data = read_all(source)
        source.finish()
        return data
    finally:
        source.close()


def test_what_is_not_to_be_changed_is_itself(tmp_path):
    outgoing = examine(saved(tmp_path))
    assert Preparation().copy(outgoing, 3, 2) is outgoing


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED])
def test_a_data_set_is_given_another_form(tmp_path, syntax):
    text, old = (0x0040A160, "UT", b"some text "), (0x0040A160, "OB", b"some text ")
    preparation = Preparation(rewriting=Rewriting(old_vrs=True))
    outgoing = preparation.copy(examine(saved(tmp_path, [NAME, text])))
    data = sent(outgoing, syntax)
    if syntax == DEFLATED:
        data, syntax = zlib.decompress(data, -zlib.MAX_WBITS), EXPLICIT
    assert data == encode([*identity(), NAME, text if syntax == IMPLICIT else old], syntax)


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED])
def test_the_uids_of_the_command_are_those_of_the_data_set(tmp_path, syntax):
    changes = [ElementChange(0x00080016, "1.2.9"), ElementChange.parse("SOPInstanceUID", "1.2.10")]
    outgoing = Preparation(changes=changes).copy(examine(saved(tmp_path)))
    assert (outgoing.sop_class_uid, outgoing.sop_instance_uid) == ("1.2.9", "1.2.10")
    named = [(0x00080016, "UI", b"1.2.9\0"), (0x00080018, "UI", b"1.2.10")]
    data = sent(outgoing, syntax)
    if syntax != DEFLATED:
        assert data == encode([*named, NAME, STUDY, SERIES], syntax)
    else:
        path = write_file(tmp_path / "b.dcm", data, syntax)
        assert examine(path).sop_instance_uid == "1.2.10"


def test_a_deflated_file_is_changed_too(tmp_path):
    path = tmp_path / "a.dcm"
    write_file(path, sent(examine(saved(tmp_path)), DEFLATED), DEFLATED)
    outgoing = Preparation(changes=[ElementChange(0x00100010, "X")]).copy(examine(path))
    after = [*identity(), (0x00100010, "PN", b"X "), STUDY, SERIES]
    assert sent(outgoing, EXPLICIT) == encode(after, EXPLICIT)
    assert outgoing.length == path.stat().st_size - examine(path).spans[0][0]


def test_made_up_identifiers(tmp_path):
    preparation = Preparation(invention=Invention(run="1", instances=2), changes=[])
    outgoing = examine(saved(tmp_path))
    copies = [preparation.copy(outgoing, number) for number in (0, 1, 2, 0)]
    uids = [copy.sop_instance_uid for copy in copies]
    assert len(set(uids)) == 3
    assert uids[0] == uids[3]  # one that is tried again is still itself
    assert all(uid.encode() in sent(copy, EXPLICIT) for uid, copy in zip(uids, copies, strict=True))
    assert outgoing.sop_instance_uid == INSTANCE


def test_what_is_set_counts_more_than_what_is_made_up(tmp_path):
    preparation = Preparation(
        invention=Invention(run="1"), changes=[ElementChange(0x00100010, "own")]
    )
    assert b"own " in sent(preparation.copy(examine(saved(tmp_path))), EXPLICIT)


def test_a_suffix_makes_another_study_of_each_repetition(tmp_path):
    preparation = Preparation(uid_suffix="7")
    outgoing = examine(saved(tmp_path))
    copies = [preparation.copy(outgoing, n, n) for n in range(3)]
    assert [copy.sop_instance_uid for copy in copies] == [
        f"{INSTANCE}.7", f"{INSTANCE}.7.1", f"{INSTANCE}.7.2",
    ]  # fmt: skip
    data = sent(copies[1], EXPLICIT)
    assert all(uid in data for uid in (b"1.2.4.7.1\0", b"1.2.5.7.1\0", f"{INSTANCE}.7.1".encode()))
    assert copies[0].sop_class_uid == CT


def test_the_level_of_deflating(tmp_path):
    long = (0x00104000, "LT", b"some words again and again " * 2000)
    path = saved(tmp_path, [long])
    sizes = [
        len(sent(Preparation(compression_level=level).copy(examine(path)), DEFLATED))
        for level in (0, 1, 9)
    ]
    assert sizes[0] > len(long[2]) > sizes[1] >= sizes[2]


@pytest.mark.parametrize(
    "settings",
    [
        {"compression_level": 10},
        {"uid_suffix": "x"},
        {"uid_suffix": ".1"},
        {"uid_suffix": "01"},
        {"uid_suffix": "1", "invention": Invention(run="1")},
    ],
)
def test_settings_that_are_none(settings):
    with pytest.raises(InvalidValue):
        Preparation(**settings)


# ------------------------------------------------------------------- what can't be proved whole


@pytest.mark.parametrize("cut", [1, 2])
def test_what_is_cut_off_is_sent_only_if_that_was_asked_for(tmp_path, cut):
    path = saved(tmp_path, [NAME, (0x7FE00010, "OW", bytes(100))])
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(Truncated):
        Preparation().examine(path)
    outgoing = Preparation(unproven=True).examine(path)
    [warning] = outgoing.warnings
    assert "can't be told that this is whole" in warning
    assert "at byte" in warning
    data = sent(outgoing, EXPLICIT)
    assert data == encode([*identity(), NAME, (0x7FE00010, "OW", bytes(100))], EXPLICIT)[:-cut] + (
        b"\0" * (cut % 2)
    )
    assert "only as it is" in outgoing.obstacle(IMPLICIT)
    changed = Preparation(unproven=True, changes=[ElementChange(0x00100010, "X")]).copy(outgoing)
    with pytest.raises(Truncated):
        changed.open(EXPLICIT)


def test_what_has_no_uids_can_not_be_sent_all_the_same(tmp_path):
    path = tmp_path / "a.dcm"
    path.write_bytes(encode(identity(), EXPLICIT)[:-10])
    with pytest.raises(Truncated):
        Preparation(unproven=True).examine(path)
    assert Path(path).exists()
