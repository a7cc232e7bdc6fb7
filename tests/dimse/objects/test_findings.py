"""What is tolerated, what `strict` refuses, and what is refused in any case: docs/tolerance.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests_datasets import BIG, EXPLICIT, IMPLICIT, data_set_of, encode, identity, look, write_file

from dimse.errors import CannotUnderstand, InvalidFile, Part10Error
from dimse.objects import findings
from dimse.objects.bounds import MAXIMUM_WARNINGS, USUAL_PADDING
from dimse.objects.findings import Findings
from dimse.objects.outgoing import examine
from dimse.storage.checked import Checked
from dimse.storage.sink import Memory

CT, INSTANCE = "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4.5"
HEAD = encode(identity(), EXPLICIT)
REST = encode([(0x00280010, "US", b"\1\0"), (0x7FE00010, "OW", b"1234")], EXPLICIT)
ITEM, ITEM_END, END = (
    bytes.fromhex(h) for h in ("feff00e0", "feff0de000000000", "feffdde000000000")
)
UNDEFINED = b"\xff" * 4

# Data sets in Explicit VR Little Endian that are wrong and can be lived with: what a warning says,
# and what is sent if it isn't the very bytes. DCMTK's tools take each of them, but for the last three.
TOLERATED = {
    "garbage for a VR": (HEAD + b"\x21\0\1\x10--\4\0abcd" + REST, r"\(0021,1001\).*VR '--'", None),
    "a VR to come": (HEAD + b"\x21\0\1\x10ZZ\0\0\4\0\0\0abcd" + REST, r"VR 'ZZ'", None),
    "NULs for a VR": (HEAD + b"\x21\0\1\x10\0\0\4\0abcd" + REST, r"\(0021,1001\).* VR", None),
    "no VR": (HEAD + b"\x21\0\1\x10\4\0\0\0abcd" + REST, r"\(0021,1001\) has no VR", None),
    "a command element": (
        HEAD + b"\0\0\0\1US\2\0\1\0" + REST,
        r"\(0000,0100\), an element of the command group",
        HEAD + REST,
    ),
    "file meta in the data set": (
        HEAD + REST + b"\2\0\x10\0UI\4\0001.2\0",
        r"\(0002,0010\), an element of the file meta",
        HEAD + REST,
    ),
    "many NULs behind it": (HEAD + REST + bytes(USUAL_PADDING + 2), "NULs behind", HEAD + REST),
    "an odd value": (
        HEAD + b"\x20\0\x41\x10DS\3\x001.5" + REST,
        r"\(0020,1041\) has the odd length 3",
        HEAD + b"\x20\0\x41\x10DS\4\x001.5 " + REST,
    ),
    "two odd values": (
        HEAD + b"\x20\0\x41\x10DS\3\x001.5" + b"\x20\0\x42\x10DS\3\x001.5" + REST,
        r"\(0020,1041\) has the odd length 3",
        None,
    ),
    "an odd item": (
        HEAD + b"\x88\0\x40\x11SQ\0\0" + UNDEFINED + ITEM + b"\x0b\0\0\0"
        b"\x10\0\x10\0PN\3\0A^B" + END + REST,
        "an item has the odd length 11",
        HEAD + b"\x88\0\x40\x11SQ\0\0" + UNDEFINED + ITEM + b"\x0c\0\0\0"
        b"\x10\0\x10\0PN\4\0A^B " + END + REST,
    ),
    "a delimiter without a sequence": (
        HEAD + END + REST, r"\(FFFE,E0DD\), a delimiter", HEAD + REST
    ),
    "no VR, and odd": (
        HEAD + b"\x21\0\1\x10\3\0\0\0abc" + REST,
        r"\(0021,1001\) has no VR",
        HEAD + b"\x21\0\1\x10UN\0\0\4\0\0\0abc\0" + REST,
    ),
}  # fmt: skip

# What nobody can send or keep without losing something.
REFUSED = {
    "cut in a value": HEAD + REST[:-1],
    "cut in a header": HEAD + REST[:13],
    "a sequence without end": HEAD + b"\x88\0\x40\x11SQ\0\0" + UNDEFINED + ITEM + b"\0\0\0\0",
    "an item without end": HEAD + b"\x88\0\x40\x11SQ\0\0" + UNDEFINED + ITEM + UNDEFINED,
    "another transfer syntax": encode(identity(), IMPLICIT) + REST,
}

# Where it can't be told whether all of it is there: not sent, but kept if it has come.
DOUBTFUL = {
    "text behind it": HEAD + REST + b"junkjunk",
    "NULs, then something": HEAD + REST + bytes(8) + b"junk",
    "an item outside of a sequence": HEAD + ITEM + bytes(4) + REST,
    "undefined length where none may be": (
        HEAD + b"\x21\0\1\x10UT\0\0" + UNDEFINED + ITEM + bytes(4) + END + REST
    ),
}


def received(data, *, strict=False):
    """What `Checked` says of a data set that has come: the bytes and the warnings."""
    sink = Memory(1 << 20)
    checked = Checked(sink, CT, INSTANCE, EXPLICIT, strict=strict)
    checked.write([memoryview(data)])
    checked.commit()
    return sink.data, checked.warnings


@pytest.mark.parametrize("name", TOLERATED)
def test_it_is_sent_and_stored_with_a_warning(name, tmp_path):
    data, words, expected = TOLERATED[name]
    path = write_file(tmp_path / "x.dcm", data, EXPLICIT)
    start = path.stat().st_size - len(data)
    item = examine(path)
    assert re.search(words, " ".join(item.warnings)), item.warnings
    assert all(re.match(r"at byte \d+: ", each) for each in item.warnings)
    assert data_set_of(path) == (data if expected is None else expected)
    with pytest.raises(InvalidFile, match=words):
        examine(path, strict=True)
    kept, warnings = received(data)
    assert kept == data  # as it came
    assert re.search(words, " ".join(warnings)), warnings
    assert [int(re.search(r"\d+", each)[0]) + start for each in warnings] == [
        int(re.search(r"\d+", each)[0]) for each in item.warnings
    ]
    with pytest.raises(CannotUnderstand, match=words):
        received(data, strict=True)


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_neither_sent_nor_stored(name, tmp_path):
    data = REFUSED[name]
    if name != "another transfer syntax":  # of a file that is told; see test_part10
        with pytest.raises(Part10Error):
            examine(write_file(tmp_path / "x.dcm", data, EXPLICIT))
    with pytest.raises(CannotUnderstand) as caught:
        received(data)
    assert caught.value.status == 0xC000


@pytest.mark.parametrize("name", DOUBTFUL)
def test_it_is_not_sent_but_stored(name, tmp_path):
    data = DOUBTFUL[name]
    with pytest.raises(InvalidFile, match="at byte "):
        examine(write_file(tmp_path / "x.dcm", data, EXPLICIT))
    kept, (warning,) = received(data)
    assert kept == data
    assert "at byte" in warning
    with pytest.raises(CannotUnderstand):
        received(data, strict=True)


def test_a_good_one_has_no_warnings(tmp_path):
    for syntax in (EXPLICIT, IMPLICIT, BIG):
        data = encode([*identity(), (0x00280010, "US", b"\1\0")], syntax)
        for padding in (b"", bytes(2), bytes(USUAL_PADDING)):
            path = write_file(tmp_path / "x.dcm", data + padding, syntax)
            assert look(path, strict=True).warnings == ()


def test_another_uid_in_the_file_meta(tmp_path):
    path = write_file(tmp_path / "x.dcm", encode(identity(instance="9.9"), EXPLICIT), EXPLICIT)
    (warning,) = examine(path).warnings
    assert "another SOP Instance UID (0008,0018) than the data set: 1.2.3.4.5" in warning
    with pytest.raises(InvalidFile, match="another SOP Instance UID"):
        examine(path, strict=True)


def test_no_more_warnings_than_one_can_read():
    found = Findings("f")
    for at in range(MAXIMUM_WARNINGS):
        found.tolerate(at, "wrong")
    assert len(found.warnings) == MAXIMUM_WARNINGS
    found.tolerate(99, "wrong")
    found.leave_out(99, "wrong")
    assert len(found.warnings) == MAXIMUM_WARNINGS + 1
    assert found.warnings[-1] == "and 2 more of this kind"


def test_the_page_says_it_all():
    page = (Path(__file__).parents[3] / "docs" / "tolerance.md").read_text(encoding="utf-8")
    for cases in (TOLERATED, REFUSED, DOUBTFUL):
        for name in cases:
            assert f"| {name} |" in page, name
    assert findings.__doc__ is not None
