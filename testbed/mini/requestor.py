"""The mini requestor: stores CT images or echoes, right but for its planted faults."""

import socket
from pathlib import Path

from .. import raw
from ..parse import AssociateView, Context, Pdu, parse_associate, uid_text
from .negotiator import KNOWN_ITEMS
from .operations import Operator
from .peer import OUR_MAX, Config, Expired, Gone, Refused


class Requestor(Operator):
    """One association, the mini peer being its requestor."""

    def __init__(
        self, sock: socket.socket, config: Config, files: list[Path], *, echo: bool
    ) -> None:
        super().__init__(sock, config, files, echo=echo)
        self.state = 4
        self.offers: dict[int, set[str]] = {}

    # -- what it asks for

    def request(self) -> bytes:
        """The A-ASSOCIATE-RQ."""
        other = raw.CT_STORAGE if self.abstract == raw.VERIFICATION else raw.VERIFICATION
        both = (raw.EXPLICIT_LE,) if self.bad("no-implicit") else (raw.EXPLICIT_LE, raw.IMPLICIT_LE)
        proposals = [(1, self.abstract, both), (3, other, both), (5, self.abstract, both[-1:])]
        if self.bad("even-context-ids"):
            proposals = [(id_ + 1, abstract, offer) for id_, abstract, offer in proposals]
        self.offers = {
            id_: set(offer) for id_, abstract, offer in proposals if abstract == self.abstract
        }
        contexts = [raw.context_rq(*proposal) for proposal in proposals]
        user = [
            raw.max_length(OUR_MAX),
            raw.implementation_class(),
            raw.implementation_version("MINI_1"),
        ]
        if self.bad("no-implementation-class"):
            user.pop(1)
        if self.bad("role-for-unoffered-class"):
            user.append(raw.role("1.2.840.10008.5.1.4.1.1.4", 1, 0))
        name = raw.APPLICATION_CONTEXT + ("\0" if self.bad("padded-application-context") else "")
        items = [raw.application_context(name), *contexts, raw.user_information(user)]
        if self.bad("items-out-of-order"):
            items.reverse()
        calling = "" if self.bad("blank-calling-title") else "MINISCU"
        return raw.associate_rq(
            "DULSPEC",
            calling,
            items=items,
            reserved=1 if self.bad("reserved-in-request") else 0,
            version=2 if self.bad("version-2-in-request") else 1,
        )

    # -- the state machine

    def main(self) -> None:
        """Run the association to its end."""
        self.event(2, self.ask)
        if self.state == 4:
            self.linger()
        while True:
            self.take()

    def ask(self) -> None:
        """AE-2."""
        self.send(self.request())
        self.state = 5
        self.arm()

    def arm(self) -> None:
        """As Operator.arm."""
        never = self.bad("never-gives-up")
        self.deadline = None if never else self.clock.now() + self.config.patience

    def next_pdu(self) -> Pdu:
        """The next PDU; when patience ends before it, abort as user."""
        try:
            return self.read_pdu()
        except Expired:
            if self.state == 13 or self.bad("gives-up-silently"):
                raise
            self.abort(0, 0)
            return self.read_pdu()

    def refuse(self, reason: int) -> None:
        """As MiniPeer.refuse: AA-8 or AA-7."""
        if self.state == 13:
            self.send(raw.abort(2, reason))
        elif self.bad("closes-without-abort"):
            raise Gone
        elif self.bad("ignores-unexpected") and not self.deaf:
            return
        else:
            self.abort(0 if self.bad("user-abort") else 2, reason)

    def handle(self, pdu: Pdu) -> None:
        """Take one whole PDU."""
        if pdu.type == 7:
            if self.bad("answers-abort"):
                self.send(raw.abort(2, 2))
            raise Gone
        steps = {
            5: self.answered,
            6: self.established,
            7: self.releasing,
            11: self.collided,
            13: self.late,
        }
        if self.state not in steps:
            raise Refused(2)
        steps[self.state](pdu)

    def late(self, pdu: Pdu) -> None:
        """Sta13."""
        if pdu.type == 1:
            raise Refused(2)

    def answered(self, pdu: Pdu) -> None:
        """Sta5."""
        if pdu.type == 3:
            if self.bad("answers-rejection"):
                self.send(raw.abort(0, 0))
            if self.bad("rejection-is-success"):
                self.code = 0
            raise Gone
        if pdu.type != 2:
            raise Refused(2)
        view = parse_associate(pdu)
        self.judge_answer(view)
        self.read_ahead()
        self.peer_max = OUR_MAX if view.max_length is None else view.max_length
        self.state = 6
        if 0 < self.peer_max < 8:
            self.abort(0, 0)
            return
        usable = [context for context in view.contexts if self.usable(context, view)]
        if not usable:
            self.failed = True
            self.release()
            return
        self.context = usable[0].id
        syntaxes = [uid_text(uid) for uid in usable[0].transfers]
        self.transfer = syntaxes[0] if syntaxes else raw.IMPLICIT_LE
        self.next_request()

    def judge_answer(self, view: AssociateView) -> None:
        """Refuse an AC that is malformed or that nobody could work with."""
        names = [uid_text(entry.body) for entry in view.items if entry.type == 0x10]
        faults = [] if self.bad("reads-past-items") else list(view.faults)
        if not view.version & 1 or (
            names != [raw.APPLICATION_CONTEXT] and not self.bad("reads-past-items")
        ):
            faults.append("no version or application context in common")
        if self.bad("tests-ac-reserved") and (any(view.reserved) or any(view.reserved_32)):
            faults.append("reserved")
        if self.bad("refuses-unknown-items") and {
            entry.type for entry in view.items
        } - KNOWN_ITEMS - {0x21}:
            faults.append("unknown item")
        ids = [context.id for context in view.contexts]
        if self.bad("wants-ordered-results") and ids != sorted(ids):
            faults.append("order")
        refused = [context for context in view.contexts if context.result]
        if self.bad("tests-rejected-syntax") and any(
            not c.transfers or not c.transfers[0] for c in refused
        ):
            faults.append("transfer syntax of a rejected context")
        if faults:
            raise Refused(6)

    def usable(self, context: Context, view: AssociateView) -> bool:
        """Whether a context was proposed for our purpose and properly accepted."""
        del view
        offer = self.offers.get(context.id)
        if offer is None:
            return False
        if context.result:
            return self.bad("uses-rejected-contexts")
        if len(context.transfers) != 1:
            return False
        transfer = uid_text(context.transfers[0])
        known = transfer.startswith(raw.IMPLICIT_LE) and self.bad("uses-known-transfer-syntaxes")
        return transfer in offer or known or self.bad("uses-any-transfer-syntax")

    def established(self, pdu: Pdu) -> None:
        """Sta6."""
        if pdu.type == 4:
            if self.bad("one-pdv-per-message") and len(pdu.body) > 5 and not pdu.body[5] & 2:
                raise Refused(6)
            if self.bad("tests-control-bits") and len(pdu.body) > 5 and pdu.body[5] & 0xFC:
                raise Refused(6)
            for message in self.take_data(pdu):
                self.response(message)
        elif pdu.type == 5:
            self.state = 8
            if not self.overtaken():
                self.event(14, self.confirm)
        else:
            raise Refused(2)

    def confirm(self) -> None:
        """AR-4."""
        self.send(raw.release_rp())
        self.wait_for_close()

    def release(self) -> None:
        """As Operator.release."""
        self.event(11, self.ask_release)

    def ask_release(self) -> None:
        """AR-1."""
        self.state = 7
        self.send(raw.release_rq(reserved=1 if self.bad("reserved-in-release") else 0))
        if self.bad("closes-with-its-release"):
            self.code = 1 if self.failed else 0
            raise Gone
        self.arm()

    def releasing(self, pdu: Pdu) -> None:
        """Sta7."""
        if pdu.type == 6:
            if self.bad("tests-release-reserved") and any(pdu.body):
                raise Refused(6)
            self.code = 1 if self.failed else 0
            if self.bad("stays-open-after-release"):
                self.wait_for_close()
                return
            raise Gone
        if pdu.type == 4:
            return
        if pdu.type != 5:
            raise Refused(2)
        self.state = 9
        if not self.overtaken():
            self.event(14, self.confirm_collision)

    def confirm_collision(self) -> None:
        """AR-9."""
        self.send(raw.release_rp())
        if self.bad("closes-with-its-confirmation"):
            raise Gone
        self.state = 11
        self.arm()

    def collided(self, pdu: Pdu) -> None:
        """Sta11."""
        if pdu.type != 6:
            raise Refused(2)
        self.code = 1 if self.failed else 0
        raise Gone
