"""Objects compressed for a peer that takes nothing else: without loss, or not at all."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import generate_frames, parse_basic_offsets
from tests_datasets import BIG, DEFLATED, EXPLICIT, IMPLICIT, read_all

from dimse.errors import CannotTranscode
from dimse.objects.codecs import ENCODED, Decompress, obstacle_to_encoding
from dimse.objects.filemeta import encode_file_meta
from dimse.objects.outgoing import examine
from dimse.objects.prepare import Preparation
from dimse.plan import choose_context, explain_refusal
from dul.negotiation import AcceptedContext

pytest.importorskip("pylibjpeg", reason="needs the codecs: pip install -e .[codecs]")

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "dicom"
PYDICOM = Path(pydicom.__file__).parent / "data" / "test_files"
JPEG_LS, JPEG_2000, RLE = ENCODED
IMAGES = [
    *(FIXTURES / f"{name}.dcm" for name in (
        "ct-explicit", "cr-explicit", "mr-explicit", "rtdose-implicit", "sc-deflated",
        "sc-odd-explicit", "us-big-endian",
    )),
    *(PYDICOM / f"{name}.dcm" for name in (
        "CT_small", "MR_small", "MR_small_bigendian", "MR_small_implicit", "SC_rgb_small_odd",
        "SC_rgb_small_odd_big_endian", "ExplVR_BigEnd", "rtdose", "examples_rgb_color",
    )),
]  # fmt: skip


def sent(outgoing, syntax):
    """An object as it would go out, read by pydicom."""
    source = outgoing.open(syntax)
    try:
        data = read_all(source, 1 << 16)
        source.finish()
    finally:
        source.close()
    assert len(data) % 2 == 0
    head = encode_file_meta(
        sop_class_uid=outgoing.sop_class_uid,
        sop_instance_uid=outgoing.sop_instance_uid,
        transfer_syntax_uid=syntax,
    )
    return pydicom.dcmread(io.BytesIO(head + data))


def pixels(data_set):
    return data_set.pixel_array


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("syntax", ENCODED)
@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.stem)
def test_the_pixels_are_the_same_and_so_is_all_else(path, syntax):
    outgoing = examine(path)
    assert outgoing.obstacle(syntax) is None
    before = pydicom.dcmread(path)
    try:
        after = sent(outgoing, syntax)
    except CannotTranscode as error:
        # 32 bits are more than there are by PS3.5 8.2; OpenJPEG wants 32 pixels.
        assert before.BitsAllocated == 32 or min(before.Rows, before.Columns) < 32
        message = str(error)
        assert "can't be compressed" in message
        assert str(path) in message
        return
    assert np.array_equal(pixels(after), pixels(before))
    frames = int(before.get("NumberOfFrames", 1))
    assert len(parse_basic_offsets(after.PixelData)) == frames
    assert len(list(generate_frames(after.PixelData, number_of_frames=frames))) == frames
    assert after.get("PlanarConfiguration", 0) == 0
    for data_set in (before, after):
        del data_set.PixelData
        data_set.pop("PlanarConfiguration", None)
        data_set.remove_private_tags()
        data_set.pop("DataSetTrailingPadding", None)
    assert {each.tag for each in after} == {each.tag for each in before if each.tag.element}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("syntax", ENCODED)
def test_from_one_compression_to_another(syntax):
    """As decompression is allowed."""
    rle, lossy = FIXTURES / "mr-rle.dcm", FIXTURES / "sc-jpeg-baseline.dcm"
    preparation = Preparation()
    assert preparation.copy(examine(lossy)).obstacle(syntax) is not None
    for path, allowed in (rle, Decompress.LOSSLESS), (lossy, Decompress.LOSSY):
        preparation = Preparation(decompress=allowed)
        outgoing = preparation.copy(examine(path))
        assert outgoing.obstacle(syntax) is None
        after = sent(outgoing, syntax)
        plain = sent(outgoing, EXPLICIT)
        assert np.array_equal(pixels(after), pixels(plain))
        assert after.get("LossyImageCompression") == plain.get("LossyImageCompression")
    never = Preparation(decompress=Decompress.NEVER)
    assert never.copy(examine(rle)).obstacle(JPEG_2000) is not None


def test_a_report_has_no_pixels_to_compress():
    path = FIXTURES / "sr-basic-explicit.dcm"
    assert sent(examine(path), RLE) == pydicom.dcmread(path)


def test_a_data_set_from_memory():
    data_set = pydicom.dcmread(FIXTURES / "ct-explicit.dcm")
    assert np.array_equal(pixels(sent(examine(data_set), JPEG_LS)), pixels(data_set))


@pytest.mark.filterwarnings("ignore")
def test_what_would_be_lost_is_an_error(tmp_path):
    """An overlay in the bits that the pixels do not use."""
    data_set = pydicom.dcmread(FIXTURES / "ct-explicit.dcm")
    data_set.BitsStored, data_set.HighBit = 12, 11
    data_set.PixelRepresentation = 0
    data_set.PixelData = bytes([0xFF, 0xF0]) * (len(data_set.PixelData) // 2)
    path = tmp_path / "overlay.dcm"
    data_set.save_as(path)
    for syntax in ENCODED:
        with pytest.raises(CannotTranscode, match="can't be compressed"):
            examine(path).open(syntax)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"BitsAllocated": 1}, "do not fill whole bytes"),
        ({"Rows": 0}, "has no pixels"),
        ({"Rows": 4096}, "bytes instead of"),
        ({"NumberOfFrames": "many"}, "number of frames is"),
        ({"Rows": None}, "does not say its rows"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_pixels_that_are_not_as_described(tmp_path, change, why):
    data_set = pydicom.dcmread(FIXTURES / "ct-explicit.dcm")
    for keyword, value in change.items():
        if value is None:
            delattr(data_set, keyword)
        elif value == "many":
            data_set.add_new("NumberOfFrames", "LO", value)
        else:
            setattr(data_set, keyword, value)
    path = tmp_path / "wrong.dcm"
    data_set.save_as(path)
    with pytest.raises(CannotTranscode, match=why) as caught:
        examine(path).open(RLE)
    assert "wrong.dcm" in str(caught.value)


def test_it_is_the_last_thing_that_is_chosen():
    outgoing = examine(FIXTURES / "ct-explicit.dcm")
    wanted = outgoing.sop_class_uid, outgoing.transfer_syntax_uid

    def chosen(*syntaxes):
        contexts = [
            AcceptedContext(2 * number + 1, outgoing.sop_class_uid, syntax)
            for number, syntax in enumerate(syntaxes)
        ]
        return choose_context(contexts, *wanted, obstacle=outgoing.obstacle)

    assert chosen(RLE, JPEG_2000, JPEG_LS).transfer_syntax == JPEG_LS
    assert chosen(RLE, BIG).transfer_syntax == BIG
    assert chosen(RLE, IMPLICIT, DEFLATED).transfer_syntax == IMPLICIT
    mpeg = "1.2.840.10008.1.2.4.102"
    assert chosen(mpeg) is None
    contexts = [AcceptedContext(1, outgoing.sop_class_uid, mpeg)]
    why = explain_refusal("ct.dcm", contexts, *wanted, obstacle=outgoing.obstacle)
    assert "no way to encode into MPEG-4" in str(why)


def test_where_nothing_is_installed_it_is_said_what_to_install():
    program = """
