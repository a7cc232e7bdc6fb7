"""The command line of dulspec."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from testbed import catalogue, console, results, selftest
from testbed.decode import command as decode_command
from testbed.launch import command_launcher
from testbed.model import Case
from testbed.proxy import command as proxy_command
from testbed.report import command as report_command
from testbed.runner import Runner, Unusable
from testbed.settings import Settings, TlsFiles
from testbed.trial import Trial

OK, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 3


def _selection(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("selection")
    group.add_argument("selectors", nargs="*", metavar="ID", help="case id, id prefix, or glob")
    group.add_argument("--exclude", action="append", default=[], metavar="ID")
    group.add_argument(
        "--clause", action="append", default=[], help="text in the clause, as 'PS3.8 9.3'"
    )
    group.add_argument(
        "--level",
        action="append",
        default=[],
        choices=["required", "recommended", "tolerated", "info"],
    )
    group.add_argument(
        "--tag", action="append", default=[], help="artim, security, matrix, observed, ..."
    )
    group.add_argument("--exclude-tag", action="append", default=[], metavar="TAG")
    group.add_argument(
        "--only-failed", metavar="RESULT.json", type=Path, help="the cases that failed there"
    )


def _running(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("running")
    defaults = Settings()
    group.add_argument(
        "--strict", action="store_true", help="recommended cases and non-strict verdicts fail"
    )
    group.add_argument(
        "--lenient", action="store_true", help="widely broken rules count as non-strict"
    )
    group.add_argument(
        "--timeout", type=float, default=defaults.timeout, help="seconds to wait for an answer"
    )
    group.add_argument("--artim-max", type=float, default=defaults.artim_max)
    group.add_argument(
        "--idle", type=float, default=defaults.idle, help="seconds to watch an idle association"
    )
    group.add_argument("--acse-max", type=float, default=defaults.acse_max)
    group.add_argument("--live-max", type=float, default=defaults.live_max)
    group.add_argument("--exit-max", type=float, default=defaults.exit_max)
    group.add_argument("--dimse-max", type=float, default=defaults.dimse_max)
    group.add_argument(
        "--confirm", type=int, default=0, metavar="N", help="repeat a failed case up to N times"
    )
    group.add_argument(
        "--xfail", type=Path, metavar="FILE", help="lines 'ID reason' of expected failures"
    )
    group.add_argument(
        "--json", type=Path, metavar="FILE", dest="json_file", help="write the result"
    )
    group.add_argument("--name", default="", help="the product's name in reports")
    group.add_argument("--show-data", action="store_true", help="keep data-set bytes in logs")
    group.add_argument("--calling", default=defaults.calling, help="AE title of the tester")
    group.add_argument("-q", "--quiet", action="store_true", help="only the summary")
    group.add_argument(
        "-v", "--verbose", action="store_true", help="every case, not only the bad ones"
    )


def _tls(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("TLS")
    group.add_argument("--tls", action="store_true", help="the product speaks TLS on its port")
    for name in (
        "ca",
        "cert",
        "key",
        "expired-cert",
        "expired-key",
        "unknown-cert",
        "unknown-key",
        "other-cert",
        "other-key",
    ):
        group.add_argument(f"--{name}", type=Path, metavar="PEM")


def _scp(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    defaults = Settings()
    scp = commands.add_parser("scp", help="test an association acceptor that listens")
    scp.add_argument("host")
    scp.add_argument("port", type=int)
    _selection(scp)
    _running(scp)
    _tls(scp)
    group = scp.add_argument_group("declarations")
    group.add_argument("--called", default=defaults.called, help="AE title of the product")
    group.add_argument(
        "--checks-called", action="store_true", help="it rejects other called AE titles"
    )
    group.add_argument(
        "--checks-calling", action="store_true", help="it rejects unknown calling AE titles"
    )
    group.add_argument("--accept-any", action="store_true", help="it accepts any abstract syntax")
    group.add_argument(
        "--max-assoc", type=int, default=defaults.max_assoc, help="associations at a time"
    )
    group.add_argument("--store-dir", type=Path, help="where it stores what it receives")
    group.add_argument(
        "--bad-user", default="", metavar="NAME:PASSWORD", help="credentials it refuses"
    )
    group.add_argument(
        "--tls-port", type=int, default=0, help="port where it speaks TLS, beside PORT"
    )
    group.add_argument("--mutual", action="store_true", help="it wants client certificates")
    group.add_argument(
        "--start-cmd", default="", help="command that starts the product, again if it dies"
    )


def _scu(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    scu = commands.add_parser("scu", help="test an association requestor that calls us")
    scu.add_argument(
        "--exec", default="", metavar="CMD", help="started once per run: '... {host} {port} {file}'"
    )
    scu.add_argument(
        "--exec-echo", default="", metavar="CMD", help="the same for cases about C-ECHO"
    )
    scu.add_argument(
        "--listen",
        type=int,
        default=0,
        metavar="PORT",
        help="wait there for a product started by hand",
    )
    scu.add_argument(
        "--port-per-case",
        action="store_true",
        help="with --listen: each case has a port of its own, the same in every run",
    )
    scu.add_argument("--host", default="127.0.0.1", help="address to listen on")
    scu.add_argument(
        "--check-host", action="store_true", help="it checks the host name in our certificate"
    )
    _selection(scu)
    _running(scu)
    _tls(scu)


def _others(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    listing = commands.add_parser("list", help="list the cases")
    _selection(listing)
    listing.add_argument("--json", action="store_true", dest="as_json")
    listing.add_argument("--role", choices=["scp", "scu"])

    show = commands.add_parser("show", help="what a case sends, requires, and why")
    show.add_argument("id")

    selftest = commands.add_parser(
        "selftest", help="judge the testbed by peers with planted faults"
    )
    selftest.add_argument(
        "faults", nargs="*", metavar="FAULT", help="names of faults (default: all)"
    )
    selftest.add_argument("--jobs", type=int, default=2, metavar="N", help="faults at a time")
    selftest.add_argument("--list", action="store_true", dest="list_faults")
    selftest.add_argument("-v", "--verbose", action="store_true")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dulspec", description="Conformance tests for the DICOM Upper Layer."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _scp(commands)
    _scu(commands)
    _others(commands)
    for add in (report_command.add_parser, proxy_command.add_parsers, decode_command.add_parser):
        add(commands)
    return parser


def _settings(arguments: argparse.Namespace) -> Settings:
    known = {name for name in Settings.__slots__ if hasattr(arguments, name)}
    fields = {name: getattr(arguments, name) for name in known}
    names = [name for name in TlsFiles.__slots__ if getattr(arguments, name, None)]
    fields["tls_files"] = TlsFiles(**{name: getattr(arguments, name) for name in names})
    return Settings(**fields)


def _selected(arguments: argparse.Namespace, pool: Sequence[Case]) -> list[Case]:
    chosen = catalogue.select(
        pool,
        arguments.selectors,
        excludes=arguments.exclude,
        clauses=arguments.clause,
        levels=arguments.level,
        tags=arguments.tag,
        without_tags=arguments.exclude_tag,
    )
    if arguments.only_failed is not None:
        before = results.load(arguments.only_failed)
        failed = {case.id for case in before.failures(strict=True)}
        chosen = [case for case in chosen if case.id in failed]
    return chosen


def read_xfail(path: Path) -> dict[str, str]:
    """Expected failures: case id -> reason, from lines `ID reason`; `#` begins a comment.

    Raises:
        OSError: the file cannot be read.
        ValueError: a line names no case, or gives no reason.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        id_, _, why = line.partition("#")[0].strip().partition(" ")
        if not id_:
            continue
        if catalogue.find(id_) is None or not why.strip():
            raise ValueError(f"{path}:{number}: expected 'ID reason' with the id of a case")
        found[id_] = why.strip()
    return found


