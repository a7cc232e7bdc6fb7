"""One question to a product: an A-ASSOCIATE-RQ, and what became of it."""

import contextlib
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .. import raw
from ..clock import SLICE, Clock
from ..observe import Timeout, Wire, connect
from ..parse import AssociateView, Pdu, parse_associate

#: A request holds at most 128 presentation contexts (PS3.8 9.3.2.2: odd ids from 1 to 255).
MOST_CONTEXTS = 128


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    `ac` is there if the association was accepted, `rejection` (result, source, reason) if it was
    rejected; `reason` says in words why neither is.
    """

    ac: AssociateView | None = None
    rejection: tuple[int, int, int] | None = None
    reason: str = ""

    @property
    def accepted(self) -> dict[int, str]:
        """Accepted contexts: id -> transfer syntax."""
        return {} if self.ac is None else self.ac.accepted()


@dataclass(slots=True)
class Asker:
    """Asks one product again and again; titles are kept once they are known to be right.

    `timeout` bounds each wait, in seconds; `asked` counts the associations.
    """

    host: str
    port: int
    called_ae_title: str
    calling_ae_title: str
    timeout: float = 2.0
    tls: ssl.SSLContext | None = None
    asked: int = 0
    user: Sequence[bytes] = field(default=raw.USER_ITEMS)

    def ask(
        self,
        contexts: Iterable[bytes] = (raw.context_rq(1),),
        *,
        extra: Iterable[bytes] = (),
        called_ae_title: str | None = None,
        calling_ae_title: str | None = None,
    ) -> Answer:
        """Associate, and release what came about."""
        answer, wire = self.open(
            contexts,
            extra=extra,
            called_ae_title=called_ae_title,
            calling_ae_title=calling_ae_title,
        )
        if wire is not None:
            self.end(wire, established=answer.ac is not None)
        return answer

    def open(
        self,
        contexts: Iterable[bytes] = (raw.context_rq(1),),
        *,
        extra: Iterable[bytes] = (),
        called_ae_title: str | None = None,
        calling_ae_title: str | None = None,
    ) -> tuple[Answer, Wire | None]:
        """Associate, and keep the connection; None where there is none."""
        self.asked += 1
        try:
            wire = self._connect()
        except OSError as error:
            return Answer(reason=f"no connection: {error}"), None
        request = raw.associate_rq(
            self.called_ae_title if called_ae_title is None else called_ae_title,
            self.calling_ae_title if calling_ae_title is None else calling_ae_title,
            contexts=list(contexts),
            user=[*self.user, *extra],
        )
        wire.send(request)
        return _answer(wire.read(self.timeout)), wire

    def _connect(self) -> Wire:
        """Connect; a product that serves one at a time may not listen until it is done with the last."""
        clock = Clock()
        while True:
            try:
                return connect(self.host, self.port, max(self.timeout, 5.0), context=self.tls)
            except ConnectionRefusedError:
                if clock.now() >= self.timeout:
                    raise
                clock.sleep(SLICE)

    def end(self, wire: Wire, *, established: bool) -> None:
        """Release an association, and close."""
        if established:
            wire.send(raw.release_rq())
            with contextlib.suppress(OSError):
                wire.read(self.timeout)
        wire.fin()
        wire.close()


def _answer(event: object) -> Answer:
    if isinstance(event, Timeout):
        return Answer(reason="no answer")
    if not isinstance(event, Pdu):
        return Answer(reason="the connection was closed")
    if event.type == 2:
        return Answer(ac=parse_associate(event))
    if event.type == 3 and len(event.body) == 4:
        return Answer(rejection=(event.body[1], event.body[2], event.body[3]))
    return Answer(reason=f"answered with a PDU of type {event.type:02X}H")
