"""The golden PDUs are checked here without any code of dulcet: they are its oracle.

Three parties must agree on each file: the hex, the comment beside it, and the symbolic fields
above it, the last through a small reader that knows PS3.8 9.3 by its byte positions.
"""

from __future__ import annotations

import re
import struct
from typing import Any

import pytest
from golden import (
    FIXTURES,
    GROUPS,
    PDUS,
    Golden,
    GoldenError,
    as_fields,
    golden,
    goldens,
    parse,
    significant,
)

PDU_KINDS = {
    1: "A-ASSOCIATE-RQ",
    2: "A-ASSOCIATE-AC",
    3: "A-ASSOCIATE-RJ",
    4: "P-DATA-TF",
    5: "A-RELEASE-RQ",
    6: "A-RELEASE-RP",
    7: "A-ABORT",
}
ITEMS = (0x10, 0x20, 0x21, 0x30, 0x40, 0x50, *range(0x51, 0x5A))


def every(*groups: str) -> list[Any]:
    return [pytest.param(each, id=f"{each.group}/{each.name}") for each in goldens(*groups)]


# ---- the loader

SMALL = """\
kind: item 51H
says: small
clause: PS3.8 D.1.1
case: P.X
fields:
  {"maximum_length": 1}
bytes:
51      # type 51H
00 00
  04    # low byte
"""


def test_the_loader_reads_its_format():
    found = parse(SMALL, "small", "canonical")
    assert (found.name, found.group, found.kind, found.says) == (
        "small",
        "canonical",
        "item 51H",
        "small",
    )
    assert (found.clause, found.keys) == ("PS3.8 D.1.1", {"case": "P.X"})
    assert found.fields == {"maximum_length": 1}
    assert (found.data, found.item_type) == (b"\x51\0\0\4", 0x51)
    assert [(each.depth, each.offset, each.data, each.comment) for each in found.wire] == [
        (0, 0, b"\x51\0\0", "type 51H"),
        (1, 3, b"\4", "low byte"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("bytes:\n", "", "51      # type 51H"),
        ("bytes:", "byte:", "byte:"),
        (SMALL, "kind: x\nsays: y\nclause: z\n", "no 'bytes:' line"),
        ("says: small\n", "", "no 'says' line"),
        ("case: P.X", "kind: again", "not a new 'key: value' line"),
        ("case: P.X", "case P.X", "not a new 'key: value' line"),
        ("51      # type", "5       # type", "small:8: non-hexadecimal"),
        ("51      # type 51H", "51", "the first line has no comment"),
        ("00 00\n", "# only a comment\n", "a line without bytes"),
        ("00 00\n", "\n", "a line without bytes"),
    ],
)
def test_the_loader_names_what_is_wrong(old: str, new: str, why: str):
    assert old in SMALL
    with pytest.raises(GoldenError, match=re.escape(why)):
        parse(SMALL.replace(old, new), "small")


def test_files_can_be_asked_for_by_group_kind_and_name():
    assert {each.kind for each in goldens("canonical", kind="A-ABORT")} == {"A-ABORT"}
    assert len(goldens()) == sum(len(goldens(group)) for group in GROUPS)
    assert len(goldens()) == sum(1 for _ in PDUS.rglob("*.pdu"))
    assert golden("release-rq").data == bytes.fromhex("05 00 00000004 00000000")


def test_as_fields_writes_dataclasses_as_the_files_do():
    found = golden("release-rq").wire[0]
    assert as_fields((found, memoryview(b"\1\2"))) == [
        {"depth": 0, "offset": 0, "data": "05", "comment": "PDU type 05H, A-RELEASE-RQ"},
        "0102",
    ]


# ---- nothing is missing


def test_every_pdu_and_item_has_a_golden_file():
    kinds = {each.kind for each in goldens("canonical")}
    assert kinds == {*PDU_KINDS.values(), *(f"item {item:02X}H" for item in ITEMS)}


def test_every_defined_rejection_and_abort_has_a_golden_file():
    reasons = {1: (1, 2, 3, 7), 2: (1, 2), 3: (1, 2)}  # Table 9-21
    triples = {(r, s, e) for r in (1, 2) for s, each in reasons.items() for e in each}
    found = {tuple(each.data[7:10]) for each in goldens("canonical", kind="A-ASSOCIATE-RJ")}
    assert found == triples
    aborts = {tuple(each.data[8:10]) for each in goldens("canonical", "tolerated", kind="A-ABORT")}
    assert aborts >= {(0, 0), *((2, reason) for reason in range(7))}


def test_the_fixed_strings_of_the_standard_are_there():
    """The strings of section 12 of the notes on the PDUs, written down on their own."""
    text = (FIXTURES / "standard" / "ul_pdus.md").read_text("utf-8")
    section = text.split("## 12.")[1].split("## 13.")[0]
    whole = [each for each in re.findall(r"`([0-9A-F ]{20,})`", section) if each[:2] < "08"]
    have = {each.data for each in goldens("canonical")}
    assert len(whole) == 7
    assert [each for each in whole if bytes.fromhex(each) not in have] == []


