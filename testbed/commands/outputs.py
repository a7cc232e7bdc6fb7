"""Where a run's result goes: files that are proved writable before the first case, and written at its end."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .. import result_files
from ..report import badge, html, junit
from ..results import Report
from ..runner import Unusable


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the group "results"."""
    group = parser.add_argument_group("results")
    group.add_argument("--json", type=Path, metavar="FILE", dest="json_file",
                       help="write the whole result, for `dulspec report` and `dulspec compare`")  # fmt: skip
    group.add_argument("--html", type=Path, metavar="FILE", dest="html_file",
                       help="write one self-contained page")  # fmt: skip
    group.add_argument("--junit", type=Path, metavar="FILE", dest="junit_file",
                       help="write JUnit XML")  # fmt: skip

    group.add_argument("--badge", type=Path, metavar="FILE", dest="badge_file",
                       help="write a badge with the score and the catalogue's edition, as SVG")  # fmt: skip
    group.add_argument("--badge-json", type=Path, metavar="FILE", dest="badge_json_file",
                       help="the same as JSON, for services that draw badges")  # fmt: skip


def _page(report: Report, path: Path) -> None:
    path.write_text(html.page([report]), encoding="utf-8")


def _junit(report: Report, path: Path) -> None:
    junit.write([report], path)


def _badge(report: Report, path: Path) -> None:
    path.write_text(badge.svg(report), encoding="utf-8")


def _badge_json(report: Report, path: Path) -> None:
    path.write_text(badge.endpoint(report), encoding="utf-8")


_WRITERS: dict[str, Callable[[Report, Path], None]] = {
    "json": result_files.save,
    "html": _page,
    "junit": _junit,
    "badge": _badge,
    "badge-json": _badge_json,
}


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files of a run: kind of report -> path."""

    files: dict[str, Path]

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> "Outputs":
        """What the options ask for."""
        given = {kind: getattr(arguments, f"{kind.replace('-', '_')}_file") for kind in _WRITERS}
        return cls({kind: path for kind, path in given.items() if path is not None})

    def check(self) -> None:
        """Find out now what would otherwise come to light after the run.

        Raises:
            Unusable: a file cannot be written, or two reports would go to one.
        """
        places: dict[Path, str] = {}
        for kind, path in self.files.items():
            other = places.setdefault(path.resolve(), kind)
            if other != kind:
                raise Unusable(f"--{other} and --{kind} name the same file: {path}")
            check_writable(path, f"--{kind}")

    def write(self, report: Report) -> list[str]:
        """Write all; what went wrong, one line for each file that could not be written."""
        problems = []
        for kind, path in self.files.items():
            try:
                _WRITERS[kind](report, path)
            except OSError as error:
                problems.append(f"--{kind}: {path} was not written: {error.strerror or error}")
        return problems


def check_writable(path: Path, option: str) -> None:
    """Prove that a file can be written, and leave it as it is.

    Raises:
        Unusable: it cannot; the text names option and path.
    """
    existed = path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise Unusable(f"{option}: {path} cannot be written: {error.strerror or error}") from error
    if not existed:
        path.unlink()
