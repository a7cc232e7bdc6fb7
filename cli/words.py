"""What storescu and dcmsend say differently, as DCMTK's tools of these names do, and how they exit."""

from __future__ import annotations

from dul.values import TYPE_CHECKING, dataclass

from .codes import SENDING_CODES

if TYPE_CHECKING:
    from typing import Any, Final, Literal

__all__ = ["DCMSEND", "STORESCU", "Words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Phrases and exit codes.

    Attributes:
        request: a C-STORE-RQ goes out.
        response: its response came.
        nothing: no files were named.
        none_usable: none of those that were named can be sent.
        unreadable: of a file that can't be read.
        bad: of one that is no DICOM file, or damaged.
        no_association: there is none.
        stopped: an object was not sent, and nothing is behind it; with the condition.
        status_summary: the end is told as a table of statuses.
        code_nothing: the exit code without files.
        code_unusable: with a file that can't be sent.
        code_none_usable: with none that can.
        code_no_association: without an association.
        code_not_sent: for an object that could not be sent.
        code_lost: for one that was lost with its association.
        code_report: where a report can't be begun.
    """

    request: str
    response: str
    nothing: str
    none_usable: str
    unreadable: str
    bad: str
    no_association: str
    stopped: str
    status_summary: bool = False
    code_nothing: int
    code_unusable: int
    code_none_usable: int
    code_no_association: int
    code_not_sent: int
    code_lost: int
    code_report: int


def _codes(tool: Literal["storescu", "dcmsend"]) -> dict[str, Any]:
    names = (
        "nothing",
        "unusable",
        "none usable",
        "no association",
        "not sent",
        "lost",
        "report",
    )
    return {f"code_{name.replace(' ', '_')}": getattr(SENDING_CODES[name], tool) for name in names}


STORESCU: Final = Words(
    request="Sending Store Request",
    response="Received Store Response",
    nothing="no input files to be sent",
    none_usable="no input files to be sent",
    unreadable="cannot access file",
    bad="Bad DICOM file",
    no_association="Association Request Failed:",
    stopped="Store SCU Failed:",
    **_codes("storescu"),
)

DCMSEND: Final = Words(
    request="Sending C-STORE Request",
    response="Received C-STORE Response",
    nothing="no input files to be processed",
    none_usable="no valid input files to be processed",
    unreadable="bad DICOM file",
    bad="bad DICOM file",
    no_association="cannot negotiate network association:",
    stopped="cannot send SOP instance:",
    status_summary=True,
    **_codes("dcmsend"),
)
