"""Mutations of a mini peer: in one cell of Table 9-10 it does another thing than the table says.

A mutation's name is its cell and its deed: `Sta6.Evt12:close`. Where faults are planted by hand
(`testbed.mini.peer.Config.faults`), such a name may stand as well.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from .. import messages, raw

#: PDUs that a peer may send out of place, by the word that names them.
PDUS = {
    "rq": raw.associate_rq("DULSPEC", "MINI"),
    "ac": raw.associate_ac(),
    "rj": raw.associate_rj(),
    "data": messages.command_pdu(messages.echo_rsp()),
    "release": raw.release_rq(),
    "rp": raw.release_rp(),
}
#: A-ABORTs by the word that names them: the source. The provider's has the reason that fits the event.
ABORTS = {"user": 0, "reserved": 1, "provider": 2}
#: The state that usually follows, by role and state; behind Sta13 a new association would begin.
FOLLOWING = {
    "scp": {2: 6, 3: 6, 6: 13, 8: 13, 13: 2},
    "scu": {5: 6, 6: 7, 7: 13, 8: 13, 9: 11, 11: 13, 13: 5},
}
NOTHING, CLOSE = "nothing", "close"
_NAME = re.compile(r"Sta(\d+)\.Evt(\d+):([a-z0-9-]+)")
_DEEDS = re.compile(
    f"{NOTHING}|{CLOSE}|abort-(?:{'|'.join(ABORTS)})|abort-reason-0|sends-(?:{'|'.join(PDUS)})"
    r"|as-sta\d+"
)


def name(state: int, event: int, deed: str) -> str:
    """The name of a mutation."""
    return f"Sta{state}.Evt{event}:{deed}"


def parse(text: str) -> tuple[tuple[int, int], str] | None:
    """The cell (state, event) and the deed of a mutation's name; None if it is no such name."""
    match = _NAME.fullmatch(text)
    if match is None or not _DEEDS.fullmatch(match[3]):
        return None
    return (int(match[1]), int(match[2])), match[3]


@lru_cache(maxsize=64)
def mutations(names: Iterable[str]) -> dict[tuple[int, int], str]:
    """The deeds by cell, of those names that are mutations."""
    return dict(found for found in map(parse, names) if found is not None)


def abort(deed: str, event: int) -> bytes:
    """The A-ABORT of a deed that is one."""
    if deed == "abort-reason-0":
        return raw.abort(2, 0)
    source = ABORTS[deed.removeprefix("abort-")]
    reason = 0 if source != 2 else 1 if event == 19 else 2
    return raw.abort(source, reason)
