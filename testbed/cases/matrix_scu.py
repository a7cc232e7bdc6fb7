"""M.U: the state matrix, the product as association requestor."""

from .. import raw
from ..facts import Bytes, Facts, build
from ..matrix import derive
from ..meeting import listen, start_plain
from ..model import Accept, Case, Do, Fence, Fin, Mark, Read, Send, Serve, Step
from ..scene import Scene, respond
from ..table import TABLE
from ..verdicts import Expectation, ok
from .common import (
    ABORT_OR_CLOSE,
    CLOSES,
    GIVES_UP,
    GIVES_UP_CLOSED,
    LATE_REFUSAL,
    READ_LATE,
    SILENCE,
    provider_abort,
)
from .scu import ACCEPT, AWAIT, SEVEN, SIX, STAYS, USED, USED_PATTERN, ac
from .u_rel import COLLIDING, COLLISION, LATE_DATA, TAKEN

STIMULI: dict[int, tuple[str, Bytes]] = {
    3: ("A-ASSOCIATE-AC", raw.associate_ac()),
    4: ("A-ASSOCIATE-RJ", raw.associate_rj()),
    6: ("A-ASSOCIATE-RQ", raw.associate_rq()),
    10: ("P-DATA-TF", respond),
    12: ("A-RELEASE-RQ", raw.release_rq()),
    13: ("A-RELEASE-RP", raw.release_rp()),
    16: ("A-ABORT", raw.abort()),
    19: ("PDU type 09H", raw.unknown_pdu(9)),
}
_END = Read("AB or CLOSE or RP")
_RELEASE = Send("A-RELEASE-RQ", raw.release_rq())
COLLIDED: tuple[Step, ...] = (
    *SEVEN,
    _RELEASE,
    Read("RP or AB or CLOSE"),
    STAYS,
    Mark("RP STILL"),
)
ABORTED: tuple[Step, ...] = (
    *SIX,
    Send("A-ASSOCIATE-RQ", raw.associate_rq()),
    _END,
    Mark("AB CLOSE?"),
)


def stimulus(event: int) -> Step:
    """The step that is the event, alone on the wire."""
    if event == 17:
        return Fin()
    what, data = STIMULI[event]
    return Send(what, data)


def _behind_release(event: int) -> tuple[Step, ...]:
    """Our A-RELEASE-RQ and the event in one segment; a FIN follows at once."""
    if event == 17:
        return _RELEASE, Fin()
    name, data = STIMULI[event]

    def both(facts: Facts) -> bytes:
        return raw.release_rq() + build(data, facts)

    return (Send(f"A-RELEASE-RQ + {name}", both),)


def _reason(event: int) -> int:
    return 1 if event == 19 else 2


def refuse_connection(scene: Scene) -> None:
    """Start the product towards a port where nobody listens."""
    port = listen(scene)
    if scene.listener is not None:
        scene.listener.close()
    start_plain(scene, port)


def _sta5(event: int) -> Case:
    if event == 3:
        return derive("scu", 5, 3, (AWAIT, Accept(ac()), Serve()), USED)
    expected = {
        "AE-4": CLOSES,
        "AA-8": provider_abort(_reason(event)),
        "AA-3": CLOSES,
        "AA-4": CLOSES,
    }[TABLE[5, event]]
    return derive("scu", 5, event, (AWAIT, stimulus(event), _END), expected)


def _sta6(event: int) -> Case:
    if event == 10:
        return derive("scu", 6, 10, (*SIX, stimulus(10), Serve()), ok(USED_PATTERN, "RELEASE"))
    expected = {
        "AA-8": provider_abort(_reason(event)),
        "AR-2": (*ok("RP"), *GIVES_UP),
        "AA-3": CLOSES,
        "AA-4": CLOSES,
    }[TABLE[6, event]]
    return derive("scu", 6, event, (*SIX, stimulus(event), _END), expected)


