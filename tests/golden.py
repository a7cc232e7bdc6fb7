"""Golden PDUs of `fixtures/pdus`: annotated hex, read without any code of dulcet.

    from golden import goldens
    for each in goldens("canonical", kind="A-ASSOCIATE-RQ"): each.data, each.fields

The format is described in `fixtures/README.md`.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
PDUS = FIXTURES / "pdus"
GROUPS = ("canonical", "tolerated", "unacceptable", "invalid")


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A run of bytes under one comment."""

    depth: int
    offset: int
    data: bytes
    comment: str


@dataclasses.dataclass(frozen=True, slots=True)
class Golden:
    """One file of `fixtures/pdus`."""

    name: str
    group: str
    kind: str  # "A-ASSOCIATE-RQ", "item 51H", or "PDU" where no type is defined
    says: str
    clause: str
    data: bytes
    fields: dict[str, Any] | None  # by the names of the dataclasses; bytes as hex digits
    wire: tuple[Field, ...]
    keys: dict[str, str]  # what else the header says: answer, case, framing ...

    @property
    def item_type(self) -> int | None:
        """The type of an item or sub-item fixture."""
        return int(self.kind[5:7], 16) if self.kind.startswith("item ") else None


class GoldenError(ValueError):
    """The file does not follow the format."""


def parse(text: str, name: str = "", group: str = "") -> Golden:
    """A golden file's text as its parts; raises `GoldenError`, naming the line."""
    keys: dict[str, str] = {}
    fields: list[str] | None = None
    lines = enumerate(text.splitlines(), 1)
    for number, line in lines:
        if line == "bytes:":
            break
        if line == "fields:" and fields is None:
            fields = []
        elif line.startswith("  ") and fields is not None:
            fields.append(line)
        else:
            key, colon, value = line.partition(": ")
            if not colon or key in keys or fields is not None:
                raise GoldenError(f"{name}:{number}: not a new 'key: value' line: {line!r}")
            keys[key] = value
    else:
        raise GoldenError(f"{name}: no 'bytes:' line")
    missing = [key for key in ("kind", "says", "clause") if key not in keys]
    if missing:
        raise GoldenError(f"{name}: no {missing[0]!r} line")
    wire = _wire(lines, name)
    return Golden(
        name,
        group,
        keys.pop("kind"),
        keys.pop("says"),
        keys.pop("clause"),
        b"".join(each.data for each in wire),
        None if fields is None else json.loads("".join(fields)),
        wire,
        keys,
    )


def _wire(lines: Iterable[tuple[int, str]], name: str) -> tuple[Field, ...]:
    found: list[Field] = []
    offset = 0
    for number, line in lines:
        digits, mark, comment = line.partition("#")
        try:
            data = bytes.fromhex(digits)
        except ValueError as error:
            raise GoldenError(f"{name}:{number}: {error}") from None
        if not data:
            raise GoldenError(f"{name}:{number}: a line without bytes")
        if mark:
            depth = (len(digits) - len(digits.lstrip(" "))) // 2
            found.append(Field(depth, offset, data, comment.strip()))
        elif found:  # a line without a comment goes on with the field above
            found[-1] = dataclasses.replace(found[-1], data=found[-1].data + data)
        else:
            raise GoldenError(f"{name}:{number}: the first line has no comment")
        offset += len(data)
    return tuple(found)


@functools.cache
def _group(group: str) -> tuple[Golden, ...]:
    paths = sorted((PDUS / group).glob("*.pdu"))
    return tuple(parse(path.read_text("utf-8"), path.stem, group) for path in paths)


def goldens(*groups: str, kind: str | None = None) -> list[Golden]:
    """The golden files of these groups (all, if none is named), or those of one kind."""
    every = [each for group in groups or GROUPS for each in _group(group)]
    return [each for each in every if kind in (None, each.kind)]


def golden(name: str, group: str = "canonical") -> Golden:
    """One golden file by its name."""
    return next(each for each in _group(group) if each.name == name)


def as_fields(value: Any) -> Any:
    """A dataclass as a golden file's `fields` write it: bytes as hex digits, tuples as lists.

    Fields that a dataclass does not compare (`compare=False`) are left out.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if dataclasses.is_dataclass(value):
        return {
            each.name: as_fields(getattr(value, each.name))
            for each in dataclasses.fields(value)
            if each.compare
        }
    if hasattr(value, "_asdict"):
        return {key: as_fields(each) for key, each in value._asdict().items()}
    if isinstance(value, tuple | list):
        return [as_fields(each) for each in value]
    return value


def significant(each: Golden, fields: dict[str, Any]) -> dict[str, Any]:
    """`fields` without what `each` calls not significant (its key `not_significant`).

    That is the transfer syntax of a context which an A-ASSOCIATE-AC rejects: whatever a decoder
    makes of it becomes None, as in the file (PS3.8 Table 9-18).
    """
    if each.keys.get("not_significant") != "presentation_contexts.transfer_syntaxes":
        return fields
    contexts = [
        context | {"transfer_syntaxes": None} if context["result"] else context
        for context in fields["presentation_contexts"]
    ]
    return fields | {"presentation_contexts": contexts}
