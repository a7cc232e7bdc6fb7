"""The errors above the Upper Layer: what was wrong, where, and what to try. All are here.

::

    DulcetError                    in `dul.errors`, where the Upper Layer's own are
      DIMSEError
        InvalidCommandSet          the peer's command set breaks PS3.7 6.3
        UnknownCommand             a command that PS3.7 does not have; the association lives on
        InvalidValue               a value of the caller's that can't be put on the wire
        MessageFault               the peer's fragments make no message
        UnexpectedMessage          the peer sent something else than the response that was due
        ReleasedByPeer             the peer released while a response was due
        TooManyContexts            more presentation contexts than an association holds
        NoPresentationContext      the peer takes no object of this SOP class
        CannotTranscode            nor one in a transfer syntax that it could be converted to
        CannotEncode               a data set in memory is none that can be sent; names it
        CannotChange               an element can't be set as it was asked for; names both
        DictionaryError            DCMDICTPATH names no usable data dictionary
        ProfileError               an association negotiation profile can't be used
          UnknownProfile           its file has none of this name
        Part10Error                a file can't be used; always names the file
          Unreadable, NotDICOM, InvalidFile, Truncated
        AccessRulesError           a rule of hosts.allow or hosts.deny can't be kept; names it
        JournalFailed              what became of an object can't be written down
        AbortAssociation           a handler wants no answer, but the end of the association
        Cancelled                  the requestor cancelled the operation that a handler performs
        Refused                    an operation is not performed; carries the response's status
          StorageRefused           a received object is not stored
            OutOfResources         no room, or nothing to write it to (A700H)
              SpoolError           the file system failed
              ObjectStoreError     the object store does not take the object
              IndexFailed          the object is stored, but the index can't say so
            AlreadyStored          another object has its place, and may not be replaced (0124H)
            DataSetMismatch        the data set is not the object that the command names (A900H)
            CannotUnderstand       the data set can't be read (C000H)
            InvalidSOPInstance     the SOP Instance UID breaks the rules (0117H)
            UnknownSOPClass        the SOP Class UID breaks them (0122H)
        SpoolUnusable              a directory can't take objects at all
        ObjectStoreUnusable        nor can an object store
        IndexUnusable              a file is no index, or can't be one
        PasswordFileUnusable       a file of users and passcodes can't be used
        IdentityUnconfirmed        the peer did not say that it believes who we are
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence

from dimse.tables import status as statuses
from dimse.tables.storage_sops import STORAGE_SOP_CLASSES
from dimse.tables.transfer_syntaxes import TRANSFER_SYNTAXES, describe
from dul.errors import DulcetError
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

    from dimse.tables.dictionary_format import Problem

__all__ = [
    "NO_SPACE",
    "AbortAssociation",
    "AccessRulesError",
    "AlreadyStored",
    "Cancelled",
    "CannotChange",
    "CannotEncode",
    "CannotTranscode",
    "CannotUnderstand",
    "DIMSEError",
    "DataSetMismatch",
    "DictionaryError",
    "FilePath",
    "IdentityUnconfirmed",
    "IndexFailed",
    "IndexUnusable",
    "InvalidCommandSet",
    "InvalidFile",
    "InvalidSOPInstance",
    "InvalidValue",
    "JournalFailed",
    "MessageFault",
    "NoPresentationContext",
    "NotDICOM",
    "ObjectStoreError",
    "ObjectStoreUnusable",
    "OutOfResources",
    "Part10Error",
    "PasswordFileUnusable",
    "ProfileError",
    "Refused",
    "ReleasedByPeer",
    "SpoolError",
    "SpoolUnusable",
    "StorageRefused",
    "TooManyContexts",
    "Truncated",
    "UnexpectedMessage",
    "UnknownCommand",
    "UnknownProfile",
    "UnknownSOPClass",
    "Unreadable",
]

FilePath = str | os.PathLike[str]
"""How an error names a file."""

NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the operating system says when there is no room: A700H."""


class DIMSEError(DulcetError):
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


class CannotEncode(DIMSEError):
    """A data set in memory can't be encoded, or is none that could be stored anywhere.

    Attributes:
        name: how messages name it: its SOP Instance UID and class.
        why: what is wrong with it.
    """

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: can't be sent: {why}")
        self.name = name
        self.why = why


class CannotChange(DIMSEError):
    """An element of an object can't be changed in the way that was asked for.

    Attributes:
        path: the file, or what a data set in memory is called.
        where: the element.
        why: what is in the way.
    """

    def __init__(self, path: FilePath, where: str, why: str) -> None:
        super().__init__(f"{os.fspath(path)}: {where} can't be changed: {why}")
        self.path = path
        self.where = where
        self.why = why


