"""`dulspec proxy` and `dulspec replay`."""

import argparse
import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from ..decode.printer import Printer
from ..decode.stream import Unit
from . import rules as rule_language
from .capture import Header, Row, Writer, connections, read, row_lines
from .relay import MOST_CONNECTIONS, Proxy
from .replay import answer, call, script
from .rules import Rule, Rulebook, parse

OK, DIFFERENT = 0, 1


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `proxy` and `replay` to the subcommands of dulspec."""
    proxy = commands.add_parser(
        "proxy",
        help="stand between two products: print every PDU, and break some by rule",
        epilog=_rules_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    proxy.add_argument("host", help="the product that is called")
    proxy.add_argument("port", type=int, help="its TCP port")
    proxy.add_argument("--listen", type=int, required=True, metavar="PORT", help="0: any free port")
    _add_listen_host(proxy)
    proxy.add_argument("--rule", action="append", default=[], metavar="RULE", help="see below")
    proxy.add_argument("--rules", type=Path, metavar="FILE", help="rules, one a line; # comments")
    proxy.add_argument("--capture", type=Path, metavar="FILE", help="write what passes, for replay")
    proxy.add_argument("--show-data", action="store_true", help="show and keep data sets")
    proxy.add_argument("--brief", action="store_true", help="one line a PDU, and the messages")
    proxy.add_argument(
        "--max-connections", type=int, default=MOST_CONNECTIONS, metavar="N",
        help="connections at a time (%(default)s); more are refused",
    )  # fmt: skip
    proxy.set_defaults(tool=run_proxy)

    replay = commands.add_parser("replay", help="play a capture of the proxy against a product")
    replay.add_argument("capture", type=Path, help="what `dulspec proxy --capture` wrote")
    replay.add_argument("host", nargs="?", help="play the requestor against this product")
    replay.add_argument("port", nargs="?", type=int, help="its TCP port")
    replay.add_argument(
        "--listen", type=int, metavar="PORT", help="play the acceptor; the product calls this port"
    )
    _add_listen_host(replay)
    replay.add_argument("--timeout", type=float, default=5.0, help="seconds to wait for an answer")
    replay.add_argument(
        "--wait", type=float, default=60.0, help="seconds to wait for the product's call"
    )
    replay.add_argument("--connection", type=int, metavar="N", help="only this connection")
    replay.add_argument("--faithful", action="store_true", help="ignore the rules of the capture")
    replay.set_defaults(tool=run_replay)


def _add_listen_host(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--listen-host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address of --listen (%(default)s)",
    )


def _rules_text() -> str:
    text = rule_language.__doc__ or ""
    return text.replace("Nothing here touches a socket.", "").strip()


def read_rules(texts: list[str], path: Path | None) -> list[Rule]:
    """Rules of the command line, then those of a file.

    Raises:
        RuleError: a line is no rule.
        OSError: the file cannot be read.
    """
    lines = [] if path is None else path.read_text(encoding="utf-8").splitlines()
    # A `#` after a space or at the start is a comment; in RQ#2 it counts.
    stripped = (line.partition(" #")[0].strip() for line in lines)
    return [
        parse(text) for text in (*texts, *(line for line in stripped if line and line[0] != "#"))
    ]


def run_proxy(arguments: argparse.Namespace) -> int:
    """Serve until interrupted; that is the normal end.

    Raises:
        OSError: the port or the capture file cannot be opened.
        ValueError: a rule is none.
    """
    rules = read_rules(arguments.rule, arguments.rules)
    with contextlib.ExitStack() as stack:
        stream = None
        if arguments.capture is not None:
            stream = stack.enter_context(arguments.capture.open("w", encoding="utf-8"))
        printer = Printer(show_data=arguments.show_data, fields=0 if arguments.brief else 400)
        header = Header(
            started=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            listen=f"{arguments.listen_host}:{arguments.listen}",
            target=f"{arguments.host}:{arguments.port}",
            rules=[rule.text for rule in rules],
            data="kept" if arguments.show_data else "zeroed",
        )
        writer = Writer(stream, header) if stream is not None else None

        def sink(row: Row, unit: Unit | None) -> None:
            if writer is not None:
                writer.row(row)
            for line in lines(printer, row, unit):
                print(line, flush=True)

        proxy = Proxy(
            arguments.host, arguments.port, Rulebook(rules), sink,
            show_data=arguments.show_data, most=arguments.max_connections,
        )  # fmt: skip
        address = (arguments.listen_host, arguments.listen)
        asyncio.run(
            serve(proxy, address, lambda port: print(f"listening on port {port}", flush=True))
        )
    return OK


def lines(printer: Printer, row: Row, unit: Unit | None) -> Iterator[str]:
    """A row as it is printed while the proxy runs: with the bytes as they came."""
    if unit is None or row.direction == "note":
        yield from row_lines(row, printer)
        return
    yield from printer.unit(row.time, row.connection, row.direction, unit)
    yield from (f"    * {rule}" for rule in row.rules)


async def serve(proxy: Proxy, address: tuple[str, int], ready: Callable[[int], None]) -> None:
    """Run a proxy until SIGINT or SIGTERM; `ready` is told its port.

    Raises:
        OSError: the address cannot be listened on.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    ready(await proxy.start(*address))
    try:
        await stop.wait()
    finally:
        await proxy.stop()


def run_replay(arguments: argparse.Namespace) -> int:
    """Play a capture; 1 if the product answered otherwise than it did then.

    Raises:
        OSError: the file cannot be read, the product not be reached.
        ValueError: the file is no capture, or the arguments do not fit together.
    """
    calling = arguments.host is not None and arguments.port is not None
    if calling == (arguments.listen is not None):
        raise ValueError("give either HOST PORT or --listen PORT")
    with arguments.capture.open("rb") as stream:
        header, rows = read(stream)
        found = connections(rows)
    if arguments.connection is not None:
        found = {key: rows for key, rows in found.items() if key == arguments.connection}
    scripts = {
        number: script(rows, "requestor" if calling else "acceptor", faithful=arguments.faithful)
        for number, rows in found.items()
    }
    scripts = {number: script for number, script in scripts.items() if script}
    if not scripts:
        raise ValueError("the capture holds no connection to play")
    if header.data == "zeroed":
        print("note: the capture's data sets are zeroed; products that look into them may refuse")
    if calling:
        results = call(scripts, arguments.host, arguments.port, arguments.timeout)
    else:
        results = answer(
            scripts, (arguments.listen_host, arguments.listen), arguments.timeout, arguments.wait,
            lambda port: print(f"listening on port {port}", flush=True),
        )  # fmt: skip
    same = True
    for number, differences in results:
        same = same and not differences
        print(f"connection {number}: {'differs' if differences else 'same answers'}")
        for line in differences:
            print(f"  {line}")
    return OK if same else DIFFERENT
