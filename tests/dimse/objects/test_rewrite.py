"""Other lengths, group lengths, paddings and VRs: to the byte what DCMTK's dcmconv makes of it."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pydicom
import pytest
from installed import need
from tests_datasets import BIG, EXPLICIT, IMPLICIT, Seq, encode, identity, write_file

from dimse.errors import InvalidFile, Part10Error
from dimse.objects.layout import layout_of
from dimse.objects.rewrite import Rewriting, rewrite
from dimse.objects.sources import MemoryOrigin, SplicedSource
from dimse.objects.window import Window

DICOM = Path(__file__).parents[3] / "fixtures" / "dicom"
SAMPLES = [
    "ct-explicit.dcm",  # with padding behind it
    "sr-basic-explicit.dcm",
    "seg-explicit.dcm",
    "mr-rle.dcm",
    "rtplan-implicit.dcm",
    "us-big-endian.dcm",
]
REFERENCED = 0x00081140
ITEM = [(0x00081150, "UI", b"1.2\0"), (0x00081155, "UI", b"1.2.3\0")]
UNKNOWN = [
    *identity(),
    (0x00080060, "UN", b"CT"),
    (REFERENCED, "UN", encode([(REFERENCED, "SQ", Seq([ITEM]))], IMPLICIT)[8:]),
    (0x00091001, "UN", b"\1\2\3\4"),
    (0x00280010, "UN", struct.pack("<H", 258)),
    (0x00282000, "UN", b"no ICC profile"),
    (0x00700022, "UN", struct.pack("<2f", 1.5, 2.5)),
    (0x0040A160, "UT", b"some text "),
    (0x7FE00008, "OF", struct.pack("<4f", 1, 2, 3, 4)),
]
UNKNOWN.sort(key=lambda element: element[0])
FORMS = {
    ("+e",): Rewriting(lengths="explicit"),
    ("-e",): Rewriting(lengths="undefined"),
    ("+e", "+g"): Rewriting(lengths="explicit", group_lengths="create"),
    ("-e", "+g"): Rewriting(lengths="undefined", group_lengths="create"),
    ("+e", "-g"): Rewriting(lengths="explicit", group_lengths="remove"),
    ("+e", "+p", "0", "128"): Rewriting(lengths="explicit", item_multiple=128),
    ("-e", "+g", "+p", "0", "64"): Rewriting(
        lengths="undefined", group_lengths="create", item_multiple=64
    ),
}


def rewritten(data, source, target, form, **more):
    window = Window.over("data set", data)
    splice = rewrite(window, ((0, len(data)),), layout_of(source), layout_of(target), form, **more)
    with_all = SplicedSource("data set", MemoryOrigin("data set", data, None), splice)
    try:
        buffer = bytearray(len(splice))
        view, at = memoryview(buffer), 0
        while count := with_all.readinto(view[at:]):
            at += count
        assert at == len(buffer)
        return bytes(buffer)
    finally:
        with_all.close()


def behind_meta(path):
    """Transfer syntax and data set of a file."""
    content = path.read_bytes()
    meta = pydicom.dcmread(path, stop_before_pixels=True).file_meta
    length = int.from_bytes(content[140:144], "little")
    return str(meta.TransferSyntaxUID), content[144 + length :]


def dcmconv(path, out, *options):
    command = [need("dcmtk", "dcmconv"), *options, str(path), str(out)]
    subprocess.run(command, check=True, capture_output=True)
    return behind_meta(out)


@pytest.mark.parametrize("options", FORMS, ids=" ".join)
@pytest.mark.parametrize("name", SAMPLES)
def test_it_is_what_dcmconv_makes(tmp_path, name, options):
    syntax, data = behind_meta(DICOM / name)
    found, theirs = dcmconv(DICOM / name, tmp_path / "out", "-p", *options)
    assert found == syntax
    assert rewritten(data, syntax, syntax, FORMS[options]) == theirs


@pytest.mark.parametrize("target", [IMPLICIT, EXPLICIT, BIG])
@pytest.mark.parametrize("source", [EXPLICIT, BIG])
@pytest.mark.parametrize("options", [["+uc"], ["-u"]], ids=" ".join)
def test_vrs_are_known_or_old_as_dcmconv_makes_them(tmp_path, source, target, options):
    path = write_file(tmp_path / "in", encode(UNKNOWN, source), source)
    letter = {IMPLICIT: "+ti", EXPLICIT: "+te", BIG: "+tb"}[target]
    _, theirs = dcmconv(path, tmp_path / "out", letter, "+e", "-p", *options)
    form = Rewriting(lengths="explicit", known_vrs=options == ["+uc"], old_vrs=options == ["-u"])
    assert rewritten(behind_meta(path)[1], source, target, form) == theirs


def test_group_lengths_that_are_there_are_corrected():
    elements = [(0x00080000, "UL", struct.pack("<I", 9999)), *identity(), (0x00100020, "LO", b"ID")]
    found = rewritten(encode(elements, EXPLICIT), EXPLICIT, EXPLICIT, Rewriting())
    group = encode(identity(), EXPLICIT)
    expected = [(0x00080000, "UL", struct.pack("<I", len(group))), *elements[1:]]
    assert found == encode(expected, EXPLICIT)


@pytest.mark.parametrize("before", [0, 6, 512])
@pytest.mark.parametrize("layout", [IMPLICIT, EXPLICIT])
def test_the_whole_is_padded_with_what_stands_before_it(layout, before):
    elements = [*identity(), (0x00100020, "LO", b"ID")]
    data = encode(elements, layout)
    form = Rewriting(multiple=256)
    padded = rewritten(data, layout, layout, form, before=before)
    assert padded.startswith(data)
    assert (len(padded) + before) % 256 == 0
    again = rewritten(padded, layout, layout, form, before=before)
    assert again == padded, "padding is not added to"
    assert rewritten(padded, layout, layout, Rewriting()) == data


def test_what_is_damaged_is_said():
    data = encode([*identity(), (REFERENCED, "SQ", Seq([ITEM]))], EXPLICIT)
    with pytest.raises(Part10Error):
        rewritten(data[:-3], EXPLICIT, EXPLICIT, Rewriting())
    with pytest.raises(InvalidFile):
        rewritten(data + bytes.fromhex("feff00e000000000"), EXPLICIT, EXPLICIT, Rewriting())


@pytest.mark.parametrize("multiple", [-2, 3])
def test_lengths_are_even(multiple):
    for which in ("multiple", "item_multiple"):
        with pytest.raises(ValueError, match="even"):
            Rewriting(**{which: multiple})
