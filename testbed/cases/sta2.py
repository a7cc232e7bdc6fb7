"""P.STA2: what may not come first (PS3.8 Table 9-10, Sta2)."""

from .. import messages, raw
from ..model import Case, Send
from ..tls_raw import client_hello
from ..verdicts import bad, info, ok
from .common import READ_CLOSE, USER_ABORT, R, first_pdu, one, runs

HTTP = b"GET / HTTP/1.1\r\nHost: pacs\r\nUser-Agent: scanner\r\n\r\n"
_RULE = "In Sta2 only an A-ASSOCIATE-RQ may come; anything else is answered with an A-ABORT of the "
_RULE += "service-user, then the acceptor waits for the close (AA-1)."
_FOREIGN = (
    *info("AB(0,*) AB+", note="one A-ABORT for each misread PDU (AA-7)"),
    *USER_ABORT,
)


def _case(number: int, event: str, what: str, data: bytes, *named: str) -> Case:
    expectations = (*USER_ABORT, *bad(*named, note="it was answered as if an association stood"))
    return Case(
        f"P.STA2.{number:02}", f"PS3.8 9.2.3 {event}/Sta2 AA-1", R, f"{what} as the first PDU", _RULE,
        one(*first_pdu(what, data)), expectations,
    )  # fmt: skip


CASES = (
    _case(1, "Evt3", "A-ASSOCIATE-AC", raw.associate_ac()),
    _case(2, "Evt4", "A-ASSOCIATE-RJ", raw.associate_rj()),
    _case(3, "Evt10", "P-DATA-TF (C-ECHO-RQ)", messages.command_pdu(messages.echo_rq()), "MSG"),
    _case(4, "Evt12", "A-RELEASE-RQ", raw.release_rq(), "RP"),
    _case(5, "Evt13", "A-RELEASE-RP", raw.release_rp()),
    Case(
        "P.STA2.06", "PS3.8 9.2.3 Evt16/Sta2 AA-2", R,
        "A-ABORT as the first PDU",
        "An A-ABORT is never answered: the acceptor closes the connection.",
        one(Send("A-ABORT", raw.abort()), READ_CLOSE),
        ok("CLOSE"),
    ),
    Case(
        "P.STA2.07", "PS3.8 9.2.3 Evt19/Sta2 AA-1", R,
        "PDU types that PS3.8 does not define",
        "An unrecognized PDU is known by its first byte; it is answered at once (AA-1).",
        runs(*((f"{type_:02X}H", first_pdu(f"PDU type {type_:02X}H", raw.unknown_pdu(type_)))
               for type_ in (0x00, 0x08, 0xFF))),
        USER_ABORT,
        why="Waiting for the rest of something unknown hands the connection to the sender.",
    ),
    Case(
        "P.STA2.08", "PS3.8 9.2.3 Evt19/Sta2", R,
        "an HTTP request",
        "Bytes that are no PDU are refused at their first byte; the length they seem to announce "
        "(1.4 GB) is neither waited for nor allocated.",
        one(*first_pdu("GET / HTTP/1.1", HTTP)), _FOREIGN, tags=("security",),
    ),
    Case(
        "P.STA2.09", "PS3.8 9.2.3 Evt19/Sta2", R,
        "a TLS ClientHello on the plain port",
        "Bytes that are no PDU are refused at their first byte.",
        one(*first_pdu("TLS ClientHello", client_hello(tls_1_3=True))), _FOREIGN, tags=("security",),
    ),
)  # fmt: skip
