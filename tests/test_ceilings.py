"""What a start and a message cost, as counts: they say the same on every machine.

A count that falls may be written down here; one that rises needs a reason.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from benchmarks.counters import can_compile, copied, counting_bytes, served
from benchmarks.objects import Workload, make
from cli import storescu
from dimse import Client, Server, Spool
from dimse.dialogue import VERIFICATION_CONTEXT
from dimse.messages.codec import decode_message, response_to
from dimse.messages.composite import CStoreRQ
from dimse.storage import Discard

ROOT = Path(__file__).resolve().parent.parent
OURS = ("dul", "dimse", "cli")
# Each takes as long to load as a quarter of a tool, or more.
NEVER = {
    "asyncio",
    "dataclasses",
    "email",
    "importlib.metadata",
    "inspect",
    "logging",
    "numpy",
    "pathlib",
    "pydicom",
    "re",
    "rich",
    "typing",
}

MODULES = 182  # loaded by `storescu` before it reads its arguments, all of Python's included; ours are small, and hold what it can do
SENT_MODULES = 183  # loaded when it has sent a file
ECHOED_MODULES = 162  # and by `echoscu` when it was answered
# A server counts what it does, knows what comes by what came before, and stops in order; it starts once,
# where a client does for each file.
SERVER_MODULES = 220
ENCODE = 8  # calls, C functions included, that turn a C-STORE-RQ into bytes
DECODE = 50  # and that make a C-STORE-RSP of bytes
SEND = 280  # calls for a small object, from its name on the command line to its outcome
# Is it a directory; open, fstat, pread, close; stat before it is sent and behind it; sendmsg,
# poll, recv_into.
SEND_SYSTEM_CALLS = 10


def loaded_by(module: str) -> set[str]:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def calls_of(act) -> int:
    """How many functions are called, in Python and in C, when all is prepared."""
    for _ in range(10):
        act()
    count = 0

    def tell(frame, event, argument):
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(tell)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count


def test_a_tool_loads_no_more_than_it_needs_to_start():
    for tool in ("cli.storescu", "cli.storescp", "cli.echoscu"):
        loaded = loaded_by(tool)
        # What goes wrong in a server's thread is logged; a client's errors are its caller's.
        never = NEVER - {"logging", "pathlib", "re"} if tool == "cli.storescp" else NEVER
        assert not loaded & never, tool
        assert any(each.startswith("dul.") for each in loaded)
        most = SERVER_MODULES if tool == "cli.storescp" else MODULES
        assert len(loaded) <= most, f"{tool} loads {len(loaded)} modules"


@pytest.mark.parametrize(
    ("tool", "most"), [("storescu", SENT_MODULES), ("echoscu", ECHOED_MODULES)]
)
def test_a_tool_loads_no_more_than_it_needs_from_its_start_to_its_end(tool, most, tmp_path):
    files = make(Workload("one", 1, 4096), tmp_path) if tool == "storescu" else []
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from cli import {0}; "
        "code = {0}.main(sys.argv[2:]); print(*sys.modules); sys.exit(code)"
    )
    with Server(lambda _: Discard(), host="127.0.0.1") as server:
        arguments = [ROOT, "127.0.0.1", server.address[1], *files]
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", code.format(tool), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=True,
        )
    loaded = set(done.stdout.split())
    assert "dimse.engine" in loaded or tool == "echoscu"
    assert not loaded & NEVER
    assert len(loaded) <= most, f"{tool} loads {len(loaded)} modules"


def test_a_message_takes_no_more_calls_than_it_did():
    asked = CStoreRQ(
        message_id=7,
        affected_sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        affected_sop_instance_uid="1.2.826.0.1.3680043.10.1999.3.1",
    )
    answer = response_to(asked, 0).encode()
    assert decode_message(answer).message_id_being_responded_to == 7
    encoding, decoding = calls_of(asked.encode), calls_of(lambda: decode_message(answer))
    assert 5 < encoding <= ENCODE
    assert 5 < decoding <= DECODE


# ------------------------------------------------------------------------- what is received --

RECEIVE = 222  # calls, C functions included, from a small object's C-STORE-RQ to the next one's
# Poll, recv_into and sendmsg; stat of the spool's directory; open, writev, fsync, link and
# close of the file; fsync of the directory.
RECEIVE_SYSTEM_CALLS = 10
SYSTEM_CALLS = {
    *("poll", "setsockopt", "recv_into", "recv", "sendmsg", "send", "ioctl"),
    *("open", "close", "stat", "fstat", "fchmod", "writev", "pread", "fsync", "flock", "dup"),
    *("link", "rename", "unlink", "mkdir", "urandom", "scandir", "listdir"),
}
FLOOR = 5  # of each count: that something was counted at all


class Counted:
    """A profiler of the serving thread: calls and system calls, object by object."""

    def __init__(self) -> None:
        self.objects: list[tuple[int, int]] = []
        self.calls = self.system = 0

    def __call__(self, frame, event, argument) -> None:
        if event == "call":
            self.calls += 1
            if frame.f_code.co_qualname == "Spool.open":
                self.objects.append((self.calls, self.system))
                self.calls = self.system = 0
        elif event == "c_call":
            self.calls += 1
            kind, _, name = argument.__qualname__.rpartition(".")
            self.system += name in SYSTEM_CALLS and kind != "generator"


def test_an_object_takes_no_more_calls_to_receive_than_it_did(tmp_path):
    paths = make(Workload("sent", 30, 4096), tmp_path)
    counted = Counted()
    threading.setprofile(counted)
    try:
        with Spool(tmp_path) as spool, Server(spool.open, host="127.0.0.1") as server:
            client = Client("127.0.0.1", server.address[1])
            assert all(each.stored for each in client.store(paths))
    finally:
        threading.setprofile(None)
    assert len(counted.objects) == len(paths)
    # Where the kernel has cut an object in two it takes one more turn: the fewest count.
    calls, system_calls = map(min, zip(*counted.objects[5:], strict=True))
    assert FLOOR < calls <= RECEIVE
    assert FLOOR < system_calls <= RECEIVE_SYSTEM_CALLS


def test_a_small_object_takes_no_more_calls_to_send_than_it_did(tmp_path):
    """What a hundred more of them add, so that the start and the association are not counted."""
    costs = []
    with Server(lambda _: Discard(), host="127.0.0.1") as server:
        for count in (20, 120):
            paths = make(Workload(f"sent-{count}", count, 4096), tmp_path)
            arguments = ["127.0.0.1", str(server.address[1]), *map(str, paths)]
            counted = Counted()
            before = sys.getprofile()
            sys.setprofile(counted)
            try:
                code = storescu.main(arguments)
            finally:
                sys.setprofile(before)
            assert code == 0
            costs.append((counted.calls, counted.system))
    (few_calls, few_system), (calls, system) = costs
    assert FLOOR < (calls - few_calls) / 100 <= SEND
    # A response that comes in two pieces takes a turn more.
    assert FLOOR < (system - few_system) / 100 <= SEND_SYSTEM_CALLS + 0.5


# ------------------------------------------------------------------------------ bytes copied --

# Bytes copied, and bytes cleared, in memory. Of a received small object each byte is copied once, for the check
# of what it is, as are the first 64 KiB of a large one: 128 bytes of each 16 KiB here, where there are 8 MiB;
# the rest is where a fill ends within a PDU, and where the buffer has not grown before.
COPIED = {
    "object of 4.8 KB, sender": (2200, 6000),
    "object of 4.8 KB, receiver": (8500, 7500),
    "PDU of 16 KiB of a large object, sender": (64, 256),
    "PDU of 16 KiB of a large object, receiver": (4096, 4096),
    "association accepted and released": (6000, 100000),
    "C-ECHO served": (1200, 4500),
}
compiles = pytest.mark.skipif(not can_compile(), reason="no C compiler")


@compiles
def test_no_more_bytes_are_copied_for_an_object_than_were(tmp_path):
    found = copied(tmp_path)
    assert found.keys() == COPIED.keys()
    for name, (most_copied, most_cleared) in COPIED.items():
        assert 0 < found[name]["bytes copied"] <= most_copied, name
        assert 0 < found[name]["bytes cleared"] <= most_cleared, name


@compiles
def test_what_is_copied_and_cleared_is_counted_for_its_thread(tmp_path):
    """Slices, joins, growth and assignments, of a mebibyte each; and that it is copied rightly."""
    program = """
