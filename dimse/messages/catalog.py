"""Every message of PS3.7, for whoever has to know them all."""

from __future__ import annotations

from typing import Final

from dimse.messages.base import Message
from dimse.messages.composite import (
    CCancelRQ,
    CEchoRQ,
    CEchoRSP,
    CFindRQ,
    CFindRSP,
    CGetRQ,
    CGetRSP,
    CMoveRQ,
    CMoveRSP,
    CStoreRQ,
    CStoreRSP,
)
from dimse.messages.normalized import (
    NActionRQ,
    NActionRSP,
    NCreateRQ,
    NCreateRSP,
    NDeleteRQ,
    NDeleteRSP,
    NEventReportRQ,
    NEventReportRSP,
    NGetRQ,
    NGetRSP,
    NSetRQ,
    NSetRSP,
)

__all__ = ["BY_COMMAND_FIELD", "MESSAGES"]

MESSAGES: Final[tuple[type[Message], ...]] = (
    CStoreRQ, CStoreRSP, CFindRQ, CFindRSP, CGetRQ, CGetRSP, CMoveRQ, CMoveRSP, CEchoRQ, CEchoRSP, CCancelRQ,
    NEventReportRQ, NEventReportRSP, NGetRQ, NGetRSP, NSetRQ, NSetRSP, NActionRQ, NActionRSP,
    NCreateRQ, NCreateRSP, NDeleteRQ, NDeleteRSP,
)  # fmt: skip

BY_COMMAND_FIELD: Final = {message.COMMAND_FIELD: message for message in MESSAGES}
