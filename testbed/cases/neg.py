"""P.NEG: user-information negotiation (PS3.8 Annex D, PS3.7 D.3.3)."""

from .. import raw
from ..facts import Facts
from ..model import Case, Do, Establish, Run, Send, Step
from ..scene import Scene
from ..verdicts import lax, ok
from . import checks
from .checks import within_our_maximum
from .common import (
    ECHOED,
    READ,
    READ_REPLY,
    SEND_ECHO,
    STORE,
    STORED,
    R,
    S,
    T,
    one,
    rq,
    store,
    user,
)

CT = raw.CT_STORAGE


def echo_if_accepted(scene: Scene) -> None:
    """Send a C-ECHO-RQ if the association was accepted, and read."""
    if scene.tokens and scene.tokens[-1].startswith("AC"):
        scene.send(SEND_ECHO.data, "C-ECHO-RQ")  # type: ignore[arg-type]
        scene.read_until("MSG or AB or BADDATA", scene.settings.timeout)


def _limit(value: int) -> tuple[Step, ...]:
    return Establish(rq(user=user(max_length=value)), need=(1,)), SEND_ECHO, READ_REPLY


def _limit_store(value: int) -> tuple[Step, ...]:
    associate = Establish(rq(STORE, user(max_length=value)), need=(1, 3))
    return associate, *store(), READ_REPLY


def _ask(what: str, *subitems: bytes) -> tuple[Step, ...]:
    return Send(f"A-ASSOCIATE-RQ with {what}", rq(STORE, user(*subitems))), READ


def _credentials(facts: Facts) -> bytes:
    name, _, password = facts.bad_user.partition(":")
    sub = raw.identity_rq(2, name.encode(), password.encode(), positive=1)
    return rq(user=user(sub))(facts)


_ROLE = "An acceptor returns no role that was not proposed."
_IDENTITY = raw.identity_rq(1, b"dulspec", positive=1)
_TYPES = (
    ("type 1", _IDENTITY),
    ("type 2", raw.identity_rq(2, b"dulspec", b"secret", positive=1)),
    ("type 5", raw.identity_rq(5, b"eyJhbGciOiJub25lIn0.e30.", positive=1)),
)

