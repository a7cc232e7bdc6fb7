"""P.STA3: PDUs that arrive before the answer to the request (PS3.8 Table 9-10, Sta3)."""

from .. import raw
from ..model import Case, Read, Run, Send
from ..verdicts import ok
from .common import ECHO_PDU, R, S, T, one, plus_rq, provider_abort, rq

CASES = (
    Case(
        "P.STA3.01", "PS3.8 7.1.2.1, Evt10/Sta3 AA-8", T,
        "A-ASSOCIATE-RQ and C-ECHO-RQ in one segment",
        "A requestor may not send before it is accepted. Sta3 is too short to be seen, so an "
        "acceptor may abort, or accept and then answer.",
        one(Send("A-ASSOCIATE-RQ + C-ECHO-RQ", plus_rq(ECHO_PDU)), Read("MSG or AB")),
        (*provider_abort(2, "AC?"), *ok("AC C-ECHO-RSP(0000)")),
    ),
    Case(
        "P.STA3.02", "PS3.8 Evt16/Sta3 AA-3", R,
        "A-ASSOCIATE-RQ and A-ABORT in one segment",
        "An A-ABORT ends the association at once: the acceptor closes the connection.",
        one(Send("A-ASSOCIATE-RQ + A-ABORT", plus_rq(raw.abort())), Read("CLOSE")),
        ok("AC? CLOSE"),
    ),
    Case(
        "P.STA3.03", "PS3.8 Evt6, Evt12/Sta3 AA-8", S,
        "A-ASSOCIATE-RQ followed by another, and by an A-RELEASE-RQ, in one segment",
        "Neither is expected in Sta3: A-ABORT by the provider. Taken after the accept, a release "
        "is in order and a second request still is not.",
        (
            Run("RQ+RQ", (Send("A-ASSOCIATE-RQ twice", lambda f: rq()(f) * 2), Read("AB or AC AC"))),
            Run(
                "RQ+RELEASE-RQ",
                (Send("A-ASSOCIATE-RQ + A-RELEASE-RQ", plus_rq(raw.release_rq())), Read("AB or RP")),
                (*provider_abort(2, "AC?"), *ok("AC RP")),
            ),
        ),
        provider_abort(2, "AC?"),
    ),
    Case(
        "P.STA3.04", "PS3.8 9.3.1, AE-6, AE-7", R,
        "A-ASSOCIATE-RQ and the beginning of the next PDU in one segment, its rest behind the answer",
        "A PDU ends where its length says, and is acted on whatever has come behind it.",
        one(Send("A-ASSOCIATE-RQ + 3 bytes of a P-DATA-TF", plus_rq(ECHO_PDU[:3])), Read("AC or AB"),
            Send("the rest of the P-DATA-TF", ECHO_PDU[3:]), Read("MSG or AB")),
        ok("AC C-ECHO-RSP(0000)"),
        why="TCP cuts where it likes: who waits for the rest of what came too early waits for ever.",
    ),
)  # fmt: skip
