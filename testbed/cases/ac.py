"""P.AC: the A-ASSOCIATE-AC (PS3.8 9.3.3)."""

from .. import raw
from ..model import Case, Read, Run, Send, Step
from ..verdicts import bad, info, lax, ok
from . import checks
from .common import READ, SEND_RQ, I, R, T, one, rq

_MINIMAL = one(SEND_RQ, READ)
_BAD_TS = (raw.UNKNOWN_TRANSFER,)
PATTERN = bytes(range(0xA0, 0xC0))


def _ask(what: str, *contexts: bytes) -> tuple[Step, ...]:
    return Send(f"A-ASSOCIATE-RQ {what}", rq(contexts)), Read()


MIXED = (
    raw.context_rq(1),
    raw.context_rq(3, raw.UNKNOWN_ABSTRACT),
    raw.context_rq(5, raw.VERIFICATION, (raw.EXPLICIT_LE, raw.IMPLICIT_LE)),
    raw.context_rq(7, raw.VERIFICATION, _BAD_TS),
    raw.context_rq(9, raw.CT_STORAGE),
)

CASES = (
    Case(
        "P.AC.01", "PS3.8 9.3.3 Table 9-17", R, "a minimal valid A-ASSOCIATE-RQ",
        "The AC carries protocol version bit 0, zero in its reserved bytes, and exact lengths.",
        _MINIMAL, ok("AC"), (checks.ac_frame,),
    ),
    Case(
        "P.AC.02", "PS3.8 9.3.3 Table 9-17 bytes 11-74", R,
        "distinctive AE titles and a pattern in bytes 43-74",
        "The three fields at bytes 11-26, 27-42 and 43-74 come back as they were sent.",
        one(Send("A-ASSOCIATE-RQ", rq(calling_ae_title="Dul spec_0.1", reserved_32=PATTERN)), READ),
        ok("AC"), (checks.ac_echoes,),
    ),
    Case(
        "P.AC.03", "PS3.8 9.3.1, 9.3.3.1-3", R, "a minimal valid A-ASSOCIATE-RQ",
        "An AC holds one application context item, presentation context items and one user "
        "information item, in this order, and no other item.",
        _MINIMAL, ok("AC"), (checks.ac_items,),
    ),
    Case(
        "P.AC.04", "PS3.8 D.1, PS3.7 D.3.3.2", R, "a minimal valid A-ASSOCIATE-RQ",
        "The maximum length and the implementation class UID are there exactly once; the "
        "implementation version name, if any, has 1 to 16 characters.",
        _MINIMAL, ok("AC"), (checks.ac_user_information,),
    ),
    Case(
        "P.AC.05", "PS3.7 D.3.3.3,D.3.3.4,D.3.3.7", R,
        "a request without 53H, 54H, 56H, 58H",
        "An acceptor answers only the negotiations that the requestor began.",
        _MINIMAL, ok("AC"), (checks.absent(0x53, 0x54, 0x56, 0x57, 0x59),),
    ),
    Case(
        "P.AC.06", "PS3.8 7.1.1.14, 9.3.3.2", R, "five contexts, good and bad",
        "There is one result per proposed context; an accepted one names one transfer syntax of "
        "the offer.",
        one(*_ask("with five contexts", *MIXED)), ok("AC"), (checks.one_result_each,),
    ),
    Case(
        "P.AC.07", "PS3.8 Table 9-18", R, "a context with an unknown abstract syntax",
        "The result is 3, abstract syntax not supported.",
        one(*_ask("with an unknown abstract syntax", MIXED[0], MIXED[1])),
        (
            *ok("AC(*3:3*)"),
            *lax("AC(*3:1*)", "AC(*3:2*)", "AC(*3:4*)", note="refused with another result"),
            *info("AC(*3:0*)", note="accepted"),
        ),
        (checks.accepts_only_if_declared(3),),
    ),
    Case(
        "P.AC.08", "PS3.8 Table 9-18", R, "a known abstract syntax with an unknown transfer syntax only",
        "The result is 4, transfer syntaxes not supported.",
        one(*_ask("with an unknown transfer syntax", MIXED[0], raw.context_rq(3, transfers=_BAD_TS))),
        (
            *ok("AC(*3:4*)"),
            *lax("AC(*3:1*)", "AC(*3:2*)", "AC(*3:3*)", note="refused with another result"),
            *bad("AC(*3:0*)", note="accepted a transfer syntax nobody knows"),
        ),
    ),
    Case(
        "P.AC.09", "PS3.8 7.1.2.3", T, "no acceptable context",
        "The standard is silent on accepting an association without a usable context; practice is "
        "split.",
        one(*_ask("with unacceptable contexts", MIXED[1], raw.context_rq(7, transfers=_BAD_TS))),
        (*ok("AC"), *lax("RJ(1,1,1)")), (checks.accepts_only_if_declared(7),),
    ),
    Case(
        "P.AC.10", "PS3.8 7.1.1.13", R, "context IDs 9, 5, 1, in this order",
        "Context IDs need no order; each gets its result.",
        one(*_ask("with IDs 9, 5, 1", *map(raw.context_rq, (9, 5, 1)))),
        ok("AC"), (checks.one_result_each,),
    ),
    Case(
        "P.AC.11", "PS3.8 9.3.2.2", R, "128 contexts",
        "All odd IDs from 1 to 255 may be proposed in one request.",
        one(*_ask("with 128 contexts", *map(raw.context_rq, range(1, 256, 2)))),
        ok("AC"), (checks.one_result_each,),
    ),
    Case(
        "P.AC.12", "PS3.8 7.1.1.13 note", R, "one abstract syntax in two contexts",
        "Contexts with the same abstract syntax are judged independently.",
        one(*_ask("with Verification twice", raw.context_rq(1),
                  raw.context_rq(3, transfers=(raw.EXPLICIT_LE,)))),
        ok("AC"), (checks.one_result_each,),
    ),
    Case(
        "P.AC.13", "PS3.8 7.1.1.14, 9.3.3.2", I, "two transfer syntaxes, in both orders",
        "The acceptor chooses freely among the offered transfer syntaxes.",
        tuple(
            Run(name, _ask(name, raw.context_rq(1, transfers=offer)))
            for name, offer in (
                ("Explicit, Implicit", (raw.EXPLICIT_LE, raw.IMPLICIT_LE)),
                ("Implicit, Explicit", (raw.IMPLICIT_LE, raw.EXPLICIT_LE)),
            )
        ),
        info("AC"), (checks.transfer_taken,),
    ),
)  # fmt: skip
