"""Two ends of an association in memory: conversations, byte queues and a clock that is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dul.association import Association, Role
from dul.conversations import POLL, PUMP, TURN, Call, Conversation
from dul.limits import Limits


class End:
    """An association with the conversation that runs on it, or with none (a scripted peer)."""

    def __init__(self, role: Role, limits: Limits | None = None) -> None:
        self.association = Association(role, limits)
        self.conversation: Conversation[Any] | None = None
        self.result: Any = None
        self.error: BaseException | None = None
        self.sent = bytearray()
        self.events: list[Any] = []

    @property
    def running(self) -> bool:
        return self.conversation is not None

    def start(self, conversation: Conversation[Any]) -> None:
        self.conversation = conversation
        self.result = self.error = None
        self._advance(lambda: conversation.send(None))

    def resume(self) -> None:
        conversation = self.conversation
        assert conversation is not None
        self._advance(lambda: conversation.send(None))

    def _advance(self, go: Callable[[], Any]) -> None:
        conversation = self.conversation
        assert conversation is not None
        try:
            step = go()
            while step is not PUMP and step is not TURN:
                if step is POLL:  # bytes are delivered between the steps
                    step = conversation.send(None)
                    continue
                if not isinstance(step, Call):
                    self.events.append(step)
                    step = conversation.send(None)
                    continue
                try:
                    value = step.function(*step.arguments)
                except Exception as error:
                    step = conversation.throw(error)
                else:
                    step = conversation.send(value)
        except StopIteration as stop:
            self.result, self.conversation = stop.value, None
        except Exception as error:
            self.error, self.conversation = error, None

    def output(self) -> bytes:
        """All that it wants to send now."""
        parts = []
        while True:
            spans = self.association.data_to_send()
            if not spans:
                break
            data = b"".join(spans)
            parts.append(data)
            self.association.data_sent(len(data), 0.0)
        data = b"".join(parts)
        self.sent += data
        return data


class Pair:
    """A requestor and an acceptor with nothing but memory between them."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.requestor = End(Role.REQUESTOR, limits)
        self.acceptor = End(Role.ACCEPTOR, limits)
        self.now = 0.0
        self.acceptor.association.accepted(0.0)

    def run(self) -> None:
        """Until neither end has anything to say, or both are through."""
        ends = (self.requestor, self.acceptor)
        while any(end.running for end in ends):
            moved = False
            for end, other in (ends, ends[::-1]):
                if end.association.connection_wanted:
                    end.association.connected(self.now)
                    moved = True
                data = end.output()
                if data and not other.association.closed:
                    moved = True
                    self.deliver(other, data)
                if end.association.close_wanted and not other.association.closed:
                    moved = True
                    other.association.disconnected(self.now)
                    if other.running:
                        other.resume()
            for end in ends:
                if end.running and (end.association.has_events or end.association.closed):
                    end.resume()
                    moved = True
            if not moved:
                return

    def deliver(self, end: End, data: bytes) -> None:
        """Bytes for one end, in pieces of the size of its buffer."""
        view = memoryview(data)
        while view and not end.association.close_wanted:
            room = end.association.get_buffer()
            count = min(len(room), len(view))
            room[:count] = view[:count]
            view = view[count:]
            end.association.buffer_updated(count, self.now)
            if end.running:
                end.resume()

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and let both ends act on it."""
        self.now += seconds
        for end in (self.requestor, self.acceptor):
            end.association.handle_deadline(self.now)
        self.run()
