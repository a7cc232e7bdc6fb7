"""PDUs into messages, in bounded memory."""

from testbed import messages, raw
from testbed.decode.dialogue import LONGEST_COMMAND, Dialogue, data_lines


def contexts():
    rq = raw.associate_rq(contexts=[raw.context_rq(1, raw.CT_STORAGE, [raw.EXPLICIT_LE])])
    ac = raw.associate_ac(contexts=[raw.context_ac(1, 0, [raw.EXPLICIT_LE])])
    return rq, ac


def test_a_message_is_told_once_it_is_whole():
    dialogue = Dialogue(keep=1000)
    rq, ac = contexts()
    assert list(dialogue.take("requestor", rq)) == []
    assert list(dialogue.take("acceptor", ac)) == []
    command = messages.store_rq(7)
    half = len(command) // 2
    pdus = [
        raw.p_data(raw.pdv(1, 1, command[:half])),
        raw.p_data(raw.pdv(1, 3, command[half:])),
        messages.data_pdu(b"\x08\x00", header=0),
        messages.data_pdu(b"abc"),
    ]
    told = [found for pdu in pdus for found in dialogue.take("requestor", pdu)]
    assert len(told) == 1
    assert told[0].line.startswith("C-STORE-RQ, message 7, ")
    assert "data set of 5 bytes" in told[0].line
    assert "context 1 (CT Image Storage, Explicit VR Little Endian)" in told[0].line
    assert (told[0].data, told[0].size, told[0].faults) == (b"\x08\x00abc", 5, ())


def test_both_sides_are_followed_apart():
    dialogue = Dialogue()
    assert list(dialogue.take("requestor", messages.command_pdu(messages.store_rq(1)))) == []
    told = list(dialogue.take("acceptor", messages.command_pdu(messages.echo_rsp(9, 0x0122))))
    assert "C-ECHO-RSP, to message 9, status 0122H SOP class not supported" in told[0].line
    assert len(list(dialogue.take("requestor", messages.data_pdu(b"xx")))) == 1


def test_faults_of_a_command_set_are_told():
    bad = messages.command_set(messages.echo_elements(1), group_length=99)
    (told,) = Dialogue().take("requestor", messages.command_pdu(bad))
    assert told.faults == ("(0000,0000) is not the number of bytes that follow it",)


def test_memory_stays_bounded():
    dialogue = Dialogue(keep=100)
    block = raw.p_data(raw.pdv(1, 1, bytes(30_000)))
    for _ in range(5):
        assert list(dialogue.take("requestor", block)) == []
    (told,) = dialogue.take("requestor", messages.command_pdu(b""))
    assert told.faults == (f"a command set of more than {LONGEST_COMMAND} bytes",)
    for _ in range(10):
        list(dialogue.take("requestor", messages.data_pdu(bytes(1000), header=0)))
    (told,) = dialogue.take("requestor", messages.data_pdu(b"z"))
    assert (len(told.data), told.size) == (100, 10_001)
    assert "a data set without a command" in told.line


def test_a_data_set_is_shown_by_its_elements_or_else_by_its_bytes():
    rq, ac = contexts()
    dialogue = Dialogue(keep=10_000)
    list(dialogue.take("requestor", rq))
    list(dialogue.take("acceptor", ac))
    list(dialogue.take("requestor", messages.command_pdu(messages.store_rq(1))))
    data = messages.ct_data_set(explicit=True)
    (told,) = dialogue.take("requestor", messages.data_pdu(data))
    assert any("TEST^DULSPEC" in line for line in data_lines(told))
    list(dialogue.take("requestor", messages.command_pdu(messages.store_rq(2))))
    (told,) = dialogue.take(
        "requestor", messages.data_pdu(b"\x08\x00\x05\x00ZZ\xff\xff" + bytes(3))
    )
    assert data_lines(told)
