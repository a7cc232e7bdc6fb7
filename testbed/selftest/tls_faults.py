"""Faults planted in how the mini peers speak TLS, and the cases that are to catch them."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from .. import catalogue, certificates
from ..mini.peer import Config
from ..mini.secure import secure_launcher, secure_server, server_context
from ..model import Case
from ..results import Report
from ..runner import Runner, Unusable
from ..trial import Trial
from .faults import PlantedFault
from .judging import FAST

TLS_SCP_FAULTS = (
    PlantedFault(
        "tls-without-1.2",
        ("P.TLS.01", "P.B10.01", "P.B11.01", "P.B12.01", "P.B12.02"),
        ("P.TLS.0*", "P.B*"),
    ),
    PlantedFault("tls-without-1.3", ("P.TLS.02",), ("P.B*",)),
    PlantedFault("tls-takes-old-versions", ("P.TLS.03",), ("P.TLS.04", "P.TLS.05", "P.B*")),
    PlantedFault("tls-takes-broken-suites", ("P.TLS.04",), ("P.TLS.05", "P.B*")),
    PlantedFault("tls-takes-static-rsa", ("P.TLS.05", "P.B11.03", "P.B13.04"), ("P.B*",)),
    PlantedFault("tls-of-no-profile", ("P.TLS.02", "P.B10.01", "P.B13.01"), ("P.TLS.0*", "P.B*")),
    PlantedFault("tls-takes-anybody", ("P.TLS.06",)),
    PlantedFault("tls-speaks-plain-too", ("P.TLS.07",), ("P.TLS.10",)),
    PlantedFault("tls-reads-records", ("P.TLS.08",), ("P.TLS.0*",)),
    PlantedFault("Sta6.Evt17:nothing", ("P.TLS.09",)),
    PlantedFault("tls-waits-for-ever", ("P.TLS.10",)),
)
TLS_SCU_FAULTS = (
    PlantedFault("tls-takes-old-versions", ("U.TLS.01",), ("U.TLS.03",)),
    PlantedFault("tls-trusts-anybody", ("U.TLS.02",)),
    PlantedFault("tls-takes-broken-suites", ("U.TLS.03",), ("U.TLS.01",)),
    PlantedFault("tls-falls-back", ("U.TLS.04",), ("U.TLS.*",)),
    PlantedFault("tls-trusts-nobody", ("U.TLS.05",)),
)


def tls_cases(role: str) -> list[Case]:
    """The cases about TLS of a role."""
    return catalogue.select(
        catalogue.cases(role), ["P.TLS", "P.B*", "U.TLS"], excludes=["P.TLS.11"]
    )


def judge_tls(role: str, fault: str | None, cases: Sequence[Case]) -> Report:
    """Run cases about TLS against the mini peer of a role, clean or with one fault.

    Raises:
        NoOpenSSL: no certificates can be made here.
    """
    made = _certificates().made
    settings = replace(
        FAST, tls_files=made.tester(trust_only_ours=False), timeout=2.0, check_host=True
    )
    config = Config(frozenset([fault] if fault else []), linger=4.0)
    ca = made.pem("ca")
    if role == "scp":
        context = server_context(fault or "", made.pem("product"), made.key("product"), ca)
        with secure_server(fault or "", config, context) as server:
            told = replace(settings, tls=True, mutual=True, port=server.port)
            return _report(Runner(Trial(told, "scp"), cases))
    trial = Trial(replace(settings, exec="mini", exec_tls="mini"), "scu")
    trial.launcher = trial.tls_launcher = secure_launcher(fault or "", config, ca, "localhost")
    trial.target["requests"] = ["C-STORE-RQ"]
    runner = Runner(trial, cases)
    report = Report("scu", {}, {}, "")
    try:
        report.cases = [runner.judge(case) for case in cases]
    finally:
        trial.close()
    return report


class _Certificates:
    """Certificates in a folder that lives as long as this process."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="dulspec-selftest-")
        self.made = certificates.made(Path(self.folder.name))


@lru_cache(maxsize=1)
def _certificates() -> _Certificates:
    return _Certificates()


def _report(runner: Runner) -> Report:
    try:
        return runner.run()
    except Unusable:
        return runner.report