import ctypes, threading
ask = [getattr(ctypes.CDLL(None), name) for name in ("bytes_copied", "bytes_cleared", "all_bytes_copied")]
for each in ask:
    each.restype = ctypes.c_longlong
MIB = 1 << 20
whole = bytes(range(256)) * (MIB // 256)
other = memoryview(bytearray(MIB + 8))
def count(act):
    before = [each() for each in ask]
    act()
    print(*[round((each() - was) / MIB, 2) for each, was in zip(ask, before)])
def assign(at):
    other[at : at + MIB] = whole
def move():
    other[3 : 3 + MIB] = other[:MIB]
def grow():
    grown = bytearray()
    grown += whole
def elsewhere():
    thread = threading.Thread(target=lambda: whole[1:])
    thread.start()
    thread.join()
count(lambda: whole[1:])
count(lambda: b"".join([whole, whole]))
count(grow)
count(lambda: assign(5))
count(lambda: bytearray(MIB))
count(elsewhere)
assert other[5 : 5 + MIB] == whole
move()
assert other[8 : 3 + MIB] == whole[: MIB - 5]
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=counting_bytes(tmp_path),
        check=True,
        capture_output=True,
        text=True,
    )
    counts = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
    assert counts == [(1, 0, 1), (2, 0, 2), (1, 0, 1), (1, 0, 1), (0, 1, 0), (0, 0, 1)]


# ----------------------------------------------------------------- associations and C-ECHOs --


ECHO_ASKED = 128  # calls to ask a C-ECHO on an association
ECHO = 120  # calls to serve a C-ECHO: poll, recv_into and sendmsg are the system calls
ASSOCIATION = 680  # and one association with one C-ECHO, the wait for it included


def test_an_echo_takes_no_more_calls_to_ask_than_it_did():
    with Server(host="127.0.0.1") as server:
        client = Client("127.0.0.1", server.address[1])
        with client.associate([VERIFICATION_CONTEXT]) as session:
            assert 60 < calls_of(session.echo) <= ECHO_ASKED


def test_an_association_and_an_echo_take_no_more_calls_to_serve_than_they_did():
    served(1, 1)  # what is loaded late is loaded
    few, associations, echoes = served(10, 1), served(40, 1), served(10, 4)
    # A thread more may wake for who comes while the last one is let go, and find nobody: two system calls.
    for more, most, system in ((associations, ASSOCIATION, 18 + 2), (echoes, ECHO, 3)):
        calls = (more.calls + more.in_c - few.calls - few.in_c) / 30
        assert FLOOR < calls <= most
        assert 2 < (more.system.total() - few.system.total()) / 30 <= system + 0.5
