"""`dulspec scp` and `dulspec scu`: judge one product in one role."""

import argparse
import sys
from pathlib import Path

from .. import catalogue, console
from ..launch import command_launcher
from ..results import Report
from ..runner import Runner, Unusable
from ..settings import Settings
from ..trial import Trial
from . import levels, options, product, selection, tls
from .outputs import Outputs
from .outputs import add_options as add_outputs

OK, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 3


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `scp` and `scu` to the subcommands of dulspec."""
    scp = commands.add_parser(
        "scp",
        help="test an association acceptor that listens",
        usage="dulspec scp HOST PORT [ID ...] [options]",
        epilog="HOST and PORT may be left out if --product names a file that has them.",
    )
    _add_common(scp)
    product.add_discovery(scp)
    options.add_acceptor(scp)

    scu = commands.add_parser(
        "scu",
        help="test an association requestor that calls us",
        usage="dulspec scu --exec CMD | --listen PORT [ID ...] [options]",
    )
    _add_calling(scu)
    _add_common(scu)


def _add_common(parser: argparse.ArgumentParser) -> None:
    selection.add_options(parser)
    product.add_options(parser)
    options.add_running(parser)
    add_outputs(parser)
    options.add_tls(parser)
    parser.set_defaults(tool=run)


def _add_calling(scu: argparse.ArgumentParser) -> None:
    """How a product that calls is started, or waited for."""
    scu.add_argument(
        "--exec", default="", metavar="CMD", help="started once per run: '... {host} {port} {file}'"
    )
    scu.add_argument(
        "--exec-echo", default="", metavar="CMD", help="the same for cases about C-ECHO"
    )
    scu.add_argument(
        "--exec-tls", default="", metavar="CMD",
        help="the same for cases about TLS: '... {ca} {cert} {key} ...' are certificates made for it",
    )  # fmt: skip
    scu.add_argument(
        "--listen", type=int, default=0, metavar="PORT",
        help="wait there for a product started by hand",
    )  # fmt: skip
    scu.add_argument(
        "--port-per-case", action="store_true",
        help="with --listen: each case has a port of its own, the same in every run",
    )  # fmt: skip
    scu.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    scu.add_argument(
        "--check-host", action="store_true", help="it checks the host name in our certificate"
    )


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


def _trial(arguments: argparse.Namespace, settings: Settings) -> Trial:
    role, launcher = arguments.command, None
    if role == "scu":
        if not (settings.exec or settings.exec_echo or settings.listen):
            raise Unusable("give --exec or --listen")
        if settings.exec or settings.exec_echo:
            launcher = command_launcher(settings.exec, settings.exec_echo, settings.host)
    trial = Trial(settings, role, launcher)
    if settings.exec_tls:
        trial.tls_launcher = command_launcher(settings.exec_tls, "", settings.host)
    trial.target["name"] = arguments.name or settings.exec or f"{settings.host}:{settings.port}"
    trial.target["exec"] = settings.exec
    return trial


def run(arguments: argparse.Namespace) -> int:
    """Judge the product; the exit code.

    Raises:
        Unusable: the product or the usage is unusable; what can be found out before the run, is.
        OSError: a file of expected failures or an earlier result cannot be read.
        ValueError: it has something else in it.
    """
    outputs = Outputs.of(arguments)
    outputs.check()
    known = product.known(arguments)
    with tls.prepared(known.settings, known.arguments.certificates, product.tell) as settings:
        return _judge(known, settings, outputs)


def _judge(known: product.Known, settings: Settings, outputs: Outputs) -> int:
    arguments = known.arguments
    trial = _trial(arguments, settings)
    if known.observed:
        trial.target["observed"] = known.observed
    pool = levels.levelled(catalogue.cases(arguments.command), arguments.command, settings)
    chosen = selection.selected(arguments, pool)
    xfail = read_xfail(arguments.xfail) if arguments.xfail else {}
    screen = console.Screen(len(chosen), settings, quiet=arguments.quiet, verbose=arguments.verbose)
    runner = Runner(trial, chosen, xfail, screen.case, screen.notice)
    interrupted = False
    problems: list[str] = []
    try:
        runner.run()
    except KeyboardInterrupt:
        interrupted = True
    finally:
        if hasattr(runner, "report"):
            problems = outputs.write(runner.report)
            for problem in problems:
                print(f"dulspec: {problem}", file=sys.stderr)
    screen.summary(runner.report, interrupted=interrupted)
    code = INTERRUPTED if interrupted else exit_code(runner.report, settings)
    return code if code or not problems else UNUSABLE


def exit_code(report: Report, settings: Settings) -> int:
    """What a finished run comes to: 0, 1, or 2 if no case was judged."""
    if not report.judged():
        return UNUSABLE
    failed = report.failures(strict=settings.strict) or report.baseline.get("last") != "pass"
    return FAILED if failed or not report.complete else OK
