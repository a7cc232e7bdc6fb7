"""What both machines look at: the standard's table as the oracle, and the cells that were hit."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field

from ends import End, split_pdus
from golden import FIXTURES

from dul import events as ind
from dul.fsm import Event, State
from dul.pdata import PDataTF
from dul.pdu import Abort

Cell = tuple[str, str]


def _table() -> dict[Cell, tuple[str, frozenset[str]]]:
    with (FIXTURES / "standard" / "ul_state_table.tsv").open(encoding="utf-8", newline="") as file:
        return {
            (row["state"], f"Evt{row['event']}"): (
                row["action"],
                frozenset(row["next_state"].split("|")),
            )
            for row in csv.DictReader(file, delimiter="\t")
            if row["action"] != "-"
        }


FILLED = _table()
"""The 123 filled cells of Table 9-10: their action and next states."""

HIT: set[Cell] = set()
"""The cells that some machine of this process went through."""

TERMINAL = (ind.AbortIndication, ind.ProviderAbortIndication, ind.RejectConfirmation)


def allowed(state: State, event: Event) -> bool:
    """Whether the standard's table has something in this cell."""
    return (state.name, event.name) in FILLED


@dataclass
class Witness:
    """Looks at one end after each step, and remembers what it has seen.

    Attributes:
        wire: all that this end has handed to its transport.
        told: all that its user has taken.
    """

    end: End
    wire: bytearray = field(default_factory=bytearray)
    told: list[ind.Indication] = field(default_factory=list)
    checked: int = 0
    failure: Exception | None = None
    wire_at_close: int | None = None

    def steps(self) -> None:
        """Each transition is a cell of the standard's table, with its action and a next state."""
        for step in self.end.steps[self.checked :]:
            cell = step.state.name, step.event.name
            action, states = FILLED[cell]
            assert step.action.value == action
            assert step.next_state.name in states
            HIT.add(cell)
        self.checked = len(self.end.steps)

    def timers(self) -> None:
        """ARTIM runs in Sta2 and Sta13, and nothing but ARTIM does there (PS3.8 9.1.5)."""
        deadlines = self.end.association._deadlines
        state = self.end.state
        assert ("artim" in deadlines) is (state in {State.Sta2, State.Sta13})
        if state is State.Sta1:
            assert self.end.association.next_deadline() is None

    def close(self) -> None:
        """Nothing comes after the close."""
        association = self.end.association
        if association.closed:
            assert association.close_wanted
            assert not association.connection_wanted
            assert association.data_to_send() == []
            if self.wire_at_close is None:
                self.wire_at_close = len(self.wire)
            assert len(self.wire) == self.wire_at_close

    def cause(self) -> None:
        """The first cause wins."""
        failure = self.end.association.failure
        assert self.failure is None or failure is self.failure
        self.failure = failure

    def indications(self) -> None:
        """Nothing is told after the end was told, and the end is told once."""
        ends = [index for index, each in enumerate(self.told) if isinstance(each, TERMINAL)]
        assert ends in ([], [len(self.told) - 1])

    def sent_pdus(self) -> None:
        """What went out is whole PDUs; a connection that was lost may have cut the last one.

        One A-ABORT at most, and nothing but A-ABORTs behind it: those of AA-7, one for each bad
        PDU that came in Sta13. A P-DATA-TF is not longer than the peer allows.
        """
        pdus = split_pdus(self._whole())
        aborts = [index for index, each in enumerate(pdus) if isinstance(each, Abort)]
        if aborts:
            assert len(pdus) == aborts[0] + len(aborts)
        answered = sum(step.action.value == "AA-7" for step in self.end.steps)
        assert len(aborts) <= 1 + answered
        negotiated = self.end.association.negotiated
        for each in pdus:
            if isinstance(each, PDataTF):
                assert len(each.encode()) - 6 <= negotiated.peer_maximum_length

    def _whole(self) -> bytes:
        at = 0
        while len(self.wire) - at >= 6:
            length = 6 + int.from_bytes(self.wire[at + 2 : at + 6], "big")
            if len(self.wire) - at < length:
                break
            at += length
        return bytes(self.wire[:at])

    def memory(self) -> None:
        """Buffers are bounded: one PDU coming in, control PDUs going out."""
        association = self.end.association
        limits = association.limits
        bound = max(limits.receive_buffer, limits.receive_batch, limits.max_associate_length + 6)
        assert 0 < len(association._inbox.framer._view) <= bound
        if self.end.state is State.Sta13:
            # What was queued before, and one A-ABORT; a flood makes no more of them.
            waiting = [each for each in association._outbox._queue if isinstance(each, bytes)]
            assert sum(each[0] == Abort.TYPE for each in waiting) <= 1

    def all(self) -> None:
        self.steps()
        self.timers()
        self.close()
        self.cause()
        self.indications()
        self.memory()
