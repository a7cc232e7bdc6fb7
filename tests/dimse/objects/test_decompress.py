"""Compressed objects uncompressed: the pixels that pydicom gets, and what describes them."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pydicom
import pytest
from tests_datasets import BIG, EXPLICIT, IMPLICIT, read_all

from dimse.errors import CannotTranscode
from dimse.objects.codecs import Decompress, obstacle_to_decoding
from dimse.objects.filemeta import encode_file_meta
from dimse.objects.outgoing import examine
from dimse.objects.prepare import Preparation

pytest.importorskip("pylibjpeg", reason="needs the codecs: pip install -e .[codecs]")

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "dicom"
PYDICOM = Path(pydicom.__file__).parent / "data" / "test_files"
COMPRESSED = [
    *(FIXTURES / f"{name}.dcm" for name in (
        "ct-jpeg2000-lossy", "mr-rle", "sc-jpeg-baseline", "sc-jpeg-extended", "sc-jpeg-lossless",
        "sc-jpegls-near", "us-jpeg2000-lossless", "us-multiframe-jpeg-baseline",
    )),
    *(PYDICOM / f"{name}.dcm" for name in (
        "J2K_pixelrep_mismatch", "JPEGLSNearLossless_16", "MR_small_jpeg_ls_lossless",
        "SC_jpeg_no_color_transform", "SC_rgb_dcmtk_+eb+cy+np", "SC_rgb_gdcm_KY", "SC_rgb_jpeg_gdcm",
        "SC_rgb_rle_16bit_2frame", "SC_rgb_small_odd_jpeg", "rtdose_rle",
    )),
]  # fmt: skip
LOSSY = Preparation(decompress=Decompress.LOSSY)

# What may be said after the pixels have changed their form. Group lengths go.
MAY_CHANGE = {0x00280004, 0x00280006, 0x7FE00010}
MAY_COME = {0x00282110, 0x00282112, 0x00282114}


def sent(path, syntax, preparation=LOSSY):
    """A file as it would go out, read by pydicom."""
    outgoing = preparation.copy(examine(path))
    assert outgoing.obstacle(syntax) is None
    source = outgoing.open(syntax)
    try:
        data = read_all(source, 1 << 16)
        source.finish()
    finally:
        source.close()
    head = encode_file_meta(
        sop_class_uid=outgoing.sop_class_uid,
        sop_instance_uid=outgoing.sop_instance_uid,
        transfer_syntax_uid=syntax,
    )
    return pydicom.dcmread(io.BytesIO(head + data))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", COMPRESSED, ids=lambda path: path.stem)
def test_the_pixels_are_those_of_pydicom_and_nothing_else_changes(path):
    own = sent(path, EXPLICIT)
    reference = pydicom.dcmread(path)
    lossy = obstacle_to_decoding(reference.file_meta.TransferSyntaxUID, Decompress.LOSSLESS)
    reference.decompress(generate_instance_uid=False)
    assert own.PixelData == reference.PixelData
    assert own["PixelData"].VR == reference["PixelData"].VR
    for element in reference:
        if element.tag.element:
            assert own[element.tag].value == element.value, element
            assert own[element.tag].VR == element.VR
    assert {int(element.tag) for element in own if element.tag not in reference} <= MAY_COME
    assert all(element.tag.element for element in own)
    if lossy and "2000" not in reference.file_meta.TransferSyntaxUID.name:
        assert own.LossyImageCompression == "01"


@pytest.mark.parametrize("syntax", [IMPLICIT, BIG])
def test_what_was_decompressed_is_converted_like_any_other(syntax):
    path = PYDICOM / "SC_rgb_rle_16bit_2frame.dcm"
    assert (sent(path, syntax).pixel_array == pydicom.dcmread(path).pixel_array).all()


def test_what_was_lost_is_said_with_method_and_ratio():
    own = sent(FIXTURES / "sc-jpegls-near.dcm", EXPLICIT)
    assert own.LossyImageCompression == "01"
    assert own.LossyImageCompressionMethod == "ISO_14495_1"
    assert 1 < own.LossyImageCompressionRatio < 100
    assert "LossyImageCompression" not in sent(FIXTURES / "mr-rle.dcm", EXPLICIT)


@pytest.mark.parametrize(
    ("name", "allowed", "why"),
    [
        ("mr-rle", Decompress.NEVER, "--decompress-never"),
        ("sc-jpeg-baseline", Decompress.LOSSLESS, "only --decompress-lossy"),
        ("ct-jpeg2000-lossy", Decompress.LOSSLESS, "only --decompress-lossy"),
    ],
)
def test_what_may_not_be_decompressed_says_which_option_would(name, allowed, why):
    outgoing = Preparation(decompress=allowed).copy(examine(FIXTURES / f"{name}.dcm"))
    assert why in outgoing.obstacle(EXPLICIT)


def test_without_a_decoder_it_says_what_to_install(monkeypatch):
    from pydicom.pixels.decoders.base import RLELosslessDecoder

    monkeypatch.setattr(RLELosslessDecoder, "_available", {})
    outgoing = LOSSY.copy(examine(FIXTURES / "mr-rle.dcm"))
    assert "pip install 'dulcet[codecs]'" in outgoing.obstacle(EXPLICIT)


def damaged(tmp_path, name, change):
    data = pydicom.dcmread(FIXTURES / name)
    change(data)
    path = tmp_path / "damaged.dcm"
    data.save_as(path)
    return LOSSY.copy(examine(path))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: data.__delattr__("Rows"), "does not say its rows"),
        (lambda data: setattr(data, "NumberOfFrames", 3), "frame"),
        (lambda data: setattr(data, "Columns", 7), "can't be decoded"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_can_not_be_decoded_is_an_error_before_anything_is_sent(tmp_path, change, why):
    outgoing = damaged(tmp_path, "mr-rle.dcm", change)
    with pytest.raises(CannotTranscode, match=why):
        outgoing.open(EXPLICIT)


def test_a_compressed_icon_is_said_and_not_sent_as_it_is(tmp_path):
    def change(data):
        icon = pydicom.Dataset()
        icon.Rows = icon.Columns = 1
        icon.add_new(0x7FE00010, "OB", data.PixelData)
        icon["PixelData"].is_undefined_length = True
        data.IconImageSequence = [icon]

    outgoing = damaged(tmp_path, "mr-rle.dcm", change)
    with pytest.raises(CannotTranscode, match="icon"):
        outgoing.open(EXPLICIT)


def test_an_object_without_pixels_needs_no_decoder(tmp_path):
    def change(data):
        del data.PixelData

    outgoing = damaged(tmp_path, "mr-rle.dcm", change)
    source = outgoing.open(EXPLICIT)
    assert b"\xe0\x7f\x10\0" not in read_all(source)
    source.close()


MEASURE = """
import resource, sys
from dimse.objects.codecs import Decompress
from dimse.objects.outgoing import examine
from dimse.objects.prepare import Preparation
source = Preparation(decompress=Decompress.LOSSY).copy(examine(sys.argv[1])).open("1.2.840.10008.1.2.1")
buffer = memoryview(bytearray(1 << 16))
total = 0
while count := source.readinto(buffer):
    total += count
source.close()
print(total, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_number_of_frames(tmp_path):
    """A hundred times the frames, 48 MB more of them, and not 20 MB more memory."""
    data = pydicom.dcmread(PYDICOM / "SC_rgb_rle_16bit_2frame.dcm")
    first = next(pydicom.encaps.generate_frames(data.PixelData, number_of_frames=2))
    used = []
    for frames in (8, 800):
        data.NumberOfFrames = frames
        data.PixelData = pydicom.encaps.encapsulate([first] * frames)
        data.save_as(path := tmp_path / f"{frames}.dcm")
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True
        )
        used.append([int(each) for each in done.stdout.split()])
    assert used[1][0] > used[0][0] + 45e6
    assert used[1][1] - used[0][1] < 20_000  # KiB
