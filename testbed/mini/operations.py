"""The operations of the mini requestor: requests one after the other, and what is made of the responses."""

import socket
from pathlib import Path

from .. import messages, raw
from ..parse import Pdu
from .peer import Config, Incoming, MiniPeer, Refused

SUCCESSES = {0x0000, 0xB000, 0xB006, 0xB007}


class Operator(MiniPeer):
    """The half of a requestor that stores CT images or echoes; `code` becomes its exit code."""

    def __init__(
        self, sock: socket.socket, config: Config, files: list[Path], *, echo: bool
    ) -> None:
        super().__init__(sock, config)
        self.abstract = raw.VERIFICATION if echo else raw.CT_STORAGE
        self.instances = [(f"2.25.40000{n + 1}", _side(path)) for n, path in enumerate(files)]
        self.todo = 1 if echo else len(self.instances)
        self.message_id = 0
        self.context = 0
        self.transfer = raw.IMPLICIT_LE
        self.code = 1
        self.failed = False

    def arm(self) -> None:
        """Start the product's own timer for the next answer."""
        raise NotImplementedError

    def release(self) -> None:
        """Ask for the release."""
        raise NotImplementedError

    def next_request(self) -> None:
        """Send the next request, or ask for the release."""
        if not self.todo:
            self.release()
            return
        self.todo -= 1
        self.message_id += 1
        self.event(9, self.send_request)
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
        """As MiniPeer.take_data; garbage may be taken for a success."""
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
