"""The options of what is changed in objects while they are sent, and what is decompressed."""

from __future__ import annotations

import time

from dimse.errors import InvalidValue
from dimse.objects import (
    DEFAULT_LEVEL,
    INSTALL_DECODERS,
    LOSSY_METHODS,
    Decompress,
    Preparation,
    decoders,
)
from dimse.tables.transfer_syntaxes import name_of
from dul.values import TYPE_CHECKING

from ..grammar.declaration import flag, repeated, setting, value
from ..grammar.values import integer, text
from .inputs import Inputs

if TYPE_CHECKING:
    from dimse.objects import ElementChange

__all__ = ["Preparing"]

_COUNTS = "--invent-series", "--invent-study", "--invent-patient"


def _set(token: str) -> ElementChange:
    """TAG=VALUE."""
    path, equals, value = token.partition("=")
    if not equals:
        raise ValueError(f"{token!r}: give TAG=VALUE")
    return _change(path, value)


def _remove(token: str) -> ElementChange:
    """TAG."""
    return _change(token, None)


def _change(path: str, value: str | None) -> ElementChange:
    # With what is loaded only to change objects.
    from dimse.objects import ElementChange  # noqa: PLC0415

    try:
        return ElementChange.parse(path, value)
    except InvalidValue as error:
        raise ValueError(str(error)) from error


def _suffix(token: str) -> str:
    try:
        return Preparation(uid_suffix=text(token)).uid_suffix
    except InvalidValue as error:
        raise ValueError(error.why) from error


_count = integer(1, 0x7FFFFFFF)


class Preparing(Inputs, title="changes while sending"):
    """What is changed in objects; the rest of each is sent from where it lies."""

    changes: tuple[ElementChange, ...] = setting(
        (),
        repeated(
            "--set",
            read=_set,
            metavar="TAG=VALUE",
            help="set an element: a keyword or gggg,eeee, in items of sequences as "
            "Sequence[0].Keyword (or [*]); may be given several times",
        ),
        repeated("--remove", read=_remove, metavar="TAG", help="leave an element out; the same"),
    )
    invent: bool = setting(
        False,
        flag(
            "+II",
            "--invent-instance",
            help="make up patient, study, series and instance of each object, in place of its own",
            excludes=["--uid-suffix"],
        ),
    )
    invent_series: int | None = setting(
        None,
        value(
            "+IR",
            "--invent-series",
            read=_count,
            metavar="N",
            help="and a new series after N objects, with all that +II does (default: 100)",
            excludes=["--uid-suffix"],
        ),
    )
    invent_study: int | None = setting(
        None,
        value(
            "+IS",
            "--invent-study",
            read=_count,
            metavar="N",
            help="a new study after N series (default: 50)",
            excludes=["--uid-suffix"],
        ),
    )
    invent_patient: int | None = setting(
        None,
        value(
            "+IP",
            "--invent-patient",
            read=_count,
            metavar="N",
            help="a new patient after N studies (default: 25)",
            excludes=["--uid-suffix"],
        ),
    )
    uid_suffix: str = setting(
        "",
        value(
            "--uid-suffix",
            read=_suffix,
            metavar="UID",
            help="put these components behind Study, Series and SOP Instance UID; copies of "
            "--repeat get a number behind them",
        ),
    )
    decompress: Decompress = setting(
        Decompress.LOSSLESS,
        flag(
            "-dn",
            "--decompress-never",
            value=Decompress.NEVER,
            help="send compressed objects only as they are",
        ),
        flag(
            "+dls",
            "--decompress-lossless",
            value=Decompress.LOSSLESS,
            help="decompress what was compressed without loss, for a peer that takes it only so "
            "(default)",
        ),
        flag(
            "+dly",
            "--decompress-lossy",
            value=Decompress.LOSSY,
            help="decompress also what was compressed with loss",
        ),
        dcmtk=Decompress.NEVER,
    )
    list_decoders: bool = setting(
        False,
        flag(
            "--list-decoders",
            exits=True,
            help="print which transfer syntaxes can be decompressed here, and exit",
        ),
    )
    compression_level: int = setting(
        DEFAULT_LEVEL,
        value(
            "+cl",
            "--compression-level",
            read=integer(0, 9),
            metavar="N",
            help="how hard to deflate, 0 to 9 (default: {default})",
        ),
    )
    old_vrs: bool = setting(
        False,
        flag("+u", "--enable-new-vr", value=False, help="send VRs as they are (default)"),
        flag(
            "-u",
            "--disable-new-vr",
            help="send VRs that are newer than 1993 (UN, UT, OF and later ones) as OB; data sets "
            "are encoded anew",
        ),
    )
    unproven: bool = setting(
        False,
        flag(
            "--send-unproven",
            help="send also files that are cut off or damaged, as they are, with a warning",
            excludes=["--strict"],
        ),
    )

    @property
    def decoder_list(self) -> str:
        """What --list-decoders prints: a line for each transfer syntax, and what is to be installed."""
        try:
            found = decoders()
        except ImportError as error:
            return f"no decoders: {error}; {INSTALL_DECODERS}\n"
        lines = []
        for each in found:
            loss = "lossy   " if each.transfer_syntax_uid in LOSSY_METHODS else "lossless"
            by = ", ".join(each.plugins) or f"none is installed ({INSTALL_DECODERS})"
            lines.append(
                f"{each.transfer_syntax_uid:24} {loss} {name_of(each.transfer_syntax_uid)}: {by}"
            )
        return "\n".join(lines) + "\n"

    @property
    def preparation(self) -> Preparation:
        """All of it, for the library."""
        counts = self.invent_series, self.invent_study, self.invent_patient
        invention = None
        if self.invent or any(counts):
            # With what is loaded only to change objects.
            from dimse.objects import Invention  # noqa: PLC0415

            series, study, patient = counts
            invention = Invention(
                run=str(int(time.time())),
                instances=series or 100,
                series=study or 50,
                studies=patient or 25,
            )
        form = None
        if self.old_vrs:
            # As above. As DCMTK's, what is encoded anew has lengths.
            from dimse.objects import Rewriting  # noqa: PLC0415

            form = Rewriting(lengths="explicit", old_vrs=True)
        return Preparation(
            strict=self.strict,
            unproven=self.unproven,
            form=self.form,
            check_uids=self.check_uids,
            decompress=self.decompress,
            compression_level=self.compression_level,
            rewriting=form,
            changes=self.changes,
            invention=invention,
            uid_suffix=self.uid_suffix,
        )
