"""What became of each object that was to be sent."""

from __future__ import annotations

from dimse.objects.outgoing import Outgoing
from dimse.tables.status import StatusClass, classify, is_successful, meaning
from dul.errors import DulcetError
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of sending one object.

    Either the peer answered, and `status` says what, or it could not be sent, and `error` says
    why; the association lives on in both cases.

    Attributes:
        file: the file's name; None for a data set from memory.
        name: how messages name it: the path, or the data set with its SOP Instance UID.
        sop_class_uid: empty if the object could not be read.
        sop_instance_uid: the same.
        own_transfer_syntax_uid: how it is encoded where it lies; empty if it could not be read.
        transfer_syntax_uid: how it went out; empty if it did not.
        context_id: of the presentation context that it went out on, or None.
        status: (0000,0900) of the response, or None.
        error: why there is no response, or None.
        error_comment: (0000,0902), if the peer sent one.
        length: bytes of the data set that went out.
        seconds: from the request to the response.
        attempts: how often it was begun to send it; 0 if it could not be read.
    """

    file: str | None = None
    name: str = ""
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    own_transfer_syntax_uid: str = ""
    transfer_syntax_uid: str = ""
    context_id: int | None = None
    status: int | None = None
    error: DulcetError | None = None
    error_comment: str | None = None
    length: int = 0
    seconds: float = 0.0
    attempts: int = 0

    @classmethod
    def of(
        cls,
        outgoing: Outgoing,
        *,
        transfer_syntax_uid: str = "",
        context_id: int | None = None,
        status: int | None = None,
        error: DulcetError | None = None,
        error_comment: str | None = None,
        length: int = 0,
        seconds: float = 0.0,
        attempts: int = 1,
    ) -> Outcome:
        """The outcome of an examined object: its names come from there; else arguments as fields."""
        # To call a class packs keywords into a dictionary first, which takes twice as long as all this.
        outcome = cls.__new__(cls)
        cls.__init__(
            outcome,
            file=outgoing.file,
            name=outgoing.name,
            sop_class_uid=outgoing.sop_class_uid,
            sop_instance_uid=outgoing.sop_instance_uid,
            own_transfer_syntax_uid=outgoing.transfer_syntax_uid,
            transfer_syntax_uid=transfer_syntax_uid,
            context_id=context_id,
            status=status,
            error=error,
            error_comment=error_comment,
            length=length,
            seconds=seconds,
            attempts=attempts,
        )
        return outcome

    @property
    def path(self) -> Path | None:
        """The file's name as a path; None for a data set from memory."""
        if self.file is None:
            return None
        # Few ask, and it takes as long to import as three files to send.
        from pathlib import Path  # noqa: PLC0415

        return Path(self.file)

    @property
    def status_class(self) -> StatusClass:
        """Success, warning, failure ...; FAILURE if there was no response."""
        return StatusClass.FAILURE if self.status is None else classify(self.status)

    @property
    def stored(self) -> bool:
        """The peer has it: success, or success with a warning."""
        return self.status is not None and is_successful(self.status)

    @property
    def meaning(self) -> str:
        """The status in the standard's words, or the error."""
        return str(self.error) if self.status is None else meaning(self.status, "C-STORE")
