"""dulcet: all tools under one name that no other package has.

Other packages install programs named storescu, storescp and echoscu too, and the one that was
installed last owns the name. `dulcet storescu` is always ours; `dulcet doctor` says which is which.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from . import tool

__all__ = ["SPEC", "TOOLS", "main"]

# Name -> module of this package with `main`, what it does. They are loaded when they are called.
TOOLS = {
    "storescu": (".storescu", "send DICOM files to a Storage SCP"),
    "dcmsend": (".dcmsend", "the same, with the defaults of DCMTK's dcmsend"),
    "storescp": (".storescp", "receive DICOM objects and store them"),
    "dcmrecv": (".dcmrecv", "the same, with the defaults of DCMTK's dcmrecv"),
    "echoscu": (".echoscu", "ask a peer whether it answers"),
    "storeindex": (".storeindex", "make the index of what storescp stored anew"),
    "demo": (".demo", "send real files to a receiver of our own, and compare"),
    "doctor": (".doctor", "what is installed here, and what hides what"),
    "completion": (".completion", "print the completion for bash, zsh or fish"),
    "manual": (".manpage", "print a manual page"),
}
SPEC = "judge whether a DICOM product obeys the standard (dulspec)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool that is named first; gives its exit code. Default: the process's command line."""
    name, *rest = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if name in {"-h", "--help", "help"}:
        return tool.show(_usage())
    if name == "--version":
        return tool.show(tool.version_of("dulcet", "the DICOM Upper Layer"))
    if name == "spec":
        return _spec()(rest)
    if name not in TOOLS:
        sys.stderr.write(f"dulcet: there is no tool {name!r}; 'dulcet --help' lists them\n")
        return 1
    run: Callable[[Sequence[str]], int] = import_module(TOOLS[name][0], __package__).main
    return run(rest)


def _spec() -> Callable[[Sequence[str]], int]:
    # The testbed judges what is in here, so neither knows the other: it is found as anybody finds it.
    from importlib.metadata import entry_points  # noqa: PLC0415 - only this tool needs it

    (found,) = entry_points(group="console_scripts", name="dulspec")
    loaded: Callable[[Sequence[str]], int] = found.load()
    return loaded


def _usage() -> str:
    lines = [f"  {name:<12}{what}" for name, (_, what) in TOOLS.items()]
    lines.append(f"  {'spec':<12}{SPEC}")
    return (
        "dulcet: the DICOM Upper Layer: tools and a conformance testbed\n"
        "usage: dulcet TOOL [options] ...\n\n"
        + "\n".join(lines)
        + "\n\n'dulcet TOOL --help' shows a tool's options.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
