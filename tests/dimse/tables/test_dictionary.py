"""DCMDICTPATH and DCMTK's dictionary format: what is read, what is said, what pydicom then knows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import hypothesis.strategies as st
import pydicom
import pydicom.data
import pytest
from hypothesis import example, given, settings
from installed import demand, need
from pydicom import datadict
from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom._private_dict import private_dictionaries
from tests_datasets import (
    BIG,
    EXPLICIT,
    IMPLICIT,
    Seq,
    data_set_of,
    encode,
    identity,
    write_file,
)

from dimse.errors import DictionaryError
from dimse.tables import dictionary, dictionary_format
from dimse.tables.dictionary import Dictionary, load, load_files
from dimse.tables.dictionary_format import (
    PSEUDO_VRS,
    VRS,
    DictionaryEntry,
    Fault,
    NumberRange,
    Parity,
    Problem,
    parse,
)

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "fixtures" / "dictionary"
SMALL, BAD_LINES = FIXTURES / "small.dic", FIXTURES / "bad_lines.dic"
DCMTK = sorted(Path("/usr/share").glob("libdcmtk*/dicom.dic"))
CT_SMALL = Path(pydicom.data.__file__).parent / "test_files" / "CT_small.dcm"


@contextmanager
def restoring():
    """pydicom's dictionary, and what we remember of it, are afterwards as they were."""
    tables = [
        DicomDictionary,
        RepeatersDictionary,
        datadict.keyword_dict,
        dictionary._mask_coverage,
    ]
    saved = [dict(table) for table in tables]
    private = {creator: dict(known) for creator, known in private_dictionaries.items()}
    masks, keywords = datadict.masks, list(datadict.REPEATER_KEYWORDS)
    fixed = set(dictionary._fixed_keys)
    yield
    for table, content in zip(tables, saved, strict=True):
        table.clear()
        table.update(content)
    private_dictionaries.clear()
    private_dictionaries.update(private)
    datadict.masks = masks
    datadict.REPEATER_KEYWORDS[:] = keywords
    dictionary._fixed_keys.clear()
    dictionary._fixed_keys.update(fixed)


@pytest.fixture(autouse=True)
def _restored():
    with restoring():
        yield


def one(line):
    entries, problems = parse(line.replace("|", "\t"))
    assert len(entries) + len(problems) == 1
    return (entries or problems)[0]


def installed(text):
    entries, problems = parse(text.replace("|", "\t"))
    assert problems == []
    return Dictionary((), tuple(entries), ()).install()


# --- the grammar -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("(0010,0010)|PN|PatientName", DictionaryEntry(NumberRange(16, 16), NumberRange(16, 16), None, "PN", "PatientName")),
        ("(7fe0,10)|ox|A|n", DictionaryEntry(NumberRange(0x7FE0, 0x7FE0), NumberRange(16, 16), None, "ox", "A", "1-n")),
        (
            ' ( 0019 , "A , B) C" , 0a ) | U S | A B |1 - 2| x y ',
            DictionaryEntry(NumberRange(25, 25), NumberRange(10, 10), "A , B) C", "US", "AB", "1-2", "xy"),
        ),
        ("(6000-60FF,3000)|OW|A", DictionaryEntry(NumberRange(0x6000, 0x60FF, Parity.EVEN), NumberRange(0x3000, 0x3000), None, "OW", "A")),
        ("(9-o-ffff,10-U-ff)|LO|A", DictionaryEntry(NumberRange(9, 0xFFFF, Parity.ODD), NumberRange(16, 255), None, "LO", "A")),
        ("(9-E-b,0)|LO|A", DictionaryEntry(NumberRange(9, 11, Parity.EVEN), NumberRange(0, 0), None, "LO", "A")),
        ('(0009,"",10)|LO|A', DictionaryEntry(NumberRange(9, 9), NumberRange(16, 16), None, "LO", "A")),
        ("(1,2)|UI|A|1|DICOM/retired\r", DictionaryEntry(NumberRange(1, 1), NumberRange(2, 2), None, "UI", "A", "1", "DICOM/retired")),
        ("(1,2)|UI|A|1|x|  |", DictionaryEntry(NumberRange(1, 1), NumberRange(2, 2), None, "UI", "A", "1", "x")),
    ],
)  # fmt: skip
def test_good_lines(line, entry):
    assert one(line) == entry


