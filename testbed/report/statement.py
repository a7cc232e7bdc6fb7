"""Text for a conformance statement in the manner of PS3.2: one paragraph an area.

The paragraphs say what was observed, no more: what passed, each deviation with its clause, and what was
not tested and why. They are meant to be pasted below the matching headings of a product's statement.
"""

import textwrap
from collections.abc import Iterable, Iterator

from .. import causes, names
from ..declaration import by_syntaxes
from ..profiles import PROFILES
from ..results import CaseResult, Report
from ..verdicts import Verdict
from . import figures

WIDTH = 96

#: Heading of a conformance statement -> the clause groups that bear on it.
HEADINGS = {
    "Association policies: general": ("P.TCP", "U.RQ"),
    "Association acceptance policy": ("P.STA2", "P.RQ", "P.STA3", "P.AC"),
    "Association initiation policy": ("U.S5", "U.AC"),
    "Extended negotiation": ("P.NEG",),
    "Data transfer": ("P.STA6", "P.PDV"),
    "Verification and command handling": ("P.CMD",),
    "Storage": ("P.STO",),
    "Message exchange as service class user": ("U.DIM", "U.S6"),
    "Association release and termination": ("P.STA13", "U.REL"),
    "Upper Layer state machine": ("M.P", "M.U"),
    "Security: secure transport": ("P.TLS", "P.B10", "P.B11", "P.B12", "P.B13", "U.TLS"),
}


def statement(report: Report) -> list[str]:
    """The paragraphs for one product in one role, as lines of at most 96 columns."""
    blocks = [_preamble(report), *_claimed(report), *_announced(report)]
    grouped = figures.areas(report)
    for heading, keys in HEADINGS.items():
        cases = [case for key in keys for case in grouped.get(key, [])]
        if cases:
            blocks.append([heading, *_wrap(" ".join(_paragraph(cases)))])
    known = {key for keys in HEADINGS.values() for key in keys}
    for key, cases in grouped.items():
        if key not in known:
            title = figures.area(key).title
            blocks.append([title, *_wrap(" ".join(_paragraph(cases)))])
    return [line for block in blocks for line in (*block, "")][:-1]


def _wrap(text: str) -> list[str]:
    clean = "".join(c if c.isprintable() else "�" for c in text)
    return textwrap.wrap(clean, WIDTH - 2, break_long_words=False, break_on_hyphens=False)


def _preamble(report: Report) -> list[str]:
    name, target = figures.name_of(report), report.target
    version = target.get("implementation_version")
    text = (
        f"{name}{f' ({version})' if version else ''} was tested as {figures.role_text(report.role)} "
        f"with dulspec on {report.started[:10]}"
        f"{', judged strictly' if figures.strict(report) else ''}. "
        "What follows was observed on the network; it is no certification."
    )
    endings = {
        "incomplete": " The run is incomplete, and so is this text.",
        "empty": " No case could run; nothing can be stated.",
    }
    return ["Implementation tested", *_wrap(text + endings.get(figures.outcome(report), ""))]


def _claimed(report: Report) -> Iterator[list[str]]:
    """What kind of product it is said to be, what of that was judged, and what nobody judged."""
    profile = PROFILES.get(str(report.settings.get("profile", "")))
    if profile is None:
        return
    word = {"scp": "as SCP", "scu": "as SCU"}
    services = "; ".join(
        f"Verification{' and Storage' if part.storage else ''} {word[role]}"
        for role, part in profile.parts.items()
    )
    text = f"The product is {profile.title}. Of its network services the testbed judges {services}."
    if profile.beyond:
        text += f" No case judges {', '.join(profile.beyond)}: state these apart."
    yield ["Application profile", *_wrap(text)]


