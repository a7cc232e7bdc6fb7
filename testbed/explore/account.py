"""An exploration as lines for a terminal, as JSON, and each find as a sample that can be played again."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import catalogue
from ..matrix import unreached
from ..table import EVENTS, TABLE
from .hunt import Hunt
from .ledger import Find
from .moves import TableCell
from .sequence import Sample, explain, save, text

FORMAT = "dulspec-exploration/1"
_STATES = range(1, 14)


def reachable(role: str) -> frozenset[TableCell]:
    """The cells that the catalogue's peer can bring about at a product of this role."""
    out = {(entry.cell.state, entry.cell.event) for entry in unreached(role, catalogue.cases(role))}
    return frozenset(TABLE) - out


def departed(hunt: Hunt) -> frozenset[TableCell]:
    """The cells where something was found that fails."""
    return frozenset(find.cause.cell for find in hunt.ledger.finds.values() if find.repeats)


def grid(hunt: Hunt) -> list[str]:
    """Table 9-10 as text: how often each cell was visited."""
    ledger, within, bad = hunt.ledger, reachable(hunt.trial.role), departed(hunt)
    lines = ["       " + "".join(f"{f'Sta{state}':>7}" for state in _STATES)]
    for event in EVENTS:
        cells = []
        for state in _STATES:
            cell = state, event
            if cell not in TABLE:
                shown = ""
            elif ledger.visited[cell] or cell in bad:
                shown = f"{ledger.visited[cell]}{'!' if cell in bad else ''}"
            elif ledger.perhaps[cell]:
                shown = "?"
            else:
                shown = "." if cell in within else "-"
            cells.append(f"{shown:>7}")
        lines.append(f"Evt{event:<4}" + "".join(cells))
    seen = sum(ledger.visited[cell] > 0 for cell in TABLE)
    return [
        *lines,
        f"{seen} of {len(TABLE)} cells visited, {len(within)} are in reach of a peer. A number: how often;",
        "!: a departure there; ?: perhaps visited; .: not yet; -: out of reach in this role",
    ]


def find_lines(find: Find, role: str) -> Iterator[str]:
    """One find as it is told on the terminal."""
    note = "" if find.repeats else "  (seen once, and not again)"
    known = "  (known)" if find.known else ""
    yield f"{find.cause.verdict.value:11} {find.cause.key}{known}{note}"
    yield f"  {find.cause.story}"
    for number, line in enumerate(explain(find.sequence, role), start=1):
        yield f"  {number:3}. {line}"
    yield f"  Expected  {' or '.join(dict.fromkeys(find.due)) or 'nothing more'}"
    yield f"  Seen      {find.seen or 'nothing'}"
    times = ", ".join(f"{name} {count}" for name, count in find.stimuli.most_common(6))
    yield f"  Met       {find.count} times, first in sequence {find.number}: {times}"
    if find.catalogue:
        yield f"  Catalogue {find.catalogue}"


def summary(hunt: Hunt) -> list[str]:
    """The last lines of an exploration."""
    ledger = hunt.ledger
    kinds = {
        "failures": sum(find.fails for find in ledger.finds.values()),
        "non-strict": sum(
            find.repeats and not find.known and not find.fails for find in ledger.finds.values()
        ),
        "known": sum(find.known for find in ledger.finds.values()),
        "not repeated": sum(not find.repeats for find in ledger.finds.values()),
    }
    told = ", ".join(f"{count} {name}" for name, count in kinds.items() if count)
    more = {"restarts": ledger.restarts, "sequences rejected as busy": ledger.busy}
    asides = "".join(f", {count} {name}" for name, count in more.items() if count)
    return [
        *([f"ENDED EARLY: {hunt.ended}"] if hunt.ended else []),
        _length(hunt) + asides,
        f"{len(ledger.finds)} causes: {told}" if told else "no departure from Table 9-10",
    ]


def _length(hunt: Hunt) -> str:
    ledger = hunt.ledger
    played = f"{ledger.sequences} sequences ({ledger.steps} steps), {ledger.replays} replays"
    return f"{played} in {hunt.seconds:.0f} s, seed {hunt.seed}"


# -- files ----------------------------------------------------------------------------------------------------


def sample(hunt: Hunt, find: Find) -> Sample:
    """A find as a file holds it."""
    return Sample(
        role=hunt.trial.role,
        sequence=find.sequence,
        cause=find.cause.key,
        verdict=find.cause.verdict.value,
        story=find.cause.story,
        expected=list(dict.fromkeys(find.due)),
        seen=find.seen,
        cell=list(find.cause.cell),
        catalogue=find.catalogue,
        found={
            "product": hunt.trial.target.get("name", ""),
            "implementation_version": hunt.trial.target.get("implementation_version", ""),
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "seed": hunt.seed,
            "sequence": find.number,
            "repeats": find.repeats,
        },
        wire=[asdict(row) for row in find.wire],
    )


def write_find(hunt: Hunt, find: Find, folder: Path) -> Path:
    """Write a find into a folder, named by its cause; the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{find.cause.key.replace(':', '_').replace('(', '').replace(')', '')}.json"
    save(sample(hunt, find), path)
    return path


def to_json(hunt: Hunt) -> dict[str, Any]:
    """The whole exploration as plain data."""
    ledger, bad = hunt.ledger, departed(hunt)
    return {
        "format": FORMAT,
        "role": hunt.trial.role,
        "target": hunt.trial.target,
        "seed": hunt.seed,
        "seconds": round(hunt.seconds, 1),
        "ended": hunt.ended,
        "sequences": ledger.sequences,
        "steps": ledger.steps,
        "replays": ledger.replays,
        "restarts": ledger.restarts,
        "cells": [
            {
                "state": state, "event": event, "action": action,
                "visited": ledger.visited[state, event], "perhaps": ledger.perhaps[state, event],
                "departed": (state, event) in bad,
            }
            for (state, event), action in sorted(TABLE.items())
        ],
        "finds": [
            {
                "cause": find.cause.key, "verdict": find.cause.verdict, "story": find.cause.story,
                "sequence": text(find.sequence), "expected": find.due, "seen": find.seen,
                "count": find.count, "stimuli": dict(find.stimuli), "repeats": find.repeats,
                "known": find.known, "catalogue": find.catalogue, "first": find.number,
            }
            for find in ledger.ordered()
        ],
    }  # fmt: skip


def write_json(hunt: Hunt, path: Path) -> None:
    """Write the whole exploration as JSON."""
    path.write_text(json.dumps(to_json(hunt), indent=1) + "\n", encoding="utf-8")
