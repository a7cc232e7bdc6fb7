"""`dulspec explore` against our own stack and against every peer that is installed.

    python tests/interop/exploration.py --sequences 1500 --seed 1

It explores every subject of `conformance_subjects.py` in its role, one after another, in a network namespace that
has only loopback, and leaves in build/exploration/SUBJECT a page, the data, and a file for each cause.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# How this script, which pytest does not start, finds what all tests share; and the tree's packages
# before the folders of tests that have their names.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.append(str(Path(__file__).resolve().parent.parent))

from conformance_subjects import SUBJECTS, Subject, placed, template
from peer_processes import ROOT, Service, free_port, private_network

#: Options of a subject that `explore` knows too, each with its value.
_SHARED = {"--called", "--timeout"}


def command(subject: Subject, port: int, tls_port: int, work: Path) -> list[str]:
    """The command that explores a subject; `port` is its own, or that of the service it needs."""
    words: list[object] = [sys.executable, "-m", "testbed", "explore"]
    if subject.role == "scp":
        assert subject.start is not None
        start = template(placed(subject.start(port, work), tls_port))
        words += ["127.0.0.1", port, "--exec", start]
    else:
        assert subject.store is not None
        words += ["--exec", template(subject.store(port))]
    given = list(placed(subject.options, tls_port))
    for option, value in itertools.pairwise(given):
        if option in _SHARED:
            words += [option, value]
    name = f"{subject.product} {subject.version()}".strip()
    words += ["--name", name, "--out", work / "found", "--html", work / "page.html"]
    return [str(each) for each in (*words, "--json", work / "result.json")]


def explore(subject: Subject, work: Path, more: Sequence[str]) -> str:
    """Explore one subject; what came of it in a line."""
    if reason := subject.missing():
        return f"not installed: {reason}"
    (work / "stored").mkdir(parents=True, exist_ok=True)
    port, tls_port = free_port(), free_port()
    with contextlib.ExitStack() as stack:
        if subject.role == "scu" and subject.start is not None:
            service = [str(each) for each in subject.start(port, work)]
            try:
                stack.enter_context(Service(service, port, log=work / "service.log", cwd=work))
            except AssertionError as error:
                return f"did not start: {error}"
        with (work / "log").open("wb") as log:
            subprocess.run(
                [*command(subject, port, tls_port, work), *more],
                cwd=work,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
    result = work / "result.json"
    if not result.exists():
        return (work / "log").read_text("utf-8", "replace").strip().rpartition("\n")[2]
    data = json.loads(result.read_text("utf-8"))
    causes = [each["cause"] for each in data["finds"] if each["repeats"]]
    visited = sum(cell["visited"] > 0 for cell in data["cells"])
    told = f"{data['sequences']} sequences in {data['seconds']:.0f} s, {visited} cells"
    return "\n    ".join([f"{told}, {len(causes)} causes {data['ended']}".rstrip(), *causes])


def main() -> int:
    """Explore what was chosen; 1 if something that fails was found in our own stack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "exploration")
    parser.add_argument("--only", action="append", default=[], metavar="KEY[-ROLE]")
    parser.add_argument("--sequences", type=int, default=1500)
    parser.add_argument("--minutes", type=float, default=10.0, help="for each, at most")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    more = [f"--{name}={getattr(options, name)}" for name in ("sequences", "minutes", "seed")]
    wrong = 0
    with private_network():
        for each in SUBJECTS:
            if options.only and not {each.key, f"{each.key}-{each.role}"} & set(options.only):
                continue
            work = options.work.resolve() / f"{each.key}-{each.role}"
            told = explore(each, work, more)
            print(f"{each.role} {each.product}: {told}", flush=True)
            wrong += each.ours and "causes\n" in f"{told}\n" and " 0 causes" not in told
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