def test_named_cases_exist():
    """A case that a file names is one of the testbed's."""
    cases = {each.keys["case"] for each in goldens() if "case" in each.keys}
    assert len(cases) > 40
    assert [each for each in cases if not re.fullmatch(r"P\.[A-Z0-9]+\.\d\d", each)] == []


# ---- hex and comment agree


@pytest.mark.parametrize("each", every())
def test_comments_tell_the_truth(each: Golden):
    """A number after '=' and a text in quotes are what the bytes say; so is a type."""
    for field in each.wire:
        quoted = re.search(r'"(.*)"$', field.comment)
        if quoted:
            assert quoted[1].encode("latin-1") == field.data
        number = re.search(r" = (\d+)", field.comment)
        if number:
            assert int(number[1]) == int.from_bytes(field.data, "big")
        shown = re.search(r"(?:type|control header) ([0-9A-F]{2})H", field.comment)
        if shown:
            assert int(shown[1], 16) == field.data[0]
        kind = re.search(r"^PDU type ..H, (\S+)$", field.comment)
        if kind:
            assert kind[1] == PDU_KINDS[field.data[0]]


@pytest.mark.parametrize("each", every("canonical", "unacceptable"))
def test_reserved_bytes_are_zero(each: Golden):
    for field in each.wire:
        if field.comment == "reserved" and each.name != "rq-reserved-pattern":
            assert not any(field.data), field


# ---- lengths agree, and fields with bytes: a reader that knows only byte positions


def split(body: bytes) -> list[tuple[int, int, bytes]]:
    """Items as (type, second byte, body); what is left over is an error."""
    found = []
    while body:
        kind, second, length = struct.unpack_from(">BBH", body)
        assert len(body) >= 4 + length, f"item {kind:02X}H overruns"
        found.append((kind, second, body[4 : 4 + length]))
        body = body[4 + length :]
    return found


def counted(body: bytes) -> tuple[bytes, bytes]:
    (length,) = struct.unpack_from(">H", body)
    assert len(body) >= 2 + length, "counted field overruns"
    return body[2 : 2 + length], body[2 + length :]


def uid(value: bytes) -> str:
    return value.decode("latin-1").rstrip("\0 ")


def read_user_item(kind: int, second: int, body: bytes) -> tuple[str, Any]:
    if kind == 0x51:
        return "maximum_length", struct.unpack(">I", body)[0]
    if kind == 0x52:
        return "implementation_class_uid", uid(body)
    if kind == 0x53:
        invoked, performed = struct.unpack(">HH", body)
        return "asynchronous_operations_window", {"invoked": invoked, "performed": performed}
    if kind == 0x54:
        name, roles = counted(body)
        scu, scp = struct.unpack("BB", roles)
        return "role_selections", [{"sop_class_uid": uid(name), "scu": bool(scu), "scp": bool(scp)}]
    if kind == 0x55:
        return "implementation_version_name", uid(body)
    if kind == 0x56:
        name, rest = counted(body)
        return "extended_negotiations", [{"sop_class_uid": uid(name), "information": rest.hex()}]
    if kind == 0x57:
        return "common_extended_negotiations", [read_common(second, body)]
    if kind == 0x58:
        primary, rest = counted(body[2:])
        secondary, rest = counted(rest)
        assert rest == b""
        return "user_identity", {
            "type": body[0],
            "primary": primary.hex(),
            "secondary": secondary.hex(),
            "positive_response_requested": bool(body[1]),
        }
    if kind == 0x59:
        response, rest = counted(body)
        assert rest == b""
        return "user_identity_response", response.hex()
    return "unknown", [{"item_type": kind, "body": body.hex()}]


def read_common(version: int, body: bytes) -> dict[str, Any]:
    name, rest = counted(body)
    service, rest = counted(rest)
    listed, rest = counted(rest)
    related = []
    while listed:
        entry, listed = counted(listed)
        related.append(uid(entry))
    return {
        "sop_class_uid": uid(name),
        "service_class_uid": uid(service),
        "related_general_sop_class_uids": related,
        "version": version,
        "rest": rest.hex(),
    }


def read_user_information(body: bytes) -> dict[str, Any]:
    one = "maximum_length implementation_class_uid asynchronous_operations_window \
        implementation_version_name user_identity user_identity_response"
    many = "role_selections extended_negotiations common_extended_negotiations unknown"
    found: dict[str, Any] = dict.fromkeys(one.split()) | {key: [] for key in many.split()}
    for kind, second, inside in split(body):
        key, value = read_user_item(kind, second, inside)
        found[key] = found[key] + value if isinstance(found[key], list) else value
    return found


