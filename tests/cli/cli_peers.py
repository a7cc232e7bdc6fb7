"""Peers for the tools to talk to: scripted ones, whose bytes are the testbed's and not dulcet's."""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self

from testbed import messages, raw
from testbed.observe import Wire
from testbed.parse import (
    AssociateView,
    CommandSet,
    Pdu,
    parse_associate,
    parse_command,
    parse_pdvs,
    uid_text,
)

PATIENCE = 20.0  # how long a script waits for the tool before the test fails

RQ, AC, RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)


class Dialogue:
    """One connection, as its script sees it."""

    def __init__(self, sock: socket.socket) -> None:
        self.wire = Wire(sock)
        self.stores: list[tuple[int, CommandSet, bytes]] = []

    def pdu(self, *types: int) -> Pdu:
        """The next PDU, of one of these types."""
        event = self.wire.read(PATIENCE)
        assert isinstance(event, Pdu), event
        assert not types or event.type in types, event
        return event

    def request(self) -> AssociateView:
        """The A-ASSOCIATE-RQ."""
        return parse_associate(self.pdu(RQ))

    def accept(
        self,
        choose: Callable[[str, list[str]], str | None] = lambda _, offered: offered[0],
        *,
        max_length: int = 16384,
    ) -> AssociateView:
        """Read the request and accept it; `choose` picks the transfer syntax of each context."""
        request = self.request()
        answers = []
        for context in request.contexts:
            offered = [uid_text(each) for each in context.transfers]
            chosen = choose(uid_text(context.abstracts[0]), offered)
            if chosen is None:
                answers.append(raw.context_ac(context.id, 3, offered[:1]))
            else:
                answers.append(raw.context_ac(context.id, 0, [chosen]))
        user = [raw.max_length(max_length), raw.implementation_class()]
        self.wire.send(raw.associate_ac(contexts=answers, user=user))
        return request

    def command(self) -> tuple[int, CommandSet]:
        """The next command set and its presentation context; None-like end events fail."""
        content = b""
        while True:
            pdvs, faults = parse_pdvs(self.pdu(P_DATA))
            assert not faults
            for pdv in pdvs:
                assert pdv.is_command
                content += pdv.fragment
                if pdv.is_last:
                    return pdv.id, parse_command(content)

    def data_set(self) -> bytes:
        """The data set behind it."""
        content = b""
        while True:
            pdvs, faults = parse_pdvs(self.pdu(P_DATA))
            assert not faults
            for pdv in pdvs:
                assert not pdv.is_command
                content += pdv.fragment
                if pdv.is_last:
                    return content

    def store(self, status: int | None = 0, comment: str | None = None) -> CommandSet:
        """Receive one C-STORE and answer it with a status, unless that is None."""
        context, command = self.command()
        self.stores.append((context, command, self.data_set()))
        if status is not None:
            self.answer(context, command, status, comment)
        return command

    def answer(
        self, context: int, command: CommandSet, status: int, comment: str | None = None
    ) -> None:
        """A response to a request."""
        elements = [
            (0x0002, messages.uid(command.uid(0x0002) or "")),
            (0x0100, messages.us((command.us(0x0100) or 0) | messages.RESPONSE)),
            (0x0120, messages.us(command.us(0x0110) or 0)),
            (0x0800, messages.us(messages.NO_DATA_SET)),
            (0x0900, messages.us(status)),
        ]
        if comment is not None:
            elements.append((0x0902, messages.text(comment)))
        self.wire.send(messages.command_pdu(messages.command_set(elements), context))

    def echo(self, status: int = 0) -> None:
        """Receive one C-ECHO and answer it."""
        context, command = self.command()
        assert command.us(0x0100) == messages.C_ECHO
        self.answer(context, command, status)

    def end(self) -> int:
        """The tool's A-RELEASE-RQ (answered) or A-ABORT; returns the PDU's type."""
        pdu = self.pdu(RELEASE_RQ, ABORT)
        if pdu.type == RELEASE_RQ:
            self.wire.send(raw.release_rp())
        return pdu.type


Script = Callable[[Dialogue], None]


class ScriptedPeer:
    """Listens on the loopback interface; each connection in turn follows the next script."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.dialogues: list[Dialogue] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if error is not None:
            self._listener.close()
            return
        self._thread.join(PATIENCE)
        self._listener.close()
        assert not self._thread.is_alive(), "the script is not at its end"
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._listener.settimeout(PATIENCE)
            for script in self._scripts:
                sock, _ = self._listener.accept()
                dialogue = Dialogue(sock)
                self.dialogues.append(dialogue)
                with contextlib.closing(sock):
                    script(dialogue)
        except BaseException as error:
            self._error = error
        finally:
            self._listener.close()  # who comes again is refused


def storing(*statuses: int, ends: int = RELEASE_RQ) -> Script:
    """A peer that accepts everything and answers the C-STOREs with these statuses."""

    def script(dialogue: Dialogue) -> None:
        dialogue.accept()
        for status in statuses:
            dialogue.store(status)
        assert dialogue.end() == ends

    return script


def rejecting(result: int, source: int, reason: int) -> Script:
    """A peer that answers A-ASSOCIATE-RJ."""

    def script(dialogue: Dialogue) -> None:
        dialogue.request()
        dialogue.wire.send(raw.associate_rj(result, source, reason))
        dialogue.wire.read(PATIENCE)  # the requestor closes

    return script


class Caller(Dialogue):
    """A requestor in the testbed's bytes, for storescp."""

    def __init__(self, port: int, *contexts: bytes, **titles: str) -> None:
        super().__init__(socket.create_connection(("127.0.0.1", port)))
        if contexts:
            self.wire.send(raw.associate_rq(contexts=contexts, **titles))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.wire.close()

    def accepted(self) -> Self:
        """The acceptor said yes."""
        self.pdu(AC)
        return self

    def begin_store(self, instance: str = messages.INSTANCE, id: int = 1) -> None:
        """A C-STORE-RQ for a CT image, without its data set."""
        self.wire.send(messages.command_pdu(messages.store_rq(instance=instance), id))

    def send_store(self, instance: str = messages.INSTANCE, id: int = 1) -> int:
        """One whole CT image; returns the status of the response."""
        self.begin_store(instance, id)
        self.wire.send(messages.data_pdu(messages.ct_data_set(instance), id))
        return self.status()

    def status(self) -> int:
        """That of the next response."""
        status = self.command()[1].us(0x0900)
        assert status is not None
        return status

    def release(self) -> None:
        """Release, and wait for the acceptor's answer."""
        self.wire.send(raw.release_rq())
        self.pdu(RELEASE_RP)


CT_CONTEXT = raw.context_rq(1, raw.CT_STORAGE, [raw.IMPLICIT_LE])
