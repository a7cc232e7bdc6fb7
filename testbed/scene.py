"""A scene is one run being played: its connections, its trace, what is known so far.

The engine walks the steps; the scene has the verbs they are made of. Checks read it afterwards.
"""

import socket
import time
from collections.abc import Callable
from dataclasses import replace

from . import messages, raw
from .assemble import Assembler
from .clock import SLICE, Clock
from .facts import Facts
from .launch import Handle
from .observe import Closed, Junk, LogEntry, Reset, Timeout, Wire, WireEvent, connect
from .parse import HEADER, AssociateView, Message, Pdu, parse_associate
from .settings import Patience, Settings, client_tls
from .timings import ENDING, last_type, pdu_name
from .trace import ends_with
from .trial import Trial
from .verdicts import Sub, Verdict

#: A peer that floods us with PDUs is cut off after this many tokens.
LONGEST_TRACE = 400
#: How long a paced send waits for the peer's word after the PDU header.
PACE = 0.3


class Unmet(Exception):
    """A precondition does not hold: the run ends with this verdict."""

    def __init__(self, verdict: Verdict, message: str, sub: Sub = Sub.NONE) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.sub = sub


class Scene:
    """One run in progress.

    `tokens` is the trace, `pdus` every PDU received, `messages` every whole DIMSE message received,
    `ac` and `rq` the association PDUs taken apart, `sent` the A-ASSOCIATE-RQ we sent. Waits are counted by
    `clock`, and so is what is judged of times; what is told of them is measured.
    """

    def __init__(
        self, trial: Trial, case_id: str, place: int = 0, clock: Clock | None = None
    ) -> None:
        self.trial = trial
        self.clock = clock or Clock()
        self.case_id = case_id
        self.place = place
        self.settings: Settings = trial.settings
        self.paced = False
        self.log: list[LogEntry] = []
        self.wires: list[Wire] = []
        self.tokens: list[str] = []
        self.pdus: list[Pdu] = []
        self.facts: Facts = trial.facts()
        self.assembler = Assembler()
        self.sent: AssociateView | None = None
        self.ac: AssociateView | None = None
        self.rq: AssociateView | None = None
        self.began = time.time()
        self.stimulate()
        self.ended_at: float | None = None
        self.ended_after: float | None = None
        self.ended_by = ""
        self.aborted_after: float | None = None
        self.must_speak: Callable[[list[str]], bool] = lambda _tokens: False
        self.slow = 0.0
        self.last_sent: int | None = None
        self.untimed = True
        self.waited = 0.0
        self.announced: int | None = None
        self.established = False
        self.notes: list[str] = []
        self.listener: socket.socket | None = None
        self.handle: Handle | None = None
        self.exit_code: int | None = None

    # -- connections

    @property
    def wire(self) -> Wire:
        """The connection in use; opened on first use when the product is an SCP."""
        if not self.wires:
            self.connect()
        return self.wires[-1]

    def connect(self) -> Wire:
        """Open a connection to the product (over TLS if it speaks TLS) and make it the one in use."""
        settings = self.settings
        context = client_tls(settings) if settings.tls else None
        number = len(self.wires) + 1
        deadline = self.clock.now() + settings.live_max
        while True:
            try:
                wire = connect(
                    settings.host,
                    settings.port,
                    max(settings.timeout, 5.0),
                    log=self.log,
                    number=number,
                    context=context,
                )
            except OSError as error:
                # A product that serves one at a time may not listen until it is done with the last.
                if isinstance(error, ConnectionRefusedError) and self.clock.now() < deadline:
                    self.clock.sleep(SLICE)
                    continue
                raise Unmet(Verdict.ERROR, f"no connection: {error}", Sub.CRASH) from error
            self.adopt(wire)
            return wire

    def adopt(self, wire: Wire) -> None:
        """Make a connection the one in use."""
        wire.clock = self.clock
        self.wires.append(wire)
        self.trial.remember(wire)
        self.assembler = Assembler()
        self.established = False
        self.stimulate()

    @property
    def messages(self) -> list[Message]:
        """The whole messages received on the connection in use."""
        return self.assembler.messages

    # -- sending

    def stimulate(self) -> None:
        """From now on the product has something to react to."""
        self.stimulus_at = time.monotonic()
        self._stimulus_at = self.clock.now()

    def _passed(self) -> float:
        """Seconds counted since the last stimulus."""
        return self.clock.now() - self._stimulus_at

    def send(self, data: bytes, what: str, *, by_byte: bool = False) -> None:
        """Send bytes on the connection in use."""
        wire = self.wire
        self._note_association(data)
        self.last_sent = last_type(data)
        self.untimed = False
        self.stimulate()
        if not by_byte:
            self._send_whole(wire, data, what)
            return
        wire.note(f"the next {len(data)} bytes go out one by one: {what}")
        kept, wire.log = wire.log, []
        for octet in raw.single_bytes(data):
            if not wire.send(octet):
                break
        wire.log = kept
        wire.log.append(LogEntry(time.monotonic() - wire.started, "sent", data, what, wire.number))

    def _send_whole(self, wire: Wire, data: bytes, what: str) -> None:
        """Send in one piece; paced, the PDU header first, the rest only if the peer keeps silent.

        A peer that closes with unread bytes in its buffer resets the connection, and the reset may
        overtake its A-ABORT. Paced sending leaves nothing unread.
        """
        if not self.paced or len(data) <= HEADER:
            wire.send(data, what)
        elif wire.send(data[:HEADER], f"{what}: the PDU header") and not wire.wait_readable(PACE):
            wire.send(data[HEADER:], f"{what}: the rest")

    def _note_association(self, data: bytes) -> None:
        """Remember what our own request or accept announced."""
        if self.trial.role == "scp" and data[:1] == b"\x01" and len(data) > 74:
            self.sent = parse_associate(Pdu(1, 0, data[6:]))
            self.facts = replace(self.facts, rq=self.sent)
            self.announced = self.sent.max_length
        elif self.trial.role == "scu" and data[:1] == b"\x02" and len(data) > 74:
            self.announced = parse_associate(Pdu(2, 0, data[6:])).max_length

    # -- reading

    def patience(self, name: Patience) -> float:
        """Seconds a Read of this kind may wait."""
        settings = self.settings
        return {
            "timeout": settings.timeout,
            "artim": settings.artim_max,
            "idle": settings.idle,
            "acse": settings.acse_max,
            "dimse": settings.dimse_max,
        }[name]

    def read_event(self, timeout: float, *, due: bool = False) -> WireEvent:
        """Read one event and put its tokens into the trace.

        Where something must come (it is `due`, or the run could not pass without it) silence is waited
        out up to `slow_max` seconds after the last stimulus: a product that answers by then, or that a
        timer of its own ends, is slow and does not hang.
        """
        event = self.wire.read(timeout)
        due = isinstance(event, Timeout) and (due or self.must_speak([*self.tokens, "OPEN"]))
        late = self.settings.slow_max - self._passed()
        if due and late > 0:
            event = self.wire.read(late)
            self.waited = time.monotonic() - self.stimulus_at
            if not isinstance(event, Timeout):
                self.slow = max(self.slow, time.monotonic() - self.stimulus_at)
        self._note(event)
        return event

    def glance(self, timeout: float) -> bool:
        """Whether something comes within `timeout` seconds; silence leaves no mark in the trace."""
        event = self.wire.read(timeout)
        if isinstance(event, Timeout):
            return False
        self._note(event)
        return True

    def _note(self, event: WireEvent) -> None:
        if isinstance(event, Pdu):
            self._take(event)
        elif isinstance(event, Junk):
            self.tokens.append("JUNK")
        elif isinstance(event, Timeout):
            self.waited = time.monotonic() - self.stimulus_at
            self._end("OPEN", "open")
        else:
            by = "peer RST" if isinstance(event, Reset) else "peer FIN"
            if self.last_sent in ENDING and not self.wire.shut:
                self._time("close")
            self._end("CLOSE", "tester" if self.wire.shut else by)

    def _time(self, what: str) -> None:
        """File the time since the last stimulus, once for each."""
        if not self.untimed:
            self.untimed = True
            passed = time.monotonic() - self.stimulus_at
            self.trial.stopwatch.note(f"{pdu_name(self.last_sent)} to {what}", passed)

    def _end(self, token: str, by: str) -> None:
        if not self.tokens or self.tokens[-1] not in {"OPEN", "CLOSE"}:
            self.tokens.append(token)
        self.ended_by = self.ended_by or by
        if self.ended_at is None and token == "CLOSE":  # noqa: S105 - a trace token
            self.ended_at, self.ended_after = time.monotonic(), self._passed()

    def _take(self, pdu: Pdu) -> None:
        if self.tokens and self.tokens[-1] == "OPEN":
            self.tokens.pop()
        self.pdus.append(pdu)
        if self.last_sent not in ENDING:
            self._time(pdu_name(pdu.type))
        before = len(self.messages)
        self.tokens += self.assembler.tokens(pdu)
        if pdu.type == 1:
            self.rq = parse_associate(pdu)
            self.facts = replace(self.facts, rq=self.rq, peer_max=self.rq.max_length or 0)
        elif pdu.type == 2:
            self.ac = parse_associate(pdu)
            accepted = self.ac.accepted()
            self.facts = replace(self.facts, accepted=accepted, peer_max=self.ac.max_length or 0)
            self.established = True
        elif pdu.type in {3, 6, 7}:
            self.established = False
            if pdu.type == 7 and self.aborted_after is None:
                self.aborted_after = self._passed()
        for message in self.messages[before:]:
            self.trial.observe_message(self.case_id, message)
            self._remember(message)

    def _remember(self, message: Message) -> None:
        command = message.command
        field = command.us(0x0100)
        if field is None or field & 0x8000:
            return
        self.facts = replace(
            self.facts,
            context=message.context,
            request=field,
            message_id=command.us(0x0110) or 0,
            sop_class=command.uid(0x0002) or "",
            instance=command.uid(0x1000) or "",
        )

    def read_until(self, until: str, timeout: float, *, due: bool = False) -> None:
        """Read until the trace ends as `until` says, an abort, the close, or `timeout` seconds.

        `due` as for `read_event`: it must come, whatever the case asks for afterwards.
        """
        deadline, start = self.clock.now() + timeout, len(self.tokens)
        while len(self.tokens) < LONGEST_TRACE:
            event = self.read_event(deadline - self.clock.now(), due=due)
            if not isinstance(event, Pdu):
                return
            # What was read before is not what this step waits for.
            new = self.tokens[start:]
            if new and (new[-1].startswith("AB") or ends_with(until, new)):
                return

    def stay_quiet(self, timeout: float) -> None:
        """Put STILL into the trace if nothing comes for `timeout` seconds, else what came."""
        deadline = self.clock.now() + timeout
        while len(self.tokens) < LONGEST_TRACE:
            event = self.wire.read(deadline - self.clock.now())
            if isinstance(event, Timeout):
                self.tokens.append("STILL")
                return
            self._note(event)
            aborted = self.tokens and self.tokens[-1].startswith("AB")
            if aborted or isinstance(event, (Closed, Reset)):
                return

    def read_to_end(self, timeout: float) -> None:
        """Read until the close or `timeout` seconds, whatever comes."""
        deadline = self.clock.now() + timeout
        while len(self.tokens) < LONGEST_TRACE:
            event = self.read_event(deadline - self.clock.now())
            if isinstance(event, (Closed, Reset, Timeout)):
                return

    # -- association as a precondition

    def associate(self, rq: bytes, need: tuple[int, ...] = ()) -> None:
        """Establish an association; everything up to the AC is left out of the trace.

        Raises:
            Unmet: no AC (a failure), or a needed context was not accepted (unsupported).
        """
        self.send(rq, "A-ASSOCIATE-RQ")
        self.read_until("AC or RJ", self.settings.timeout, due=True)
        if self.ac is None or not self.tokens[-1].startswith("AC"):
            seen = " ".join(self.tokens) or "nothing"
            message = f"precondition: no association (seen: {seen})"
            raise Unmet(Verdict.FAIL, message, Sub.PRECONDITION)
        self.tokens.clear()
        missing = [number for number in need if number not in self.facts.accepted]
        if missing:
            result = {entry.id: entry.result for entry in self.ac.contexts}
            texts = [
                f"context {number} was answered with result {result.get(number)}"
                for number in missing
            ]
            raise Unmet(Verdict.UNSUPPORTED, "; ".join(texts))

    def release(self) -> None:
        """End an established association in order, outside the trace."""
        kept = list(self.tokens)
        self.send(raw.release_rq(), "A-RELEASE-RQ (end of the run)")
        self.read_until("RP", self.settings.timeout)
        if self.tokens[len(kept) :] and self.tokens[-1] != "RP":
            self.notes.append(f"release at the end: {' '.join(self.tokens[len(kept) :])}")
        self.tokens[:] = kept

    def respond(self, status: int = 0) -> bytes:
        """The PDU answering the last request with a status."""
        return respond(self.facts, status)

    def close(self) -> None:
        """Close every connection of the run."""
        for wire in self.wires:
            wire.close()
        if self.listener is not None:
            self.listener.close()


def respond(facts: Facts, status: int = 0, *, context: int | None = None) -> bytes:
    """The P-DATA-TF answering the request in `facts` with a status."""
    command = messages.response(
        facts.request,
        facts.message_id,
        status,
        sop_class=facts.sop_class or None,
        instance=facts.instance or None,
    )
    return messages.command_pdu(command, facts.context if context is None else context)
