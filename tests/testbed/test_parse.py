"""The tolerant views: any bytes are read without an exception, faults are named."""

from hypothesis import given, settings
from hypothesis import strategies as st

from testbed import messages, raw
from testbed.assemble import Assembler
from testbed.parse import Pdu, parse_associate, parse_command, parse_pdvs
from testbed.trace import matches

REQUEST = raw.associate_rq(contexts=(raw.context_rq(1), raw.context_rq(3, raw.CT_STORAGE)))
STREAM = messages.command_pdu(messages.store_rq(1)) + messages.data_pdu(messages.ct_data_set())


def bodies(good):
    """Arbitrary bytes, and good ones with a patch somewhere."""
    patched = st.builds(
        lambda at, patch: raw.overwrite(good, at, patch)[: len(good)],
        st.integers(0, len(good) - 1),
        st.binary(min_size=1, max_size=6),
    )
    return st.one_of(st.binary(max_size=300), patched)


@given(bodies(REQUEST[6:]))
@settings(max_examples=300)
def test_any_association_body(body):
    view = parse_associate(Pdu(1, 0, body))
    if view.faults == ():
        rebuilt = b"".join(raw.item(e.type, e.body, reserved=e.second) for e in view.items)
        assert body[68:] == rebuilt


@given(bodies(STREAM[6:]))
@settings(max_examples=300)
def test_any_p_data_body(body):
    pdvs, faults = parse_pdvs(Pdu(4, 0, body))
    if not faults:
        assert b"".join(raw.pdv(p.id, p.header, p.fragment) for p in pdvs) == body


@given(bodies(messages.store_rq(1)))
@settings(max_examples=300)
def test_any_command_set(data):
    command = parse_command(data)
    if command.faults == ():
        made = b"".join(messages.element(tag, command.values[tag]) for tag in command.order)
        assert made == data


@given(st.lists(st.tuples(st.integers(0, 255), bodies(STREAM[6:])), max_size=5))
def test_every_token_is_one_a_pattern_can_name(pdus):
    assembler = Assembler()
    for kind, body in pdus:
        for token in assembler.tokens(Pdu(kind, 0, body)):
            assert matches("ANY", [token]), token


def test_messages_are_put_together_over_pdus():
    assembler = Assembler()
    pdus = raw.fragments(3, messages.store_rq(5), 10, command=True)
    pdus += raw.fragments(3, messages.ct_data_set(), 100, command=False, per_pdu=3)
    tokens = [token for pdu in pdus for token in assembler.tokens(Pdu(4, 0, pdu[6:]))]
    assert tokens == ["C-STORE-RQ"]
    (message,) = assembler.messages
    assert (message.context, message.command.us(0x0110)) == (3, 5)
    assert message.data == messages.ct_data_set()