CASES = (
    Case(
        "P.NEG.01", "PS3.8 D.1.1 value 0", R, "maximum length 0",
        "0 means that the sender sets no limit.",
        one(*_limit(0)), ECHOED,
    ),
    Case(
        "P.NEG.02", "PS3.8 D.1.1", R, "maximum length 64, and 128",
        "No P-DATA-TF to us has a PDU-length above the maximum we announced.",
        tuple(
            Run(f"{name} {value}", steps(value), expectations)
            for value in (64, 128)
            for name, steps, expectations in (("C-ECHO", _limit, ECHOED), ("C-STORE", _limit_store, STORED))
        ),
        checks=(within_our_maximum,),
    ),
    Case(
        "P.NEG.03", "PS3.8 D.1.1", S, "maximum length 1, 7, 8, 12",
        "A maximum that leaves room for a fragment is obeyed; one that leaves none is refused. "
        "Neither ends in endless PDUs.",
        tuple(
            Run(str(value), (Send(f"A-ASSOCIATE-RQ with maximum length {value}",
                                  rq(user=user(max_length=value))), READ,
                             Do("C-ECHO-RQ, if accepted", echo_if_accepted)))
            for value in (1, 7, 8, 12)
        ),
        ok("AC C-ECHO-RSP(0000)", "AC? AB(*,*)", "RJ"), (within_our_maximum,), tags=("security",),
    ),
    Case(
        "P.NEG.04", "PS3.8 D.1.1", R, "maximum length FFFFFFFFH",
        "Any 32-bit value is a maximum length.",
        one(*_limit(raw.UINT32_MAX)), ECHOED,
    ),
    Case(
        "P.NEG.05", "PS3.7 D.3.3.4", R, "role selection (SCU 1, SCP 1) for CT Image Storage", _ROLE,
        one(*_ask("54H (1,1)", raw.role(CT, 1, 1))), ok("AC"), (checks.roles_within_offer,),
    ),
    Case(
        "P.NEG.06", "PS3.7 D.3.3.4 'shall not return 1 if not proposed'", R,
        "role selection (1,0), and (0,1)", _ROLE,
        (Run("(1,0)", _ask("54H (1,0)", raw.role(CT, 1, 0))), Run("(0,1)", _ask("54H (0,1)", raw.role(CT, 0, 1)))),
        ok("AC"), (checks.roles_within_offer,),
    ),
    Case(
        "P.NEG.07", "PS3.7 D.3.3.4", T, "role selection for a class not proposed; twice for one class",
        "Role selection concerns proposed SOP classes, each once; the rest is ignored.",
        (Run("not proposed", _ask("54H for MR", raw.role("1.2.840.10008.5.1.4.1.1.4", 1, 1))),
         Run("twice", _ask("54H twice", raw.role(CT, 1, 0), raw.role(CT, 0, 1)))),
        (*ok("AC"), *lax("AB(*,*)")),
    ),
    Case(
        "P.NEG.08", "PS3.7 D.3.3.3", R, "asynchronous operations window (5,5), (0,0), (1,1)",
        "An acceptor returns no larger window than was offered; 0 is unlimited.",
        tuple(Run(f"({a},{b})", _ask(f"53H ({a},{b})", raw.async_window(a, b))) for a, b in ((5, 5), (0, 0), (1, 1))),
        ok("AC"), (checks.window_within_offer,),
    ),
    Case(
        "P.NEG.09", "PS3.7 D.3.3.5, PS3.4 B.3.1", R, "extended negotiation for CT Image Storage",
        "Extended negotiation is answered for the class it was offered for, or not at all.",
        one(*_ask("56H", raw.extended(CT, b"\2\0\0\0\0\0"))), ok("AC"), (checks.extended_well_formed,),
    ),
    Case(
        "P.NEG.10", "PS3.7 D.3.3.6", R, "common extended negotiation for CT Image Storage",
        "There is no common extended negotiation in an AC.",
        one(*_ask("57H", raw.common_extended(CT, "1.2.840.10008.4.2"))), ok("AC"), (checks.absent(0x57),),
    ),
    Case(
        "P.NEG.11", "PS3.7 D.3.3.7", R, "user identity without a request for a response",
        "No user identity response is sent unless it was requested.",
        one(*_ask("58H type 1", raw.identity_rq(1, b"dulspec"))), ok("AC", "RJ(1,2,1)"), (checks.absent(0x59),),
    ),
    Case(
        "P.NEG.12", "PS3.7 D.3.3.7.2", T, "user identity of types 1, 2, 5 with a response requested",
        "A product that supports user identity answers with 59H; one that doesn't accepts without.",
        tuple(Run(name, _ask(f"58H {name}", sub)) for name, sub in _TYPES),
        ok("AC", "RJ(1,2,1)"), (checks.identity_answer,),
    ),
    Case(
        "P.NEG.13", "PS3.7 D.3.3.7.3 (needs --bad-user)", R, "user identity with refused credentials",
        "A user who is not authorized is rejected: permanent, ACSE, no reason given.",
        one(Send("A-ASSOCIATE-RQ with refused credentials", _credentials), READ),
        ok("RJ(1,2,1)"), needs=("bad-user",),
    ),
    Case(
        "P.NEG.14", "PS3.7 D.3.3.7.1", T, "user identity of type 9; user identity twice",
        "Reserved types and repetitions are refused or ignored.",
        (Run("type 9", _ask("58H type 9", raw.identity_rq(9, b"x", positive=1)), (), (checks.absent(0x59),)),
         Run("twice", _ask("58H twice", _IDENTITY, _IDENTITY))),
        ok("AC", "RJ(1,2,1)", "AB"),
    ),
)  # fmt: skip
