"""What all reports have in common: marks, areas, outcomes, and results laid side by side."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..results import LIVE, CaseResult, Report, RunResult, is_failure, mark
from ..tls_suites import TLS_PROFILES
from ..verdicts import Sub, Verdict

#: Marks in the order reports show them, from worst to best: a verdict, or an expectation that (un)held.
MARKS = (
    "error",
    "fail",
    "xpass",
    "non-strict",
    "xfail",
    "blocked",
    "unsupported",
    "skip",
    "info",
    "pass",
)

MEANING = {
    "pass": "does what the clause asks for",
    "info": "observed and reported; nothing is asked",
    "non-strict": "still conformant, yet not as the clause words it",
    "fail": "violates the clause",
    "error": "could not be judged: the tester met something it did not foresee",
    "unsupported": "the product showed that it does not offer what the case needs",
    "skip": "not run: the case needs a declaration or a fact that this run lacks",
    "blocked": "not reached: another failure, its cause, stands before it",
    "xfail": "failed, as the list of expected failures says",
    "xpass": "passed although a failure was expected: the list is out of date",
}

SYMBOL = {
    "pass": "✓", "info": "i", "non-strict": "~", "fail": "✗", "error": "!",
    "unsupported": "∅", "skip": "-", "xfail": "x", "xpass": "‼", "blocked": "⊘",
}  # fmt: skip

LEVEL_MEANING = {
    "required": "the standard says shall",
    "recommended": "the standard says should, or leaves no safe alternative; counts under --strict",
    "tolerated": "several outcomes are right; a hang or a crash is not",
    "info": "nothing is judged",
}

SUB_MEANING = {
    "close-only": "the connection was closed without the A-ABORT that the state table asks for",
    "hang": "no reaction within the time allowed",
    "slow": "the reaction came late: past --timeout, before --slow-max",
    "crash": "the product no longer answered afterwards",
    "wrong-source": "the A-ABORT names the wrong source",
    "wrong-reason": "the reason or the status is not the one the standard gives",
    "extra-pdu": "the right answer, followed by more than was due",
    "unreported": "the product told its user nothing of it",
    "precondition": "the way to the stimulus already failed",
    "flaky": "repeated tries gave different verdicts",
}


TRACE_MEANING = {
    "RQ, AC(1:0;3:4)": "A-ASSOCIATE-RQ; A-ASSOCIATE-AC with context:result of each context",
    "RJ(1,1,2)": "A-ASSOCIATE-RJ with result, source, reason",
    "RELEASE, RP": "A-RELEASE-RQ; A-RELEASE-RP",
    "AB(2,6)": "A-ABORT with source (0 service-user, 2 service-provider) and reason",
    "C-ECHO-RSP(0000)": "a whole DIMSE message, with the status of a response",
    "BADMSG, BADDATA": "a command set, or a P-DATA-TF, that cannot be read",
    "PDU(09), JUNK": "a PDU of an undefined type; bytes that are no PDU",
    "CLOSE": "the product closed the connection (FIN or RST)",
    "OPEN": "nothing came, and the connection stayed open",
    "*, a/b": "in what is expected: anything; either",
}


@dataclass(frozen=True, slots=True)
class Area:
    """A clause group: what its cases are about, and the clauses they rest on."""

    title: str
    clauses: str


AREAS = {
    "P.TCP": Area("Transport connection and ARTIM", "PS3.8 9.1"),
    "P.STA2": Area("First PDU on a new connection", "PS3.8 Table 9-10, Sta2"),
    "P.STA13": Area("Waiting for the transport to close", "PS3.8 Table 9-10, Sta13"),
    "P.AC": Area("A-ASSOCIATE-AC", "PS3.8 9.3.3"),
    "P.RQ": Area("Odd and malformed A-ASSOCIATE-RQ", "PS3.8 9.3.2"),
    "P.NEG": Area("Negotiation of user information", "PS3.8 Annex D, PS3.7 D.3.3"),
    "P.STA3": Area("PDUs ahead of the answer", "PS3.8 Table 9-10, Sta3"),
    "P.STA6": Area("Established association", "PS3.8 Table 9-10, Sta6 and Sta8"),
    "P.PDV": Area("P-DATA-TF, PDVs and fragments", "PS3.8 9.3.5, Annexes D and E"),
    "P.CMD": Area("Command sets and Verification", "PS3.7 6.3, 9.1.5, 9.3.5, Annex C"),
    "P.STO": Area("Storage service", "PS3.7 9.3.1, PS3.4 Annex B"),
    "P.TLS": Area("Secure transport", "PS3.15 Annex B"),
    **{
        f"P.{key}": Area(f"{profile.name} profile", f"PS3.15 {profile.id}")
        for key, profile in TLS_PROFILES.items()
    },
    "M.P": Area("State table as acceptor", "PS3.8 9.2.3, Table 9-10"),
    "U.RQ": Area("The product's A-ASSOCIATE-RQ", "PS3.8 9.3.2"),
    "U.S5": Area("Answers that are no plain acceptance", "PS3.8 Table 9-10, Sta5"),
    "U.AC": Area("Odd and malformed A-ASSOCIATE-AC", "PS3.8 9.3.3"),
    "U.S6": Area("Instead of a response", "PS3.8 Table 9-10, Sta6"),
    "U.REL": Area("Orderly release", "PS3.8 Table 9-10, Sta7 to Sta11"),
    "U.DIM": Area("DIMSE requests and responses", "PS3.7 9.3"),
    "U.TLS": Area("Secure transport", "PS3.15 Annex B"),
    "M.U": Area("State table as requestor", "PS3.8 9.2.3, Table 9-10"),
}


def area_of(case: CaseResult) -> str:
    """The clause group of a case: its id without number; all of a role's state matrix is one."""
    return case.group.split(".Sta")[0]


