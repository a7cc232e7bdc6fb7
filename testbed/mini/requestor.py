"""The mini requestor: stores CT images or echoes, right but for its planted faults."""

import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

from testbed import messages, raw
from testbed.launch import Handle, Launcher
from testbed.mini.acceptor import KNOWN_ITEMS
from testbed.mini.peer import OUR_MAX, Config, Gone, Incoming, MiniPeer, Refused
from testbed.parse import AssociateView, Context, Pdu, parse_associate, uid_text

SUCCESSES = {0x0000, 0xB000, 0xB006, 0xB007}


class Requestor(MiniPeer):
    """One association, the mini peer being its requestor."""

    def __init__(
        self, sock: socket.socket, config: Config, files: list[Path], *, echo: bool
    ) -> None:
        super().__init__(sock, config)
        self.state = 5
        self.abstract = raw.VERIFICATION if echo else raw.CT_STORAGE
        self.instances = [(f"2.25.40000{n + 1}", _side(path)) for n, path in enumerate(files)]
        self.todo = 1 if echo else len(self.instances)
        self.message_id = 0
        self.context = 0
        self.transfer = raw.IMPLICIT_LE
        self.code = 1
        self.failed = False
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
        self.send(self.request())
        self.arm()
        while True:
            try:
                self.handle(self.next_pdu())
            except Refused as error:
                self.refuse(error.reason)

    def arm(self) -> None:
        """Start the product's own timer for the next answer."""
        never = self.bad("never-gives-up")
        self.deadline = None if never else time.monotonic() + self.config.patience

    def next_pdu(self) -> Pdu:
        """The next PDU; when patience ends before it, abort as user."""
        try:
            return self.read_pdu()
        except Gone:
            expired = self.deadline is not None and time.monotonic() >= self.deadline
            if expired and self.state != 13 and not self.bad("gives-up-silently"):
                self.abort(0, 0)
                return self.read_pdu()
            raise

    def refuse(self, reason: int) -> None:
        """AA-8 or AA-7."""
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
            if self.bad("aborts-on-release"):
                self.abort(2, 2)
                return
            self.send(raw.release_rp())
            self.wait_for_close()
        elif pdu.type == 2 and self.bad("ignores-second-accept"):
            return
        else:
            raise Refused(2)

    def release(self) -> None:
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
        if pdu.type == 4 and self.bad("closes-on-late-data"):
            raise Gone
        if pdu.type == 4 and not self.bad("aborts-on-late-data"):
            return
        if pdu.type == 5:
            if self.bad("closes-on-collision"):
                raise Gone
            self.send(raw.release_rp())
            if self.bad("closes-with-its-confirmation"):
                raise Gone
            self.state = 11
            self.arm()
            return
        raise Refused(2)

    def collided(self, pdu: Pdu) -> None:
        """Sta11."""
        if pdu.type != 6:
            raise Refused(2)
        self.code = 1 if self.failed else 0
        raise Gone

    # -- operations

    def next_request(self) -> None:
        """Send the next request, or ask for the release."""
        if not self.todo:
            self.release()
            return
        self.todo -= 1
        self.message_id += 1
        self.send_request()
        if self.bad("pipelines-requests") and self.todo:
            self.todo -= 1
            self.message_id += 1
            self.send_request()
        self.arm()

    def send_request(self) -> None:
        """A C-ECHO-RQ, or a C-STORE-RQ and its data set."""
        if self.abstract == raw.VERIFICATION:
            command, data = messages.echo_rq(self.message_id), None
            if self.bad("uid-padded-with-space"):
                name = raw.VERIFICATION.encode()
                command = command.replace(name + b"\0", name + b" ")
        else:
            command, data = self.store_request()
        if self.bad("wrong-group-length"):
            command = raw.overwrite(command, 8, b"\x07")
        self.send_command(command)
        if data is not None:
            for pdu in raw.fragments(self.context, data, self.fragment_size(), command=False):
                self.send(pdu)

    def store_request(self) -> tuple[bytes, bytes]:
        """The command and the data set of the next C-STORE."""
        instance, side = self.instances[self.message_id - 1]
        priority = 9 if self.bad("priority-9") else 0
        named = "2.25.1" if self.bad("instance-differs") else instance
        elements = messages.ct_elements(instance, rows=side, columns=side)
        data = messages.data_set(elements, explicit=self.transfer == raw.EXPLICIT_LE)
        if self.bad("file-meta-in-data-set"):
            data = b"\x02\0\x10\0\x04\0\0\0abcd" + data
        return messages.store_rq(self.message_id, instance=named, priority=priority), data

    def send_command(self, command: bytes) -> None:
        """A command set in P-DATA-TFs."""
        if self.bad("odd-fragments"):
            self.send(b"".join(raw.fragments(self.context, command, 15, command=True)))
        elif self.bad("control-bits-set"):
            self.send(raw.p_data(raw.pdv(self.context, 0x43, command)))
        elif self.bad("over-long-pdus"):
            self.send(messages.command_pdu(command, self.context))
        else:
            self.send_message(self.context, command)

    def response(self, message: Incoming) -> None:
        """Judge a response to the outstanding request."""
        command = message.command
        if command is None:
            raise Refused(6)
        field = command.us(0x0100) or 0
        if field == messages.C_ECHO:
            mid = command.us(0x0110) or 0
            self.send_message(message.context, messages.echo_rsp(mid, 0x0122))
            return
        due = messages.RESPONSE | (
            messages.C_ECHO if self.abstract == raw.VERIFICATION else messages.C_STORE
        )
        right_id = command.us(0x0120) == self.message_id or self.bad("takes-any-message-id")
        status = command.us(0x0900)
        if status is None and self.bad("no-status-is-success"):
            status = 0
        if field != due or not right_id or status is None:
            raise Refused(6)
        if message.context != self.context and not self.bad("takes-any-context"):
            raise Refused(2)
        if command.uid(2) is None and self.bad("wants-class-in-response"):
            raise Refused(6)
        self.take_status(status)

    def take_status(self, status: int) -> None:
        """Go on after a status, or end the association."""
        if status in SUCCESSES:
            if status and self.bad("stops-at-warning"):
                self.todo = 0
            self.next_request()
        elif self.bad("any-status-is-success"):
            self.next_request()
        elif status >> 12 in {0xA, 0xC} or status >> 8 in {1, 2}:
            self.failed = not self.bad("failure-is-not-reported")
            self.next_request()
        elif self.bad("waits-after-undefined-status"):
            self.deadline = None
        else:
            self.abort(0, 0)

    def take_data(self, pdu: Pdu) -> list[Incoming]:
        """As Link.take_data; garbage may be taken for a success."""
        try:
            return super().take_data(pdu)
        except Refused:
            if not self.bad("garbage-is-success"):
                raise
            self.incoming = Incoming()
            self.take_status(0)
            return []


