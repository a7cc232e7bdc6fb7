"""P.PDV: P-DATA-TF, PDVs and fragmentation (PS3.8 9.3.5, Annexes D and E)."""

from collections.abc import Callable

from .. import messages, raw
from ..facts import Facts
from ..model import Case, Establish, Read, Run, Send, Step
from ..verdicts import Sub, bad, info, lax, ok
from . import checks
from .common import (
    ANY_ABORT,
    ASSOCIATE,
    ASSOCIATE_STORE,
    ECHO_PDU,
    ECHOED,
    READ_REPLY,
    SEND_ECHO,
    STORED,
    TWO_ECHO,
    I,
    R,
    S,
    T,
    command,
    one,
    provider_abort,
    rq,
    runs,
    store,
)
from .oversize import NEEDS_LIMIT, at_once, exact, over_limit_is_error, oversize

ECHO_COMMAND = messages.echo_rq(1)
_INVALID = provider_abort(6)


def _sent(what: str, *pieces: bytes) -> tuple[Step, ...]:
    return ASSOCIATE, Send(what, b"".join(pieces)), READ_REPLY


def _pieces(size: int, per_pdu: int = 1) -> bytes:
    return b"".join(raw.fragments(1, ECHO_COMMAND, size, command=True, per_pdu=per_pdu))


def _store_command(facts: Facts) -> bytes:
    return messages.store_rq(1, instance=facts.fresh)


def _together(facts: Facts) -> bytes:
    return raw.p_data(
        raw.pdv(3, raw.COMMAND_LAST, _store_command(facts)),
        raw.pdv(3, raw.DATA_LAST, messages.ct_data_set(facts.fresh)),
    )


