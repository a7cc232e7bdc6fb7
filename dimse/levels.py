"""What an application entity says of its storage: PS3.4 B.3.1, in a sub-item 56H (PS3.7 D.3.3.5)."""

from __future__ import annotations

from dimse.errors import InvalidValue
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = ["SCU_ALONE", "StorageLevels"]

_SUPPORT: Final = (
    "level 0 (local: a subset of the attributes is kept)",
    "level 1 (base: types 1 and 2 of the attributes are kept)",
    "level 2 (full: all attributes are kept)",
    "not said (it is no SCP)",
)
_SIGNATURES: Final = (
    "not said",
    "level 1 (not preserved)",
    "level 2 (replaced by its own)",
    "level 3 (preserved)",
)
_COERCION: Final = ("none", "possible", "not said (it is no SCP)")
_LENGTH: Final = 6  # bytes; the second, fourth and sixth are reserved


@dataclass(frozen=True, slots=True)
class StorageLevels:
    """The service class application information of storage (PS3.4 Table B.3-1).

    Attributes:
        support: which attributes are stored, 0 to 2; 3 of who is an SCU alone.
        signatures: what becomes of digital signatures, 1 to 3; 0: not said.
        coercion: 0: no attribute is changed; 1: some may be; 2 of who is an SCU alone.

    Raises:
        InvalidValue: there is no such level.
    """

    support: int
    signatures: int
    coercion: int

    def __post_init__(self) -> None:
        for name, names in (
            ("support", _SUPPORT), ("signatures", _SIGNATURES), ("coercion", _COERCION),
        ):  # fmt: skip
            value = getattr(self, name)
            if not 0 <= value < len(names):
                raise InvalidValue(
                    f"StorageLevels.{name}", f"{value} is none of 0 to {len(names) - 1}"
                )

    def encode(self) -> bytes:
        """As it stands in the sub-item."""
        return bytes((self.support, 0, self.signatures, 0, self.coercion, 0))

    @classmethod
    def decode(cls, information: bytes) -> StorageLevels | None:
        """What a sub-item says; None if it makes no sense.

        Reserved bytes are not looked at, and neither is what a later edition may have added.
        """
        if len(information) < _LENGTH:
            return None
        try:
            return cls(information[0], information[2], information[4])
        except InvalidValue:
            return None

    def __str__(self) -> str:
        return (
            f"support {_SUPPORT[self.support]}; digital signatures {_SIGNATURES[self.signatures]}; "
            f"coercion of elements {_COERCION[self.coercion]}"
        )


SCU_ALONE: Final = StorageLevels(3, 0, 2)
"""What a requestor says that stores nothing itself: it asks."""
