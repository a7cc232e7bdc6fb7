"""Rules of the proxy: which PDU, and what becomes of it.

A rule is one line: `[connection N] SENDER PDU[#N] ACTION [ARGUMENT]`.

    SENDER    requestor, acceptor, any: who sent the PDU
    PDU       a name of PS3.8 (A-ASSOCIATE-RQ ... A-ABORT), a short one (RQ, AC,
              RJ, DATA, RELEASE, RP, ABORT), a type in hex (09H), COMMAND or
              DATASET (a P-DATA-TF by its first PDV), or `*`
    #N        only the Nth such PDU of its sender on the connection; #N- from
              the Nth on, #N-M a range
    ACTION    delay SECONDS    wait before it is passed on
              drop             do not pass it on
              truncate N       its first N bytes only; the connection stays open
              cut [N]          its first N bytes (default 0), then a FIN to both
              reset [N]        the same with an RST
              stall            nothing more of this sender; both sides stay open
              split [N]        in segments of N bytes (default 1)
              duplicate [N]    N times more (default 1)
              corrupt AT=HEX   overwrite the bytes from offset AT
              flip AT          invert the byte at offset AT
              insert HEX       these bytes before it
              append HEX       these bytes after it
              replace HEX      these bytes in its place

Offsets count from the PDU's first byte, and from its end if negative. All
rules that fit a PDU are applied, in the order given.
Nothing here touches a socket.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Sender = Literal["requestor", "acceptor"]

PDU_TYPES = {
    "A-ASSOCIATE-RQ": 1, "RQ": 1, "A-ASSOCIATE-AC": 2, "AC": 2, "A-ASSOCIATE-RJ": 3, "RJ": 3,
    "P-DATA-TF": 4, "DATA": 4, "A-RELEASE-RQ": 5, "RELEASE": 5, "A-RELEASE-RP": 6, "RP": 6,
    "A-ABORT": 7, "ABORT": 7,
}  # fmt: skip

ACTIONS = {
    "delay": "seconds", "drop": "none", "truncate": "count", "cut": "count?", "reset": "count?",
    "stall": "none", "split": "count?", "duplicate": "count?", "corrupt": "patch", "flip": "offset",
    "insert": "bytes", "append": "bytes", "replace": "bytes",
}  # fmt: skip
_DEFAULTS = {"cut": 0, "reset": 0, "split": 1, "duplicate": 1}
_MOST_COPIES = 1000
_LONGEST_DELAY = 3600.0


class RuleError(ValueError):
    """A rule that does not follow the language; the message quotes it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `type` -1 is any PDU; `command` restricts a P-DATA-TF to commands or data sets.

    `first` and `last` bound the count of PDUs that fit; `last` None is without end.
    """

    text: str
    sender: Sender | None
    type: int
    command: bool | None
    action: str
    connection: int | None = None
    first: int = 1
    last: int | None = None
    number: float = 0
    data: bytes = b""

    def selects(self, connection: int, sender: Sender, pdu: bytes) -> bool:
        """Whether the rule means PDUs of this kind, wherever they stand in the order."""
        if self.connection not in {None, connection} or self.sender not in {None, sender}:
            return False
        if self.type not in {-1, pdu[0]}:
            return False
        return self.command is None or (len(pdu) > 11 and bool(pdu[11] & 1) is self.command)

    def counts(self, nth: int) -> bool:
        """Whether the nth selected PDU is meant."""
        return nth >= self.first and (self.last is None or nth <= self.last)


@dataclass(frozen=True, slots=True)
class Write:
    """Pass these bytes on, `segment` bytes at a time if that is not 0."""

    data: bytes
    segment: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Close:
    """Close both sides, with an RST if `reset`."""

    reset: bool = False


@dataclass(frozen=True, slots=True)
class Stall:
    """Pass nothing more on from this sender."""


Act = Write | Pause | Close | Stall


_SELECTOR = re.compile(
    r"(?P<pdu>\*|[A-Za-z-]+|[0-9A-Fa-f]{2}H)(?:#(?P<first>\d+)(?P<range>-(?P<last>\d*))?)?"
)


def parse(text: str) -> Rule:
    """Read one rule.

    Raises:
        RuleError: the text is no rule.
    """
    words = text.split()
    connection = None
    if len(words) > 2 and words[0].lower() == "connection":
        connection = _count(text, words[1])
        words = words[2:]
    if len(words) < 3:
        raise RuleError(f"{text!r}: expected SENDER PDU ACTION [ARGUMENT]")
    sender, selector, action, arguments = words[0].lower(), words[1], words[2].lower(), words[3:]
    if sender not in {"requestor", "acceptor", "any"}:
        raise RuleError(f"{text!r}: the sender is requestor, acceptor or any, not {words[0]!r}")
    type_, command, first, last = _selector(text, selector)
    number, data = _argument(text, action, arguments)
    return Rule(
        text=" ".join(text.split()),
        sender=None if sender == "any" else "requestor" if sender == "requestor" else "acceptor",
        type=type_,
        command=command,
        action=action,
        connection=connection,
        first=first,
        last=last,
        number=number,
        data=data,
    )


def _count(text: str, word: str) -> int:
    if not word.isdecimal() or not 0 < int(word) < 1 << 31:
        raise RuleError(f"{text!r}: {word!r} is no count")
    return int(word)


def _selector(text: str, word: str) -> tuple[int, bool | None, int, int | None]:
    match = _SELECTOR.fullmatch(word)
    if match is None:
        raise RuleError(f"{text!r}: {word!r} names no PDU")
    name = match["pdu"].upper()
    command = {"COMMAND": True, "DATASET": False}.get(name)
    if name == "*":
        type_ = -1
    elif command is not None:
        type_ = 4
    elif name in PDU_TYPES:
        type_ = PDU_TYPES[name]
    elif re.fullmatch("[0-9A-F]{2}H", name):
        type_ = int(name[:2], 16)
    else:
        raise RuleError(f"{text!r}: {word!r} names no PDU; known are {', '.join(PDU_TYPES)}")
    if match["first"] is None:
        return type_, command, 1, None
    first = _count(text, match["first"])
    last = first if match["range"] is None else None
    if match["last"]:
        last = _count(text, match["last"])
        if last < first:
            raise RuleError(f"{text!r}: the range {word!r} is empty")
    return type_, command, first, last


def _argument(text: str, action: str, words: Sequence[str]) -> tuple[float, bytes]:
    kind = ACTIONS.get(action)
    if kind is None:
        raise RuleError(f"{text!r}: unknown action {action!r}; known are {', '.join(ACTIONS)}")
    if not words and kind in {"none", "count?"}:
        return _DEFAULTS.get(action, 0), b""
    if kind == "none":
        raise RuleError(f"{text!r}: {action} takes no argument")
    if not words:
        raise RuleError(f"{text!r}: {action} needs an argument")
    word = "".join(words)
    try:
        number, data = _READERS[kind](word)
    except ValueError as error:
        raise RuleError(f"{text!r}: bad argument of {action}: {word!r} ({error})") from error
    least = 1 if action in {"split", "duplicate"} else 0
    if kind.startswith("count") and not least <= number < 1 << 32:
        raise RuleError(f"{text!r}: {word!r} is out of range")
    if action == "duplicate" and number > _MOST_COPIES:
        raise RuleError(f"{text!r}: at most {_MOST_COPIES} copies")
    return number, data


def _seconds(word: str) -> tuple[float, bytes]:
    seconds = float(word)
    if not 0 <= seconds <= _LONGEST_DELAY:
        raise ValueError(f"a delay is 0 to {_LONGEST_DELAY:.0f} seconds")
    return seconds, b""


def _bytes(word: str) -> tuple[float, bytes]:
    return 0, bytes.fromhex(word)


def _patched(word: str) -> tuple[float, bytes]:
    offset, _, value = word.partition("=")
    if not value:
        raise ValueError("expected OFFSET=HEX")
    return int(offset, 0), bytes.fromhex(value)


def _number(word: str) -> tuple[float, bytes]:
    return int(word, 0), b""


_READERS: dict[str, Callable[[str], tuple[float, bytes]]] = {
    "seconds": _seconds, "bytes": _bytes, "patch": _patched, "count": _number, "count?": _number,
    "offset": _number,
}  # fmt: skip


@dataclass(slots=True)
class Passage:
    """What becomes of one PDU: the steps, and the rules that shaped them (none: it goes unchanged)."""

    steps: list[Act]
    rules: list[str] = field(default_factory=list)


class Rulebook:
    """The rules, and per connection and rule how many PDUs were selected so far."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.rules = tuple(rules)
        self._seen: Counter[tuple[int, Sender, int]] = Counter()

    def __bool__(self) -> bool:
        return bool(self.rules)

    def concerns(self, connection: int, sender: Sender) -> bool:
        """Whether any rule could select a PDU of this sender: if not, bytes need not be held back."""
        return any(
            rule.connection in {None, connection} and rule.sender in {None, sender}
            for rule in self.rules
        )

    def plan(self, connection: int, sender: Sender, pdu: bytes) -> Passage:
        """What to do with a whole PDU; counts it."""
        chosen = []
        for index, rule in enumerate(self.rules):
            if rule.selects(connection, sender, pdu):
                self._seen[connection, sender, index] += 1
                if rule.counts(self._seen[connection, sender, index]):
                    chosen.append(rule)
        return Passage(apply(chosen, pdu), [rule.text for rule in chosen])

    def forget(self, connection: int) -> None:
        """Drop the counts of a connection that has ended."""
        for key in [key for key in self._seen if key[0] == connection]:
            del self._seen[key]


