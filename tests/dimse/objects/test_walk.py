"""The walk through element headers (PS3.5 7.1 to 7.5), on data sets put together byte by byte."""

from __future__ import annotations

import struct
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimse.errors import InvalidFile, Part10Error, Truncated
from dimse.objects.bounds import HEAD, HOP, MAXIMUM_CUTS, MAXIMUM_DEPTH, USUAL_PADDING
from dimse.objects.findings import Findings
from dimse.objects.layout import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from dimse.objects.walk import Walk, detect
from dimse.objects.window import Window

LAYOUTS = [IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG]
UNDEFINED = 0xFFFFFFFF
LONG = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}


def element(layout, group, number, vr, value=b"", length=None):
    """One element by PS3.5 Tables 7.1-1 to 7.1-3, its length right unless told otherwise."""
    mark = ">" if layout is EXPLICIT_BIG else "<"
    length = len(value) if length is None else length
    head = struct.pack(f"{mark}HH", group, number)
    if layout is IMPLICIT_LITTLE:
        return head + struct.pack("<I", length) + value
    if vr in LONG:
        return head + vr.encode() + b"\0\0" + struct.pack(f"{mark}I", length) + value
    return head + vr.encode() + struct.pack(f"{mark}H", length) + value


def mark(layout, number, length=0, value=b""):
    """An item or a delimiter, (FFFE,number)."""
    order = ">" if layout is EXPLICIT_BIG else "<"
    return struct.pack(f"{order}HHI", 0xFFFE, number, length) + value


def sequence(layout, group, number, *items, vr="SQ", inside=None):
    """A sequence of undefined length whose items have undefined length."""
    inside = inside or layout
    body = b"".join(mark(inside, 0xE000, UNDEFINED) + i + mark(inside, 0xE00D) for i in items)
    return element(layout, group, number, vr, body, UNDEFINED) + mark(inside, 0xE0DD)


def head(layout):
    return (
        element(layout, 8, 5, "CS", b"ISO_IR 100")
        + element(layout, 8, 0x16, "UI", b"1.2.840.10008.5.1.4.1.1.7\0")
        + element(layout, 8, 0x18, "UI", b"1.2.3.4\0")
    )


PIXELS = bytes(range(256)) * 4


def pieces(layout):
    """A data set of many kinds of elements, cut at its element boundaries."""
    e, s = element, sequence
    nested = s(layout, 8, 0x1140, e(layout, 8, 0x16, "UI", b"9.9\0"), b"")
    found = [
        e(layout, 8, 5, "CS", b"ISO_IR 100"),
        e(layout, 8, 0x16, "UI", b"1.2.840.10008.5.1.4.1.1.7\0"),
        e(layout, 8, 0x18, "UI", b"1.2.3.4\0"),
        e(layout, 8, 0x60, "CS", b"OT"),
        s(layout, 8, 0x1115, nested + e(layout, 0x20, 0xE, "UI", b"1.2\0"), nested),
        e(
            layout,
            8,
            0x1199,
            "SQ",
            mark(layout, 0xE000, 10, e(layout, 8, 0x60, "CS", b"")[:8] + b"XX"),
        ),
        e(layout, 0x10, 0x10, "PN", b"A^B "),
        e(layout, 0x28, 0x10, "US", b"\1\0"),
        e(layout, 0x29, 0x10, "LO", b"US"),
    ]
    if layout.explicit:
        found += [
            s(
                layout,
                0x29,
                0x1010,
                e(IMPLICIT_LITTLE, 8, 0x60, "CS", b"XX"),
                vr="UN",
                inside=IMPLICIT_LITTLE,
            ),
            e(layout, 0x7FE0, 0x10, "OB", b"", UNDEFINED)
            + mark(layout, 0xE000)
            + mark(layout, 0xE000, len(PIXELS), PIXELS)
            + mark(layout, 0xE0DD),
        ]
    else:
        found.append(e(layout, 0x7FE0, 0x10, "OW", PIXELS))
    return [*found, e(layout, 0xFFFC, 0xFFFC, "OB", bytes(20))]


class Reads:
    """Bytes of a pretended file, and a record of what was read of them."""

    def __init__(self, data):
        self.data = data
        self.calls = []

    def __call__(self, at, count):
        assert at >= 0
        assert count >= 0
        self.calls.append((at, count))
        return self.data[at : at + count]


