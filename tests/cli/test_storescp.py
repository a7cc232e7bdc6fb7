"""storescp: what is stored and under which name, what is said, how it ends."""

import errno
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from cli_peers import (
    ABORT,
    AC,
    CT_CONTEXT,
    PATIENCE,
    RJ,
    Caller,
)

from cli import dumps, storescp, storescu
from dimse.messages.composite import CStoreRSP
from testbed import messages, raw
from testbed.observe import Closed, Reset
from testbed.parse import parse_associate, uid_text

DICOM = Path(__file__).parents[2] / "fixtures" / "dicom"
CT = DICOM / "ct-explicit.dcm"
CT_NAME = "CT.1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
INSTANCE = messages.INSTANCE


def data_set_of(path):
    """What follows the file meta information, whose length is its first element's value."""
    content = path.read_bytes()
    return content[144 + int.from_bytes(content[140:144], "little") :]


def names(directory):
    return sorted(each.name for each in directory.iterdir())


def test_what_is_stored_and_said(serve, tmp_path):
    code, lines = serve(
        "-v", clients=lambda port: storescu.main(["-q", "127.0.0.1", str(port), str(CT)])
    )
    assert code == 0
    assert names(tmp_path) == [CT_NAME]
    assert data_set_of(tmp_path / CT_NAME) == data_set_of(CT)
    begin, received, *rest = lines
    assert begin.startswith("I: Listening on port ")
    assert received.startswith("I: Association Received (STORESCU at 127.0.0.1:")
    assert received.endswith(" calls ANY-SCP)")
    assert rest == [
        "I: Association Acknowledged (Max Send PDV: 16378)",
        "I: Received Store Request (MsgID 1, CT)",
        f"I: storing DICOM file: {tmp_path / CT_NAME}",
        "I: Association Release",
        "I: Associations: 1, rejected: 0, aborted: 0; objects stored: 1, refused: 0, received: 0.0 MB",
        "I: Ended by SIGTERM",
    ]


def test_silent_by_default(serve):
    def clients(port):
        with Caller(port, CT_CONTEXT) as caller:
            assert caller.accepted().send_store() == 0
            caller.release()

    assert serve(clients=clients) == (0, [])


def test_ctrl_c_is_a_normal_end_as_well(serve):
    code, lines = serve("-v", ending=signal.SIGINT)
    assert code == 0
    assert lines[-1] == "I: Ended by Ctrl-C"


def test_echo(serve):
    def clients(port):
        with Caller(port, raw.context_rq(1)) as caller:
            caller.accepted()
            caller.wire.send(messages.command_pdu(messages.echo_rq(7)))
            assert caller.status() == 0
            caller.release()

    _, lines = serve("-v", clients=clients)
    assert "I: Received Echo Request (MsgID 7)" in lines


def test_debug(serve):
    def clients(port):
        with Caller(port, CT_CONTEXT, raw.context_rq(3)) as caller:
            caller.accepted().send_store()
            caller.wire.send(messages.command_pdu(messages.echo_rq(7), 3))
            caller.status()
            caller.release()

    _, lines = serve("-d", clients=clients)
    said = "\n".join(lines)
    for each in ("received C-STORE-RQ", "sent C-STORE-RSP", "received C-ECHO-RQ", "A-ASSOCIATE-AC"):
        assert f"D: {each}" in said
    assert "Sta2 Evt6 AE-6 Sta3" in said


def test_debug_shows_what_a_peer_negotiates_but_no_password(serve):
    user = [
        raw.max_length(0),
        raw.async_window(4, 2),
        raw.role(raw.CT_STORAGE, 1, 0),
        raw.identity_rq(2, b"somebody", b"secret"),
    ]

    def clients(port):
        with Caller(port) as caller:
            unknown = raw.context_rq(3, "1.2.3\x1b[2J", [raw.IMPLICIT_LE])
            caller.wire.send(raw.associate_rq(contexts=[CT_CONTEXT, unknown], user=user))
            caller.accepted().release()

    _, lines = serve("-d", clients=clients)
    said = "\n".join(" ".join(line.split()) for line in lines)
    for each in (
        "Maximum length received no maximum",
        "Implementation class UID (none)",
        "Asynchronous operations window 4/2",
        "Role selection CT Image Storage (1.2.840.10008.5.1.4.1.1.2): SCU 1, SCP 0",
        "User identity user 'somebody' with a passcode",
        r"3 1.2.3\x1b[2J: abstract syntax not supported",
    ):
        assert f"D: {each}" in said
    assert "secret" not in said