def _side(path: Path) -> int:
    return 2048 if path.stat().st_size > 1 << 20 else 16


class Thread:
    """A mini requestor run as if it were a process."""

    def __init__(self, config: Config, port: int, files: list[Path], *, echo: bool) -> None:
        self.code: int | None = None
        self.sock: socket.socket | None = None
        self._arguments = (config, port, files, echo)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        config, port, files, echo = self._arguments
        try:
            self.sock = socket.create_connection(("127.0.0.1", port), 5.0)
        except OSError:
            self.code = 1
            return
        link = Requestor(self.sock, config, files, echo=echo)
        try:
            link.main()
        except Gone:
            pass
        finally:
            self.sock.close()
            self.code = link.code

    def wait(self, timeout: float) -> int | None:
        """The exit code, None if it is still running after `timeout` seconds."""
        self._thread.join(timeout)
        return None if self._thread.is_alive() else self.code

    def kill(self) -> None:
        """End it by closing its connection."""
        if self.sock is not None:
            self.sock.close()

    def output(self) -> str:
        """Nothing: a mini peer does not print."""
        return ""


def thread_launcher(config: Config) -> Launcher:
    """A launcher of mini requestors."""
    quick = replace(config, send_timeout=config.patience)

    def launch(port: int, files: list[Path], about_echo: bool) -> Handle:
        return Thread(quick, port, files, echo=about_echo)

    return launch
