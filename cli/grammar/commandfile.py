"""`@file` on a command line: the file's words stand in its place.

Words are separated by white space. A quotation mark, single or double and anywhere in a word, keeps
what comes up to the next one of its kind together. There are no escapes, an empty word is none, and
what begins with "@" in a file is no further file. A lone "@" is a parameter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .declaration import UsageError

__all__ = ["expand", "words"]


def expand(tokens: Iterable[str]) -> list[str]:
    """A command line with its command files' words in place.

    Raises:
        UsageError: one of them cannot be read.
    """
    expanded: list[str] = []
    for token in tokens:
        if token.startswith("@") and len(token) > 1:
            try:
                # A Path takes longer to import than three files to send.
                with open(token[1:], encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
                    content = file.read()
            except OSError as error:
                raise UsageError(
                    f"Cannot open command file '{token[1:]}' ({error.strerror})"
                ) from error
            expanded += words(content)
        else:
            expanded.append(token)
    return expanded


def words(content: str) -> Iterator[str]:
    """The words of a command file; a quotation mark that is not closed lasts to its end."""
    word: list[str] = []
    quote = ""
    for character in content:
        if character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        elif not quote and character.isspace():
            if word:
                yield "".join(word)
            word = []
        else:
            word.append(character)
    if word:
        yield "".join(word)