@pytest.mark.parametrize(
    ("vm", "meaning"),
    [
        ("1", "1"), ("16", "16"), ("n", "1-n"), ("N", "1-n"), ("3n", "3-3n"), ("2-6", "2-6"),
        ("6-n", "6-n"), ("2-2n", "2-2n"), ("2-2N", "2-2n"), ("999999999", "999999999"),
    ],
)  # fmt: skip
def test_multiplicities(vm, meaning):
    assert one(f"(1,2)|US|A|{vm}").vm == meaning


@pytest.mark.parametrize(
    "vm", ["0", "-1", "1-", "-n", "6-2", "1x", "1-nn", "n2", "1,2", "٣", "1" * 5000]
)
def test_no_multiplicities(vm):
    problem = one(f"(1,2)|US|A|{vm}")
    assert problem.fault is Fault.BAD_VM
    assert len(problem.text) <= 200


def test_every_vr_and_no_other():
    standard = {str(vr) for vr in pydicom.valuerep.STANDARD_VR}
    assert standard == VRS
    for vr in VRS | set(PSEUDO_VRS):
        assert one(f"(1,2)|{vr}|A").vr == vr
    for vr in ("us", "OX", "LTX", "", "??", "U"):
        assert one(f"(1,2)|{vr}|A").fault is Fault.BAD_VR


@pytest.mark.parametrize(
    "tag",
    [
        "0010,0010", "(0010)", "(0010,0010", "(0010,00100)", "(,0010)", "(0010,)", "(0x10,0010)",
        "(0012-0010,0010)", "(0010-0012-0014,0010)", "(0010-x-0012,0010)", "(0010-,0010)",
        "(0011-e-0011,0010)", "(0010,0010)x", '(0011,"A",)', '(0011,"A)', '("A",0011,10)', "(00 1G,10)",
    ],
)  # fmt: skip
def test_no_tags(tag):
    assert one(f"{tag}|US|A") == Problem("", 1, Fault.BAD_TAG, tag)


def test_too_few_and_too_many_fields():
    assert one("(1,2)").fault is Fault.TOO_FEW_FIELDS
    assert one("(1,2)|US").fault is Fault.TOO_FEW_FIELDS
    assert one("(1,2)|US|  |1") == Problem("", 1, Fault.TOO_FEW_FIELDS, "no name")
    assert one("(1,2)|US|A|1|x|y").fault is Fault.TOO_MANY_FIELDS


def test_lines_that_say_nothing():
    assert parse("\n  \n\t\n#\n  # (1,2)\tUS\tA\n\r\n") == ([], [])
    assert parse("") == ([], [])


def test_a_line_of_any_length():
    entries, problems = parse(f'(1,"{"c" * 100_000}",2)\tUS\t{"N" * 100_000}\n')
    assert problems == []
    assert len(entries[0].creator) == len(entries[0].keyword) == 100_000


def test_what_is_no_dictionary_is_not_read_to_its_end():
    entries, problems = parse("nonsense\n" * 5000 + "(1,2)\tUS\tA\n", "x")
    assert entries == []
    assert len(problems) == dictionary_format.MAXIMUM_PROBLEMS + 1
    assert problems[-1] == Problem("x", 1001, Fault.GIVEN_UP, "")


def test_bad_lines_are_named_and_good_ones_kept():
    entries, problems = parse(BAD_LINES.read_text(encoding="utf-8"), "bad_lines.dic")
    assert [entry.keyword for entry in entries] == ["GoodOne", "GoodTwo"]
    assert [problem.line for problem in problems] == list(range(3, 21))
    assert str(problems[-1]) == "bad_lines.dic: bad Tag field (line 20)"
    assert str(problems[3]) == "bad_lines.dic: bad Tag field (line 6): (1112;0031)"


