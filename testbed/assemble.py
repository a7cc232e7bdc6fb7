"""From received PDUs to the tokens of a trace: fragments become messages, PDUs become names."""

from collections.abc import Iterator

from .messages import COMMAND_NAMES
from .parse import Message, Pdu, Pdv, parse_associate, parse_command, parse_pdvs


def message_token(message: Message) -> str:
    """The token of a DIMSE message: C-ECHO-RQ, C-STORE-RSP(B000), BADMSG."""
    field = message.command.us(0x0100)
    if field == 0x0FFF:
        return "C-CANCEL-RQ"
    if field is None:
        return "BADMSG"
    name = COMMAND_NAMES.get(field & 0x7FFF, f"C-{field & 0x7FFF:04X}")
    if not field & 0x8000:
        return f"{name}-RQ"
    status = message.command.us(0x0900)
    return f"{name}-RSP({'none' if status is None else f'{status:04X}'})"


class Assembler:
    """Collects PDVs into messages, in one direction of one association."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._command = bytearray()
        self._data = bytearray()
        self._pdvs: list[Pdv] = []
        self._waiting: Message | None = None

    @property
    def partial(self) -> Message | None:
        """The message whose command is complete and whose data set is still coming."""
        return self._waiting

    def tokens(self, pdu: Pdu) -> Iterator[str]:
        """The tokens one PDU adds to the trace; a fragment that completes nothing adds none."""
        if pdu.type in {1, 5, 6}:
            yield {1: "RQ", 5: "RELEASE", 6: "RP"}[pdu.type]
        elif pdu.type == 2:
            view = parse_associate(pdu)
            yield f"AC({';'.join(f'{entry.id}:{entry.result}' for entry in view.contexts)})"
        elif pdu.type in {3, 7} and len(pdu.body) == 4:
            numbers = pdu.body[1:] if pdu.type == 3 else pdu.body[2:]
            name = "RJ" if pdu.type == 3 else "AB"
            yield f"{name}({','.join(str(number) for number in numbers)})"
        elif pdu.type == 4:
            yield from self._p_data(pdu)
        else:
            yield f"PDU({pdu.type:02X})"

    def _p_data(self, pdu: Pdu) -> Iterator[str]:
        pdvs, faults = parse_pdvs(pdu)
        for pdv in pdvs:
            message = self._add(pdv)
            if message is not None:
                self.messages.append(message)
                yield message_token(message)
        if faults:
            yield "BADDATA"

    def _add(self, pdv: Pdv) -> Message | None:
        self._pdvs.append(pdv)
        if pdv.is_command:
            self._command += pdv.fragment
            if not pdv.is_last:
                return None
            command = parse_command(bytes(self._command))
            self._command.clear()
            message = Message(pdv.id, command, None, self._pdvs)
            self._pdvs = []
            if command.has_data_set:
                self._waiting = message
                return None
            return message
        self._data += pdv.fragment
        waiting = self._waiting
        if waiting is None or not pdv.is_last:
            return None
        waiting.data = bytes(self._data)
        waiting.pdvs += self._pdvs
        self._data.clear()
        self._pdvs, self._waiting = [], None
        return waiting
