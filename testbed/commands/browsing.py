"""`dulspec list` and `dulspec show`: reading the catalogue."""

import argparse
import json

from .. import catalogue, console
from ..runner import NOTHING_FITS, Unusable
from . import selection


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `list` and `show` to the subcommands of dulspec."""
    listing = commands.add_parser("list", help="list the cases")
    selection.add_options(listing)
    listing.add_argument("--json", action="store_true", dest="as_json", help="as a JSON array")
    listing.add_argument("--role", choices=["scp", "scu"], help="cases for products of this role")
    listing.set_defaults(tool=run_list)

    show = commands.add_parser("show", help="what a case sends, requires, and why")
    show.add_argument("id", help="the case's id, as `dulspec list` has it")
    show.add_argument(
        "--show-data", action="store_true", help="the bytes of data sets and credentials too"
    )
    show.set_defaults(tool=run_show)


def run_list(arguments: argparse.Namespace) -> int:
    """Print the cases that are selected.

    Raises:
        Unusable: there is none.
    """
    pool = catalogue.cases(arguments.role) if arguments.role else catalogue.all_cases()
    chosen = selection.selected(arguments, pool)
    if arguments.as_json:
        fields = ("id", "role", "clause", "level", "title", "requirement", "tags", "needs")
        rows = [{name: getattr(case, name) for name in fields} for case in chosen]
        print(json.dumps(rows, indent=1))
    else:
        for case in chosen:
            print(f"{case.id:16} {case.level:12} {case.title}  [{case.clause}]")
    if not chosen:
        raise Unusable(NOTHING_FITS)
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    """Print all about one case.

    Raises:
        Unusable: there is no such case.
    """
    case = catalogue.find(arguments.id)
    if case is None:
        raise Unusable(f"there is no case {arguments.id!r}; try `dulspec list`")
    print("\n".join(console.show(case, show_data=arguments.show_data)))
    return 0