def test_debug_shows_error_comments_and_offending_elements():
    said = dumps.message(
        CStoreRSP(
            message_id_being_responded_to=1,
            status=0xA900,
            error_comment="no",
            offending_element=(0x00080018, 0x00280010),
        ),
        "received",
    )
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert lines[0] == "received C-STORE-RSP"
    assert "Error comment no" in lines
    assert "Offending element (0008,0018), (0028,0010)" in lines
    assert "Status A900H: Error: Data Set does not match SOP Class" in lines


# -------------------------------------------------------------------------------- naming --


def store_once(port):
    with Caller(port, CT_CONTEXT) as caller:
        assert caller.accepted().send_store() == 0
        caller.release()


def store_once_refused(port):
    with Caller(port, CT_CONTEXT) as caller:
        assert caller.accepted().send_store() == 0x0124
        caller.release()


def store_twice(port):
    store_once(port)
    store_once(port)


def test_extension(serve, tmp_path):
    serve("-fe", ".dcm", clients=store_once)
    assert names(tmp_path) == [f"CT.{INSTANCE}.dcm"]


def test_an_extension_that_leads_elsewhere_is_refused(serve):
    code, lines = serve("-fe", "/../x")
    assert code == 1
    assert lines[1].startswith("error: Invalid value for option --filename-extension")


def test_unique_names(serve, tmp_path):
    _, lines = serve("+uf", clients=store_twice)
    assert lines == []
    assert len(names(tmp_path)) == 2
    assert all(name.startswith("CT.X.2.25.") for name in names(tmp_path))


def test_an_existing_file_is_replaced_with_a_warning(serve, tmp_path):
    _, lines = serve(clients=store_twice)
    path = tmp_path / f"CT.{INSTANCE}"
    assert lines == [f"W: DICOM file already exists, overwriting: {path}"]
    assert names(tmp_path) == [path.name]


def test_an_existing_file_is_kept_if_asked(serve, tmp_path):
    path = tmp_path / f"CT.{INSTANCE}"
    path.write_bytes(b"mine")
    _, lines = serve("--keep-existing", "-v", clients=store_once)
    assert f"W: DICOM file already exists, keeping it: {path}" in lines
    assert not any("storing DICOM file" in line for line in lines)
    assert path.read_bytes() == b"mine"


def test_ignore(serve, tmp_path):
    _, lines = serve("-v", "--ignore", clients=store_once)
    assert names(tmp_path) == []
    assert not any("storing DICOM file" in line for line in lines)
    assert "objects stored: 0, received and not kept: 1, refused: 0, " in lines[-2]


@pytest.mark.parametrize(("policy", "flushes"), [("file", 2), ("study", 2), ("none", 0)])
def test_fsync_policies(serve, monkeypatch, policy, flushes):
    real, seen = os.fsync, []
    monkeypatch.setattr(os, "fsync", lambda fd: (seen.append(fd), real(fd)))
    serve("--fsync", policy, clients=store_once)
    assert len(seen) == flushes


# ------------------------------------------------------------------------------ refusals --


def test_called_ae_title_is_checked_only_if_asked(serve):
    def clients(port):
        with Caller(port, CT_CONTEXT, called_ae_title="OTHER") as caller:
            answers.append(caller.pdu().data)
        with Caller(port, CT_CONTEXT, called_ae_title="ME") as caller:
            answers.append(caller.accepted() and None)
            caller.release()

    answers = []
    _, lines = serve("-aet", "ME", "--check-called", clients=clients)
    assert answers == [raw.associate_rj(1, 1, 7), None]
    assert lines[0].startswith("W: Association Rejected (DULSPEC at 127.0.0.1:")
    assert lines[2] == "W: Reason: Called AE Title Not Recognized"
    answers.clear()

    def any_title(port):
        with Caller(port, CT_CONTEXT, called_ae_title="OTHER") as caller:
            caller.accepted().release()

    assert serve("-aet", "ME", clients=any_title) == (0, [])


def test_too_many_associations(serve):
    def clients(port):
        with Caller(port, CT_CONTEXT) as first:
            first.accepted()
            with Caller(port, CT_CONTEXT) as second:
                assert second.pdu(RJ).data == raw.associate_rj(2, 3, 2)
            assert first.send_store() == 0
            first.release()

    _, lines = serve("--max-associations", 1, clients=clients)
    assert "W: Reason: Local Limit Exceeded" in lines