@dataclass(slots=True)
class _Draft:
    """A PDU on its way, as the rules so far have left it."""

    data: bytes
    head: bytes = b""
    tail: bytes = b""
    waits: list[Act] = field(default_factory=list)
    segment: int = 0
    copies: int = 1
    cut: int | None = None
    end: Act | None = None

    def change(self, rule: Rule) -> None:
        """Apply a rule that changes bytes or says how they are passed on."""
        number = int(rule.number)
        match rule.action:
            case "delay":
                self.waits.append(Pause(rule.number))
            case "split":
                self.segment = number
            case "duplicate":
                self.copies += number
            case "cut" | "reset" | "stall":
                self.stop(rule)
            case _:
                self.edit(rule, number)

    def stop(self, rule: Rule) -> None:
        """Apply a rule after which nothing more is passed on; the first one counts."""
        if self.end is None:
            self.end = Stall() if rule.action == "stall" else Close(rule.action == "reset")
            self.cut = int(rule.number)

    def edit(self, rule: Rule, number: int) -> None:
        """Apply a rule that changes bytes."""
        match rule.action:
            case "drop":
                self.data = b""
            case "truncate":
                self.data = self.data[:number]
            case "corrupt":
                self.data = _patch(self.data, number, rule.data)
            case "flip":
                self.data = _patch(self.data, number, None)
            case "replace":
                self.data = rule.data
            case "insert":
                self.head += rule.data
            case "append":
                self.tail += rule.data


def apply(rules: Iterable[Rule], pdu: bytes) -> list[Act]:
    """The steps that rules, in their order, make of one PDU."""
    draft = _Draft(pdu)
    for rule in rules:
        draft.change(rule)
    sent, copies = draft.head + draft.data + draft.tail, draft.copies
    if draft.cut is not None:
        sent, copies = sent[: draft.cut], 1
    writes: list[Act] = [Write(sent, draft.segment)] * copies if sent else []
    return [*draft.waits, *writes, *([draft.end] if draft.end is not None else [])]


def _patch(data: bytes, offset: int, value: bytes | None) -> bytes:
    """`data` with `value` over it from `offset`, its length kept; None inverts one byte."""
    start = offset + len(data) if offset < 0 else offset
    if not 0 <= start < len(data):
        return data
    new = bytes([data[start] ^ 0xFF]) if value is None else value[: len(data) - start]
    return data[:start] + new + data[start + len(new) :]
