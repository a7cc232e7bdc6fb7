"""The fuzz targets: functions of any bytes that fail where an invariant does.

`pdu_stream`: whatever a peer sends, in whatever state and however it is cut, nothing is raised,
each transition is one of Table 9-10, what goes out are whole PDUs, memory is bounded, and ARTIM
ends it.

`command_set`: whatever the bytes of a command set, there is a message or a typed error; a message
that can be sent means the same again when it is read, and every request can be answered.
"""

from __future__ import annotations

import dataclasses

from ends import end_in
from golden import goldens
from witness import Witness, allowed

from dimse.errors import InvalidCommandSet, InvalidValue, UnknownCommand
from dimse.messages import codec, command
from dimse.messages.base import Request
from dimse.messages.composite import COMPOSITE
from dimse.messages.normalized import NORMALIZED
from dimse.tables.command_elements import ELEMENTS
from dul.association import Role
from dul.errors import InvalidPDU
from dul.fsm import Event, State
from dul.limits import Limits
from dul.pdata import PDataTF
from dul.pdu import decode_pdu

LIMITS = Limits(
    max_pdu_length=512,
    max_associate_length=4096,
    receive_buffer=256,
    receive_batch=1024,
    send_batch=300,
    send_batch_pdus=3,
)

# Where a peer can be heard, and as which end.
BEGINNINGS = tuple(
    (state, role)
    for state in State
    if state not in {State.Sta1, State.Sta4}
    for role in Role
    if role
    in {
        State.Sta2: {Role.ACCEPTOR},
        State.Sta3: {Role.ACCEPTOR},
        State.Sta5: {Role.REQUESTOR},
        State.Sta9: {Role.REQUESTOR},
        State.Sta10: {Role.ACCEPTOR},
        State.Sta11: {Role.REQUESTOR},
        State.Sta12: {Role.ACCEPTOR},
    }.get(state, set(Role))
)
CANNOT_PROCESS = 0x0110


def pdu_stream(data: bytes) -> None:
    """Byte 0: where it begins; byte 1: how it is cut (0: not at all); then the stream."""
    if len(data) < 2:
        return
    state, role = BEGINNINGS[data[0] % len(BEGINNINGS)]
    stream = data[2:]
    size = data[1] or max(1, len(stream))
    end = end_in(state, role, LIMITS)
    witness = Witness(end)
    # A fill is taken before the next, as a transport does.
    size = min(size, LIMITS.receive_buffer)
    for at in range(0, len(stream), size):
        if not end.association.close_wanted:
            end.receive(stream[at : at + size])
        witness.told += end.events()
        if at % 3 == 0:
            witness.wire += end.take()
        witness.all()
    if allowed(end.state, Event.Evt15):
        end.association.abort()
    witness.wire += end.take()
    if end.state is not State.Sta1:
        end.wait(LIMITS.artim)
    assert end.state is State.Sta1
    witness.all()
    witness.sent_pdus()


def command_set(data: bytes) -> None:
    """The bytes of a command set, all fragments together."""
    try:
        message = codec.decode_message(data)
    except InvalidCommandSet:
        return
    except UnknownCommand as unknown:
        _answer_unknown(unknown)
        return
    if isinstance(message, Request):
        codec.response_to(message, CANNOT_PROCESS, error_comment=repr(message)).encode()
    try:
        again = message.encode()
    except InvalidValue:
        return  # tolerated, but not to be sent by us
    assert codec.decode_message(again) == message
    assert dataclasses.asdict(codec.decode_message(again)) == dataclasses.asdict(message)


def _answer_unknown(unknown: UnknownCommand) -> None:
    reply = codec.unrecognized(unknown)
    assert reply is None or command.decode_command(reply)["Status"] == 0x0211


def _stream_seeds() -> list[bytes]:
    pdus = [each.data for each in goldens() if each.item_type is None]
    return [
        bytes((begin % len(BEGINNINGS), cut)) + each
        for begin, each in enumerate(pdus)
        for cut in (0, 7)
    ]


def _command_seeds() -> list[bytes]:
    found = []
    for each in goldens("canonical", "tolerated", "unacceptable", kind="P-DATA-TF"):
        try:
            pdu = decode_pdu(each.data)
        except InvalidPDU:
            continue
        if isinstance(pdu, PDataTF):
            found += [bytes(pdv.fragment) for pdv in pdu.pdvs if pdv.is_command]
    for kind in (*COMPOSITE, *NORMALIZED):
        elements = {
            element.keyword: value for element in ELEMENTS[1:] for value in [_EXAMPLES[element.vr]]
        }
        elements |= {"CommandField": kind.COMMAND_FIELD, "CommandDataSetType": 1, "Priority": 1}
        found.append(command.encode_command(elements))
    return found


_EXAMPLES: dict[str, command.Value] = {
    "US": 1,
    "UI": "1.2.840.10008.1.1",
    "AE": "STORE",
    "LO": "why",
    "AT": (0x00100010, 0x00080018),
}

TARGETS = {"pdu_stream": pdu_stream, "command_set": command_set}
SEEDS = {"pdu_stream": _stream_seeds, "command_set": _command_seeds}
