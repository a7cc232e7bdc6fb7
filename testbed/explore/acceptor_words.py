"""The alphabet for a product that is called: what a requestor may say, and what only a wrong one says."""

from collections.abc import Callable

from .. import messages, raw
from ..facts import Facts
from .moves import Answer, Input, Manner, Owed
from .speech import (
    COMMAND_PIECE,
    COMMON,
    PIECE,
    Said,
    Speech,
    Stimulus,
    broken,
    fixed,
)

_BOTH = (raw.context_rq(1), raw.context_rq(3, raw.CT_STORAGE))
_MANY = (
    *_BOTH,
    *(raw.context_rq(id_, raw.UNKNOWN_ABSTRACT, (raw.IMPLICIT_LE,)) for id_ in range(5, 256, 2)),
)
#: Of an A-ASSOCIATE-RQ: the offset of its first context item's length behind the application context.
_OVERRUN_AT = 74 + len(raw.application_context()) + 2


def _request(
    name: str,
    what: str,
    answer: Answer = "accept",
    manner: Manner = "right",
    change: Callable[[bytes], bytes] | None = None,
    **over: object,
) -> Stimulus:
    """An A-ASSOCIATE-RQ; keywords as `raw.associate_rq`, `change` is done to the finished bytes."""

    def say(speech: Speech, facts: Facts) -> Said:
        # A PDU-length that cannot be right: whoever refuses it at the header does not know where the next PDU begins.
        speech.cut = speech.cut or change is _short
        fields: dict[str, object] = {"contexts": _BOTH, **over}
        data = raw.associate_rq(facts.called_ae_title, facts.calling_ae_title, **fields)  # type: ignore[arg-type]
        events = (6, 19) if manner == "invalid" else (6,)
        return Said(change(data) if change else data, Input(name, events, manner, answer))

    return Stimulus(name, what, "request", say)


def _short(data: bytes) -> bytes:
    return raw.pdu(1, data[6:73])


REQUESTS = (
    _request("rq", "A-ASSOCIATE-RQ for Verification and CT Image Storage"),
    _request("rq-many", "A-ASSOCIATE-RQ with 126 contexts more, of an unknown abstract syntax", contexts=_MANY),
    _request("rq-reserved", "A-ASSOCIATE-RQ with all reserved bytes FFH", reserved=0xFF, reserved_32=b"\xff" * 32),
    _request("rq-later-edition", "A-ASSOCIATE-RQ with an item 60H that PS3.8 does not define",
             contexts=(*_BOTH, raw.item(0x60, b"later"))),
    _request("rq-version", "A-ASSOCIATE-RQ of protocol version 0", "reject", version=0),
    _request("rq-application", "A-ASSOCIATE-RQ for application context 1.2.3.4", "reject",
             application=raw.application_context("1.2.3.4")),
    _request("rq-short", "A-ASSOCIATE-RQ of PDU-length 67", "either", "invalid", _short),
    _request("rq-overrun", "A-ASSOCIATE-RQ whose first context runs past the PDU", "either", "invalid",
             lambda data: raw.overwrite(data, _OVERRUN_AT, b"\xff\xff")),
)  # fmt: skip


# -- messages in order ------------------------------------------------------------------------------------


def _starts(speech: Speech, facts: Facts, context: int) -> bool:
    """Whether a message may begin now, on this context."""
    return speech.composing is None and not speech.broken and context in facts.accepted


def _echo(name: str, what: str, pack: Callable[[bytes], bytes], group: str = "message") -> Stimulus:
    """A whole C-ECHO-RQ, its command set packed into PDUs by `pack`."""

    def say(speech: Speech, facts: Facts) -> Said:
        message_id = speech.next_id()
        data = pack(messages.echo_rq(message_id))
        if not _starts(speech, facts, 1):
            return speech.breaks(name, data)
        return speech.completes(name, data, Owed("C-ECHO-RSP", message_id, 1))

    return Stimulus(name, what, group, say)


def _pieces(size: int, per_pdu: int = 1) -> Callable[[bytes], bytes]:
    return lambda command: b"".join(raw.fragments(1, command, size, command=True, per_pdu=per_pdu))


def _echo_begins(speech: Speech, facts: Facts) -> Said:
    message_id = speech.next_id()
    command = messages.echo_rq(message_id)
    data = raw.p_data(raw.pdv(1, raw.COMMAND_MORE, command[:COMMAND_PIECE]))
    if not _starts(speech, facts, 1):
        return speech.breaks("echo-begins", data)
    speech.composing, speech.stage = Owed("C-ECHO-RSP", message_id, 1), "command"
    speech.rest = command[COMMAND_PIECE:]
    return speech.fragment("echo-begins", data)


def _echo_ends(speech: Speech, _: Facts) -> Said:
    if speech.composing is None or speech.stage != "command":
        rest = messages.echo_rq(speech.next_id())[COMMAND_PIECE:]
        return speech.breaks("echo-ends", raw.p_data(raw.pdv(1, raw.COMMAND_LAST, rest)))
    data = raw.p_data(raw.pdv(1, raw.COMMAND_LAST, speech.rest))
    return speech.completes("echo-ends", data, speech.composing)


