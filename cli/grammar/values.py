"""Values of options and parameters: each function makes one of a token, or says why it can't."""

from __future__ import annotations

from collections.abc import Callable

from dimse import checked_ae_title
from dimse.errors import InvalidValue
from dul.values import TypeVar

__all__ = [
    "ae_title",
    "choice",
    "cut_ae_title",
    "integer",
    "listening_port",
    "local_address",
    "port",
    "seconds",
    "some_seconds",
    "text",
    "words_of",
]

T = TypeVar("T")

_WORDS: dict[Callable[..., object], tuple[str, ...]] = {}


def text(token: str) -> str:
    """Any text but none."""
    if not token:
        raise ValueError("empty")
    return token


def integer(low: int, high: int, *also: int) -> Callable[[str], int]:
    """A whole number from `low` to `high`, or one of `also`."""

    def read(token: str) -> int:
        digits = token.removeprefix("-")
        # int() would take "1_000", " 5" and digits of other scripts, and thousands of them.
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
            raise ValueError
        number = int(token)
        if number in also:
            return number
        if number < low:
            raise ValueError(f"underflow: {number}, the least is {low}")
        if number > high:
            raise ValueError(f"overflow: {number}, the most is {high}")
        return number

    return read


def port(token: str) -> int:
    """A TCP port to call."""
    return integer(1, 65535)(token)


def local_address(token: str) -> tuple[str, int]:
    """[ADDRESS:]PORT to listen on; without an address it is the loopback interface's."""
    host, colon, number = token.rpartition(":")
    return (host if colon else "127.0.0.1"), listening_port(number)


def listening_port(token: str) -> int:
    """A TCP port to listen on; 0 is any free one."""
    return integer(0, 65535)(token)


def seconds(token: str) -> float | None:
    """A time in seconds, with decimals if need be; None, "no limit", for 0."""
    whole, _, decimals = token.partition(".")
    if not (token.isascii() and whole.isdigit() and len(token) <= 12):
        raise ValueError
    if decimals and not decimals.isdigit():
        raise ValueError
    return float(token) or None


def some_seconds(token: str) -> float:
    """A time in seconds that is not 0."""
    found = seconds(token)
    if found is None:
        raise ValueError("underflow: 0")
    return found


def ae_title(token: str) -> str:
    """An AE title: 1 to 16 characters of ASCII, no backslash, not only spaces (PS3.5 6.2)."""
    try:
        return checked_ae_title(token)
    except InvalidValue as error:
        raise ValueError(error.why) from error


def cut_ae_title(token: str) -> str:
    """The same, of which only the first 16 characters count, as with DCMTK."""
    return ae_title(token[:16])


def choice(**values: T) -> Callable[[str], T]:
    """One of some words, each with its value."""

    def read(token: str) -> T:
        if token not in values:
            raise ValueError(f"{token}: it is one of {', '.join(values)}")
        return values[token]

    _WORDS[read] = tuple(values)
    return read


def words_of(read: Callable[..., object] | None) -> tuple[str, ...]:
    """The words of which a `choice` takes one; none of what takes anything else."""
    return _WORDS.get(read, ()) if read else ()
