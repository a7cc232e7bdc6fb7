"""The alphabet for a product that calls: what an acceptor may say, and what only a wrong one says."""

from collections.abc import Callable

from .. import messages, raw
from ..cases.scu import ac, every
from ..facts import Facts
from ..scene import respond
from .moves import Answer, Input, Manner, Owed
from .speech import COMMAND_PIECE, COMMON, Said, Speech, Stimulus, broken, fixed


def _accept(
    name: str,
    what: str,
    make: Callable[[Facts], bytes],
    answer: Answer = "accept",
    manner: Manner = "right",
) -> Stimulus:
    def say(_: Speech, facts: Facts) -> Said:
        events = (3, 19) if manner == "invalid" else (3,)
        return Said(make(facts), Input(name, events, manner, answer))

    return Stimulus(name, what, "request", say)


def _overrun(facts: Facts) -> bytes:
    return raw.overwrite(ac()(facts), 76, b"\xff\xff")


ANSWERS = (
    _accept("ac", "A-ASSOCIATE-AC of every context", ac()),
    _accept("ac-reserved", "A-ASSOCIATE-AC with all reserved bytes FFH", ac(reserved=0xFF, reserved_32=b"\xff" * 32)),
    _accept("ac-none", "A-ASSOCIATE-AC that accepts no context",
            ac(every(lambda id_: raw.context_ac(id_, 3, ("",)))), "either"),
    _accept("ac-overrun", "A-ASSOCIATE-AC whose first item runs past the PDU", _overrun, "either", "invalid"),
    fixed("rj", "A-ASSOCIATE-RJ", "request", raw.associate_rj(), 4),
    fixed("rj-busy", "A-ASSOCIATE-RJ, transient, temporary congestion", "request", raw.associate_rj(2, 3, 1), 4),
    fixed("rq", "A-ASSOCIATE-RQ", "request", raw.associate_rq(), 6),
)  # fmt: skip


# -- responses in order -------------------------------------------------------------------------------------


def _owed(facts: Facts) -> Owed:
    return Owed("response", facts.message_id, facts.context)


def _response(name: str, what: str, status: int, manner: Manner = "right") -> Stimulus:
    """A response to the request that waits for one, in one PDV."""

    def say(speech: Speech, facts: Facts) -> Said:
        data = respond(facts, status)
        if speech.composing is not None or speech.broken or speech.unanswered < 1:
            return speech.breaks(name, data)
        said = speech.completes(name, data, _owed(facts))
        if manner == "right":
            return said
        told = said.input
        return Said(data, Input(name, told.events, manner, completes=told.completes))

    return Stimulus(name, what, "message", say)


def _begins(speech: Speech, facts: Facts) -> Said:
    whole = _command(facts)
    data = raw.p_data(raw.pdv(facts.context, raw.COMMAND_MORE, whole[:COMMAND_PIECE]))
    if speech.composing is not None or speech.broken or speech.unanswered < 1:
        return speech.breaks("success-begins", data)
    speech.composing, speech.stage, speech.rest = _owed(facts), "command", whole[COMMAND_PIECE:]
    return speech.fragment("success-begins", data)


def _ends(speech: Speech, facts: Facts) -> Said:
    rest = speech.rest or _command(facts)[COMMAND_PIECE:]
    data = raw.p_data(raw.pdv(facts.context, raw.COMMAND_LAST, rest))
    if speech.composing is None:
        return speech.breaks("success-ends", data)
    return speech.completes("success-ends", data, speech.composing)


def _command(facts: Facts, message_id: int | None = None) -> bytes:
    """A success response's command set, for the request in `facts` or another Message ID."""
    return messages.response(
        facts.request,
        facts.message_id if message_id is None else message_id,
        0,
        sop_class=facts.sop_class or None,
        instance=facts.instance or None,
    )


MESSAGES = (
    _response("success", "response, Success", 0x0000),
    _response("warning", "response, warning B000H", 0xB000),
    _response("failure", "response, failure A700H", 0xA700, "pipelined"),
    Stimulus("success-begins", "the first 20 bytes of a success response", "part", _begins),
    Stimulus("success-ends", "the rest of a success response", "part", _ends),
)

WRONG = (
    broken("success-foreign", "success on a context that nobody proposed", "wrong-data",
           lambda facts: messages.command_pdu(_command(facts), 201), "refuse", 10, 19),
    broken("wrong-id", "success for another Message ID", "wrong-data",
           lambda facts: messages.command_pdu(_command(facts, facts.message_id + 7), facts.context), "free"),
    broken("pending", "response, status FF00H (pending)", "wrong-data",
           lambda facts: respond(facts, 0xFF00), "free"),
    broken("echo", "C-ECHO-RQ to the requestor", "wrong-data",
           lambda facts: messages.command_pdu(messages.echo_rq(77), facts.context), "free"),
    fixed("cut-ac", "the first 80 bytes of an A-ASSOCIATE-AC", "cut",
          lambda facts: ac()(facts)[:80], 3, manner="cut", cut=True),
)  # fmt: skip

WORDS = (*ANSWERS, *MESSAGES, *WRONG, *COMMON)
