"""The table of storage SOP classes against the standard's, and its short codes against DCMTK itself."""

from __future__ import annotations

import csv
import ctypes
from ctypes.util import find_library
from pathlib import Path

import pytest
from installed import demand

from dimse.tables import storage_sops

STANDARD = Path(__file__).parents[3] / "fixtures" / "standard"


def rows(name):
    with (STANDARD / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_every_storage_sop_class_is_the_standards():
    standard = {
        row["uid"]: (row["name"], row["keyword"], row["retired"] == "Y")
        for row in rows("storage_sops.tsv")
    }
    ours = {
        s.uid: (s.name, s.keyword, s.retired) for s in storage_sops.STORAGE_SOP_CLASSES.values()
    }
    assert ours == standard


def test_the_acceptor_takes_all_but_the_media_directory():
    sent = [
        row["uid"] for row in rows("storage_sops.tsv") if "media-directory" not in row["category"]
    ]
    assert list(storage_sops.SUPPORTED_BY_DEFAULT) == sent


def test_prefixes():
    assert storage_sops.prefix_of("1.2.840.10008.5.1.4.1.1.2") == "CT"
    assert storage_sops.prefix_of("1.2.840.10008.5.1.4.1.1.4") == "MR"
    assert storage_sops.prefix_of("1.2.840.10008.5.1.4.1.1.6.1") == "US"
    assert storage_sops.prefix_of("1.2.840.10008.5.1.4.1.1.7") == "SC"
    assert storage_sops.prefix_of("1.2.840.10008.1.3.10") == "UNKNOWN"
    assert storage_sops.prefix_of("1.2.3", "OT") == "OT"
    assert storage_sops.name_of("1.2.840.10008.5.1.4.1.1.2") == "CT Image Storage"
    assert storage_sops.name_of("1.2.3") == "1.2.3"
    prefixes = [s.prefix for s in storage_sops.STORAGE_SOP_CLASSES.values() if s.prefix]
    assert all(p.replace("_", "").isalnum() and p.isascii() and len(p) <= 4 for p in prefixes)
    assert {p for p in prefixes if prefixes.count(p) > 1} == {"SRi"}


@pytest.mark.interop
def test_prefixes_are_dcmtks():
    name = find_library("dcmdata")
    try:
        library = ctypes.CDLL(name or "libdcmdata.so.17")
        # The C++ symbol of dcmSOPClassUIDToModality(char const*, char const*).
        lookup = library._Z24dcmSOPClassUIDToModalityPKcS0_
    except (OSError, AttributeError):
        demand("dcmtk", "no library dcmdata")
    lookup.restype = ctypes.c_char_p
    lookup.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    # Later than DCMTK 3.6.7, Protocol Approval gave up "PA" to the new Photoacoustic Image.
    renamed = {"1.2.840.10008.5.1.4.1.1.200.3": {b"PA", b"PAp"}}
    compared = 0
    for uid, sop_class in storage_sops.STORAGE_SOP_CLASSES.items():
        theirs = lookup(uid.encode(), None)
        if theirs is not None:
            ours = (sop_class.prefix or "").encode()
            assert {ours, theirs} <= renamed.get(uid, {ours}), uid
            compared += 1
    assert compared > 150
