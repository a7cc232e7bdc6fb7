"""The options of what files are sent."""

from __future__ import annotations

from cli.grammar.declaration import Settings, flag, setting

__all__ = ["Inputs"]


class Inputs(Settings, title="input"):
    """Where files are looked for, and how they are taken."""

    scan: bool = setting(
        False,
        flag("+sd", "--scan-directories", help="send the files in directories that are given"),
    )
    recurse: bool = setting(
        False,
        flag(
            "+r",
            "--recurse",
            help="and those in their subdirectories",
            needs=["--scan-directories"],
        ),
        flag(
            "-r",
            "--no-recurse",
            value=False,
            help="but not those in their subdirectories (default)",
        ),
    )
    follow_links: bool = setting(
        False,
        flag(
            "--follow-links",
            help="go into directories that are linked, too; none is searched twice",
            needs=["--recurse"],
        ),
    )
    strict: bool = setting(
        False,
        flag(
            "--strict",
            help="refuse files that are wrong in a way that is tolerated otherwise, with a warning",
        ),
    )
