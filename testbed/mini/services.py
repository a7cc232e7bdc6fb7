"""The services of the mini acceptor: Verification, and storage of CT images."""

import zlib

from .. import messages, raw
from ..parse import CommandSet, Pdu, Pdv
from .data import escape, valid_uid, walk
from .peer import Gone, Incoming, MiniPeer, Refused


class Answerer(MiniPeer):
    """The half of an acceptor that answers messages; `accepted` holds syntaxes by context id."""

    accepted: dict[int, tuple[str, str]]

    def take_data(self, pdu: Pdu) -> list[Incoming]:
        """As MiniPeer.take_data, with this end's faults."""
        if self.bad("one-pdv-per-pdu") and pdu.body:
            first = int.from_bytes(pdu.body[:4], "big")
            if len(pdu.body) > 4 + first:
                raise Refused(6)
        if self.bad("tests-control-bits") and len(pdu.body) > 5 and pdu.body[5] & 0xFC:
            raise Refused(6)
        return super().take_data(pdu)

    def take_pdv(self, pdv: Pdv) -> Incoming | None:
        """As MiniPeer.take_pdv; the context must have been accepted."""
        if pdv.id not in self.accepted and not self.bad("serves-any-context"):
            raise Refused(2)
        if not pdv.fragment and self.bad("refuses-empty-pdv"):
            raise Refused(6)
        return super().take_pdv(pdv)

    def serve(self, message: Incoming) -> None:
        """Answer a whole message."""
        command = message.command
        field, mid = (command.us(0x0100), command.us(0x0110)) if command else (None, None)
        if command is None or field is None:
            raise Refused(6)
        if field == messages.C_CANCEL:
            if self.bad("answers-cancel"):
                self.respond(message, 0x0211)
            return
        if field & 0x8000 or mid is None:
            raise Refused(6)
        self.respond(message, self.status(message, command, field))

    def status(self, message: Incoming, command: CommandSet, field: int) -> int:
        """The status of a request."""
        abstract, transfer = self.accepted.get(message.context, (raw.VERIFICATION, raw.IMPLICIT_LE))
        if field == messages.C_ECHO:
            right = abstract == raw.VERIFICATION and command.uid(2) in {raw.VERIFICATION, None}
            return 0 if right or self.bad("echoes-anything") else 0x0122
        if field != messages.C_STORE:
            return 0x0211
        if abstract == raw.VERIFICATION and not self.bad("stores-on-verification"):
            return 0x0122
        if self.bad("stores-on-verification"):
            abstract = raw.CT_STORAGE
        if not message.data and not command.has_data_set:
            return 0 if self.bad("stores-nothing") else 0x0110
        return self.store(command, bytes(message.data), transfer, abstract)

    def store(self, command: CommandSet, data: bytes, transfer: str, abstract: str) -> int:
        """Check a data set against its command and keep it; the status."""
        instance = command.uid(0x1000) or ""
        if self.bad("uid-becomes-path") and self.config.store_dir is not None:
            escape(self.config.store_dir, instance, data)
        if not valid_uid(instance) and not self.bad("stores-any-uid"):
            return 0x0117
        if command.uid(0x0002) != abstract and not self.bad("class-mismatch-stored"):
            return 0x0122
        if transfer == raw.DEFLATED_LE:
            inflater = zlib.decompressobj(-15)
            try:
                data = inflater.decompress(data, 1 << 20)
            except zlib.error:
                return 0xC000
            if inflater.unconsumed_tail:
                return 0xC001
        found = walk(data, explicit=transfer != raw.IMPLICIT_LE)
        if found is None:
            if self.bad("crashes-on-garbage") and data[:1] == b"\xff":
                raise SystemError
            return (
                0
                if self.bad("stores-garbage")
                else 0x1234
                if self.bad("undefined-status")
                else 0xC000
            )
        if found.get(0x00080018) not in {None, instance} and not self.bad(
            "instance-mismatch-stored"
        ):
            return 0xA900
        self.keep(instance, data)
        return 0

    def keep(self, instance: str, data: bytes) -> None:
        """Write a received object: a temporary file, renamed when whole."""
        folder = self.config.store_dir
        if folder is not None and valid_uid(instance):
            partial = folder / f".{instance}.part"
            partial.write_bytes(data)
            partial.replace(folder / f"{instance}.dcm")

    def respond(self, message: Incoming, status: int) -> None:
        """Send the response to a request."""
        command = message.command
        if command is None:
            raise Refused(6)
        field, mid = command.us(0x0100) or 0, command.us(0x0110) or 0
        if self.bad("answers-everything-as-echo") and field not in {
            messages.C_STORE,
            messages.C_ECHO,
        }:
            field, status = messages.C_ECHO, 0
        if self.bad("wrong-message-id"):
            mid = (mid + 1) & 0xFFFF
        if self.bad("slow-third-message") and mid == 150:
            raise Gone
        reply = messages.response(
            field, mid, status, sop_class=command.uid(2), instance=command.uid(0x1000)
        )
        if self.bad("no-group-length"):
            reply = reply[12:]
        if self.bad("elements-out-of-order"):
            # (0000,0900) Status, 10 bytes, behind (0000,0800): put it first.
            at = reply.index(messages.element(0x0900, messages.us(status)))
            reply = reply[:12] + reply[at : at + 10] + reply[12:at] + reply[at + 10 :]
        self.reply(message.context, reply)

    def reply(self, context: int, reply: bytes) -> None:
        """Put a response on the wire."""
        self.event(9, lambda: self.put(context, reply))

    def put(self, context: int, reply: bytes) -> None:
        """DT-1."""
        if self.bad("over-long-pdus"):
            self.send(messages.command_pdu(reply, context))
        elif self.bad("odd-fragments"):
            self.send(b"".join(raw.fragments(context, reply, 7, command=True)))
        elif self.bad("control-bits-set"):
            self.send(raw.p_data(raw.pdv(context, 0x83, reply)))
        elif self.bad("empty-last-pdv"):
            self.send(raw.p_data(raw.pdv(context, 1, reply), raw.pdv(context, 3, b"")))
        elif self.bad("answers-on-other-context") and context == 3:
            self.send_message(1, reply)
        else:
            self.send_message(context, reply)
