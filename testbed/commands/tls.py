"""What TLS cases need: certificates made on the fly, and told to the product's own commands."""

import argparse
import shlex
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..certificates import Certificates, NoOpenSSL, made
from ..runner import Unusable
from ..settings import Settings, TlsFiles

_COMMANDS = ("start_cmd", "exec", "exec_echo", "exec_tls")


def add_certificates(group: "argparse._ArgumentGroup") -> None:
    """Add the option that keeps the certificates."""
    group.add_argument(
        "--certificates", type=Path, metavar="DIR",
        help="keep the certificates that are made on the fly there, so that a product can be set up with"
        " them: ca.pem, product.pem, product.key",
    )  # fmt: skip


@contextmanager
def prepared(
    settings: Settings, kept: Path | None, notice: Callable[[str], None]
) -> Iterator[Settings]:
    """The settings with certificates: those given, else some that are made for the run.

    In the product's commands `{ca}`, `{cert}` and `{key}` become paths: the CA that it may trust, and its
    own certificate and key. Only a product that presents ours is verified.

    Raises:
        Unusable: they cannot be made, and without them nothing goes.
    """
    templates = {name: getattr(settings, name) for name in _COMMANDS}
    named = any(word in text for text in templates.values() for word in ("{ca}", "{cert}", "{key}"))
    wanted = settings.declared("tls") and settings.tls_files.cert is None
    if not (named or wanted or kept is not None):
        yield settings
        return
    with tempfile.TemporaryDirectory(prefix="dulspec-tls-") as folder:
        try:
            certificates = made(kept or Path(folder), settings.host)
        except NoOpenSSL as error:
            if named or kept is not None or settings.exec or settings.exec_tls or settings.listen:
                raise Unusable(f"{error}; give --cert and --key") from error
            notice(f"{error}: cases that present certificates cannot be played")
            yield settings
            return
        yield _with(settings, certificates, templates)


def _with(settings: Settings, certificates: Certificates, templates: dict[str, str]) -> Settings:
    ours = any("{cert}" in text for text in templates.values())
    files = settings.tls_files
    if files.cert is None:
        fresh = certificates.tester(trust_only_ours=ours)
        given = {name: getattr(files, name) for name in TlsFiles.__slots__}
        files = replace(fresh, **{name: path for name, path in given.items() if path is not None})
    paths = certificates.product()
    changed: dict[str, Any] = {name: _placed(text, paths) for name, text in templates.items()}
    return replace(settings, tls_files=files, **changed)


def _placed(text: str, paths: dict[str, str]) -> str:
    """A command template with the paths of certificates in it, quoted for a folder with spaces."""
    for word, path in paths.items():
        text = text.replace(word, shlex.quote(path))
    return text
