"""`python -m testbed.mini PORT [FAULT ...]`: a mini acceptor as a program of its own.

For trying the testbed on something known: clean, or with planted faults of `dulspec selftest --list`.
"""

import sys
from collections.abc import Sequence

from .acceptor import PartialKeeper
from .peer import Config
from .server import MiniServer


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until killed, or until a planted crash."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or not arguments[0].isdecimal():
        print("usage: python -m testbed.mini PORT [FAULT ...]", file=sys.stderr)
        return 2
    config = Config(frozenset(arguments[1:]))
    with MiniServer(config, PartialKeeper, port=int(arguments[0])) as server:
        print(f"mini acceptor on port {server.port}, AE title {config.title}", flush=True)
        server.join()
    return 1


if __name__ == "__main__":
    sys.exit(main())
