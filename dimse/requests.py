"""What an association requestor asks of us, as handlers and the storage see it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from dimse.errors import DIMSEError
from dimse.messages.base import Request
from dimse.messages.composite import CEchoRQ, CStoreRQ
from dimse.objects.bounds import MAXIMUM_INFLATED_IN_MEMORY
from dimse.objects.decoded import (
    data_set_in,
    decode_data_set,
    decode_file,
    open_file,
    transfer_syntax_in,
)
from dimse.objects.filemeta import encode_file_meta
from dimse.tables import uids
from dul.negotiation import AcceptedContext, Negotiated
from dul.pdu import AssociateRQ
from dul.security import Security
from dul.user_items import UserIdentity
from dul.values import TYPE_CHECKING, Generic, TypeVar, dataclass

if TYPE_CHECKING:
    from typing import Any, BinaryIO, Literal, Self, TypeAlias

    from pydicom import Dataset
    from pydicom.dataset import FileDataset

__all__ = ["Content", "EchoRequest", "Remote", "Requestor", "ServiceRequest", "StoreRequest"]


@dataclass(frozen=True, slots=True)
class Remote:
    """An object that is not on this machine, but in an object store.

    Attributes:
        url: where it is: "s3://bucket/prefix/CT.1.2.3".
        name: the last part of that, beneath what the store was opened at: "CT.1.2.3".
        opener: opens it for reading.
    """

    url: str
    name: str
    opener: Callable[[], BinaryIO]

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        """It as a DICOM file, open for reading.

        Raises:
            OSError: it can't be had.
        """
        del mode  # it is there for whom it stands in for a path
        return self.opener()

    def __fspath__(self) -> str:
        """What it is called in messages."""
        return self.url


Content: TypeAlias = Path | Remote | bytes | None
"""Where a data set is: in a file, in an object store, in memory as it was sent, or nowhere."""


@dataclass(frozen=True, slots=True)
class Requestor:
    """The association requestor that called us.

    The titles are its own words: mind them when you make a name of them.

    Attributes:
        address: "host:port".
        calling_ae_title: what it calls itself.
        called_ae_title: what it calls us.
        negotiated: what was agreed: presentation contexts with their roles, its request and our
            answer; None where there is no association (it was rejected, or broke off).
        security: what TLS agreed on, with its certificate; None without TLS.
        request: the A-ASSOCIATE-RQ; None if none came.
        identity_judged: who says that it is somebody else than it is gets no association here.
    """

    address: str
    calling_ae_title: str
    called_ae_title: str
    negotiated: Negotiated | None = None
    security: Security | None = None
    request: AssociateRQ | None = None
    identity_judged: bool = False

    @property
    def host(self) -> str:
        """Its address without the port, and without brackets and a zone if it is one of IPv6."""
        return self.address.rpartition(":")[0].strip("[]").partition("%")[0]

    @property
    def user_identity(self) -> UserIdentity | None:
        """Who it says it is (58H, PS3.7 D.3.3.7); None if it doesn't."""
        return None if self.request is None else self.request.user_information.user_identity


Q_co = TypeVar("Q_co", bound="Request[Any]", covariant=True)


@dataclass(frozen=True, slots=True)
class ServiceRequest(Generic[Q_co]):
    """A DIMSE request and the data set that came with it.

    Attributes:
        requestor: who sends it.
        context: the presentation context: abstract syntax, transfer syntax, roles.
        message: the command.
        content: the data set, once it is all here; None before, if there is none, and if nothing
            is kept of it.
        warnings: what is wrong with the data set and was tolerated, each with its byte.
    """

    requestor: Requestor
    context: AcceptedContext
    message: Q_co
    content: Content = None
    warnings: tuple[str, ...] = ()

    def having(self, content: Content, warnings: tuple[str, ...] = ()) -> Self:
        """The same request, with the `content` that came behind it and `warnings` of what is wrong."""
        return type(self)(self.requestor, self.context, self.message, content, warnings)

    @property
    def transfer_syntax_uid(self) -> str:
        """How the data set is encoded."""
        return self.context.transfer_syntax

    @property
    def data(self) -> bytes:
        """The data set, encoded as it was sent.

        Raises:
            DIMSEError: there is none.
            OSError: the file that it went to can't be read.
        """
        match self.content:
            case bytes() as data:
                return data
            case None:
                raise DIMSEError(f"no data set of this {self.message.NAME} is kept")
            case where:
                return data_set_in(where)

    def dataset(self, *, maximum: int = MAXIMUM_INFLATED_IN_MEMORY) -> Dataset:
        """The data set, decoded by pydicom; a deflated one is inflated.

        Args:
            maximum: bytes that a deflated data set may have when it is inflated.

        Raises:
            DIMSEError: there is none.
            OutOfResources: inflated it is longer than `maximum`.
            CannotUnderstand: it can't be inflated.
            Exception: whatever pydicom raises of a data set that it can't read.
        """
        return decode_data_set(self.data, self.transfer_syntax_uid, maximum=maximum)