def test_lines_of_several_associations_are_told_apart(serve):
    def clients(port):
        with Caller(port, CT_CONTEXT) as first, Caller(port, CT_CONTEXT) as second:
            first.accepted()
            second.accepted()
            first.send_store("2.25.1")
            second.send_store("2.25.2")
            second.release()
            first.release()

    _, lines = serve("-v", clients=clients)
    said = "\n".join(lines)
    assert "I: [1] storing DICOM file: " in said
    assert "I: [2] storing DICOM file: " in said


def test_maximum_pdu_is_announced(serve):
    def clients(port):
        with Caller(port, CT_CONTEXT) as caller:
            seen.append(caller.pdu(AC).data)
            caller.release()

    seen = []
    serve("-pdu", 4096, clients=clients)
    assert raw.max_length(4096) in seen[0]
    serve(clients=clients)
    assert raw.max_length(131072) in seen[1]


# -------------------------------------------------------------------------- what goes wrong --


def test_a_peer_that_aborts(serve, tmp_path):
    def clients(port):
        with Caller(port, CT_CONTEXT) as caller:
            caller.accepted().begin_store()
            caller.wire.send(messages.data_pdu(b"\x08\0", header=raw.DATA_MORE))
            caller.wire.send(raw.abort(0, 0))
            caller.wire.read(PATIENCE)

    _, lines = serve("-v", clients=clients)
    assert "I: Association Aborted (association aborted by the peer's service-user)" in lines
    assert names(tmp_path) == []


def test_a_peer_that_vanishes(serve, tmp_path):
    def clients(port):
        with Caller(port, CT_CONTEXT) as caller:
            caller.accepted().begin_store()
            caller.wire.send(messages.data_pdu(b"\x08\0", header=raw.DATA_MORE))
            caller.wire.fin()
            caller.wire.read(PATIENCE)

    _, lines = serve(clients=clients)
    assert lines[0].startswith("W: Association Aborted (the peer closed")
    assert names(tmp_path) == []


def test_a_peer_that_breaks_the_protocol(serve):
    def clients(port):
        with Caller(port, CT_CONTEXT) as caller:
            caller.accepted()
            caller.wire.send(messages.command_pdu(b"junk"))
            caller.pdu(ABORT)

    _, lines = serve(clients=clients)
    assert lines[0].startswith("E: DIMSE failure (aborting association): ")


def test_what_is_no_dicom(serve):
    def clients(port):
        with Caller(port) as caller:
            caller.wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            caller.pdu(ABORT)

    _, lines = serve(clients=clients)
    assert lines[0].startswith("E: Receiving Association failed: 127.0.0.1:")


def test_who_only_knocks(serve):
    def clients(port):
        with Caller(port) as caller:
            caller.wire.fin()
            caller.wire.read(PATIENCE)

    assert serve(clients=clients) == (0, [])
    _, lines = serve("-v", clients=clients)
    assert lines[1].startswith("I: Connection from 127.0.0.1:")


def test_silence_is_ended(serve):
    def clients(port):
        with Caller(port) as caller:
            assert isinstance(caller.wire.read(PATIENCE), Closed | Reset)
        with Caller(port, CT_CONTEXT) as caller:
            caller.accepted()
            caller.pdu(ABORT)

    _, lines = serve("-ta", "0.05", "-td", "0.05", clients=clients)
    assert "timed out after 0.05 s waiting for an A-ASSOCIATE-RQ" in lines[0]
    assert "timed out after 0.05 s waiting for the next request" in lines[1]


def test_an_object_that_is_not_what_it_says(serve, tmp_path):
    def clients(port):
        with Caller(port, CT_CONTEXT) as caller:
            caller.accepted().begin_store("2.25.1")
            caller.wire.send(messages.data_pdu(messages.ct_data_set("2.25.2")))
            assert caller.status() >> 8 == 0xA9
            assert caller.send_store("2.25.3") == 0
            caller.release()

    _, lines = serve(clients=clients)
    assert lines[-1].startswith("E: Store Failed: 2.25.1: Error: Data Set does not match")
    assert names(tmp_path) == ["CT.2.25.3"]