def read_context(kind: int, body: bytes) -> dict[str, Any]:
    assert len(body) >= 4
    if kind == 0x21 and body[2] != 0:  # Table 9-18: nothing else is significant
        try:
            syntaxes = [uid(inside) for each, _, inside in split(body[4:]) if each == 0x40]
        except (AssertionError, struct.error):
            syntaxes = None
        return {"id": body[0], "result": body[2], "transfer_syntaxes": syntaxes}
    inside = split(body[4:])
    syntaxes = [uid(each) for sub, _, each in inside if sub == 0x40]
    if kind == 0x21:
        return {"id": body[0], "result": body[2], "transfer_syntaxes": syntaxes}
    abstract = [uid(each) for sub, _, each in inside if sub == 0x30]
    return {
        "id": body[0],
        "abstract_syntax": abstract[0] if len(abstract) == 1 else None,
        "transfer_syntaxes": syntaxes,
        "unknown": [
            {"item_type": sub, "body": each.hex()}
            for sub, _, each in inside
            if sub not in (0x30, 0x40)
        ],
    }


def read_associate(body: bytes) -> dict[str, Any]:
    assert len(body) >= 68
    found: dict[str, Any] = {
        "presentation_contexts": [],
        "user_information": read_user_information(b""),
        "application_context": None,
        "protocol_version": struct.unpack_from(">H", body)[0],
        "unknown": [],
    }
    request = any(kind == 0x20 for kind, _, _ in split(body[68:]))
    for kind, _, inside in split(body[68:]):
        if kind == 0x10:
            found["application_context"] = uid(inside)
        elif kind == (0x20 if request else 0x21):
            found["presentation_contexts"].append(read_context(kind, inside))
        elif kind == 0x50:
            found["user_information"] = read_user_information(inside)
        else:
            found["unknown"].append({"item_type": kind, "body": inside.hex()})
    return found


def read_pdvs(body: bytes) -> dict[str, Any]:
    pdvs = []
    while body:
        (length,) = struct.unpack_from(">I", body)
        assert 2 <= length <= len(body) - 4, "PDV overruns"
        pdvs.append(
            {"context_id": body[4], "control": body[5], "fragment": body[6 : 4 + length].hex()}
        )
        body = body[4 + length :]
    assert pdvs
    return {"pdvs": pdvs}


def read(each: Golden) -> dict[str, Any]:
    """The fields of a structurally sound file, and that every length in it is exact."""
    item_type = each.item_type
    if item_type is not None:
        ((kind, second, body),) = split(each.data)
        assert kind == item_type
        return read_item(kind, second, body)
    kind, length = struct.unpack_from(">BxI", each.data)
    assert PDU_KINDS[kind] == each.kind
    body = each.data[6:]
    assert length == len(body)
    if kind in (1, 2):
        found = read_associate(body)
        if kind == 2:
            return found | {"echo": body[4:68].hex()}
        titles = [body[at : at + 16].rstrip(b"\0").strip(b" ").decode("latin-1") for at in (4, 20)]
        return found | {
            "called_ae_title": titles[0],
            "calling_ae_title": titles[1],
            "reserved": body[36:68].hex(),
        }
    if kind == 4:
        return read_pdvs(body)
    assert length == 4
    if kind == 3:
        return {"result": body[1], "source": body[2], "reason": body[3]}
    return {"source": body[2], "reason": body[3]} if kind == 7 else {}


def read_item(kind: int, second: int, body: bytes) -> dict[str, Any]:
    if kind == 0x10:
        return {"name": uid(body)}
    if kind in (0x20, 0x21):
        return read_context(kind, body)
    if kind in (0x30, 0x40):
        return {"uid": uid(body)}
    if kind == 0x50:
        return read_user_information(body)
    key, value = read_user_item(kind, second, body)
    if isinstance(value, list):
        value = value[0]
    return value if isinstance(value, dict) else {key: value}


@pytest.mark.parametrize("each", every("canonical", "tolerated"))
def test_lengths_are_exact_and_fields_are_what_the_bytes_say(each: Golden):
    assert significant(each, read(each)) == each.fields


@pytest.mark.parametrize("each", every("unacceptable"))
def test_lengths_of_unacceptable_pdus_are_exact(each: Golden):
    """They break a rule, not the structure."""
    assert each.fields is None
    assert each.keys["answer"]
    assert read(each)


@pytest.mark.parametrize("each", every("invalid"))
def test_invalid_pdus_are_invalid_by_arithmetic(each: Golden):
    assert each.fields is None
    framing = each.keys["framing"]
    if framing == "whole":
        with pytest.raises((AssertionError, struct.error, KeyError, IndexError)):
            read(each)
    length = struct.unpack_from(">2xI", each.data)[0] if len(each.data) >= 6 else 1 << 40
    have = len(each.data) - 6
    assert framing == ("whole" if have == length else "incomplete" if have < length else "surplus")


@pytest.mark.parametrize("each", every("canonical"))
def test_canonical_user_items_ascend(each: Golden):
    """Senders keep the order of types (PS3.8 9.3.1)."""
    if each.kind in ("A-ASSOCIATE-RQ", "A-ASSOCIATE-AC"):
        outer = [kind for kind, _, _ in split(each.data[74:])]
        inner = [
            kind
            for item, _, body in split(each.data[74:])
            if item == 0x50
            for kind, _, _ in split(body)
        ]
        assert outer == sorted(outer)
        assert inner == sorted(inner)
