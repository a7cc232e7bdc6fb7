"""Every DIMSE message, from bytes to a typed object and back (PS3.7 9.3 and 10.3).

    request = decode_message(command_set)
    answer = response_to(request, status.SUCCESS).encode()

The classes live in `composite` (C-) and `normalized` (N-).
"""

from __future__ import annotations

from dimse.errors import InvalidCommandSet, InvalidValue, UnknownCommand
from dimse.messages import command
from dimse.messages.base import Message, Request, Response, plan_of
from dimse.messages.composite import COMPOSITE, CEchoRQ, CEchoRSP, CStoreRQ, CStoreRSP
from dimse.tables import status as statuses
from dimse.tables import uids
from dimse.tables.command_elements import ELEMENTS
from dul.values import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from typing import Any, Final

__all__ = ["decode_message", "message_of", "response_to", "unrecognized"]

_BY_COMMAND_FIELD: Final = {message.COMMAND_FIELD: message for message in COMPOSITE}
_ELEMENTS: Final = {element.keyword: element for element in ELEMENTS}
_RESPONSE_BIT: Final = 0x8000
_N_CREATE_RSP: Final = 0x8140

R = TypeVar("R", bound=Response)


def _missing(where: str, keyword: str) -> InvalidCommandSet:
    element = _ELEMENTS[keyword]
    return InvalidCommandSet(
        where, f"mandatory element (0000,{element.tag:04X}) {element.name} is missing"
    )


def message_of(command_field: int) -> type[Message] | None:
    """The class of the messages with this Command Field (PS3.7 E.1); None: there are none."""
    message = _BY_COMMAND_FIELD.get(command_field)
    if message is not None:
        return message
    # Storage and verification have no use for what else there is.
    from dimse.messages.normalized import NORMALIZED  # noqa: PLC0415

    return next((each for each in NORMALIZED if command_field == each.COMMAND_FIELD), None)


def decode_message(data: bytes | bytearray | memoryview) -> Message:
    """Decode a command set and make it the message that its Command Field names.

    Elements that the message's table doesn't have are dropped: they mean nothing there.

    Raises:
        InvalidCommandSet: the bytes are no command set, or a mandatory element is missing.
        UnknownCommand: PS3.7 has no message of this Command Field.
    """
    elements = command.decode_command(data)
    command_field: Any = elements.get("CommandField")
    if command_field is None:
        raise _missing("command set", "CommandField")
    message = message_of(command_field)
    data_set_type = elements.get("CommandDataSetType")
    if data_set_type is None:
        raise _missing(
            message.NAME if message else f"command {command_field:04X}H", "CommandDataSetType"
        )
    follows = data_set_type != command.NO_DATA_SET
    if message is None:
        raise UnknownCommand(
            command_field,
            cast("int | None", elements.get("MessageID")),
            data_set_follows=follows,
            elements=elements,
        )
    fields: dict[str, Any] = {"data_set_follows": follows}
    for name, keyword, mandatory in plan_of(message).readers:
        value = elements.get(keyword)
        if value is not None:
            fields[name] = value
        elif mandatory:
            raise _missing(message.NAME, keyword)
    return message(**fields)


def response_to(request: Request[R], status: int, **optional: Any) -> R:
    """The response to a request: its Message ID and its UIDs are copied (the "U(=)" columns).

    A UID that can't be sent (longer than 64 characters, other characters than digits and dots)
    is left out, which the tables allow: a request must not be able to make its answer
    impossible. Event and Action Type IDs are copied when a data set follows.

    Args:
        request: what is answered.
        status: the value of (0000,0900).
        optional: further fields of the response, by name. An `error_comment` may be any text; it
            is made legal with `command.comment`.

    Raises:
        InvalidValue: an N-CREATE succeeded without anyone naming the instance.
        TypeError: the response has no such field.
    """
    if isinstance(request, _OFTEN) and not optional:
        usual: R = _usual(request, status)
        return usual
    response = request.RESPONSE
    names = {name for name, _, _ in plan_of(response).readers}
    fields: dict[str, Any] = {
        "message_id_being_responded_to": request.message_id,
        "status": status,
        **optional,
    }
    for what in ("sop_class_uid", "sop_instance_uid"):
        affected = f"affected_{what}"
        if affected not in names or affected in optional:
            continue
        uid = getattr(request, affected, None) or getattr(request, f"requested_{what}", None)
        if uid is not None and uids.is_sendable(uid):
            fields[affected] = uid
    if optional.get("data_set_follows"):
        for name in ("event_type_id", "action_type_id"):
            if name in names:
                fields.setdefault(name, getattr(request, name))
    if optional.get("error_comment") is not None:
        fields["error_comment"] = command.comment(optional["error_comment"])
    if (
        response.COMMAND_FIELD == _N_CREATE_RSP
        and status == statuses.SUCCESS
        and "affected_sop_instance_uid" not in fields
    ):
        raise InvalidValue(
            "N-CREATE-RSP",
            "the request left the SOP Instance UID to us: give affected_sop_instance_uid",
        )
    return cast("R", response(**fields))


_OFTEN: Final = (CStoreRQ, CEchoRQ)


def _usual(request: CStoreRQ | CEchoRQ, status: int) -> Any:
    """The usual case of `response_to`: nothing is said but the status."""
    sop_class = request.affected_sop_class_uid
    sop_class_uid = sop_class if uids.is_sendable(sop_class) else None
    if isinstance(request, CEchoRQ):
        return CEchoRSP(
            message_id_being_responded_to=request.message_id,
            affected_sop_class_uid=sop_class_uid,
            status=status,
        )
    instance = request.affected_sop_instance_uid
    return CStoreRSP(
        message_id_being_responded_to=request.message_id,
        affected_sop_class_uid=sop_class_uid,
        affected_sop_instance_uid=instance if uids.is_sendable(instance) else None,
        status=status,
    )


def unrecognized(unknown: UnknownCommand) -> bytes | None:
    """The command set that answers an unknown command: status 0211H (PS3.7 C.5.23).

    Returns:
        None when there is nothing to answer: the peer sent a response, or no Message ID.
    """
    if unknown.command_field & _RESPONSE_BIT or unknown.message_id is None:
        return None
    return command.encode_command(
        {
            "CommandField": unknown.command_field | _RESPONSE_BIT,
            "MessageIDBeingRespondedTo": unknown.message_id,
            "CommandDataSetType": command.NO_DATA_SET,
            "Status": statuses.UNRECOGNIZED_OPERATION,
        }
    )
