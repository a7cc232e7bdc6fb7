"""storescu --dry-run: what would be sent, to whom, on which associations; nobody is called."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator

from dimse import Outcome
from dimse.events import ClientEvent, Confirmed, Warned, WouldAssociate, WouldSend
from dimse.objects import LeftOut
from dimse.tables.storage_sops import name_of as class_name
from dimse.tables.transfer_syntaxes import name_of
from dul import AssociateRQ
from dul.blocking import Wakeup
from dul.values import TYPE_CHECKING

from . import tool
from .calling import client_for
from .conditions import code_of
from .inputs import found, left_out_text, unusable
from .options.proposals import Proposed
from .report import Report, printable
from .storescu_options import StorescuSettings

if TYPE_CHECKING:
    from typing import Any, Final

    from dimse import Journal

__all__ = ["contexts_for", "dry_run"]

_WIDTH: Final = 80


def dry_run(
    settings: StorescuSettings,
    report: Report,
    wakeup: Wakeup,
    *,
    proposed: Proposed,
    journal: Journal | None,
) -> int:
    """Print the plan; gives the exit code, 0 if all that is asked for would be sent."""
    plan = _Lines(settings) if settings.json else _Plan(settings)
    client = client_for(settings, report, wakeup, proposed.profile, max_ops=settings.max_ops)
    told = client.dry_run(found(settings, wakeup), **settings.how(proposed, journal))
    code = tool.show_lines(plan.lines(told))
    return plan.code or code


def contexts_for(
    settings: StorescuSettings, report: Report, wakeup: Wakeup, proposed: Proposed
) -> list[AssociateRQ]:
    """The requests that the files would need; what can't be read is said."""
    client = client_for(settings, report, wakeup, proposed.profile)
    how = settings.how(proposed, None)
    how["halt"] = False  # what the others need is worth knowing
    requests = []
    for event in client.dry_run(found(settings, wakeup), **how):
        match event:
            case WouldAssociate():
                requests.append(event.request)
            case Outcome():
                report.warn(f"{unusable(event, settings.words)}, ignoring file")
            case LeftOut():
                report.warn(left_out_text(event))
    return requests


