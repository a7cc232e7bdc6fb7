"""P.STA6: the established association (PS3.8 Table 9-10, Sta6 and Sta8)."""

from .. import messages, raw
from ..model import Case, Fence, Read, Rst, Run, Send
from ..verdicts import Sub, bad, info, lax, ok
from .checks import release_rp_exact
from .common import (
    ASSOCIATE,
    CLOSES,
    ECHO_PDU,
    GIVES_UP,
    GIVES_UP_CLOSED,
    READ,
    READ_CLOSE,
    RESET,
    SEND_RELEASE,
    SEND_RQ,
    I,
    R,
    T,
    one,
    provider_abort,
    runs,
)

_RULE = "A PDU that Sta6 does not expect is answered with an A-ABORT of the provider (AA-8)."
_AFTER = "Once it has taken an A-RELEASE-RQ, an acceptor expects nothing more on the association."


def _unexpected(number: int, event: str, step: Send) -> Case:
    return Case(
        f"P.STA6.{number:02}", f"PS3.8 {event}/Sta6 AA-8", R, f"{step.what} in Sta6", _RULE,
        one(ASSOCIATE, step, READ), provider_abort(2),
    )  # fmt: skip


def _pair(what: str, tail: bytes) -> Send:
    return Send(f"A-RELEASE-RQ + {what}", raw.release_rq() + tail)


#: A message that has begun: the first 20 bytes of a command set, more to follow.
_BEGUN = Send(
    "the first fragment of a C-ECHO-RQ", raw.p_data(raw.pdv(1, 1, messages.echo_rq(1)[:20]))
)
_ENDLESS = Send("a P-DATA-TF that announces 4 GiB", raw.pdu(4, bytes(10), length=raw.UINT32_MAX))
_READ_RP = Read("RP or AB or MSG")

