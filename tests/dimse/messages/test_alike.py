"""Command sets that are alike: decoded as if each were the first."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dimse.errors import InvalidCommandSet, UnknownCommand
from dimse.messages.alike import Alike
from dimse.messages.codec import decode_message
from dimse.messages.composite import CEchoRQ, CStoreRQ

STORES = st.builds(
    CStoreRQ,
    message_id=st.integers(0, 0xFFFF),
    affected_sop_class_uid=st.sampled_from(["1.2.3", "1.2.4"]),
    affected_sop_instance_uid=st.from_regex(r"1\.[0-9]{1,4}", fullmatch=True),
    priority=st.sampled_from([0, 1]),
    move_originator_message_id=st.sampled_from([None, 7]),
)
SETS = st.one_of(STORES, STORES, st.builds(CEchoRQ, message_id=st.integers(0, 9), affected_sop_class_uid=st.just("1.2")))  # fmt: skip


def outcome(decode: Any, data: bytes) -> Any:
    try:
        return decode(data)
    except (InvalidCommandSet, UnknownCommand) as error:
        return type(error), str(error)


@given(
    st.lists(
        st.tuples(SETS, st.lists(st.tuples(st.integers(0, 150), st.integers(0, 255)), max_size=1)),
        max_size=8,
    )
)
def test_one_after_the_other_is_decoded_as_if_it_were_the_first(sent: list[Any]) -> None:
    """Also where a byte is another one, wherever it is."""
    alike = Alike()
    for message, changes in sent:
        data = bytearray(message.encode())
        for at, value in changes:
            data[at % len(data)] = value
        assert outcome(alike.decode, bytes(data)) == outcome(decode_message, bytes(data))


def test_elements_in_another_order_are_decoded_each_time() -> None:
    """The SOP Instance UID before the Message ID."""
    data = CStoreRQ(
        message_id=9, affected_sop_class_uid="1.2", affected_sop_instance_uid="1.2.3.4"
    ).encode()
    swapped = data[:12] + data[-16:] + data[12:-16]
    alike = Alike()
    for _ in range(3):
        assert alike.decode(swapped) == decode_message(swapped) == decode_message(data)
