"""What a product can do next, by Table 9-10, when it is in one state and has taken so many of our inputs.

The user we assume is cooperative: it accepts, answers each request, confirms a release. It may abort when it was
given a reason; what only an unprovoked wish of it would explain is a deviation of its own kind (`LENIENCES`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from ..table import TABLE
from .effects import effects

#: How a PDU is judged beyond its type. Of a P-DATA-TF: `right`; `pipelined` (right, but its user may abort: before
#: the last response came, or after a failure); `free` (no message that the standard describes: the user may do as
#: it likes); `refuse` (must be aborted). `invalid`: its contents make it Evt19, where they are looked at.
#: `cut`: the beginning of a PDU, which may be acted on where its type alone is wrong.
Manner = Literal["right", "pipelined", "free", "refuse", "invalid", "cut"]
#: What an A-ASSOCIATE-RQ must be answered with.
Answer = Literal["accept", "reject", "either"]
TableCell = tuple[int, int]

#: What explains a deviation that harms less than one nothing explains, the smallest first.
LENIENCES = {
    "source": "the A-ABORT names another source than the action does",
    "user-abort": "aborted as if by its user's wish, which nothing had given a reason for",
    "release": "an acceptor asked for the release: PS3.8 lets it, PS3.7 A.5 does not",
}
_RELEASE_PENDING = frozenset((8, 9, 12))
#: (state, event) where a PDU's contents are looked at; elsewhere its type is enough. In Sta7 they may be: the user
#: that asked for the release need not care for what still comes.
_READ = frozenset(((2, 6), (5, 3), (6, 10)))


class Debt(NamedTuple):
    """A lenience that an explanation takes, and the cell where it does."""

    lenience: str
    cell: TableCell


class Owed(NamedTuple):
    """A response that is due: `C-ECHO-RSP`, the Message ID it answers, its presentation context."""

    name: str
    message_id: int
    context: int


@dataclass(frozen=True, slots=True)
class Input:
    """Something that was sent to the product.

    `events` are the rows of Table 9-10 it may count as.
    `completes` are the requests that end in it, or for a requestor the responses. An `urgent` input (the
    close) may be noticed before those in front of it were read; a `joined` one came in one segment with the
    one before.
    """

    stimulus: str
    events: tuple[int, ...]
    manner: Manner = "right"
    answer: Answer = "either"
    completes: tuple[Owed, ...] = ()
    urgent: bool = False
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Something the product did: a token of the trace, and of a response what it answers."""

    token: str
    message_id: int = 0
    context: int = 0

    @property
    def kind(self) -> str:
        """The token without its arguments, with the source of an A-ABORT, all requests as REQ."""
        name, _, rest = self.token.partition("(")
        if name == "AB":
            return f"AB({rest.partition(',')[0]})"
        if name.endswith("-RQ"):
            return "REQ"
        return "RSP" if name.endswith("-RSP") else name


@dataclass(frozen=True, slots=True)
class Explanation:
    """One explanation. `asked` counts a requestor's requests without a response.

    `excused`: its user has a reason to abort; `loose`: its user met what no standard describes; `last` is the
    cell by which the last input was taken; `adrift`: it aborted over a PDU that it need not have read to the end,
    what it reads from then on is chance; `debts` is what had to be overlooked so far.
    """

    state: int
    taken: int = 0
    owed: tuple[Owed, ...] = ()
    asked: int = 0
    answer: Answer = "either"
    excused: bool = False
    loose: bool = False
    last: TableCell | None = None
    adrift: bool = False
    debts: tuple[Debt, ...] = ()


class Move(NamedTuple):
    """A step that the product can have made: what a peer sees of it ("" for nothing), and where it leads."""

    sends: str
    after: Explanation
    cell: TableCell | None
    lenience: str = ""
    owed: Owed | None = None


