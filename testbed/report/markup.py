"""HTML out of nested calls; whatever is not `Markup` already is escaped."""

import html
from collections.abc import Iterable
from itertools import chain

#: Controls and marks of text direction could hide or reorder what a product sent: shown as symbols.
_SHOWN = {code: 0x2400 + code for code in range(32) if code not in {9, 10}}
_SHOWN |= {0x7F: 0x2421}
_SHOWN |= dict.fromkeys(
    chain(
        range(0x80, 0xA0),
        range(0x202A, 0x202F),
        range(0x2066, 0x206A),
        (0x200E, 0x200F, 0x61C, 0xFEFF, 0xFFFE, 0xFFFF),
        range(0xD800, 0xE000),
    ),
    0xFFFD,
)
_VOID = frozenset({"meta", "input", "br", "col"})


class Markup(str):
    """A string that is HTML; everything else is text."""

    __slots__ = ()


Child = str | int | Iterable["Child"] | None


def escape(value: object) -> str:
    """Text as HTML, for content and for quoted attributes."""
    return html.escape(str(value).translate(_SHOWN), quote=True)


def _content(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str | int):
        return escape(child)
    return "".join(_content(entry) for entry in child)


def el(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """An element. A trailing underscore of an attribute is dropped, others become hyphens.

    An attribute that is None or False is left out, one that is True stands without a value.
    """
    parts = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        label = key.rstrip("_").replace("_", "-")
        parts.append(label if value is True else f'{label}="{escape(value)}"')
    start = f"<{' '.join(parts)}>"
    if name in _VOID:
        return Markup(start)
    return Markup(f"{start}{_content(children)}</{name}>")


def join(*children: Child) -> Markup:
    """Children one after another, without an element around them."""
    return Markup(_content(children))


def scrolling(table: Markup, label: str, *, tall: bool = False) -> Markup:
    """A table in a box of its own that scrolls, by keys too; `label` is what it is called."""
    class_ = "scroll tall" if tall else "scroll"
    return el("div", table, class_=class_, tabindex=0, role="region", aria_label=label)
