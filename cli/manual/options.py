"""What `dulcet completion` and `dulcet manual` can be told."""

from __future__ import annotations

from .. import aside
from ..grammar import values as read
from ..grammar.declaration import parameter

__all__ = ["CompletionSettings", "ManualSettings"]


class CompletionSettings(
    aside.Aside,
    tool="completion",
    summary='print the completion of all programs: eval "$(dulcet completion bash)"',
):
    """What it can be told."""

    shell: str = parameter(
        "shell",
        read=read.choice(bash="bash", zsh="zsh", fish="fish"),
        help="bash, zsh or fish; for fish: dulcet completion fish | source",
    )


class ManualSettings(
    aside.Aside, tool="manual", summary="print a manual page: dulcet manual storescu | man -l -"
):
    """What it can be told."""

    page: str = parameter("page", read=read.text, help="storescu, storescp, ..., dulcet-options")
