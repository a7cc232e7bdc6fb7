"""What the installed programs call: a tool is loaded, and then run.

A tool that sends one file spends most of its life on being loaded. What it loads stays until it ends,
so the garbage collector has nothing to find in it: it rests meanwhile, and never looks at it later.
That saves an eighth of the time.
"""

from __future__ import annotations

import gc
from importlib import import_module

__all__ = ["dcmrecv", "dcmsend", "echoscu", "storeindex", "storescp", "storescu"]


def _run(tool: str) -> int:
    gc.disable()
    try:
        module = import_module(f".{tool}", __package__)
    finally:
        gc.freeze()
        gc.enable()
    code: int = module.main()
    gc.freeze()  # nor is it searched at the end, when the system takes it all
    return code


def storescu() -> int:
    """Run storescu; gives its exit code."""
    return _run("storescu")


def dcmsend() -> int:
    """Run dcmsend; gives its exit code."""
    return _run("dcmsend")


def storescp() -> int:
    """Run storescp; gives its exit code."""
    return _run("storescp")


def dcmrecv() -> int:
    """Run dcmrecv; gives its exit code."""
    return _run("dcmrecv")


def storeindex() -> int:
    """Run storeindex; gives its exit code."""
    return _run("storeindex")


def echoscu() -> int:
    """Run echoscu; gives its exit code."""
    return _run("echoscu")
