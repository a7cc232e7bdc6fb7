"""What the tester says on one connection: stimuli by name, and the grammar of the messages they are part of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from .. import messages, raw
from ..facts import Facts
from .moves import Input, Manner, Owed

#: Size (bytes) of a data set's pieces, and of the first piece of a command set.
PIECE = 64
COMMAND_PIECE = 20


class Said(NamedTuple):
    """Bytes, and what they are to the product."""

    data: bytes
    input: Input


@dataclass(slots=True)
class Speech:
    """Where the tester is in its own messages.

    `unanswered` counts requests that wait for a response: ours of an acceptor, the product's of a requestor.
    `composing` is the message begun, with `rest` of it unsent; `stage` is "command" or "data". After `broken`
    no message is one that the standard describes. After `cut` the stream is in the middle of a PDU.
    """

    role: str
    message_id: int = 0
    unanswered: int = 0
    composing: Owed | None = None
    stage: str = ""
    rest: bytes = b""
    broken: bool = False
    cut: bool = False

    def next_id(self) -> int:
        """A new Message ID."""
        self.message_id += 1
        return self.message_id

    def manner(self) -> Manner:
        """How the next fragment of a message in order is to be judged."""
        if self.broken:
            return "free"
        return "pipelined" if self.role == "scp" and self.unanswered else "right"

    def breaks(self, name: str, data: bytes, manner: Manner = "free", *events: int) -> Said:
        """A P-DATA-TF after which our messages are none; `events` if it may be another than Evt10."""
        self.broken = True
        return Said(data, Input(name, events or (10,), manner))

    def fragment(self, name: str, data: bytes) -> Said:
        """A part of a message that does not end it."""
        return Said(data, Input(name, (10,), self.manner()))

    def completes(self, name: str, data: bytes, owed: Owed) -> Said:
        """The end of a message, or a whole one."""
        manner = self.manner()
        self.composing, self.stage, self.rest = None, "", b""
        self.unanswered += 1 if self.role == "scp" else -1
        return Said(data, Input(name, (10,), manner, completes=(owed,)))


@dataclass(frozen=True, slots=True)
class Stimulus:
    """One word of the alphabet: its name in sequences, what it is, the rule that chooses it."""

    name: str
    what: str
    group: str
    say: Callable[[Speech, Facts], Said]


def fixed(
    name: str,
    what: str,
    group: str,
    data: bytes | Callable[[Facts], bytes],
    *events: int,
    manner: Manner = "right",
    cut: bool = False,
) -> Stimulus:
    """A stimulus that does not depend on the messages under way."""

    def say(speech: Speech, facts: Facts) -> Said:
        speech.cut = speech.cut or cut
        return Said(data if isinstance(data, bytes) else data(facts), Input(name, events, manner))

    return Stimulus(name, what, group, say)


def broken(
    name: str,
    what: str,
    group: str,
    data: bytes | Callable[[Facts], bytes],
    manner: Manner,
    *events: int,
) -> Stimulus:
    """A P-DATA-TF that is no part of a message in order."""

    def say(speech: Speech, facts: Facts) -> Said:
        made = data if isinstance(data, bytes) else data(facts)
        return speech.breaks(name, made, manner, *events)

    return Stimulus(name, what, group, say)


_ECHO = messages.echo_rq(1)
#: Both roles: what has no place in either, or ends it.
COMMON = (
    fixed("release", "A-RELEASE-RQ", "release", raw.release_rq(), 12),
    fixed("rp", "A-RELEASE-RP", "release", raw.release_rp(), 13),
    fixed("abort", "A-ABORT of the user", "end", raw.abort(), 16),
    fixed("abort-provider", "A-ABORT of the provider", "end", raw.abort(2, 2), 16),
    *(
        fixed(f"unknown-{type_:02x}", f"PDU of type {type_:02X}H", "stray", raw.unknown_pdu(type_), 19)
        for type_ in (0x00, 0x08, 0x42, 0xFF)
    ),
    fixed("unknown-empty", "PDU of type 08H, PDU-length 0", "stray", raw.unknown_pdu(8, b""), 19),
    broken("data-short", "P-DATA-TF of 3 bytes", "wrong-data", raw.p_data(b"\0\0\0"), "invalid", 10, 19),
    broken("data-overrun", "PDV item-length beyond the PDU", "wrong-data",
           raw.p_data(raw.pdv(1, 3, _ECHO, length=len(_ECHO) + 3)), "invalid", 10, 19),
    broken("data-empty", "P-DATA-TF without a PDV", "wrong-data", raw.p_data(), "free", 10, 19),
    fixed("cut-data", "the first 30 bytes of a C-ECHO-RQ", "cut",
          messages.command_pdu(_ECHO)[:30], 10, manner="cut", cut=True),
    fixed("cut-release", "the first 5 bytes of an A-RELEASE-RQ", "cut",
          raw.release_rq()[:5], 12, manner="cut", cut=True),
    fixed("claims-4-gib", "a P-DATA-TF that claims 4 GiB, 64 bytes of it", "cut",
          raw.p_data(raw.pdv(1, 0, bytes(58)), length=raw.UINT32_MAX), 10, 19, manner="cut", cut=True),
)  # fmt: skip