import sys
sys.modules["pylibjpeg"] = sys.modules["jpeg_ls"] = sys.modules["numpy"] = None
from dimse.objects.codecs import obstacle_to_encoding
print(obstacle_to_encoding("1.2.840.10008.1.2.4.80"))
"""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert "pip install 'dulcet[codecs]'" in done.stdout
    assert obstacle_to_encoding(JPEG_LS) is None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux how much it held")
def test_memory_stays_flat(tmp_path):
    """Thirty frames take no more of it than two."""
    program = """
import re, sys
from dimse.objects.outgoing import examine
source = examine(sys.argv[1]).open("1.2.840.10008.1.2.5")
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
source.close()
"""
    root = Path(__file__).resolve().parents[3]
    frame = np.random.default_rng(7).integers(0, 4096, (1024, 1024), np.uint16).tobytes()
    held = []
    for frames in 2, 30:
        data_set = pydicom.dcmread(FIXTURES / "ct-explicit.dcm")
        data_set.Rows = data_set.Columns = 1024
        data_set.NumberOfFrames = frames
        data_set.PixelData = frames * frame
        path = tmp_path / f"{frames}.dcm"
        data_set.save_as(path)
        done = subprocess.run(
            [sys.executable, "-c", program, str(path)],
            cwd=root, capture_output=True, text=True, check=True,
        )  # fmt: skip
        held.append(int(done.stdout))
    assert held[1] - held[0] < 20_000, held  # KB; the pixels have 60 MB, and so have the fragments
