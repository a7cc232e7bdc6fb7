"""M.P: the state matrix, the product as association acceptor."""

from .. import raw
from ..matrix import derive
from ..model import Case, Fence, Fin, Mark, Quiet, Read, Send, Step
from ..table import TABLE
from ..verdicts import Expectation, lax, ok
from .common import (
    ABORT_OR_CLOSE,
    ASSOCIATE,
    CLOSES,
    ECHO_PDU,
    ECHOED,
    GIVES_UP,
    GIVES_UP_CLOSED,
    LATE_REFUSAL,
    READ,
    READ_CLOSE,
    READ_LATE,
    SEND_ECHO,
    SEND_RELEASE,
    SEND_RQ,
    SILENCE,
    USER_ABORT,
    provider_abort,
    rq,
)

STIMULI: dict[int, tuple[str, bytes]] = {
    3: ("A-ASSOCIATE-AC", raw.associate_ac()),
    4: ("A-ASSOCIATE-RJ", raw.associate_rj()),
    6: ("A-ASSOCIATE-RQ", b""),
    10: ("C-ECHO-RQ", ECHO_PDU),
    12: ("A-RELEASE-RQ", raw.release_rq()),
    13: ("A-RELEASE-RP", raw.release_rp()),
    16: ("A-ABORT", raw.abort()),
    19: ("PDU type 09H", raw.unknown_pdu(9)),
}
RELEASED: tuple[Step, ...] = (ASSOCIATE, SEND_RELEASE, Read("RP"), Mark("RP"))


def stimulus(event: int) -> Step:
    """The step that is the event, alone on the wire."""
    if event == 17:
        return Fin()
    what, data = STIMULI[event]
    return SEND_RQ if event == 6 else Send(what, data)


def behind(head: bytes | None, event: int) -> tuple[Step, ...]:
    """A head (None: our A-ASSOCIATE-RQ) and the event in one segment; a FIN follows at once."""
    what = "A-ASSOCIATE-RQ" if head is None else "A-RELEASE-RQ"
    if event == 17:
        return Send(what, rq() if head is None else head), Fin()
    name, tail = STIMULI[event]

    def data(facts: object) -> bytes:
        first = rq()(facts) if head is None else head  # type: ignore[arg-type]
        return first + (rq()(facts) if event == 6 else tail)  # type: ignore[arg-type]

    return (Send(f"{what} + {name}", data),)


def _sta2(event: int) -> Case:
    action = TABLE[2, event]
    expected: dict[str, tuple[tuple[Expectation, ...], Step]] = {
        "AA-1": (USER_ABORT, READ),
        "AA-2": (CLOSES, READ_CLOSE),
        "AA-5": (CLOSES, READ_CLOSE),
        "AE-6": (ok("AC"), READ),
    }
    expectations, read = expected[action]
    return derive("scp", 2, event, (stimulus(event), read), expectations)


def _sta3(event: int) -> Case:
    if event in {16, 17}:
        return derive("scp", 3, event, (*behind(None, event), READ_CLOSE), ok("AC? CLOSE"))
    late = {10: ok("AC C-ECHO-RSP(0000)"), 12: ok("AC RP")}.get(event, ())
    expected = (*provider_abort(1 if event == 19 else 2, "AC?"), *late)
    until = {10: "AB or MSG", 12: "AB or RP"}.get(event, "AB")
    return derive("scp", 3, event, (*behind(None, event), Read(until)), expected)


def _sta6(event: int) -> Case:
    expected = {
        "AA-8": provider_abort(1 if event == 19 else 2),
        "DT-2": ECHOED,
        "AR-2": (*ok("RP"), *GIVES_UP),
        "AA-3": CLOSES,
        "AA-4": CLOSES,
    }[TABLE[6, event]]
    read = READ_CLOSE if event in {16, 17} else READ
    return derive("scp", 6, event, (ASSOCIATE, stimulus(event), read), expected)


def _sta8(event: int) -> Case:
    """The release is confirmed so soon that Sta13's answer is as good as Sta8's."""
    if event in {16, 17}:
        steps = (ASSOCIATE, *behind(raw.release_rq(), event), READ_CLOSE)
        return derive("scp", 8, event, steps, (*ok("RP? CLOSE"), *GIVES_UP_CLOSED))
    # Behind the A-RELEASE-RP it is Sta13: AA-7 answers a request or what is no PDU, AA-6 drops the rest.
    refused = event in {6, 19}
    late, end = (LATE_REFUSAL, READ_LATE) if refused else (ok("RP"), Fence())
    steps = (ASSOCIATE, *behind(raw.release_rq(), event), Read("RP or AB or MSG"), end)
    return derive("scp", 8, event, steps, (*provider_abort(1 if event == 19 else 2), *late))


def _sta13(event: int) -> Case:
    action = TABLE[13, event]
    if action == "AA-7":
        return derive("scp", 13, event, (*RELEASED, stimulus(event), READ), ABORT_OR_CLOSE)
    if action == "AA-6":
        return derive("scp", 13, event, (*RELEASED, stimulus(event), Fence()), SILENCE)
    if event == 18:
        return derive("scp", 13, event, (*RELEASED, Read("CLOSE", "artim")), CLOSES)
    return derive("scp", 13, event, (*RELEASED, stimulus(event), READ_CLOSE), CLOSES)


_ECHO: tuple[Step, ...] = (ASSOCIATE, SEND_ECHO, READ)
_REJECTED_BY_USER = Send("A-ASSOCIATE-RQ with application context 1.2.3.4",
                         rq(application=raw.application_context("1.2.3.4")))  # fmt: skip
_FAR = (3, 4, 6, 10, 12, 13, 16, 17, 19)

CASES = (
    derive("scp", 1, 5, (Quiet(0.2), SEND_RQ, READ), ok("STILL AC")),
    *(_sta2(event) for event in _FAR),
    derive("scp", 2, 18, (Send("3 bytes of an A-ASSOCIATE-RQ", lambda f: rq()(f)[:3]), Read("CLOSE", "artim")),
           (*CLOSES, *lax("AB"))),
    derive("scp", 3, 7, (SEND_RQ, READ), ok("AC")),
    derive("scp", 3, 8, (_REJECTED_BY_USER, READ), (*ok("RJ"), *lax("AC"))),
    *(_sta3(event) for event in _FAR),
    derive("scp", 6, 9, _ECHO, ECHOED),
    *(_sta6(event) for event in _FAR),
    *(_sta8(event) for event in _FAR),
    derive("scp", 8, 14, (ASSOCIATE, SEND_RELEASE, READ), (*ok("RP"), *GIVES_UP)),
    *(_sta13(event) for event in (*_FAR, 18)),
)  # fmt: skip
