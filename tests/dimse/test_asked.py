"""What may be asked to be sent, and what is neither an object nor a series of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine_world import Thing
from pydicom.dataset import Dataset

from dimse.asked import examined, listed
from dimse.errors import InvalidValue, NotDICOM
from dimse.objects.finder import Unusable

BAD = Unusable(Path("bad.dcm"), NotDICOM("bad.dcm", "is a letter"))
CT = Path(__file__).parent.parent.parent / "fixtures" / "dicom" / "ct-explicit.dcm"


@pytest.mark.parametrize("items", [b"ct.dcm", 5, None])
def test_what_is_no_object_and_no_series_of_them(items: Any) -> None:
    with pytest.raises(InvalidValue, match="items"):
        listed(items)


@pytest.mark.parametrize("make", [io.BytesIO, lambda data: io.BufferedReader(io.BytesIO(data))])
def test_an_open_file_is_no_series_of_its_lines(make: Any) -> None:
    with pytest.raises(InvalidValue, match=r"items: .* is no path.*pydicom\.dcmread"):
        listed(make(b"one\ntwo\n"))


def test_one_object_is_one() -> None:
    thing = Thing(0, 2)
    assert listed("ct.dcm") == ["ct.dcm"]
    assert listed(thing) == [thing]
    assert listed(BAD) == [BAD]


def test_an_object_is_ready_however_it_was_named() -> None:
    thing = Thing(0, 2)
    assert examined(thing) is thing
    data_set = Dataset()
    data_set.SOPClassUID, data_set.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3"
    assert listed(data_set) == [data_set]
    assert examined(data_set).sop_instance_uid == "1.2.3"
    ways: list[Callable[[Path], Any]] = [str, Path]
    assert {examined(way(CT)).file for way in ways} == {str(CT)}


@pytest.mark.parametrize("item", [5, None, b"ct.dcm", {}])
def test_what_can_be_no_object(item: Any) -> None:
    with pytest.raises(InvalidValue, match="no path and no data set"):
        examined(item)
