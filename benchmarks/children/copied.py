"""Does the work of both ends in one process, and prints what was copied in memory for that, as JSON.

copied.py objects FOLDER FILE...            sends files to a server that stores them
copied.py echoes ASSOCIATIONS COUNT         so many associations with so many C-ECHOs each

It runs with `copies.c`, compiled, loaded before the C library. What asks is the main thread; what the others
copied is the server's. Before anything is counted something has been sent: what is loaded late is loaded.
"""

import ctypes
import itertools
import json
import sys
from collections.abc import Callable

from dimse import Client, Server, Spool
from dimse.dialogue import VERIFICATION_CONTEXT

NAMES = ("copied", "cleared")
BEFORE = 2  # objects that go before those that count, on the same association: its buffers have grown then


def counted(act: Callable[[], None]) -> dict[str, dict[str, int]]:
    """Bytes copied and cleared while something is done, of the sender and of the receiver."""
    library = ctypes.CDLL(None)
    ask = {}
    for name in NAMES:
        for whose in ("", "all_"):
            ask[whose + name] = function = getattr(library, f"{whose}bytes_{name}")
            function.restype = ctypes.c_longlong
    before = {name: function() for name, function in ask.items()}
    act()
    counts = {name: function() - before[name] for name, function in ask.items()}
    return {
        "sender": {f"bytes {name}": counts[name] for name in NAMES},
        "receiver": {f"bytes {name}": counts[f"all_{name}"] - counts[name] for name in NAMES},
    }


def objects(folder: str, *files: str) -> dict[str, dict[str, int]]:
    with Spool(folder) as spool, Server(spool.open, host="127.0.0.1") as server:
        outcomes = iter(Client("127.0.0.1", server.address[1]).store(files))

        def send(count: int) -> None:
            stored = [outcome.stored for outcome in itertools.islice(outcomes, count)]
            assert stored == [True] * count

        send(BEFORE)
        return counted(lambda: send(len(files) - BEFORE))


def echoes(associations: str, count: str) -> dict[str, dict[str, int]]:
    with Server(host="127.0.0.1") as server:
        client = Client("127.0.0.1", server.address[1])

        def ask(associations: int) -> None:
            for _ in range(associations):
                with client.associate([VERIFICATION_CONTEXT]) as session:
                    for _ in range(int(count)):
                        session.echo()

        ask(1)
        return counted(lambda: ask(int(associations)))


def main(what: str, *arguments: str) -> None:
    print(json.dumps(objects(*arguments) if what == "objects" else echoes(*arguments)))


if __name__ == "__main__":
    main(*sys.argv[1:])