def _run(arguments: argparse.Namespace) -> int:
    role, settings = arguments.command, _settings(arguments)
    launcher = None
    if role == "scu":
        if not (settings.exec or settings.exec_echo or settings.listen):
            raise Unusable("give --exec or --listen")
        if settings.exec or settings.exec_echo:
            launcher = command_launcher(settings.exec, settings.exec_echo, settings.host)
    trial = Trial(settings, role, launcher)
    trial.target["name"] = arguments.name or settings.exec or f"{settings.host}:{settings.port}"
    trial.target["exec"] = settings.exec
    chosen = _selected(arguments, catalogue.cases(role))
    xfail = read_xfail(arguments.xfail) if arguments.xfail else {}
    screen = console.Screen(len(chosen), settings, quiet=arguments.quiet, verbose=arguments.verbose)
    runner = Runner(trial, chosen, xfail, screen.case)
    interrupted = False
    try:
        runner.run()
    except KeyboardInterrupt:
        interrupted = True
    finally:
        if arguments.json_file is not None and hasattr(runner, "report"):
            results.save(runner.report, arguments.json_file)
    report = runner.report
    screen.summary(report, interrupted=interrupted)
    if interrupted:
        return INTERRUPTED
    if not any(case.runs for case in report.cases):
        raise Unusable("no case could run; see the reasons above")
    failed = report.failures(strict=settings.strict) or report.baseline.get("last") != "pass"
    return FAILED if failed or not report.complete else OK


def _list(arguments: argparse.Namespace) -> int:
    pool = catalogue.cases(arguments.role) if arguments.role else catalogue.all_cases()
    chosen = _selected(arguments, pool)
    if arguments.as_json:
        fields = ("id", "role", "clause", "level", "title", "requirement", "tags", "needs")
        rows = [{name: getattr(case, name) for name in fields} for case in chosen]
        print(json.dumps(rows, indent=1))
    else:
        for case in chosen:
            print(f"{case.id:16} {case.level:12} {case.title}  [{case.clause}]")
    if not chosen:
        raise Unusable("no case fits the selection")
    return OK


def _show(arguments: argparse.Namespace) -> int:
    case = catalogue.find(arguments.id)
    if case is None:
        raise Unusable(f"there is no case {arguments.id!r}; try `dulspec list`")
    print("\n".join(console.show(case)))
    return OK


def _selftest(arguments: argparse.Namespace) -> int:
    return selftest.main(
        arguments.faults,
        list_faults=arguments.list_faults,
        verbose=arguments.verbose,
        jobs=arguments.jobs,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run dulspec; the exit code: 0 passed, 1 failures, 2 unusable target or usage, 3 interrupted."""
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    # argparse takes no positional argument behind an option: case ids may stand there all the same.
    if rest and (any(word.startswith("-") for word in rest) or not hasattr(arguments, "selectors")):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        arguments.selectors += rest
    commands = {"scp": _run, "scu": _run, "list": _list, "show": _show, "selftest": _selftest}
    run = getattr(arguments, "tool", None) or commands[arguments.command]
    try:
        return int(run(arguments))
    except (Unusable, OSError, ValueError) as error:
        print(f"dulspec: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("dulspec: interrupted", file=sys.stderr)
        return INTERRUPTED
