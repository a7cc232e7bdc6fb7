"""What belongs into share/ beneath the prefix of an installation, where man and the shells look.

setup.py writes it when a wheel is built; `dulcet completion` and `dulcet manual` print it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..dcmrecv import DcmrecvSettings
from ..demo import DemoSettings
from ..doctor import DoctorSettings
from ..dulcet import SPEC, TOOLS
from ..echoscu_options import EchoscuSettings
from ..grammar.declaration import Settings
from ..storeindex import StoreindexSettings
from ..storescp.options import StorescpSettings
from ..storescu_options import DcmsendSettings, StorescuSettings
from .options import CompletionSettings, ManualSettings
from .programs import Program, of_settings
from .roff import grammar_page, page
from .shells import SHELLS

__all__ = ["files", "programs"]

_SETTINGS: dict[str, type[Settings]] = {
    "storescu": StorescuSettings,
    "dcmsend": DcmsendSettings,
    "storescp": StorescpSettings,
    "dcmrecv": DcmrecvSettings,
    "echoscu": EchoscuSettings,
    "storeindex": StoreindexSettings,
    "demo": DemoSettings,
    "doctor": DoctorSettings,
    "completion": CompletionSettings,
    "manual": ManualSettings,
}
_ASIDE = ("demo", "doctor", "completion", "manual")
"""What has no script of its own."""


def programs(spec: Program) -> list[Program]:
    """All programs that have a script: the tools, dulspec, which is given, and dulcet."""
    tools = [of_settings(kind) for name, kind in _SETTINGS.items() if name not in _ASIDE]
    commands = [*map(_command, TOOLS), Program(
        "spec", SPEC, spec.sections, spec.arguments, spec.commands, plus=False, usage=spec.usage
    )]  # fmt: skip
    dulcet = Program(
        "dulcet", "the DICOM Upper Layer: tools and a conformance testbed", (), (), tuple(commands)
    )
    return [*tools, spec, dulcet]


def _command(name: str) -> Program:
    tool = of_settings(_SETTINGS[name])
    return Program(name, TOOLS[name][1], tool.sections, tool.arguments)


def files(programs: Sequence[Program], version: str, date: str) -> Iterator[tuple[str, str]]:
    """Place beneath the prefix, and text, of each file."""
    names = [each.name for each in programs]
    for program in programs:
        yield f"share/man/man1/{program.name}.1", page(program, names, version, date)
        for script, place in SHELLS.values():
            yield place.format(program.name), script(program)
    yield "share/man/man7/dulcet-options.7", grammar_page(programs, version, date)
