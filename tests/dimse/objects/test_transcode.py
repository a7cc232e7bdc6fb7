"""Every element intact, both ways, against an encoder from the standard, pydicom and DCMTK."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import zlib
from pathlib import Path

import hypothesis.strategies as st
import pydicom
import pydicom.data
import pydicom.datadict
import pytest
from hypothesis import example, given, settings
from installed import need
from tests_datasets import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    LONG,
    SEQUENCES,
    WORDS,
    Seq,
    data_set_of,
    elements_of,
    encode,
    identity,
    look,
    read_all,
    swapped,
    transcoded,
    write_file,
)

from dimse.errors import DIMSEError, InvalidFile, Truncated
from dimse.objects import scratch, transcode
from dimse.objects.outgoing import examine
from dimse.objects.transcode import CannotTranscode
from dimse.tables.transfer_syntaxes import UNCOMPRESSED

SAMPLES = Path(pydicom.data.__file__).parent


def sample_files():
    """Every file of pydicom's that is whole and not compressed."""
    found = []
    for path in sorted(SAMPLES.rglob("*")):
        if path.is_file():
            try:
                if look(path).transfer_syntax_uid in UNCOMPRESSED:
                    found.append(path)
            except DIMSEError:
                continue
    return found


FILES = sample_files()


def converted(path, to_uid, size=1000):
    return data_set_of(path, to_uid, size)


def sent(path):
    """The bytes of a file that goes out as it is, and its transfer syntax."""
    return data_set_of(path), look(path).transfer_syntax_uid


def dataset(data: bytes, syntax: str):
    """pydicom's reading of an encoded data set."""
    if syntax == DEFLATED:
        data, syntax = zlib.decompress(data, -zlib.MAX_WBITS), EXPLICIT
    return pydicom.filereader.read_dataset(
        io.BytesIO(data), syntax == IMPLICIT, syntax != BIG, bytelength=len(data)
    )


def flat(ds, *, big):
    """(tag, VR, value) of every element, sequences unrolled, by pydicom's eyes.

    Texts are bytes as they were read; numbers are decoded by pydicom; other binary values are
    brought into little-endian order. Group lengths are left out, and private creators' VRs.
    """
    found = []
    for tag in sorted(ds.keys()):
        if tag.element == 0:
            continue
        raw = ds.get_item(tag)
        is_raw = isinstance(raw, pydicom.dataelem.RawDataElement)
        element = ds[tag]
        vr = str(element.VR)
        if vr == "SQ":
            found.append((tag, "SQ", len(element.value)))
            for item in element.value:
                found += flat(item, big=big)
        elif vr in {"US", "SS", "UL", "SL", "FL", "FD", "AT", "SV", "UV"}:
            found.append((tag, vr, repr(element.value)))
        elif vr in WORDS:
            words = element.value or b""
            found.append((tag, vr, swapped(words, WORDS[vr]) if big else words))
        else:
            found.append((tag, vr, (raw.value if is_raw else element.value) or b""))
    return found


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    # Reading odd sample files makes pydicom warn; what it reads is what counts here.
    monkeypatch.setattr(pydicom.config.settings, "reading_validation_mode", pydicom.config.IGNORE)
    # It would read UN values with the byte order around them; they are little endian (PS3.5 6.2.2).
    monkeypatch.setattr(pydicom.config, "replace_un_with_known_vr", False)


def test_there_are_many_samples():
    syntaxes = {sent(path)[1] for path in FILES}
    assert len(FILES) > 100
    assert syntaxes == set(UNCOMPRESSED)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore")  # pydicom's remarks on its own odd samples
def test_every_element_is_intact_in_every_syntax(path):
    data, from_uid = sent(path)
    # The dump of a DICOMDIR without offsets ends early; there is nothing to compare there.
    if path.name == "DICOMDIR-nooffset":
        pytest.skip("its sequence is longer than the file")
    before = flat(dataset(data, from_uid), big=from_uid == BIG)
    for to_uid in UNCOMPRESSED:
        after = flat(dataset(converted(path, to_uid), to_uid), big=to_uid == BIG)
        assert [e[0] for e in after] == [e[0] for e in before]
        for (tag, vr, value), (_, vr_before, value_before) in zip(after, before, strict=True):
            if vr != vr_before:
                # Only what Implicit VR can't say may differ: private elements, OB or OW.
                assert IMPLICIT in {from_uid, to_uid}, tag
                assert tag.is_private or {vr, vr_before} == {"OB", "OW"}, (tag, vr, vr_before)
                if tag.is_private and {vr, vr_before} & {"UN"}:
                    continue  # the bytes are compared by the round trip
            assert value == value_before, tag


def has_group_lengths(ds):
    return any(
        tag.element == 0 or (ds[tag].VR == "SQ" and any(map(has_group_lengths, ds[tag].value)))
        for tag in ds.keys()
    )


