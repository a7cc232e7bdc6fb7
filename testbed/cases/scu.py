"""Words of the cases for a product that calls us."""

from collections.abc import Callable, Iterable, Iterator

from .. import messages, raw
from ..facts import Facts
from ..model import Accept, AwaitRequest, Do, Mark, Quiet, Read, Serve, Step
from ..parse import Context, Pdu, uid_text
from ..scene import Scene, Unmet, respond
from ..verdicts import Finding, Verdict, ok
from .checks import fail, mild

AWAIT = AwaitRequest()
USED_PATTERN = "REQ+ RELEASE"
USED = ok(USED_PATTERN)


def _contexts(facts: Facts) -> tuple[Context, ...]:
    return facts.rq.contexts if facts.rq is not None else ()


def choose(transfers: Iterable[bytes]) -> str:
    """The transfer syntax a plain acceptor takes."""
    offered = [uid_text(uid) for uid in transfers]
    plain = [uid for uid in (raw.EXPLICIT_LE, raw.IMPLICIT_LE) if uid in offered]
    return (plain or offered or [raw.IMPLICIT_LE])[0]


def results(facts: Facts) -> list[bytes]:
    """One 21H of acceptance per proposed context."""
    found = [raw.context_ac(entry.id, 0, (choose(entry.transfers),)) for entry in _contexts(facts)]
    return found or [raw.context_ac(1)]


def ac(
    contexts: Callable[[Facts], list[bytes]] = results,
    user: Iterable[bytes] | None = raw.USER_ITEMS,
    **over: object,
) -> Callable[[Facts], bytes]:
    """An A-ASSOCIATE-AC echoing the request's AE titles; keywords as `raw.associate_ac`."""
    items = None if user is None else tuple(user)

    def build(facts: Facts) -> bytes:
        names: dict[str, object] = {}
        if facts.rq is not None:
            names = {
                "called_ae_title": facts.rq.called_ae_title,
                "calling_ae_title": facts.rq.calling_ae_title,
            }
        return raw.associate_ac(contexts=contexts(facts), user=items, **{**names, **over})  # type: ignore[arg-type]

    return build


def used(context: Context) -> bool:
    """Whether a context is for what the product is going to do: CT storage or verification."""
    return any(uid_text(uid) in {raw.CT_STORAGE, raw.VERIFICATION} for uid in context.abstracts)


def spare(facts: Facts) -> set[int]:
    """Ids of contexts the product can do without: all but the first for CT, or for verification."""
    contexts = _contexts(facts)
    for wanted in (raw.CT_STORAGE, raw.VERIFICATION):
        matching = [
            entry.id
            for entry in contexts
            if any(uid_text(uid) == wanted for uid in entry.abstracts)
        ]
        if matching:
            return {entry.id for entry in contexts} - {matching[0]}
    return set()


def needs_spare(scene: Scene) -> None:
    """Go on only if the product proposed a context it can do without."""
    if not spare(scene.facts):
        raise Unmet(Verdict.UNSUPPORTED, "the product proposes a single context")


NEEDS_SPARE = Do("go on if the product proposes more than one context", needs_spare)


def with_spare(make: Callable[[int], bytes]) -> Callable[[Facts], list[bytes]]:
    """Contexts: the spare ones answered by `make`, the needed one accepted."""

    def build(facts: Facts) -> list[bytes]:
        extra = spare(facts)
        return [
            make(entry.id)
            if entry.id in extra
            else raw.context_ac(entry.id, 0, (choose(entry.transfers),))
            for entry in _contexts(facts)
        ]

    return build


def every(make: Callable[[int], bytes]) -> Callable[[Facts], list[bytes]]:
    """Contexts: all answered by `make`."""
    return lambda facts: [make(entry.id) for entry in _contexts(facts)]


ACCEPT = Accept(ac())
#: A whole ordinary association.
NORMAL: tuple[Step, ...] = (AWAIT, ACCEPT, Serve())
#: Sta6 with a request of the product unanswered.
SIX: tuple[Step, ...] = (AWAIT, ACCEPT, Read("REQ or AB or RELEASE"), Mark("REQ"))


def first_fragment(facts: Facts) -> bytes:
    """The response, cut after 20 bytes of its command set; more is to follow."""
    return raw.p_data(raw.pdv(facts.context, 1, respond(facts)[12:32]))


def answering(accept: Callable[[Facts], bytes]) -> tuple[Step, ...]:
    """An ordinary association but for its A-ASSOCIATE-AC."""
    return AWAIT, Accept(accept), Serve()


def replying(what: str, reply: Callable[[Facts], bytes]) -> tuple[Step, ...]:
    """An ordinary association but for the first response."""
    return AWAIT, ACCEPT, Serve(what, reply, 1)


def serve_until_release(scene: Scene) -> None:
    """Answer requests with success until the A-RELEASE-RQ, which is left unanswered."""
    answered = 0
    while isinstance(scene.read_event(scene.settings.timeout), Pdu):
        token = scene.tokens[-1] if scene.tokens else ""
        if token == "RELEASE" or token.startswith("AB"):  # noqa: S105 - a trace token
            return
        if len(scene.messages) > answered:
            answered = len(scene.messages)
            scene.send(respond(scene.facts), "response, Success")


#: Long enough to see the close of a product that does not wait.
STAYS = Quiet(0.2)
#: Sta7: the product has asked for the release.
SEVEN: tuple[Step, ...] = (
    AWAIT,
    ACCEPT,
    Do("answer every request with success, but not the A-RELEASE-RQ", serve_until_release),
    STAYS,
    Mark("REQ* RELEASE STILL"),
)


def response_without(tag: int) -> Callable[[Facts], bytes]:
    """A success response lacking one element."""

    def build(facts: Facts) -> bytes:
        elements = [
            (0x0002, messages.uid(facts.sop_class)),
            (0x0100, messages.us(facts.request | messages.RESPONSE)),
            (0x0120, messages.us(facts.message_id)),
            (0x0800, messages.us(messages.NO_DATA_SET)),
            (0x0900, messages.us(0)),
        ]
        kept = messages.command_set([entry for entry in elements if entry[0] != tag])
        return messages.command_pdu(kept, facts.context)

    return build


def status(value: int) -> Callable[[Facts], bytes]:
    """A response with this status."""
    return lambda facts: respond(facts, value)


def not_success(scene: Scene) -> Iterator[Finding]:
    """The product does not take it for success: it aborts, or releases and reports failure."""
    if "RELEASE" not in scene.tokens:
        return
    if scene.exit_code == 0:
        yield fail("the product went on and reported success")
    elif scene.exit_code is None:
        yield mild("the product released in order; what it reported is not known without --exec")