def _store_command(speech: Speech, facts: Facts) -> tuple[int, bytes]:
    message_id = speech.next_id()
    return message_id, messages.command_pdu(messages.store_rq(message_id, instance=facts.fresh), 3)


def _store(speech: Speech, facts: Facts) -> Said:
    message_id, command = _store_command(speech, facts)
    data = command + messages.data_pdu(messages.ct_data_set(facts.fresh), 3)
    if not _starts(speech, facts, 3):
        return speech.breaks("store", data)
    return speech.completes("store", data, Owed("C-STORE-RSP", message_id, 3))


def _store_begins(speech: Speech, facts: Facts) -> Said:
    message_id, command = _store_command(speech, facts)
    if not _starts(speech, facts, 3):
        return speech.breaks("store-begins", command)
    speech.composing, speech.stage = Owed("C-STORE-RSP", message_id, 3), "data"
    speech.rest = messages.ct_data_set(facts.fresh)
    return speech.fragment("store-begins", command)


def _store_goes_on(speech: Speech, _: Facts) -> Said:
    piece = speech.rest[:PIECE] or bytes(PIECE)
    data = messages.data_pdu(piece, 3, raw.DATA_MORE)
    if speech.stage != "data" or len(speech.rest) <= PIECE:
        return speech.breaks("store-goes-on", data)
    speech.rest = speech.rest[PIECE:]
    return speech.fragment("store-goes-on", data)


def _store_ends(speech: Speech, _: Facts) -> Said:
    data = messages.data_pdu(speech.rest or bytes(PIECE), 3)
    if speech.composing is None or speech.stage != "data":
        return speech.breaks("store-ends", data)
    return speech.completes("store-ends", data, speech.composing)


MESSAGES = (
    _echo("echo", "C-ECHO-RQ", messages.command_pdu),
    _echo("echo-2-pdvs", "C-ECHO-RQ in two PDVs of one P-DATA-TF", _pieces(COMMAND_PIECE, 99)),
    _echo("echo-pieces", "C-ECHO-RQ in P-DATA-TFs of 20 bytes each", _pieces(COMMAND_PIECE)),
    _echo("echo-control-bits", "C-ECHO-RQ, bits 2 to 7 of its control header set",
          lambda command: raw.p_data(raw.pdv(1, 0xFF, command))),
    Stimulus("store", "C-STORE-RQ and its data set", "message", _store),
    Stimulus("echo-begins", "the first 20 bytes of a C-ECHO-RQ", "part", _echo_begins),
    Stimulus("echo-ends", "the rest of a C-ECHO-RQ", "part", _echo_ends),
    Stimulus("store-begins", "C-STORE-RQ without its data set", "part", _store_begins),
    Stimulus("store-goes-on", "64 bytes of a data set", "part", _store_goes_on),
    Stimulus("store-ends", "the rest of a data set", "part", _store_ends),
)  # fmt: skip


# -- messages out of order ----------------------------------------------------------------------------------


def _two(speech: Speech, facts: Facts) -> Said:
    """A receiver may abort, or answer both; that it loses one nobody could tell from a slow answer."""
    ids = speech.next_id(), speech.next_id()
    pdvs = [raw.pdv(1, raw.COMMAND_LAST, messages.echo_rq(id_)) for id_ in ids]
    if not _starts(speech, facts, 1):
        return speech.breaks("two-messages", raw.p_data(*pdvs), "free", 10, 19)
    speech.unanswered += 2
    owed = tuple(Owed("C-ECHO-RSP", id_, 1) for id_ in ids)
    told = Input("two-messages", (10, 19), "pipelined", completes=owed)
    return Said(raw.p_data(*pdvs), told)


WRONG = (
    broken("echo-foreign", "C-ECHO-RQ on a context that nobody proposed", "wrong-data",
           messages.command_pdu(messages.echo_rq(103), 201), "refuse", 10, 19),
    Stimulus("two-messages", "two C-ECHO-RQ in one P-DATA-TF", "wrong-data", _two),
    broken("response", "C-ECHO-RSP to nothing", "wrong-data",
           messages.command_pdu(messages.echo_rsp(104)), "free"),
    broken("no-command-field", "a command set without a Command Field", "wrong-data",
           messages.command_pdu(messages.command_set([(0x0800, messages.us(0x0101))])), "free"),
    fixed("ac", "A-ASSOCIATE-AC", "request", raw.associate_ac(), 3),
    fixed("rj", "A-ASSOCIATE-RJ", "request", raw.associate_rj(), 4),
    fixed("cut-rq", "the first 80 bytes of an A-ASSOCIATE-RQ", "cut",
          lambda facts: raw.associate_rq(facts.called_ae_title, facts.calling_ae_title)[:80], 6, manner="cut", cut=True),
)  # fmt: skip

WORDS = (*REQUESTS, *MESSAGES, *WRONG, *COMMON)
