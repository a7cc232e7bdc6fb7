"""The file that the proxy writes: read back as it was, refused when it is none, without patient data."""

import io
import json

import pytest

from testbed import raw
from testbed.decode.printer import Printer
from testbed.proxy import capture
from testbed.proxy.capture import Header, Row, Writer

ABORT = raw.abort(2, 1)


def test_a_capture_is_read_back_as_it_was_written():
    header = Header("2026-01-01T00:00:00Z", "127.0.0.1:1", "127.0.0.1:2", ["any * drop"], "zeroed")
    rows = [
        Row(0.0, 1, "requestor", "open", summary="calls"),
        Row(0.5, 1, "requestor", "pdu", 10, 0, ABORT.hex(), ["any * drop"]),
        Row(0.75, 1, "note", "end"),
    ]
    text = io.StringIO()
    writer = Writer(text, header)
    for row in rows:
        writer.row(row)
    found, read = capture.read(io.BytesIO(text.getvalue().encode()))
    assert found == header
    assert list(read) == rows


GOOD = json.dumps({"format": capture.FORMAT, "started": "", "listen": "", "target": "",
                   "rules": [], "data": "zeroed"})  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "[]", "{}", json.dumps({"format": capture.FORMAT}), GOOD + "\nx", GOOD + "\n[]",
        GOOD + '\n{"time": 0}',
        GOOD + '\n{"time": 0, "connection": 1, "direction": "x", "event": "pdu"}',
        GOOD + '\n{"time": 0, "connection": 1, "direction": "note", "event": "x"}',
        GOOD + '\n{"time": 0, "connection": 1, "direction": "note", "event": "", "hex": "0"}',
        GOOD + '\n{"time": 0, "connection": 1, "direction": "note", "event": "", "rules": [3]}',
        GOOD + '\n{"time": 0, "connection": 1, "direction": "note", "event": "", "rules": ["x"]}',
        GOOD + '\n{"time": "0", "connection": 1, "direction": "note", "event": ""}',
    ],
)  # fmt: skip
def test_what_is_no_capture_is_refused(text):
    with pytest.raises(ValueError):
        list(capture.lines(io.BytesIO(text.encode()), Printer()))
