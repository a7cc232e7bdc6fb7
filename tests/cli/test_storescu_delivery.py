"""storescu: several at a time, what is tried again, bounds on speed, the journal, the first look."""

from __future__ import annotations

import shutil
import threading
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cli_peers import ScriptedPeer, rejecting, storing

from cli import storescu
from dimse import journal as journals
from dimse.errors import JournalFailed
from dimse.provider import Observer
from dimse.retry import Retry
from dimse.server import Server
from dimse.storage.sink import Discard
from dimse.support import storage_support
from dul.user_items import AsynchronousOperationsWindow
from testbed import raw

GUARD = 20.0
DICOM = Path(__file__).parents[2] / "fixtures" / "dicom"
CT, MR = DICOM / "ct-explicit.dcm", DICOM / "mr-explicit.dcm"


@pytest.fixture
def send(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run storescu; its exit code, and what it says."""

    def run(port: int, *arguments: object) -> tuple[int, list[str]]:
        code = storescu.main(["127.0.0.1", str(port), *map(str, arguments)])
        return code, capsys.readouterr().err.splitlines()

    return run


@pytest.fixture
def many(tmp_path: Path) -> list[Path]:
    return [Path(shutil.copy(CT, tmp_path / f"{number}.dcm")) for number in range(12)]


def test_several_associations(send: Any, many: list[Path]) -> None:
    all_there, begun = threading.Barrier(3), count()

    def wait_for_the_others(_: object) -> int:
        if next(begun) < 3:  # the first object of each: a quick one might send them all
            all_there.wait(GUARD)
        return 0

    with Server(lambda _: Discard(), on_store=wait_for_the_others, host="127.0.0.1") as scp:
        code, lines = send(scp.address[1], "-v", "--associations", "3", *many)
    assert code == 0
    assert sum("Association Accepted" in line for line in lines) == 3
    assert "sent: 12, failed: 0, not sent: 0" in lines[-1]


def test_fewer_associations_than_asked_for_are_enough(send: Any, many: list[Path]) -> None:
    class Refusals(Observer):
        def rejected(self, *_: object) -> None:
            refused.set()

    refused = threading.Event()

    def wait_for_a_refusal(_: object) -> int:
        refused.wait(GUARD)  # the one that is there might have sent them all before
        return 0

    with Server(
        lambda _: Discard(),
        on_store=wait_for_a_refusal,
        observer=Refusals(),
        host="127.0.0.1",
        max_associations=1,
    ) as scp:
        code, lines = send(scp.address[1], "--associations", "3", *many)
    assert code == 0
    assert lines
    assert all("no further association" in line for line in lines if line.startswith("W: no "))
    assert not [line for line in lines if line.startswith(("E:", "F:"))]


def test_a_window(send: Any, many: list[Path]) -> None:
    support = storage_support(window=AsynchronousOperationsWindow(4, 1))
    with Server(lambda _: Discard(), support=support, host="127.0.0.1") as scp:
        code, lines = send(scp.address[1], "--max-ops", "4", *many)
    assert (code, lines) == (0, [])


def test_a_window_that_is_not_granted_has_its_word(send: Any) -> None:
    with ScriptedPeer(storing(0)) as peer:
        code, lines = send(peer.port, "--max-ops", "4", CT)
    assert code == 0
    assert lines == ["W: the peer grants no operations window: one object at a time"]


def test_what_is_refused_for_now_is_tried_again(send: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(Retry, "delay", lambda *_: 0.01)
    with ScriptedPeer(rejecting(2, 3, 2), storing(0)) as peer:
        code, lines = send(peer.port, "--retry", "2", CT)
    assert code == 0
    assert "local limit exceeded" in lines[0]
    assert lines[1] == "W: trying again in 0.0 s (attempt 2 of 3)"
    with ScriptedPeer(storing(0, 0xA700), storing(0)) as peer:
        code, lines = send(peer.port, "--retry", "1", CT, MR)
    assert code == 0
    assert lines[0] == f"W: {MR}: the peer has no room (A700H)"


def test_bounds_on_speed(send: Any) -> None:
    with ScriptedPeer(storing(0, 0)) as peer:
        assert send(peer.port, "--rate", "100", "--bandwidth", "9000000", CT, MR) == (0, [])


@pytest.mark.parametrize("wrong", ["--rate=0", "--rate=x", "--bandwidth=10", "--associations=0"])
def test_what_makes_no_sense_is_refused(send: Any, wrong: str) -> None:
    code, lines = send(1, *wrong.split("="), CT)
    assert code == 1
    assert any(line.startswith("error: ") for line in lines)


# -------------------------------------------------------------------------------- journal --


def test_the_same_command_again_sends_the_rest(send: Any, tmp_path: Path, capsys: Any) -> None:
    journal = tmp_path / "journal"
    with ScriptedPeer(storing(0, 0xA900), storing(0)) as peer:
        code, _ = send(peer.port, "-nh", "--journal", journal, CT, MR)
        assert code != 0
        assert storescu.main(["--list-failed", str(journal)]) == 0
        assert capsys.readouterr().out == f"{MR}\n"
        code, lines = send(peer.port, "-v", "-nh", "--journal", journal, CT, MR)
        assert code == 0
        assert any("not sent again" in line and str(CT) in line for line in lines)
        assert "sent: 1, sent before: 1, failed: 0, not sent: 0" in lines[-1]
        assert storescu.main(["--list-failed", str(journal)]) == 0
        assert capsys.readouterr().out == ""
        # All is confirmed: nobody is called.
        assert send(peer.port, "--journal", journal, CT, MR) == (0, [])


def test_a_journal_that_is_none(send: Any, tmp_path: Path) -> None:
    code, lines = send(1, "--journal", CT, MR)
    assert code == 1
    assert lines[0].startswith(f"F: {CT}: the journal can't be used")
    assert storescu.main(["--list-failed", str(tmp_path / "nowhere")]) == 1
    assert not (tmp_path / "nowhere").exists()


def test_a_full_disk_ends_it_and_says_what_is_true(
    send: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = journals.Page.record
    left = [1]

    def record(self: Any, *what: Any) -> None:
        if not left.pop():
            raise JournalFailed("journal", "database or disk is full")
        left.append(0)
        real(self, *what)

    monkeypatch.setattr(journals.Page, "record", record)
    files = [Path(shutil.copy(CT, tmp_path / f"{number}.dcm")) for number in range(4)]
    with ScriptedPeer(storing(0, 0)) as peer:
        code, lines = send(peer.port, "-v", "--journal", tmp_path / "journal", *files)
    assert code == 1
    assert any("disk is full; 2 files are not tried" in line for line in lines)
    assert "sent: 2, failed: 0, not sent: 2" in lines[-1]


# ------------------------------------------------------------------------- the first look --


def test_behind_the_first_look_what_stands_before_a_bad_file_is_sent(
    send: Any, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.dcm"
    bad.write_bytes(b"a letter")
    code, lines = send(1, CT, bad, MR)
    assert code == 1
    assert lines[-1] == "F: nothing was sent; -nh sends the 2 files that can be sent"
    with ScriptedPeer(storing(0)) as peer:
        code, lines = send(peer.port, "--look-ahead", "1", CT, bad, MR)
    assert code == 1
    assert lines[0].startswith("F: Bad DICOM file")
    assert lines[-1] == "F: what stands behind it was not sent; -nh goes on"
    code, lines = send(1, "--look-ahead", "0", CT, bad, MR)
    assert lines[-1] == "F: nothing was sent; -nh sends the 2 files that can be sent"


# --------------------------------------------------------------------------------- faults --

OPTIONS = [[], ["--retry", "1"], ["--max-ops", "3"], ["--rate", "500"], ["--journal", "journal"]]


def _stops(dialogue: Any, how: str) -> None:
    """Store one, and end it in the middle of the next."""
    dialogue.accept()
    dialogue.store()
    context, command = dialogue.command()
    if how == "early failure":
        dialogue.answer(context, command, 0xA900)
        dialogue.data_set()
        assert dialogue.end() in {5, 7}
    elif how == "abort":
        dialogue.wire.send(raw.abort(0, 0))


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
@pytest.mark.parametrize("how", ["abort", "close", "early failure"])
def test_what_is_said_to_be_sent_was(
    send: Any, tmp_path: Path, monkeypatch: Any, options: list[str], how: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Retry, "delay", lambda *_: 0.01)
    files = [shutil.copy(CT, tmp_path / f"{number}.dcm") for number in range(3)]
    again = how != "early failure" and "--retry" in options
    rest = [] if how == "early failure" else [storing(0, 0) if again else storing(0)]
    with ScriptedPeer(lambda dialogue: _stops(dialogue, how), *rest) as peer:
        if how == "early failure":
            files = files[:2]
        code, lines = send(peer.port, "-v", "-nh", *options, *files)
    sent = 3 if again else len(files) - 1
    assert f"sent: {sent}, failed: {len(files) - sent}, not sent: 0" in lines[-1]
    assert (code == 0) is again
    if "--journal" in options:
        with journals.Journal("journal") as journal:
            assert list(journal.failed()) == [str(files[1])]