def _data_in(size: int, per_pdu: int) -> Callable[[Facts], bytes]:
    def build(facts: Facts) -> bytes:
        data = messages.ct_data_set(facts.fresh)
        piece = size or -(-len(data) // 20) * 2
        return b"".join(raw.fragments(3, data, piece, command=False, per_pdu=per_pdu))

    return build


def _begin(facts: Facts) -> bytes:
    data = messages.ct_data_set(facts.fresh)
    return messages.command_pdu(_store_command(facts), 3) + messages.data_pdu(
        data[:64], 3, raw.DATA_MORE
    )


def _rest(facts: Facts) -> bytes:
    return messages.data_pdu(messages.ct_data_set(facts.fresh)[64:], 3)


_CUT = ECHO_COMMAND[:20], ECHO_COMMAND[20:]
_MORE, _LAST = raw.pdv(1, raw.COMMAND_MORE, _CUT[0]), raw.pdv(1, raw.COMMAND_LAST, _CUT[1])
_STORE_COMMAND = Send("C-STORE-RQ", lambda f: messages.command_pdu(_store_command(f), 3))
_REJECTED_3 = Establish(rq((raw.context_rq(1), raw.context_rq(3, raw.UNKNOWN_ABSTRACT))), need=(1,))

CASES = (
    Case(
        "P.PDV.01", "PS3.8 9.3.5 'one or more'", S, "a P-DATA-TF without any PDV",
        "A P-DATA-TF holds at least one PDV.",
        one(ASSOCIATE, Send("P-DATA-TF of length 0", raw.p_data()), SEND_ECHO, READ_REPLY),
        (*ok("AB(2,*)"), *lax("AB(0,*)", sub=Sub.WRONG_SOURCE), *lax("C-ECHO-RSP(0000)", note="ignored")),
    ),
    Case(
        "P.PDV.02", "PS3.8 9.3.5.1, Evt19", R, "P-DATA-TF of length 1 to 5",
        "A PDV has at least its length, context ID and control header: 6 bytes.",
        runs(*((f"length {size}", _sent(f"P-DATA-TF of length {size}", raw.p_data(bytes(size))))
               for size in range(1, 6))), _INVALID,
    ),
    Case(
        "P.PDV.03", "PS3.8 9.3.5.1", R, "PDV item-length 0, and 1",
        "A PDV's item-length counts context ID and control header: it is at least 2.",
        runs(("0", _sent("item-length 0", raw.p_data(b"\0\0\0\0"))),
             ("1", _sent("item-length 1", raw.p_data(b"\0\0\0\1\1")))), _INVALID,
    ),
    Case(
        "P.PDV.04", "PS3.8 E.1 note", S, "a command, then an empty PDV that says 'last'",
        "Nobody may send an empty PDV, but receivers are asked to process it.",
        one(*_sent("command, empty last PDV", raw.p_data(raw.pdv(1, raw.COMMAND_MORE, ECHO_COMMAND)),
                   raw.p_data(raw.pdv(1, raw.COMMAND_LAST, b"")))), (*ECHOED, *lax("AB(*,*)")),
    ),
    Case(
        "P.PDV.05", "PS3.8 E.1", S, "a command made of one empty PDV",
        "An empty command set is no command.",
        one(*_sent("one empty PDV", raw.p_data(raw.pdv(1, raw.COMMAND_LAST, b"")))), ANY_ABORT,
    ),
    Case(
        "P.PDV.06", "PS3.8 9.3.5.1", R, "a PDV item-length that runs past the PDU",
        "A PDV lies inside its PDU; nothing beyond it is read.",
        runs(*((name, _sent(f"item-length {name}", raw.p_data(raw.pdv(1, 3, ECHO_COMMAND, length=size))))
               for name, size in (("+1", len(ECHO_COMMAND) + 3), ("FFFFFFFFH", raw.UINT32_MAX),
                                  ("80000000H", 0x80000000)))), _INVALID, tags=("security",),
    ),
    Case(
        "P.PDV.07", "PS3.8 D.1.1 'shall be a protocol error'", R,
        "a P-DATA-TF two bytes longer than the product's maximum",
        "Going over the announced maximum length is a protocol error.",
        one(ASSOCIATE_STORE, NEEDS_LIMIT, _STORE_COMMAND, Send("P-DATA-TF of maximum + 2", oversize), READ_REPLY),
        (*provider_abort(6), *lax("C-STORE-RSP(*)", note="it was processed")), (over_limit_is_error,),
        why="Most stacks read on; a receiver that sized its buffer by the maximum must not.",
        tags=("security",),
    ),
    Case(
        "P.PDV.08", "PS3.8 D.1.1", R, "a P-DATA-TF of exactly the product's maximum",
        "The maximum itself is allowed; it counts the bytes after the PDU header.",
        one(ASSOCIATE_STORE, NEEDS_LIMIT, _STORE_COMMAND, Send("P-DATA-TF of exactly the maximum", exact),
            READ_REPLY), STORED,
    ),
    Case(
        "P.PDV.09", "PS3.8 D.1.1", R, "a P-DATA-TF that claims 4 GiB, 64 bytes, silence",
        "A length above the maximum is refused at the header; the claim is not allocated.",
        one(ASSOCIATE, NEEDS_LIMIT, Send("P-DATA-TF claiming 4 GiB", raw.p_data(
            raw.pdv(1, 0, bytes(58)), length=raw.UINT32_MAX)), Read("AB or CLOSE", "artim")),
        (*provider_abort(6), *lax("CLOSE", note="closed at a timeout")), (at_once,),
        tags=("artim", "security"), artim=True,
    ),
    Case(
        "P.PDV.10", "PS3.8 7.6.1", R, "PDVs on contexts that were not accepted",
        "Data is sent on accepted contexts only; any other is refused with an A-ABORT.",
        runs(("never proposed", (ASSOCIATE, command("C-ECHO-RQ on context 5", ECHO_COMMAND, 5), READ_REPLY)),
             ("rejected", (_REJECTED_3, command("C-ECHO-RQ on context 3", ECHO_COMMAND, 3), READ_REPLY)),
             ("even", (ASSOCIATE, command("C-ECHO-RQ on context 2", ECHO_COMMAND, 2), READ_REPLY))),
        (*ok("AB(2,*)"), *provider_abort(2)[2:], *bad("MSG", note="served on a context nobody accepted")),
    ),
    Case(
        "P.PDV.11", "PS3.8 E.1 'even number of bytes'", T, "a command cut into odd fragments",
        "Fragments have an even length; a receiver may be kinder.",
        one(*_sent("fragments of 7 bytes", _pieces(7))), (*ECHOED, *ANY_ABORT),
    ),
    Case(
        "P.PDV.12", "PS3.8 E.2 'never checked by the receiver'", R, "control header with bits 2-7 set",
        "Bits 2 to 7 of the message control header are not checked.",
        one(*_sent("control header FFH", raw.p_data(raw.pdv(1, 0xFF, ECHO_COMMAND)))), ECHOED,
    ),
    Case(
        "P.PDV.13", "PS3.8 E.1 'receivers must be able'", R, "a command in two PDVs of one PDU",
        "Receivers accept several PDVs of the same kind in one PDU.",
        one(*_sent("two PDVs", raw.p_data(_MORE, _LAST))), ECHOED,
    ),
    Case(
        "P.PDV.14", "PS3.8 E.1", R, "a command in fragments of 2 bytes, one PDU each",
        "A fragment boundary may fall anywhere.",
        one(*_sent("fragments of 2 bytes", _pieces(2))), ECHOED,
    ),
    Case(
        "P.PDV.15", "PS3.8 E.1 note", R, "a whole C-STORE message in one PDU",
        "Command and data set may share a PDU, in PDVs of their own.",
        one(ASSOCIATE_STORE, Send("C-STORE-RQ and data set in one PDU", _together), READ_REPLY), STORED,
    ),
    Case(
        "P.PDV.16", "PS3.8 E.1", R, "a data set in 10 PDVs of one PDU; in PDVs of 2 bytes",
        "A data set may be cut into any number of PDVs.",
        runs(("10 PDVs", (ASSOCIATE_STORE, _STORE_COMMAND, Send("data set in 10 PDVs", _data_in(0, 10)), READ_REPLY)),
             ("2 bytes", (ASSOCIATE_STORE, _STORE_COMMAND, Send("data set in PDVs of 2 bytes", _data_in(2, 50)),
                          READ_REPLY))), STORED,
    ),
    Case(
        "P.PDV.17", "PS3.8 E.1 'related to the same DICOM message'", S, "two C-ECHO-RQ in one PDU",
        "All PDVs of a PDU belong to one message.",
        one(ASSOCIATE, Send("two C-ECHO-RQ in one PDU", raw.p_data(
            raw.pdv(1, 3, messages.echo_rq(1)), raw.pdv(1, 3, messages.echo_rq(2)))), Read("AB or RSP RSP")),
        (*ok("RSP* AB(*,*)"), *lax("RSP RSP", note="both answered"), *bad("RSP", note="one was lost")),
    ),
    Case(
        "P.PDV.18", "PS3.8 E.1 'same presentation context'", R, "one command over contexts 1 and 3",
        "All PDVs of a message are on one presentation context.",
        one(Establish(rq(TWO_ECHO), need=(1, 3)), Send("command split over contexts 1 and 3", raw.p_data(
            _MORE, raw.pdv(3, raw.COMMAND_LAST, _CUT[1]))), READ_REPLY), ANY_ABORT,
    ),
    Case(
        "P.PDV.19", "PS3.8 E.1 no interleaving", S, "a C-ECHO-RQ in the middle of a data set",
        "Messages in one direction are not interleaved.",
        one(ASSOCIATE_STORE, Send("C-STORE-RQ, first part", _begin), SEND_ECHO, Send("rest of the data set", _rest),
            Read("AB or RSP RSP")),
        (*ok("RSP* AB(*,*)"), *lax("C-ECHO-RSP(0000) C-STORE-RSP(0000)", "C-STORE-RSP(0000) C-ECHO-RSP(0000)",
                                  note="both answered")),
    ),
    Case(
        "P.PDV.20", "PS3.8 E.1, PS3.7 6.3", S, "a data-set fragment with no command",
        "A data set belongs to the command before it.",
        one(ASSOCIATE, Send("a data set alone", messages.data_pdu(bytes(64))), SEND_ECHO, READ_REPLY),
        (*ANY_ABORT, *lax("C-ECHO-RSP(0000)", note="ignored")),
    ),
    Case(
        "P.PDV.21", "PS3.7 E.1 (0000,0800)", S, "a C-ECHO-RQ followed by a data set",
        "0101H says that no data set follows.",
        one(ASSOCIATE, Send("C-ECHO-RQ + data set", ECHO_PDU + messages.data_pdu(bytes(64))),
            command("C-ECHO-RQ, Message ID 2", messages.echo_rq(2)), Read("AB or RSP RSP")),
        (*ok("RSP* AB(*,*)"), *lax("RSP RSP", note="the data set was ignored")),
    ),
    Case(
        "P.PDV.22", "PS3.7 E.1", I, "a command that announces a data set, then silence",
        "A product with a timer of its own should end the association with an A-ABORT.",
        one(ASSOCIATE_STORE, _STORE_COMMAND, Read("AB or CLOSE", "dimse")),
        (*ok("AB(*,*)"), *lax("CLOSE", note="no A-ABORT"), *info("OPEN", note="still open")),
        tags=("artim",), artim=True,
    ),
    Case(
        "P.PDV.23", "PS3.8 9.1.3", R, "two PDUs in one segment; a PDU header cut in two",
        "TCP is a stream: PDU boundaries have nothing to do with segment boundaries.",
        runs(("two PDUs", _sent("two PDUs", raw.p_data(_MORE), raw.p_data(_LAST))),
             ("header 3+3", (ASSOCIATE, Send("first 3 bytes", ECHO_PDU[:3]), Send("the rest", ECHO_PDU[3:]),
                             READ_REPLY))), ECHOED,
    ),
    Case(
        "P.PDV.24", "PS3.8 E.1,E.2,D.1", R, "every reply of the run",
        "A product's own PDVs have even lengths, content, zero in bits 2-7, the context of the "
        "request, and PDUs within our maximum.",
        (Run("C-ECHO", (ASSOCIATE, SEND_ECHO, READ_REPLY), ECHOED, (checks.replies_on_context(1),)),
         Run("C-STORE", (ASSOCIATE_STORE, *store(), READ_REPLY), STORED, (checks.replies_on_context(3),))),
        checks=(checks.pdv_discipline,), tags=("observed",),
    ),
)  # fmt: skip