def walked(data, layout, *, start=0, whole=True, size=None, first=HEAD, strict=False):
    window = Window("f.dcm", len(data) if size is None else size, Reads(data), first)
    findings = Findings("f.dcm", strict=strict)
    walk = Walk(window, layout, findings)
    walk.run(start, whole=whole)
    return SimpleNamespace(
        end=walk.end,
        sop_class_uid=walk.sop_class_uid,
        sop_instance_uid=walk.sop_instance_uid,
        spans=walk.spans,
        odd=walk.odd,
        warnings=findings.warnings,
    )


def fails(data, layout, kind=InvalidFile, **how):
    with pytest.raises(kind) as caught:
        walked(data, layout, **how)
    assert "f.dcm: " in str(caught.value)
    return caught.value


# ------------------------------------------------------------------------------------------ walks


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("first", [HEAD, 16])
def test_a_whole_data_set(layout, first):
    data = b"".join(pieces(layout))
    walk = walked(data, layout, first=first)
    assert walk.end == len(data)
    assert walk.sop_class_uid == "1.2.840.10008.5.1.4.1.1.7"
    assert walk.sop_instance_uid == "1.2.3.4"  # not 9.9, which stands in a sequence


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("first", [HEAD, 16])
def test_cut_anywhere(layout, first):
    """Complete at the element boundaries, truncated everywhere else."""
    data = b"".join(pieces(layout))
    boundaries, at = {0}, 0
    for piece in pieces(layout):
        at += len(piece)
        boundaries.add(at)
    for cut in range(len(data)):
        if cut in boundaries:
            assert walked(data[:cut], layout, first=first).end == cut
            continue
        error = fails(data[:cut], layout, Truncated, first=first)
        begin = max(b for b in boundaries if b < cut)
        assert error.offset == begin
        assert error.size == cut
        assert error.declared is None or error.declared > cut - begin


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_head_alone(layout):
    """Without the check nothing behind group 0008 is looked at."""
    data = head(layout) + element(layout, 0x10, 0x10, "PN", b"A", length=5000)
    walk = walked(data, layout, whole=False)
    assert (walk.sop_class_uid, walk.sop_instance_uid) == ("1.2.840.10008.5.1.4.1.1.7", "1.2.3.4")
    assert walk.end == len(data)
    fails(data, layout, Truncated)


def test_a_data_set_without_uids():
    data = element(EXPLICIT_LITTLE, 8, 0x16, "UI") + element(EXPLICIT_LITTLE, 8, 0x18, "UI", b" \0")
    walk = walked(data, EXPLICIT_LITTLE)
    assert walk.sop_class_uid is None
    assert walk.sop_instance_uid is None


def test_a_walk_from_the_middle_and_back():
    data = bytes(100_000) + head(EXPLICIT_LITTLE)
    window = Window("f.dcm", len(data), Reads(data))
    for _ in range(2):
        walk = Walk(window, EXPLICIT_LITTLE)
        walk.run(100_000, whole=True)
        assert walk.sop_instance_uid == "1.2.3.4"
        window.take(0, 8)


def test_headers_only_are_read():
    """Large values are jumped over: 256 MiB cost two reads."""
    start = head(EXPLICIT_LITTLE) + element(EXPLICIT_LITTLE, 0x7FE0, 0x10, "OW", length=1 << 28)
    end = element(EXPLICIT_LITTLE, 0xFFFC, 0xFFFC, "OB")
    size = len(start) + (1 << 28) + len(end)
    calls = []

    def read(at, count):
        calls.append((at, count))
        return (start + bytes(HEAD))[:count] if at == 0 else end

    walk = Walk(Window("f.dcm", size, read), EXPLICIT_LITTLE)
    walk.run(0, whole=True)
    assert walk.end == size
    assert calls == [(0, HEAD), (size - len(end), len(end))]