def _announced(report: Report) -> Iterator[list[str]]:
    """Paragraphs of facts that the product announced or that were measured."""
    target = report.target
    facts = []
    if target.get("implementation_class"):
        facts.append(f"The Implementation Class UID is {target['implementation_class']}.")
    if target.get("implementation_version"):
        facts.append(f"The Implementation Version Name is {target['implementation_version']}.")
    if facts:
        yield ["Implementation identifying information", *_wrap(" ".join(facts))]
    facts = []
    if target.get("max_length") is not None:
        length = target["max_length"]
        limit = f"{length} bytes" if length else "unlimited (0)"
        facts.append(f"The maximum length announced for P-DATA-TF PDUs is {limit}.")
    if target.get("concurrent") is not None:
        answer = "does" if target["concurrent"] else "does not"
        facts.append(f"The product {answer} serve two associations at the same time.")
    if target.get("artim"):
        facts.append(f"An idle connection was closed after {target['artim']:.1f} s (ARTIM).")
    if target.get("ciphers"):
        taken = "; ".join(f"of {key}: {cipher}" for key, cipher in target["ciphers"].items())
        facts.append(f"Offered the suites of each PS3.15 profile, it took, {taken}.")
    if facts:
        yield ["Association policies: observed limits", *_wrap(" ".join(facts))]
    services = target.get("observed", {}).get("sop-classes", {})
    if services:
        yield ["Presentation contexts accepted", *_contexts(services)]


def _contexts(services: dict[str, list[str]]) -> Iterator[str]:
    """SOP classes that are accepted in the same transfer syntaxes, each set of them once."""
    for common, uids in by_syntaxes(services).items():
        classes = "; ".join(names.uid_name(uid) for uid in uids)
        yield from _wrap(f"In {', '.join(map(names.uid_name, common))}:")
        yield from (f"  {line}" for line in _wrap(f"{classes}."))


def _paragraph(cases: list[CaseResult]) -> Iterator[str]:
    keys = dict.fromkeys(figures.area_of(case) for case in cases)
    clauses = "; ".join(dict.fromkeys(figures.area(key).clauses for key in keys if key))
    moot = {Verdict.SKIP, Verdict.UNSUPPORTED, Verdict.ERROR}
    judged = [case for case in cases if case.verdict not in moot and not case.blocked]
    good = [case for case in judged if case.verdict in {Verdict.PASS, Verdict.INFO}]
    basis = f" ({clauses})" if clauses else ""
    if not judged:
        yield f"None of the {len(cases)} cases of this area{basis} was judged."
    elif len(good) == len(judged):
        yield f"The product behaved as the standard describes in {_all(len(judged))}{basis}."
    else:
        yield (
            f"The product behaved as the standard describes in {len(good)} of {len(judged)} "
            f"cases{basis}."
        )
    bad = [case for case in judged if case.verdict is Verdict.FAIL]
    loose = [case for case in judged if case.verdict is Verdict.NON_STRICT]
    yield from _list("It deviates in these:", bad)
    yield from _list("It conforms, yet not as the clause words it, in these:", loose)
    yield from _open(case for case in cases if case.verdict in moot)
    yield from _behind([case for case in cases if case.blocked])


def _behind(cases: list[CaseResult]) -> Iterator[str]:
    for key in dict.fromkeys(case.blocked for case in cases):
        ids = ", ".join(case.id for case in cases if case.blocked == key)
        yield f"Not reached, because {causes.title(key)}: {ids}."


def _all(count: int) -> str:
    return {1: "the one case tested", 2: "both cases tested"}.get(
        count, f"all {count} cases tested"
    )


def _list(lead: str, cases: list[CaseResult]) -> Iterator[str]:
    if cases:
        parts = []
        for case in cases:
            kind = figures.SUB_MEANING.get(case.sub.value, "") or case.message
            parts.append(f"{case.id}, {case.title} ({case.clause}; {case.level}): {kind}")
        yield f"{lead} {'; '.join(parts)}."


def _open(cases: Iterable[CaseResult]) -> Iterator[str]:
    parts = [f"{case.id} ({case.verdict}: {case.message or 'no reason given'})" for case in cases]
    if parts:
        yield f"Not judged: {'; '.join(parts)}."
