"""Fuzz the PDU stream and the command set with atheris; not zero if something was found.

    python tests/fuzz/run.py --seconds 600

Both targets run at the same time, each for that long, from the golden PDUs as seeds. A finding is
kept in build/fuzz/, and `python tests/fuzz/run.py --replay FILE --target NAME` shows it again.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
FINDINGS = TESTS.parent / "build" / "fuzz"
TARGETS = ("pdu_stream", "command_set")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60, help="how long (default: 60)")
    parser.add_argument("--target", choices=TARGETS, help="one of them, in this process")
    parser.add_argument("--corpus", type=Path, help="a folder that is kept and grown")
    parser.add_argument("--replay", type=Path, help="run the target once, on this file")
    arguments = parser.parse_args()
    sys.path[:0] = [str(TESTS.parent), str(TESTS), str(TESTS / "fuzz")]
    if arguments.replay is not None:
        return replay(arguments.target or parser.error("--replay needs --target"), arguments.replay)
    try:
        import atheris  # noqa: F401 - only to say early that it is missing
    except ImportError:
        sys.stderr.write("atheris is not installed: pip install -e '.[fuzz]'\n")
        return 2
    if arguments.target is not None:
        fuzz(arguments.target, arguments.seconds, arguments.corpus)
        return 0
    return all_of_them(arguments.seconds, arguments.corpus)


def all_of_them(seconds: int, corpus: Path | None) -> int:
    """Each target in a process of its own: libFuzzer never comes back."""
    with contextlib.ExitStack() as stack:
        root = corpus or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        running = {}
        for name in TARGETS:
            folder = root / name
            folder.mkdir(parents=True, exist_ok=True)
            command = [sys.executable, __file__, "--target", name]
            command += ["--seconds", str(seconds), "--corpus", str(folder)]
            running[name] = stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            )
        failed = 0
        for name, process in running.items():
            output = process.communicate()[0].decode("utf-8", "replace")
            if process.returncode:
                failed += 1
                print(f"{name}: FOUND SOMETHING (see {FINDINGS})\n{output}")
            else:
                lines = [
                    line
                    for line in output.splitlines()
                    if line.startswith(("Done", "stat::number"))
                ]
                print(f"{name}: clean; {'; '.join(lines)}")
    return 1 if failed else 0


def fuzz(name: str, seconds: int, corpus: Path | None) -> None:
    """Does not return."""
    import atheris

    with atheris.instrument_imports(include=["dul", "dimse"]):
        import targets
    FINDINGS.mkdir(parents=True, exist_ok=True)
    folder = corpus or Path(tempfile.mkdtemp())
    for index, seed in enumerate(targets.SEEDS[name]()):
        (folder / f"seed-{index:03d}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        "-max_len=8192",
        "-timeout=20",
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
        f"-artifact_prefix={FINDINGS / name}-",
    ]
    atheris.Setup([sys.argv[0], str(folder), *options], targets.TARGETS[name])
    atheris.Fuzz()


def replay(name: str, path: Path) -> int:
    import targets

    targets.TARGETS[name](path.read_bytes())
    print(f"{name}: nothing wrong with {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