def test_fragments_cost_a_short_read_each():
    fragment = bytes(HEAD * 2)
    data = (
        head(EXPLICIT_LITTLE)
        + element(EXPLICIT_LITTLE, 0x7FE0, 0x10, "OB", length=UNDEFINED)
        + b"".join(mark(EXPLICIT_LITTLE, 0xE000, len(fragment), fragment) for _ in range(10))
        + mark(EXPLICIT_LITTLE, 0xE0DD)
    )
    reads = Reads(data)
    Walk(Window("f.dcm", len(data), reads), EXPLICIT_LITTLE).run(0, whole=True)
    assert len(reads.calls) == 11
    assert sum(count for _, count in reads.calls) <= HEAD + 10 * HOP


# ---------------------------------------------------------------------------------------- padding


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("count", [2, 7, 8, 11, 12, 512, USUAL_PADDING])
@pytest.mark.parametrize("first", [HEAD, 16])
def test_nuls_behind_the_data_set_are_not_part_of_it(layout, count, first):
    data = b"".join(pieces(layout))
    assert walked(data + bytes(count), layout, first=first).end == len(data)


def test_one_nul():
    assert walked(head(EXPLICIT_LITTLE) + b"\0", EXPLICIT_LITTLE).end == len(head(EXPLICIT_LITTLE))
    # In big endian it may be the first byte of the next element.
    fails(head(EXPLICIT_BIG) + b"\0", EXPLICIT_BIG, Truncated)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("count", [USUAL_PADDING + 1, USUAL_PADDING + 2, 3 * HEAD + 5])
def test_a_file_that_was_allocated_and_not_filled(layout, count):
    data = b"".join(pieces(layout))
    walk = walked(data + bytes(count), layout)
    assert walk.end == len(data)
    said = f"at byte {len(data)}: {count} NULs behind the data set; it is left out"
    assert walk.warnings == (said,)
    fails(data + bytes(count) + b"x", layout)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_garbage_behind_the_data_set(layout):
    fails(head(layout) + b"\n", layout, Truncated)
    fails(head(layout) + bytes(1000) + b"x", layout)


# ----------------------------------------------------------------------------- what may not be sent


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (lambda layout: element(layout, 0, 2, "UI", b"1.2\0"), "command group"),
        (lambda layout: element(layout, 2, 0x10, "UI", b"1.2\0"), "file meta"),
        (lambda layout: mark(layout, 0xE00D), "without a sequence"),
        (lambda layout: mark(layout, 0xE0DD), "without a sequence"),
    ],
)
@pytest.mark.parametrize("first", [HEAD, 16])
def test_groups_that_do_not_belong_there(layout, extra, words, first):
    """U.DIM.02: no group 0000 or 0002 in a data set; DCMTK leaves them out of what it sends."""
    stray, parts = extra(layout), pieces(layout)
    for count in (0, 3, 7, len(parts)):
        before, behind = b"".join(parts[:count]), b"".join(parts[count:])
        data = before + stray + behind
        walk = walked(data, layout, first=first)
        assert b"".join(data[at : at + n] for at, n in walk.spans) == before + behind
        (warning,) = walk.warnings
        assert f"at byte {len(before)}: (" in warning
        assert words in warning
        assert words in str(fails(data, layout, strict=True))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_item_outside_of_a_sequence(layout):
    """Nobody knows what it was to be a part of."""
    for data in (mark(layout, 0xE000), mark(layout, 0xE00D, 4, b"abcd")):
        assert "outside of a sequence" in str(fails(head(layout) + data + head(layout), layout))


def test_a_stray_element_that_is_none():
    broken = element(EXPLICIT_LITTLE, 2, 0x10, "UI", b"", length=500)
    for data in (broken, broken.replace(b"UI", b"??"), b"\2\0\x10\0UN\0\0" + b"\xff" * 4):
        assert "(0002,0010), neither" in str(fails(head(EXPLICIT_LITTLE) + data, EXPLICIT_LITTLE))


def test_stray_elements_without_end():
    stray = element(IMPLICIT_LITTLE, 2, 0x10, "UI") + element(IMPLICIT_LITTLE, 0x10, 0x10, "PN")
    assert len(walked(stray * MAXIMUM_CUTS, IMPLICIT_LITTLE).spans) == MAXIMUM_CUTS
    assert "stray" in str(fails(stray * (MAXIMUM_CUTS + 1), IMPLICIT_LITTLE))


# ------------------------------------------------------------------------------------ odd lengths


