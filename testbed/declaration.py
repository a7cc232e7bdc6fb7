"""The declaration file: what is known of a product, in TOML, so that no run has to be told again.

Its keys are the long options of `dulspec scp` and `dulspec scu` without their dashes; the table
`[observed]` holds what was found out and is not an option: limits, names, and in `[[observed.accepted]]` the
SOP classes, those with the same transfer syntaxes together. Reports use it.
"""

import dataclasses
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import names
from .settings import Settings, TlsFiles

#: Options that are no settings of the run.
_OTHERS = {"name": ""}
_PATHS = {entry.name for entry in dataclasses.fields(TlsFiles)} | {"store_dir"}


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is known of a product.

    `options` are named as the fields of `Settings` and `TlsFiles`; paths are absolute or relative to
    the current folder. `observed` is plain data.
    """

    options: dict[str, Any] = field(default_factory=dict)
    observed: dict[str, Any] = field(default_factory=dict)


def _defaults() -> dict[str, Any]:
    values = {
        entry.name: entry.default
        for entry in dataclasses.fields(Settings)
        if entry.name != "tls_files"
    }
    return values | dict.fromkeys(_PATHS, None) | _OTHERS


def load(path: Path) -> Declaration:
    """Read a declaration file; its paths are relative to the folder that it is in.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no TOML, or a key or value is none that is known; the text names file and key.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    observed = data.pop("observed", {})
    options = {}
    for key, value in data.items():
        name = key.replace("-", "_")
        options[name] = _checked(path, key, name, value)
    if not isinstance(observed, dict):
        raise ValueError(f"{path}: [observed] is no table")  # noqa: TRY004 - of the file's contents
    try:
        _spread(observed)
    except (KeyError, TypeError) as error:
        text = f"{path}: [[observed.accepted]] has lists of sop-classes and transfer-syntaxes"
        raise ValueError(text) from error
    return Declaration(options, observed)


def by_syntaxes(services: Mapping[str, Sequence[str]]) -> dict[tuple[str, ...], list[str]]:
    """SOP classes by the transfer syntaxes that they are accepted in: most have the same ones."""
    found: dict[tuple[str, ...], list[str]] = {}
    for uid, syntaxes in services.items():
        found.setdefault(tuple(syntaxes), []).append(uid)
    return found


def _spread(observed: dict[str, Any]) -> None:
    """`accepted` of a file as `sop-classes`: the transfer syntaxes of each."""
    accepted = observed.pop("accepted", None)
    if accepted is not None:
        observed["sop-classes"] = {
            uid: list(entry["transfer-syntaxes"])
            for entry in accepted
            for uid in entry["sop-classes"]
        }


def _checked(path: Path, key: str, name: str, value: object) -> object:
    defaults = _defaults()
    if name not in defaults or key != key.replace("_", "-"):
        raise ValueError(f"{path}: there is no declaration {key!r}; keys are options without --")
    if name in _PATHS and isinstance(value, str):
        return path.parent / value
    wanted = type(defaults[name])
    fits = type(value) is wanted or (wanted is float and type(value) is int)
    if name in _PATHS or not fits:
        kind = {bool: "true or false", int: "a whole number", float: "a number"}.get(wanted, "text")
        raise ValueError(f"{path}: {key} must be {kind}, not {value!r}")
    return value


def dump(declaration: Declaration, heading: str) -> str:
    """The file's text; `heading` is a comment at its beginning."""
    lines = [f"# {text}" for text in heading.splitlines()]
    for name, value in declaration.options.items():
        lines.append(f"{name.replace('_', '-')} = {_value(value)}")
    observed = dict(declaration.observed)
    services = observed.pop("sop-classes", {})
    lines += ["", "[observed]", *(f"{key} = {_value(value)}" for key, value in observed.items())]
    for syntaxes, classes in by_syntaxes(services).items():
        lines += ["", "[[observed.accepted]]"]
        lines += _uids("transfer-syntaxes", syntaxes) + _uids("sop-classes", classes)
    return "\n".join(lines) + "\n"


def _uids(key: str, uids: Iterable[str]) -> list[str]:
    """A list of UIDs, each in a line with its name."""
    rows = [f"  {_value(uid)},  # {names.UID_NAMES.get(uid, 'private')}" for uid in uids]
    return [f"{key} = [", *rows, "]"]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(entry) for entry in value)}]"
    # A JSON string is a TOML basic string, but for the one control character that JSON leaves alone.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
