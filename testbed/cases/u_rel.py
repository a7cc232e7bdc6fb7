"""U.REL: the orderly release, as the product begins it (PS3.8 Table 9-10, Sta7 to Sta11)."""

from collections.abc import Iterator

from .. import raw
from ..facts import Bytes
from ..model import Case, Do, Fin, Mark, Quiet, Read, Run, Send, Step
from ..scene import Scene, respond
from ..verdicts import Finding, bad, info, lax, ok
from .checks import fail
from .common import CLOSES, GIVES_UP, READ_CLOSE, I, R, one, provider_abort
from .scu import SEVEN, STAYS, first_fragment

_RELEASE, _RP = Send("A-RELEASE-RQ", raw.release_rq()), Send("A-RELEASE-RP", raw.release_rp())
_END = Read("AB or CLOSE or RP")


def release_rq_exact(scene: Scene) -> Iterator[Finding]:
    """The A-RELEASE-RQ has length 4 and zero reserved bytes."""
    for pdu in scene.pdus:
        if pdu.type == 5 and pdu.data != raw.release_rq():
            yield fail(f"A-RELEASE-RQ is {pdu.data.hex(' ')}")


def confirm_collision(scene: Scene) -> None:
    """Answer the product's A-RELEASE-RP with ours, if it sent one."""
    if scene.tokens[:1] == ["RP"]:
        scene.send(raw.release_rp(), "A-RELEASE-RP")


def _seven(what: str, data: bytes) -> Run:
    return Run(what, (*SEVEN, Send(what, data), _END))


def _broken_off(what: str, data: Bytes) -> Run:
    return Run(what, (*SEVEN, Send("part of a P-DATA-TF", data), Fin(), READ_CLOSE))


COLLIDING: tuple[Step, ...] = (
    *SEVEN,
    _RELEASE,
    _END,
    STAYS,
    Do("A-RELEASE-RP, if the product sent one", confirm_collision),
    READ_CLOSE,
)
COLLISION = (
    *ok("RP STILL CLOSE"),
    *GIVES_UP,
    *bad("RP CLOSE", note="closed before the acceptor's A-RELEASE-RP"),
)
#: Data in Sta7: a complete response to a request that was answered already, long before the A-RELEASE-RP.
LATE_DATA: tuple[Step, ...] = (*SEVEN, Send("P-DATA-TF", respond), Quiet(), _RP, READ_CLOSE)
TAKEN = (
    *ok("STILL CLOSE"),
    *lax("AB(0,*)", note="the user gave up the release"),
    *bad("CLOSE", note="closed before the release was confirmed"),
)
_LATE = (*ok("AB(*,*)"), *lax("CLOSE", note="no A-ABORT"), *info("OPEN", note="still waiting"))

CASES = (
    Case(
        "U.REL.01", "PS3.8 9.2.2 AR-1,AR-3, 9.1.4a", R, "a normal end, the tester keeps the connection open",
        "The requestor asks for the release; after the A-RELEASE-RP it closes at once.",
        one(*SEVEN, _RP, READ_CLOSE), CLOSES, (release_rq_exact,), reported="success",
    ),
    Case(
        "U.REL.02", "PS3.8 9.3.7 reserved", R, "A-RELEASE-RP with non-zero reserved bytes",
        "Reserved fields are not tested.",
        one(*SEVEN, Send("A-RELEASE-RP, reserved FFH", raw.release_rp(reserved=0xFF)), READ_CLOSE), CLOSES,
        reported="success",
    ),
    Case(
        "U.REL.03", "PS3.8 Evt10/Sta7 AR-6, 7.2.2.2", R, "P-DATA-TF before the A-RELEASE-RP",
        "Until the release is confirmed data may still come; it is taken or dropped, and the release goes on.",
        one(*LATE_DATA), TAKEN, reported="success",
    ),
    Case(
        "U.REL.04", "PS3.8 7.2.2.7, AR-8/AR-9/AR-3", R, "release collision",
        "If both sides ask, the association requestor confirms first, then waits for the acceptor's "
        "confirmation, and closes.",
        one(*COLLIDING), COLLISION,
    ),
    Case(
        "U.REL.05", "PS3.8 Sta11", I, "release collision that is never confirmed",
        "A product with a timer of its own should abort.",
        one(*SEVEN, _RELEASE, Read("RP"), STAYS, Mark("RP STILL"), Read("AB or CLOSE", "acse")),
        (*ok("AB(*,*)", "CLOSE"), *info("OPEN", note="still waiting")), tags=("artim",), artim=True,
    ),
    Case(
        "U.REL.06", "PS3.8 Evt3,4,6/Sta7 AA-8", R, "A-ASSOCIATE-AC, -RJ, -RQ in Sta7",
        "A PDU that Sta7 does not expect is answered with an A-ABORT of the provider.",
        (_seven("A-ASSOCIATE-AC", raw.associate_ac()), _seven("A-ASSOCIATE-RJ", raw.associate_rj()),
         _seven("A-ASSOCIATE-RQ", raw.associate_rq())), provider_abort(2),
    ),
    Case(
        "U.REL.07", "PS3.8 Evt19/Sta7 AA-8", R, "PDU type 09H in Sta7",
        "An unrecognized PDU is answered with an A-ABORT of the provider, reason 1.",
        (_seven("PDU type 09H", raw.unknown_pdu(9)),), provider_abort(1),
    ),
    Case(
        "U.REL.08", "PS3.8 Evt16,17/Sta7", R, "A-ABORT, FIN in Sta7",
        "The association is over; the requestor closes the connection.",
        (_seven("A-ABORT", raw.abort()), Run("FIN", (*SEVEN, Fin(), READ_CLOSE))), CLOSES,
    ),
    Case(
        "U.REL.09", "PS3.8 9.1.4 note 2", I, "an A-RELEASE-RQ that is never answered",
        "ARTIM does not run in Sta7; a product with a timer of its own should abort.",
        one(*SEVEN, Read("AB or CLOSE", "acse")), _LATE, tags=("artim",), artim=True,
    ),
    Case(
        "U.REL.10", "PS3.8 Evt17/Sta7 AA-4", R,
        "FIN in the middle of a P-DATA-TF in Sta7: in its header, in its body, and in one of 4 GiB",
        "A lost connection ends the association, whatever was on its way; what came of the PDU may be held to be an "
        "invalid one.",
        (_broken_off("in the header", lambda facts: respond(facts)[:3]),
         _broken_off("in the body", lambda facts: respond(facts)[:40]),
         _broken_off("in a body of 4 GiB", raw.pdu(4, bytes(10), length=raw.UINT32_MAX))),
        (*CLOSES, *provider_abort(6)),
        why="All objects are delivered; a requestor that waits for the rest never ends, and nor does its queue.",
    ),
    Case(
        "U.REL.11", "PS3.8 Evt13/Sta7 AR-3", R, "the A-RELEASE-RP behind the first fragment of a message",
        "The release is confirmed, and the requestor closes; what of a message is missing then is never awaited.",
        one(*SEVEN, Send("the first fragment of a response", first_fragment), Quiet(), _RP, READ_CLOSE),
        (*ok("STILL CLOSE"), *lax("STILL AB(*,*)", note="aborted over the message"),
         *lax("AB(0,*)", note="the user gave up the release"), *bad("CLOSE", note="closed before the release was confirmed")),
        reported="success",
    ),
)  # fmt: skip
