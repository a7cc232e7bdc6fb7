"""The testbed's TLS cases against storescp and storescu with each TLS profile (PS3.15 Annex B).

    python tests/interop/conformance_tls.py docs/conformance/tls-profiles.md

`make conformance` runs it. What a profile does by its nature is in `BY_DESIGN`; anything else that is
no pass is a failure, and the exit code says so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

# As in conformance.py: how a script that pytest does not start finds what it shares with the tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.append(str(Path(__file__).resolve().parent.parent))

from certified import FIVE_SUITES, Certified, Office
from conformance_subjects import template
from peer_processes import ROOT, free_port, private_network

_OLD = "it allows TLS 1.0 and 1.1, as PS3.15 B.9 did"


@dataclass(frozen=True)
class Tried:
    """A profile as it is tried.

    Attributes:
        name: of `--tls-profile`.
        claim: what dulspec is told that we claim; "": it has no cases for that profile.
        key: the kind of key of the server's certificate, which decides what suites are possible.
        by_design: cases that can't be passed, and why.
    """

    name: str
    claim: str = ""
    key: str = "EC"
    by_design: Mapping[str, str] | None = None

    @property
    def cases(self) -> list[str]:
        return ["P.TLS", *([f"P.{self.claim.replace('.', '')}"] if self.claim else [])]


PROFILES = (
    Tried("bcp195", "B.12"),
    Tried("bcp195-modified", "B.13"),
    Tried("tls13", by_design={"P.TLS.01": "TLS 1.2 is refused: that is what it is for"}),
    Tried("bcp195-rfc7525", by_design={"P.TLS.03": _OLD, "U.TLS.01": _OLD}),
    Tried("bcp195-nd", "B.10", "RSA"),
    Tried("bcp195-extended", "B.11", "RSA", {"P.TLS.02": "its list is closed, and has no TLS 1.3"}),
)
LEFT_OUT = {
    "basic": "3DES is not in OpenSSL 3: the tools end with an error at their start",
    "aes": "as `basic`",
    "null": "nothing is encrypted, so the testbed has no suite in common with it",
}


class Papers:
    """Certificates of one run, good ones and bad ones."""

    def __init__(self, folder: Path) -> None:
        other = folder / "other"
        other.mkdir()
        self.office, stranger = Office(folder), Office(other, "another CA")
        self.server = {key: self.office.issue("server", key=key) for key in ("EC", "RSA")}
        self.client = self.office.issue("client")
        self.expired = self.office.issue("expired", days=(-9, -1))
        self.unknown = stranger.issue("unknown")
        self.elsewhere = self.office.issue("elsewhere", host="x.invalid")
        self.openssl_conf = folder / "openssl.cnf"
        self.openssl_conf.write_text(FIVE_SUITES, "ascii")

    def presented(self, good: Certified) -> list[object]:
        """Options of dulspec: what it shows the product."""
        shown = {"": good, "expired-": self.expired, "unknown-": self.unknown}
        words: list[object] = ["--ca", self.office.ca]
        for which, each in shown.items():
            words += [f"--{which}cert", each.certificate, f"--{which}key", each.key]
        return words


def judged(tried: Tried, role: str, papers: Papers, work: Path) -> dict[str, str]:
    """The verdict of each case, in one role: "scp" or "scu"."""
    work.mkdir(parents=True)
    python, result = sys.executable, work / "result.json"
    own = papers.server[tried.key] if role == "scp" else papers.client
    options = [*own.options, "+cf", papers.office.ca, "--tls-profile", tried.name]
    if role == "scp":
        port = free_port()
        start = [python, "-m", "cli.storescp", "--host", "127.0.0.1", "-ta", 3]
        start += ["-od", work, *options, port]
        what = ["127.0.0.1", port, *tried.cases, "--mutual", "--start-cmd", template(start)]
        what += papers.presented(papers.client)
    else:
        calling = ["-ta", 5, "-td", 5, *options, "{host}", "{port}"]
        what = ["U.TLS", "--check-host"]
        what += ["--exec", template([python, "-m", "cli.storescu", *calling, "{file}"])]
        what += ["--exec-echo", template([python, "-m", "cli.echoscu", *calling])]
        what += papers.presented(papers.server["EC"])
        elsewhere = papers.elsewhere
        what += ["--other-cert", elsewhere.certificate, "--other-key", elsewhere.key]
    if tried.claim:
        what += ["--tls-profile", tried.claim]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    if tried.name == "bcp195-modified":
        environment["OPENSSL_CONF"] = str(papers.openssl_conf)
    command = [python, "-m", "testbed", role, *what, "--tls", "--artim-max", 10, "--json", result]
    with (work / "log").open("wb") as log:
        subprocess.run(
            [str(each) for each in command],
            cwd=work, env=environment, stdout=log, stderr=log, check=False, timeout=300,
        )  # fmt: skip
    if not result.exists():
        raise AssertionError((work / "log").read_text("utf-8", "replace")[-2000:])
    cases = json.loads(result.read_text("utf-8"))["cases"]
    return {each["id"]: each["verdict"] for each in cases}


def wrong(tried: Tried, verdicts: Mapping[str, str]) -> dict[str, str]:
    """What is no pass, and not by design."""
    expected = tried.by_design or {}
    return {case: found for case, found in verdicts.items() if found != "pass" and case not in expected}  # fmt: skip


def page(found: Mapping[str, Mapping[str, str]]) -> str:
    """The table in docs/conformance.

    Args:
        found: verdicts by case, by profile.
    """
    names = [each.name for each in PROFILES]
    cases = sorted({case for verdicts in found.values() for case in verdicts})
    lines = [
        "# The testbed's TLS cases, profile by profile",
        "",
        "`storescp` and `storescu` with each `--tls-profile`, judged by `dulspec` with the cases `P.TLS` and",
        "`U.TLS`, and with those of the profile of PS3.15 that is claimed (`P.B10` to `P.B13`, required then).",
        "`tests/interop/conformance_tls.py` runs it and writes this page; it is part of `make conformance`.",
        "What is left blank says nothing of that profile.",
        "",
        f"| case | {' | '.join(f'`{name}`' for name in names)} |",
        f"|---|{'---|' * len(names)}",
    ]
    for case in cases:
        cells = [found[name].get(case, "") for name in names]
        lines.append(f"| {case} | {' | '.join(cells)} |")
    lines += ["", "Not passed by design:", ""]
    lines += [
        f"- `{each.name}`, {case}: {why}." for each in PROFILES for case, why in (each.by_design or {}).items()
    ]  # fmt: skip
    lines += ["", "Not judged:", ""]
    lines += [f"- `{name}`: {why}." for name, why in LEFT_OUT.items()]
    return "\n".join(lines) + "\n"


def judge_all(work: Path) -> dict[str, dict[str, str]]:
    """Both roles of every profile, three runs side by side: they mostly wait for timers."""
    papers = Papers(work)
    runs = [(tried, role) for tried in PROFILES for role in ("scp", "scu")]
    with ThreadPoolExecutor(3) as pool:
        results = pool.map(lambda run: judged(*run, papers, work / f"{run[0].name}-{run[1]}"), runs)
        found: dict[str, dict[str, str]] = {tried.name: {} for tried in PROFILES}
        for (tried, _), verdicts in zip(runs, results, strict=True):
            found[tried.name] |= verdicts
    return found


def main(arguments: Sequence[str]) -> int:
    """Judge, write the page, and tell what is not as it should be."""
    with private_network(), tempfile.TemporaryDirectory() as work:
        found = judge_all(Path(work))
    Path(arguments[0]).write_text(page(found), "utf-8")
    bad = {each.name: wrong(each, found[each.name]) for each in PROFILES}
    for name, cases in bad.items():
        print(f"{name}: {cases or 'as it should be'}")
    return 1 if any(bad.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
