"""Replaying captures: same answers are recognised, whatever may change; others are shown."""

import io
import socket
import threading

import pytest

from testbed import messages, raw
from testbed.cli import main
from testbed.observe import Closed, Reset, Timeout, Wire
from testbed.parse import Pdu
from testbed.proxy import replay
from testbed.proxy.capture import Header, Row, Writer
from testbed.proxy.replay import Exchange, Teller, script
from testbed.proxy.rules import Close, Write

RQ = raw.associate_rq()
AC = raw.associate_ac()
ECHO = messages.command_pdu(messages.echo_rq(1))
RESPONSE = messages.command_pdu(messages.echo_rsp(1))
LIMIT = 10


def row(direction, data=b"", event="pdu", **over):
    return Row(0.0, 1, direction, event, len(data), hex=data.hex(), **over)


#: A whole association as the proxy captures it.
ROWS = [
    row("requestor", event="open"),
    row("requestor", RQ), row("acceptor", AC), row("requestor", ECHO), row("acceptor", RESPONSE),
    row("requestor", raw.release_rq()), row("acceptor", raw.release_rp()),
    row("requestor", event="fin"), row("acceptor", event="fin"), row("note", event="end"),
]  # fmt: skip


def pdu(data):
    return Pdu(data[0], data[1], data[6:])


def lines(*pdus):
    teller = Teller()
    return [line for data in pdus for line in teller.lines(pdu(data))]


# -- what is compared


@pytest.mark.parametrize(
    "other",
    [
        raw.associate_ac(
            user=[
                raw.max_length(),
                raw.implementation_class("1.2.3"),
                raw.implementation_version("NEW"),
            ]
        ),
        raw.associate_ac(reserved=1, reserved_32=b"x" * 32),
        raw.associate_ac(called_ae_title="OTHER"),
    ],
)
def test_what_may_change_in_an_ac_is_not_compared(other):
    assert lines(other) == lines(AC)


@pytest.mark.parametrize(
    "other",
    [
        raw.associate_ac(version=2),
        raw.associate_ac(contexts=[raw.context_ac(1, 3)]),
        raw.associate_ac(contexts=[raw.context_ac(1, 0, [raw.EXPLICIT_LE])]),
        raw.associate_ac(contexts=[raw.context_ac(3)]),
        raw.associate_ac(user=[raw.max_length(0), raw.implementation_class()]),
        raw.associate_ac(user=[raw.max_length(), raw.implementation_class(), raw.role(raw.VERIFICATION, 1, 0)]),
        raw.associate_rj(), raw.abort(),
    ],
)  # fmt: skip
def test_what_matters_in_an_ac_is(other):
    assert lines(other) != lines(AC)


def test_the_transfer_syntax_of_a_refused_context_is_not_significant():
    refused = [
        raw.associate_ac(contexts=[raw.context_ac(1, 3, [uid])])
        for uid in (raw.IMPLICIT_LE, raw.EXPLICIT_LE)
    ]
    assert lines(refused[0]) == lines(refused[1])


def test_fragmentation_is_not_compared():
    command = messages.echo_rsp(1)
    pieces = [raw.p_data(raw.pdv(1, 1, command[:9])), raw.p_data(raw.pdv(1, 3, command[9:]))]
    assert lines(*pieces) == lines(RESPONSE)


def test_data_sets_and_comments_are_not_compared_but_statuses_are():
    def answer(status, comment):
        elements = [(0x0100, messages.us(0x8020)), (0x0120, messages.us(1)), (0x0800, messages.us(0)),
                    (0x0900, messages.us(status)), (0x0902, messages.text(comment))]  # fmt: skip
        return messages.command_pdu(messages.command_set(elements))

    one = lines(answer(0xFF00, "one"), messages.data_pdu(b"abc"))
    assert one == lines(answer(0xFF00, "another"), messages.data_pdu(b"defgh"))
    assert one != lines(answer(0xFF01, "one"), messages.data_pdu(b"abc"))
    assert one != lines(answer(0xFF00, "one"))


def test_aborts_and_rejections_are_compared_by_their_codes():
    assert lines(raw.abort(2, 1)) != lines(raw.abort(2, 2))
    assert lines(raw.associate_rj(1, 1, 1)) != lines(raw.associate_rj(1, 1, 7))
    assert lines(raw.abort(2, 1)) == lines(raw.abort(2, 1, reserved=9))


# -- scripts


def test_a_script_alternates_what_we_do_and_what_must_come():
    exchanges = script(ROWS, "requestor")
    assert [len(exchange.steps) for exchange in exchanges] == [1, 1, 1, 1]
    assert exchanges[0] == Exchange([Write(RQ)], lines(AC))
    assert exchanges[3] == Exchange([Close()], ["closes"])
    exchanges = script(ROWS, "acceptor")
    assert exchanges[0] == Exchange([], lines(RQ))
    assert exchanges[1].steps == [Write(AC)]
    assert exchanges[-1].expected == ["closes"]


