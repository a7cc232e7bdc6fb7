"""Names of the standard for the numbers on the wire (PS3.8 9.3, PS3.7 Annex C and E, PS3.6)."""

from . import raw, registry

PDU_NAMES = {
    1: "A-ASSOCIATE-RQ", 2: "A-ASSOCIATE-AC", 3: "A-ASSOCIATE-RJ", 4: "P-DATA-TF",
    5: "A-RELEASE-RQ", 6: "A-RELEASE-RP", 7: "A-ABORT",
}  # fmt: skip

ITEM_NAMES = {
    0x10: "Application Context", 0x20: "Presentation Context (RQ)",
    0x21: "Presentation Context (AC)", 0x30: "Abstract Syntax", 0x40: "Transfer Syntax",
    0x50: "User Information", 0x51: "Maximum Length", 0x52: "Implementation Class UID",
    0x53: "Asynchronous Operations Window", 0x54: "SCP/SCU Role Selection",
    0x55: "Implementation Version Name", 0x56: "SOP Class Extended Negotiation",
    0x57: "SOP Class Common Extended Negotiation", 0x58: "User Identity (RQ)",
    0x59: "User Identity (AC)",
}  # fmt: skip

CONTEXT_RESULTS = {
    0: "acceptance", 1: "user-rejection", 2: "no reason (provider)",
    3: "abstract syntax not supported", 4: "transfer syntaxes not supported",
}  # fmt: skip

RJ_RESULTS = {1: "rejected-permanent", 2: "rejected-transient"}
RJ_SOURCES = {
    1: "UL service-user", 2: "UL service-provider (ACSE)", 3: "UL service-provider (Presentation)",
}  # fmt: skip
RJ_REASONS = {
    (1, 1): "no reason given", (1, 2): "application context name not supported",
    (1, 3): "calling AE title not recognized", (1, 7): "called AE title not recognized",
    (2, 1): "no reason given", (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion", (3, 2): "local limit exceeded",
}  # fmt: skip

ABORT_SOURCES = {0: "UL service-user", 2: "UL service-provider"}
ABORT_REASONS = {
    0: "reason not specified", 1: "unrecognized PDU", 2: "unexpected PDU",
    4: "unrecognized PDU parameter", 5: "unexpected PDU parameter",
    6: "invalid PDU parameter value",
}  # fmt: skip

COMMAND_ELEMENTS = {
    0x0000: ("Command Group Length", "UL"), 0x0002: ("Affected SOP Class UID", "UI"),
    0x0003: ("Requested SOP Class UID", "UI"), 0x0100: ("Command Field", "US"),
    0x0110: ("Message ID", "US"), 0x0120: ("Message ID Being Responded To", "US"),
    0x0600: ("Move Destination", "AE"), 0x0700: ("Priority", "US"),
    0x0800: ("Command Data Set Type", "US"), 0x0900: ("Status", "US"),
    0x0901: ("Offending Element", "AT"), 0x0902: ("Error Comment", "LO"),
    0x0903: ("Error ID", "US"), 0x1000: ("Affected SOP Instance UID", "UI"),
    0x1001: ("Requested SOP Instance UID", "UI"), 0x1002: ("Event Type ID", "US"),
    0x1005: ("Attribute Identifier List", "AT"), 0x1008: ("Action Type ID", "US"),
    0x1020: ("Number of Remaining Sub-operations", "US"),
    0x1021: ("Number of Completed Sub-operations", "US"),
    0x1022: ("Number of Failed Sub-operations", "US"),
    0x1023: ("Number of Warning Sub-operations", "US"),
    0x1030: ("Move Originator Application Entity Title", "AE"),
    0x1031: ("Move Originator Message ID", "US"),
}  # fmt: skip

UID_NAMES = {
    **registry.SERVICES,
    **registry.STORAGE,
    **registry.TRANSFER_SYNTAXES,
    raw.APPLICATION_CONTEXT: "DICOM application context",
    raw.VERIFICATION: "Verification SOP Class",
}

STATUS_NAMES = {
    0x0000: "Success", 0x0110: "Processing failure", 0x0111: "Duplicate SOP instance",
    0x0117: "Invalid SOP instance", 0x0122: "SOP class not supported",
    0x0124: "Not authorized", 0x0210: "Duplicate invocation",
    0x0211: "Unrecognized operation", 0x0212: "Mistyped argument",
    0x0213: "Resource limitation", 0xB000: "Warning: coercion of data elements",
    0xB006: "Warning: elements discarded",
    0xB007: "Warning: data set does not match SOP class", 0xFE00: "Cancel",
    0xFF00: "Pending", 0xFF01: "Pending",
}  # fmt: skip


def status_name(status: int) -> str:
    """The meaning of a status as PS3.7 Annex C and PS3.4 B.2.3 name it, "" if they do not."""
    if status in STATUS_NAMES:
        return STATUS_NAMES[status]
    ranges = {
        0xA7: "Refused: out of resources",
        0xA9: "Error: data set does not match SOP class",
    }
    if status >> 12 == 0xC:
        return "Error: cannot understand"
    return ranges.get(status >> 8, "")


def uid_name(uid: str) -> str:
    """The UID, followed by its name where we know it."""
    known = UID_NAMES.get(uid)
    return f"{uid} ({known})" if known else uid


def abort_text(source: int, reason: int) -> str:
    """An A-ABORT's source and reason in the standard's words."""
    origin = ABORT_SOURCES.get(source, "reserved source")
    if source != 2:
        return f"{origin}, reason {reason}"
    return f"{origin}, {ABORT_REASONS.get(reason, 'reserved reason')}"


def reject_text(result: int, source: int, reason: int) -> str:
    """An A-ASSOCIATE-RJ's three numbers in the standard's words."""
    return ", ".join(
        (
            RJ_RESULTS.get(result, f"undefined result {result}"),
            RJ_SOURCES.get(source, f"undefined source {source}"),
            RJ_REASONS.get((source, reason), f"undefined reason {reason}"),
        )
    )