def test_a_sop_instance_uid_that_is_a_path(serve, tmp_path):
    def clients(port):
        with Caller(port, CT_CONTEXT) as caller:
            caller.accepted()
            assert caller.send_store("../../escape") == 0x0117
            caller.release()

    _, lines = serve(clients=clients)
    assert any("is no SOP Instance UID" in line for line in lines)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda tmp_path: tmp_path / "none", "No such file or directory"),
        (lambda _: CT, "Not a directory"),
    ],
)
def test_a_bad_output_directory(serve, tmp_path, make, why):
    code, lines = serve(directory=make(tmp_path))
    assert code == 1
    assert lines == [
        (
            f"F: {make(tmp_path)}: objects can't be stored here: {why}. Create the directory "
            "or change its permissions, or choose another one"
        )
    ]


def test_a_port_in_use(capsys, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        code = storescp.main(["--host", "127.0.0.1", "-od", str(tmp_path), str(port)])
    assert code == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == (
        f"F: cannot create network: cannot listen on 127.0.0.1, port {port}: Address already in use"
    )
    assert second == "F: Try: another port, or end the program that has it (ss -ltnp shows it)"


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_address_that_is_none_of_this_machine(host, workers, capsys, tmp_path):
    """Another port would not help."""
    line = ["--host", host, "--workers", workers, "-od", str(tmp_path), "11112"]
    assert storescp.main(line) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"F: cannot create network: cannot listen on {host}, port 11112: ")
    assert "(" not in first
    assert second == "F: Try: an address of this machine (--host), or none, for all that it has"


