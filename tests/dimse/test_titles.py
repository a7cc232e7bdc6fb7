"""What an AE title is; and every door through which one comes in asks that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimse import aio
from dimse.client import Client
from dimse.errors import InvalidValue
from dimse.policy import Policy
from dimse.support import storage_support
from dimse.titles import checked_ae_title

ALLOWED = {chr(code) for code in range(0x20, 0x7F)} - {"\\"}  # PS3.5 6.2, VR AE


@given(st.text(max_size=18) | st.text(st.sampled_from(sorted(ALLOWED | {"\\", "\n"})), max_size=18))
def test_an_ae_title_is_what_the_standard_allows(title: str):
    if 1 <= len(title) <= 16 and set(title) <= ALLOWED and title.strip(" "):
        assert checked_ae_title(title) == title.strip(" ")
    else:
        with pytest.raises(InvalidValue, match="AE title"):
            checked_ae_title(title)


@pytest.mark.parametrize("title", [None, 7, b"PACS"])
def test_an_ae_title_is_text(title: object):
    with pytest.raises(InvalidValue, match="where"):
        checked_ae_title(title, "where")


BAD = [
    "",
    "   ",
    "SEVENTEEN LETTERS",
    "A\\B",
    "A\nB",
    "A\0",
    "\N{LATIN CAPITAL LETTER A WITH DIAERESIS}",
    b"A",
    7,
]


@pytest.mark.parametrize("title", BAD)
@pytest.mark.parametrize("which", ["called_ae_title", "calling_ae_title"])
@pytest.mark.parametrize("client", [Client, aio.Client])
def test_a_client(client: Any, which: str, title: Any) -> None:
    with pytest.raises(InvalidValue, match=which):
        client("pacs", 104, **{which: title})


@pytest.mark.parametrize("title", BAD)
@pytest.mark.parametrize("which", ["called_ae_titles", "calling_ae_titles"])
def test_a_server(which: str, title: Any) -> None:
    with pytest.raises(InvalidValue, match=which):
        storage_support(**{which: ["GOOD", title]})


@pytest.mark.parametrize("which", ["called_ae_titles", "calling_ae_titles"])
def test_a_servers_titles_are_several(which: str) -> None:
    """One as a text would be as many as it has letters."""
    with pytest.raises(InvalidValue, match=which):
        storage_support(**{which: "PACS"})
    assert getattr(storage_support(**{which: [" PACS "]}), which) == {"PACS"}


@pytest.mark.parametrize("title", BAD)
def test_the_originator_of_a_move(title: Any) -> None:
    with pytest.raises(InvalidValue, match="move_originator"):
        Policy(move_originator=(title, 1))
