"""Names that are loaded when they are first asked for (PEP 562): a client needs nothing of a server.

A package that has its public names in several modules, not all of which everybody uses, says so:

    if not TYPE_CHECKING:  # or a misspelt name would pass for one that is had on demand
        __getattr__ = on_demand(__name__, {"Spool": "dimse.storage.spool"})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

__all__ = ["on_demand"]


def on_demand(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """The `__getattr__` of a package: loads a name's module, and keeps the name.

    Args:
        package: its name, `__name__` there.
        homes: the module that each name is from.
    """

    def load(name: str) -> object:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(import_module(home), name)
        setattr(import_module(package), name, value)
        return value

    return load
