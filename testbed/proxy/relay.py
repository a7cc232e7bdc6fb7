"""The fault-injecting proxy: stands between two products, tells what passes, breaks it by rule.

Without a rule for a sender its bytes pass at once, whatever they are. With one, they pass PDU by PDU, each
when it is whole; PDUs longer than `LARGEST` bytes and bytes that are no PDU pass unchanged. Memory is
bounded: per connection and direction one PDU, and no more is read than the other side takes.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from ..decode.stream import LARGEST, Framer, Unit
from .capture import Row, RowEvent, shown
from .ends import End
from .rules import Act, Close, Pause, Rulebook, Sender, Stall, Write

MOST_CONNECTIONS = 256
CONNECT_TIMEOUT = 10.0

#: Told of every row; `unit` is what the row is about, with nothing hidden, for printing.
Sink = Callable[[Row, Unit | None], None]


@dataclass(slots=True)
class _Link:
    """A call: the requestor's connection, ours to the acceptor, and the tasks between them."""

    number: int
    ends: dict[Sender, End]
    pumps: list[asyncio.Task[None]] = field(default_factory=list)
    closed: bool = False


def _other(sender: Sender) -> Sender:
    return "acceptor" if sender == "requestor" else "requestor"


class Proxy:
    """Listens, calls the target once per connection taken, and passes on what the rules leave.

    `sink` gets a row for everything that happens. `show_data` keeps data sets in the rows.
    """

    def __init__(
        self,
        host: str,
        port: int,
        rules: Rulebook,
        sink: Sink,
        *,
        show_data: bool = False,
        most: int = MOST_CONNECTIONS,
    ) -> None:
        self.target = (host, port)
        self.rules = rules
        self.sink = sink
        self.show_data = show_data
        self.most = most
        self.count = 0
        self._links: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._started = 0.0

    async def start(self, host: str, port: int) -> int:
        """Listen; the port, chosen by the system if `port` is 0.

        Raises:
            OSError: the address cannot be listened on.
        """
        loop = asyncio.get_running_loop()
        self._started = loop.time()
        self._server = await loop.create_server(lambda: End(self._called), host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening, reset every connection that is still open, and wait until all is cleared up."""
        if self._server is not None:
            self._server.close()
        for task in self._links:
            task.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    # -- telling

    def _note(self, number: int, event: RowEvent, text: str, who: Sender | None = None) -> None:
        moment = asyncio.get_running_loop().time() - self._started
        self.sink(Row(moment, number, who or "note", event, summary=text), None)

    def _tell(self, number: int, sender: Sender, unit: Unit, rules: list[str]) -> None:
        row = Row(
            time=asyncio.get_running_loop().time() - self._started,
            connection=number,
            direction=sender,
            event=unit.kind,
            size=unit.size or len(unit.data),
            offset=unit.offset,
            hex=shown(unit, show_data=self.show_data).hex(),
            rules=rules,
        )
        self.sink(row, unit)

    # -- connections

    def _called(self, requestor: End) -> None:
        self.count += 1
        number = self.count
        if len(self._links) >= self.most:
            self._note(number, "", f"refused: {self.most} connections are open")
            requestor.reset()
            return
        task = asyncio.get_running_loop().create_task(self._serve(number, requestor))
        self._links.add(task)
        task.add_done_callback(self._links.discard)

    async def _serve(self, number: int, requestor: End) -> None:
        self._note(number, "open", f"the requestor calls from {requestor.peer}", "requestor")
        loop = asyncio.get_running_loop()
        link = _Link(number, {"requestor": requestor})
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, link.ends["acceptor"] = await loop.create_connection(End, *self.target)
            await self._run(link)
        except (OSError, TimeoutError) as error:
            reason = str(error) or "no answer"
            self._note(number, "", f"the acceptor cannot be reached: {reason}")
            self._close(link, reset=True)
        except asyncio.CancelledError:
            self._close(link, reset=True)
            raise
        finally:
            if not link.closed:
                self._close(link, reset=False)
            self.rules.forget(number)
            self._note(number, "end", "the connection is over")

    async def _run(self, link: _Link) -> None:
        senders: tuple[Sender, Sender] = ("requestor", "acceptor")
        link.pumps = [asyncio.create_task(self._pump(link, sender)) for sender in senders]
        try:
            await asyncio.gather(*link.pumps)
        except asyncio.CancelledError:
            # A pump that closed the link has cancelled the other one: that is an end like any other.
            if not link.closed:
                raise

    def _close(self, link: _Link, *, reset: bool) -> None:
        """Close both sides and end both pumps."""
        link.closed = True
        for end in link.ends.values():
            if reset:
                end.reset()
            else:
                end.close()
        current = asyncio.current_task()
        for pump in link.pumps:
            if pump is not current:
                pump.cancel()

    # -- one direction

    async def _pump(self, link: _Link, sender: Sender) -> None:
        """Pass on what `sender` sends, until it ends."""
        framer = Framer(LARGEST)
        at_once = not self.rules.concerns(link.number, sender)
        stalled = False
        try:
            while data := await link.ends[sender].read():
                if at_once:
                    await self._write(link, sender, Write(data))
                for unit in framer.feed(data):
                    stalled = await self._unit(link, sender, unit, passed=at_once or stalled)
                    if link.closed:
                        return
            rest = framer.rest()
            if rest is not None:
                stalled = await self._unit(link, sender, rest, passed=at_once or stalled)
        except OSError:
            self._note(link.number, "rst", f"the {sender} resets the connection (RST)", sender)
            self._close(link, reset=True)
        else:
            self._note(link.number, "fin", f"the {sender} closes (FIN)", sender)
            if at_once or not stalled:
                link.ends[_other(sender)].finish()

    async def _unit(self, link: _Link, sender: Sender, unit: Unit, *, passed: bool) -> bool:
        """Tell of a unit and, unless it passed already or must not, do with it as the rules want.

        True if nothing more of this sender is to be passed on by units.
        """
        steps: list[Act] = [Write(unit.data)]
        rules: list[str] = []
        if unit.kind == "pdu" and not passed:
            plan = self.rules.plan(link.number, sender, unit.data)
            steps, rules = plan.steps, plan.rules
        self._tell(link.number, sender, unit, rules)
        if passed:
            return True
        for step in steps:
            match step:
                case Write():
                    await self._write(link, sender, step)
                case Pause():
                    await asyncio.sleep(step.seconds)
                case Stall():
                    return True
                case Close():
                    kind = "resets" if step.reset else "closes"
                    self._note(link.number, "closed", f"the proxy {kind} both sides")
                    self._close(link, reset=step.reset)
                    return True
        return False

    async def _write(self, link: _Link, sender: Sender, step: Write) -> None:
        """Pass bytes on. When the receiver has gone, what the sender still says is only told."""
        receiver = link.ends[_other(sender)]
        size = step.segment or len(step.data)
        for at in range(0, len(step.data), size):
            if not await receiver.write(step.data[at : at + size]):
                return
