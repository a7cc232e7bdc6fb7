"""Objects made ready for C-STORE: what `examine` and `Outgoing` promise the engine that sends them."""

from __future__ import annotations

import os

import pytest
from pydicom.dataset import Dataset
from tests_datasets import EXPLICIT, IMPLICIT, encode, identity, read_all, write_file

from dimse.errors import Unreadable
from dimse.objects.outgoing import examine

SYNTAXES = (EXPLICIT, IMPLICIT)  # as it is, and converted


def saved(path):
    return write_file(path, encode([*identity(), (0x00100010, "PN", b"A^B ")], EXPLICIT), EXPLICIT)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_file_that_nobody_touches(tmp_path, syntax):
    path = saved(tmp_path / "a.dcm")
    item = examine(path)
    assert (item.path, item.name, item.warnings) == (path, str(path), ())
    source = item.open(syntax)
    assert read_all(source)
    source.finish()
    source.close()
    source.close()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_file_that_is_overwritten_while_it_is_sent(tmp_path, syntax):
    path = saved(tmp_path / "a.dcm")
    source = examine(path).open(syntax)
    read_all(source)
    status = path.stat()
    with path.open("r+b") as file:
        file.write(bytes(128))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    with pytest.raises(Unreadable, match="changed while it was sent"):
        source.finish()
    source.close()


def test_a_data_set_is_named_by_its_uid():
    ds = Dataset()
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    ds.SOPInstanceUID = "1.2.3"
    item = examine(ds)
    assert item.path is None
    assert item.name == "data set 1.2.3 (CT Image Storage)"
    source = item.open(EXPLICIT)
    assert read_all(source)
    source.finish()
    source.close()
