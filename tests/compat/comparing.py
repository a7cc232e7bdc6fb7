"""One command line through DCMTK's tool and ours, and where what came of it differs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from installed import program
from lines import Line
from receiver import BEHAVIOURS, Call, Received, Receiver

from dimse.errors import DIMSEError
from dimse.objects.outgoing import examine

ROOT = Path(__file__).parents[2]
DICOM = ROOT / "fixtures" / "dicom"
PATIENCE = 60.0


@dataclass
class Run:
    """What came of a command line."""

    code: int
    lines: list[str]
    dots: int
    calls: list[Call]

    @property
    def objects(self) -> list[Received]:
        """Of all associations."""
        return [each for call in self.calls for each in call.objects]

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """SOP classes with each transfer syntax that was proposed for them."""
        return {
            (uid, syntax)
            for call in self.calls
            for uid, syntaxes in call.contexts
            for syntax in syntaxes
        }


def both(line: Line) -> tuple[Run, Run]:
    """DCMTK's and ours, at the same time."""
    theirs = [program("dcmtk", line.tool)]
    ours = [sys.executable, "-m", f"cli.{line.tool}"]
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda start: _run(start, line), (theirs, ours))
    return first, second


def _run(start: list[str], line: Line) -> Run:
    environment = {key: value for key, value in os.environ.items() if key != "DCMDICTPATH"}
    with Receiver(BEHAVIOURS[line.behaviour]) as receiver:
        words = line.words.replace("PEER", f"localhost {receiver.port}").split()
        done = subprocess.run(
            [*start, *words],
            capture_output=True,
            cwd=DICOM,
            env=environment | {"PYTHONPATH": str(ROOT)},
            timeout=PATIENCE,
            check=False,
        )
    said = done.stderr.decode("utf-8", "replace").splitlines()
    dots = done.stdout.decode("utf-8", "replace").count("XMIT: ")
    return Run(done.returncode, said, dots, receiver.calls)


def differences(line: Line, theirs: Run, ours: Run) -> dict[str, str]:
    """By aspect: what DCMTK's run has, and what ours."""
    found: dict[str, str] = {}

    def compare(aspect: str, first: object, second: object) -> None:
        if first != second:
            found[aspect] = f"DCMTK: {first}\nours:  {second}"

    own = _own_pairs(line)
    classes = {uid for uid, _ in own}
    if theirs.calls and ours.calls:
        wanted = {pair for pair in theirs.pairs if pair[0] in classes}
        have = {pair for pair in ours.pairs if pair[0] in classes}
        compare("contexts", wanted - own, have - own)
    compare("associations", bool(theirs.calls), bool(ours.calls))
    compare("titles", _titles(theirs), _titles(ours))
    compare(
        "objects",
        [(each.instance, each.message_id) for each in theirs.objects],
        [(each.instance, each.message_id) for each in ours.objects],
    )
    if "objects" not in found:
        first = [each.syntax for each in theirs.objects]
        second = [each.syntax for each in ours.objects]
        compare("syntaxes", first, second)
    compare("exit", theirs.code, ours.code)
    compare("end", [call.end for call in theirs.calls], [call.end for call in ours.calls])
    said = [_key(each) for each in ours.lines]
    missing = [
        each
        for each in map(_key, theirs.lines)
        if each and not any(other.startswith(each.rstrip(")")) for other in said)
    ]
    compare("messages", missing, [])
    if "objects" not in found and "messages" not in found:
        compare("dots", theirs.dots, ours.dots)
    return found


def _titles(run: Run) -> list[tuple[str, str]]:
    return [(call.request.calling_ae_title, call.request.called_ae_title) for call in run.calls[:1]]


def _own_pairs(line: Line) -> set[tuple[str, str]]:
    """SOP class and transfer syntax of each file on the line."""
    pairs = set()
    for word in line.words.split():
        path = DICOM / word
        if path.is_file():
            try:
                item = examine(path)
            except DIMSEError:
                continue
            pairs.add((item.sop_class_uid, item.transfer_syntax_uid))
    return pairs


# What every run of DCMTK's says and ours does not, and numbers that are not to be the same.
_PASSED_OVER = re.compile(
    r"^$|^\$dcmtk: |^(storescu|dcmsend): |^[DT]: "
    r"|^I: Converting transfer syntax: (.*) -> \1$"
    r"|^I: (starting association|initializing network|negotiating network|sending SOP instances)"
    r"|^I: Number of pres|^I: +$|^W: DcmItem|^E: DcmElement"
    r"|^[IDWEF]: (=|[A-Z][A-Za-z/ -]+:|  )"  # dumps of associations
)


def _key(line: str) -> str:
    """A line, or what of it is to be the same; empty: nothing is."""
    line = line.strip()
    if _PASSED_OVER.match(line) and not line.startswith(("F: Result", "F: Reason", "E: Store")):
        return ""
    return re.sub(r"Max Send PDV: \d+|port \d+", "N", line)


def changed(line: Line, ours: Run) -> list[str]:
    """Our objects that were sent in their file's own transfer syntax, and not as they lie there."""
    own = {}
    for word in line.words.split():
        path = DICOM / word
        if path.is_file():
            with contextlib.suppress(DIMSEError):
                item = examine(path)
                own[item.sop_instance_uid] = item
    wrong = []
    for each in ours.objects:
        item = own.get(each.instance)
        if item is not None and item.transfer_syntax_uid == each.syntax:
            source = item.open(each.syntax)
            content = bytearray(len(source))
            source.readinto(memoryview(content))
            source.close()
            if hashlib.sha256(content).hexdigest() != each.digest:
                wrong.append(item.name)
    return wrong
