"""Calls of the server's API, right and wrong; `test_types` has mypy look at them, and runs none."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from dimse import (
    Answer,
    Requestor,
    Server,
    ServiceRequest,
    Spool,
    StoreRequest,
    aio,
    storage_support,
)
from dimse.messages.composite import CEchoRQ, CFindRQ
from dimse.messages.normalized import NCreateRQ
from dul import Limits
from dul.pdu import AssociateRJ

received: list[object] = []


def on_store(request: StoreRequest) -> int:
    received.append(request.dataset())
    path: Path | None = request.path
    data: bytes = request.data
    return 0 if path or data or request.requestor.calling_ae_title else 0xB000


async def on_store_later(request: StoreRequest) -> int | None:
    return None if request.sop_class_uid else 0xB000


def on_echo(request: ServiceRequest[CEchoRQ]) -> None:
    assert request.message.message_id


def find(request: ServiceRequest[CFindRQ]) -> Iterator[Answer]:
    yield Answer(0xFF00, request.dataset())


async def find_later(request: ServiceRequest[CFindRQ]) -> AsyncIterator[Answer]:
    yield Answer(0xFF00, request.data)


def create(request: ServiceRequest[NCreateRQ]) -> Answer:
    return Answer(0, affected_sop_instance_uid=request.message.affected_sop_instance_uid)


def access(requestor: Requestor) -> AssociateRJ | None:
    return None if requestor.security else AssociateRJ(1, 1, 3)


class Sink:
    def write(self, views: Sequence[memoryview], /) -> None:
        received.extend(map(bytes, views))

    def commit(self) -> bytes:
        return b""

    def discard(self) -> None:
        received.clear()


# What is right.
Server(Spool("incoming").open, port=11112, max_associations=3, limits=Limits(), access=access)
Server(on_store=on_store, on_echo=on_echo, handlers={CFindRQ: find, NCreateRQ: create})
Server(on_store=lambda request: received.append(request.dataset()), port=11112)
Server(lambda _: Sink(), tls=ssl.create_default_context())
aio.Server(on_store=on_store_later, handlers={CFindRQ: find_later, NCreateRQ: create})
aio.Server(on_store=on_store, on_echo=on_echo, handlers={CFindRQ: find})
storage_support(called_ae_titles=["US"], sop_classes=["1.2.3"], others={"1.2": ["1.2.3"]})

# What is wrong.
Server(Spool("incoming"))  # error: arg-type
Server(Spool("incoming").open, prot=11112)  # error: call-arg
Server(port="11112")  # error: arg-type
Server(on_store=on_store_later)  # error: arg-type
Server(on_store=lambda request, path: 0)  # error: misc
Server(on_store=lambda request: "B000")  # error: return-value
Server(on_store=lambda request: request.patient)  # error: attr-defined
Server(on_echo=on_store)  # error: arg-type
Server(handlers={CFindRQ: find_later})  # error: dict-item
Server(handlers={"C-FIND": find})  # error: dict-item
Server(handlers={CFindRQ: lambda request: [0xFF00]})  # error: list-item
Server(access=lambda request, address: None)  # error: misc
Server(observer=print)  # error: arg-type
Server(limits=30)  # error: arg-type
Server(max_memory=1e9)  # error: arg-type
Server(tls=True)  # error: arg-type
aio.Server(Spool("incoming"))  # error: arg-type
aio.Server(on_store=lambda request: "B000")  # error: return-value
aio.Server(Spool("incoming").open, trace=3)  # error: arg-type
Answer(0, None, "comment")  # error: call-arg
Answer(0, patient_name="x")  # error: call-arg
storage_support(called="US")  # error: call-arg
storage_support(transfer_syntaxes=3)  # error: arg-type
