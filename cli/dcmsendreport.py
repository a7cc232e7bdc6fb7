"""The report of DCMTK's dcmsend (+crf): a paragraph of text for each object, and a summary by status."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from dimse import Entry, Outcome, Verdict
from dimse.events import Associated, ClientEvent, Opening
from dimse.tables.dcmtk_names import message_name
from dimse.tables.storage_sops import STORAGE_SOP_CLASSES

from .conditions import response_text
from .report import printable
from .storescu_options import StorescuSettings
from .summary import AnswerCounts

__all__ = ["DcmsendReport"]


class DcmsendReport:
    """Writes a paragraph as soon as an object has its outcome.

    Args:
        path: the file, which is overwritten.
        settings: whom it is about.

    Raises:
        OSError: it can't be written. So do its methods.
    """

    def __init__(self, path: str, settings: StorescuSettings) -> None:
        self._file = Path(path).open("wb", buffering=0)  # noqa: SIM115 - until `close`
        self._lengths: dict[str, int] = {}
        self._count = 0
        self._answers = AnswerCounts()
        try:
            self._write(
                "Detailed Report on the Transfer of Instances\n"
                "============================================\n\n"
                f"Communication Peer : {printable(settings.peer)}:{settings.port}\n"
                f"AE Titles used     : {settings.calling_ae_title} -> {settings.called_ae_title}\n"
                f"Current Date/Time  : {time.strftime('%Y-%m-%d %H:%M:%S')}\n\n"
            )
        except BaseException:
            self._file.close()
            raise

    def tell(self, event: ClientEvent) -> None:
        """Write what an event says of an object, if it does."""
        match event:
            case Associated():
                self._answers.associations += 1
                self._answers.contexts += len(event.negotiated.request.presentation_contexts)
            case Opening():
                self._lengths[event.outgoing.name] = event.outgoing.length
            case Outcome():
                self._answers.add(event)
                self._paragraph(event.name, event)

    def finish(self, entries: Iterable[Entry]) -> None:
        """Add what was not sent, and the summary."""
        for entry in entries:
            if entry.verdict in {Verdict.BEGUN, Verdict.NOT_SENT}:
                self._paragraph(entry.name, None)
        self._write("\n" + self._answers.table() + "\n")

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._file.close()

    def _paragraph(self, name: str, outcome: Outcome | None) -> None:
        self._count += 1
        lines = [("Number", str(self._count)), ("Filename", printable(name))]
        if outcome is not None and outcome.sop_class_uid:
            known = STORAGE_SOP_CLASSES.get(outcome.sop_class_uid)
            keyword = f" = {known.keyword}" if known else ""
            lines += [
                ("SOP Instance", outcome.sop_instance_uid),
                ("SOP Class", outcome.sop_class_uid + keyword),
                ("Original Xfer", _syntax(outcome.own_transfer_syntax_uid)),
            ]
            length = self._lengths.pop(name, outcome.length)
            if length:
                lines.append(("Dataset Size", f"{length} bytes"))
            if outcome.context_id is not None:
                lines.append(("Association", str(self._answers.associations)))
                lines.append(("Pres. Context", str(outcome.context_id)))
            if outcome.transfer_syntax_uid:
                lines.append(("Network Xfer", _syntax(outcome.transfer_syntax_uid)))
        lines.append(("DIMSE Status", _status(outcome)))
        self._write("\n" + "".join(f"{left:13} : {right}\n" for left, right in lines))

    def _write(self, text: str) -> None:
        data = memoryview(text.encode("utf-8", "surrogateescape"))
        while data:
            data = data[self._file.write(data) :]


def _syntax(uid: str) -> str:
    return f"{uid} = {message_name(uid)}"


def _status(outcome: Outcome | None) -> str:
    if outcome is None or outcome.status is None:
        return "<not sent>"
    return f"0x{outcome.status:04x} ({response_text(outcome.status)})"
