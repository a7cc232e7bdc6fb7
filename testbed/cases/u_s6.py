"""U.S6: what comes instead of a response (PS3.8 Table 9-10, Sta6)."""

from .. import raw
from ..facts import Facts
from ..model import Case, Fin, Read, Rst, Run, Send
from ..scene import respond
from ..verdicts import lax, ok
from .common import ANY_ABORT, CLOSES, GIVES_UP, RESET, R, provider_abort
from .scu import SIX, first_fragment

_END = Read("AB or RP or CLOSE or REQ")


def _instead(what: str, data: bytes) -> Run:
    return Run(what, (*SIX, Send(what, data), _END))


def _last_fragment(facts: Facts) -> bytes:
    """The response without the first 20 bytes of its command set, as its last fragment."""
    return raw.p_data(raw.pdv(facts.context, 3, respond(facts)[32:]))


def _amid(what: str, data: bytes) -> Run:
    return Run(
        what,
        (*SIX, Send("the first fragment of the response", first_fragment), Send(what, data), _END),
    )


CASES = (
    Case(
        "U.S6.01", "PS3.8 Evt12/Sta6 AR-2, 7.2.2.3", R, "A-RELEASE-RQ instead of the response",
        "Either side may release; it is confirmed, and the unanswered operation has failed.",
        (_instead("A-RELEASE-RQ", raw.release_rq()),),
        (*ok("RP"), *GIVES_UP), reported="failure",
    ),
    Case(
        "U.S6.02", "PS3.8 Evt16,17/Sta6", R, "A-ABORT, FIN, RST instead of the response",
        "The association is over; the user is told.",
        (_instead("A-ABORT", raw.abort()), Run("FIN", (*SIX, Fin(), Read("CLOSE"))), Run("RST", (*SIX, Rst()), RESET)),
        CLOSES, reported="failure",
    ),
    Case(
        "U.S6.03", "PS3.8 Evt4,6,13/Sta6 AA-8", R, "A-ASSOCIATE-RJ, A-ASSOCIATE-RQ, A-RELEASE-RP",
        "A PDU that Sta6 does not expect is answered with an A-ABORT of the provider.",
        (_instead("A-ASSOCIATE-RJ", raw.associate_rj()), _instead("A-ASSOCIATE-RQ", raw.associate_rq()),
         _instead("A-RELEASE-RP", raw.release_rp())), provider_abort(2),
    ),
    Case(
        "U.S6.04", "PS3.8 Evt19/Sta6", R, "PDU type 09H",
        "An unrecognized PDU is answered with an A-ABORT of the provider, reason 1.",
        (_instead("PDU type 09H", raw.unknown_pdu(9)),), provider_abort(1),
    ),
    Case(
        "U.S6.05", "PS3.8 Evt6,13/Sta6 AA-8", R, "A-ASSOCIATE-RQ, and A-RELEASE-RP, between the fragments of the response",
        "A PDU that Sta6 does not expect is answered with an A-ABORT of the provider.",
        (_amid("A-ASSOCIATE-RQ", raw.associate_rq()), _amid("A-RELEASE-RP", raw.release_rp())), provider_abort(2),
    ),
    Case(
        "U.S6.06", "PS3.8 Evt17/Sta6 AA-4", R, "FIN in the middle of the response: in its header, and in its body",
        "The association is over; half a response is none (or an invalid PDU), and the user is told.",
        (Run("in the header", (*SIX, Send("3 bytes of the response", lambda facts: respond(facts)[:3]), Fin(), Read("CLOSE"))),
         Run("in the body", (*SIX, Send("half the response", lambda facts: respond(facts)[:40]), Fin(), Read("CLOSE")))),
        (*CLOSES, *provider_abort(6)), reported="failure",
        why="An archive that goes down while it answers has perhaps not kept the object.",
    ),
    Case(
        "U.S6.07", "PS3.8 E.1, Evt17/Sta6 AA-4", R, "the last fragment of a response that never began, and FIN",
        "What is no command set is no reason to wait for more of it: the connection ends the association.",
        (Run("", (*SIX, Send("the last fragment of the response", _last_fragment), Fin(), Read("CLOSE"))),),
        (*CLOSES, *ANY_ABORT, *lax("RELEASE CLOSE", note="a release on a connection that has ended")),
        reported="failure",
        why="A requestor that reads on for a command set that cannot be completed holds up every object behind it.",
    ),
)  # fmt: skip