@given(st.text(st.sampled_from('(),-"0aFoeuUSxn|#\n A'), max_size=200))
@example('(0,"",0)|US|A')
def test_any_text_gives_entries_and_problems(text):
    text = text.replace("|", "\t")
    entries, problems = parse(text)
    lines = text.split("\n")
    said = [n for n, line in enumerate(lines, 1) if line.strip() and line.strip()[0] != "#"]
    assert len(entries) + len(problems) == len(said)
    assert {problem.line for problem in problems} <= set(said)
    for entry in entries:
        assert 0 <= entry.group.low <= entry.group.high <= 0xFFFF
        assert entry.group.numbers()
        assert entry.element.numbers()


PARTS = st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.sampled_from(Parity)).map(
    lambda p: NumberRange(min(p[:2]), max(p[:2]), p[2])
)


@given(PARTS)
def test_numbers_of_a_span(span):
    wanted = {Parity.ANY: (0, 1), Parity.EVEN: (0,), Parity.ODD: (1,)}[span.parity]
    assert list(span.numbers()) == [n for n in range(span.low, span.high + 1) if n % 2 in wanted]


@given(
    PARTS.filter(lambda s: s.numbers()),
    PARTS.filter(lambda s: s.numbers()),
    st.sampled_from(sorted(VRS | set(PSEUDO_VRS))),
    st.one_of(st.none(), st.text("ABC xyz,)(-", min_size=1)),
    st.sampled_from(["1", "1-n", "2-2n", "3-16", "7"]),
    st.text("DICOM/retired", min_size=1),
)
def test_what_is_written_by_the_rules_is_read(group, element, vr, creator, vm, version):
    entry = DictionaryEntry(group, element, creator, vr, "Name", vm, version)

    def part(span):
        if span.parity is Parity.ANY and span.low == span.high:
            return f"{span.low:04x}"
        return f"{span.low:04X}-{span.parity.value}-{span.high:04x}"

    who = f'"{creator}",' if creator else ""
    line = f"({part(group)},{who}{part(element)})\t{vr}\tName\t{vm}\t{version}"
    assert parse(line) == ([entry], [])


# --- files and the environment -----------------------------------------------------------------


def test_unset_means_pydicoms_own(monkeypatch, tmp_path):
    monkeypatch.setattr(dictionary, "DEFAULT_FILE", str(tmp_path / "none.dic"))
    for environ in ({}, {"DCMDICTPATH": ""}):
        assert load(environ) == Dictionary()
    assert Dictionary().install() == ()
    monkeypatch.delenv("DCMDICTPATH", raising=False)
    assert load() == Dictionary()


def test_unset_and_the_seeds_default_file_is_there(monkeypatch, tmp_path):
    assert dictionary.DEFAULT_FILE == "/usr/local/dicom/lib/dicom.dic"
    monkeypatch.setattr(dictionary, "DEFAULT_FILE", str(SMALL))
    assert load({}).paths == (str(SMALL),)
    assert len(load({}).entries) == 25
    # A default that can't be used is no error, since pydicom's dictionary is there; but it is said.
    monkeypatch.setattr(dictionary, "DEFAULT_FILE", str(tmp_path))
    (problem,) = load({}).problems
    assert str(problem) == f"{tmp_path}: cannot be loaded: not a regular file"


def test_colons_separate_and_empty_elements_are_skipped(monkeypatch):
    value = f"::{SMALL}::{BAD_LINES}:"
    loaded = load({"DCMDICTPATH": value})
    assert loaded.paths == (str(SMALL), str(BAD_LINES))
    assert len(loaded.entries) == 27
    assert loaded.entries[-1].keyword == "GoodTwo"
    assert {problem.path for problem in loaded.problems} == {str(BAD_LINES)}
    monkeypatch.setenv("DCMDICTPATH", value)
    assert load() == loaded


def test_one_good_file_is_enough_in_either_order():
    for value in (f"{SMALL}:/no/such/file", f"/no/such/file:{SMALL}"):
        loaded = load({"DCMDICTPATH": value})
        assert len(loaded.entries) == 25
        (problem,) = loaded.problems
        assert str(problem) == "/no/such/file: cannot be loaded: No such file or directory"
    # DCMTK counts a file with good and bad lines as not loaded if it is the last one.
    assert len(load({"DCMDICTPATH": str(BAD_LINES)}).entries) == 2


