"""The errors of the message layer: what was wrong, where, and what to try.

`DIMSEError` is the root. Two families grow from it: what a peer or a caller did with a command
set (`InvalidCommandSet`, `UnknownCommand`, `InvalidValue`) and what is the matter with a file
(`Part10Error` and below). A file error always names the file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from dimse.tables.transfer_syntaxes import TRANSFER_SYNTAXES, describe

__all__ = [
    "CannotTranscode",
    "DIMSEError",
    "FilePath",
    "InvalidCommandSet",
    "InvalidFile",
    "InvalidValue",
    "NotDICOM",
    "Part10Error",
    "Truncated",
    "UnknownCommand",
    "Unreadable",
]

FilePath = str | os.PathLike[str]


class DIMSEError(Exception):
    """Anything that goes wrong above the upper layer."""


class InvalidCommandSet(DIMSEError):
    """The peer sent a command set that PS3.7 section 6.3 or the message's table forbids.

    Attributes:
        where: the element and the byte at which it stands, or the message.
        why: what is wrong there.
    """

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"invalid command set: {where}: {why}")
        self.where = where
        self.why = why


class UnknownCommand(DIMSEError):
    """The command set is well formed, but PS3.7 knows no message with this Command Field.

    The association is not at fault and can live on: answer with `messages.unrecognized`, which
    says 0211H, unrecognized operation.

    Attributes:
        command_field: the value of (0000,0100).
        message_id: the value of (0000,0110), None when the peer sent none.
        data_set_follows: whether a data set has to be read (and dropped) before the answer.
        elements: the whole decoded command set, by keyword.
    """

    def __init__(
        self,
        command_field: int,
        message_id: int | None,
        *,
        data_set_follows: bool,
        elements: Mapping[str, int | str | tuple[int, ...]],
    ) -> None:
        super().__init__(
            f"unknown command: Command Field {command_field:04X}H names no message of PS3.7; "
            "it can be answered with status 0211H (unrecognized operation)"
        )
        self.command_field = command_field
        self.message_id = message_id
        self.data_set_follows = data_set_follows
        self.elements = elements


class InvalidValue(DIMSEError, ValueError):
    """A value that the caller gave can't be put on the wire. Nothing was sent.

    Attributes:
        where: the keyword of the element, or the message and field.
        why: which rule it breaks, and what is allowed.
    """

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


class Part10Error(DIMSEError):
    """A file can't be used as a DICOM object; `path` names it and `why` says what is wrong."""

    def __init__(self, path: FilePath, why: str) -> None:
        super().__init__(f"{os.fspath(path)}: {why}")
        self.path = path
        self.why = why


class Unreadable(Part10Error):
    """The operating system refused to open or to read the file."""


class NotDICOM(Part10Error):
    """The file is something else: a text, a picture, a directory, an empty file."""


class InvalidFile(Part10Error):
    """The file is meant to be DICOM, but what stands in it breaks PS3.10 or PS3.5."""


class Truncated(Part10Error):
    """The file ends before the data that it declares.

    Attributes:
        offset: byte of the file where the element that can't be completed begins.
        declared: how many bytes it says it needs from there, header included; None when the
            end isn't declared but marked, and the mark is missing.
        size: bytes that the file has.
    """

    def __init__(self, path: FilePath, offset: int, declared: int | None, size: int) -> None:
        if declared is None:
            lacks = "has no end in the file (its delimiter is missing)"
        else:
            lacks = f"needs {declared} bytes and only {max(size - offset, 0)} are left"
        super().__init__(
            path,
            f"truncated: what begins at byte {offset} {lacks}; the file has {size} bytes. "
            "Copy or export the file again",
        )
        self.offset = offset
        self.declared = declared
        self.size = size


class CannotTranscode(DIMSEError):
    """The peer doesn't accept the file's transfer syntax, nor one that it could be converted to.

    Attributes:
        path: the file.
        from_uid: its transfer syntax.
        to_uids: those that the peer accepted for its SOP class.
        why: what is in the way.
    """

    def __init__(self, path: FilePath, from_uid: str, to_uids: Sequence[str], why: str) -> None:
        accepted = ", ".join(map(describe, to_uids))
        syntax = TRANSFER_SYNTAXES.get(from_uid)
        if syntax is not None and syntax.pixel_data == "native":
            advice = "Have the peer accept the file's own transfer syntax"
        else:
            advice = (
                "Have the peer accept this transfer syntax, or decompress the file first "
                "(dcmdjpeg, dcmdjpls, dcmdrle, gdcmconv --raw)"
            )
        super().__init__(
            f"{path}: its transfer syntax is {describe(from_uid)}, the peer accepted only "
            f"{accepted}, and it cannot be converted: {why}. {advice}"
        )
        self.path = path
        self.from_uid = from_uid
        self.to_uids = tuple(to_uids)
        self.why = why
