"""JUnit XML as CI servers read it: one suite a result, one test case a case.

`name` is the case's id and `classname` its clause group, so servers that split `classname` at the last
dot show `P` and `RQ`. What fails the run is a `failure`, what could not be judged an `error`; a
deviation that does not fail the run is `skipped` with its message, since green would hide it and red
would contradict the exit code. Two more test cases, `baseline.first` and `baseline.last`, and one
called `complete`, keep an interrupted run from reading as a pass.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from .. import causes
from ..results import CaseResult, Report, mark
from ..verdicts import Verdict
from . import figures, text

#: Code points XML 1.0 cannot hold, not even escaped (XML 1.0, 2.2).
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _legal(value: object) -> str:
    return _ILLEGAL.sub("�", str(value))


def write(reports: Sequence[Report], path: Path) -> None:
    """Write the results as JUnit XML.

    Raises:
        OSError: the file cannot be written.
    """
    tree = ET.ElementTree(build(reports))
    ET.indent(tree)
    tree.write(path, encoding="utf-8", xml_declaration=True)


def build(reports: Sequence[Report]) -> ET.Element:
    """The `testsuites` element."""
    root = ET.Element("testsuites", name="dulspec")
    several = len(reports) > 1
    for report in reports:
        root.append(_suite(report, prefixed=several))
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    root.set("time", f"{sum(report.seconds for report in reports):.3f}")
    return root


def _suite(report: Report, *, prefixed: bool) -> ET.Element:
    name = f"{figures.name_of(report)} ({report.role})"
    # Servers know a test by classname and name alone: several products need different ones.
    prefix = f"{re.sub(r'[^A-Za-z0-9_-]+', '-', name).strip('-')}." if prefixed else ""
    suite = ET.Element(
        "testsuite",
        name=_legal(name),
        hostname=_legal(report.target.get("host", "") or "localhost"),
        timestamp=report.started.removesuffix("Z").partition("+")[0],
    )
    properties = ET.SubElement(suite, "properties")
    for key, value in (*report.target.items(), ("role", report.role)):
        if value not in ("", None) and not isinstance(value, dict):
            ET.SubElement(properties, "property", name=f"target.{key}", value=_legal(value))
    for key, value in report.settings.items():
        ET.SubElement(properties, "property", name=f"setting.{key}", value=_legal(value))
    for number, root in enumerate(causes.roots(report.cases), start=1):
        told = f"{root.title}: {root.consequence} ({len(root.cases)} cases, {len(root.behind)} not reached)"
        ET.SubElement(properties, "property", name=f"cause.{number}", value=_legal(told))
    for key, value in figures.tally(report.cases).items():
        ET.SubElement(properties, "property", name=f"count.{key}", value=_legal(value))
    tests = [_guard(report, which, prefix) for which in ("first", "last")]
    tests += [_test(report, case, prefix) for case in report.cases]
    tests.append(_complete(report, prefix))
    suite.extend(tests)
    kinds = Counter(child.tag for test in tests for child in test)
    suite.set("tests", str(len(tests)))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(kinds[tag]))
    suite.set("time", f"{report.seconds:.3f}")
    return suite


def _guard(report: Report, which: str, prefix: str) -> ET.Element:
    test = ET.Element("testcase", name=f"baseline.{which}", classname=f"{prefix}run", time="0.000")
    verdict = report.baseline.get(which, "did not run")
    if verdict != "pass":
        message = _legal(f"{which} baseline association: {verdict}")
        ET.SubElement(test, "error", message=message, type="baseline").text = message
    return test


def _complete(report: Report, prefix: str) -> ET.Element:
    test = ET.Element("testcase", name="complete", classname=f"{prefix}run", time="0.000")
    if not report.complete or not report.judged():
        message = f"the run is {figures.outcome(report)}: cases are missing"
        ET.SubElement(test, "error", message=message, type="incomplete").text = message
    return test


def _test(report: Report, case: CaseResult, prefix: str) -> ET.Element:
    test = ET.Element(
        "testcase",
        name=case.id,
        classname=prefix + figures.area_of(case),
        time=f"{case.seconds:.3f}",
    )
    properties = ET.SubElement(test, "properties")
    facts = {
        "title": case.title, "level": case.level.value, "clause": case.clause,
        "verdict": mark(case), "sub": case.sub.value, "tags": " ".join(case.tags),
        "xfail": case.xfail or "", "cause": causes.title(case.cause) if case.cause else "",
    }  # fmt: skip
    for key, value in facts.items():
        if value:
            ET.SubElement(properties, "property", name=key, value=_legal(value))
    found = _finding(report, case)
    if found is not None:
        tag, message = found
        child = ET.SubElement(test, tag, message=_legal(message))
        if tag != "skipped":
            child.set("type", case.sub.value or mark(case))
            child.text = _legal("\n".join(text.account(case)))
    if case.verdict in {Verdict.FAIL, Verdict.NON_STRICT, Verdict.INFO} and case.message:
        ET.SubElement(test, "system-out").text = _legal(case.message)
    return test


def _finding(report: Report, case: CaseResult) -> tuple[str, str] | None:
    """The child element that tells the outcome, None for a plain pass."""
    message = case.message or case.sub.value or case.verdict.value
    if case.blocked:
        return "skipped", f"not reached because of: {causes.title(case.blocked)}"
    if mark(case) == "xpass":
        return "failure", f"was expected to fail ({case.xfail}), and passes: take it off the list"
    if mark(case) == "xfail":
        return "skipped", f"expected failure ({case.xfail}): {message}"
    if case.verdict is Verdict.ERROR:
        return "error", message
    if figures.fails(report, case):
        return "failure", f"{case.title}: {message}"
    if case.verdict in {Verdict.SKIP, Verdict.UNSUPPORTED}:
        return "skipped", f"{case.verdict.value}: {message}"
    if case.verdict is Verdict.FAIL:
        return "skipped", f"{case.level.value} only, does not fail the run: {message}"
    if case.verdict is Verdict.NON_STRICT:
        return "skipped", f"non-strict, does not fail the run: {message}"
    return None