class _Plan:
    """For people.

    Attributes:
        counts: "associations", "files" and "bytes" that would go out, "left out", "unusable", and
            "before", which were stored already.
        code: the exit code of what would go wrong first, by what is known without the peer.
    """

    def __init__(self, settings: StorescuSettings) -> None:
        self.counts: Counter[str] = Counter()
        self.code = 0
        self._settings = settings

    def lines(self, told: Iterable[ClientEvent]) -> Iterator[str]:
        """All there is to print."""
        for event in told:
            self.code = self.code or self._code(event)
            yield self.of(event)
        if not (self.counts["files"] or self.counts["before"]):
            self.code = self.code or self._settings.words.code_nothing
        yield self.total()

    def _code(self, event: ClientEvent) -> int:
        words = self._settings.words
        match event:
            case Outcome():
                return words.code_unusable
            case WouldSend(error=error) if error is not None:
                return code_of(Outcome.of(event.outgoing, error=error), words)
        return 0

    def of(self, event: ClientEvent) -> str:
        """The lines for an event."""
        match event:
            case WouldAssociate():
                self.counts["associations"] += 1
                return self._association(event)
            case WouldSend(choices=()):
                self.counts["unusable"] += 1
                return _line("cannot be sent", str(event.error))
            case WouldSend():
                self.counts["files"] += 1
                self.counts["bytes"] += event.outgoing.length
                return self._file(event)
            case Outcome():
                self.counts["unusable"] += 1
                return _line("cannot be sent", unusable(event, self._settings.words) or "")
            case LeftOut():
                self.counts["left out"] += 1
                return _line("left out", left_out_text(event))
            case Confirmed():
                self.counts["before"] += 1
                return _line("stored before", event.outgoing.name)
            case Warned():
                name, warnings = event.outgoing.name, event.outgoing.warnings
                return "".join(_line("warning", f"{name}: {each}") for each in warnings)
        return ""

    def _association(self, event: WouldAssociate) -> str:
        request = event.request
        calling, called = request.calling_ae_title.strip(), request.called_ae_title.strip()
        place = f"{self._settings.peer}:{self._settings.port}"
        contexts = _number(len(request.presentation_contexts), "presentation context")
        lines = [
            f"Association {event.number}: {calling} calls {called} at {place}, with {contexts}"
        ]
        for context in request.presentation_contexts:
            syntaxes = ", ".join(map(name_of, context.transfer_syntaxes))
            text = f"{class_name(context.abstract_syntax)}: {syntaxes}"
            lines += textwrap.wrap(
                text,
                _WIDTH,
                initial_indent=f"  {context.id:3}  ",
                subsequent_indent=" " * 9,
                break_on_hyphens=False,
            )
        return "\n".join(lines) + "\n"

    def _file(self, event: WouldSend) -> str:
        outgoing = event.outgoing
        own = name_of(outgoing.transfer_syntax_uid)
        others = ", ".join(
            name_of(each.transfer_syntax) for each in event.choices if each.transcode
        )
        how = f"{own} as it is" if not event.choices[0].transcode else own
        if others:
            how += f"{', or' * (not event.choices[0].transcode)} converted to {others}"
        what = class_name(outgoing.sop_class_uid)
        return _line(outgoing.name, f"{what}, {outgoing.length} bytes, {how}")

    def total(self) -> str:
        """The last lines."""
        counts = self.counts
        rest = [
            f"{counts[name]} {words}"
            for name, words in (
                ("before", "stored before"),
                ("left out", "left out"),
                ("unusable", "not to be sent"),
            )
            if counts[name]
        ]
        text = (
            f"{_number(counts['files'], 'file')} would be sent on "
            f"{_number(counts['associations'], 'association')}, {counts['bytes'] / 1e6:.1f} MB"
        )
        if not counts["files"]:
            text = "Nothing would be sent"
            if counts["unusable"] and self._settings.halt:
                text += "; -nh sends what can be sent"
        return "; ".join([text, *rest]) + "\n"


class _Lines(_Plan):
    """For programs: a JSON object a line."""

    def of(self, event: ClientEvent) -> str:
        super().of(event)
        match event:
            case WouldAssociate():
                request = event.request
                return _json(
                    "association",
                    number=event.number,
                    calling_ae_title=request.calling_ae_title.strip(),
                    called_ae_title=request.called_ae_title.strip(),
                    host=self._settings.peer,
                    port=self._settings.port,
                    presentation_contexts=[
                        {
                            "id": each.id,
                            "abstract_syntax": each.abstract_syntax,
                            "transfer_syntaxes": list(each.transfer_syntaxes),
                        }
                        for each in request.presentation_contexts
                    ],
                )
            case WouldSend():
                return _json(
                    "file" if event.choices else "not to be sent",
                    name=event.outgoing.name,
                    sop_class_uid=event.outgoing.sop_class_uid,
                    sop_instance_uid=event.outgoing.sop_instance_uid,
                    transfer_syntax_uid=event.outgoing.transfer_syntax_uid,
                    bytes=event.outgoing.length,
                    choices=[
                        {"context": each.context_id, "transfer_syntax_uid": each.transfer_syntax}
                        for each in event.choices
                    ],
                    why=None if event.error is None else str(event.error),
                )
            case Outcome():
                why = unusable(event, self._settings.words)
                return _json("not to be sent", name=event.name, why=why)
            case LeftOut():
                return _json("left out", name=str(event.path), why=event.reason.value)
            case Confirmed():
                return _json("stored before", name=event.outgoing.name, when=event.when)
            case Warned():
                name, warnings = event.outgoing.name, event.outgoing.warnings
                return _json("warning", name=name, warnings=list(warnings))
        return ""

    def total(self) -> str:
        return _json("total", **{name.replace(" ", "_"): n for name, n in self.counts.items()})


def _json(kind: str, **values: Any) -> str:
    return json.dumps({"kind": kind, **values}) + "\n"


def _line(left: str, right: str) -> str:
    return f"{printable(left)}: {printable(right)}\n"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