def test_set_but_nothing_can_be_loaded(tmp_path):
    empty, bad = tmp_path / "empty.dic", tmp_path / "bad.dic"
    empty.write_text("# nothing\n")
    bad.write_text("one\ntwo\n")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    value = f"/no/such/file:{empty}:{bad}:{tmp_path}:{fifo}"
    with pytest.raises(DictionaryError) as caught:
        load({"DCMDICTPATH": value})
    error = caught.value
    assert error.paths == tuple(value.split(":"))
    assert Counter(problem.path for problem in error.problems)[str(bad)] == 2
    for part in (
        "DCMDICTPATH is set, but no data dictionary could be loaded",
        "/no/such/file: cannot be loaded: No such file or directory",
        f"{empty}: holds no entry",
        f"{bad}: too few fields (line 1) (and 1 more)",
        f"{tmp_path}: cannot be loaded: not a regular file",
        f"{fifo}: cannot be loaded: not a regular file",
        "unset it to use the built-in dictionary",
    ):
        assert part in str(error)
    with pytest.raises(DictionaryError, match='"::" names no file'):
        load({"DCMDICTPATH": "::"})


def test_a_name_with_a_nul(tmp_path):
    (problem,) = load_files(["a\0b"]).problems
    assert problem.fault is Fault.UNREADABLE


def test_a_file_that_is_too_large(tmp_path):
    large = tmp_path / "large.dic"
    with large.open("wb") as file:
        file.truncate(dictionary.MAXIMUM_FILE + 1)
    (problem,) = load_files([str(large)]).problems
    assert "16777217 bytes is too large for a dictionary" in str(problem)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_old_files_are_latin_1(tmp_path, encoding):
    path = tmp_path / "x.dic"
    path.write_bytes('(0029,"MÜLLER µ",01)\tUS\tName\n'.encode(encoding))
    (entry,) = load_files([str(path)]).entries
    assert entry.creator == "MÜLLER µ"


# --- DCMTK itself ------------------------------------------------------------------------------


def dcmtks_dictionary() -> Path:
    if not DCMTK:
        demand("dcmtk", "no /usr/share/libdcmtk*/dicom.dic")
    return DCMTK[0]


@pytest.mark.interop
def test_dcmtks_own_files_are_read_whole():
    paths = sorted(dcmtks_dictionary().parent.glob("*.dic"))
    assert len(paths) > 1
    for path in paths:
        text = path.read_text(encoding="utf-8")
        said = [line for line in text.splitlines() if line.strip() and line.strip()[0] != "#"]
        entries, problems = parse(text)
        assert problems == [], path
        assert len(entries) == len(said) > 100, path


@pytest.mark.interop
def test_dcmtk_finds_the_same_lines_bad():
    done = subprocess.run(
        [need("dcmtk", "dcmdump"), str(CT_SMALL)],
        env={**os.environ, "DCMDICTPATH": str(BAD_LINES)},
        capture_output=True,
        text=True,
        check=False,
    )
    theirs = {
        (int(line), fault)
        for fault, line in re.findall(r": ([a-zA-Z ]+) \(line (\d+)\)", done.stderr)
    }
    ours = {(p.line, str(p.fault)) for p in load_files([str(BAD_LINES)]).problems}
    # It reads as much of a number, and of a VR, as it understands; see the README beside the file.
    assert ours - theirs == {(9, "bad Tag field"), (16, "bad VR field")}
    assert theirs <= ours
    assert len(theirs) == 16