class MessageFault(DIMSEError):
    """Fragments that make no message: the peer's DIMSE is broken, and the association ends."""


class UnexpectedMessage(DIMSEError):
    """The peer sent another message than the response that was due; the association is aborted."""


class ReleasedByPeer(DIMSEError):
    """The peer released the association while a response was due (PS3.7 A.5 forbids it)."""


class TooManyContexts(DIMSEError):
    """The base contexts leave no room in an association for those that an object needs."""

    def __init__(self, base: int, needed: int, maximum: int) -> None:
        super().__init__(
            f"{base} presentation contexts are always to be proposed and an object needs {needed} "
            f"more, but an association holds {maximum}; propose fewer by default"
        )


class NoPresentationContext(DIMSEError):
    """The peer takes no object of this SOP class on this association.

    Attributes:
        path: the file.
        sop_class_uid: its SOP class.
        as_scp: it has a presentation context, but there we are no SCU, by the roles that were
            negotiated (PS3.7 D.3.3.4).
    """

    def __init__(self, path: FilePath, sop_class_uid: str, *, as_scp: bool = False) -> None:
        known = STORAGE_SOP_CLASSES.get(sop_class_uid)
        name = f"{known.name} ({sop_class_uid})" if known else f"SOP class {sop_class_uid}"
        super().__init__(
            f"{path}: there is a presentation context for {name}, but by the roles that were "
            "negotiated we send nothing there. Propose the SCU role, too"
            if as_scp
            else f"{path}: the peer accepted no presentation context for {name}. Have the peer "
            "configured to store this SOP class, or send the file to one that does"
        )
        self.path = path
        self.sop_class_uid = sop_class_uid
        self.as_scp = as_scp


class DictionaryError(DIMSEError):
    """DCMDICTPATH names dictionaries, and none of them holds a single usable entry.

    Attributes:
        paths: the files that it names.
        problems: what is wrong with them.
    """

    def __init__(self, value: str, paths: Sequence[str], problems: Sequence[Problem]) -> None:
        reasons = []
        for path in paths:
            own = [problem for problem in problems if problem.path == path]
            more = f" (and {len(own) - 1} more)" if len(own) > 1 else ""
            reasons.append(f"{own[0]}{more}" if own else f"{path}: holds no entry")
        details = "; ".join(reasons) or f'"{value}" names no file'
        super().__init__(
            f"DCMDICTPATH is set, but no data dictionary could be loaded: {details}. "
            f"Correct DCMDICTPATH, or unset it to use the built-in dictionary"
        )
        self.paths = tuple(paths)
        self.problems = tuple(problems)


class ProfileError(DIMSEError):
    """An association negotiation profile, or the file that it is in, can't be used."""


class UnknownProfile(ProfileError):
    """A configuration file has no profile of this name."""


class JournalFailed(DIMSEError):
    """What became of an object can't be written down or read; nothing more is sent.

    Attributes:
        path: the journal.
        why: what is wrong with it.
    """

    def __init__(self, path: FilePath, why: str) -> None:
        super().__init__(f"{os.fspath(path)}: the journal {why}")
        self.path = path
        self.why = why


class AbortAssociation(DIMSEError):
    """Raise it in a handler or a sink to abort the association; nothing is answered."""


class Cancelled(DIMSEError):
    """The requestor sent C-CANCEL: raised in the generator that answers it, at its `yield`.

    A handler that lets it pass is answered for with Cancel (FE00H).
    """


_NO_REFUSAL: Final = frozenset(
    {statuses.StatusClass.SUCCESS, statuses.StatusClass.WARNING, statuses.StatusClass.PENDING}
)


class Refused(DIMSEError):
    """An operation that is not performed, or failed. Handlers may raise it.

    Attributes:
        status: of the response (0000,0900), a failure of PS3.7 Annex C or of the service.
        comment: for its Error Comment (0000,0902): the peer reads it.

    Args:
        status: that one.
        comment: that one.
        message: for us, the text of the exception; the comment if there is nothing to be added.

    Raises:
        InvalidValue: a status that says that the operation was performed, or goes on, or that is none.
    """

    status: int

    def __init__(self, status: int, comment: str, message: str | None = None) -> None:
        known: object = status
        if not isinstance(known, int) or not 0 <= known <= 0xFFFF:
            raise InvalidValue("Refused", f"{status!r} is no status from 0000H to FFFFH")
        kind = statuses.classify(status)
        if kind in _NO_REFUSAL:
            raise InvalidValue(
                "Refused", f"{status:04X}H ({kind.value}) is no failure; a handler returns that"
            )
        super().__init__(message or comment)
        self.status = status
        self.comment = comment


