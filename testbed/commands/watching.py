"""`dulspec watch`: judge a selection again each time the product's program changes.

The rest of the command line is that of `scp` or `scu`. After each run what changed since the one before
is told; a run that is no longer worth its end is not cut short, the next one follows it.
"""

import argparse
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from .. import result_files
from ..launch import expand
from ..report import changes
from ..results import Report
from ..runner import Unusable

#: Seconds between two looks at the files; a file that changed at the last look may still be written.
LOOK_EVERY = 0.5
_INTERRUPTED = 3
_COMMANDS = ("--start-cmd", "--exec", "--exec-echo", "--exec-tls")

#: What tells one state of a file from another: size, time, number; None while it is not there.
Stamp = tuple[int, int, int] | None
Judge = Callable[[list[str]], int]


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `watch` to the subcommands of dulspec."""
    parser = commands.add_parser(
        "watch",
        help="judge again when the product's program changes",
        usage="dulspec watch [--file FILE] [--runs N] scp|scu ...",
        description="The rest is a command line of `dulspec scp` or `dulspec scu`. Watched are the programs of"
        " --start-cmd, --exec, --exec-echo and --exec-tls, the files that their command lines name, and what"
        " --file names. Ctrl-C ends it.",
    )  # fmt: skip
    parser.add_argument(
        "--file", action="append", type=Path, default=[], metavar="FILE",
        help="watch this too: a library, a configuration; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--runs",
        type=int,
        default=0,
        metavar="N",
        help="end after N runs, with the last one's exit code",
    )
    parser.add_argument(
        "rest", nargs=argparse.REMAINDER, metavar="scp|scu ...", help="what to judge"
    )
    parser.set_defaults(tool=run)


def watched(words: list[str], more: Iterable[Path] = ()) -> list[Path]:
    """The files to watch for a command line of `scp` or `scu`.

    Raises:
        Unusable: there is none.
    """
    found = list(more)
    for place, word in enumerate(words):
        option, sign, value = word.partition("=")
        if option in _COMMANDS:
            template = value if sign else next(iter(words[place + 1 : place + 2]), "")
            found += _files(template)
    if not found:
        raise Unusable("nothing to watch: give --start-cmd or --exec, or watch --file FILE scp ...")
    return list(dict.fromkeys(path.resolve() for path in found))


def _files(template: str) -> list[Path]:
    """The program of a command, and the scripts and files that its line names."""
    try:
        words = expand(template, "", 0, [])
    except ValueError as error:
        raise Unusable(f"{error}: {template}") from error
    program = shutil.which(words[0])
    named = [Path(word) for word in words[1:] if word and Path(word).is_file()]
    return [*([Path(program)] if program else []), *named]


def stamps(paths: Iterable[Path]) -> dict[Path, Stamp]:
    """The state of each file now."""
    found: dict[Path, Stamp] = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            found[path] = None
        else:
            found[path] = (status.st_size, status.st_mtime_ns, status.st_ino)
    return found


def wait_for_change(
    paths: list[Path], before: dict[Path, Stamp], pause: Callable[[float], None] = time.sleep
) -> list[Path]:
    """Wait until a file differs from `before`, is there, and stays as it is for one look; which ones do."""
    last = before
    while True:
        pause(LOOK_EVERY)
        now = stamps(paths)
        differing = [path for path in paths if now[path] != before[path]]
        if differing and now == last and None not in now.values():
            return differing
        last = now


def run(arguments: argparse.Namespace) -> int:
    """Judge, wait, judge again; the exit code of the last run.

    Raises:
        Unusable: the rest is no command line of `scp` or `scu`, or there is nothing to watch.
    """
    words = arguments.rest
    if not words or words[0] not in {"scp", "scu"}:
        raise Unusable(
            "say what to judge: dulspec watch scp HOST PORT ... or dulspec watch scu ..."
        )
    return watch(words, watched(words, arguments.file), arguments.judge, arguments.runs)


def watch(words: list[str], paths: list[Path], judge: Judge, runs: int = 0) -> int:
    """Run `judge` with the words now, and after each change; `runs` times, 0 for ever."""
    _tell(f"watching {', '.join(shlex.quote(str(path)) for path in paths)}")
    code, count = 0, 0
    last: Report | None = None
    with tempfile.TemporaryDirectory(prefix="dulspec-watch-") as folder:
        result = Path(folder) / "result.json"
        try:
            while True:
                before = stamps(paths)
                result.unlink(missing_ok=True)
                code = judge([*words, *_keeping(words, result)])
                last = _told(last, _kept(words, result))
                count += 1
                if code == _INTERRUPTED or count == runs:
                    return code
                _tell("waiting for a change (Ctrl-C ends)")
                changed = wait_for_change(paths, before)
                _tell(f"changed: {', '.join(str(path) for path in changed)}")
        except KeyboardInterrupt:
            return code


def _keeping(words: list[str], result: Path) -> list[str]:
    """The option that keeps the result for the next comparison, unless the user keeps it."""
    return [] if _json_of(words) else ["--json", str(result)]


def _kept(words: list[str], result: Path) -> Report | None:
    path = _json_of(words) or result
    return result_files.load(path) if path.exists() else None


def _json_of(words: list[str]) -> Path | None:
    for place, word in enumerate(words):
        option, sign, value = word.partition("=")
        if option == "--json":
            return Path(value if sign else words[place + 1])
    return None


def _told(last: Report | None, report: Report | None) -> Report | None:
    """Tell what changed since the last run that gave a result; the one to compare the next with."""
    if report is None:
        return last
    if last is not None:
        rows = changes.compare(last, report)
        told = [row for row in rows if row.change is not changes.Change.SAME]
        print("\nSince the last run: " + (f"{len(told)} cases changed" if told else "no change"))
        for row in told:
            print(
                f"  {row.change.value:16} {row.id:16} {changes.told(row.old)} -> {changes.told(row.new)}"
            )
    return report


def _tell(text: str) -> None:
    print(f"dulspec: {text}", file=sys.stderr, flush=True)
