"""Data dictionaries found through DCMDICTPATH, loaded into pydicom's dictionary.

DCMDICTPATH is a list of files separated by colons. Empty elements are skipped, an empty value
counts as unset, and of two entries for the same tag the later one wins. Set, but with nothing in
it that can be loaded, is an error. Unset, the seed's default file is loaded if it is there;
pydicom's built-in dictionary is always underneath. In DCMTK one bad line, if it is in the last
file, makes the whole dictionary count as missing; here every good line counts.

`load` reads the files (`dictionary_format` is their grammar); `Dictionary.install` puts the
entries into pydicom's dictionary, from where conversion and dumps take VRs and names. That is
process-wide, and nothing is imported from pydicom before it. pydicom looks a standard tag up by
number, then in a list of bit masks for the repeating groups; a private tag by its creator and a
key such as 0019xx0A. Ranges become masks that fit them exactly, parity included: a range is cut
into blocks whose size is a power of two, and the lowest bit says odd or even.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence

from dimse.errors import DictionaryError
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

    from dimse.tables.dictionary_format import DictionaryEntry, NumberRange, Problem

__all__ = [
    "DEFAULT_FILE",
    "ENVIRONMENT_VARIABLE",
    "Dictionary",
    "load",
    "load_files",
]

ENVIRONMENT_VARIABLE: Final = "DCMDICTPATH"
DEFAULT_FILE: Final = "/usr/local/dicom/lib/dicom.dic"

# DCMTK's own dictionary has 250 kB. Past this it is another kind of file.
MAXIMUM_FILE: Final = 16 << 20
# pydicom has no masks for private tags: a range of them is spelled out, up to this many keys.
MAXIMUM_PRIVATE_KEYS: Final = 4096


@dataclass(frozen=True, slots=True)
class Dictionary:
    """What was loaded: the files, their entries in order (later ones win), what was wrong."""

    paths: tuple[str, ...] = ()
    entries: tuple[DictionaryEntry, ...] = ()
    problems: tuple[Problem, ...] = ()

    def install(self) -> tuple[DictionaryEntry, ...]:
        """Put the entries into pydicom's dictionary, for the whole process.

        Returns:
            The entries that pydicom has no place for: delimiters, ranges of private groups
            without a creator, creators in even groups, and ranges of more than 4,096 private
            tags.
        """
        return _install(self.entries) if self.entries else ()


def load(environ: Mapping[str, str] | None = None) -> Dictionary:
    """Load the dictionaries that DCMDICTPATH names, or the default file if it is there.

    Args:
        environ: the environment; that of the process unless given.

    Returns:
        Their entries and what was wrong with them; empty if the variable is unset and there is
        no default file, which leaves pydicom's built-in dictionary.

    Raises:
        DictionaryError: the variable is set and not one entry could be loaded.
    """
    value = (os.environ if environ is None else environ).get(ENVIRONMENT_VARIABLE, "")
    if not value:
        return load_files([DEFAULT_FILE]) if os.path.lexists(DEFAULT_FILE) else Dictionary()
    dictionary = load_files([path for path in value.split(":") if path])
    if not dictionary.entries:
        raise DictionaryError(value, dictionary.paths, dictionary.problems)
    return dictionary


def load_files(paths: Sequence[str]) -> Dictionary:
    """Load the named files in order. A file that can't be read is a problem, not an exception."""
    # Few have a dictionary, and its grammar is regular expressions.
    from dimse.tables.dictionary_format import Fault, Problem, parse  # noqa: PLC0415

    entries: list[DictionaryEntry] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            text = _read(path)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else None
            problems.append(Problem(path, 0, Fault.UNREADABLE, why or str(error)))
            continue
        good, bad = parse(text, path)
        entries += good
        problems += bad
    return Dictionary(tuple(paths), tuple(entries), tuple(problems))


def _read(path: str) -> str:
    # O_NONBLOCK: a FIFO named by mistake must not hang the program before it is looked at.
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a regular file")
        if status.st_size > MAXIMUM_FILE:
            raise ValueError(f"{status.st_size} bytes is too large for a dictionary")
        with open(fd, "rb", closefd=False) as file:
            content = file.read(MAXIMUM_FILE)
    finally:
        os.close(fd)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")  # any bytes at all; older files are written in it


# What this module has installed: how many tags the entry of each mask covers, and the private
# keys for one fixed block. pydicom's own are told apart from them.
_mask_coverage: dict[str, int] = {}
_fixed_keys: set[tuple[str, str]] = set()