class Machine:
    """Table 9-10 for one connection: the product's role, the soonest its ARTIM may expire, and our inputs."""

    def __init__(self, role: str, artim_least: float) -> None:
        self.role = role
        self.artim_least = artim_least
        self.inputs: list[Input] = []

    def obliged(self, explanation: Explanation) -> bool:
        """Whether a product here may not keep silent: its user is cooperative, its close due."""
        if explanation.state == 6:
            waits = explanation.owed if self.role == "scp" else not explanation.asked
            return bool(waits) and not explanation.loose
        return explanation.state in {1, 3, *_RELEASE_PENDING}

    def moves(
        self, explanation: Explanation, elapsed: float = 0.0, waited: float = 0.0
    ) -> Iterator[Move]:
        """Every step it can make; the times (s) since the connection and since the last input decide on ARTIM."""
        if explanation.state == 1:
            yield Move("CLOSE", replace(explanation, state=0), None)
        elif explanation.state:
            yield from self.taking(explanation)
            yield from self._user(explanation)
            if explanation.state == 13 and explanation.adrift:
                yield Move("AB", explanation, None)
            # Once our half is closed, that is why it closes.
            if not (self.inputs and self.inputs[-1].urgent):
                yield from _artim(explanation, elapsed >= self.artim_least, waited)

    def taking(self, explanation: Explanation) -> Iterator[Move]:
        """Take the next input, or an urgent one behind it."""
        for place in range(explanation.taken, len(self.inputs)):
            entry = self.inputs[place]
            if place > explanation.taken and not entry.urgent:
                continue
            taken = replace(explanation, taken=place + 1)
            if entry.manner == "refuse" and explanation.state in {6, 7}:
                refused = explanation.state, 19
                yield Move("AB", replace(taken, state=13, last=refused), refused)
                if explanation.state == 6:
                    continue
            if entry.manner == "cut" or (explanation.state == 13 and explanation.adrift):
                yield Move("", taken, None)
            for event in entry.events:
                cell = explanation.state, event
                if cell in TABLE and not _overlooked(cell, entry):
                    adrift = explanation.adrift or event == 19 or entry.manner == "cut"
                    yield from self._acting(replace(taken, adrift=adrift), event, entry)
            cut = entry.urgent and place > 0 and self.inputs[place - 1].manner == "cut"
            if cut and explanation.state != 13 and (explanation.state, 19) in TABLE:
                # A PDU that the close cuts off may be taken for an invalid one, before the close is.
                yield from self._acting(replace(explanation, taken=place), 19, entry)

    def _acting(self, explanation: Explanation, event: int, entry: Input) -> Iterator[Move]:
        cell = explanation.state, event
        action = TABLE[cell]
        for effect in effects(action, self.role):
            after = replace(explanation, state=effect.leads_to, last=cell)
            if action == "AE-6":
                if effect.sends and entry.answer == "accept":
                    continue
                after = replace(after, answer=entry.answer)
            elif action == "AE-3":
                after = _accepted(after, entry)
            elif action == "DT-2":
                # AR-6 hands data on as well; a user that waits for the end of the release has no use for it.
                after = self._told(after, entry)
            yield Move(effect.sends, after, cell)
            if action == "AA-7" and entry.joined:
                # Of several bad PDUs that come at once not each has to be answered: that would feed a flood.
                yield Move("", after, cell)

    def _told(self, explanation: Explanation, entry: Input) -> Explanation:
        """The user's part after P-DATA: what it owes now, what it may be forgiven."""
        if entry.manner == "free":
            return replace(explanation, excused=True, loose=True)
        if self.role == "scp":
            explanation = replace(explanation, owed=explanation.owed + entry.completes)
        else:
            explanation = replace(
                explanation, asked=max(0, explanation.asked - len(entry.completes))
            )
        return replace(explanation, excused=explanation.excused or entry.manner == "pipelined")

    def _user(self, explanation: Explanation) -> Iterator[Move]:
        """The primitives of the local user (Evt7 to Evt15)."""
        state = explanation.state
        if state == 3:
            if explanation.answer != "reject":
                yield Move("AC", replace(explanation, state=6), (3, 7))
            if explanation.answer != "accept":
                yield Move("RJ", replace(explanation, state=13), (3, 8))
        if state in _RELEASE_PENDING:
            yield Move("RP", replace(explanation, state=11 if state == 9 else 13), (state, 14))
        if state in {6, 8}:
            yield from self._speaking(explanation)
        if state == 6:
            lenience = "" if self.role == "scu" else "release"
            yield Move("RELEASE", replace(explanation, state=7), (6, 11), lenience)
        allowed = explanation.excused or state in _RELEASE_PENDING
        # An abort out of the blue is believed only where nothing we sent can have been its reason.
        if (state, 15) in TABLE and (allowed or explanation.taken == len(self.inputs)):
            sends = "AB" if explanation.excused else "AB(0)"
            lenience = "" if allowed else "user-abort"
            yield Move(sends, replace(explanation, state=13), (state, 15), lenience)

    def _speaking(self, explanation: Explanation) -> Iterator[Move]:
        """Evt9: a response that is owed, in order; of a requestor the next request."""
        cell = explanation.state, 9
        if explanation.loose:
            yield Move("MSG", explanation, cell)
        elif self.role == "scu":
            yield Move("REQ", replace(explanation, asked=explanation.asked + 1), cell)
        elif explanation.owed:
            first, *rest = explanation.owed
            yield Move(first.name, replace(explanation, owed=tuple(rest)), cell, owed=first)