def _sta7(event: int) -> Case:
    if event == 10:
        return derive("scu", 7, 10, LATE_DATA, TAKEN, reported="success")
    expected = {
        "AA-8": provider_abort(_reason(event)), "AR-8": (*ok("RP"), *GIVES_UP), "AR-3": CLOSES, "AA-3": CLOSES, "AA-4": CLOSES,
    }[TABLE[7, event]]  # fmt: skip
    return derive("scu", 7, event, (*SEVEN, stimulus(event), _END), expected)


def _sta8(event: int) -> Case:
    """The release is confirmed so soon that Sta13's answer is as good as Sta8's."""
    steps = (*SIX, *_behind_release(event))
    if event in {16, 17}:
        return derive(
            "scu", 8, event, (*steps, Read("CLOSE")), (*ok("RP? CLOSE"), *GIVES_UP_CLOSED)
        )
    # Behind the A-RELEASE-RP it is Sta13: AA-7 answers a request or what is no PDU, AA-6 drops the rest.
    refused = event in {6, 19}
    late, end = (LATE_REFUSAL, READ_LATE) if refused else (ok("RP"), Fence())
    expected = (*provider_abort(_reason(event)), *late)
    return derive("scu", 8, event, (*steps, Read("RP or AB"), end), expected)


def _sta9(event: int) -> Case:
    """The collision is answered so soon that Sta11's answer is as good as Sta9's."""
    steps = (*SEVEN, *_behind_release(event))
    if event in {16, 17}:
        return derive(
            "scu", 9, event, (*steps, Read("CLOSE")), (*ok("RP? CLOSE"), *GIVES_UP_CLOSED)
        )
    late: tuple[Expectation, ...] = ok("RP CLOSE") if event == 13 else ()
    expected = (*provider_abort(_reason(event), "RP?"), *late)
    return derive("scu", 9, event, (*steps, Read("AB or CLOSE")), expected)


def _sta11(event: int) -> Case:
    expected = {
        "AA-8": provider_abort(_reason(event)),
        "AR-3": CLOSES,
        "AA-3": CLOSES,
        "AA-4": CLOSES,
    }[TABLE[11, event]]
    return derive("scu", 11, event, (*COLLIDED, stimulus(event), _END), expected)


def _sta13(event: int) -> Case:
    action = TABLE[13, event]
    if action == "AA-7":
        return derive("scu", 13, event, (*ABORTED, stimulus(event), _END), ABORT_OR_CLOSE)
    if action == "AA-6":
        return derive("scu", 13, event, (*ABORTED, stimulus(event), Fence()), SILENCE)
    if event == 18:
        return derive("scu", 13, 18, (*ABORTED, Read("CLOSE", "artim")), CLOSES)
    return derive("scu", 13, event, (*ABORTED, stimulus(event), Read("CLOSE")), CLOSES)


_FAR = (3, 4, 6, 10, 12, 13, 16, 17, 19)

CASES = (
    derive("scu", 1, 1, (AWAIT, ACCEPT, Serve()), USED),
    derive("scu", 4, 2, (AWAIT, ACCEPT, Serve()), USED),
    derive("scu", 4, 17, (Do("no listener", refuse_connection),), ok(""), needs=("exit-code",), reported="failure"),
    *(_sta5(event) for event in _FAR),
    derive("scu", 6, 9, (AWAIT, ACCEPT, Read("REQ or AB")), ok("REQ")),
    *(_sta6(event) for event in _FAR),
    derive("scu", 6, 11, SEVEN, ok("")),
    *(_sta7(event) for event in _FAR),
    *(_sta8(event) for event in _FAR),
    derive("scu", 8, 14, (*SIX, _RELEASE, _END), (*ok("RP"), *GIVES_UP)),
    *(_sta9(event) for event in _FAR),
    derive("scu", 9, 14, COLLIDING, COLLISION),
    *(_sta11(event) for event in _FAR),
    *(_sta13(event) for event in (*_FAR, 18)),
)  # fmt: skip
