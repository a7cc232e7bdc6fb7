"""What a departure from the model is called, so that one cause is one finding however often it is met."""

from dataclasses import dataclass

from ..table import EVENTS, TABLE
from ..verdicts import Verdict
from .moves import LENIENCES, TableCell

#: Kinds of departures that no PDU shows.
NOTHING, DEAD, CRASH, FALSE_SUCCESS = "nothing", "dead", "crash", "false-success"
_UNEXPECTED = frozenset((3, 4, 6, 10, 12, 13))
#: Of an answer of these kinds it does not matter which stimulus of its class brought it about.
_REFUSALS = frozenset((NOTHING, "CLOSE", "AB(0)", "AB(1)", "AB(2)", *LENIENCES))
_SEEN = {
    NOTHING: "does nothing",
    "CLOSE": "closes the connection",
    "AC": "sends an A-ASSOCIATE-AC",
    "RJ": "sends an A-ASSOCIATE-RJ",
    "RP": "sends an A-RELEASE-RP",
    "RELEASE": "sends an A-RELEASE-RQ",
    "RSP": "sends a response",
    "REQ": "sends a request",
    "AB(0)": "aborts as service-user",
    "AB(2)": "aborts as service-provider",
}
#: What the primitives of a product's own user are to a peer: what it waits for.
_AWAITED = {
    7: "an answer to the association request is due",
    9: "a message is due",
    14: "the release has to be confirmed",
    15: "its user has no reason to abort",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """What went wrong: where in Table 9-10, what was seen instead, and for which class of stimuli."""

    cell: TableCell
    seen: str
    detail: str = ""

    @property
    def key(self) -> str:
        """The cause in one word, the same in every run."""
        state, event = self.cell
        action = TABLE.get(self.cell, "")
        row = "" if self.detail or not event else f"Evt{event}"
        where = ".".join(filter(None, [f"Sta{state}", row, action]))
        return ":".join(filter(None, [where, self.seen, self.detail]))

    @property
    def verdict(self) -> Verdict:
        """Non-strict for what an unprompted user might have wished, or another source; else a failure."""
        return Verdict.NON_STRICT if self.seen in LENIENCES else Verdict.FAIL

    @property
    def story(self) -> str:
        """The cause in a sentence."""
        state, event = self.cell
        if self.seen == DEAD:
            return "the product serves nobody afterwards"
        if self.seen == CRASH:
            return "the product is ended by a signal"
        if self.seen == FALSE_SUCCESS:
            return "the product reports success, and nobody confirmed what it sent"
        did = (
            LENIENCES.get(self.seen) or f"the product {_SEEN.get(self.seen, f'sends {self.seen}')}"
        )
        if self.cell not in TABLE:
            return f"in Sta{state}, where nothing has happened yet: {did}"
        due = _AWAITED.get(event, f"Evt{event} ({EVENTS[event]}) asks for {TABLE[self.cell]}")
        return f"in Sta{state}, where {due}: {did}"


def cause_of(cell: TableCell, seen: str, stimulus: str) -> Cause:
    """The cause of a departure: `seen` is a kind, a lenience, or a token's kind; `stimulus` the last one."""
    return Cause(cell, seen, _detail(cell, seen, stimulus))


def _detail(where: TableCell, seen: str, stimulus: str) -> str:
    """What the cause is about, as coarse as it can be without throwing two causes together."""
    event = where[1]
    if event == 9 and seen in {"RSP", "source", "user-abort"}:
        return stimulus.partition("-")[0]
    # Before the association it matters what is wrong in a request that is taken for a right one.
    by_name = where[0] in {2, 5} and seen in {"AC", "RJ", "REQ"}
    refused = TABLE.get(where, "").startswith("AA-") and not by_name
    if (
        seen in {DEAD, CRASH, FALSE_SUCCESS}
        or event in {0, 9, 15}
        or not (refused or seen in _REFUSALS)
    ):
        return stimulus
    if event in _UNEXPECTED and refused:
        return "unexpected-pdu"
    if event == 19:
        return "unknown-type" if stimulus.startswith("unknown") else "contents"
    return ""
