"""The mini acceptor: Verification and CT storage, right but for its planted faults."""

import select
import socket
import time
from functools import partial

from .. import raw
from ..parse import AssociateView, Pdu, parse_associate
from .negotiator import Negotiator, Rejected
from .peer import OUR_MAX, Gone, Refused
from .services import Answerer


class Acceptor(Negotiator, Answerer):
    """One association, the mini peer being its acceptor."""

    def main(self) -> None:
        """Serve to the end of the connection."""
        self.accepted = {}
        self.state = 1
        self.event(5, self.connected)
        if self.state == 1:
            self.linger()
        while True:
            self.take()

    def connected(self) -> None:
        """AE-5."""
        self.state = 2
        self.deadline = self.clock.now() + self.config.artim

    def got_bytes(self) -> None:
        """ARTIM runs on until a whole request has come."""
        if self.state == 2 and self.bad("artim-stops-at-first-byte"):
            self.deadline = None

    def receive(self, count: int) -> bytes:
        """As MiniPeer.receive; a fault lives here."""
        if self.state == 2 and count == 6 and self.bad("request-in-one-segment"):
            return self.whole_segment()
        return super().receive(count)

    def whole_segment(self) -> bytes:
        """The fault of taking a segment for a PDU: what is not there at the first look is lost."""
        try:
            self.sock.settimeout(self.config.artim)
            seen = self.sock.recv(65536, socket.MSG_PEEK)
            if len(seen) < 6 or len(seen) < 6 + int.from_bytes(seen[2:6], "big"):
                raise Gone
            return self.sock.recv(6)
        except OSError as error:
            raise Gone from error

    def over(self, error: Gone) -> None:
        """As MiniPeer.over; a fault lives here."""
        reset = isinstance(error.__cause__, ConnectionResetError)
        if reset and self.state == 2 and self.bad("crashes-on-a-reset"):
            raise SystemError
        super().over(error)

    # -- the state machine

    def refuse(self, reason: int) -> None:
        """As MiniPeer.refuse: AA-1, AA-7, AA-8."""
        if self.state == 2:
            self.refuse_first()
        elif self.state == 13:
            if not self.bad("silent-in-sta13"):
                self.send(raw.abort(2, reason))
        elif self.bad("closes-in-sta6") or (self.bad("loses-its-abort") and self.more_waits()):
            raise Gone
        elif self.deaf or not self.bad("ignores-unexpected-in-sta6"):
            reason = 2 if reason == 1 and self.bad("unknown-pdu-is-unexpected") else reason
            self.abort(0 if self.bad("user-abort-in-sta6") else 2, reason)

    def refuse_first(self) -> None:
        """AA-1."""
        if self.bad("hangs-on-bad-first-pdu"):
            return
        if self.bad("closes-on-bad-first-pdu"):
            raise Gone
        self.abort(2 if self.bad("provider-abort-in-sta2") else 0, 0)

    def handle(self, pdu: Pdu) -> None:
        """Take one whole PDU."""
        if pdu.type == 7:
            if self.bad("answers-abort"):
                self.send(raw.abort(2, 2))
            raise Gone
        steps = {2: self.handle_first, 6: self.handle_established, 13: self.handle_late}
        if self.state not in steps:
            raise Refused(2)
        steps[self.state](pdu)

    def handle_first(self, pdu: Pdu) -> None:
        """Sta2."""
        if pdu.type != 1:
            self.refuse_first()
        else:
            self.associate(pdu)

    def handle_established(self, pdu: Pdu) -> None:
        """Sta6."""
        if pdu.type == 4:
            for message in self.take_data(pdu):
                self.serve(message)
        elif pdu.type == 5:
            if self.bad("tests-release-reserved") and any(pdu.body):
                raise Refused(6)
            self.state = 8
            if not self.overtaken():
                self.event(14, self.confirm)
        else:
            raise Refused(2)

    def confirm(self) -> None:
        """AR-4."""
        self.send(raw.release_rp(reserved=0xAA if self.bad("reserved-in-release") else 0))
        self.wait_for_close()

    def handle_late(self, pdu: Pdu) -> None:
        """Sta13."""
        if pdu.type == 1:
            raise Refused(2)

    # -- the association request

    def associate(self, pdu: Pdu) -> None:
        """AE-6."""
        self.deadline = None
        view = parse_associate(pdu)
        if self.faults_of(view):
            self.refuse_first()
            return
        self.state = 3
        if self.overtaken():
            return
        try:
            self.judge_request(view)
        except Rejected as triple:
            self.event(8, partial(self.reject, *triple.args))
        else:
            self.event(7, partial(self.admit, view))

    def reject(self, *triple: int) -> None:
        """AE-8."""
        self.send(raw.associate_rj(*triple))
        self.wait_for_close()

    def more_waits(self) -> bool:
        """Whether the next PDU is there already."""
        return bool(select.select([self.sock], [], [], 0)[0])

    def admit(self, view: AssociateView) -> None:
        """AE-7."""
        self.read_ahead()
        self.peer_max = OUR_MAX if view.max_length is None else view.max_length
        self.send(self.accept(view))
        self.state = 6


class PartialKeeper(Acceptor):
    """An acceptor that leaves half-received objects behind when its fault is planted."""

    def main(self) -> None:
        """Serve; on the way out, write what has come so far."""
        try:
            super().main()
        finally:
            now = self.incoming
            folder = self.config.store_dir
            if self.bad("keeps-partial-objects") and now.data and folder is not None:
                (folder / f"partial-{time.monotonic_ns()}.dcm").write_bytes(bytes(now.data))
