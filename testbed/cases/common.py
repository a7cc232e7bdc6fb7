"""Words the case modules share: levels, stimuli, sets of accepted outcomes."""

from collections.abc import Callable, Iterable

from .. import messages, raw
from ..facts import Bytes, Facts
from ..model import Do, Establish, Read, Run, Send, Step
from ..scene import Scene
from ..verdicts import Expectation, Level, Sub, lax, ok

R, S, T, I = Level.REQUIRED, Level.RECOMMENDED, Level.TOLERATED, Level.INFO  # noqa: E741 - as the catalogue

ECHO = (raw.context_rq(1),)
STORE = (raw.context_rq(1), raw.context_rq(3, raw.CT_STORAGE))
TWO_ECHO = (raw.context_rq(1), raw.context_rq(3))


def rq(
    contexts: Iterable[bytes] = ECHO, user: Iterable[bytes] | None = raw.USER_ITEMS, **over: object
) -> Callable[[Facts], bytes]:
    """An A-ASSOCIATE-RQ with the declared AE titles; keywords as `raw.associate_rq`."""
    kept = tuple(contexts)
    items = None if user is None else tuple(user)

    def build(facts: Facts) -> bytes:
        titles = {
            "called_ae_title": facts.called_ae_title,
            "calling_ae_title": facts.calling_ae_title,
        }
        names = {**titles, **over}
        return raw.associate_rq(contexts=kept, user=items, **names)  # type: ignore[arg-type]

    return build


def plus_rq(tail: bytes, first: Callable[[Facts], bytes] | None = None) -> Callable[[Facts], bytes]:
    """An A-ASSOCIATE-RQ and more bytes behind it, for one segment."""
    head = first or rq()
    return lambda facts: head(facts) + tail


def user(*extra: bytes, max_length: int = 16384) -> tuple[bytes, ...]:
    """User-information sub-items: the usual three and more."""
    return (
        raw.max_length(max_length),
        raw.implementation_class(),
        raw.implementation_version(),
        *extra,
    )


ASSOCIATE = Establish(rq(), need=(1,))
ASSOCIATE_STORE = Establish(rq(STORE), need=(1, 3))

ECHO_PDU = messages.command_pdu(messages.echo_rq(1))
SEND_ECHO = Send("C-ECHO-RQ", ECHO_PDU)
SEND_RELEASE = Send("A-RELEASE-RQ", raw.release_rq())
SEND_RQ = Send("A-ASSOCIATE-RQ", rq())
READ = Read()
READ_CLOSE = Read("CLOSE")
READ_REPLY = Read("MSG or AB or BADDATA")


def command(what: str, data: bytes, id: int = 1) -> Send:
    """A Send of a whole command set in one PDV."""
    return Send(what, messages.command_pdu(data, id))


def store(
    elements: Callable[[Facts], bytes] | None = None,
    data: Callable[[Facts], bytes] | bytes | None = None,
    id: int = 3,
) -> tuple[Step, ...]:
    """Sends of a C-STORE-RQ and its data set; by default a fresh valid CT image."""

    def command_bytes(facts: Facts) -> bytes:
        made = messages.store_rq(1, instance=facts.fresh) if elements is None else elements(facts)
        return messages.command_pdu(made, id)

    def data_bytes(facts: Facts) -> bytes:
        if isinstance(data, bytes):
            whole = data
        else:
            whole = messages.ct_data_set(facts.fresh) if data is None else data(facts)
        size = max(2, (facts.peer_max or 65536) - 6) & ~1
        return b"".join(raw.fragments(id, whole, size, command=False))

    return Send("C-STORE-RQ", command_bytes), Send("data set", data_bytes)


def runs(*steps_by_name: tuple[str, tuple[Step, ...]]) -> tuple[Run, ...]:
    """Runs out of (name, steps) pairs."""
    return tuple(Run(name, steps) for name, steps in steps_by_name)


def one(*steps: Step) -> tuple[Run, ...]:
    """A case's only run."""
    return (Run("", steps),)


def first_pdu(what: str, data: Bytes) -> tuple[Step, ...]:
    """Something other than a valid request as the first thing on the connection."""
    return Send(what, data), READ


# -- sets of outcomes ---------------------------------------------------------------------------------------

USER_ABORT: tuple[Expectation, ...] = (
    *ok("AB(0,*)"),
    *lax("AB(2,*)", note="AA-1 aborts as service-user (source 0)", sub=Sub.WRONG_SOURCE),
)


def provider_abort(reason: int, before: str = "") -> tuple[Expectation, ...]:
    """AA-8: A-ABORT from the service-provider; another reason passes and is noted."""
    head = f"{before} " if before else ""
    return (
        *ok(f"{head}AB(2,{reason})"),
        *ok(f"{head}AB(2,*)", note=f"reason is not {reason}", sub=Sub.WRONG_REASON),
        *lax(f"{head}AB(0,*)", note="AA-8 aborts as provider (source 2)", sub=Sub.WRONG_SOURCE),
    )


#: Evt15: a user may abort whenever an association stands; then nothing is confirmed or in order.
GIVES_UP = lax("AB(0,*)", note="the user aborted instead of confirming the release (Evt15)")
GIVES_UP_CLOSED = lax("RP? AB(0,*) CLOSE", note="the user aborted instead of confirming (Evt15)")
ANY_ABORT = ok("AB(*,*)")
CLOSES = ok("CLOSE")
#: After a reset by the tester there is nothing left to see.
RESET = ok("")
#: AA-7 names no source; 1 is reserved (Table 9-26).
ABORT_OR_CLOSE = ok("AB(0/2,*)+", "CLOSE")
SILENCE = ok("CLOSE", "OPEN")
#: What a PDU that Sta13 does not drop is answered with, by a product that has just confirmed the release.
LATE_REFUSAL = ok("RP AB(0/2,*)+", "RP CLOSE")


def read_late(scene: Scene) -> None:
    """Behind an A-RELEASE-RP, read the answer of Sta13."""
    if scene.tokens[-1:] == ["RP"]:
        scene.read_until("AB", scene.settings.timeout)


READ_LATE = Do("behind an A-RELEASE-RP, read the answer of Sta13", read_late)
ECHOED = ok("C-ECHO-RSP(0000)")
STORED = ok("C-STORE-RSP(0000)", "C-STORE-RSP(B000/B006/B007)")
FAILURE = "C-STORE-RSP(A*/C*/01*/02*)"
