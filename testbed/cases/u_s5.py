"""U.S5: answers to the product's request that are no plain acceptance (PS3.8 Table 9-10, Sta5)."""

from .. import messages, raw
from ..facts import Bytes, Facts
from ..model import Accept, Case, Fin, Read, Rst, Run, Send, Step
from ..verdicts import Sub, info, lax, ok
from .common import CLOSES, RESET, I, R, T, one, provider_abort
from .scu import AWAIT, ac

REJECTIONS = (
    (1, 1, 1),
    (1, 1, 2),
    (1, 1, 3),
    (1, 1, 7),
    (2, 1, 1),
    (1, 2, 1),
    (1, 2, 2),
    (2, 3, 1),
    (2, 3, 2),
)
_END = Read("AB or CLOSE or REQ or RELEASE")


def _answer(what: str, data: Bytes) -> Run:
    return Run(what, (AWAIT, Send(what, data), _END))


def _cut(facts: Facts) -> bytes:
    return raw.pdu(2, ac()(facts)[6:26])


def _overrun(facts: Facts) -> bytes:
    return ac(items=(raw.application_context(length=0xFFFF),))(facts)


def _with_a_beginning(facts: Facts) -> bytes:
    return ac()(facts) + raw.release_rq()[:3]


_SILENT: tuple[Step, ...] = (AWAIT, Read("AB or CLOSE", "acse"))
_BAD_AC = (*ok("AB(2,*)"), *lax("AB(0,*)", sub=Sub.WRONG_SOURCE))

CASES = (
    Case(
        "U.S5.01", "PS3.8 Evt4/Sta5 AE-4", R, "A-ASSOCIATE-RJ, every reason",
        "A rejected requestor closes the connection, sends nothing, and tells its user.",
        tuple(_answer(f"RJ{triple}".replace(" ", ""), raw.associate_rj(*triple)) for triple in REJECTIONS),
        CLOSES, reported="failure",
    ),
    Case(
        "U.S5.02", "PS3.8 Table 9-21", T, "A-ASSOCIATE-RJ with undefined values",
        "Undefined values are still a rejection; no crash, no hang.",
        (_answer("RJ(0,0,0)", raw.associate_rj(0, 0, 0)), _answer("RJ(9,9,99)", raw.associate_rj(9, 9, 99)),
         _answer("reserved FFH", raw.associate_rj(reserved=0xFF))),
        (*ok("CLOSE"), *provider_abort(6)), tags=("security",),
    ),
    Case(
        "U.S5.03", "PS3.8 Evt19/Sta5", T, "A-ASSOCIATE-RJ with PDU-length 0, and 8",
        "A wrong length makes it an invalid PDU.",
        tuple(_answer(f"length {size}", raw.pdu(3, b"\0\1\1\1\0\0\0\0"[:size])) for size in (0, 8)),
        (*ok("CLOSE"), *provider_abort(6)),
    ),
    Case(
        "U.S5.04", "PS3.8 Evt16/Sta5 AA-3", R, "A-ABORT instead of an answer",
        "An A-ABORT is never answered; the requestor closes the connection and tells its user.",
        (_answer("AB(0,0)", raw.abort()), _answer("AB(2,6)", raw.abort(2, 6))), CLOSES, reported="failure",
    ),
    Case(
        "U.S5.05", "PS3.8 Evt17/Sta5 AA-4", R, "FIN, and RST, instead of an answer",
        "A lost connection is told to the user.",
        (Run("FIN", (AWAIT, Fin(), Read("CLOSE"))), Run("RST", (AWAIT, Rst()), RESET)),
        CLOSES, reported="failure",
    ),
    Case(
        "U.S5.06", "PS3.8 Evt6,10,12,13/Sta5 AA-8", R, "PDUs that do not answer a request",
        "Anything but an answer in Sta5 leads to an A-ABORT of the provider.",
        (_answer("A-ASSOCIATE-RQ", raw.associate_rq()), _answer("P-DATA-TF", messages.command_pdu(messages.echo_rsp())),
         _answer("A-RELEASE-RQ", raw.release_rq()), _answer("A-RELEASE-RP", raw.release_rp())),
        provider_abort(2),
    ),
    Case(
        "U.S5.07", "PS3.8 Evt19/Sta5 AA-8", R, "PDU types that PS3.8 does not define",
        "An unrecognized PDU leads to an A-ABORT of the provider, reason 1.",
        tuple(_answer(f"{kind:02X}H", raw.unknown_pdu(kind)) for kind in (0x00, 0x09, 0x55)), provider_abort(1),
    ),
    Case(
        "U.S5.08", "PS3.8 Evt19/Sta5 AA-8", R, "an A-ASSOCIATE-AC cut short; with an item that overruns",
        "A malformed A-ASSOCIATE-AC leads to an A-ABORT of the provider.",
        (_answer("20 bytes", _cut), _answer("overrun", _overrun)), _BAD_AC, tags=("security",),
    ),
    Case(
        "U.S5.09", "PS3.8 9.1.4 note 2 (no timer in PS3.8)", I, "silence",
        "ARTIM does not run in Sta5; a product with a timer of its own should abort.",
        one(*_SILENT), (*ok("AB(*,*)"), *lax("CLOSE", note="no A-ABORT"), *info("OPEN", note="still waiting")),
        tags=("artim",), artim=True,
    ),
    Case(
        "U.S5.10", "PS3.8 9.3.1, AE-3, AR-2", R, "A-ASSOCIATE-AC and the beginning of the next PDU in one segment",
        "A PDU ends where its length says: the association is used, and what follows is taken when it is whole.",
        one(AWAIT, Accept(_with_a_beginning), Read("REQ or AB"), Send("the rest of the A-RELEASE-RQ", raw.release_rq()[3:]),
            Read("RP or AB")),
        (*ok("REQ RP"), *lax("REQ AB(0,*)", note="the user aborted instead of confirming the release (Evt15)")),
    ),
)  # fmt: skip
