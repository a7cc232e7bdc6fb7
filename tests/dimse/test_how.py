"""The keywords of `Client.send` and `Client.store`, as a type checker sees them."""

from __future__ import annotations

from dimse.how import How
from dimse.policy import Policy
from dul.values import fields


def test_the_keywords_of_a_client_are_the_attributes_of_a_policy() -> None:
    attributes = {each.name: each.type for each in fields(Policy)}
    hints = {name: hint.__forward_arg__ for name, hint in How.__annotations__.items()}
    assert hints == attributes
