"""P.TCP: the transport connection (PS3.8 9.1)."""

from .. import raw
from ..facts import build
from ..model import Case, Do, Mark, Read, Send
from ..observe import Wire
from ..scene import Scene, Unmet
from ..verdicts import Sub, lax, ok
from .common import (
    ABORT_OR_CLOSE,
    ASSOCIATE,
    READ,
    SEND_RELEASE,
    SEND_RQ,
    R,
    S,
    one,
    rq,
)


def just_connect(scene: Scene) -> None:
    """Open the connection and send nothing."""
    scene.wire.note("tester sends nothing")


def churn(scene: Scene) -> None:
    """Twenty connections closed with a FIN, twenty with an RST."""
    for number in range(40):
        wire = scene.connect()
        if number < 20:
            wire.fin()
            wire.read(scene.settings.timeout)
            wire.close()
        else:
            wire.rst()
    scene.tokens.clear()


def second_association(scene: Scene) -> None:
    """While the first association stands, ask for another on a new connection."""
    try:
        scene.connect()
    except Unmet:
        scene.tokens.append("REFUSED")
        return
    scene.send(build(rq(), scene.facts), "A-ASSOCIATE-RQ on a second connection")
    scene.read_until("AC or RJ", scene.settings.timeout)


def many_associations(scene: Scene) -> None:
    """Open idle associations up to the declared number, or until one is not accepted."""
    wires: list[Wire] = []
    for _ in range(scene.settings.max_assoc):
        try:
            wires.append(scene.connect())
        except Unmet:
            scene.tokens.append("REFUSED")
            return
        scene.send(build(rq(), scene.facts), "A-ASSOCIATE-RQ")
        scene.read_until("AC or RJ", max(scene.settings.timeout, 5.0), due=True)
        if not scene.tokens[-1].startswith("AC"):
            break
    scene.notes.append(f"{len(wires)} connections opened")
    for wire in wires:
        wire.send(raw.abort(), "A-ABORT")
        wire.fin()
        wire.read(scene.settings.timeout)


CASES = (
    Case(
        "P.TCP.01", "PS3.8 9.1.2,9.2.3 Evt18/Sta2 AA-2", R,
        "connect, send nothing",
        "ARTIM runs from the moment the connection is accepted; when it expires before a request "
        "has come, the acceptor closes the connection and sends nothing.",
        one(Do("connect, send nothing", just_connect), Read("CLOSE", "artim")),
        (*ok("CLOSE"), *lax("AB(*,*)", note="AA-2 closes without an A-ABORT")),
        why="Without the timer an idle connection holds a resource for ever.",
        tags=("artim",), artim=True,
    ),
    Case(
        "P.TCP.02", "PS3.8 9.2.3 Evt18/Sta2 (AE-6 stops ARTIM only on a whole RQ)", R,
        "10 bytes of a valid A-ASSOCIATE-RQ, then silence",
        "Only a whole A-ASSOCIATE-RQ stops ARTIM; a request that never gets whole does not.",
        one(Send("10 bytes of an A-ASSOCIATE-RQ", lambda f: rq()(f)[:10]), Read("CLOSE", "artim")),
        (*ok("CLOSE"), *lax("AB(*,*)", note="AA-2 closes without an A-ABORT")),
        why="The slow-loris attack: a few bytes hold a connection open.",
        tags=("artim", "security"), artim=True,
    ),
    Case(
        "P.TCP.03", "PS3.8 9.1.3", R,
        "a valid A-ASSOCIATE-RQ, one byte per segment",
        "TCP is a stream: PDU boundaries have nothing to do with segment boundaries.",
        one(Send("A-ASSOCIATE-RQ", rq(), by_byte=True), READ),
        ok("AC"),
    ),
    Case(
        "P.TCP.04", "PS3.8 9.2.3 Evt17/Sta2 AA-5", R,
        "20 connections closed by FIN and 20 by RST, before any PDU",
        "A connection that goes away before a request is forgotten; the acceptor goes on serving.",
        one(Do("20 x connect and FIN, 20 x connect and RST", churn)),
        why="Port scanners and load balancers do this all day.",
        tags=("security", "live"),
    ),
    Case(
        "P.TCP.05", "PS3.8 9.1.1a,b", S,
        "a second association while the first stands",
        "Each association has its own connection; a product serves several or rejects with "
        "transient, presentation-related congestion or limit.",
        one(ASSOCIATE, Do("A-ASSOCIATE-RQ on a second connection", second_association)),
        (*ok("AC", "RJ(2,3,1/2)"), *lax("OPEN", "CLOSE", "REFUSED", note="not served, not rejected")),
    ),
    Case(
        "P.TCP.06", "PS3.8 9.1.1b, Evt6/Sta13 AA-7", R,
        "a new A-ASSOCIATE-RQ on the connection of a released association",
        "A transport connection is never used for a second association.",
        one(ASSOCIATE, SEND_RELEASE, Read("RP"), Mark("RP"), SEND_RQ, READ),
        ABORT_OR_CLOSE,
    ),
    Case(
        "P.TCP.07", "PS3.8 9.1.4 note 1", S,
        "as many idle associations as declared (50)",
        "Over its limit a product answers with a transient A-ASSOCIATE-RJ, not with a bare close.",
        one(Do("open --max-assoc associations", many_associations)),
        (
            *ok("AC+", "AC* RJ(2,3,1/2)"),
            *lax("AC+ CLOSE", "AC+ REFUSED", note="limit shown by a close", sub=Sub.CLOSE_ONLY),
            *lax("AC+ OPEN", note="limit shown by silence"),
        ),
        needs=("concurrent",),
    ),
)  # fmt: skip
