"""storescu --probe: what a peer accepts, as a table or as JSON; nothing is sent."""

from __future__ import annotations

import json

from dimse import ContextOffer, Probe, ProbedContext
from dimse.tables.storage_sops import STORAGE_SOP_CLASSES, SUPPORTED_BY_DEFAULT
from dimse.tables.storage_sops import name_of as class_name
from dimse.tables.transfer_syntaxes import name_of
from dul.blocking import Wakeup
from dul.errors import DulcetError, Interrupted

from . import tool
from .calling import Teller, client_for, not_associated
from .codes import FAILED
from .options.proposals import Proposed
from .rehearsing import contexts_for
from .report import Report, printable
from .storescu_options import StorescuSettings

__all__ = ["ask_peer"]


def ask_peer(
    settings: StorescuSettings, report: Report, wakeup: Wakeup, *, proposed: Proposed
) -> int:
    """Ask, and print the answer; gives the exit code, 0 if something is accepted."""
    contexts = _contexts(settings, report, wakeup, proposed)
    if not contexts:
        report.fatal(settings.words.nothing)
        return settings.words.code_nothing
    client = client_for(
        settings,
        report,
        wakeup,
        proposed.profile,
        max_ops=settings.max_ops,
        ask_storage=settings.ask_storage,
    )
    teller = Teller(report, settings, contexts=settings.contexts, words=settings.words)
    try:
        found = client.probe(contexts, told=teller.tell)
    except Interrupted:
        raise
    except DulcetError as error:
        not_associated(report, error, settings, settings.words)
        return settings.words.code_no_association
    code = tool.show(_json(settings, found) if settings.json else _table(settings, found))
    if not any(each.accepted for each in found.contexts):
        report.fatal("No Acceptable Presentation Contexts")
        return FAILED
    return code or teller.code


def _contexts(
    settings: StorescuSettings, report: Report, wakeup: Wakeup, proposed: Proposed
) -> list[ContextOffer]:
    """What the files need; without files, every storage SOP class, or what the profile says."""
    if settings.file or settings.files_from is not None:
        requests = contexts_for(settings, report, wakeup, proposed)
        every = (each for request in requests for each in request.presentation_contexts)
        found = (ContextOffer(one.abstract_syntax, tuple(one.transfer_syntaxes)) for one in every)
        return list(dict.fromkeys(found))
    if proposed.profile is not None:
        return list(proposed.profile.contexts)
    return list(proposed.rules.for_classes(SUPPORTED_BY_DEFAULT))


def _table(settings: StorescuSettings, found: Probe) -> str:
    negotiated = found.negotiated[0]
    user = negotiated.accept.user_information
    window = negotiated.window
    accepted = sum(each.accepted is not None for each in found.contexts)
    version = user.implementation_version_name
    most = negotiated.peer_maximum_length
    lines = [
        f"{settings.called_ae_title} at {settings.peer}:{settings.port}",
        f"implementation: {printable(user.implementation_class_uid or 'not told')}"
        + (f" ({printable(version)})" if version else ""),
        f"longest PDU it receives: {f'{most} bytes' if most else 'no maximum'}",
        f"operations at a time: {window.invoked or 'no bound'}",
        f"presentation contexts accepted: {accepted} of {len(found.contexts)}",
        "",
    ]
    rows = _rows(found.contexts)
    wide = max(len(name) for name, _, _ in rows)
    for name, taken, refused in rows:
        cells = [", ".join(map(name_of, taken))] if taken else []
        cells += [f"({text})" for text in refused]
        lines.append(f"{name:{wide}}  {'  '.join(cells)}")
    return "\n".join(lines) + "\n"


def _rows(
    contexts: tuple[ProbedContext, ...],
) -> list[tuple[str, list[str], list[str]]]:
    """For each SOP class its name, the transfer syntaxes that are accepted, and what is refused."""
    rows: dict[str, tuple[str, list[str], list[str]]] = {}
    for each in contexts:
        uid = each.abstract_syntax
        _, taken, refused = rows.setdefault(uid, (_called(uid), [], []))
        if each.accepted is not None:
            if each.accepted not in taken:
                taken.append(each.accepted)
        elif len(each.proposed) == 1:
            refused.append(f"{name_of(each.proposed[0])}: {each.refusal}")
        else:
            refused.append(each.refusal)
    return list(rows.values())


def _called(uid: str) -> str:
    """A SOP class by name; some retired ones have the name of their successors."""
    known = STORAGE_SOP_CLASSES.get(uid)
    return f"{known.name} (retired)" if known and known.retired else class_name(uid)


def _json(settings: StorescuSettings, found: Probe) -> str:
    negotiated = found.negotiated[0]
    user = negotiated.accept.user_information
    answer = {
        "called_ae_title": settings.called_ae_title,
        "host": settings.peer,
        "port": settings.port,
        "implementation_class_uid": user.implementation_class_uid,
        "implementation_version_name": user.implementation_version_name,
        "maximum_length": negotiated.peer_maximum_length,
        "operations_window": negotiated.window.invoked,
        "contexts": [
            {
                "association": each.association,
                "id": each.id,
                "abstract_syntax": each.abstract_syntax,
                "name": class_name(each.abstract_syntax),
                "proposed": list(each.proposed),
                "accepted": each.accepted,
                "refusal": each.refusal or None,
            }
            for each in found.contexts
        ],
    }
    return json.dumps(answer, indent=2) + "\n"
