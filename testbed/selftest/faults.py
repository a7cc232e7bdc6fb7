"""The faults planted by hand: what the mini peers can be made to do wrong, and which case is meant to catch it.

`caught_by` must all react; `also` are globs of further cases that have a reason to react: they provoke the
same rule. Any other reaction is a false alarm of the testbed.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """One planted fault."""

    name: str
    caught_by: tuple[str, ...]
    also: tuple[str, ...] = ()


def _fault(name: str, caught_by: str, also: str = "") -> PlantedFault:
    return PlantedFault(name, tuple(caught_by.split()), tuple(also.split()))


#: Every case whose expectation is the A-ABORT of AA-1.
_AA1 = "P.STA2.* P.RQ.* M.P.Sta2.*"
#: Every case whose expectation is the A-ABORT of AA-8.
_AA8 = "P.STA3.03 P.STA6.* P.PDV.* P.CMD.* P.STO.* M.P.Sta3.* M.P.Sta6.* M.P.Sta8.*"

SCP_FAULTS = (
    _fault("Sta2.Evt18:nothing", "P.TCP.01 P.TCP.02 M.P.Sta2.Evt18"),
    _fault("artim-stops-at-first-byte", "P.TCP.02 M.P.Sta2.Evt18"),
    _fault("request-in-one-segment", "P.TCP.03", "P.RQ.30 P.RQ.35 P.STA2.08 P.STA2.09"),
    _fault("Sta13.Evt6:as-sta2", "P.STA13.03 P.TCP.06 M.P.Sta13.Evt6", "P.STA6.14 M.P.Sta8.Evt6"),
    _fault("provider-abort-in-sta2", "P.STA2.01 P.STA2.07 P.RQ.28", _AA1),
    _fault("closes-on-bad-first-pdu", "P.STA2.01 P.STA2.07 P.RQ.28 P.RQ.31", _AA1),
    _fault("hangs-on-bad-first-pdu", "P.STA2.01 P.STA2.07 P.RQ.31", _AA1),
    _fault("Sta2.Evt10:sends-data", "P.STA2.03 M.P.Sta2.Evt10"),
    _fault("Sta2.Evt12:sends-rp", "P.STA2.04 M.P.Sta2.Evt12"),
    _fault("answers-abort", "P.STA2.06 P.STA6.06 P.STA6.07 M.P.Sta6.Evt16",
           "P.STA3.02 P.STA6.15 P.STO.14 M.P.Sta*.Evt16"),
    _fault("Sta13.Evt18:nothing", "P.STA13.01 P.STA13.05 P.STA13.08 M.P.Sta13.Evt18"),
    _fault("silent-in-sta13", "P.STA13.03 P.STA13.04 P.TCP.06 M.P.Sta13.Evt6 M.P.Sta13.Evt19 M.P.Sta8.Evt6 M.P.Sta8.Evt19"),
    _fault("Sta13.Evt6:sends-ac", "P.STA13.03 P.TCP.06 M.P.Sta13.Evt6", "P.STA6.14 M.P.Sta8.Evt6"),
    _fault("Sta13.Evt10:sends-data", "P.STA13.02 P.STA13.06 P.STA6.13 M.P.Sta13.Evt10 M.P.Sta8.Evt10",
           "P.CMD.* P.PDV.*"),
    _fault("Sta13.Evt12:sends-rp", "P.STA13.07 P.STA6.14 M.P.Sta13.Evt12 M.P.Sta8.Evt12"),
    _fault("reserved-in-ac", "P.AC.01"),
    _fault("does-not-echo-fields", "P.AC.02"),
    _fault("extra-item-in-ac", "P.AC.03"),
    _fault("no-maximum-length", "P.AC.04", "P.PDV.*"),
    _fault("unasked-window", "P.AC.05"),
    _fault("forgets-last-context", "P.AC.06 P.AC.10 P.AC.11 P.AC.12",
           "P.AC.07 P.AC.08 P.NEG.* P.PDV.* P.STO.* P.CMD.15 P.RQ.* M.P.*"),
    _fault("wrong-result-for-abstract", "P.AC.07"),
    _fault("accepts-any-transfer-syntax", "P.AC.08 P.AC.09"),
    _fault("version-must-be-1", "P.RQ.03"),
    _fault("accepts-version-2", "P.RQ.02"),
    _fault("tests-reserved", "P.RQ.04"),
    _fault("refuses-unknown-items", "P.RQ.05 P.RQ.06", "P.RQ.27 P.RQ.35"),
    _fault("refuses-unknown-sub-items", "P.RQ.07"),
    _fault("wants-ordered-sub-items", "P.RQ.10", "P.NEG.*"),
    _fault("accepts-any-application-context", "P.RQ.11 M.P.Sta3.Evt8"),
    _fault("accepts-even-ids", "P.RQ.17"),
    _fault("accepts-duplicate-ids", "P.RQ.18"),
    _fault("any-called-title", "P.RQ.23", "P.RQ.22"),
    _fault("any-calling-title", "P.RQ.24", "P.RQ.22"),
    _fault("keeps-leading-spaces", "P.RQ.25"),
    _fault("reads-past-items", "P.RQ.31 P.RQ.32", "P.RQ.33 P.RQ.29"),
    _fault("ignores-stray-bytes", "P.RQ.33"),
    _fault("grants-all-roles", "P.NEG.06", "P.NEG.07"),
    _fault("window-too-large", "P.NEG.08"),
    _fault("common-extended-in-ac", "P.NEG.10", "P.RQ.34"),
    _fault("unasked-identity-answer", "P.NEG.11", "P.NEG.14"),
    _fault("accepts-bad-user", "P.NEG.13"),
    _fault("bad-user-is-transient", "P.NEG.13"),
    _fault("over-long-pdus", "P.NEG.02 P.NEG.03"),
    _fault("user-abort-in-sta6", "P.STA6.01 P.STA6.05 P.PDV.02 M.P.Sta6.Evt3", _AA8),
    _fault("unknown-pdu-is-unexpected", "P.STA6.05 M.P.Sta6.Evt19", "M.P.Sta3.Evt19"),
    _fault("closes-in-sta6", "P.STA6.01 P.STA6.05 P.PDV.02 M.P.Sta6.Evt3",
           f"{_AA8} P.STA13.08 P.RQ.*"),
    _fault("ignores-unexpected-in-sta6", "P.STA6.01 P.STA6.04 P.PDV.02 M.P.Sta6.Evt3",
           f"{_AA8} P.STA13.08"),
    _fault("reserved-in-release", "P.STA6.09"),
    _fault("tests-release-reserved", "P.STA6.10"),
    _fault("reads-over-maximum", "P.PDV.07", "P.PDV.09"),
    _fault("serves-any-context", "P.PDV.10", "P.CMD.* P.STO.* P.PDV.*"),
    _fault("refuses-empty-pdv", "P.PDV.04", "P.STO.09"),
    _fault("tests-control-bits", "P.PDV.12"),
    _fault("one-pdv-per-pdu", "P.PDV.13 P.PDV.15 P.PDV.16", "P.PDV.04"),
    _fault("two-messages-in-a-pdu", "P.PDV.17"),
    _fault("mixes-contexts", "P.PDV.18 P.STO.13"),
    _fault("odd-fragments", "P.PDV.24", "P.NEG.03"),
    _fault("control-bits-set", "P.PDV.24", "P.NEG.02 P.NEG.03"),
    _fault("empty-last-pdv", "P.PDV.24", "P.NEG.*"),
    _fault("answers-on-other-context", "P.PDV.24"),
    _fault("wrong-message-id", "P.CMD.01 P.CMD.02 P.STO.01", "P.CMD.03"),
    _fault("slow-third-message", "P.CMD.03"),
    _fault("no-group-length", "P.CMD.01 P.STO.01"),
    _fault("elements-out-of-order", "P.CMD.01", "P.STO.01"),
    _fault("answers-everything-as-echo", "P.CMD.12 P.CMD.13"),
    _fault("stores-on-verification", "P.CMD.14"),
    _fault("echoes-anything", "P.CMD.15 P.CMD.16"),
    _fault("answers-cancel", "P.CMD.18"),
    _fault("data-set-type-0102", "P.STO.02"),
    _fault("undefined-status", "P.STO.05 P.STO.08", "P.STO.*"),
    _fault("instance-mismatch-stored", "P.STO.06"),
    _fault("class-mismatch-stored", "P.STO.07"),
    _fault("stores-garbage", "P.STO.08", "P.STO.09"),
    _fault("stores-nothing", "P.STO.10"),
    _fault("stores-any-uid", "P.STO.11"),
    _fault("uid-becomes-path", "P.STO.12"),
    _fault("keeps-partial-objects", "P.STO.14"),
    _fault("crashes-on-garbage", "P.STO.08"),
)  # fmt: skip

#: Every case of an SCU whose expectation is the A-ABORT of AA-8.
_AA8_SCU = "U.S5.* U.AC.* U.S6.* U.REL.* U.DIM.* M.U.*"

SCU_FAULTS = (
    _fault("version-2-in-request", "U.RQ.01"),
    _fault("reserved-in-request", "U.RQ.01"),
    _fault("blank-calling-title", "U.RQ.02"),
    _fault("padded-application-context", "U.RQ.03"),
    _fault("even-context-ids", "U.RQ.04"),
    _fault("items-out-of-order", "U.RQ.05"),
    _fault("no-implementation-class", "U.RQ.06"),
    _fault("role-for-unoffered-class", "U.RQ.07"),
    _fault("no-implicit", "U.RQ.08"),
    _fault("rejection-is-success", "U.S5.01", "M.U.Sta5.Evt4"),
    _fault("answers-rejection", "U.S5.01 M.U.Sta5.Evt4", "U.S5.02"),
    _fault("answers-abort", "U.S5.04 U.S6.02 U.REL.08 M.U.Sta6.Evt16", "M.U.Sta*.Evt16"),
    _fault("user-abort", "U.S5.06 U.S6.03 U.REL.06 M.U.Sta7.Evt4", _AA8_SCU),
    _fault("closes-without-abort", "U.S5.06 U.S6.03 U.REL.06 M.U.Sta7.Evt4", _AA8_SCU),
    _fault("ignores-unexpected", "U.S5.06 U.S6.03 U.REL.06 M.U.Sta7.Evt4", _AA8_SCU),
    _fault("reads-past-items", "U.S5.08 U.AC.11"),
    _fault("gives-up-silently", "U.S5.09 U.REL.09 U.DIM.17", "U.DIM.11"),
    _fault("never-gives-up", "U.S5.09 U.REL.09 U.DIM.17", "U.REL.05"),
    _fault("tests-ac-reserved", "U.AC.01"),
    _fault("refuses-unknown-items", "U.AC.03"),
    _fault("wants-ordered-results", "U.AC.04"),
    _fault("tests-rejected-syntax", "U.AC.05", "U.AC.06"),
    _fault("uses-rejected-contexts", "U.AC.07 U.AC.08", "U.AC.09"),
    _fault("uses-any-transfer-syntax", "U.AC.09"),
    _fault("uses-known-transfer-syntaxes", "U.AC.09"),
    _fault("over-long-pdus", "U.AC.14", "U.AC.15"),
    _fault("Sta6.Evt3:nothing", "U.AC.17 M.U.Sta6.Evt3"),
    _fault("Sta6.Evt12:abort-provider", "U.S6.01 M.U.Sta6.Evt12 M.U.Sta8.Evt14", "M.U.Sta8.*"),
    _fault("reserved-in-release", "U.REL.01"),
    _fault("stays-open-after-release", "U.REL.01 U.REL.02 M.U.Sta7.Evt13", "U.REL.03 M.U.Sta7.Evt10"),
    _fault("tests-release-reserved", "U.REL.02"),
    _fault("Sta7.Evt10:abort-provider", "U.REL.03 M.U.Sta7.Evt10"),
    _fault("Sta7.Evt10:close", "U.REL.03 M.U.Sta7.Evt10"),
    _fault("closes-with-its-release", "U.REL.01 U.REL.02 U.REL.03 M.U.Sta6.Evt11 M.U.Sta7.Evt13",
           "U.REL.* M.U.Sta7.* M.U.Sta9.* M.U.Sta11.* U.AC.* U.DIM.*"),
    _fault("closes-with-its-confirmation", "U.REL.04 M.U.Sta9.Evt14 M.U.Sta11.Evt13",
           "U.REL.05 M.U.Sta9.* M.U.Sta11.*"),
    _fault("Sta7.Evt12:close", "U.REL.04 M.U.Sta9.Evt14 M.U.Sta7.Evt12", "U.REL.05 M.U.Sta9.* M.U.Sta11.*"),
    _fault("uid-padded-with-space", "U.DIM.01"),
    _fault("wrong-group-length", "U.DIM.01 U.DIM.02"),
    _fault("priority-9", "U.DIM.02"),
    _fault("instance-differs", "U.DIM.02"),
    _fault("file-meta-in-data-set", "U.DIM.02"),
    _fault("odd-fragments", "U.DIM.03", "U.AC.14 U.AC.15"),
    _fault("control-bits-set", "U.DIM.03", "U.AC.14 U.AC.15"),
    _fault("pipelines-requests", "U.DIM.04", "U.DIM.10"),
    _fault("wants-class-in-response", "U.DIM.05"),
    _fault("one-pdv-per-message", "U.DIM.06"),
    _fault("tests-control-bits", "U.DIM.06"),
    _fault("takes-any-message-id", "U.DIM.07", "U.DIM.08"),
    _fault("no-status-is-success", "U.DIM.08"),
    _fault("failure-is-not-reported", "U.DIM.09"),
    _fault("stops-at-warning", "U.DIM.10"),
    _fault("any-status-is-success", "U.DIM.11", "U.DIM.09"),
    _fault("waits-after-undefined-status", "U.DIM.11"),
    _fault("takes-any-context", "U.DIM.12"),
    _fault("reads-over-maximum", "U.DIM.14"),
    _fault("garbage-is-success", "U.DIM.15", "U.DIM.08"),
)  # fmt: skip
