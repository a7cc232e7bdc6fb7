"""The table as text and as JSON, with all that must be known to read it."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import Compared, Figure, median
from benchmarks.programs import Ours, dcmtk_version

__all__ = ["as_json", "facts", "text"]


def facts(ours: Ours, source: Path) -> dict[str, str]:
    """The machine, the versions, and when."""
    said = [line.split(":")[1] for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    processor = said[0].strip() if said else platform.processor()
    commit = subprocess.run(
        ["git", "-C", str(source), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{os.cpu_count()} x {processor}, {_memory()} GiB",
        "system": f"Linux {platform.release()}",
        "load": f"{os.getloadavg()[0]:.2f} before the first run",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "dulcet": f"commit {commit.stdout.strip() or 'unknown'}, from a wheel; byte code "
        + ("cached" if ours.byte_code() else "NOT CACHED"),
        "peers": f"{dcmtk_version() or 'DCMTK is not installed'}, with TCP_NODELAY=1",
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text("utf-8", "replace").splitlines()


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def text(compared: Compared) -> str:
    """A row."""
    ours, theirs = median(compared.ours).seconds, median(compared.theirs).seconds
    row = compared.row
    verdict = {True: "reached", False: "NOT reached", None: ""}[compared.reached]
    target = "" if row.target is None else f"<= {row.target:g}"
    spread = f"{min(compared.ratios):.2f}..{max(compared.ratios):.2f}"
    return (
        f"{row.work:58} {_seconds(ours):>9} {_seconds(theirs):>9}"
        f" {compared.ratio:6.2f} {spread:>11}  {target:8}{verdict}"
    )


HEADING = f"{'work':58} {'ours':>9} {'theirs':>9} {'ratio':>6} {'spread':>11}  target"


def _seconds(value: float) -> str:
    return f"{value:.3f} s" if value >= 0.01 else f"{value * 1e6:.0f} us"


def as_json(
    about: Mapping[str, str],
    rows: Iterable[Compared],
    memory: Mapping[str, float],
    **more: Mapping[str, Any],
) -> str:
    """All figures of all rounds; seconds and MiB. What else was measured stands under its name."""
    found = {"about": about, "rows": [_row(each) for each in rows], "memory_mib": memory}
    return json.dumps(found | more, indent=1)


def _row(compared: Compared) -> dict[str, Any]:
    row = compared.row
    return {
        "work": row.work,
        "ours": row.ours,
        "theirs": row.theirs,
        "target": row.target,
        "ratio": round(compared.ratio, 4),
        "ratios": [round(each, 4) for each in compared.ratios],
        "our_runs": [_figure(each) for each in compared.ours],
        "their_runs": [_figure(each) for each in compared.theirs],
    }


def _figure(figure: Figure) -> dict[str, float]:
    return {
        "seconds": round(figure.seconds, 7),
        "cpu": round(figure.cpu, 4),
    }
