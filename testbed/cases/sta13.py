"""P.STA13: waiting for the transport to close (PS3.8 Table 9-10, Sta13)."""

from .. import raw
from ..facts import build
from ..model import Case, Do, Fence, Mark, Read, Send, Step
from ..scene import Scene, Unmet
from ..verdicts import Sub, Verdict, bad
from .common import (
    ABORT_OR_CLOSE,
    ASSOCIATE,
    CLOSES,
    READ,
    SEND_ECHO,
    SEND_RELEASE,
    SEND_RQ,
    SILENCE,
    R,
    S,
    one,
    rq,
)

PROVOCATIONS = (
    ("protocol-version 0", rq(version=0)),
    ("application context 1.2.3.4", rq(application=raw.application_context("1.2.3.4"))),
    ("a called AE title nobody has", rq(called_ae_title="NOSUCHTITLE")),
)


def provoke_rejection(scene: Scene) -> None:
    """Make the product reject an association, by whichever of three requests it rejects."""
    for what, request in PROVOCATIONS:
        if scene.wires:
            scene.wire.close()
            scene.connect()
        scene.tokens.clear()
        scene.send(build(request, scene.facts), f"A-ASSOCIATE-RQ with {what}")
        scene.read_until("RJ or AC", scene.settings.timeout, due=True)
        if scene.tokens and scene.tokens[-1].startswith("RJ"):
            scene.tokens.clear()
            return
    raise Unmet(Verdict.UNSUPPORTED, "none of three bad requests was rejected", Sub.PRECONDITION)


REJECTED: tuple[Step, ...] = (Do("provoke an A-ASSOCIATE-RJ", provoke_rejection),)
RELEASED: tuple[Step, ...] = (ASSOCIATE, SEND_RELEASE, Read("RP"), Mark("RP"))
_LATE = "In Sta13 a PDU of a finished association is dropped (AA-6): nothing is answered."
_DIMSE = bad("ANY+", note="it was answered")

CASES = (
    Case(
        "P.STA13.01", "PS3.8 9.2.2 AE-6/AE-8, Evt18/Sta13 AA-2", R,
        "after an A-ASSOCIATE-RJ the tester keeps the connection open",
        "A rejecting acceptor starts ARTIM and closes the connection when it expires.",
        one(*REJECTED, Read("CLOSE", "artim")), CLOSES, tags=("artim",), artim=True,
    ),
    Case(
        "P.STA13.02", "PS3.8 9.2.3 Evt10/Sta13 AA-6", R,
        "P-DATA-TF after an A-ASSOCIATE-RJ", _LATE,
        one(*REJECTED, SEND_ECHO, Fence()), (*SILENCE, *_DIMSE),
    ),
    Case(
        "P.STA13.03", "PS3.8 9.2.3 Evt6/Sta13 AA-7", R,
        "a second, valid A-ASSOCIATE-RQ after an A-ASSOCIATE-RJ",
        "An A-ASSOCIATE-RQ in Sta13 is answered with an A-ABORT; it is never accepted.",
        one(*REJECTED, SEND_RQ, READ), (*ABORT_OR_CLOSE, *bad("AC", note="it was accepted")),
    ),
    Case(
        "P.STA13.04", "PS3.8 9.2.3 Evt19/Sta13 AA-7", S,
        "PDU type 09H after an A-ASSOCIATE-RJ",
        "An unrecognized PDU in Sta13 is answered with an A-ABORT.",
        one(*REJECTED, Send("PDU type 09H", raw.unknown_pdu(9)), READ), ABORT_OR_CLOSE,
    ),
    Case(
        "P.STA13.05", "PS3.8 9.2.2 AR-4, Evt18/Sta13 AA-2", R,
        "after the release the tester keeps the connection open",
        "After its A-RELEASE-RP an acceptor starts ARTIM and closes when it expires.",
        one(*RELEASED, Read("CLOSE", "artim")), CLOSES, tags=("artim",), artim=True,
    ),
    Case(
        "P.STA13.06", "PS3.8 7.2.2.4, Evt10/Sta13 AA-6", R,
        "C-ECHO-RQ after the A-RELEASE-RP", _LATE,
        one(*RELEASED, SEND_ECHO, Fence()), (*SILENCE, *_DIMSE),
    ),
    Case(
        "P.STA13.07", "PS3.8 9.2.3 Evt12/Sta13 AA-6", R,
        "a second A-RELEASE-RQ after the A-RELEASE-RP", _LATE,
        one(*RELEASED, SEND_RELEASE, Fence()), (*SILENCE, *_DIMSE),
    ),
    Case(
        "P.STA13.08", "PS3.8 9.2.2 AA-8, Evt18/Sta13", R,
        "after the product's A-ABORT the tester keeps the connection open",
        "After an A-ABORT its sender starts ARTIM and closes when it expires.",
        one(ASSOCIATE, SEND_RQ, READ, Mark("AB"), Read("CLOSE", "artim")), CLOSES,
        tags=("artim",), artim=True,
    ),
)  # fmt: skip
