"""The value representations against pydicom's."""

from __future__ import annotations

from pydicom.filewriter import writers
from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32, STR_VR

from dimse.tables import vrs


def test_the_vrs_are_pydicoms():
    assert {vr.decode() for vr in vrs.SHORT_VRS} == {str(vr) for vr in EXPLICIT_VR_LENGTH_16}
    assert {vr.decode() for vr in vrs.LONG_VRS} == {str(vr) for vr in EXPLICIT_VR_LENGTH_32}


def test_the_padding_of_every_vr():
    """PS3.5 6.2: texts with a space, but UI with a NUL, as everything else."""
    for vr in vrs.ELEMENT_HEADER_LENGTH:
        text = vr.decode() in {str(each) for each in STR_VR} - {"UI"}
        assert vrs.padding_of(vr) == (b" " if text else b"\0"), vr
    assert vrs.padding_of(b"??") == b"\0"


def test_the_words_of_every_vr():
    sizes = {
        str(vr): {"H": 2, "h": 2, "L": 4, "l": 4, "f": 4, "d": 8, "Q": 8, "q": 8}[code]
        for vr, (_, code) in writers.items()
        if code is not None and len(code) == 1
    }
    assert sizes["US"] == 2
    for vr, size in sizes.items():
        assert vrs.WORD_LENGTH.get(vr.encode(), 1) == size or vr in {"OW", "OB"}, vr
