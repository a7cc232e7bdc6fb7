"""`dimse.rehearsal`: what would be sent, through both faces; what it says is what sending then does."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dimse import aio
from dimse.client import Client
from dimse.errors import CannotTranscode, InvalidValue
from dimse.events import Confirmed, Planned, Warned, WouldAssociate, WouldSend
from dimse.journal import Journal
from dimse.objects.codecs import Decompress
from dimse.objects.finder import LeftOut, find
from dimse.objects.prepare import Preparation
from dimse.offers import ContextOffer, Offers
from dimse.outcome import Outcome
from dimse.server import Server
from dimse.storage.sink import Discard

DICOM = Path(__file__).parents[2] / "fixtures" / "dicom"
CT, MR, RLE = DICOM / "ct-explicit.dcm", DICOM / "mr-explicit.dcm", DICOM / "mr-rle.dcm"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
NOBODY = 9  # discard: whoever called there would be told so

DryRun = Callable[..., list[Any]]


def blocking(items: Any, port: int = NOBODY, **how: Any) -> list[Any]:
    return list(Client("127.0.0.1", port).dry_run(items, **how))


def in_a_loop(items: Any, port: int = NOBODY, **how: Any) -> list[Any]:
    async def run() -> list[Any]:
        return [each async for each in aio.Client("127.0.0.1", port).dry_run(items, **how)]

    return asyncio.run(run())


@pytest.fixture(params=[blocking, in_a_loop])
def dry_run(request: Any) -> DryRun:
    face: DryRun = request.param
    return face


def of(kind: type[Any], events: list[Any]) -> list[Any]:
    return [each for each in events if isinstance(each, kind)]


def test_nobody_is_called_and_each_object_has_its_choices(dry_run: DryRun) -> None:
    events = dry_run([CT, RLE])
    (association,) = of(WouldAssociate, events)
    assert association.number == 1
    assert association.request.called_ae_title.strip() == "ANY-SCP"
    contexts = {each.id: each for each in association.request.presentation_contexts}
    sent = of(WouldSend, events)
    assert [each.outgoing.name for each in sent] == [str(CT), str(RLE)]
    for each in sent:
        assert each.choices[0].transfer_syntax == each.outgoing.transfer_syntax_uid
        assert each.error is None
        for choice in each.choices:
            context = contexts[choice.context_id]
            assert context.abstract_syntax == each.outgoing.sop_class_uid
            assert choice.transfer_syntax in context.transfer_syntaxes


def test_what_is_proposed_is_what_sending_proposes(dry_run: DryRun) -> None:
    asked: list[Any] = []

    def access(requestor: Any) -> None:
        asked.append(
            [
                (e.abstract_syntax, e.transfer_syntaxes)
                for e in requestor.request.presentation_contexts
            ]
        )

    many = [ContextOffer(f"1.2.3.{number}", (IMPLICIT,)) for number in range(125)]
    files, how = [CT, RLE, MR, CT], {"base_contexts": many}
    with Server(lambda _: Discard(), access=access, host="127.0.0.1") as scp:
        assert all(each.stored for each in Client("127.0.0.1", scp.address[1]).store(files, **how))
    planned = [
        [(e.abstract_syntax, e.transfer_syntaxes) for e in each.request.presentation_contexts]
        for each in of(WouldAssociate, dry_run(files, **how))
    ]
    assert len(planned) > 1
    assert planned == asked


def test_what_is_left_out_or_unusable_is_told_too(dry_run: DryRun, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "cut.dcm").write_bytes(CT.read_bytes()[:2000])
    shutil.copy(MR, tmp_path)
    events = dry_run(find([str(tmp_path)], scan=True))
    assert [Path(each.path).name for each in of(LeftOut, events)] == ["notes.txt"]
    assert [Path(each.name).name for each in of(Outcome, events)] == ["cut.dcm"]
    assert [each.outgoing.path.name for each in of(WouldSend, events)] == [MR.name]
    halted = dry_run(find([str(tmp_path)], scan=True), halt=True)
    assert of(WouldSend, halted) == []


def test_what_no_peer_could_take_is_said_with_its_reason(dry_run: DryRun) -> None:
    only = Offers(only=(IMPLICIT,))
    never = Preparation(decompress=Decompress.NEVER)
    (ct, rle) = of(WouldSend, dry_run([CT, RLE], rules=only, preparation=never))
    assert [each.transfer_syntax for each in ct.choices] == [IMPLICIT]
    assert rle.choices == ()
    assert isinstance(rle.error, CannotTranscode)
    assert "mr-rle.dcm" in str(rle.error)


def test_a_journal_is_read_and_not_written(dry_run: DryRun, tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        with Server(lambda _: Discard(), host="127.0.0.1") as scp:
            port = scp.address[1]
            (stored,) = Client("127.0.0.1", port).store(CT, journal=journal)
            assert stored.stored
        events = dry_run([CT, MR, tmp_path / "nowhere"], port, journal=journal)
        assert [each.outgoing.path for each in of(Confirmed, events)] == [CT]
        assert [each.outgoing.path for each in of(WouldSend, events)] == [MR]
        assert list(journal.failed()) == []


def test_warnings_copies_and_totals(dry_run: DryRun) -> None:
    odd = DICOM / "sc-odd-explicit.dcm"
    events = dry_run([odd], repeat=3)
    assert len(of(WouldSend, events)) == 3
    assert len(of(WouldAssociate, events)) == 1
    (planned,) = of(Planned, events)
    assert planned.objects == 1
    for each in of(Warned, events):
        assert each.outgoing.path == odd


def test_keywords_are_checked_at_once(dry_run: DryRun) -> None:
    with pytest.raises(InvalidValue, match="repeat"):
        dry_run([CT], repeat=0)