def said(element):
    """What is left to be compared of an element that has been through Implicit VR."""
    tag, vr, value = element
    return tag if tag.is_private else (tag, "OW" if vr == "OB" else vr, value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore")
def test_back_again_gives_the_same_bytes(path, tmp_path):
    data, from_uid = sent(path)
    if path.name == "DICOMDIR-nooffset":
        pytest.skip("its sequence is longer than the file")
    grouped = has_group_lengths(dataset(data, from_uid))
    for to_uid in UNCOMPRESSED:
        there = write_file(tmp_path / "there.dcm", converted(path, to_uid), to_uid)
        back = converted(there, from_uid)
        if from_uid == DEFLATED and to_uid != IMPLICIT:
            assert zlib.decompress(back, -15) == zlib.decompress(data, -15)
        elif grouped or (to_uid == IMPLICIT and from_uid != IMPLICIT):
            # Group lengths were dropped; Implicit VR forgets private VRs, and knows OW but not OB.
            before = flat(dataset(data, from_uid), big=from_uid == BIG)
            after = flat(dataset(back, from_uid), big=from_uid == BIG)
            assert [said(e) for e in after] == [said(e) for e in before]
            if to_uid != IMPLICIT:
                assert after == before
        else:
            assert back == data


@pytest.mark.interop
@pytest.mark.parametrize("path", FILES[::4], ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore")
def test_dcmtk_converts_to_the_same_elements(path, tmp_path):
    dcmconv = need("dcmtk", "dcmconv")
    for option, to_uid in (("+ti", IMPLICIT), ("+te", EXPLICIT), ("+tb", BIG), ("+td", DEFLATED)):
        out = tmp_path / "out.dcm"
        done = subprocess.run(
            [dcmconv, option, "+f", str(path), str(out)], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip("DCMTK can't convert this file")
        theirs, uid = sent(out)
        assert uid == to_uid
        ours = flat(dataset(converted(path, to_uid), to_uid), big=to_uid == BIG)
        # DCMTK drops Data Set Trailing Padding and pads odd values; no sample here has the latter.
        ours = [element for element in ours if element[0] != 0xFFFCFFFC]
        expected = flat(dataset(theirs, to_uid), big=to_uid == BIG)
        assert [e[::2] for e in ours] == [e[::2] for e in expected]


def written(tmp_path, elements, syntax=EXPLICIT):
    """A file with these elements behind the two UIDs."""
    data = encode(identity() + elements, syntax)
    if syntax == DEFLATED:
        stream = zlib.compressobj(wbits=-15)
        data = stream.compress(data) + stream.flush()
        data += b"\0" * (len(data) % 2)
    return write_file(tmp_path / "file.dcm", data, syntax)


# --- against the encoder that was written from PS3.5 alone -------------------------------------

# Standard tags whose VR is the same whatever stands around them.
POOL = [
    (0x00080005, "CS"), (0x00080020, "DA"), (0x00080030, "TM"), (0x0008002A, "DT"),
    (0x00080050, "SH"), (0x00080054, "AE"), (0x00080119, "UC"), (0x00080120, "UR"),
    (0x00081190, "UR"), (0x00100010, "PN"), (0x00101010, "AS"), (0x00104000, "LT"),
    (0x00181310, "US"), (0x00186018, "UL"), (0x00186020, "SL"), (0x00189073, "FD"),
    (0x00189313, "FD"), (0x00200013, "IS"), (0x00280009, "AT"), (0x00280030, "DS"),
    (0x00409225, "FD"), (0x00660016, "OF"), (0x00660023, "OW"), (0x00660040, "OL"),
    (0x00660129, "OL"), (0x00700082, "DA"), (0x00720062, "CS"), (0x0072006C, "SH"),
    (0x0072006E, "ST"), (0x00720070, "UT"), (0x00720072, "DS"), (0x00720073, "OD"),
    (0x00720075, "OL"), (0x00720076, "FL"), (0x00720078, "UL"), (0x0072007A, "US"),
    (0x0072007C, "SL"), (0x0072007E, "SS"), (0x00720081, "OV"), (0x00720082, "SV"),
    (0x00720083, "UV"), (0x00880904, "LO"), (0x04000564, "LO"), (0x7FE00008, "OF"),
    (0x7FE00009, "OD"),
]  # fmt: skip


def test_the_pool_is_the_dictionarys():
    for tag, vr in POOL:
        assert pydicom.datadict.dictionary_VR(tag) == vr, hex(tag)
    assert {pydicom.datadict.dictionary_VR(tag) for tag in SEQUENCES} == {"SQ"}
    assert {vr for _, vr in POOL} >= set(WORDS)


def values(vr):
    words = st.binary(min_size=0, max_size=6).map(lambda b: b * (2 * WORDS.get(vr, 1)))
    # Above 1 KiB a value stays in the file, above 64 KiB it is turned in more than one step.
    long = st.integers(1000, 1100).map(lambda n: bytes(range(256)) * 4 + b"12345678" * (n - 1000))
    return st.one_of(words, long)


def datasets(depth=2):
    elements = st.lists(st.sampled_from(POOL), unique_by=lambda e: e[0], max_size=6).flatmap(
        lambda chosen: st.tuples(*[st.tuples(st.just(t), st.just(v), values(v)) for t, v in chosen])
    )
    if not depth:
        return elements.map(lambda e: sorted(e, key=lambda x: x[0]))
    sequences = st.lists(
        st.tuples(
            st.sampled_from(SEQUENCES),
            st.just("SQ"),
            st.builds(
                Seq,
                st.lists(st.deferred(lambda: datasets(depth - 1)), max_size=2),
                st.booleans(),
                st.booleans(),
            ),
        ),
        unique_by=lambda e: e[0],
        max_size=2,
    )
    return st.tuples(elements, sequences).map(
        lambda both: sorted([*both[0], *both[1]], key=lambda x: x[0])
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("transcode")


@given(elements=datasets(), size=st.sampled_from([1, 7, 1024, 1 << 17]), data=st.data())
@settings(deadline=None, max_examples=150)
def test_any_data_set_equals_the_encoders(place, elements, size, data):
    elements = sorted([*identity(), *elements], key=lambda e: e[0])
    from_uid = data.draw(st.sampled_from([IMPLICIT, EXPLICIT, BIG]))
    to_uid = data.draw(st.sampled_from([IMPLICIT, EXPLICIT, BIG]))
    path = write_file(place / "any.dcm", encode(elements, from_uid), from_uid)
    assert converted(path, to_uid, size) == encode(elements, to_uid)


def test_a_long_value_is_turned_in_steps(tmp_path):
    value = bytes(range(256)) * 1024  # 256 KiB
    path = written(tmp_path, [(0x00720081, "OV", value), (0x7FE00010, "OW", value[::-1])])
    expected = encode(
        [*identity(), (0x00720081, "OV", value), (0x7FE00010, "OW", value[::-1])], BIG
    )
    for size in (3, 4096, 65536, 100_001, 1 << 20):
        assert converted(path, BIG, size) == expected


def test_the_same_syntax_passes_through(tmp_path):
    for syntax in UNCOMPRESSED:
        path = written(
            tmp_path, [(0x00100000, "UL", b"\4\0\0\0"), (0x00100020, "LO", b"x ")], syntax
        )
        assert converted(path, syntax) == sent(path)[0]


# --- the rules, one by one ---------------------------------------------------------------------


def test_group_lengths_are_left_out(tmp_path):
    inner = [(0x00080000, "UL", b"\1\0\0\0"), (0x00080100, "SH", b"A ")]
    path = written(
        tmp_path,
        [
            (0x00081140, "SQ", Seq([inner])),
            (0x00100000, "UL", b"\4\0\0\0"),
            (0x00100020, "LO", b"x "),
        ],
    )
    expected = [(0x00081140, "SQ", Seq([inner[1:]])), (0x00100020, "LO", b"x ")]
    assert converted(path, IMPLICIT) == encode(identity() + expected, IMPLICIT)
    assert converted(path, BIG) == encode(identity() + expected, BIG)
    path = written(tmp_path, [(0x00100000, "UL", b"\4\0\0\0"), *expected[1:]], IMPLICIT)
    assert converted(path, EXPLICIT) == encode(identity() + expected[1:], EXPLICIT)


def test_a_vr_that_only_the_dictionary_has(tmp_path, monkeypatch):
    from pydicom._private_dict import private_dictionaries

    monkeypatch.setitem(private_dictionaries, "DULCET TEST", {"0019xx02": ("ZZ", "1", "x", "")})
    elements = [(0x00190010, "LO", b"DULCET TEST "), (0x00191002, "UN", b"\1\2")]
    path = written(tmp_path, elements, IMPLICIT)
    assert converted(path, EXPLICIT) == encode(identity() + elements, EXPLICIT)


def test_texts_are_not_decoded(tmp_path):
    # Wrong for any character set, wrong as numbers, padded the wrong way: it is not ours to judge.
    elements = [
        (0x00080005, "CS", b"ISO_IR 9999 "),
        (0x00100010, "PN", b"\xff\xfe\x1b$)C\0 "),
        (0x00100030, "DA", b"yesterday "),
        (0x00200013, "IS", b"  --1.5e"),
        (0x0020000D, "UI", b"not a uid "),
    ]
    path = written(tmp_path, elements)
    for to_uid in (IMPLICIT, BIG):
        assert converted(path, to_uid) == encode(identity() + elements, to_uid)


def test_words_left_over_stay_where_they_are(tmp_path):
    # Values of a wrong length: whole words are turned, the rest isn't, and it is reversible.
    elements = [(0x00186018, "UL", b"\1\2\3\4\5\6"), (0x00186020, "SL", b"\1\2\3\4\5\6")]
    path = written(tmp_path, elements)
    big = converted(path, BIG)
    assert big == encode(identity() + elements, BIG)
    assert big.endswith(b"\4\3\2\1\5\6")
    # Padded before it is turned, so that the number stays the number.
    path = written(tmp_path, [(0x00181310, "US", b"\1\2\3")])
    assert converted(path, BIG).endswith(b"\2\1\0\3")


@pytest.mark.parametrize(("representation", "vr"), [(0, "US"), (1, "SS")])
def test_us_or_ss_by_pixel_representation(tmp_path, representation, vr):
    elements = [
        (0x00189810, vr, b"\1\2"),  # stands before Pixel Representation
        (0x00280103, "US", bytes([representation, 0])),
        (0x00280106, vr, b"\1\2"),
        (0x00283010, "SQ", Seq([[(0x00283002, vr, b"\0\1\0\0\x10\0")]])),  # in an item
        (0x00409096, "SQ", Seq([[(0x00280103, "US", b"\1\0"), (0x00409211, "SS", b"\1\2")]])),
    ]
    path = written(tmp_path, elements, IMPLICIT)
    assert converted(path, EXPLICIT) == encode(identity() + elements, EXPLICIT)
    assert converted(path, BIG) == encode(identity() + elements, BIG)


def test_us_or_ss_without_a_pixel_representation(tmp_path):
    for there in ([], [(0x00280103, "US", b"")]):
        elements = [*there, (0x00280106, "US", b"\1\2"), (0x00280107, "US", b"\1\2")]
        path = written(tmp_path, elements, IMPLICIT)
        assert converted(path, EXPLICIT) == encode(identity() + elements, EXPLICIT)


@pytest.mark.parametrize(("entries", "vr"), [(1, "US"), (2, "OW")])
def test_lut_data(tmp_path, entries, vr):
    lut = [
        (0x00283002, "US", bytes([entries, 0, 0, 0, 16, 0])),
        (0x00283006, vr, b"\1\2" * entries),
    ]
    elements = [(0x00283010, "SQ", Seq([lut], undefined=True))]
    path = written(tmp_path, elements, IMPLICIT)
    assert converted(path, BIG) == encode(identity() + elements, BIG)


def test_ob_or_ow_is_ow_as_in_implicit_vr(tmp_path):
    waveform = [
        (0x003A0200, "SQ", Seq([[(0x54000110, "OW", b"\1\2")]])),
        (0x54001004, "US", b"\x10\0"),
        (0x54001010, "OW", b"\1\2\3\4"),
    ]
    elements = [
        (0x54000100, "SQ", Seq([waveform])),
        (0x60003000, "OW", b"\1\2"),
        (0x7FE00010, "OW", b"\1\2\3\4"),
    ]
    path = written(tmp_path, elements, IMPLICIT)
    assert converted(path, EXPLICIT) == encode(identity() + elements, EXPLICIT)
    assert converted(path, BIG) == encode(identity() + elements, BIG)


def test_ob_pixel_data_stay_ob(tmp_path):
    elements = [(0x7FE00010, "OB", b"\1\2\3\4")]
    path = written(tmp_path, elements)
    assert converted(path, BIG) == encode(identity() + elements, BIG)


def test_values_too_long_for_their_vr_become_un(tmp_path):
    long = b"1.5\\" * 20000
    path = written(tmp_path, [(0x00101080, "LO", b"x "), (0x30060050, "DS", long)], IMPLICIT)
    expected = [(0x00101080, "LO", b"x "), (0x30060050, "UN", long)]
    assert converted(path, EXPLICIT) == encode(identity() + expected, EXPLICIT)
    assert converted(path, BIG) == encode(identity() + expected, BIG)
    numbers = [(0x00720078, "UL", bytes(range(256)) * 300)]
    path = written(tmp_path, numbers, IMPLICIT)
    assert converted(path, BIG) == encode([*identity(), (0x00720078, "UN", numbers[0][2])], BIG)


def test_private_elements(tmp_path):
    elements = [
        (0x00190010, "LO", b"GEMS_ACQU_01"),  # in pydicom's dictionary
        (0x00190011, "LO", b"NOBODY KNOWS"),
        (0x00191002, "SL", b"\1\2\3\4"),
        (0x00191102, "UN", b"\1\2\3\4"),
        (0x00191202, "UN", b"\1\2\3\4"),  # nobody has reserved the block
    ]
    path = written(tmp_path, elements, IMPLICIT)
    assert converted(path, EXPLICIT) == encode(identity() + elements, EXPLICIT)
    assert converted(path, BIG) == encode(identity() + elements, BIG)
    # With the VRs on the wire no dictionary is asked.
    known = [(t, "SL" if v == "UN" else v, x) for t, v, x in elements]
    path = written(tmp_path, known, BIG)
    assert converted(path, IMPLICIT) == encode(identity() + known, IMPLICIT)


def test_a_private_creator_beyond_ascii(tmp_path):
    for creator in ("GRÜN", "GRÜN".encode("latin-1").decode("latin-1")):
        for encoding in ("utf-8", "latin-1"):
            name = creator.encode(encoding).ljust(6)
            elements = [(0x00190010, "LO", name), (0x00191002, "UN", b"\1\2")]
            path = written(tmp_path, elements, IMPLICIT)
            assert converted(path, EXPLICIT) == encode(identity() + elements, EXPLICIT)


def test_the_dictionary_may_be_wrong_about_a_sequence(tmp_path):
    # (0008,1140) is a sequence, but the bytes are none: they stay, as UN.
    for value in (b"1234", b"no item, but long enough"):
        path = written(tmp_path, [(0x00081140, "UN", value)], IMPLICIT)
        expected = encode([*identity(), (0x00081140, "UN", value)], EXPLICIT)
        assert converted(path, EXPLICIT) == expected


def test_an_unknown_sequence_of_undefined_length(tmp_path):
    # In Implicit VR nothing else can have an undefined length, whatever the dictionary knows.
    elements = [
        (0x00190010, "LO", b"NOBODY KNOWS"),
        (0x00191002, "SQ", Seq([[(0x00181310, "US", b"\1\2")]], undefined=True)),
    ]
    path = written(tmp_path, elements, IMPLICIT)
    assert converted(path, BIG) == encode(identity() + elements, BIG)


def test_un_of_undefined_length_stays(tmp_path):
    # It is Implicit VR Little Endian inside, in any syntax (PS3.5 6.2.2).
    inside = encode(
        [(0xFFFCFFFC, "SQ", Seq([[(0x00181310, "US", b"\1\2")]], undefined=True))], IMPLICIT
    )[8:]
    header = b"\x19\0\x02\x10UN\0\0\xff\xff\xff\xff"
    behind = [(0x00200013, "IS", b"1 ")]
    data = encode(identity(), EXPLICIT) + header + inside + encode(behind, EXPLICIT)
    path = write_file(tmp_path / "un.dcm", data, EXPLICIT)
    big_header = b"\0\x19\x10\x02UN\0\0\xff\xff\xff\xff"
    assert converted(path, BIG) == (
        encode(identity(), BIG) + big_header + inside + encode(behind, BIG)
    )
    assert converted(path, IMPLICIT) == (
        encode(identity(), IMPLICIT) + header[:4] + header[8:] + inside + encode(behind, IMPLICIT)
    )


def test_a_vr_to_come_is_written_as_un(tmp_path):
    for header, value in (
        (b"\x18\0\x10\x13ZZ\0\0\x04\0\0\0", b"abcd"),  # long form
        (b"\x18\0\x10\x13ZZ\x04\0", b"abcd"),  # short form
        (b"\x18\0\x10\x13ZZ\0\0", b""),  # short form, where the long one doesn't fit
    ):
        behind = encode([(0x00200013, "IS", b"1 ")], EXPLICIT)
        data = encode(identity(), EXPLICIT) + header + value + behind
        path = write_file(tmp_path / "zz.dcm", data, EXPLICIT)
        expected = [(0x00181310, "UN", value), (0x00200013, "IS", b"1 ")]
        assert converted(path, BIG) == encode(identity() + expected, BIG)
        assert converted(path, IMPLICIT) == encode(identity() + expected, IMPLICIT)


def test_a_vr_to_come_in_big_endian_keeps_its_bytes(tmp_path):
    """Nobody knows whether words are to be turned; DCMTK turns none either."""
    data = encode(identity(), BIG) + b"\0\x18\x13\x10ZZ\0\0\0\0\0\x04abcd"
    path = write_file(tmp_path / "zz.dcm", data, BIG)
    assert converted(path, EXPLICIT) == encode([*identity(), (0x00181310, "UN", b"abcd")], EXPLICIT)


def test_an_element_without_a_vr_is_written_as_un(tmp_path):
    lacking = b"\x18\0\x10\x13\x04\0\0\0abcd"
    behind = encode([(0x00200013, "IS", b"1 ")], EXPLICIT)
    data = encode(identity(), EXPLICIT) + lacking + behind
    path = write_file(tmp_path / "no.dcm", data, EXPLICIT)
    expected = [*identity(), (0x00181310, "UN", b"abcd"), (0x00200013, "IS", b"1 ")]
    assert converted(path, BIG) == encode(expected, BIG)


def test_what_has_no_business_there_is_not_converted(tmp_path):
    stray = b"\2\0\x10\0UI\4\0001.2\0"
    behind = [(0x00200013, "IS", b"1 "), (0x00280103, "US", b"\1\0")]
    data = encode(identity(), EXPLICIT) + stray + encode(behind, EXPLICIT) + bytes(300)
    path = write_file(tmp_path / "stray.dcm", data, EXPLICIT)
    for to_uid in (IMPLICIT, BIG):
        assert converted(path, to_uid) == encode([*identity(), *behind], to_uid)
    assert zlib.decompress(converted(path, DEFLATED), -15) == encode(
        [*identity(), *behind], EXPLICIT
    )


# --- odd lengths -------------------------------------------------------------------------------


def filled(elements):
    """The values of sizes."""
    return [
        (tag, vr, with_items(value, filled) if isinstance(value, Seq) else DIGITS[:value])
        for tag, vr, value in elements
    ]


def padded(elements):
    """The same with values of even length."""

    def of_value(vr, value):
        if isinstance(value, Seq):
            return with_items(value, padded)
        if len(value) % 2:
            return value + (b"\0" if vr in {"UI", "OB", "UN", *WORDS} else b" ")
        return value

    def of_vr(vr, value):
        too_long = vr not in LONG and not isinstance(value, Seq) and len(value) > 0xFFFE
        return "UN" if too_long else vr

    return [(tag, of_vr(vr, value), of_value(vr, value)) for tag, vr, value in elements]


def with_items(sequence, change):
    return Seq(
        [change(item) for item in sequence.items], sequence.undefined, sequence.undefined_items
    )


DIGITS = b"0123456789" * 6554
# Around the longest that is copied, and the longest of a short VR.
ODD_SIZES = st.one_of(st.integers(0, 20), st.sampled_from([1023, 1024, 1025, 65533, 65535]))


def odd_datasets(depth=2):
    elements = st.lists(
        st.sampled_from([*POOL, (0x00080058, "UI"), (0x00420011, "OB")]),
        unique_by=lambda e: e[0],
        max_size=5,
    ).flatmap(
        lambda chosen: st.tuples(*[st.tuples(st.just(t), st.just(v), ODD_SIZES) for t, v in chosen])
    )
    if not depth:
        return elements.map(lambda e: sorted(e, key=lambda x: x[0]))
    sequences = st.lists(
        st.tuples(
            st.sampled_from(SEQUENCES),
            st.just("SQ"),
            st.builds(
                Seq,
                st.lists(st.deferred(lambda: odd_datasets(depth - 1)), max_size=2),
                st.booleans(),
                st.booleans(),
            ),
        ),
        unique_by=lambda e: e[0],
        max_size=2,
    )
    return st.tuples(elements, sequences).map(
        lambda both: sorted([*both[0], *both[1]], key=lambda x: x[0])
    )


@given(
    elements=odd_datasets(),
    from_uid=st.sampled_from(UNCOMPRESSED),
    to_uid=st.sampled_from(UNCOMPRESSED),
)
@settings(deadline=None, max_examples=300)
def test_nothing_that_is_sent_is_of_odd_length(place, elements, from_uid, to_uid):
    """PS3.5 7.1, PS3.8 E.1: over all conversions, and where it keeps its syntax."""
    elements = sorted([*identity(), *filled(elements)], key=lambda e: e[0])
    data = encode(elements, EXPLICIT if from_uid == DEFLATED else from_uid)
    if from_uid == DEFLATED:
        deflater = zlib.compressobj(wbits=-15)
        data = deflater.compress(data) + deflater.flush()
    path = write_file(place / "odd.dcm", data, from_uid)
    out = converted(path, to_uid, 1 << 16)
    assert len(out) % 2 == 0
    if from_uid == to_uid and (from_uid == DEFLATED or len(data) % 2 == 0):
        assert out == data + bytes(len(data) % 2)  # as it lies in the file
        return
    plain = EXPLICIT if to_uid == DEFLATED else to_uid
    if to_uid == DEFLATED:
        out = zlib.decompress(out, -15)
        if len(data) % 2 == 0 and not look(path).odd:
            return  # odd lengths may hide in what nobody looked into: only deflated
    elif from_uid == DEFLATED and to_uid == EXPLICIT and out == encode(elements, EXPLICIT):
        return
    expected = encode(padded(elements), plain)
    turned = any(len(value) % 2 and vr in WORDS for _, vr, value in flat_elements(elements))
    if BIG not in {from_uid, to_uid} or not turned:
        assert out == expected
    elements_of(out, plain)


def flat_elements(elements):
    for tag, vr, value in elements:
        if isinstance(value, Seq):
            for item in value.items:
                yield from flat_elements(item)
        else:
            yield tag, vr, value


# --- deflated ----------------------------------------------------------------------------------


def test_deflated_is_raw_deflate_of_even_length(tmp_path):
    lengths = set()
    for n in range(12):
        elements = [(0x00104000, "LT", bytes(range(48, 48 + n)) * 2)]
        path = written(tmp_path, elements)
        out = converted(path, DEFLATED)
        stream = zlib.decompressobj(-15)
        assert stream.decompress(out) == encode(identity() + elements, EXPLICIT)
        assert stream.eof
        assert stream.unused_data in (b"", b"\0")
        assert len(out) % 2 == 0
        lengths.add(len(stream.unused_data))
    assert lengths == {0, 1}  # both the padded and the unpadded case were seen


def test_a_large_deflated_data_set(tmp_path):
    elements = [(0x7FE00010, "OW", bytes(1 << 21) + bytes(range(256)) * 4096)]
    path = written(tmp_path, elements, DEFLATED)
    for to_uid in (IMPLICIT, EXPLICIT, BIG):
        assert converted(path, to_uid, 1 << 16) == encode(identity() + elements, to_uid)


def test_a_bomb_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(transcode, "MAXIMUM_INFLATED", 1 << 20)
    path = written(tmp_path, [(0x7FE00010, "OW", bytes(1 << 21))], DEFLATED)
    with pytest.raises(InvalidFile, match="inflates to more than 1048576 bytes"):
        converted(path, EXPLICIT)


def test_a_damaged_deflated_data_set(tmp_path):
    noise = bytes((i * i * 7919) >> 5 & 0xFF for i in range(300_000))
    path = written(tmp_path, [(0x7FE00010, "OB", noise)], DEFLATED)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2 // 2 * 2])
    with pytest.raises(Truncated):
        converted(path, EXPLICIT)
    # Two stored blocks (RFC 1951 3.2.4), far beyond the head, and one of a type that isn't.
    data = encode([*identity(), (0x7FE00010, "OB", noise)], EXPLICIT)
    blocks = b"".join(b"\0\xff\xff\0\0" + data[at : at + 0xFFFF] for at in (0, 0xFFFF))
    write_file(path, blocks + b"\7", DEFLATED)
    with pytest.raises(InvalidFile, match=r"the deflated data set is damaged: .*block type"):
        converted(path, BIG)


# --- what can't be done ------------------------------------------------------------------------


def test_a_compressed_object_is_refused():
    path = SAMPLES / "test_files" / "MR_small_RLE.dcm"
    with pytest.raises(CannotTranscode) as caught:
        transcoded(path, EXPLICIT)
    error = caught.value
    assert (error.path, error.from_uid, error.to_uids) == (path, "1.2.840.10008.1.2.5", (EXPLICIT,))
    text = str(error)
    assert str(path) in text
    assert "RLE Lossless (1.2.840.10008.1.2.5)" in text
    assert "Explicit VR Little Endian (1.2.840.10008.1.2.1)" in text
    assert "decompress the file first" in text


def test_compressing_is_refused(tmp_path):
    path = written(tmp_path, [])
    with pytest.raises(CannotTranscode, match="Have the peer accept the file's own"):
        transcoded(path, "1.2.840.10008.1.2.4.50")


def test_encapsulated_pixel_data_under_an_uncompressed_syntax(tmp_path):
    items = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    data = encode(identity(), EXPLICIT) + b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff" + items
    path = write_file(tmp_path / "e.dcm", data, EXPLICIT)
    with pytest.raises(InvalidFile, match=r"\(7FE0,0010\) of undefined length"):
        converted(path, IMPLICIT)
    data = encode(identity(), IMPLICIT) + b"\xe0\x7f\x10\0\xff\xff\xff\xff" + items
    path = write_file(tmp_path / "i.dcm", data, IMPLICIT)
    with pytest.raises(InvalidFile, match=r"\(7FE0,0010\) of undefined length"):
        converted(path, EXPLICIT)


def nested(depth):
    elements = [(0x00080100, "SH", b"A ")]
    for _ in range(depth):
        elements = [(0x00081140, "SQ", Seq([elements]))]
    return elements


def test_nesting_is_bounded(tmp_path):
    path = written(tmp_path, nested(60))
    assert converted(path, IMPLICIT) == encode(identity() + nested(60), IMPLICIT)
    with pytest.raises(InvalidFile, match="more than 64 sequences in each other"):
        converted(written(tmp_path, nested(70)), IMPLICIT)


def broken(body, syntax=EXPLICIT):
    """Bytes in place of a sequence's value."""
    return encode([*identity(), (0x00081140, "UN", body)], syntax).replace(b"UN\0\0", b"SQ\0\0")


ITEM = b"\xfe\xff\x00\xe0"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\x08\0\x05\0CS\0\0", r"\(0008,0005\) in the place of an item"),
        (b"123", "the header of an element reaches beyond"),
        (ITEM + b"\x10\0\0\0", "an item reaches beyond"),
        (ITEM + b"\x03\0\0\0abc", "the header of an element reaches beyond"),
        (ITEM + b"\x08\0\0\0\x08\0\x05\0CS\x01\0", r"\(0008,0005\) reaches beyond"),
        (ITEM + b"\x0a\0\0\0\x08\0\x05\0UT\0\0ab", r"\(0008,0005\) reaches beyond"),
        (ITEM + b"\xff\xff\xff\xff", "an item reaches beyond"),
        (ITEM + b"\x08\0\0\0\xfe\xff\x0d\xe0\0\0\0\0", r"\(FFFE,E00D\) in the place of an element"),
    ],
)
def test_damaged_sequences(tmp_path, body, why):
    behind = encode([(0x00200013, "IS", b"1 ")], EXPLICIT)
    data = broken(body) + behind
    path = write_file(tmp_path / "b.dcm", data + b"\0" * (len(data) % 2), EXPLICIT)
    with pytest.raises(InvalidFile, match=why):
        transcoded(path, IMPLICIT, whole=False)


@pytest.mark.parametrize(
    "tail",
    [
        b"\x08\0\x20\0DA",
        b"\x08\0\x20\0DA\x08\x001234",
        b"\x08\0\x20\0UT\0\0\1\0",
        b"\x40\0\x30\xa7SQ\0\0\xff\xff\xff\xff",
        b"\x40\0\x30\xa7SQ\0\0\xff\xff\xff\xff" + ITEM + b"\xff\xff\xff\xff",
        b"\x40\0\x30\xa7SQ\0\0\x10\0\0\0" + ITEM + b"\x20\0\0\0" + bytes(8),
    ],
)
def test_truncated_data_sets(tmp_path, tail):
    path = write_file(tmp_path / "t.dcm", encode(identity(), EXPLICIT) + tail, EXPLICIT)
    with pytest.raises(Truncated) as caught:
        transcoded(path, IMPLICIT, whole=False)
    assert caught.value.path == path


def test_a_file_that_shrinks_while_it_is_sent(tmp_path):
    path = written(tmp_path, [(0x7FE00010, "OW", bytes(1 << 18))])
    for to_uid in (BIG, IMPLICIT):
        whole = path.read_bytes()
        with contextlib.closing(transcoded(path, to_uid)) as source:
            source.readinto(memoryview(bytearray(1 << 10)))
            with path.open("r+b") as file:
                file.truncate(1 << 17)
            with pytest.raises(Truncated):
                read_all(source)
        path.write_bytes(whole)


def test_a_temporary_file_that_shrinks(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "SCRATCH", 100)
    path = written(tmp_path, [(0x00104000, "LT", bytes(range(48, 90)) * 40)])
    with contextlib.closing(transcoded(path, DEFLATED)) as source:
        os.truncate(source.splice.new._file.fileno(), 10)
        with pytest.raises(Truncated):
            read_all(source)


def test_a_sequence_that_outgrows_its_length_field(tmp_path):
    # A sparse file: an item of nearly 4 GiB, whose header grows in Explicit VR.
    size = 0xFFFFFFFE
    path = write_file(tmp_path / "huge.dcm", encode(identity(), IMPLICIT), IMPLICIT)
    with path.open("ab") as file:
        file.write(b"\x08\0\x40\x11" + (size).to_bytes(4, "little"))
        file.write(ITEM + (size - 8).to_bytes(4, "little"))
        file.write(b"\x42\0\x11\0" + (size - 16).to_bytes(4, "little"))
        file.truncate(file.tell() + size - 16)
    with pytest.raises(InvalidFile, match="grows beyond 4 GiB"):
        transcoded(path, EXPLICIT)
    with contextlib.closing(examine(path).open(IMPLICIT)) as source:
        assert len(source) > size


def test_an_object_without_a_path_is_not_leaked(tmp_path):
    # A refused file is closed again: pytest turns the warning of an unclosed one into an error.
    with pytest.raises(DIMSEError):
        transcoded(written(tmp_path, []), "1.2.3")


@pytest.mark.parametrize(("from_uid", "to_uid"), [(EXPLICIT, DEFLATED), (DEFLATED, BIG)])
def test_no_room_for_the_temporary_file(tmp_path, monkeypatch, from_uid, to_uid):
    noise = bytes((i * i * 7919) >> 5 & 0xFF for i in range(4096))
    path = written(tmp_path, [(0x7FE00010, "OW", noise)], from_uid)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(scratch, "SCRATCH", 100)
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(CannotTranscode, match=r"a temporary file in .* fails: No space left"):
        transcoded(path, to_uid)


@given(
    data=st.binary(max_size=200),
    syntax=st.sampled_from(UNCOMPRESSED),
    to=st.sampled_from(UNCOMPRESSED),
)
@settings(deadline=None, max_examples=400)
@example(data=b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff", syntax=EXPLICIT, to=IMPLICIT)
def test_any_bytes_give_a_data_set_or_a_named_error(place, data, syntax, to):
    start = encode(identity(), syntax)
    body = start + data + b"\0" * (len(start + data) % 2)
    path = write_file(place / "noise.dcm", body, syntax)
    error = None
    try:
        with contextlib.closing(transcoded(path, to)) as source:
            read_all(source)
    except DIMSEError as caught:
        error = caught
    assert error is None or str(path) in str(error)


@given(
    st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=8),
    st.sampled_from(["rtplan.dcm", "test-SR.dcm", "MR_small_expb.dcm"]),
    st.sampled_from(UNCOMPRESSED),
)
@settings(deadline=None, max_examples=300)
def test_damaged_real_objects_give_a_data_set_or_a_named_error(place, changes, name, to):
    content = bytearray((SAMPLES / "test_files" / name).read_bytes())
    for offset, value in changes:
        content[132 + offset % (len(content) - 132)] = value
    path = place / "damaged.dcm"
    path.write_bytes(content)
    error = None
    try:
        with contextlib.closing(transcoded(path, to)) as source:
            read_all(source)
    except DIMSEError as caught:
        error = caught
    assert error is None or str(path) in str(error)
