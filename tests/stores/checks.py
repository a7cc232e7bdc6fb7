"""What an object store has to keep of its promises, against an emulator: checks.py gs|az PORT."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from asked import store_request
from run import ACCOUNT, KEY
from tests_datasets import EXPLICIT, encode, identity

from dimse.errors import AlreadyStored
from dimse.storage.index.index import Index
from dimse.storage.index.rebuild import rebuild_index
from dimse.storage.object_store import ObjectStore

store, port = sys.argv[1], sys.argv[2]
ENDPOINT = f"http://127.0.0.1:{port}"
CONNECTION = (
    f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
    f"BlobEndpoint={ENDPOINT}/{ACCOUNT};"
)
OPTIONS: dict[str, object] = {
    "gs": {"token": "anon", "endpoint_url": ENDPOINT, "project": "p"},
    "az": {"connection_string": CONNECTION},
}[store]
URL = f"{store}://bucket/in"
IN_PARTS = 20 << 20


def data(size: int = 0) -> bytes:
    pixels = [(0x7FE00010, "OW", bytes(size))] if size else []
    return encode([*identity(), (0x00100020, "LO", b"ID"), *pixels], EXPLICIT)


def opened(**how: Any) -> ObjectStore:
    return ObjectStore(URL, options=OPTIONS, **how)


def put(place: ObjectStore, content: bytes) -> bytes:
    """Store an object; gives what is there under its name."""
    sink = place.open(store_request())
    for at in range(0, len(content), 1 << 16):
        sink.write([memoryview(content)[at : at + (1 << 16)]])
    remote: Any = sink.commit()
    bucket = place._policy.bucket
    there: bytes = bucket.fs.cat_file(f"{bucket.root}/{remote.name}")
    return there


def is_stored(size: int) -> Callable[[], None]:
    def check() -> None:
        there = put(opened(), data(size))
        assert there[128:132] == b"DICM"
        assert there.endswith(data(size))

    return check


def gives_way(existing: Any, size: int, *, refused: bool) -> Callable[[], None]:
    """Behind an object of 500 bytes: what becomes of another one with its name."""

    def check() -> None:
        put(opened(), data(500))
        try:
            there = put(opened(existing=existing), data(size))
        except AlreadyStored:
            assert refused
        else:
            assert not refused
            assert there.endswith(data(500))

    return check


def nothing_of_a_half() -> None:
    def pieces() -> Iterator[bytes]:
        yield bytes(9 << 20)
        raise RuntimeError("half way")

    bucket = opened()._policy.bucket
    try:
        bucket.put("half", pieces(), IN_PARTS, exclusive=False)
    except RuntimeError:
        pass
    assert not bucket.has("half")


def index() -> None:
    put(opened(), data())
    with tempfile.TemporaryDirectory() as scratch, Index(f"{scratch}/index", "") as made:
        assert rebuild_index(made, url=URL, options=OPTIONS).added == 1
        (entry,) = made.entries()
        assert (entry.path.startswith("CT."), entry.patient_id) == (True, "ID")


CHECKS: dict[str, Callable[[], None]] = {
    "stored": is_stored(0),
    "replaced": is_stored(300),
    "stored in parts": is_stored(IN_PARTS),
    "kept": gives_way("keep", 600, refused=False),
    "kept from one in parts": gives_way("keep", IN_PARTS, refused=False),
    "refused": gives_way("refuse", 600, refused=True),
    "refused in parts": gives_way("refuse", IN_PARTS, refused=True),
    "compared, the same": gives_way("compare", 500, refused=False),
    "compared, another": gives_way("compare", 600, refused=True),
    "nothing of a half": nothing_of_a_half,
    "an index": index,
}

if store == "az":
    from azure.storage.blob import BlobServiceClient

    BlobServiceClient.from_connection_string(CONNECTION).create_container("bucket")
failed = 0
for name, check in CHECKS.items():
    try:
        check()
    except Exception as error:
        failed += 1
        sys.stdout.write(f"{store}: {name}: FAILED: {type(error).__name__}: {error}\n")
    else:
        sys.stdout.write(f"{store}: {name}: ok\n")
    sys.stdout.flush()
sys.exit(bool(failed))
