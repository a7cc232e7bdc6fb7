"""DIMSE messages (PS3.7): command sets, their typed messages, and their way in and out of PDVs.

A name is loaded when it is first asked for.
"""

from __future__ import annotations

from dul.ondemand import on_demand
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from dimse.messages.base import DataSet, Message, Priority, Request, Response
    from dimse.messages.codec import decode_message
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

__all__ = [
    "CCancelRQ",
    "CEchoRQ",
    "CEchoRSP",
    "CFindRQ",
    "CFindRSP",
    "CGetRQ",
    "CGetRSP",
    "CMoveRQ",
    "CMoveRSP",
    "CStoreRQ",
    "CStoreRSP",
    "DataSet",
    "Message",
    "NActionRQ",
    "NActionRSP",
    "NCreateRQ",
    "NCreateRSP",
    "NDeleteRQ",
    "NDeleteRSP",
    "NEventReportRQ",
    "NEventReportRSP",
    "NGetRQ",
    "NGetRSP",
    "NSetRQ",
    "NSetRSP",
    "Priority",
    "Request",
    "Response",
    "decode_message",
]

_HOMES = {
    "CCancelRQ": "dimse.messages.composite",
    "CEchoRQ": "dimse.messages.composite",
    "CEchoRSP": "dimse.messages.composite",
    "CFindRQ": "dimse.messages.composite",
    "CFindRSP": "dimse.messages.composite",
    "CGetRQ": "dimse.messages.composite",
    "CGetRSP": "dimse.messages.composite",
    "CMoveRQ": "dimse.messages.composite",
    "CMoveRSP": "dimse.messages.composite",
    "CStoreRQ": "dimse.messages.composite",
    "CStoreRSP": "dimse.messages.composite",
    "DataSet": "dimse.messages.base",
    "Message": "dimse.messages.base",
    "NActionRQ": "dimse.messages.normalized",
    "NActionRSP": "dimse.messages.normalized",
    "NCreateRQ": "dimse.messages.normalized",
    "NCreateRSP": "dimse.messages.normalized",
    "NDeleteRQ": "dimse.messages.normalized",
    "NDeleteRSP": "dimse.messages.normalized",
    "NEventReportRQ": "dimse.messages.normalized",
    "NEventReportRSP": "dimse.messages.normalized",
    "NGetRQ": "dimse.messages.normalized",
    "NGetRSP": "dimse.messages.normalized",
    "NSetRQ": "dimse.messages.normalized",
    "NSetRSP": "dimse.messages.normalized",
    "Priority": "dimse.messages.base",
    "Request": "dimse.messages.base",
    "Response": "dimse.messages.base",
    "decode_message": "dimse.messages.codec",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for one that is had on demand
    __getattr__ = on_demand(__name__, _HOMES)
