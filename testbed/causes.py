"""One cause, said once: which deviations of a product come from one missing thing, and what it does in a hospital.

A cause has cases that ask for the thing itself (`asked_by`), and cases that can only be played once it is there
(`behind`). If one of the former fails, the latter are not judged by what they saw: they were not reached.
What no cause below explains is a cause of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from .verdicts import Level, Sub, Verdict

if TYPE_CHECKING:
    from .results import CaseResult, RunResult


class Harm(IntEnum):
    """What it does to a hospital, the worst first."""

    OBJECTS = 1
    SERVICE = 2
    SECURITY = 3
    MIX_UP = 4
    PEERS = 5
    SLOTS = 6
    DIAGNOSIS = 7
    FORM = 8


#: In words, for headings.
HARMS = {
    Harm.OBJECTS: "objects are lost, or are thought to be stored",
    Harm.SERVICE: "the product stops serving",
    Harm.SECURITY: "strangers get in, or read along",
    Harm.MIX_UP: "data is taken for what it is not",
    Harm.PEERS: "some peers cannot work with it",
    Harm.SLOTS: "connections are never given back",
    Harm.DIAGNOSIS: "a peer is told the wrong thing, or nothing",
    Harm.FORM: "a rule of form, mostly harmless",
}
Shows = Callable[["RunResult"], bool]


def seen(pattern: str) -> Shows:
    """Runs whose trace has this in it (a regular expression)."""
    compiled = re.compile(pattern)
    return lambda run: compiled.search(run.seen) is not None


def of_kind(*kinds: Sub) -> Shows:
    """Runs whose deviation is of one of these kinds."""
    return lambda run: run.sub in kinds


def any_run(_: RunResult) -> bool:
    """Every run that deviates."""
    return True


@dataclass(frozen=True, slots=True)
class RootCause:
    """A thing that a product may lack. Globs of case ids, separated by blanks; `shows` looks at a run.

    A deviating case of `asked_by` belongs to it if all its deviating runs show it. One of `behind` does so if it
    failed on its way (`precondition`), or shows the same; then it is not reached.
    """

    key: str
    title: str
    consequence: str
    harm: Harm
    asked_by: str
    shows: Shows = any_run
    behind: str = ""


_PROVIDER = (
    "P.STA3.* P.STA6.* P.PDV.* P.CMD.* P.STO.* M.P.Sta3.* M.P.Sta6.* M.P.Sta8.*"
    " U.S5.* U.S6.* U.REL.* U.DIM.* U.AC.* M.U.Sta[5-9].* M.U.Sta11.*"
)
_FIRST = "P.STA2.* P.RQ.* M.P.Sta2.*"

#: In the order in which a case is given to them: the first that fits takes it.
CAUSES = (
    RootCause(
        "ends-or-hangs", "the product serves nobody after a stimulus",
        "One wrong or hostile peer stops it for every modality until somebody starts it again.",
        Harm.SERVICE, "*", of_kind(Sub.CRASH),
    ),
    RootCause(
        "false-success", "success is reported for what the peer did not confirm",
        "The modality deletes images that the archive never kept.",
        Harm.OBJECTS, "U.*", lambda run: run.reported == "success" and run.verdict is not Verdict.PASS
        and ("went on and reported success" in run.message or "reported success" in run.message),
    ),
    RootCause(
        "release-collision", "a release by both sides at once is not confirmed",
        "The archive waits for a confirmation that never comes, holds the slot, and logs a network error for objects"
        " that are all stored.",
        Harm.SLOTS, "U.REL.04 M.U.Sta7.Evt12 M.U.Sta9.Evt14", seen(r"^(RP )?(CLOSE|OPEN)|^AB\([12],"),
        "M.U.Sta9.* M.U.Sta11.* U.REL.05",
    ),
    RootCause(
        "user-abort-on-release", "an A-RELEASE-RQ of the peer is answered with an A-ABORT of the user",
        "An archive that goes down in order sees failed associations, and people look for a fault that is none.",
        Harm.DIAGNOSIS, "*.S6.01 P.STA6.09 M.*.Sta6.Evt12 M.*.Sta8.*", seen(r"^AB\(0,"),
    ),
    RootCause(
        "no-answer-to-release", "an A-RELEASE-RQ of the peer is not answered",
        "The archive cannot shut down in order: it waits, and cuts the modality off in the end.",
        Harm.SLOTS, "U.S6.01 M.U.Sta6.Evt12 M.U.Sta8.Evt14 P.STA6.09 M.P.Sta6.Evt12", of_kind(Sub.HANG),
        "M.U.Sta8.* M.P.Sta8.*",
    ),
    RootCause(
        "late-data", "data before the A-RELEASE-RP ends the association",
        "Images that the archive still sends are lost, and a release that was in order ends as an error.",
        Harm.DIAGNOSIS, "U.REL.03 U.REL.11 M.U.Sta7.Evt10",
    ),
    RootCause(
        "artim", "no timer ends a connection on which nothing comes",
        "Cut cables and port scans add up until the archive takes no more associations.",
        Harm.SLOTS, "P.TCP.0[12] P.STA13.01 P.STA13.05 P.STA13.08 M.*.Sta2.Evt18 M.*.Sta13.Evt18", of_kind(Sub.HANG),
    ),
    RootCause(
        "lost-connection", "a connection that the peer has closed, or aborted, stays open",
        "Each peer that goes away leaves a slot behind until the product takes no more associations.",
        Harm.SLOTS, "P.STA2.06 P.STA3.02 P.STA6.06 P.STA6.07 P.STA6.08 P.STA6.12 P.STA6.15 P.STA6.18 U.S5.0[145] U.S6.0[267]"
        " U.REL.0[128] U.REL.10 M.*.Evt1[67] M.*.Sta7.Evt13 M.*.Sta11.Evt13 M.*.Sta5.Evt4", of_kind(Sub.HANG),
    ),
    RootCause(
        "served-after-the-end", "a connection is served after its association has ended",
        "What comes late is booked under the association before it: wrong peer, wrong rights, wrong place.",
        Harm.MIX_UP, "P.STA13.0[2367] P.STA6.1[34] P.TCP.06 M.*.Sta13.* M.*.Sta8.*", seen(r"C-[A-Z]+-RSP|RP RP|^RP\b|AC\("),
    ),
    RootCause(
        "unasked-service", "requests are served without an association",
        "Whoever reaches the port is served, without a title that was checked and in a syntax that nobody agreed on.",
        Harm.SECURITY, "P.STA2.* M.P.Sta2.*", seen(r"MSG|C-[A-Z]+-RSP|RP"),
    ),
    RootCause(
        "accepts-again", "a second A-ASSOCIATE-RQ on an association is accepted",
        "Contexts change under the data that is on its way: it is decoded by the wrong syntax.",
        Harm.MIX_UP, "P.STA6.01 P.STA3.03 M.P.Sta[36].Evt6 M.P.Sta8.Evt6 U.AC.17 M.U.Sta6.Evt3", seen(r"AC\("),
    ),
    RootCause(
        "silent-first", "what may not come first is not answered",
        "Scanners and misconfigured peers hold connections, and nobody is told what is wrong.",
        Harm.SLOTS, _FIRST, of_kind(Sub.HANG),
    ),
    RootCause(
        "close-first", "what may not come first is answered with a bare close",
        "The peer cannot tell a refusal from a broken network, and tries again and again.",
        Harm.DIAGNOSIS, _FIRST, of_kind(Sub.CLOSE_ONLY),
    ),
    RootCause(
        "unknown-items", "an item that the product does not know ends the association",
        "One new option of a newer modality breaks every association with it.",
        Harm.PEERS, "P.RQ.0[567] P.RQ.27 U.AC.03", seen(r"AB|CLOSE|AC\(\)|^$"),
    ),
    RootCause(
        "version-bits", "the protocol version is read otherwise than by its bit 0",
        "Peers of a later version are turned away, or spoken to in a version that they do not have.",
        Harm.PEERS, "P.RQ.0[123]",
    ),
    RootCause(
        "application-context", "an application context that is not DICOM's is agreed on",
        "The association begins, and neither side knows what the other means.",
        Harm.FORM, "P.RQ.1[12] M.P.Sta3.Evt8", seen(r"AC\("),
    ),
    RootCause(
        "over-long-pdus", "PDUs are longer than the peer's maximum",
        "Peers with a small buffer abort the association, and the images do not arrive.",
        Harm.PEERS, "P.NEG.0[23] U.AC.1[45]",
    ),
    RootCause(
        "mixed-contexts", "fragments of one message are joined across presentation contexts",
        "An image is stored in a transfer syntax that it is not in, and cannot be read again.",
        Harm.OBJECTS, "P.PDV.18 P.STO.13", seen(r"RSP\(0000\)"),
    ),
    RootCause(
        "any-context", "data is served on a context that was not accepted",
        "Data in a syntax that nobody agreed on is guessed at, and stored wrongly.",
        Harm.MIX_UP, "P.PDV.10 U.DIM.12", seen(r"RSP|RELEASE"),
    ),
    RootCause(
        "lost-message", "of two messages in one P-DATA-TF one is lost without a word",
        "The peer waits for an answer that never comes; an object is neither stored nor refused.",
        Harm.OBJECTS, "P.PDV.17", seen("OPEN"),
    ),
    RootCause(
        "partial-objects", "objects that arrived in part, or not as they said, are kept",
        "A radiologist reads a study with an image that is broken, or another patient's.",
        Harm.OBJECTS, "P.STO.0[6789] P.STO.1[04]", seen(r"RSP\(0000\)|LEFT|OPEN"),
    ),
    RootCause(
        "any-sop-class", "requests are served whatever SOP class or context they name",
        "Objects are stored past the rules that were negotiated for them.",
        Harm.MIX_UP, "P.CMD.1[3456] P.STO.0[67]", seen(r"RSP\(0000\)"),
    ),
    RootCause(
        "silent-late", "what comes after the end of an association is not answered",
        "A peer that tries again on the same connection waits in vain, and so do its images.",
        Harm.SLOTS, "P.STA13.0[34] P.TCP.06 M.*.Sta13.Evt6 M.*.Sta13.Evt19", of_kind(Sub.HANG),
    ),
    RootCause(
        "damaged-commands", "a command set that is damaged is not refused",
        "The peer waits for an answer, and its queue stands still.",
        Harm.SLOTS, "P.CMD.* P.PDV.*", of_kind(Sub.HANG),
    ),
    RootCause(
        "wrong-response", "a response that belongs to another request is believed",
        "An image counts as stored because another one was.",
        Harm.OBJECTS, "U.DIM.0[78] U.DIM.1[15]",
    ),
    RootCause(
        "ignores-unexpected", "a PDU that is out of place is ignored",
        "Both sides wait for the other, and the transfer stands still until somebody pulls the plug.",
        Harm.SLOTS, _PROVIDER, of_kind(Sub.HANG),
    ),
    RootCause(
        "bare-close", "an error in the association is answered with a bare close",
        "Logs show a broken network where a protocol error was; the wrong people look for it.",
        Harm.DIAGNOSIS, _PROVIDER, of_kind(Sub.CLOSE_ONLY),
    ),
    RootCause(
        "abort-source", "errors that the provider finds are aborted as if a user had wished it",
        "The peer's log says that a person ended the transfer, and the protocol error stays unseen.",
        Harm.DIAGNOSIS, _PROVIDER + " " + _FIRST, of_kind(Sub.WRONG_SOURCE),
    ),
    RootCause(
        "gives-up-in-silence", "a product that gives up waiting closes without an A-ABORT",
        "The archive keeps the association open until its own timer ends it.",
        Harm.SLOTS, "U.S5.09 U.REL.09 U.AC.07 U.AC.08 U.AC.10 U.DIM.17 P.STA6.16", seen(r"CLOSE$|^$"),
    ),
    RootCause(
        "no-timer", "a peer that falls silent is waited for without end",
        "One archive that hangs stops the queue of a modality.",
        Harm.SLOTS, "U.S5.09 U.REL.09 U.DIM.17 U.DIM.19 U.REL.05", seen(r"OPEN|BLOCKED"),
    ),
    RootCause(
        "empty-p-data", "a P-DATA-TF without a PDV is passed over",
        "Harmless by itself; it hides that a peer cuts its messages wrongly, until one is lost.",
        Harm.FORM, "P.PDV.01 U.DIM.20", seen(r"RELEASE|RQ|RSP"),
    ),
    RootCause(
        "echoed-fields", "bytes 43-74 of the A-ASSOCIATE-AC are not those of the request",
        "Nobody relies on them today; a peer that compares them would refuse.",
        Harm.FORM, "P.AC.02",
    ),
    RootCause(
        "reserved-bytes", "reserved bytes of the request or the answer are not zero",
        "A peer of a later version may read a meaning into them.",
        Harm.FORM, "U.RQ.01 P.AC.01", lambda run: "reserved" in run.message,
    ),
    RootCause(
        "bad-proposals", "presentation contexts that are malformed are accepted",
        "Which of two syntaxes holds is left open; each side may choose another.",
        Harm.FORM, "P.RQ.1[4-9] P.RQ.2[0-9] P.RQ.3*", seen(r"AC\("),
    ),
    RootCause(
        "unreported", "a failure is not told to the user",
        "The modality shows a green tick; the archive has nothing.",
        Harm.OBJECTS, "U.*", of_kind(Sub.UNREPORTED),
    ),
)  # fmt: skip
#: Where no cause is known, the group of a case says how much harm there is in it.
_BY_GROUP = {
    "P.STO": Harm.OBJECTS, "U.DIM": Harm.OBJECTS, "P.TLS": Harm.SECURITY, "U.TLS": Harm.SECURITY,
    "P.CMD": Harm.MIX_UP, "P.PDV": Harm.MIX_UP, "P.AC": Harm.PEERS, "P.NEG": Harm.PEERS,
    "P.RQ": Harm.PEERS, "U.RQ": Harm.PEERS, "U.AC": Harm.PEERS, "P.TCP": Harm.SLOTS, "U.REL": Harm.SLOTS,
    **dict.fromkeys(("P.B10", "P.B11", "P.B12", "P.B13"), Harm.SECURITY),
}  # fmt: skip


@dataclass(slots=True)
class Root:
    """A cause that a product shows: the cases that ask for it, and those that it kept from being reached."""

    key: str
    title: str
    consequence: str
    harm: Harm
    cases: list[CaseResult] = field(default_factory=list)
    behind: list[CaseResult] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """The worst of its cases."""
        return max((case.verdict for case in self.cases), key=lambda verdict: verdict.weight)


_BAD = {Verdict.FAIL, Verdict.NON_STRICT, Verdict.ERROR}


def roots(cases: Sequence[CaseResult]) -> list[Root]:
    """The causes of all deviations, by harm; within one harm failures first, then by how many cases it explains."""
    found: dict[str, Root] = {}
    left = [case for case in cases if case.verdict in _BAD and case.xfail is None]
    for cause in CAUSES:
        asked = [case for case in left if _fits(case, cause.asked_by) and _shows(case, cause.shows)]
        if asked:
            root = Root(cause.key, cause.title, cause.consequence, cause.harm, asked)
            left = [case for case in left if case not in asked]
            if any(case.verdict is Verdict.FAIL for case in asked):
                root.behind = [case for case in left if _is_behind(case, cause)]
                left = [case for case in left if case not in root.behind]
            found[cause.key] = root
    for case in left:
        found[case.id] = Root(case.id, case.title, case.why, _harm(case), [case])
    return sorted(found.values(), key=_order)


def _order(root: Root) -> tuple[object, ...]:
    required = any(
        case.level is not Level.INFO and case.verdict is not Verdict.NON_STRICT
        for case in root.cases
    )
    return (
        not required,
        root.harm,
        -root.verdict.weight,
        -len(root.cases) - len(root.behind),
        root.key,
    )


def _fits(case: CaseResult, globs: str) -> bool:
    return any(fnmatchcase(case.id, glob) for glob in globs.split())


def _deviating(case: CaseResult) -> list[RunResult]:
    return [run for run in case.runs if run.verdict in _BAD]


def _shows(case: CaseResult, shows: Shows) -> bool:
    """Whether every run that deviates shows it, and none failed on its way there."""
    runs = _deviating(case)
    return bool(runs) and all(shows(run) and run.sub is not Sub.PRECONDITION for run in runs)


def _is_behind(case: CaseResult, cause: RootCause) -> bool:
    runs = _deviating(case)
    return (
        bool(cause.behind)
        and _fits(case, cause.behind)
        and bool(runs)
        and all(run.sub is Sub.PRECONDITION or cause.shows(run) for run in runs)
    )


def _harm(case: CaseResult) -> Harm:
    return _BY_GROUP.get(".".join(case.id.split(".")[:2]), Harm.DIAGNOSIS)


def attribute(cases: Iterable[CaseResult]) -> None:
    """Write into each case the cause that it belongs to, and the one that kept it from being reached."""
    kept = list(cases)
    for case in kept:
        case.cause = case.blocked = ""
    for root in roots(kept):
        for case in root.cases:
            case.cause = root.key
        for case in root.behind:
            case.cause = case.blocked = root.key


def title(key: str) -> str:
    """What a cause is called; one that is a case of its own by its id."""
    return next((cause.title for cause in CAUSES if cause.key == key), key)
