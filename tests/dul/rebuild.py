"""Dataclasses of `dul` from the fields of a golden file (see `golden.as_fields`)."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

from dul.items import ApplicationContext, PresentationContextAC, PresentationContextRQ
from dul.pdata import PDV, PDataTF
from dul.pdu import Abort, AssociateAC, AssociateRJ, AssociateRQ, ReleaseRP, ReleaseRQ
from dul.user_items import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)

PDUS = {
    each.NAME: each
    for each in (AssociateRQ, AssociateAC, AssociateRJ, PDataTF, ReleaseRQ, ReleaseRP, Abort)
}
ITEMS: dict[int, type] = {
    each.TYPE: each
    for each in (
        ApplicationContext,
        PresentationContextRQ,
        PresentationContextAC,
        UserInformation,
        AsynchronousOperationsWindow,
        RoleSelection,
        ExtendedNegotiation,
        CommonExtendedNegotiation,
        UserIdentity,
    )
}


def rebuild(kind: Any, value: Any) -> Any:
    """The value of this type that a golden file's fields describe."""
    if value is None:
        return None
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        (kind,) = (
            each for each in typing.get_args(kind) if each in (str, int, bytes) or rebuilt(each)
        )
        return rebuild(kind, value)
    if origin is tuple:
        return tuple(rebuild(typing.get_args(kind)[0], each) for each in value)
    if kind is bytes:
        return bytes.fromhex(value)
    if kind is PDV:
        return PDV(value["context_id"], value["control"], bytes.fromhex(value["fragment"]))
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{name: rebuild(hints[name], each) for name, each in value.items()})
    return value


def rebuilt(kind: Any) -> bool:
    return kind is PDV or dataclasses.is_dataclass(kind)
