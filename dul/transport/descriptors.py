"""How many connections the process has file descriptors for, with the files that they will need."""

from __future__ import annotations

import logging
import os
import resource

from dul.values import NamedTuple

__all__ = ["SPARE_CONNECTIONS", "Places", "free_descriptors", "places"]

logger = logging.getLogger("dul")

SPARE_CONNECTIONS = 64
"""Connections beyond the associations that may still be served: a handshake, a rejection."""

FILES = 2
"""Descriptors besides its socket that an association is given room for: the object that it
stores, and another file or directory for a moment."""

RESERVE = 24
"""Descriptors for everything else that the process may still open, and for the waits of eight threads."""

USED = 32
"""Descriptors taken for open where the system does not list them."""


class Places(NamedTuple):
    """How many may be in at a time.

    Attributes:
        associations: the ones beyond are rejected.
        connections: with and without an association.
    """

    associations: int
    connections: int


def free_descriptors() -> int | None:
    """How many more descriptors the process may open; None: as many as it likes."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    try:
        used = len(os.listdir("/dev/fd"))  # noqa: PTH208 - names alone are enough
    except OSError:
        used = USED
    return max(0, soft - used)


def places(max_associations: int, descriptors: int | None) -> Places:
    """The bounds that leave every association the descriptors for its files.

    Args:
        max_associations: what is wanted; fewer are given, with a warning, if they would end up
            without a descriptor to store anything with.
        descriptors: how many there are, see `free_descriptors`.
    """
    if descriptors is None:
        return Places(max_associations, max_associations + SPARE_CONNECTIONS)
    room = max(0, descriptors - RESERVE)
    spare = min(SPARE_CONNECTIONS, max(1, room // 4))
    affordable = max(1, (room - spare) // (1 + FILES))
    if affordable < max_associations:
        logger.warning(
            "%s associations at a time instead of %s: the process may open %s more files (ulimit -n)",
            affordable,
            max_associations,
            descriptors,
        )
    associations = min(max_associations, affordable)
    return Places(associations, associations + spare)