def test_rules_of_the_capture_are_played_unless_it_is_to_be_faithful():
    rows = [row("requestor", RQ, rules=["requestor RQ split 2", "requestor RQ corrupt 0=09"])]
    assert script(rows, "requestor")[0].steps == [Write(b"\x09" + RQ[1:], 2)]
    assert script(rows, "requestor", faithful=True)[0].steps == [Write(RQ)]


def test_nothing_is_played_after_a_cut():
    rows = [
        row("requestor", RQ, rules=["any RQ cut 5"]),
        row("requestor", ECHO),
        row("acceptor", AC),
    ]
    assert script(rows, "requestor") == [Exchange([Write(RQ[:5]), Close()], [])]


def test_a_capture_of_nothing_has_no_script():
    assert script([row("requestor", event="open"), row("note", event="end")], "requestor") == []


# -- playing


class Peer(threading.Thread):
    """An acceptor that answers each PDU by a table, until the other side ends."""

    def __init__(self, answers):
        super().__init__()
        self.answers, self.server, self.got = answers, socket.create_server(("127.0.0.1", 0)), []
        self.port = self.server.getsockname()[1]

    def run(self):
        with self.server:
            sock, _ = self.server.accept()
        wire = Wire(sock)
        while not isinstance(event := wire.read(LIMIT), Closed | Reset | Timeout):
            self.got.append(event)
            wire.send(self.answers.get(getattr(event, "type", None), b""))
        wire.close()


GOOD = {1: AC, 4: RESPONSE, 5: raw.release_rp()}


def played(answers, rows=ROWS, timeout=LIMIT):
    peer = Peer(answers)
    peer.start()
    ((number, differences),) = replay.call(
        {1: script(rows, "requestor")}, "127.0.0.1", peer.port, timeout
    )
    peer.join(LIMIT)
    assert not peer.is_alive()
    assert number == 1
    return differences, peer


def test_the_same_answers_are_recognised():
    differences, peer = played(GOOD)
    assert differences == []
    assert [event.type for event in peer.got] == [1, 4, 5]


def test_another_status_is_shown_as_a_difference():
    refused = messages.command_pdu(messages.echo_rsp(1, 0x0122))
    differences, _ = played({**GOOD, 4: refused})
    assert [line[0] for line in differences if "C-ECHO-RSP" in line] == ["-", "+"]
    assert any("C-ECHO-RSP(0122)" in line for line in differences)


def test_silence_is_a_difference():
    differences, _ = played({**GOOD, 4: b""}, timeout=0.05)
    assert any("+nothing more within 0.05 s" in line for line in differences)


def test_another_answer_and_one_too_much_are_differences():
    differences, _ = played({**GOOD, 5: raw.abort()})
    assert any(line.startswith("+A-ABORT") for line in differences)
    differences, _ = played({**GOOD, 5: raw.release_rp() + raw.abort()})
    assert "+A-ABORT (0, 0)" in differences


def test_the_acceptor_is_played_for_a_product_that_calls():
    ports = []
    ready, found = threading.Event(), []
    results = replay.answer(
        {1: script(ROWS, "acceptor")}, ("127.0.0.1", 0), LIMIT, LIMIT,
        lambda port: (ports.append(port), ready.set()),
    )  # fmt: skip
    player = threading.Thread(target=lambda: found.extend(results))
    player.start()
    assert ready.wait(LIMIT)
    wire = Wire(socket.create_connection(("127.0.0.1", ports[0])))
    for sent, expected in ((RQ, 2), (ECHO, 4), (raw.release_rq(), 6)):
        wire.send(sent)
        assert wire.read(LIMIT).type == expected
    wire.close()
    player.join(LIMIT)
    assert found == [(1, [])]


def test_no_call_is_an_error():
    with pytest.raises(TimeoutError):
        list(replay.answer({1: []}, ("127.0.0.1", 0), 0.01, 0.01, lambda _port: None))


def stored(path, rows=ROWS):
    text = io.StringIO()
    writer = Writer(text, Header("", "", "", [], "zeroed"))
    for entry in rows:
        writer.row(entry)
    path.write_text(text.getvalue())
    return str(path)


@pytest.mark.parametrize(("answers", "code"), [(GOOD, 0), ({**GOOD, 1: raw.associate_rj()}, 1)])
def test_the_command(tmp_path, capsys, answers, code):
    peer = Peer(answers)
    peer.start()
    assert main(["replay", stored(tmp_path / "c"), "127.0.0.1", str(peer.port)]) == code
    peer.join(LIMIT)
    assert ("same answers" if code == 0 else "differs") in capsys.readouterr().out


def test_wrong_usage(tmp_path, capsys):
    path = stored(tmp_path / "c")
    assert main(["replay", path]) == 2
    assert main(["replay", path, "127.0.0.1", "1", "--listen", "0"]) == 2
    assert main(["replay", stored(tmp_path / "e", []), "127.0.0.1", "1"]) == 2
    assert main(["replay", path, "127.0.0.1", "1", "--connection", "9"]) == 2
    assert capsys.readouterr().err.count("dulspec: ") == 4
