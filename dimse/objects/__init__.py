"""The data set at rest: files and data sets that are to be sent, their structure, their conversion.

A name is loaded when it is first asked for.
"""

from __future__ import annotations

from dul.ondemand import on_demand
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from dimse.objects.bounds import DEFAULT_LEVEL
    from dimse.objects.codecs import INSTALL_DECODERS, LOSSY_METHODS, Codec, Decompress, decoders
    from dimse.objects.edit import ElementChange
    from dimse.objects.finder import Found, LeftOut, Reason, Unusable, collect, find, look
    from dimse.objects.invention import Invention
    from dimse.objects.namelists import names_from
    from dimse.objects.outgoing import Outgoing, OutgoingSource, Sendable, examine
    from dimse.objects.part10 import FileForm
    from dimse.objects.prepare import Preparation
    from dimse.objects.rewrite import GroupLengths, Lengths, Rewriting

__all__ = [
    "DEFAULT_LEVEL",
    "INSTALL_DECODERS",
    "LOSSY_METHODS",
    "Codec",
    "Decompress",
    "ElementChange",
    "FileForm",
    "Found",
    "GroupLengths",
    "Invention",
    "LeftOut",
    "Lengths",
    "Outgoing",
    "OutgoingSource",
    "Preparation",
    "Reason",
    "Rewriting",
    "Sendable",
    "Unusable",
    "collect",
    "decoders",
    "examine",
    "find",
    "look",
    "names_from",
]

_HOMES = {
    "Codec": "dimse.objects.codecs",
    "DEFAULT_LEVEL": "dimse.objects.bounds",
    "Decompress": "dimse.objects.codecs",
    "ElementChange": "dimse.objects.edit",
    "FileForm": "dimse.objects.part10",
    "Found": "dimse.objects.finder",
    "GroupLengths": "dimse.objects.rewrite",
    "INSTALL_DECODERS": "dimse.objects.codecs",
    "Invention": "dimse.objects.invention",
    "LOSSY_METHODS": "dimse.objects.codecs",
    "LeftOut": "dimse.objects.finder",
    "Lengths": "dimse.objects.rewrite",
    "Outgoing": "dimse.objects.outgoing",
    "OutgoingSource": "dimse.objects.outgoing",
    "Preparation": "dimse.objects.prepare",
    "Reason": "dimse.objects.finder",
    "Rewriting": "dimse.objects.rewrite",
    "Sendable": "dimse.objects.outgoing",
    "Unusable": "dimse.objects.finder",
    "collect": "dimse.objects.finder",
    "decoders": "dimse.objects.codecs",
    "examine": "dimse.objects.outgoing",
    "find": "dimse.objects.finder",
    "look": "dimse.objects.finder",
    "names_from": "dimse.objects.namelists",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for one that is had on demand
    __getattr__ = on_demand(__name__, _HOMES)