CASES = (
    _unexpected(1, "Evt6", SEND_RQ),
    _unexpected(2, "Evt3", Send("A-ASSOCIATE-AC", raw.associate_ac())),
    _unexpected(3, "Evt4", Send("A-ASSOCIATE-RJ", raw.associate_rj())),
    _unexpected(4, "Evt13", Send("A-RELEASE-RP", raw.release_rp())),
    Case(
        "P.STA6.05", "PS3.8 Evt19/Sta6 AA-8, Table 9-26", R,
        "PDU types that PS3.8 does not define, in Sta6",
        "An unrecognized PDU is answered with an A-ABORT of the provider, reason 1.",
        runs(*((f"{kind:02X}H", (ASSOCIATE, Send(f"PDU type {kind:02X}H", raw.unknown_pdu(kind)), READ))
               for kind in (0x00, 0x08, 0xFF))),
        provider_abort(1),
    ),
    Case(
        "P.STA6.06", "PS3.8 Evt16/Sta6 AA-3", R,
        "A-ABORT of the user, and of the provider with each reason",
        "An A-ABORT is never answered: the acceptor closes the connection.",
        runs(*((f"AB({source},{reason})",
                (ASSOCIATE, Send(f"A-ABORT ({source},{reason})", raw.abort(source, reason)), READ_CLOSE))
               for source, reason in ((0, 0), *((2, reason) for reason in range(7))))),
        CLOSES,
    ),
    Case(
        "P.STA6.07", "PS3.8 Table 9-26", R,
        "A-ABORT with a reserved source and reason and non-zero reserved bytes",
        "Reserved fields are not tested: it is an A-ABORT like any other.",
        one(ASSOCIATE, Send("A-ABORT (1,9), reserved FFH", raw.abort(1, 9, reserved=0xFF)), READ_CLOSE),
        (*CLOSES, *lax("AB(*,*)", note="an A-ABORT was answered")),
    ),
    Case(
        "P.STA6.08", "PS3.8 Evt19", T,
        "A-ABORT with PDU-length 0, and 8",
        "A wrong length makes it invalid; taking it for an abort all the same is just as good.",
        runs(*((f"length {size}", (ASSOCIATE, Send(f"A-ABORT of length {size}", raw.pdu(7, bytes(size))),
                                   READ_CLOSE)) for size in (0, 8))),
        (*ok("CLOSE"), *provider_abort(6)),
    ),
    Case(
        "P.STA6.09", "PS3.8 Evt12/Sta6 AR-2, AR-4, 9.3.7", R,
        "A-RELEASE-RQ",
        "A release is confirmed with an A-RELEASE-RP of length 4 with zero reserved bytes.",
        one(ASSOCIATE, SEND_RELEASE, READ), (*ok("RP"), *GIVES_UP), (release_rp_exact,),
    ),
    Case(
        "P.STA6.10", "PS3.8 9.3.6 reserved", R,
        "A-RELEASE-RQ with non-zero reserved bytes",
        "Reserved fields are not tested.",
        one(ASSOCIATE, Send("A-RELEASE-RQ, reserved FFH", raw.release_rq(reserved=0xFF)), READ), ok("RP"),
    ),
    Case(
        "P.STA6.11", "PS3.8 Evt19", T,
        "A-RELEASE-RQ with PDU-length 0, and 8",
        "A wrong length makes it invalid (A-ABORT, reason 6); confirming it is tolerated.",
        runs(*((f"length {size}", (ASSOCIATE, Send(f"A-RELEASE-RQ of length {size}", raw.pdu(5, bytes(size))),
                                   READ)) for size in (0, 8))),
        (*ok("RP"), *provider_abort(6)),
    ),
    Case(
        "P.STA6.12", "PS3.8 Evt17/Sta6 AA-4", R,
        "FIN, and RST, without a release",
        "A lost connection ends the association; the acceptor closes its side and goes on.",
        (Run("FIN", (ASSOCIATE, Fence())), Run("RST", (ASSOCIATE, Rst()), RESET)), CLOSES,
    ),
    Case(
        "P.STA6.13", "PS3.8 Evt10/Sta8 AA-8, 7.2.2.1", R,
        "A-RELEASE-RQ and C-ECHO-RQ in one segment", _AFTER,
        one(ASSOCIATE, _pair("C-ECHO-RQ", ECHO_PDU), _READ_RP, Fence()),
        (*provider_abort(2), *ok("RP"), *bad("RP MSG", note="served after the release")),
    ),
    Case(
        "P.STA6.14", "PS3.8 Evt12/Sta8 AA-8", R,
        "A-RELEASE-RQ twice in one segment", _AFTER,
        one(ASSOCIATE, _pair("A-RELEASE-RQ", raw.release_rq()), _READ_RP, Fence()),
        (*provider_abort(2), *ok("RP"), *bad("RP RP", note="released twice")),
    ),
    Case(
        "P.STA6.15", "PS3.8 Evt16/Sta8 AA-3", R,
        "A-RELEASE-RQ and A-ABORT in one segment",
        "An A-ABORT ends everything: the acceptor closes the connection.",
        one(ASSOCIATE, _pair("A-ABORT", raw.abort()), READ_CLOSE), (*ok("RP? CLOSE"), *GIVES_UP_CLOSED),
    ),
    Case(
        "P.STA6.16", "PS3.8 9.1.4 note 2", I,
        "an idle association",
        "ARTIM does not supervise an established association. If the product has a timer of its "
        "own, it should end the association with an A-ABORT.",
        one(ASSOCIATE, Read("CLOSE", "idle")),
        (*info("OPEN", note="still open"), *info("AB(*,*)"), *lax("CLOSE", note="no A-ABORT")),
        tags=("artim",), artim=True,
    ),
    Case(
        "P.STA6.17", "PS3.8 Evt6,13/Sta6 AA-8", R,
        "A-ASSOCIATE-RQ, and A-RELEASE-RP, between the fragments of a message", _RULE,
        runs(("A-ASSOCIATE-RQ", (ASSOCIATE, _BEGUN, SEND_RQ, READ)),
             ("A-RELEASE-RP", (ASSOCIATE, _BEGUN, Send("A-RELEASE-RP", raw.release_rp()), READ))),
        provider_abort(2),
        why="A message that has begun is no reason to wait: the peer is out of step, and must be told.",
    ),
    Case(
        "P.STA6.18", "PS3.8 Evt17/Sta6 AA-4", R,
        "FIN in the middle of a PDU: in its header, and in its body",
        "A lost connection ends the association, whatever was on its way; what came of the PDU may be held to be an "
        "invalid one.",
        (
            Run("in the header", (ASSOCIATE, Send("3 bytes of a P-DATA-TF", ECHO_PDU[:3]), Fence())),
            Run("in the body", (ASSOCIATE, Send("half a P-DATA-TF", ECHO_PDU[:40]), Fence())),
            Run("in a body of 4 GiB", (ASSOCIATE, _ENDLESS, Fence())),
        ),
        (*CLOSES, *provider_abort(6)),
        why="A modality that is switched off leaves a PDU unfinished; an acceptor that waits for its rest loses a slot.",
    ),
    Case(
        "P.STA6.19", "PS3.8 Evt19/Sta6 AA-8, Evt16/Sta13 AA-2", R,
        "PDU type 09H and A-ABORT in one segment",
        "Each PDU is acted on in its order: the first is answered with an A-ABORT, the second with the close.",
        one(ASSOCIATE, Send("PDU type 09H + A-ABORT", raw.unknown_pdu(9) + raw.abort()), READ_CLOSE),
        (*ok("AB(2,1) CLOSE"), *ok("AB(2,*) CLOSE", note="reason is not 1", sub=Sub.WRONG_REASON),
         *lax("AB(0,*) CLOSE", note="AA-8 aborts as provider (source 2)", sub=Sub.WRONG_SOURCE),
         *lax("CLOSE", note="its own A-ABORT was lost when the peer's came")),
    ),
)  # fmt: skip