@pytest.mark.interop
def test_pydicom_knows_all_of_dcmtks_dictionary():
    public = dcmtks_dictionary()
    loaded = load({"DCMDICTPATH": f"{public}:{public.parent / 'private.dic'}"})
    left_out = loaded.install()
    assert {entry.keyword for entry in left_out} == {
        "Item", "ItemDelimitationItem", "SequenceDelimitationItem",
        "PrivateGroupLength", "PrivateCreator", "IllegalGroupLength", "IllegalPrivateCreator",
    }  # fmt: skip
    last = {}
    for entry in loaded.entries:
        if entry not in left_out:
            last[entry.group, entry.element, entry.creator] = entry
    exact = {
        entry.group.low << 16 | entry.element.low
        for entry in last.values()
        if entry.group.low == entry.group.high and entry.element.low == entry.element.high
    }
    for entry in last.values():
        vr = PSEUDO_VRS.get(entry.vr, entry.vr)
        for group in {*entry.group.numbers()[:2], entry.group.numbers()[-1]}:
            for element in {*entry.element.numbers()[:2], entry.element.numbers()[-1]}:
                tag = group << 16 | element
                if entry.creator is None:
                    if tag in exact and entry.group.low != entry.group.high:
                        continue
                    if tag % 0x10000 == 0 and entry.keyword == "GenericGroupLength" and group % 2:
                        continue
                    found = datadict.get_entry(tag)
                    keyword = entry.keyword.removeprefix("RETIRED_")
                    assert found[0] == vr, hex(tag)
                    assert found[1] == entry.vm
                    assert found[4] == keyword
                    assert ("Retired" in found[3]) is entry.retired
                else:
                    block = 0 if element > 0xFF else 0x4200
                    found = datadict.get_private_entry(tag | block, entry.creator)
                    assert found[:3] == (vr, entry.vm, entry.keyword)
    # pydicom's own names for tags that it knows are the better ones, and stay.
    assert datadict.dictionary_description(0x00100010) == "Patient's Name"
    assert datadict.tag_for_keyword("PatientName") == 0x00100010


# --- in pydicom --------------------------------------------------------------------------------


def test_what_the_small_dictionary_makes_known():
    left_out = load({"DCMDICTPATH": str(SMALL)}).install()
    assert [entry.keyword for entry in left_out] == ["Item", "PrivateCreator"]
    assert datadict.get_entry(0x11120010) == (
        "FD",
        "2-2n",
        "SomethingOfOurOwn",
        "",
        "SomethingOfOurOwn",
    )
    assert datadict.tag_for_keyword("SomethingOfOurOwn") == 0x11120010
    assert datadict.get_entry(0x11110010)[0] == "LO"
    assert datadict.get_entry(0x00280106)[0] == "US or SS"
    assert datadict.get_entry(0x00283006)[0] == "US or SS or OW"
    assert datadict.get_entry(0x7FE00010)[0] == "OB or OW"
    assert datadict.get_entry(0x00041400)[0] == "UL"
    # Ranges, to their ends and not beyond, and only of the right parity.
    assert datadict.get_entry(0x601E3000)[:2] == ("OB or OW", "1")
    assert datadict.get_entry(0x002031FE)[4] == "SourceImageIDs"
    assert datadict.get_entry(0x10000013)[4] == "OddElements"
    assert datadict.repeater_has_keyword("OddElements")
    assert datadict.dictionary_is_retired(0x10000011)
    with pytest.raises(KeyError):
        datadict.get_entry(0x10000017)
    # Creators.
    creator = "DULCET TEST 1.0"
    assert datadict.get_private_entry(0x00291001, creator)[0] == "US"
    assert datadict.get_private_entry(0x0029FF03, creator)[:2] == ("FL", "1-n")
    assert datadict.get_private_entry(0x00291004, creator)[0] == "OW"
    with pytest.raises(KeyError):
        datadict.get_private_entry(0x00291104, creator)
    for group in (0x0031, 0x0033, 0x0035):
        assert datadict.get_private_entry(group << 16 | 0x1012, creator)[:2] == ("SS", "2-2n")
        with pytest.raises(KeyError):
            datadict.get_private_entry(group << 16 | 0x1011, creator)
    assert datadict.get_private_entry(0x00291001, "a, strange) creator")[0] == "DS"
    # The later entry wins.
    assert datadict.get_entry(0x11120020)[0] == "SL"
    assert datadict.get_private_entry(0x00291009, creator)[0] == "SL"


