"""What several tests of the Upper Layer use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dul.errors import InvalidPDU


def decoded(decode: Callable[..., Any], *arguments: Any) -> tuple[Any, InvalidPDU | None]:
    """What came out of a decoder: an object, or why there is none. Nothing else may."""
    try:
        return decode(*arguments), None
    except InvalidPDU as error:
        return None, error
