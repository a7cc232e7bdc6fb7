"""The mini acceptor: Verification and CT storage, right but for its planted faults."""

import socket
import struct
import time
import zlib

from testbed import messages, raw
from testbed.mini.data import escape, inner_faults, valid_uid, walk
from testbed.mini.peer import OUR_MAX, Gone, Incoming, MiniPeer, Refused
from testbed.parse import AssociateView, CommandSet, Context, Pdu, Pdv, parse_associate, uid_text

TRANSFERS = (raw.IMPLICIT_LE, raw.EXPLICIT_LE, raw.DEFLATED_LE)
LARGEST_DATA = 256 << 20
KNOWN_ITEMS = {0x10, 0x20, 0x50}
KNOWN_SUBITEMS = {0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58}


class Rejected(Exception):
    """The association is rejected with this triple."""


class Acceptor(MiniPeer):
    """One association, the mini peer being its acceptor."""

    accepted: dict[int, tuple[str, str]]
    released = rejected = False

    def main(self) -> None:
        """Serve to the end of the connection."""
        self.accepted = {}
        while True:
            try:
                self.handle(self.read_pdu())
            except Refused as error:
                self.refuse(error.reason)

    def got_bytes(self) -> None:
        """ARTIM runs on until a whole request has come."""
        if self.state == 2 and self.bad("artim-stops-at-first-byte"):
            self.deadline = None

    def receive(self, count: int) -> bytes:
        """As Link.receive; two faults live here."""
        if self.state == 2 and self.bad("no-artim-in-sta2"):
            self.deadline = None
        if self.state == 13 and self.bad("no-artim-in-sta13"):
            self.deadline = None
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

    # -- the state machine

    def refuse(self, reason: int) -> None:
        """Answer an invalid or unexpected PDU as the state wants it."""
        if self.state == 2:
            self.refuse_first()
        elif self.state == 13:
            if not self.bad("silent-in-sta13"):
                self.send(raw.abort(2, reason))
        elif self.bad("closes-in-sta6"):
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
        {2: self.handle_first, 6: self.handle_established, 13: self.handle_late}[self.state](pdu)

    def handle_first(self, pdu: Pdu) -> None:
        """Sta2."""
        if pdu.type == 4 and self.bad("serves-without-association"):
            self.send_message(1, messages.echo_rsp())
        elif pdu.type == 5 and self.bad("releases-without-association"):
            self.send(raw.release_rp())
        elif pdu.type != 1:
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
            self.released = True
            self.send(raw.release_rp(reserved=0xAA if self.bad("reserved-in-release") else 0))
            self.wait_for_close()
        else:
            raise Refused(2)

    def handle_late(self, pdu: Pdu) -> None:
        """Sta13."""
        served = "serves-after-reject" if self.rejected else "serves-after-release"
        if pdu.type == 1 and self.rejected and self.bad("accepts-after-reject"):
            self.send(raw.associate_ac())
        elif pdu.type == 1 and self.released and self.bad("reuses-connection"):
            self.associate(pdu)
        elif pdu.type == 1:
            raise Refused(2)
        elif pdu.type == 4 and (self.rejected or self.released) and self.bad(served):
            self.send_message(1, messages.echo_rsp())
        elif pdu.type == 5 and self.released and self.bad("releases-twice"):
            self.send(raw.release_rp())

    # -- the association request

    def associate(self, pdu: Pdu) -> None:
        """AE-6."""
        self.deadline = None
        view = parse_associate(pdu)
        if self.faults_of(view):
            self.refuse_first()
            return
        try:
            self.judge_request(view)
        except Rejected as triple:
            self.rejected = True
            self.send(raw.associate_rj(*triple.args))
            self.wait_for_close()
            return
        self.peer_max = OUR_MAX if view.max_length is None else view.max_length
        self.send(self.accept(view))
        self.state = 6

    def faults_of(self, view: AssociateView) -> list[str]:
        """What makes the request an invalid PDU."""
        faults = [] if self.bad("reads-past-items") else list(view.faults)
        if self.bad("ignores-stray-bytes"):
            faults = [fault for fault in faults if "stray" not in fault]
        kinds = [entry.type for entry in view.items]
        if 0x10 not in kinds or 0x20 not in kinds or any(len(b) != 4 for b in view.subitems(0x51)):
            faults.append("mandatory part missing")
        if any(not uid_text(entry.body) for entry in view.items if entry.type == 0x10):
            faults.append("empty application context")
        ids = [context.id for context in view.contexts if context.abstracts or context.transfers]
        proposed = [entry.body[0] for entry in view.items if entry.type == 0x20 and entry.body]
        if any(not id_ % 2 for id_ in proposed) and not self.bad("accepts-even-ids"):
            faults.append("even context ID")
        if len(set(ids)) != len(ids) and not self.bad("accepts-duplicate-ids"):
            faults.append("duplicate context ID")
        if self.bad("refuses-unknown-items") and set(kinds) - KNOWN_ITEMS:
            faults.append("unknown item")
        if (
            self.bad("refuses-unknown-sub-items")
            and {e.type for e in view.user_items} - KNOWN_SUBITEMS
        ):
            faults.append("unknown sub-item")
        if self.bad("wants-ordered-sub-items"):
            order = [entry.type for entry in view.user_items]
            faults += [] if order == sorted(order) else ["order"]
        if self.bad("tests-reserved") and (any(view.reserved_32) or any(view.reserved)):
            # Only a request that is all reserved FFH; P.AC.02 fills bytes 43-74 alone.
            faults += ["reserved"] if any(view.reserved) else []
        return faults + inner_faults(view)

    def judge_request(self, view: AssociateView) -> None:
        """Raise Rejected for what PS3.8 rejects."""
        version_ok = view.version & 1
        if self.bad("version-must-be-1"):
            version_ok = view.version == 1
        if self.bad("accepts-version-2"):
            version_ok = view.version & 3
        if not version_ok:
            raise Rejected(1, 2, 2)
        names = [uid_text(entry.body) for entry in view.items if entry.type == 0x10]
        unknown = names and names[0] and names[0] != raw.APPLICATION_CONTEXT
        if unknown and not self.bad("accepts-any-application-context"):
            raise Rejected(1, 1, 2)
        called = view.called_ae_title.decode("latin-1")
        calling = view.calling_ae_title.decode("latin-1")
        called = called.rstrip(" ") if self.bad("keeps-leading-spaces") else called.strip(" ")
        if called != self.config.title and not self.bad("any-called-title"):
            raise Rejected(1, 1, 7)
        if calling.strip(" ") not in self.config.callers and not self.bad("any-calling-title"):
            raise Rejected(1, 1, 3)
        if (
            view.max_length is not None
            and 0 < view.max_length < 8
            and not self.bad("over-long-pdus")
        ):
            raise Rejected(1, 1, 1)
        for body in view.subitems(0x58)[:1]:
            self.judge_user(body)

    def judge_user(self, body: bytes) -> None:
        """Reject the one user that is known to be bad."""
        size = int.from_bytes(body[2:4], "big")
        name = body[4 : 4 + size]
        known_bad = name == self.config.bad_user.partition(":")[0].encode()
        if known_bad and not self.bad("accepts-bad-user"):
            raise Rejected(2 if self.bad("bad-user-is-transient") else 1, 2, 1)

    def accept(self, view: AssociateView) -> bytes:
        """The A-ASSOCIATE-AC."""
        contexts = [self.answer(context) for context in view.contexts]
        if self.bad("forgets-last-context") and len(contexts) > 1:
            contexts.pop()
        extra = [raw.item(0x60, b"extra")] if self.bad("extra-item-in-ac") else []
        name = raw.APPLICATION_CONTEXT
        for entry in view.items:
            if entry.type == 0x10 and self.bad("accepts-any-application-context"):
                name = uid_text(entry.body)
        user = [raw.max_length(OUR_MAX), raw.implementation_class(), *self.user_answers(view),
                raw.implementation_version("MINI_1")]  # fmt: skip
        if self.bad("no-maximum-length"):
            user.pop(0)
        echo = not self.bad("does-not-echo-fields")
        return raw.associate_ac(
            view.called_ae_title if echo else "SOMEBODY",
            view.calling_ae_title,
            items=[raw.application_context(name), *contexts, *extra, raw.user_information(user)],
            reserved_32=view.reserved_32,
            reserved=0x55 if self.bad("reserved-in-ac") else 0,
        )

    def answer(self, context: Context) -> bytes:
        """The 21H for one 20H."""
        transfers = [uid_text(uid) for uid in context.transfers]
        common = [uid for uid in transfers if uid in TRANSFERS]
        result = 0
        if len(context.abstracts) != 1 or not transfers or not all(transfers):
            result = 2
        elif uid_text(context.abstracts[0]) not in {raw.VERIFICATION, raw.CT_STORAGE}:
            result = 1 if self.bad("wrong-result-for-abstract") else 3
        elif not common:
            result = 0 if self.bad("accepts-any-transfer-syntax") else 4
        chosen = (common or transfers or [raw.IMPLICIT_LE])[0]
        if result == 0:
            self.accepted[context.id] = (uid_text(context.abstracts[0]), chosen)
        return raw.context_ac(context.id, result, (chosen,))

    def user_answers(self, view: AssociateView) -> list[bytes]:
        """Answers to 53H, 54H and 58H."""
        answers: list[bytes] = []
        for body in view.subitems(0x53)[:1]:
            offer = struct.unpack(">HH", body)
            window = (
                (9, 9) if self.bad("window-too-large") else tuple(min(v or 1, 1) for v in offer)
            )
            answers.append(raw.async_window(*window))
        if self.bad("unasked-window") and not view.subitems(0x53):
            answers.append(raw.async_window(1, 1))
        roles: dict[str, tuple[int, int]] = {}
        for body in view.subitems(0x54):
            roles.setdefault(uid_text(body[2:-2]), (body[-2], body[-1]))
        all_roles = self.bad("grants-all-roles")
        answers += [
            raw.role(uid, 1, 1) if all_roles else raw.role(uid, scu, 0)
            for uid, (scu, _) in roles.items()
            if uid == raw.CT_STORAGE
        ]
        for body in view.subitems(0x58)[:1]:
            if (body[1] and body[0] in {1, 2, 5}) or self.bad("unasked-identity-answer"):
                answers.append(raw.identity_ac())
        if self.bad("common-extended-in-ac") and view.subitems(0x57):
            answers.append(raw.common_extended(raw.CT_STORAGE, "1.2.840.10008.4.2"))
        return answers

    # -- services

    def take_data(self, pdu: Pdu) -> list[Incoming]:
        """As Link.take_data, with this end's faults."""
        if self.bad("one-pdv-per-pdu") and pdu.body:
            first = int.from_bytes(pdu.body[:4], "big")
            if len(pdu.body) > 4 + first:
                raise Refused(6)
        if self.bad("tests-control-bits") and len(pdu.body) > 5 and pdu.body[5] & 0xFC:
            raise Refused(6)
        return super().take_data(pdu)

    def take_pdv(self, pdv: Pdv) -> Incoming | None:
        """As Link.take_pdv; the context must have been accepted."""
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
            data = inflater.decompress(data, 1 << 20)
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