def test_the_later_dictionary_wins_over_the_earlier_and_over_pydicom():
    installed("(0010,0010)|LO|PatientName\n(1000-1020,0002)|US|First\n")
    installed("(0010,0010)|UT|PatientName\n(1000-1020,0002)|SL|Second\n")
    assert datadict.dictionary_VR(0x00100010) == "UT"
    assert datadict.dictionary_VR(0x10120002) == "SL"
    assert datadict.dictionary_keyword(0x10120002) == "Second"
    # Over pydicom's own repeating groups as well, and over its entries for one block.
    assert datadict.dictionary_VR(0x60021500) == "LO"
    installed("(6000-60FF,1500)|UT|OverlayLabel")
    assert datadict.dictionary_VR(0x60021500) == "UT"
    private_dictionaries["DULCET X"] = {
        "00291001": ("US", "1", "a", ""),
        "0029xx02": ("US", "1", "b", ""),
    }
    installed('(0029,"DULCET X",01)|FD|A\n(0029,"DULCET X",1102)|FD|B\n(0029,"DULCET X",02)|FL|C')
    assert datadict.get_private_entry(0x00291001, "DULCET X")[0] == "FD"
    assert datadict.get_private_entry(0x00291102, "DULCET X")[0] == "FD"
    assert datadict.get_private_entry(0x00291202, "DULCET X")[0] == "FL"


def test_a_narrower_range_is_found_before_a_wider_one():
    narrow, wide = "(3100-u-3106,0010)|US|Narrow\n", "(3100-u-31FF,0010)|LO|Wide\n"
    odd = "(3101-u-3104,0010)|FD|Odd\n"  # cut into blocks that are as small as those of others
    for text in (narrow + wide + odd, odd + wide + narrow, wide + narrow + odd):
        installed(text)
        assert datadict.dictionary_VR(0x31000010) == "US"
        assert datadict.dictionary_VR(0x31020010) == "FD"
        assert datadict.dictionary_VR(0x31060010) == "US"
        assert datadict.dictionary_VR(0x31080010) == "LO"


def test_what_has_no_place_in_pydicom():
    lines = [
        "(FFFE,E000)|na|Item",
        "(FFFE,E001)|pi|PixelItem",
        "(0009-o-FFFF,0010-u-00FF)|LO|PrivateCreator",
        '(0010,"EVEN GROUP",10)|LO|A',
        '(0009-o-FFFF,"TOO MANY",00-u-FF)|LO|A',
    ]
    left_out = installed("\n".join([*lines, '(0009-u-000c,"BOTH",10)|LO|A']))
    assert len(left_out) == len(lines)
    assert datadict.get_private_entry(0x000B1010, "BOTH")[0] == "LO"
    assert "000Axx10" not in private_dictionaries["BOTH"]


def test_a_keyword_is_never_taken_from_its_tag():
    installed("(1112,0010)|US|BitsAllocated\n(0010,0020)|LO|OldNameOfPatientID")
    assert datadict.tag_for_keyword("BitsAllocated") == 0x00280100
    assert datadict.tag_for_keyword("PatientID") == 0x00100020
    assert datadict.tag_for_keyword("OldNameOfPatientID") == 0x00100020


SPANS = (
    st.tuples(st.integers(0, 0xFFFF), st.integers(0, 300), st.sampled_from(Parity))
    .map(lambda p: NumberRange(p[0], min(p[0] + p[1], 0xFFFF), p[2]))
    .filter(lambda s: s.numbers())
)


@given(SPANS)
def test_blocks_fit_a_span_exactly(span):
    blocks = list(dictionary._blocks(span))
    near = range(max(span.low - 300, 0), min(span.high + 301, 0x10000))
    for number in near:
        hits = sum(number & mask == value for value, mask in blocks)
        assert hits == (number in span.numbers())
    assert len(blocks) <= 32


@given(PARTS.filter(lambda s: s.numbers()))
def test_blocks_of_large_spans_are_few(span):
    blocks = list(dictionary._blocks(span))
    covered = sum(1 << (16 - mask.bit_count()) for _, mask in blocks)
    assert covered == len(span.numbers())
    assert len(blocks) <= 32


