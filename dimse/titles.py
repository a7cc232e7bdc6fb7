"""AE titles, checked where they enter: whom a client calls, whom a server answers, options."""

from __future__ import annotations

from dimse.errors import InvalidValue

__all__ = ["checked_ae_title"]


def checked_ae_title(title: object, where: str = "AE title") -> str:
    """An AE title without the spaces around it, which mean nothing (PS3.5 6.2, VR AE).

    Args:
        title: what is to be one.
        where: what the error calls it.

    Raises:
        InvalidValue: it has not 1 to 16 characters, or some that an AE title may not have.
    """
    if not isinstance(title, str) or not 1 <= len(title) <= 16 or not title.strip(" "):
        raise InvalidValue(where, f"{title!r}: an AE title has 1 to 16 characters, not all spaces")
    if not (title.isascii() and title.isprintable()) or "\\" in title:
        raise InvalidValue(
            where, f"{title!r}: an AE title is ASCII, without control characters and backslash"
        )
    return title.strip(" ")
