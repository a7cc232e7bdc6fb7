"""Sequences as data: steps that can be named, shortened, written to a file and played again."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from . import acceptor_words, requestor_words
from .speech import Stimulus

FORMAT = "dulspec-sequence/1"

#: How a stimulus goes out. `joined`: kept back and sent in one segment with the next one; `header`: the PDU header,
#: and the rest if nothing comes; `halves`: two segments; `bytes`: one by one.
Delivery = Literal["whole", "joined", "header", "halves", "bytes"]
DELIVERIES: tuple[Delivery, ...] = get_args(Delivery)

#: Steps that are no bytes.
WAITS = {
    "fin": "close our half of the connection",
    "rst": "reset the connection",
    "pause": "wait 20 ms",
    "idle": "wait for the product's ARTIM",
}

WORDS: Mapping[str, Mapping[str, Stimulus]] = {
    "scp": {word.name: word for word in acceptor_words.WORDS},
    "scu": {word.name: word for word in requestor_words.WORDS},
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a stimulus of the alphabet, or one of `WAITS`, and how it is delivered."""

    name: str
    delivery: Delivery = "whole"

    @property
    def simple(self) -> bool:
        """Whether it goes out in the plainest way."""
        return self.delivery == "whole"

    def __str__(self) -> str:
        return self.name if self.simple else f"{self.name}/{self.delivery}"


Sequence = tuple[Step, ...]


def heard(sequence: Sequence, role: str, *, idle: bool) -> Sequence:
    """The sequence without what cannot be said: after the end, in the middle of a PDU that was cut off."""
    kept: list[Step] = []
    cut = False
    for step in sequence:
        word = WORDS[role].get(step.name)
        again = step.name == "pause" and kept and kept[-1].name == "pause"
        if (cut and word is not None) or again or (step.name == "idle" and not idle):
            continue
        kept.append(step)
        cut = cut or (word is not None and word.group == "cut")
        if step.name in {"fin", "rst"}:
            break
    return tuple(kept)


def simpler(step: Step, role: str) -> Iterator[Step]:
    """Plainer steps to try instead, the plainest first: the first stimulus of the group, sent whole."""
    word = WORDS[role].get(step.name)
    if word is not None:
        first = next(each.name for each in WORDS[role].values() if each.group == word.group)
        if step != Step(first):
            yield Step(first)
    if not step.simple:
        yield replace(step, delivery="whole")


def text(sequence: Iterable[Step]) -> str:
    """A sequence in one line: `rq echo/joined release`."""
    return " ".join(map(str, sequence))


def parse(line: str, role: str) -> Sequence:
    """What `text` wrote.

    Raises:
        ValueError: a word is no stimulus of this role, or no way to deliver one.
    """
    steps = []
    for word in line.split():
        name, _, way = word.partition("/")
        if name not in WORDS[role] and name not in WAITS:
            raise ValueError(f"no stimulus {name!r} for a product as {role}")
        delivery = next((each for each in DELIVERIES if each == (way or "whole")), None)
        if delivery is None:
            raise ValueError(f"{word!r}: a stimulus is sent {', '.join(DELIVERIES)}")
        steps.append(Step(name, delivery))
    return tuple(steps)


def explain(sequence: Iterable[Step], role: str) -> list[str]:
    """A line a step, for people."""
    ways = {
        "joined": "in one segment with the next",
        "header": "the PDU header first",
        "halves": "in two segments",
        "bytes": "byte by byte",
    }
    lines = []
    for step in sequence:
        what = WAITS.get(step.name) or WORDS[role][step.name].what
        lines.append(what if step.simple else f"{what} ({ways[step.delivery]})")
    return lines


@dataclass(slots=True)
class Sample:
    """A departure as it is kept in a file: the sequence, what was due, what was seen, and where."""

    role: str
    sequence: Sequence
    cause: str
    verdict: str
    story: str
    expected: list[str] = field(default_factory=list)
    seen: str = ""
    cell: list[int] = field(default_factory=list)
    catalogue: str = ""
    found: dict[str, Any] = field(default_factory=dict)
    wire: list[dict[str, Any]] = field(default_factory=list)


def save(sample: Sample, path: Path) -> None:
    """Write a departure as JSON, so that others can play it."""
    data = {
        "format": FORMAT,
        "role": sample.role,
        "sequence": text(sample.sequence),
        "steps": explain(sample.sequence, sample.role),
        "cause": sample.cause,
        "verdict": sample.verdict,
        "story": sample.story,
        "expected": sample.expected,
        "seen": sample.seen,
        "cell": sample.cell,
        "catalogue": sample.catalogue,
        "found": sample.found,
        "wire": sample.wire,
    }
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Sample:
    """Read what `save` wrote; `steps` are for people and not looked at.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no sequence file, or its stimuli are not known here.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError(f"{path}: not a {FORMAT} file")
    try:
        if data["role"] not in WORDS:
            raise ValueError(f"{path}: no such role: {data['role']!r}")
        kept = {
            name: data[name]
            for name in ("role", "cause", "verdict", "story", "expected", "seen", "cell",
                         "catalogue", "found", "wire")
        }  # fmt: skip
        return Sample(sequence=parse(data["sequence"], data["role"]), **kept)
    except KeyError as error:
        raise ValueError(f"{path}: {error} is missing") from error
