"""`dulspec explore`: random sequences against a product, and sequences of a file played again."""

import argparse
import importlib.util
import secrets
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..commands import options, outputs, product, tls
from ..launch import command_launcher
from ..runner import Unusable
from ..settings import Settings
from ..trial import Trial
from . import account, page, sequence
from .hunt import Budget, Hunt
from .ledger import Find, Ledger
from .sequence import Sample
from .session import Patience, Unreachable

OK, FAILED, INTERRUPTED = 0, 1, 3
_MOST_SEED = 1 << 31
_EPILOG = """\
An acceptor that listens:
    dulspec explore localhost 11112 --minutes 10
The same, started by us, and again when it dies:
    dulspec explore localhost 11112 --exec 'storescp 11112'
A requestor that calls us:
    dulspec explore --exec 'storescu {host} {port} {file}'
What was found, again:
    dulspec explore localhost 11112 --replay dulspec-explore/CAUSE.json
A sequence of one's own:
    dulspec explore localhost 11112 --play 'rq echo/joined release'

Exit code: 0 nothing that fails, 1 something that fails, 2 unusable target or
usage, 3 interrupted."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `explore` to the subcommands of dulspec."""
    parser = commands.add_parser(
        "explore",
        help="random sequences, judged by Table 9-10; each departure shortened and kept in a file",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("host", nargs="?", help="where the product listens; none: it calls us")
    parser.add_argument("port", nargs="?", type=int, help="its TCP port")
    _add_hunt(parser)
    _add_product(parser)
    _add_results(parser)
    options.add_tls(parser)
    parser.set_defaults(tool=run)


def _add_hunt(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("exploring")
    group.add_argument("--minutes", type=float, default=None, metavar="M",
                       help="how long to go on (10, unless --sequences is given)")  # fmt: skip
    group.add_argument("--sequences", type=int, default=0, metavar="N",
                       help="how many sequences; the same number and seed give the same ones")  # fmt: skip
    group.add_argument("--steps", type=int, default=12, metavar="N",
                       help="steps of a sequence at most (%(default)s)")  # fmt: skip
    group.add_argument("--seed", type=int, default=None, metavar="N",
                       help="which sequences (by chance, and told)")  # fmt: skip
    group.add_argument("--replay", type=Path, action="append", default=[], metavar="FILE",
                       help="play what was found before instead; exit 1 if it shows again")  # fmt: skip
    group.add_argument("--play", default="", metavar="STEPS",
                       help="play one sequence, given as in a file, instead")  # fmt: skip
    group.add_argument("--words", action="store_true", help="list the stimuli there are")


def _add_product(parser: argparse.ArgumentParser) -> None:
    defaults = Settings()
    group = parser.add_argument_group("product")
    group.add_argument("--exec", default="", metavar="CMD",
                       help="starts an acceptor, again if it dies; a requestor, once per sequence")  # fmt: skip
    group.add_argument("--called", default=defaults.called, type=options.ae_title, metavar="TITLE",
                       help="AE title of the product (%(default)s)")  # fmt: skip
    group.add_argument("--calling", default=defaults.calling, type=options.ae_title, metavar="TITLE",
                       help="AE title of the tester (%(default)s)")  # fmt: skip
    group.add_argument("--timeout", type=float, default=defaults.timeout, metavar="S",
                       help="seconds within which an answer comes (%(default)g)")  # fmt: skip
    group.add_argument("--artim", type=float, default=0.0, metavar="S",
                       help="the product's ARTIM in seconds: sequences wait for it too")  # fmt: skip
    group.add_argument("--live-max", type=float, default=defaults.live_max, metavar="S",
                       help="seconds for the product to serve again (%(default)g)")  # fmt: skip
    group.add_argument("--exit-max", type=float, default=defaults.exit_max, metavar="S",
                       help="seconds for a requestor to end (%(default)g)")  # fmt: skip
    group.add_argument("--name", default="", help="the product's name in reports")


def _add_results(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("results")
    group.add_argument("--out", type=Path, default=Path("dulspec-explore"), metavar="DIR",
                       help="where each cause's file goes (%(default)s)")  # fmt: skip
    group.add_argument("--known", type=Path, action="append", default=[], metavar="PATH",
                       help="files, or folders of them, of causes that fail no more")  # fmt: skip
    group.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained page")
    group.add_argument("--json", type=Path, metavar="FILE", dest="json_file",
                       help="write the whole exploration")  # fmt: skip
    group.add_argument("--strict", action="store_true", help="non-strict causes fail as well")
    group.add_argument("--show-data", action="store_true", help="keep data-set bytes in logs")
    group.add_argument("-q", "--quiet", action="store_true", help="only the summary")


# -- what the options come to ---------------------------------------------------------------------------------


def _settings(arguments: argparse.Namespace) -> Settings:
    """The settings that the options come to; a product without host and port is one that calls."""
    if arguments.host is None and not arguments.exec:
        raise Unusable("give HOST PORT of a product that listens, or --exec for one that calls")
    if arguments.host is not None and arguments.port is None:
        raise Unusable("give the product's port behind its host")
    arguments.host = arguments.host or Settings().host
    arguments.port = arguments.port or 0
    settings = options.settings_of(arguments)
    product.check_commands(settings)
    return settings


def _trial(settings: Settings, name: str) -> Trial:
    if settings.port:
        trial = Trial(settings, "scp")
    else:
        trial = Trial(settings, "scu", command_launcher(settings.exec, "", settings.host))
    where = f"{settings.host}:{settings.port}" if settings.port else settings.exec
    trial.target["name"] = name or where
    return trial


def _patience(arguments: argparse.Namespace) -> Patience:
    answer, artim = arguments.timeout, arguments.artim
    if not artim:
        return Patience(answer, artim_least=answer)
    # A timer of a busy machine is late, never early.
    return Patience(min(answer, artim * 0.7), artim_least=artim * 0.8, artim_max=artim * 1.5 + 2)


def _samples(paths: Iterable[Path]) -> list[Sample]:
    files = [
        each
        for path in paths
        for each in (sorted(path.glob("*.json")) if path.is_dir() else [path])
    ]
    return [sequence.load(each) for each in files]


def run(arguments: argparse.Namespace) -> int:
    """Explore or replay.

    Raises:
        Unusable: the options do not fit together, hypothesis is missing, or the product does not serve.
        OSError, ValueError: a file cannot be read or written.
    """
    if arguments.words:
        return _words()
    with tls.prepared(_settings(arguments), None, product.tell) as settings:
        trial = _trial(settings, arguments.name)
        if arguments.replay or arguments.play:
            return _replay(arguments, trial)
        return _explore(arguments, trial)


def _words() -> int:
    for role, words in sequence.WORDS.items():
        print(f"a product as {role}:")
        for word in words.values():
            print(f"  {word.name:18} {word.what}")
    print("any:")
    for name, what in sequence.WAITS.items():
        print(f"  {name:18} {what}")
    print(f"sent: NAME/{', NAME/'.join(sequence.DELIVERIES)}")
    return OK


def _explore(arguments: argparse.Namespace, trial: Trial) -> int:
    if importlib.util.find_spec("hypothesis") is None:
        raise Unusable("exploring needs hypothesis: pip install 'dulcet[explore]'")
    for option, path in (("--html", arguments.html), ("--json", arguments.json_file)):
        if path is not None:
            outputs.check_writable(path, option)
    arguments.out.mkdir(parents=True, exist_ok=True)
    minutes = arguments.minutes
    if minutes is None:
        minutes = 0.0 if arguments.sequences else 10.0
    seed = secrets.randbelow(_MOST_SEED) if arguments.seed is None else arguments.seed
    hunt = Hunt(
        trial,
        _patience(arguments),
        Budget(minutes * 60, arguments.sequences, arguments.steps),
        seed,
        exec=trial.settings.exec if trial.role == "scp" else "",
        ledger=Ledger(frozenset(each.cause for each in _samples(arguments.known))),
        tell=_Screen(arguments).tell,
    )
    if not arguments.quiet:
        print(f"exploring {trial.target['name']} with seed {seed}", flush=True)
    interrupted = False
    try:
        hunt.run()
    except Unreachable as error:
        raise Unusable(str(error)) from error
    except KeyboardInterrupt:
        interrupted = True
    _conclude(arguments, hunt)
    if interrupted:
        print("INTERRUPTED")
        return INTERRUPTED
    failed = hunt.ledger.failures(strict=arguments.strict)
    return FAILED if failed or hunt.ended else OK


def _conclude(arguments: argparse.Namespace, hunt: Hunt) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    if not arguments.quiet:
        print("\n".join(["", *account.grid(hunt), ""]))
    print("\n".join(account.summary(hunt)))
    if arguments.html is not None:
        arguments.html.write_text(page.page(hunt), encoding="utf-8")
    if arguments.json_file is not None:
        account.write_json(hunt, arguments.json_file)
    if hunt.ledger.finds:
        print(f"each cause's file is in {arguments.out}; play one with --replay")


class _Screen:
    """Prints what is found as it is found, and writes its file."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.folder: Path = arguments.out
        self.quiet: bool = arguments.quiet
        self.live = sys.stderr.isatty() and not arguments.quiet

    def tell(self, hunt: Hunt, find: Find | None) -> None:
        """A sequence is done, or something was found."""
        if find is None:
            if self.live:
                seen = sum(count > 0 for count in hunt.ledger.visited.values())
                line = f"\r\x1b[K{hunt.ledger.sequences} sequences, {seen} cells"
                sys.stderr.write(f"{line}, {len(hunt.ledger.finds)} causes")
                sys.stderr.flush()
            return
        account.write_find(hunt, find, self.folder)
        if self.quiet:
            return
        if self.live:
            sys.stderr.write("\r\x1b[K")
        print("\n".join(["", *account.find_lines(find, hunt.trial.role)]), flush=True)


# -- again ----------------------------------------------------------------------------------------------------


def _replay(arguments: argparse.Namespace, trial: Trial) -> int:
    samples = _samples(arguments.replay)
    if other := [each.cause for each in samples if each.role != trial.role]:
        raise Unusable(f"made for a product in the other role: {', '.join(other)}")
    own = sequence.parse(arguments.play, trial.role)
    hunt = Hunt(trial, _patience(arguments), Budget(), 0, exec=trial.settings.exec)
    try:
        hunt.start()
        shown = [_again(hunt, each) for each in samples]
        if own:
            shown.append(_once(hunt, own))
    except Unreachable as error:
        raise Unusable(str(error)) from error
    finally:
        hunt.close()
    return FAILED if any(shown) else OK


def _again(hunt: Hunt, sample: Sample) -> bool:
    """Play a sample; whether its departure, or another, shows."""
    print(f"{sample.cause}\n  {sample.story}")
    return _once(hunt, sample.sequence, sample.cause)


def _once(hunt: Hunt, steps: Sequence[sequence.Step], cause: str = "") -> bool:
    played = hunt.replay(tuple(steps))
    for number, line in enumerate(sequence.explain(steps, hunt.trial.role), start=1):
        print(f"  {number:3}. {line}")
    for departure in played.departures:
        same = " (as it was found)" if departure.cause.key == cause else ""
        print(f"  Expected  {' or '.join(dict.fromkeys(departure.due)) or 'nothing more'}")
        print(f"  Seen      {departure.seen or 'nothing'}")
        print(f"  DEPARTS   {departure.cause.key}: {departure.cause.story}{same}")
    if not played.departures:
        print(f"  Seen      {played.seen or 'nothing'}\n  as the table has it")
    return bool(played.departures)