def _install(entries: Sequence[DictionaryEntry]) -> tuple[DictionaryEntry, ...]:
    left_out: list[DictionaryEntry] = []
    ranges: list[DictionaryEntry] = []
    for entry in entries:
        groups, elements = entry.group.numbers(), entry.element.numbers()
        if not entry.representation:  # a delimiter, no data element
            left_out.append(entry)
        elif entry.creator is not None:
            if not _install_private(entry, entry.creator):
                left_out.append(entry)
        elif len(groups) == len(elements) == 1:
            _install_exact(entry, groups[0] << 16 | elements[0])
        elif any(group % 2 == 0 for group in groups[:2]):
            ranges.append(entry)
        else:
            left_out.append(entry)
    _install_ranges(ranges)
    return tuple(left_out)


def _install_exact(entry: DictionaryEntry, tag: int) -> None:
    # Heavy, and only a program that converts or dumps needs it.
    from pydicom._dicom_dict import DicomDictionary  # noqa: PLC0415
    from pydicom.datadict import keyword_dict  # noqa: PLC0415

    keyword = entry.keyword.removeprefix("RETIRED_")
    known = DicomDictionary.get(tag)
    name = known[2] if known and known[4] == keyword else keyword
    DicomDictionary[tag] = (entry.representation, entry.vm, name, _retired(entry), keyword)
    # Never moved to another tag: pydicom itself reads attributes by keyword.
    keyword_dict.setdefault(keyword, tag)


def _install_private(entry: DictionaryEntry, creator: str) -> bool:
    # As above.
    from pydicom._private_dict import private_dictionaries  # noqa: PLC0415

    groups = [group for group in entry.group.numbers() if group % 2]
    elements = entry.element.numbers()
    if not groups or len(groups) * len(elements) > MAXIMUM_PRIVATE_KEYS:
        return False
    known = private_dictionaries.setdefault(creator, {})
    value = (entry.representation, entry.vm, entry.keyword, _retired(entry))
    for group in groups:
        for element in elements:
            if element > 0xFF:  # a fixed block, whatever the creator reserved
                key = f"{group:04X}{element:04X}"
                _fixed_keys.add((creator, key))
            else:
                key = f"{group:04X}xx{element:02X}"
                _drop_fixed(known, creator, key)
            known[key] = value
    return True


def _drop_fixed(known: dict[str, tuple[str, str, str, str]], creator: str, general: str) -> None:
    # pydicom knows some tags for one block only, and looks there first: make way for ours.
    for key in [key for key in known if key[:4] == general[:4] and key[6:] == general[6:]]:
        if "x" not in key and (creator, key) not in _fixed_keys:
            del known[key]


def _install_ranges(entries: Sequence[DictionaryEntry]) -> None:
    # As above.
    from pydicom import datadict  # noqa: PLC0415
    from pydicom._dicom_dict import RepeatersDictionary  # noqa: PLC0415

    names = {value[4]: value[2] for value in RepeatersDictionary.values()}
    candidates = []
    for entry in reversed(entries):
        keyword = entry.keyword.removeprefix("RETIRED_")
        name = names.get(keyword, keyword)
        value = (entry.representation, entry.vm, name, _retired(entry), keyword)
        covers = len(entry.group.numbers()) * len(entry.element.numbers())
        for group, group_mask in _blocks(entry.group):
            for element, element_mask in _blocks(entry.element):
                bits, mask = group << 16 | element, group_mask << 16 | element_mask
                candidates.append((covers, f"{bits:08X}/{mask:08X}", (bits, mask), value))
    for key, masks in datadict.masks.items():
        covers = _mask_coverage.get(key, 1 << (32 - masks[1].bit_count()))
        candidates.append((covers, key, masks, RepeatersDictionary[key]))
    # As in DCMTK a narrower range is found before a wider one, and of equal ones the later entry;
    # sorting is stable, and the later entries stand in front.
    candidates.sort(key=lambda candidate: candidate[0])
    found: dict[str, tuple[int, int]] = {}
    for covers, key, masks, value in candidates:
        if key not in found:
            found[key] = masks
            RepeatersDictionary[key] = value
            if "/" in key:
                _mask_coverage[key] = covers
    datadict.REPEATER_KEYWORDS += [
        value[4] for _, _, _, value in candidates if value[4] not in names
    ]
    # Replaced as a whole: another thread may be walking through the old one.
    datadict.masks = found


def _blocks(span: NumberRange) -> Iterator[tuple[int, int]]:
    """Cut a span into (value, mask): a number belongs to it if it equals value under mask."""
    numbers = span.numbers()
    shift = span.step - 1
    low, high = numbers[0] >> shift, numbers[-1] >> shift
    while low <= high:
        size = low & -low or 0x10000
        while size > high - low + 1:
            size >>= 1
        fixed = 0xFFFF >> shift & ~(size - 1)
        yield low << shift | numbers[0] & shift, fixed << shift | shift
        low += size


def _retired(entry: DictionaryEntry) -> str:
    return "Retired" if entry.retired else ""
