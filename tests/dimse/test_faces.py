"""`dimse.client` with `dimse.server`, and both of `dimse.aio`, over real sockets."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pydicom
import pytest
from tests_datasets import data_set_of

from dimse import aio
from dimse.client import Client
from dimse.dialogue import VERIFICATION_CONTEXT
from dimse.errors import DIMSEError, NoPresentationContext, NotDICOM, Truncated
from dimse.objects.codecs import Decompress
from dimse.objects.outgoing import examine
from dimse.objects.prepare import Preparation
from dimse.objects.transcode import CannotTranscode
from dimse.offers import ContextOffer, Offers
from dimse.outcome import Outcome
from dimse.provider import Denied, Granted, Observer
from dimse.requests import StoreRequest
from dimse.server import Server
from dimse.storage.sink import Discard
from dimse.storage.spool import Spool
from dimse.support import storage_support
from dul.errors import AssociationRejected, LocalProtocolError, RejectReason, TransportError
from dul.limits import Limits
from dul.negotiation import Negotiated, context_offers, request
from dul.pdu import AssociateRJ
from dul.user_items import UserIdentity

FIXTURES = Path(__file__).parent.parent.parent / "fixtures" / "dicom"
FILES = sorted(FIXTURES.glob("*.dcm"))
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
VERIFICATION, CT = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.1.2"

Client_ = Callable[..., list[Outcome]]


class Blocking:
    """The blocking client, reduced to what the tests do."""

    def __init__(self, port: int, **options: Any) -> None:
        self.client = Client("127.0.0.1", port, **options)

    def echo(self) -> int:
        return self.client.echo().status

    def store(self, items: list[Any], **options: Any) -> list[Outcome]:
        return list(self.client.store(items, **options))

    def echo_on(self, contexts: list[ContextOffer]) -> int:
        with self.client.associate(contexts) as session:
            return session.echo().status

    def negotiated(self, contexts: list[ContextOffer]) -> Negotiated:
        with self.client.associate(contexts) as session:
            return session.negotiated


class Asyncio:
    """The asyncio client, each call in an event loop of its own."""

    def __init__(self, port: int, **options: Any) -> None:
        self.port, self.options = port, options

    def echo(self) -> int:
        async def run() -> int:
            async with aio.Client("127.0.0.1", self.port, **self.options) as client:
                return (await client.echo()).status

        return asyncio.run(run())

    def store(self, items: list[Any], **options: Any) -> list[Outcome]:
        async def run() -> list[Outcome]:
            async with aio.Client("127.0.0.1", self.port, **self.options) as client:
                return [outcome async for outcome in client.store(items, **options)]

        return asyncio.run(run())

    def echo_on(self, contexts: list[ContextOffer]) -> int:
        async def run() -> int:
            client = aio.Client("127.0.0.1", self.port, **self.options)
            async with await client.associate(contexts) as session:
                return (await session.echo()).status

        return asyncio.run(run())

    def negotiated(self, contexts: list[ContextOffer]) -> Negotiated:
        async def run() -> Negotiated:
            client = aio.Client("127.0.0.1", self.port, **self.options)
            async with await client.associate(contexts) as session:
                return session.negotiated

        return asyncio.run(run())


class AsyncioServer:
    """The asyncio server in a thread with an event loop."""

    def __init__(self, open_sink: Any = None, **options: Any) -> None:
        self._ready = threading.Event()
        self._stop: Callable[[], object] = lambda: None
        self._arguments = (open_sink, options)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.address: tuple[str, int] = ("", 0)

    async def _run(self) -> None:
        open_sink, options = self._arguments
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        async with aio.Server(open_sink, **options) as server:
            self.address = server.address
            self._stop = lambda: loop.call_soon_threadsafe(stop.set)
            self._ready.set()
            await stop.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._thread.join()


@pytest.fixture(params=[Blocking, Asyncio])
def client(request: Any) -> Any:
    return request.param


@pytest.fixture(params=[Server, AsyncioServer])
def server(request: Any) -> Any:
    return request.param


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    folder = tmp_path / "incoming"
    folder.mkdir()
    with Spool(folder) as spool:
        yield spool


def test_what_is_proposed_follows_the_rules_that_are_given(client: Any, server: Any) -> None:
    asked = []

    def access(requestor: Any) -> None:
        asked.append(requestor.request.presentation_contexts)

    ct = FIXTURES / "ct-explicit.dcm"
    with server(lambda _: Discard(), access=access, host="127.0.0.1") as scp:
        for rules in (Offers(), Offers(besides=("1.2.3",))):
            (outcome,) = client(scp.address[1]).store([ct], rules=rules)
            assert outcome.stored
    proposed = [{each.transfer_syntaxes for each in contexts} for contexts in asked]
    assert proposed[1] - proposed[0] == {("1.2.3",)}


def test_every_fixture_arrives_byte_for_byte(client: Any, server: Any, spool: Spool) -> None:
    with server(spool.open, host="127.0.0.1") as scp:
        outcomes = client(scp.address[1]).store(FILES)
    assert [outcome.path for outcome in outcomes] == FILES
    assert all(outcome.stored for outcome in outcomes), [
        o.meaning for o in outcomes if not o.stored
    ]
    stored = {open_uid(path): path for path in spool.directory.iterdir()}
    assert len(stored) == len(FILES)
    for path in FILES:
        assert data_set_of(stored[open_uid(path)]) == data_set_of(path), path.name


def open_uid(path: Path) -> str:
    return examine(path).sop_instance_uid


def test_echo(client: Any, server: Any, spool: Spool) -> None:
    with server(spool.open, host="127.0.0.1") as scp:
        assert client(scp.address[1]).echo() == 0


def test_echo_without_its_context_is_the_callers_error(client: Any, spool: Spool) -> None:
    with Server(spool.open, host="127.0.0.1") as scp:
        offers = [ContextOffer("1.2.840.10008.5.1.4.1.1.2", (IMPLICIT,))]
        with pytest.raises(LocalProtocolError, match="Verification"):
            client(scp.address[1]).echo_on(offers)
        assert client(scp.address[1]).echo_on([VERIFICATION_CONTEXT]) == 0


def test_what_cannot_be_sent_is_an_outcome_and_the_rest_goes_on(
    client: Any, spool: Spool, tmp_path: Path
) -> None:
    text = tmp_path / "letter.txt"
    text.write_text("Dear colleague, the patient whom you sent me is well again.")
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(FILES[1].read_bytes()[:-100])
    with Server(spool.open, host="127.0.0.1") as scp:
        outcomes = client(scp.address[1]).store([text, cut, tmp_path / "nowhere", FILES[0]])
    assert [type(outcome.error) for outcome in outcomes[:2]] == [NotDICOM, Truncated]
    assert outcomes[2].error
    assert "nowhere" in outcomes[2].meaning
    assert not outcomes[2].stored
    assert outcomes[3].stored


def test_a_data_set_is_converted_to_what_the_peer_takes(client: Any, spool: Spool) -> None:
    support = storage_support(transfer_syntaxes=[IMPLICIT])
    path = FIXTURES / "ct-explicit.dcm"
    with Server(spool.open, support=support, host="127.0.0.1") as scp:
        (outcome,) = client(scp.address[1]).store([path])
    assert outcome.stored, outcome.meaning
    assert outcome.transfer_syntax_uid == IMPLICIT
    (stored,) = spool.directory.iterdir()
    assert pydicom.dcmread(stored) == pydicom.dcmread(path)


def test_a_refused_compressed_syntax_is_named(client: Any, spool: Spool) -> None:
    support = storage_support(transfer_syntaxes=[IMPLICIT])
    with Server(spool.open, support=support, host="127.0.0.1") as scp:
        as_it_is = Preparation(decompress=Decompress.NEVER)
        files = [FIXTURES / "mr-rle.dcm", FILES[0]]
        outcomes = client(scp.address[1]).store(files, preparation=as_it_is)
    assert isinstance(outcomes[0].error, CannotTranscode)
    for part in ("mr-rle.dcm", "RLE Lossless", "Implicit VR Little Endian"):
        assert part in outcomes[0].meaning
    assert outcomes[1].stored


def test_a_sop_class_that_the_peer_lacks_is_named(client: Any, spool: Spool) -> None:
    support = storage_support(sop_classes=["1.2.840.10008.5.1.4.1.1.4"])
    with Server(spool.open, support=support, host="127.0.0.1") as scp:
        (outcome,) = client(scp.address[1]).store([FIXTURES / "ct-explicit.dcm"])
    assert isinstance(outcome.error, NoPresentationContext)
    assert "CT Image Storage" in outcome.meaning


def test_a_pydicom_data_set_from_memory(client: Any, spool: Spool) -> None:
    data_set = pydicom.dcmread(FIXTURES / "mr-explicit.dcm")
    data_set.PatientName = "Changed^In^Memory"
    with Server(spool.open, host="127.0.0.1") as scp:
        (outcome,) = client(scp.address[1]).store([data_set])
    assert outcome.stored, outcome.meaning
    assert outcome.path is None
    (stored,) = spool.directory.iterdir()
    assert pydicom.dcmread(stored).PatientName == "Changed^In^Memory"


def test_a_data_set_without_uids_is_an_error() -> None:
    with pytest.raises(DIMSEError, match="SOP Class UID"):
        examine(pydicom.Dataset())


def test_a_file_that_changes_after_it_was_examined(spool: Spool, tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    shutil.copy(FILES[0], path)
    with Server(spool.open, host="127.0.0.1") as scp:
        client = Client("127.0.0.1", scp.address[1])
        item = examine(path)
        offers = [ContextOffer(item.sop_class_uid, (item.transfer_syntax_uid,))]
        with client.associate(offers) as session:
            os.utime(path, ns=(1, 1))
            outcome = session.store(item)
            assert "has changed" in outcome.meaning
            path.unlink()
            assert "cannot be opened" in session.store(item).meaning
        assert not list(spool.directory.iterdir())


def test_no_listener_no_host(client: Any) -> None:
    with Server(lambda _: Discard(), host="127.0.0.1") as scp:
        port = scp.address[1]
    with pytest.raises(TransportError, match="Connection refused"):
        client(port).echo()


def test_access_and_titles(client: Any, server: Any, spool: Spool) -> None:
    def access(requestor: Any) -> AssociateRJ | None:
        assert requestor.host == "127.0.0.1"
        return None if requestor.calling_ae_title == "FRIEND" else AssociateRJ(1, 1, 3)

    support = storage_support(called_ae_titles=frozenset({"US"}))
    with server(spool.open, support=support, access=access, host="127.0.0.1") as scp:
        port = scp.address[1]
        assert client(port, calling_ae_title="FRIEND", called_ae_title="US").echo() == 0
        with pytest.raises(AssociationRejected, match="calling AE title not recognized"):
            client(port, calling_ae_title="FOE", called_ae_title="US").echo()
        with pytest.raises(AssociationRejected, match="called AE title not recognized"):
            client(port, calling_ae_title="FRIEND", called_ae_title="THEM").echo()


def test_an_access_check_may_set_bounds(client: Any, server: Any) -> None:
    """And sees who is judged: the rest of the request, and what will be made of the identity."""
    seen: list[Any] = []

    class Notes(Observer):
        def judged(self, requestor: Any, verdict: Any, withheld: Any = ()) -> None:
            seen.append((verdict.why, list(withheld)))

    def access(requestor: Any) -> Any:
        if requestor.user_identity is None:
            return Denied(AssociateRJ(1, 2, 1), "nobody")
        assert requestor.identity_judged
        return Granted("somebody", lambda abstract, transfer: abstract == VERIFICATION)

    support = storage_support(user_identity=lambda each: None if each.primary == b"liar" else b"")
    ct = ContextOffer(CT, (IMPLICIT,))
    echo = ContextOffer(VERIFICATION, (IMPLICIT,))
    with server(support=support, access=access, observer=Notes(), host="127.0.0.1") as scp:
        port = scp.address[1]
        alice = client(port, user_identity=UserIdentity.of_user("alice", "x"))
        assert alice.echo() == 0
        negotiated = alice.negotiated([ct, echo])
        assert [each.abstract_syntax for each in negotiated.contexts.values()] == [VERIFICATION]
        assert negotiated.refusal(1) == "user-rejection"
        with pytest.raises(AssociationRejected):
            client(port).echo()
        with pytest.raises(AssociationRejected):
            client(port, user_identity=UserIdentity.of_user("liar", "x")).echo()
    # What one association's thread tells may come behind what the next one's does.
    liar = "its identity is not believed: user 'liar' with a passcode"
    assert sorted(why for why, _ in seen) == [liar, "nobody", "somebody", "somebody"]
    assert ["CT Image Storage (presentation context 1)"] in [withheld for _, withheld in seen]


def test_handlers_may_be_coroutines(spool: Spool) -> None:
    seen: list[str] = []

    async def on_store(request: StoreRequest) -> int:
        await asyncio.sleep(0)
        assert request.path is not None
        seen.append(request.path.name)
        return 0xB000

    with AsyncioServer(spool.open, on_store=on_store, host="127.0.0.1") as scp:
        (outcome,) = Blocking(scp.address[1]).store([FILES[0]])
    assert outcome.status == 0xB000
    assert outcome.stored
    assert seen == [path.name for path in spool.directory.iterdir()]


def test_many_clients_at_once(server: Any, spool: Spool) -> None:
    errors: list[BaseException] = []

    def send(path: Path) -> None:
        try:
            assert all(outcome.stored for outcome in Blocking(scp.address[1]).store([path] * 5))
        except BaseException as error:
            errors.append(error)

    with server(spool.open, host="127.0.0.1") as scp:
        threads = [threading.Thread(target=send, args=(path,)) for path in FILES]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not errors
    assert len(list(spool.directory.iterdir())) == len(FILES)


def test_why_a_maximum_length_is_rejected_is_told(server: Any) -> None:
    """The answer has no reason for it, and the log would be a riddle."""
    told: list[Any] = []
    over = threading.Event()

    class Notes(Observer):
        def judged(self, requestor: Any, verdict: Any, withheld: Any = ()) -> None:
            told.append(verdict)

        def rejected(self, requestor: Any, answer: Any) -> None:
            over.set()

    asked = request("CALLED", "CALLING", context_offers([(VERIFICATION, [IMPLICIT])]), Limits())
    short = replace(asked.user_information, maximum_length=7)
    refusal = AssociateRJ.because(RejectReason.PROVIDER_NO_REASON_GIVEN)
    with server(observer=Notes(), host="127.0.0.1") as scp:
        with socket.create_connection(scp.address, 30) as connection:
            connection.sendall(replace(asked, user_information=short).encode())
            assert connection.recv(99) == refusal.encode()
        assert over.wait(30)
    why = "no fragment has room in its maximum length of 7 bytes (PS3.8 D.1)"
    assert [each.why for each in told] == [why]
