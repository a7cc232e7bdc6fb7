"""A user's program. Both type checkers see that it is right, so they see our types: those of `wrong`, too."""

from pathlib import Path
from typing import assert_type

import dimse
import dul


def send(paths: list[Path]) -> list[str]:
    client = dimse.Client("localhost", 11112, called_ae_title="ARCHIVE")
    meanings: list[str] = []
    for outcome in client.store(paths):
        assert_type(outcome.meaning, str)
        meanings.append(outcome.meaning)
    return meanings


def wrong() -> None:
    dimse.Client("localhost", "11112")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    dul.no_such_name  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
