"""The exit codes of the tools that send: one table, from which docs/cli.md is made."""

from __future__ import annotations

from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final, Literal

__all__ = ["FAILED", "LOST", "SENDING_CODES", "ExitCode", "codes_of"]

FAILED: Final = 1
"""Whatever has no code of its own."""

LOST: Final = 10
"""The peer or the network ended the association while something was on its way."""


@dataclass(frozen=True, slots=True)
class ExitCode:
    """How a run may end.

    Attributes:
        storescu: the code of storescu; None: the high byte of the status.
        dcmsend: that of dcmsend.
        when: in words.
    """

    storescu: int | None
    dcmsend: int | None
    when: str


SENDING_CODES: Final = {
    "stored": ExitCode(
        0, 0, "every object was stored (all its copies, with `--repeat`), with Success or a warning"
    ),
    "usage": ExitCode(
        FAILED,
        FAILED,
        "the command line can't be understood; a configuration file, a data dictionary, a certificate or a journal can't be used",
    ),
    "nothing": ExitCode(
        FAILED, 21, "there is nothing to send: no file was found, or all were left out"
    ),
    "unusable": ExitCode(
        FAILED,
        22,
        "a file can't be read, or is no DICOM file, or damaged; with `-nh` only where nothing else went wrong",
    ),
    "none usable": ExitCode(FAILED, 23, "the same with `-nh`, and of all files"),
    "report": ExitCode(FAILED, 43, "a report can't be begun"),
    "report broken off": ExitCode(
        FAILED, FAILED, "a report, or the journal, could not be written to its end"
    ),
    "no association": ExitCode(
        FAILED, 61, "there is no association: no connection, rejected, aborted, no answer"
    ),
    "not sent": ExitCode(
        FAILED,
        62,
        "an object could not be sent: no presentation context for it, not to be converted, changed meanwhile; no response in time, another message instead; the peer aborted or released",
    ),
    "refused": ExitCode(
        None,
        None,
        "a failure status: its high byte, as DCMTK's storescu has it, 160 to 175 and 192 to 207, or 1: A700H gives 167, A900H 169, C000H 192, 0110H, 0122H and 0124H give 1",
    ),
    "unknown status": ExitCode(
        FAILED,
        62,
        "a status that belongs to no class of PS3.7 Annex C, or no failure that ends a C-STORE",
    ),
    "lost": ExitCode(
        LOST,
        62,
        "the network was lost while an object was on its way: the connection broke, was closed, or took and gave no more bytes",
    ),
    "not released": ExitCode(
        FAILED, FAILED, "all was stored, and the association did not end as it should"
    ),
    "interrupted": ExitCode(130, 130, "Ctrl-C (SIGINT)"),
    "terminated": ExitCode(143, 143, "SIGTERM"),
}
"""By what happened first, but for what is said of `-nh`."""


def codes_of(tool: Literal["storescu", "dcmsend"]) -> list[tuple[str, str]]:
    """Each code of a tool, once, with all that it may mean; for its manual page."""
    found: dict[str, list[str]] = {}
    for each in SENDING_CODES.values():
        code = getattr(each, tool)
        text = "1, 160-175, 192-207" if code is None else str(code)
        found.setdefault(text, []).append(each.when.replace("`", ""))
    return [(code, ". Or ".join(whens)) for code, whens in found.items()]