@pytest.mark.parametrize("layout", LAYOUTS)
def test_odd_lengths_are_told_wherever_the_walk_comes(layout):
    odd = element(layout, 0x20, 0x1041, "DS", b"1.5")
    nested = sequence(layout, 8, 0x1140, element(layout, 0x10, 0x10, "PN", b"A") + odd)
    for data, at, name in (
        (odd, 0, "(0020,1041) has the odd length 3"),
        (nested, len(nested) - 16 - len(odd), "(0020,1041) has the odd length 3"),
    ):
        walk = walked(head(layout) + data, layout)
        assert walk.odd
        assert f"at byte {len(head(layout)) + at}: {name}" in walk.warnings
        assert "odd length" in str(fails(head(layout) + data, layout, strict=True))
    assert not walked(b"".join(pieces(layout)), layout).odd


def test_odd_fragments_are_told():
    data = (
        element(EXPLICIT_LITTLE, 0x7FE0, 0x10, "OB", length=UNDEFINED)
        + mark(EXPLICIT_LITTLE, 0xE000)
        + mark(EXPLICIT_LITTLE, 0xE000, 3, b"abc")
        + mark(EXPLICIT_LITTLE, 0xE0DD)
    )
    walk = walked(data, EXPLICIT_LITTLE)
    assert walk.odd
    assert walk.warnings == ("at byte 20: a fragment has the odd length 3",)


@pytest.mark.parametrize("number", [0x16, 0x18])
@pytest.mark.parametrize("uid", [b"1.2.A\0", b"1,2 ", b"1.2\\1.3 ", b"1." * 33, b"\xff\xff"])
def test_uids_that_are_none(number, uid):
    data = element(EXPLICIT_LITTLE, 8, number, "UI", uid)
    assert "UID" in str(fails(data, EXPLICIT_LITTLE))


def test_a_uid_outside_of_the_view():
    data = element(EXPLICIT_LITTLE, 8, 1, "UL", bytes(4)) + head(EXPLICIT_LITTLE)
    assert walked(data, EXPLICIT_LITTLE, first=48).sop_class_uid == "1.2.840.10008.5.1.4.1.1.7"


# ------------------------------------------------------------------------------------ damaged files


@pytest.mark.parametrize("layout", LAYOUTS)
def test_structure_errors(layout):
    e, s, item = element, sequence, mark(layout, 0xE000, UNDEFINED)
    open_sequence = element(layout, 8, 0x1140, "SQ", length=UNDEFINED)
    cases = {
        "in the place of an item": open_sequence + e(layout, 8, 0x60, "CS", b"XX"),
        "(FFFE,E00D) in the place of an item": open_sequence + mark(layout, 0xE00D),
        "(FFFE,E0DD) in the place of an element": open_sequence + item + mark(layout, 0xE0DD),
        "(FFFE,E000) in the place of an element": open_sequence + item + item,
    }
    for words, data in cases.items():
        assert words in str(fails(head(layout) + data, layout)), words
    deep = e(layout, 8, 0x60, "CS", b"XX")
    for _ in range(MAXIMUM_DEPTH):
        deep = s(layout, 8, 0x1140, deep)
    assert walked(head(layout) + deep, layout).end
    deeper = s(layout, 8, 0x1140, deep)
    assert "sequences in each other" in str(fails(head(layout) + deeper, layout))


@pytest.mark.parametrize("layout", [EXPLICIT_LITTLE, EXPLICIT_BIG])
def test_undefined_lengths_where_none_may_be(layout):
    data = element(layout, 8, 0x119, "UC", length=UNDEFINED) + bytes(20)
    assert "VR UC with undefined length" in str(fails(head(layout) + data, layout))
    data = element(layout, 0x7FE0, 0x10, "OB", length=UNDEFINED) + mark(layout, 0xE000, UNDEFINED)
    assert "fragment of undefined length" in str(fails(head(layout) + data, layout))


def test_an_item_that_reaches_past_the_end():
    data = element(EXPLICIT_LITTLE, 8, 0x1140, "SQ", length=UNDEFINED)
    data += mark(EXPLICIT_LITTLE, 0xE000, 100) + bytes(20)
    error = fails(data, EXPLICIT_LITTLE, Truncated)
    assert (error.offset, error.declared, error.size) == (0, 120, 40)


