"""What a handler can do with a request: its identifiers, its data set in every form."""

from __future__ import annotations

import dataclasses
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pydicom
import pytest
from asked import store_request
from tests_datasets import BIG, CT, DEFLATED, EXPLICIT, IMPLICIT, INSTANCE, encode, identity

from dimse.errors import CannotUnderstand, DIMSEError, InvalidFile, OutOfResources
from dimse.messages.composite import CFindRQ
from dimse.requests import Requestor, ServiceRequest
from dul.negotiation import AcceptedContext

ELEMENTS = [
    *identity(),
    (0x00100010, "PN", b"Doe^John"),
    (0x00280010, "US", struct.pack("<H", 512)),
]


def encoded(syntax: str) -> bytes:
    if syntax == DEFLATED:
        stream = zlib.compressobj(wbits=-15)
        deflated = stream.compress(encode(ELEMENTS, EXPLICIT)) + stream.flush()
        return deflated + b"\0" * (len(deflated) % 2)
    return encode(ELEMENTS, syntax)


@pytest.fixture(params=["in memory", "in a file", "in a bare file"])
def request_of(request: Any, tmp_path: Path) -> Any:
    """Makes a request whose object has come."""

    def make(syntax: str) -> Any:
        asked = store_request(syntax=syntax, calling_ae_title="SENDER", called_ae_title="ME")
        data = encoded(syntax)
        if request.param == "in memory":
            return dataclasses.replace(asked, content=data)
        path = tmp_path / "object"
        head = asked.file_meta() if request.param == "in a file" else b""
        path.write_bytes(head + data)
        return dataclasses.replace(asked, content=path)

    return make


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG, DEFLATED])
def test_an_object_as_bytes_as_a_data_set_and_as_a_file(request_of: Any, syntax: str) -> None:
    asked = request_of(syntax)
    assert asked.data == encoded(syntax)
    found = asked.dataset()
    assert (found.PatientName, found.Rows) == ("Doe^John", 512)
    assert found.file_meta.TransferSyntaxUID == syntax
    assert found.file_meta.MediaStorageSOPInstanceUID == INSTANCE
    assert found.file_meta.SourceApplicationEntityTitle == "SENDER"
    again = io.BytesIO()
    found.save_as(again)
    again.seek(0)
    assert pydicom.dcmread(again) == found


def test_a_file_is_a_dicom_file(request_of: Any) -> None:
    asked = request_of(EXPLICIT)
    if asked.path is not None and asked.path.read_bytes()[128:132] != b"DICM":
        return  # the file is what the sink has made of it
    with asked.file() as file:
        content = file.read()
    assert content == asked.file_meta() + encoded(EXPLICIT)
    assert pydicom.dcmread(io.BytesIO(content)).Rows == 512


def test_a_request_of_which_nothing_is_kept() -> None:
    asked = store_request()
    assert asked.path is None
    for use in (lambda: asked.data, asked.dataset, asked.file):
        with pytest.raises(DIMSEError, match="no data set of this C-STORE-RQ is kept"):
            use()


def test_a_data_set_that_inflates_without_end() -> None:
    stream = zlib.compressobj(9, wbits=-15)
    bomb = stream.compress(bytes(50_000_000)) + stream.flush()
    assert len(bomb) < 100_000
    asked = dataclasses.replace(store_request(syntax=DEFLATED), content=bomb)
    with pytest.raises(OutOfResources, match="more than 1000000 bytes") as caught:
        asked.dataset(maximum=1_000_000)
    assert caught.value.status == 0xA700


@pytest.mark.parametrize("damage", [b"\xff\xff", encoded(DEFLATED)[:-4]])
def test_a_data_set_that_cannot_be_inflated(damage: bytes) -> None:
    asked = dataclasses.replace(store_request(syntax=DEFLATED), content=damage)
    with pytest.raises(CannotUnderstand, match="no deflated data set"):
        asked.dataset()


def test_exactly_the_maximum_is_allowed() -> None:
    asked = dataclasses.replace(store_request(syntax=DEFLATED), content=encoded(DEFLATED))
    size = len(encode(ELEMENTS, EXPLICIT))
    assert asked.dataset(maximum=size).Rows == 512
    with pytest.raises(OutOfResources):
        asked.dataset(maximum=size - 1)


def test_a_file_whose_meta_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(bytes(128) + b"DICM" + b"\x02\0\x10\0??\xff\xff" + bytes(20))
    with pytest.raises(InvalidFile):
        _ = dataclasses.replace(store_request(), content=path).data


def test_the_identifier_of_a_query() -> None:
    query = ServiceRequest(
        Requestor("h:1", "A", "B"),
        AcceptedContext(1, CT, IMPLICIT),
        CFindRQ(message_id=1, affected_sop_class_uid=CT),
        encoded(IMPLICIT),
    )
    found = query.dataset()
    assert found.PatientName == "Doe^John"
    assert not hasattr(found, "file_meta")


def test_a_requestor_without_an_association_has_no_identity() -> None:
    assert Requestor("h:1", "A", "B").user_identity is None
