"""Patterns over traces."""

import pytest

from testbed.trace import compiled, ends_with, legend, matches, starts_with

FITS = [
    ("AB(0,*)", "AB(0,0) CLOSE"),
    ("AB(0,*)", "AB(0,5) OPEN"),
    ("AB(0/2,*)", "AB(2,1)"),
    ("AC", "AC(1:0;3:4)"),
    ("AC(*3:4*)", "AC(1:0;3:4)"),
    ("RJ(2,3,1/2)", "RJ(2,3,2) CLOSE"),
    ("AC? AB(2,*)", "AB(2,2) CLOSE"),
    ("AC? AB(2,*)", "AC(1:0) AB(2,2) CLOSE"),
    ("REQ+ RELEASE CLOSE", "C-STORE-RQ C-STORE-RQ RELEASE CLOSE"),
    ("RSP RSP", "C-ECHO-RSP(0000) C-7777-RSP(0211)"),
    ("C-STORE-RSP(A9*/0122)", "C-STORE-RSP(A900)"),
    ("MSG", "BADMSG OPEN"),
    ("ANY+", "PDU(09) JUNK CLOSE"),
    ("", "CLOSE"),
    ("", ""),
    ("CLOSE or AB(*,*)", "CLOSE"),
]
FITS_NOT = [
    ("AB(0,*)", "AB(2,0) CLOSE"),
    ("AB(0,*)", "CLOSE"),
    ("CLOSE", "AB(0,0) CLOSE"),
    ("CLOSE", "OPEN"),
    ("CLOSE", ""),
    ("RP", "RP RP"),
    ("ANY", "CLOSE"),
    ("AC(*3:4*)", "AC(1:0;3:0)"),
    ("C-STORE-RSP(A9*/0122)", "C-STORE-RSP(B000)"),
    ("RJ(1,1,2)", "RJ(1,1,23)"),
]


@pytest.mark.parametrize(("pattern", "trace"), FITS)
def test_fits(pattern, trace):
    assert matches(pattern, trace.split())


@pytest.mark.parametrize(("pattern", "trace"), FITS_NOT)
def test_fits_not(pattern, trace):
    assert not matches(pattern, trace.split())


def test_a_pattern_must_be_one():
    with pytest.raises(ValueError, match="not a pattern token"):
        compiled("ab(0)")


def test_tails_and_heads():
    assert ends_with("MSG or AB", ["AC(1:0)", "C-ECHO-RSP(0000)"])
    assert not ends_with("AB", ["AC(1:0)"])
    assert starts_with("RP", ["RP", "RP", "CLOSE"])
    assert not starts_with("RP", ["RP", "CLOSE"])


def test_legend_explains_what_occurs():
    lines = legend(["pass: AB(0,*)", "C-ECHO-RSP(0000) CLOSE"])
    assert [line.partition(":")[0] for line in lines[:-1]] == [
        "AB(source,reason)",
        "C-...-RSP(status)",
        "CLOSE",
    ]