class StorageRefused(Refused):
    """An object that is not stored."""

    status = statuses.CANNOT_UNDERSTAND

    def __init__(self, comment: str, message: str | None = None) -> None:
        super().__init__(self.status, comment, message)


class OutOfResources(StorageRefused):
    """There is no room for it, or nothing to write it to. The peer may try again later."""

    status = statuses.OUT_OF_RESOURCES


class DataSetMismatch(StorageRefused):
    """The data set is not the object that the command names."""

    status = statuses.DATA_SET_DOES_NOT_MATCH_SOP_CLASS


class CannotUnderstand(StorageRefused):
    """The data set is none in its transfer syntax."""

    status = statuses.CANNOT_UNDERSTAND


class InvalidSOPInstance(StorageRefused):
    """The SOP Instance UID breaks the rules for UIDs: exactly what PS3.7 C.5.12 has 0117H for."""

    status = statuses.INVALID_SOP_INSTANCE


class SpoolError(OutOfResources):
    """An object could not be written; nothing of it is left. Its status is A700H.

    Attributes:
        path: where it was to be.
        errno: the operating system's number, None if the fault isn't its.
        no_space: whether there was no room: disk, quota or file size limit.
    """

    def __init__(self, path: FilePath, why: str, number: int | None = None) -> None:
        self.path = path
        self.errno = number
        self.no_space = number in NO_SPACE
        advice = "Free some space" if self.no_space else "Look after the disk and its permissions"
        super().__init__(
            "no space left" if self.no_space else "the object can't be written",
            f"{os.fspath(path)}: can't be stored: {why}. {advice}; the object can be sent again",
        )


class ObjectStoreError(OutOfResources):
    """An object could not be put into an object store; nothing of it is there. Its status is A700H.

    Attributes:
        url: where it was to be.
        why: what is in the way.
    """

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            "the object store does not take the object",
            f"{url}: can't be stored: {why}. Look after the object store; the object can be sent again",
        )
        self.url = url
        self.why = why


class AlreadyStored(StorageRefused):
    """An object is there that has the same name, and is not to be replaced."""

    status = statuses.NOT_AUTHORIZED


class IndexFailed(OutOfResources):
    """The index can't be written or read. An object that it happens to is stored all the same.

    Attributes:
        file: the index.
        why: what is in the way.
    """

    def __init__(self, file: FilePath, why: str) -> None:
        super().__init__(
            "the index can't be written",
            f"{os.fspath(file)}: the index can't be used: {why}. The object can be sent again",
        )
        self.file = file
        self.why = why


class UnknownSOPClass(StorageRefused):
    """The SOP Class UID is none, so that no file meta information can name it."""

    status = statuses.SOP_CLASS_NOT_SUPPORTED


class PasswordFileUnusable(DIMSEError):
    """A file of users and passcodes can't be read, or a line of it makes no sense."""


class IdentityUnconfirmed(DIMSEError):
    """A positive response to our user identity was asked for, and did not come (PS3.7 D.3.3.7.2).

    The peer accepted the association, but may have believed anybody. It is aborted.
    """

    def __init__(self) -> None:
        super().__init__(
            "the peer accepted the association, but did not confirm the user identity "
            "(it may not look at identities at all)"
        )


class AccessRulesError(DIMSEError):
    """A rule about who may call is wrong, or needs what is not known here.

    Attributes:
        where: the file, and its line.
        why: what is wrong.
    """

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


class SpoolUnusable(DIMSEError):
    """The directory can't take objects; said before the first one is accepted."""

    def __init__(self, directory: FilePath, why: str) -> None:
        super().__init__(
            f"{os.fspath(directory)}: objects can't be stored here: {why}. Create the directory "
            "or change its permissions, or choose another one"
        )
        self.directory = directory
        self.why = why


class ObjectStoreUnusable(DIMSEError):
    """An object store can't take objects; said before the first one is accepted.

    Attributes:
        url: of the place in it.
        why: what is in the way.
    """

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"{url}: objects can't be stored here: {why}")
        self.url = url
        self.why = why


class IndexUnusable(DIMSEError):
    """A file can't be an index of stored objects.

    Attributes:
        file: its name.
        why: what is in the way.
    """

    def __init__(self, file: FilePath, why: str) -> None:
        super().__init__(
            f"{os.fspath(file)}: can't be an index: {why}. Name another file, or one that is not "
            "there yet"
        )
        self.file = file
        self.why = why