def fits(move: Move, seen: Seen) -> Explanation | None:
    """Where a move leads if it looks like what was seen, with the debt it takes; None if it does not."""
    lenience = move.lenience
    if move.owed is not None:
        if not _answers(move.owed, seen):
            return None
    elif move.sends.startswith("AB(") and seen.kind.startswith("AB("):
        if move.sends != seen.kind:
            if move.cell is None or move.cell[1] == 15:
                return None  # its user aborts as user: with another source it is no such abort
            lenience = "source"
    elif not _like(move.sends, seen.kind):
        return None
    if not lenience:
        return move.after
    debt = Debt(lenience, move.cell or move.after.last or (0, 0))
    return replace(move.after, debts=(*move.after.debts, debt))


def _like(sends: str, kind: str) -> bool:
    return (
        sends == kind
        or (sends == "MSG" and kind in {"REQ", "RSP"})
        or (sends == "AB" and kind.startswith("AB("))
    )


def told(move: Move) -> str:
    """What a move sends, for people."""
    if move.owed is None:
        return move.sends
    success = "(0000)" if move.owed.name == "C-ECHO-RSP" else ""
    return f"{move.owed.name}{success} to Message ID {move.owed.message_id}"


def _overlooked(cell: TableCell, entry: Input) -> bool:
    """Whether an input cannot count as this event here."""
    if entry.manner == "cut":
        return not TABLE[cell].startswith("AA-")
    return entry.manner == "invalid" and cell in _READ


def _artim(explanation: Explanation, expired: bool, waited: float) -> Iterator[Move]:
    """Evt18. In Sta13 a close at once is as good: how long ARTIM is is the product's business."""
    closed = replace(explanation, state=0)
    if explanation.state == 13:
        yield Move("CLOSE", closed, (13, 18) if waited >= 0.5 else None)
    elif explanation.state == 2 and expired:
        yield Move("CLOSE", closed, (2, 18))


def _accepted(explanation: Explanation, entry: Input) -> Explanation:
    """A requestor was accepted; with no context it can use, what it does is its user's wish."""
    unusable = entry.answer != "accept"
    return replace(explanation, excused=unusable, loose=unusable)


def _answers(owed: Owed, seen: Seen) -> bool:
    name, _, status = seen.token.rstrip(")").partition("(")
    if (name, seen.message_id, seen.context) != owed:
        return False
    return name != "C-ECHO-RSP" or status == "0000"