def test_a_port_that_needs_privileges(capsys, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(socket, "create_server", refuse)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert storescp.main(["-od", str(tmp_path), "104"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert "Permission denied" in lines[0]
    assert lines[1] == "F: Try: ports below 1024 need privileges; 11112 is DICOM's free one"


def test_port_file(serve, tmp_path):
    path = tmp_path / "port"
    written = []
    serve("--port-file", path, clients=lambda port: written.append((port, path.read_text())))
    ((port, content),) = written
    assert content == f"{port}\n"
    assert names(tmp_path) == ["port"]


def test_a_port_file_that_cannot_be_written(serve, tmp_path):
    code, lines = serve("--port-file", tmp_path / "none" / "port")
    assert code == 1
    assert lines == [
        f"F: cannot write the port file: {tmp_path / 'none' / 'port'}: No such file or directory"
    ]


# ----------------------------------------------------------------- as a process of its own --


@pytest.fixture
def process(python, spawn_environment, tmp_path):
    """Starts storescp; gives the process and its port."""
    started = []

    def start(*before, options=()):
        command = [*before, python, "-m", "cli.storescp", "-v", "--host", "127.0.0.1"]
        process = subprocess.Popen(
            [*command, "-od", str(tmp_path), *options, "0"],
            stderr=subprocess.PIPE,
            text=True,
            env=spawn_environment,
        )
        started.append(process)
        listening = process.stderr.readline()
        assert listening.startswith("I: Listening on port "), listening
        return process, int(listening.split()[4])

    yield start
    for each in started:
        each.kill()
        each.communicate()


def test_sigterm_aborts_associations_and_leaves_no_temporary_files(process, tmp_path):
    running, port = process(options=["--grace", "0"])
    with Caller(port, CT_CONTEXT) as caller:
        caller.accepted()
        assert caller.send_store("2.25.1") == 0
        caller.begin_store("2.25.2")
        caller.wire.send(messages.data_pdu(messages.ct_data_set("2.25.2")[:1000], header=0))
        running.send_signal(signal.SIGTERM)
        assert caller.pdu(ABORT).data == raw.abort(0, 0)
    _, said = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0
    aborted, counted, ended = said.splitlines()[-3:]
    assert (aborted, ended) == ("I: Association Aborted (we end)", "I: Ended by SIGTERM")
    assert counted.startswith("I: Associations: 1, rejected: 0, aborted: 1; objects stored: 1, ")
    assert "Traceback" not in said
    assert names(tmp_path) == ["CT.2.25.1"]


def test_a_full_disk_refuses_and_lives_on(process, tmp_path):
    """A limit on the size of files stands for the disk; the object after it has room."""
    running, port = process("sh", "-c", 'ulimit -f 4; exec "$@"', "sh")
    padding = messages.element(0xFFFCFFFC, bytes(100_000))
    large = messages.ct_data_set("2.25.2") + padding
    with Caller(port, CT_CONTEXT) as caller:
        caller.accepted().begin_store("2.25.2")
        caller.wire.send(messages.data_pdu(large))
        assert caller.status() >> 8 == 0xA7
        assert caller.send_store("2.25.1") == 0
        caller.release()
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=PATIENCE)
    assert "Free some space" in said
    assert "E: Store Failed: 2.25.2: Refused: Out of resources" in said
    assert names(tmp_path) == ["CT.2.25.1"]


# ------------------------------------------------------------------- options of DCMTK's storescp --


def accepted_syntax(port, *syntaxes, sop_class=raw.CT_STORAGE):
    """The transfer syntax that is accepted of one context, or None."""
    with Caller(port, raw.context_rq(1, sop_class, syntaxes)) as caller:
        (context,) = parse_associate(caller.pdu(AC)).contexts
        caller.release()
    return uid_text(context.transfers[0]) if context.result == 0 else None


PREFERENCES = {
    # as `storescp --help` of DCMTK 3.6.7 words it; UIDs of PS3.6 Table A-1
    "+x=": "1.2.1", "+xe": "1.2.1", "+xb": "1.2.2", "+xs": "1.2.4.70", "+xy": "1.2.4.50", "+xx": "1.2.4.51",
    "+xv": "1.2.4.90", "+xw": "1.2.4.91", "+xt": "1.2.4.80", "+xu": "1.2.4.81", "+xm": "1.2.4.100",
    "+xh": "1.2.4.101", "+xn": "1.2.4.102", "+xl": "1.2.4.103", "+x2": "1.2.4.104", "+x3": "1.2.4.105",
    "+xo": "1.2.4.106", "+x4": "1.2.4.107", "+x5": "1.2.4.108", "+xr": "1.2.5", "+xd": "1.2.1.99",
}  # fmt: skip
JPEG_2000, PRIVATE = "1.2.840.10008.1.2.4.90", "1.3.46.670589.33.1.4.1"
EXPLICIT_LE, EXPLICIT_BE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"


@pytest.mark.parametrize("option", PREFERENCES)
def test_a_preferred_transfer_syntax(serve, option):
    """It is taken where it is proposed, else an uncompressed one; and no other."""
    preferred = f"1.2.840.10008.{PREFERENCES[option]}"
    other = "1.2.840.10008.1.2.4.57"

    def clients(port):
        assert accepted_syntax(port, other, raw.IMPLICIT_LE, preferred) == preferred
        assert accepted_syntax(port, other, raw.IMPLICIT_LE) == raw.IMPLICIT_LE
        assert accepted_syntax(port, other) is None

    serve(option, clients=clients)


def test_implicit_only_and_the_last_preference_wins(serve):
    def clients(port):
        assert accepted_syntax(port, EXPLICIT_LE, raw.IMPLICIT_LE) == raw.IMPLICIT_LE
        assert accepted_syntax(port, EXPLICIT_LE, JPEG_2000) is None

    serve("+xi", clients=clients)
    serve("+xv", "--implicit", clients=clients)


def test_what_is_accepted_without_an_option(serve):
    def clients(port):
        assert accepted_syntax(port, JPEG_2000, EXPLICIT_LE, raw.IMPLICIT_LE) == JPEG_2000
        assert accepted_syntax(port, raw.IMPLICIT_LE, EXPLICIT_LE, JPEG_2000) == EXPLICIT_LE
        assert accepted_syntax(port, PRIVATE) is None
        assert accepted_syntax(port, raw.IMPLICIT_LE, sop_class="1.3.46.670589.11") is None

    serve(clients=clients)


def test_private_sop_classes_and_transfer_syntaxes(serve):
    def clients(port):
        assert accepted_syntax(port, PRIVATE) == PRIVATE
        assert accepted_syntax(port, JPEG_2000, EXPLICIT_LE) == JPEG_2000
        assert accepted_syntax(port, EXPLICIT_LE, sop_class="1.3.46.670589.11") == EXPLICIT_LE

    serve("+xa", "-pm", clients=clients)


def test_a_data_set_without_file_meta(serve, tmp_path):
    serve("-F", clients=store_once)
    assert (tmp_path / f"CT.{INSTANCE}").read_bytes() == messages.ct_data_set()


def send_mismatch(statuses):
    def clients(port):
        with Caller(port, CT_CONTEXT) as caller:
            caller.accepted().begin_store("2.25.1")
            caller.wire.send(messages.data_pdu(messages.ct_data_set("2.25.2")))
            statuses.append(caller.status())
            caller.release()

    return clients


def test_bit_preserving_keeps_whatever_comes(serve, tmp_path):
    statuses = []
    assert serve("+B", clients=send_mismatch(statuses)) == (0, [])
    serve("+B", "-B", clients=send_mismatch(statuses))
    assert statuses == [0, 0xA900]
    assert names(tmp_path) == ["CT.2.25.1"]


def test_what_is_tolerated_is_a_warning_and_with_strict_a_refusal(serve, tmp_path):
    odd = messages.element(0x00204000, b"odd")

    def clients(port):
        with Caller(port, CT_CONTEXT) as caller:
            caller.accepted().begin_store()
            caller.wire.send(messages.data_pdu(messages.ct_data_set() + odd + bytes(1)))
            statuses.append(caller.status())
            caller.release()

    statuses = []
    _, lines = serve(clients=clients)
    assert statuses == [0]
    assert len(lines) == 1
    assert lines[0].startswith(f"W: {INSTANCE}: at byte ")
    serve("--strict", clients=clients)
    assert statuses == [0, 0xC000]


def test_names_by_the_time(serve, tmp_path):
    serve("-tn", "-fe", ".dcm", clients=store_twice)
    assert len(names(tmp_path)) == 2
    assert all(re.fullmatch(r"\d{17}(_0001)?\.CT\.dcm", name) for name in names(tmp_path))


def test_refuse(serve):
    def clients(port):
        with Caller(port, CT_CONTEXT) as caller:
            assert caller.pdu(RJ).data == raw.associate_rj(1, 1, 1)

    _, lines = serve("--refuse", clients=clients)
    assert "W: Reason: No Reason" in lines


def test_reject_who_has_no_implementation_class_uid(serve):
    def clients(port):
        with Caller(port) as caller:
            caller.wire.send(raw.associate_rq(contexts=[CT_CONTEXT], user=[raw.max_length()]))
            assert caller.pdu(RJ).data == raw.associate_rj(1, 1, 1)
        store_once(port)

    serve("--reject", clients=clients)


@pytest.mark.parametrize(
    ("option", "files"), [("--abort-during", []), ("--abort-after", [f"CT.{INSTANCE}"])]
)
def test_abort(serve, tmp_path, option, files):
    def clients(port):
        with Caller(port, CT_CONTEXT) as caller:
            caller.accepted().begin_store()
            caller.wire.send(messages.data_pdu(messages.ct_data_set()))
            assert caller.pdu(ABORT).data == raw.abort(0, 0)

    _, lines = serve(option, clients=clients)
    assert lines[0].startswith("W: Association Aborted (aborted ")
    assert names(tmp_path) == files


def test_sleep(serve, monkeypatch):
    """The sleep ends with the program."""
    from dimse.faults import Faults

    slept = []
    real = Faults.on_store
    monkeypatch.setattr(
        Faults,
        "on_store",
        lambda self, request: (slept.append(self.sleep_after), real(self, request))[1],
    )

    def clients(port):
        with Caller(port, CT_CONTEXT) as caller:
            caller.accepted().begin_store()
            caller.wire.send(messages.data_pdu(messages.ct_data_set()))
            while not slept:
                caller.wire.read(0.05)

    options = ("--sleep-after", "1000", "--sleep-during", "0.001", "--grace", "0")
    code, _ = serve(*options, clients=clients, at_once=True)
    assert code == 0
    assert slept == [1000.0]


def test_what_is_always_so_may_be_said(serve):
    serve("-dhl", "-up", "-B", "+F", "-uf", "+x=", clients=store_once)


def test_paths_by_a_template(serve, tmp_path):
    _, lines = serve(
        "-v", "--filepath", "{Modality}/{PatientID}/{SOPInstanceUID}.dcm", clients=store_once
    )
    path = tmp_path / "CT" / "DULSPEC-1" / f"{INSTANCE}.dcm"
    assert f"I: storing DICOM file: {path}" in lines
    assert path.is_file()


def test_a_template_that_is_none_is_a_wrong_command_line(capfd):
    assert storescp.main(["--filepath", "{PatientID}", "11112"]) == 1
    assert "objects would replace one another" in capfd.readouterr().err


def test_an_existing_file_may_be_compared(serve, tmp_path):
    _, lines = serve("--existing", "compare", clients=store_twice)
    path = tmp_path / f"CT.{INSTANCE}"
    assert lines == [f"W: DICOM file already exists, the new one is the same: {path}"]


def test_an_existing_file_may_be_no_place_for_another(serve, tmp_path):
    path = tmp_path / f"CT.{INSTANCE}"
    path.write_bytes(b"mine")
    _, lines = serve("--existing", "refuse", clients=store_once_refused)
    assert any("0124H" in line and "stored already" in line for line in lines)
    assert path.read_bytes() == b"mine"
