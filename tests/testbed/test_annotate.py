"""Annotation: every byte once, in order, and nothing shown that must not be."""

from hypothesis import given
from hypothesis import strategies as st

from testbed import annotate, messages, raw

STREAM = (
    raw.associate_rq(user=(*raw.USER_ITEMS, raw.role(raw.CT_STORAGE, 1, 0), raw.identity_rq(2, b"joe", b"pw")))
    + raw.associate_ac()
    + raw.associate_rj(1, 1, 7)
    + messages.command_pdu(messages.store_rq(3))
    + messages.data_pdu(messages.ct_data_set())
    + raw.release_rq()
    + raw.abort(2, 6)
)  # fmt: skip


def covered(data):
    return b"".join(line.data for line in annotate.annotate(data))


def test_names_of_the_standard():
    text = "\n".join(annotate.render(STREAM))
    for words in (
        "A-ASSOCIATE-RQ (01H)", "Called-AE-title 'ANY-SCP", "Presentation-context-ID 1",
        "Verification SOP Class", "Maximum-length-received 16384", "SCU-role 1",
        "called AE title not recognized", "Command Field 0001H C-STORE-RQ",
        "Message control header: data set, last", "invalid PDU parameter value",
    ):  # fmt: skip
        assert words in text


def test_patient_and_credentials_are_hidden():
    text = "\n".join(annotate.render(STREAM))
    assert b"DULSPEC-1".hex(" ") not in text
    assert b"joe".hex(" ") not in text
    assert "** " in text
    clean = annotate.redact(STREAM)
    assert b"TEST^DULSPEC" in STREAM
    assert b"TEST^DULSPEC" not in clean
    assert b"joe" not in clean
    assert len(clean) == len(STREAM)
    assert annotate.redact(clean) == clean


def test_data_is_shown_when_asked_for():
    text = "\n".join(annotate.render(messages.data_pdu(b"\x08\x00abcd"), show_data=True))
    assert "08 00 61 62 63 64" in text


def test_malformed_pdv_is_hidden_too():
    data = raw.p_data(raw.pdv(1, 2, b"secret", length=99))
    assert b"secret" not in annotate.redact(data)


def test_every_byte_once_for_good_bytes():
    offsets = [line.offset for line in annotate.annotate(STREAM)]
    assert offsets == sorted(offsets)
    # PDV lines repeat the item-length from its value, all the rest is the stream itself.
    assert covered(STREAM) == STREAM


@given(st.binary(max_size=200))
def test_any_bytes_annotate(data):
    for line in annotate.annotate(data):
        assert line.render()


@given(st.integers(1, 7), st.binary(max_size=120))
def test_any_body_keeps_its_length_when_redacted(kind, body):
    data = raw.pdu(kind, body)
    assert len(annotate.redact(data)) == len(data)
    assert annotate.redact(data)[:6] == data[:6]
