"""The canonical golden PDUs as pynetdicom, an independent stack, decodes and encodes them.

Nothing of dulcet takes part: this checks the oracle by a second party.
"""

from __future__ import annotations

from typing import Any

import pytest
from golden import Golden, goldens

pdu_items = pytest.importorskip("pynetdicom.pdu_items")
pdu = pytest.importorskip("pynetdicom.pdu")

pytestmark = pytest.mark.crosscheck

PDUS = {
    "A-ASSOCIATE-RQ": pdu.A_ASSOCIATE_RQ,
    "A-ASSOCIATE-AC": pdu.A_ASSOCIATE_AC,
    "A-ASSOCIATE-RJ": pdu.A_ASSOCIATE_RJ,
    "P-DATA-TF": pdu.P_DATA_TF,
    "A-RELEASE-RQ": pdu.A_RELEASE_RQ,
    "A-RELEASE-RP": pdu.A_RELEASE_RP,
    "A-ABORT": pdu.A_ABORT_RQ,
}

# What pynetdicom cannot do, and the fault is not in the file.
UNKNOWN = "it has no decoder for item types that the standard does not define"
CANNOT_DECODE = {
    "rq-unknown-everywhere": UNKNOWN,
    "ac-unknown-items": UNKNOWN,
}
CANNOT_ENCODE = {
    "rq-reserved-pattern": "it does not keep bytes 43-74",
    "ac-echo-pattern": "it does not keep bytes 43-74",
}
BLANK: dict[str, Any] = {
    "maximum_length": None,
    "implementation_class_uid": None,
    "asynchronous_operations_window": None,
    "role_selections": [],
    "implementation_version_name": None,
    "extended_negotiations": [],
    "common_extended_negotiations": [],
    "user_identity": None,
    "user_identity_response": None,
    "unknown": [],
}


def hexed(value: bytes | None) -> str:
    return (value or b"").hex()


def user_item(item: Any) -> tuple[str, Any]:
    match item.item_type:
        case 0x51:
            return "maximum_length", item.maximum_length_received
        case 0x52:
            return "implementation_class_uid", item.implementation_class_uid
        case 0x53:
            return "asynchronous_operations_window", {
                "invoked": item.max_operations_invoked,
                "performed": item.max_operations_performed,
            }
        case 0x54:
            return "role_selections", [
                {
                    "sop_class_uid": item.sop_class_uid,
                    "scu": bool(item.scu_role),
                    "scp": bool(item.scp_role),
                }
            ]
        case 0x55:
            return "implementation_version_name", item.implementation_version_name
        case 0x56:
            return "extended_negotiations", [
                {"sop_class_uid": item.sop_class_uid, "information": hexed(item.app_info)}
            ]
        case 0x57:
            return "common_extended_negotiations", [
                {
                    "sop_class_uid": item.sop_class_uid,
                    "service_class_uid": item.service_class_uid,
                    "related_general_sop_class_uids": list(
                        item.related_general_sop_class_identification
                    ),
                    "version": item.sub_item_version,
                    "rest": "",
                }
            ]
        case 0x58:
            return "user_identity", {
                "type": item.id_type,
                "primary": hexed(item.primary),
                "secondary": hexed(item.secondary),
                "positive_response_requested": bool(item.response_requested),
            }
        case 0x59:
            return "user_identity_response", hexed(item.response)
    raise AssertionError(item)


def user_information(item: Any) -> dict[str, Any]:
    found = dict(BLANK)
    for each in item.user_data:
        key, value = user_item(each)
        found[key] = found[key] + value if isinstance(found[key], list) else value
    return found


def context(item: Any) -> dict[str, Any]:
    if item.item_type == 0x21:
        return {
            "id": item.context_id,
            "result": item.result,
            "transfer_syntaxes": [item.transfer_syntax],
        }
    return {
        "id": item.context_id,
        "abstract_syntax": item.abstract_syntax,
        "transfer_syntaxes": list(item.transfer_syntax),
        "unknown": [],
    }


def associate(found: Any, expected: dict[str, Any]) -> dict[str, Any]:
    fields = {
        "presentation_contexts": [context(each) for each in found.presentation_context],
        "user_information": user_information(found.user_information),
        "application_context": found.application_context_name,
        "protocol_version": found.protocol_version,
        "unknown": [],
    }
    if found.pdu_type == 1:
        return fields | {
            "called_ae_title": found.called_ae_title,
            "calling_ae_title": found.calling_ae_title,
            "reserved": expected["reserved"],  # pynetdicom does not keep it
        }
    titles = found.reserved_aet.ljust(16) + found.reserved_aec.ljust(16)
    reserved = expected["echo"][64:]  # pynetdicom does not keep it
    return fields | {"echo": titles.encode().hex() + reserved}


def as_pynetdicom_reads(each: Golden) -> tuple[Any, dict[str, Any]]:
    item_type = each.item_type
    kind = PDUS[each.kind] if item_type is None else pdu_items.PDU_ITEM_TYPES[item_type]
    found = kind()
    found.decode(each.data)
    match each.kind:
        case "A-ASSOCIATE-RQ" | "A-ASSOCIATE-AC":
            return found, associate(found, each.fields)
        case "A-ASSOCIATE-RJ":
            fields = (found.result, found.source, found.reason_diagnostic)
            return found, dict(zip(("result", "source", "reason"), fields, strict=True))
        case "A-ABORT":
            return found, {"source": found.source, "reason": found.reason_diagnostic}
        case "P-DATA-TF":
            pdvs = [
                {
                    "context_id": pdv.context_id,
                    "control": pdv.presentation_data_value[0],
                    "fragment": pdv.presentation_data_value[1:].hex(),
                }
                for pdv in found.presentation_data_value_items
            ]
            return found, {"pdvs": pdvs}
    match item_type:
        case None:
            return found, {}
        case 0x10:
            return found, {"name": found.application_context_name}
        case 0x20 | 0x21:
            return found, context(found)
        case 0x30:
            return found, {"uid": found.abstract_syntax_name}
        case 0x40:
            return found, {"uid": found.transfer_syntax_name}
        case 0x50:
            return found, user_information(found)
    key, value = user_item(found)
    if isinstance(value, list):
        (value,) = value
    return found, value if isinstance(value, dict) else {key: value}


@pytest.mark.parametrize(
    "each", [pytest.param(each, id=each.name) for each in goldens("canonical")]
)
def test_pynetdicom_agrees(each: Golden):
    if each.name in CANNOT_DECODE:
        with pytest.raises(KeyError):
            as_pynetdicom_reads(each)
        return
    found, fields = as_pynetdicom_reads(each)
    assert fields == each.fields
    if each.name not in CANNOT_ENCODE:
        assert found.encode() == each.data
