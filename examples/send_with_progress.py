"""Send files and folders, with a progress bar: python send_with_progress.py HOST PORT NAME..."""

import sys

from rich.progress import Progress

from dimse import Client, Outcome
from dimse.events import NotAssociated, Planned
from dimse.objects import find


def main(host: str, port: str, *names: str) -> int:
    failed = total = 0
    with Progress() as progress, Client(host, int(port)) as client:
        bar = progress.add_task("sending")
        for event in client.send(find(names, scan=True, recurse=True)):
            if isinstance(event, Planned):  # comes again while a long list is looked at
                total += event.objects
                progress.update(bar, total=total)
            elif isinstance(event, Outcome):
                progress.advance(bar)
                failed += not event.stored
                progress.console.print(f"{event.name}: {event.meaning}")
            elif isinstance(event, NotAssociated):
                failed += 1
                progress.console.print(str(event.error))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