def area(key: str) -> Area:
    """A clause group's description; one that is unknown here keeps its key as title."""
    return AREAS.get(key, Area(key, ""))


def areas(report: Report) -> dict[str, list[CaseResult]]:
    """The cases by clause group, both in the order they ran."""
    found: dict[str, list[CaseResult]] = {}
    for case in report.cases:
        found.setdefault(area_of(case), []).append(case)
    return found


def tally(cases: Iterable[CaseResult]) -> dict[str, int]:
    """How many cases have each mark; marks that do not occur are absent, the worst comes first."""
    counter = Counter(mark(case) for case in cases)
    return {name: counter[name] for name in MARKS if counter[name]}


def strict(report: Report) -> bool:
    """Whether the run was judged strictly."""
    return bool(report.settings.get("strict"))


def fails(report: Report, case: CaseResult) -> bool:
    """Whether this case makes the run fail."""
    return is_failure(case, strict=strict(report))


def outcome(report: Report) -> str:
    """The whole run in one word: "passed", "failed", "incomplete" or "empty"."""
    if not report.judged():
        return "empty"
    if not report.complete:
        return "incomplete"
    baseline_held = all(text == "pass" for text in report.baseline.values())
    failed = report.failures(strict=strict(report))
    return "failed" if failed or not baseline_held else "passed"


def name_of(report: Report) -> str:
    """The product's name, its address if it was given none."""
    target = report.target
    address = f"{target.get('host', '?')}:{target.get('port', '?')}"
    return str(target.get("name") or target.get("exec") or address)


def role_text(role: str) -> str:
    """The role of a product in words."""
    return {"scp": "association acceptor (SCP)", "scu": "association requestor (SCU)"}[role]


def deciding_runs(case: CaseResult) -> list[RunResult]:
    """The runs that made the case's verdict; of a crash also the run before, whose stimulus it was."""
    chosen = [run for run in case.runs if run.verdict is case.verdict]
    if case.sub is Sub.CRASH and case.runs and case.runs[-1].name == LIVE:
        chosen = case.runs[-2:]
    if not chosen:  # what an informative case saw is told, not judged
        heaviest = max(case.runs, key=lambda run: run.verdict.weight, default=None)
        chosen = [] if heaviest is None else [heaviest]
    return chosen


def deviations(report: Report) -> tuple[list[CaseResult], list[CaseResult]]:
    """Cases that fail the run, and those that deviate without failing it."""
    failures = [case for case in report.cases if fails(report, case)]
    bad = {Verdict.FAIL, Verdict.NON_STRICT, Verdict.ERROR}
    chosen = {id(case) for case in failures}
    others = [
        case
        for case in report.cases
        if case.verdict in bad and id(case) not in chosen and not case.blocked
    ]
    return failures, others


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One case over several products; None where a product's run did not hold the case."""

    id: str
    title: str
    level: str
    area: str
    cells: tuple[CaseResult | None, ...]

    @property
    def differs(self) -> bool:
        """Whether products that were judged differ in mark or in the kind of deviation."""
        judged = {(mark(c), c.sub) for c in self.cells if c is not None and c.verdict not in _MOOT}
        return len(judged) > 1


_MOOT = (Verdict.SKIP, Verdict.UNSUPPORTED)


def matrix(reports: Sequence[Report]) -> list[MatrixRow]:
    """Results of one role side by side: a row for every case that any of them holds."""
    tables = [{case.id: case for case in report.cases} for report in reports]
    known: dict[str, CaseResult] = {}
    for report in reports:
        for case in report.cases:
            known.setdefault(case.id, case)
    places = {key: number for number, key in enumerate(AREAS)}
    ordered = sorted(known.values(), key=lambda case: places.get(area_of(case), len(places)))
    return [
        MatrixRow(
            case.id, case.title, case.level.value, area_of(case),
            tuple(table.get(case.id) for table in tables),
        )
        for case in ordered
    ]  # fmt: skip


def by_role(reports: Sequence[Report]) -> dict[str, list[int]]:
    """Positions of the reports by role, acceptors first: only equals are comparable."""
    found = {role: [n for n, r in enumerate(reports) if r.role == role] for role in ("scp", "scu")}
    return {role: numbers for role, numbers in found.items() if numbers}
