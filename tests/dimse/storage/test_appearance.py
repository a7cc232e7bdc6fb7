"""What stored objects are called."""

from __future__ import annotations

import pytest
from asked import store_request
from hypothesis import example, given
from hypothesis import strategies as st

from dimse.storage import appearance
from dimse.storage.appearance import Appearance
from dimse.storage.head import Head

NO_HEAD = Head("1.2.840.10008.1.2.1", 0, lambda at, count: b"")


def called(name: str) -> str | None:
    """What an object is called by a naming that gives this; None: it is no name."""
    made = Appearance(
        naming=lambda request, head: name,
        extension="",
        file_meta=True,
        implementation=("1.2.3", "TEST"),
    )
    try:
        return made.name_of(store_request(), NO_HEAD)
    except ValueError:
        return None


@example("CT.1.2.3")
@example("a" * 255)
@example("a" * 256)
@example("..")
@example("CT.1.2.3\n")
@example("")
@example("a/b")
@example("a" * 255 + "/b")
@example("a" * 256 + "/b")
@example("a//b")
@example("a/")
@given(st.text("ab1._-/\n\0é", max_size=8))
def test_a_plain_name_is_one_by_the_rule_too(name: str) -> None:
    plainly = appearance._PLAIN.fullmatch(name) is not None
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(appearance, "_PLAIN", appearance.re.compile(r"(?!)"))
        by_the_rule = called(name)
    assert called(name) == by_the_rule
    assert by_the_rule == name or not plainly