@pytest.mark.parametrize("vr", ["ZZ", "XY"])
@pytest.mark.parametrize("layout", [EXPLICIT_LITTLE, EXPLICIT_BIG])
def test_vrs_that_the_standard_does_not_have(layout, vr):
    order = ">" if layout is EXPLICIT_BIG else "<"
    tag = struct.pack(f"{order}HH", 9, 0x1001) + vr.encode()
    long = tag + b"\0\0" + struct.pack(f"{order}I", 6) + b"abcdef"
    short = tag + struct.pack(f"{order}H", 6) + b"abcdef"
    empty = tag + b"\0\0"
    for data in (long, short, empty):
        for whole in (head(layout) + data + head(layout), head(layout) + data):
            assert walked(whole, layout).end == len(whole)
        inside = sequence(layout, 8, 0x1140, data + element(layout, 0x10, 0x10, "PN", b"A^"))
        assert walked(head(layout) + inside, layout).end == len(head(layout) + inside)


@pytest.mark.parametrize(
    ("encoded", "said", "words"),
    [
        (IMPLICIT_LITTLE, EXPLICIT_LITTLE, "no VR, so this is not Explicit VR Little Endian"),
        (IMPLICIT_LITTLE, EXPLICIT_BIG, "no VR, so this is not Explicit VR Big Endian"),
        (EXPLICIT_LITTLE, IMPLICIT_LITTLE, "looks like Explicit VR"),
        (EXPLICIT_LITTLE, EXPLICIT_BIG, "looks like the other byte order"),
        (EXPLICIT_BIG, EXPLICIT_LITTLE, "looks like the other byte order"),
    ],
)
def test_another_transfer_syntax_than_said(encoded, said, words):
    data = head(encoded) + element(encoded, 0x28, 0x10, "US", b"\1\0")
    assert words in str(fails(data, said))
    assert "is said to be" in str(fails(data, said)) or "it is said to be" in str(fails(data, said))


def test_a_file_that_shrinks_while_it_is_read():
    data = b"".join(pieces(EXPLICIT_LITTLE))
    with pytest.raises(Truncated) as caught:
        Window("f.dcm", len(data) + 5, Reads(data))
    assert caught.value.size == len(data)


# ---------------------------------------------------------------------------------------- detection


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("start", [0, 132])
def test_detection(layout, start):
    data = bytes(start) + b"".join(pieces(layout))
    assert detect(Window("f", len(data), Reads(data)), start) is layout


@pytest.mark.parametrize("layout", LAYOUTS)
def test_detection_wants_a_sop_class(layout):
    nothing = element(layout, 8, 5, "CS", b"ISO_IR 100") + element(layout, 8, 0x60, "CS", b"CT")
    wrong = element(layout, 8, 0x16, "UI", b"1.02.3")
    other = element(layout, 0x10, 0x10, "PN", b"A^B ") + head(layout)
    for data in (nothing, nothing + wrong, other, nothing[:7], b"", b"\x08"):
        assert detect(Window("f", len(data), Reads(data)), 0) is None


def test_detection_leaves_damage_behind_the_head_to_the_walk():
    data = head(EXPLICIT_LITTLE) + b"damaged"
    assert detect(Window("f", len(data), Reads(data)), 0) is EXPLICIT_LITTLE


# -------------------------------------------------------------------------------------- any bytes


@given(
    st.binary(max_size=300), st.sampled_from(LAYOUTS), st.booleans(), st.sampled_from([HEAD, 16])
)
def test_any_bytes_give_an_end_or_a_typed_error(data, layout, whole, first):
    try:
        walk = walked(data, layout, whole=whole, first=first)
    except Part10Error:
        return
    assert 0 <= walk.end <= len(data)


@given(st.sampled_from(LAYOUTS), st.data())
def test_a_damaged_data_set_gives_an_end_or_a_typed_error(layout, data):
    damaged = bytearray(b"".join(pieces(layout)))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.sampled_from([0, 1, 8, 0xE0, 0xFE, 0xFF, 0x7F]))
    # Each step takes at least one header, so the reads are bounded by the size.
    reads = Reads(bytes(damaged))
    try:
        Walk(Window("f", len(damaged), reads, 16), layout).run(0, whole=True)
    except Part10Error:
        pass
    assert len(reads.calls) <= len(damaged) // 8 + 2