EchoRequest: TypeAlias = ServiceRequest[CEchoRQ]
"""A C-ECHO-RQ, which has no data set."""


@dataclass(frozen=True, slots=True)
class StoreRequest(ServiceRequest[CStoreRQ]):
    """A C-STORE-RQ, whose object is still to come or has come.

    Attributes:
        content: the object, once it is stored: the path of a file, its place in an object store, or
            its data set in memory.
    """

    @property
    def sop_class_uid(self) -> str:
        """Affected SOP Class UID."""
        return self.message.affected_sop_class_uid

    @property
    def sop_instance_uid(self) -> str:
        """Affected SOP Instance UID, as the requestor sent it: not safe for a path."""
        return self.message.affected_sop_instance_uid

    @property
    def path(self) -> Path | None:
        """The file that the object is in, if it is in one."""
        return self.content if isinstance(self.content, Path) else None

    def file_meta(
        self,
        *,
        implementation_class_uid: str = uids.IMPLEMENTATION_CLASS_UID,
        implementation_version_name: str = uids.IMPLEMENTATION_VERSION_NAME,
        transfer_syntax_uid: str | None = None,
    ) -> bytes:
        """What stands before the data set in a DICOM file: preamble, prefix, group 0002 (PS3.10 7.1).

        Args:
            implementation_class_uid: (0002,0012).
            implementation_version_name: (0002,0013), 1 to 16 characters.
            transfer_syntax_uid: (0002,0010); None: as the object was sent.

        Raises:
            InvalidValue: a UID of the request is none.
        """
        requestor, message = self.requestor, self.message
        return encode_file_meta(
            sop_class_uid=message.affected_sop_class_uid,
            sop_instance_uid=message.affected_sop_instance_uid,
            transfer_syntax_uid=transfer_syntax_uid or self.transfer_syntax_uid,
            implementation_class_uid=implementation_class_uid,
            implementation_version_name=implementation_version_name,
            source_application_entity_title=requestor.calling_ae_title or None,
            sending_application_entity_title=requestor.calling_ae_title or None,
            receiving_application_entity_title=requestor.called_ae_title or None,
        )

    def file(self) -> BinaryIO:
        """The object as a DICOM file, open for reading: file meta information, then the data set.

        Raises:
            DIMSEError: nothing of it is kept.
            OSError: its file can't be opened.
        """
        if isinstance(self.content, Path | Remote):
            return open_file(self.content)
        return io.BytesIO(self.file_meta() + self.data)

    def dataset(self, *, maximum: int = MAXIMUM_INFLATED_IN_MEMORY) -> FileDataset:
        """The object as a pydicom data set with file meta; a deflated one is inflated.

        Args:
            maximum: bytes that a deflated data set may have when it is inflated.

        Raises:
            DIMSEError: nothing of it is kept.
            OutOfResources: inflated it is longer than `maximum`.
            CannotUnderstand: it can't be inflated.
            Exception: whatever pydicom raises of a data set that it can't read.
        """
        uid = self.transfer_syntax_uid
        if isinstance(self.content, Path | Remote):  # it may be stored in another one
            uid = transfer_syntax_in(self.content) or uid
        return decode_file(self.file_meta(transfer_syntax_uid=uid), self.data, uid, maximum=maximum)