@given(st.lists(st.tuples(SPANS, SPANS), min_size=1, max_size=4), st.data())
@settings(deadline=None, max_examples=100)
def test_ranges_are_looked_up_as_the_rules_say(spans, data):
    entries = [
        DictionaryEntry(group, element, None, "US", f"N{n}")
        for n, (group, element) in enumerate(spans)
    ]
    chosen = data.draw(st.sampled_from(entries))
    group = data.draw(st.sampled_from(chosen.group.numbers()))
    element = data.draw(st.sampled_from(chosen.element.numbers()))
    if group % 2:
        return  # pydicom doesn't look for ranges of private tags

    def size(entry):
        return len(entry.group.numbers()) * len(entry.element.numbers())

    matching = [
        entry
        for entry in entries
        if group in entry.group.numbers() and element in entry.element.numbers()
    ]
    matching.reverse()
    best = min(matching, key=size)  # the first of equal ones, which is the last that was given
    with restoring():
        own = {
            (group << 16 | element) in DicomDictionary,
            datadict.mask_match(group << 16 | element),
        }
        assert Dictionary((), tuple(entries), ()).install() == tuple(
            e for e in entries if not any(n % 2 == 0 for n in e.group.numbers()) and size(e) > 1
        )
        found = datadict.get_entry(group << 16 | element)[4]
    assert found == best.keyword or own != {False, None}


# --- what it is for ----------------------------------------------------------------------------


def test_conversion_uses_it(tmp_path):
    creator = b"DULCET TEST 1.0 "
    elements = [
        (0x00290010, "LO", creator),
        (0x00291001, "US", b"\1\2"),
        (0x00291002, "SQ", Seq([[(0x00290011, "LO", creator), (0x00291103, "FL", b"\1\2\3\4")]])),
        (0x00291004, "OW", b"\1\2\3\4"),
        (0x11110010, "LO", b"no creator"),
        (0x11120010, "FD", b"\1\2\3\4\5\6\7\x08"),
    ]
    data = encode([*identity(), *elements], IMPLICIT)
    path = write_file(tmp_path / "private.dcm", data, IMPLICIT)

    def converted(syntax):
        return data_set_of(path, syntax)

    unknown = [e if e[0] == 0x00290010 else (*e[:1], "UN", e[2]) for e in elements]
    unknown[2] = (0x00291002, "UN", encode(elements[2][2].items[0], IMPLICIT))
    unknown[2] = (
        0x00291002,
        "UN",
        b"\xfe\xff\0\xe0" + len(unknown[2][2]).to_bytes(4, "little") + unknown[2][2],
    )
    unknown[4] = (0x11110010, "LO", b"no creator")  # where a creator would stand
    assert converted(EXPLICIT) == encode([*identity(), *unknown], EXPLICIT)
    load({"DCMDICTPATH": str(SMALL)}).install()
    for syntax in (EXPLICIT, BIG):
        assert converted(syntax) == encode([*identity(), *elements], syntax)


def test_dumps_use_it(tmp_path):
    creator = b"DULCET TEST 1.0 "
    elements = [
        (0x00290010, "LO", creator),
        (0x00291001, "US", b"\1\2"),
        (0x11120010, "FD", bytes(8)),
    ]
    path = write_file(tmp_path / "d.dcm", encode([*identity(), *elements], IMPLICIT), IMPLICIT)
    load({"DCMDICTPATH": str(SMALL)}).install()
    dump = str(pydicom.dcmread(path))
    assert re.search(r"\(0029,1001\) \[FirstNumber\] +US: 513", dump)
    assert re.search(r"\(1112,0010\) SomethingOfOurOwn +FD: 0.0", dump)


def test_pydicom_is_not_loaded_before_it_is_needed():
    program = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}]
import dimse.tables.dictionary, dimse.plan, dimse.storage.spool, dimse.objects.transcode
dimse.tables.dictionary.load({{"DCMDICTPATH": {str(SMALL)!r}}})
assert "pydicom" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
