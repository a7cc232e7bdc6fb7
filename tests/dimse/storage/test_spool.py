"""A received object is there whole, or not at all, whatever fails and whoever else writes."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import hypothesis.strategies as st
import pytest
from asked import store_request
from hypothesis import example, given, settings
from tests_datasets import CT, EXPLICIT, INSTANCE, encode, identity, look

from dimse.errors import (
    AlreadyStored,
    DataSetMismatch,
    InvalidSOPInstance,
    SpoolError,
    SpoolUnusable,
    StorageRefused,
    UnknownSOPClass,
)
from dimse.objects.filemeta import encode_file_meta
from dimse.storage import directory as spool_directory
from dimse.storage import newfile, spool
from dimse.storage.checked import Checked
from dimse.storage.spool import Spool

DATA = encode([*identity(), (0x00100020, "LO", b"ID")], EXPLICIT)
OLD = b"the object that was here before"
PATH = [str(Path(spool.__file__).parents[2]), str(Path(__file__).parents[1])]


def begin(where, sop_class=CT, instance=INSTANCE, **more):
    """The file for an object, without the check of what is in it."""
    sink = where.open(store_request(sop_class, instance, **more))
    return sink._sink if isinstance(sink, Checked) else sink


def store(where, *views, **more):
    file = begin(where, **more)
    for view in views or (DATA,):
        file.write([memoryview(view)])
    return file.commit()


def names(directory):
    return sorted(entry.name for entry in os.scandir(directory))


def open_descriptors():
    return len([*os.scandir("/proc/self/fd")])


@pytest.fixture(params=["nameless", "named"])
def kind(request, monkeypatch):
    """How new files are made: without a name, or as where the system has no such files."""
    if request.param == "named":
        monkeypatch.setattr(newfile, "_NAMELESS", None)
    return request.param


@pytest.fixture
def named(monkeypatch):
    """New files have temporary names."""
    monkeypatch.setattr(newfile, "_NAMELESS", None)


@pytest.fixture
def where(tmp_path, kind):
    with Spool(tmp_path, fsync="none") as found:
        yield found


# --- what is stored ----------------------------------------------------------------------------


def test_an_object_lands_whole_under_dcmtks_name(where, tmp_path):
    path = store(where, calling_ae_title="SENDER", called_ae_title="ME")
    assert path == tmp_path / f"CT.{INSTANCE}"
    assert names(tmp_path) == [path.name]
    expected = encode_file_meta(
        sop_class_uid=CT,
        sop_instance_uid=INSTANCE,
        transfer_syntax_uid=EXPLICIT,
        source_application_entity_title="SENDER",
        sending_application_entity_title="SENDER",
        receiving_application_entity_title="ME",
    )
    assert path.read_bytes() == expected + DATA
    stored = look(path)
    assert (stored.sop_class_uid, stored.sop_instance_uid) == (CT, INSTANCE)
    assert stored.transfer_syntax_uid == EXPLICIT


def test_nothing_has_the_name_before_commit(where, tmp_path, kind):
    file = begin(where)
    file.write([memoryview(DATA)])
    if kind == "nameless":
        assert names(tmp_path) == []
    else:
        (temporary,) = names(tmp_path)
        assert re.fullmatch(r"\.dulcet-[0-9a-f]{16}\.part", temporary)
        assert stat.S_IMODE((tmp_path / temporary).stat().st_mode) == 0o600
    assert file.length == len(DATA)
    path = file.commit()
    assert names(tmp_path) == [path.name]
    assert file.commit() == path  # a second time changes nothing
    file.discard()
    assert names(tmp_path) == [path.name]


def test_an_empty_data_set_has_its_file_meta(where):
    file = begin(where)
    assert file.commit().read_bytes()[128:132] == b"DICM"


@pytest.mark.parametrize("fsync", ["file", "study", "none"])
def test_what_is_flushed(tmp_path, monkeypatch, fsync):
    flushed = []
    real = os.fsync

    def recording(fd):
        flushed.append("directory" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file")
        # The name is given between the two: after the file, before the directory.
        given = fsync == "study" or flushed[-1] == "directory"
        assert (tmp_path / f"CT.{INSTANCE}").exists() is given
        real(fd)

    monkeypatch.setattr(os, "fsync", recording)
    with Spool(tmp_path, fsync=fsync) as there:
        store(there)
        assert flushed == (["file", "directory"] if fsync == "file" else [])
    assert flushed == ([] if fsync == "none" else ["file", "directory"])


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_permissions_follow_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        with Spool(tmp_path) as there:
            path = store(there)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_names_and_extensions(tmp_path):
    def naming(request, head):
        who = request.requestor
        return f"{who.calling_ae_title}-{who.address}-{request.sop_instance_uid}"

    with Spool(tmp_path, extension=".dcm") as there:
        assert store(there).name == f"CT.{INSTANCE}.dcm"
        assert store(there, sop_class="1.2.3").name == f"UNKNOWN.{INSTANCE}.dcm"
    with Spool(tmp_path, naming=naming) as there:
        assert store(there, calling_ae_title="A", address="h").name == f"A-h-{INSTANCE}"
    for extension in ("dcm", "/x", ".", "..", ".d cm", ".a/../b"):
        with pytest.raises(ValueError, match="no file name extension"):
            Spool(tmp_path, extension=extension)


@pytest.mark.parametrize(
    "title",
    [
        "\ud800",
        "../x",
        "a/../b",
        "/a",
        "a/",
        "a//b",
        "a/.b",
        "",
        ".",
        "..",
        ".hidden",
        "a\0b",
        "a\nb",
        "x" * 300,
    ],
)
def test_a_name_made_of_the_peers_words_does_not_leave_the_directory(tmp_path, title):
    inside = tmp_path / "in"
    inside.mkdir()
    with (
        Spool(inside, naming=lambda request, head: request.requestor.calling_ae_title) as there,
        pytest.raises(SpoolError, match="is no file name"),
    ):
        store(there, calling_ae_title=title)
    assert names(tmp_path) == ["in"]
    assert names(inside) == []


def test_the_implementation_that_is_named(tmp_path):
    with Spool(
        tmp_path, implementation_class_uid="1.2.3", implementation_version_name="TEST"
    ) as there:
        assert b"\x02\x00\x12\x00UI\x06\x001.2.3\0" in store(there).read_bytes()


def test_a_sink_for_a_request(tmp_path):
    with Spool(tmp_path) as there:
        sink = there.open(store_request(calling_ae_title="SENDER", called_ae_title="ME"))
        assert isinstance(sink, Checked)
        sink.write([memoryview(DATA)])
        content = sink.commit().read_bytes()
        assert b"AE\x06\x00SENDER" in content
        assert b"AE\x02\x00ME" in content
        other = there.open(store_request(instance="9.9"))
        other.write([memoryview(DATA)])
        with pytest.raises(DataSetMismatch):
            other.commit()
        assert names(tmp_path) == [f"CT.{INSTANCE}"]
    with Spool(tmp_path, check=False) as there:
        other = there.open(store_request(instance="9.9"))
        other.write([memoryview(DATA)])
        assert other.commit() == tmp_path / "CT.9.9"


# --- names from the wire -----------------------------------------------------------------------


def is_uid(text):
    """PS3.5 9.1 without the rule on leading zeros, spelled out."""
    parts = text.split(".")
    return len(text) <= 64 and all(part and set(part) <= set("0123456789") for part in parts)


UIDS = st.one_of(
    st.text(max_size=80),
    st.text("0123456789.", max_size=70),
    st.lists(st.integers(0, 10**12).map(str), min_size=1, max_size=8).map(".".join),
    st.sampled_from(
        ["../../x", "/x", "..", ".", "", "1.2\0", "1..2", ".1", "1.", "1.2/3", "1" * 65]
    ),
)


@given(instance=UIDS)
@settings(deadline=None, max_examples=300)
@example(instance="1" * 64)
@example(instance="1" * 65)
@example(instance="1.2\n")
@example(instance="\u0661.\u0662")  # digits, but not those of PS3.5
@example(instance="0.00.1")
def test_only_uids_become_names(tmp_path_factory, instance):
    root = tmp_path_factory.mktemp("names")
    inside = root / "in"
    inside.mkdir()
    with Spool(inside, fsync="none") as there:
        if is_uid(instance):
            assert store(there, instance=instance).name == f"CT.{instance}"
            assert names(inside) == [f"CT.{instance}"]
        else:
            with pytest.raises(InvalidSOPInstance) as caught:
                begin(there, instance=instance)
            assert caught.value.status == 0x0117
            assert names(inside) == []
    assert names(root) == ["in"]


@pytest.mark.parametrize("sop_class", ["", "CT", "1" * 65, "1.2/3"])
def test_a_sop_class_that_is_no_uid(where, tmp_path, sop_class):
    with pytest.raises(UnknownSOPClass) as caught:
        begin(where, sop_class)
    assert caught.value.status == 0x0122
    assert names(tmp_path) == []


# --- an object that is there already -----------------------------------------------------------


def test_replace(where, tmp_path):
    path = tmp_path / f"CT.{INSTANCE}"
    path.write_bytes(OLD)
    assert store(where) == path
    assert path.read_bytes().endswith(DATA)


def test_keep(tmp_path):
    path = tmp_path / f"CT.{INSTANCE}"
    path.write_bytes(OLD)
    with Spool(tmp_path, existing="keep") as there:
        file = begin(there)
        file.write([memoryview(DATA)])
        assert file.commit() == path
        assert file.kept
        assert path.read_bytes() == OLD
        other = begin(there, instance="1.2")
        assert other.commit().exists()
        assert not other.kept
    assert names(tmp_path) == ["CT.1.2", path.name]


def test_an_interrupted_transfer_does_no_harm(where, tmp_path):
    path = tmp_path / f"CT.{INSTANCE}"
    path.write_bytes(OLD)
    with begin(where) as file:
        file.write([memoryview(DATA)])
    assert names(tmp_path) == [path.name]
    assert path.read_bytes() == OLD
    file.discard()
    file.write([memoryview(DATA)])  # what is still on its way is swallowed
    assert file.length == 2 * len(DATA)
    with pytest.raises(SpoolError, match="it was discarded"):
        file.commit()
    assert path.read_bytes() == OLD


def test_a_directory_in_the_way(where, tmp_path):
    (tmp_path / f"CT.{INSTANCE}").mkdir()
    with pytest.raises(SpoolError) as caught:
        store(where)
    assert caught.value.status == 0xA700
    assert not caught.value.no_space
    assert names(tmp_path) == [f"CT.{INSTANCE}"]


def test_a_link_in_the_way_is_replaced_not_followed(where, tmp_path):
    outside = tmp_path / "outside"
    outside.write_bytes(OLD)
    (tmp_path / f"CT.{INSTANCE}").symlink_to(outside)
    assert not store(where).is_symlink()
    assert outside.read_bytes() == OLD


# --- directories -------------------------------------------------------------------------------


def in_study(request, head):
    return f"{head.value(0x0020000D)}/x/{request.sop_instance_uid}"


STUDY = encode([*identity(), (0x0020000D, "UI", b"1.2.9\0")], EXPLICIT)


def test_directories_are_made_and_their_names_flushed(tmp_path, monkeypatch):
    flushed = []
    real = os.fsync

    def recording(fd):
        flushed.append(str(Path(f"/proc/self/fd/{fd}").readlink().relative_to(tmp_path)))
        real(fd)

    monkeypatch.setattr(os, "fsync", recording)
    with Spool(tmp_path, naming=in_study) as there:
        path = store(there, STUDY)
        assert path == tmp_path / "1.2.9" / "x" / INSTANCE
        assert path.read_bytes().endswith(STUDY)
        assert flushed[1:] == ["1.2.9/x", "1.2.9", "."]
        del flushed[:]
        store(there, STUDY, instance="1.2.4")
        assert flushed[1:] == ["1.2.9/x"]  # the others are on the disk already
        # A directory that went and came again is new.
        shutil.rmtree(tmp_path / "1.2.9")
        del flushed[:]
        store(there, STUDY)
        assert flushed[1:] == ["1.2.9/x", "1.2.9", "."]


@pytest.mark.parametrize("link", ["1.2.9", "1.2.9/x"])
def test_a_symbolic_link_inside_is_not_followed(tmp_path, link):
    outside, inside = tmp_path / "out", tmp_path / "in"
    (outside / "x").mkdir(parents=True)
    (inside / link).parent.mkdir(parents=True)
    (inside / link).symlink_to(outside)
    with Spool(inside, naming=in_study) as there:
        with pytest.raises(SpoolError, match=r"can't be stored"):
            store(there, STUDY)
        assert names(outside / "x") == []
        # One in the place of the file is replaced, and not written through.
    with Spool(outside) as there:
        (outside / f"CT.{INSTANCE}").symlink_to(tmp_path / "victim")
        store(there)
    assert not (tmp_path / "victim").exists()
    assert not (outside / f"CT.{INSTANCE}").is_symlink()


def test_a_file_in_the_place_of_a_directory(tmp_path):
    (tmp_path / "1.2.9").write_bytes(b"mine")
    with Spool(tmp_path, naming=in_study) as there, pytest.raises(SpoolError):
        store(there, STUDY)
    assert names(tmp_path) == ["1.2.9"]
    assert (tmp_path / "1.2.9").read_bytes() == b"mine"


def test_a_mount_point_inside_is_another_file_system(tmp_path, monkeypatch, kind):
    def elsewhere(*_, **__):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    with Spool(tmp_path, naming=in_study) as there:
        monkeypatch.setattr(os, "link", elsewhere)
        monkeypatch.setattr(os, "rename", elsewhere)
        with pytest.raises(SpoolError, match="cross-device"):
            store(there, STUDY)
    assert names(tmp_path) == []


# --- what is there already ---------------------------------------------------------------------


@pytest.mark.parametrize("existing", ["replace", "keep", "refuse", "compare"])
@pytest.mark.parametrize("same", [True, False])
def test_an_object_that_comes_again(tmp_path, existing, same):
    told = []
    second = DATA if same else DATA.replace(b"ID", b"id")
    with Spool(tmp_path, existing=existing, told=lambda *words: told.append(words)) as there:
        path = store(there, calling_ae_title="ONE")
        first = path.read_bytes()
        assert told == []
        refused = existing == "refuse" or (existing == "compare" and not same)
        if refused:
            with pytest.raises(AlreadyStored) as caught:
                store(there, second, calling_ae_title="TWO")
            assert caught.value.status == 0x0124
            assert str(tmp_path) not in caught.value.comment
        else:
            file = begin(there, calling_ae_title="TWO")
            file.write([memoryview(second)])
            assert file.commit() == path
            assert file.kept is (existing != "replace")
    what = {"replace": "replaced", "keep": "kept", "compare": "identical"}.get(existing)
    assert told == ([] if refused else [(path, what)])
    assert names(tmp_path) == [path.name]
    content = path.read_bytes()
    assert content.endswith(second) if existing == "replace" else content == first


def test_the_same_object_is_not_flushed_again(tmp_path, monkeypatch):
    flushed = []
    with Spool(tmp_path, existing="compare") as there:
        store(there)
        monkeypatch.setattr(os, "fsync", lambda fd: flushed.append(os.fstat(fd).st_mode))
        store(there)
    assert [stat.S_ISDIR(mode) for mode in flushed] == [True]  # whose name may not have been


@pytest.mark.parametrize(
    "there",
    [b"", b"no DICOM", b"\0" * 128 + b"DICM", "link", "directory", "syntax"],
    ids=["empty", "text", "prefix", "link", "directory", "syntax"],
)
def test_what_is_there_may_be_anything(tmp_path, there):
    path = tmp_path / f"CT.{INSTANCE}"
    match there:
        case "link":
            path.symlink_to("/dev/zero")
        case "directory":
            path.mkdir()
        case "syntax":
            with Spool(tmp_path) as first:
                store(first, syntax="1.2.840.10008.1.2.4.50")
        case _:
            path.write_bytes(there)
    with Spool(tmp_path, existing="compare") as spool, pytest.raises(StorageRefused):
        store(spool)
    assert names(tmp_path) == [path.name]


def test_another_comes_between_the_look_and_the_name(tmp_path, monkeypatch):
    real = os.fsync
    with Spool(tmp_path, existing="refuse") as there:
        monkeypatch.setattr(
            os, "fsync", lambda fd: ((tmp_path / f"CT.{INSTANCE}").write_bytes(OLD), real(fd))
        )
        with pytest.raises(AlreadyStored):
            store(there)
    assert names(tmp_path) == [f"CT.{INSTANCE}"]
    assert (tmp_path / f"CT.{INSTANCE}").read_bytes() == OLD


def test_a_mismatch_is_kept_if_asked_and_refused_all_the_same(tmp_path):
    other = encode(identity(instance="9.9.9"), EXPLICIT)
    for keep in (False, True):
        with Spool(tmp_path, keep_mismatched=keep) as there:
            sink = there.open(store_request())
            sink.write([memoryview(other)])
            with pytest.raises(DataSetMismatch):
                sink.commit()
            sink.discard()
        assert names(tmp_path) == [f"CT.{INSTANCE}"] * keep


# --- everything that can fail ------------------------------------------------------------------


class Faulty:
    """The os module, with one call that fails, and a list of those that were made."""

    CALLS = (
        "open",
        "writev",
        "mkdir",
        "fchmod",
        "fsync",
        "rename",
        "link",
        "unlink",
        "dup",
        "close",
        "fstat",
        "stat",
    )

    def __init__(self, fail_at=None, error=errno.ENOSPC):
        self.calls = []
        self.fail_at = fail_at
        self.error = error

    def __getattr__(self, name):
        real = getattr(os, name)
        return self._wrap(name, real) if name in self.CALLS else real

    def flock(self, *arguments):
        return self._wrap("flock", fcntl.flock)(*arguments)

    def _wrap(self, name, real):
        def call(*arguments, **more):
            self.calls.append(name)
            if len(self.calls) - 1 == self.fail_at:
                if name == "close":
                    real(*arguments, **more)  # a failed close has closed (POSIX leaves it open)
                raise OSError(self.error, os.strerror(self.error))
            return real(*arguments, **more)

        return call


def attempt(directory, faulty, monkeypatch, options):
    """Store an object over an old one with the given faults; what happened, and the calls."""
    with Spool(directory, **options) as there:
        with monkeypatch.context() as patch:
            for module in (spool, spool_directory, newfile):
                patch.setattr(module, "os", faulty)
            patch.setattr(newfile, "fcntl", Flock(faulty))
            try:
                store(there, DATA[:10], DATA[10:])
            except SpoolError as error:
                return error
    return None


class Flock:
    LOCK_EX, LOCK_NB = fcntl.LOCK_EX, fcntl.LOCK_NB

    def __init__(self, faulty):
        self.flock = faulty.flock


OPTIONS = [
    {"fsync": "file"},
    {"fsync": "study"},
    {"fsync": "none"},
    {"fsync": "file", "existing": "keep"},
]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("old", [True, False], ids=["old object", "no object"])
def test_a_failure_of_any_system_call(tmp_path, monkeypatch, kind, options, old, error):
    trial = tmp_path / "trial"
    trial.mkdir()
    if old:
        (trial / f"CT.{INSTANCE}").write_bytes(OLD)
    faulty = Faulty()
    assert attempt(trial, faulty, monkeypatch, options) is None
    usual = {"open", "writev", "close"}
    assert set(faulty.calls) >= (usual | {"flock", "fstat"} if kind == "named" else usual)
    descriptors = open_descriptors()
    for place, call in enumerate(faulty.calls):
        directory = tmp_path / f"{place}-{call}"
        directory.mkdir()
        path = directory / f"CT.{INSTANCE}"
        if old:
            path.write_bytes(OLD)
        failing = Faulty(place, error)
        failure = attempt(directory, failing, monkeypatch, options)
        assert failing.calls[place] == call
        harmless = {"unlink", "close"}  # cleaning up, when the object's fate is decided
        if failure is None:
            assert call in harmless
        else:
            assert failure.status == 0xA700
            assert failure.no_space is (error != errno.EIO)
            assert failure.errno == error
            assert str(directory) in str(failure)
            assert str(directory) not in failure.comment
        assert open_descriptors() == descriptors, call
        # Under the name there is the old object, or the new one whole; never a part of it.
        content = path.read_bytes() if path.exists() else None
        is_new = content is not None and content.endswith(DATA) and content[128:132] == b"DICM"
        assert is_new or content == (OLD if old else None)
        if failure is None:
            assert is_new or (old and "existing" in options)
        elif faulty.calls[: place + 1].count("fsync") < 2:  # not in the very last step
            assert not is_new
        # Nothing else is left, unless removing it was what failed: the next spool does that.
        left = [name for name in names(directory) if name != path.name]
        assert not left or (call == "unlink" and len(left) == 1)
        Spool(directory).close()
        assert [name for name in names(directory) if name != path.name] == []


@pytest.mark.parametrize("fsync", ["file", "none"])
def test_a_failure_on_the_way_into_directories(tmp_path, monkeypatch, kind, fsync):
    """The file is there whole, or neither it nor a directory that was made for it."""
    options = {"fsync": fsync, "naming": lambda request, head: "a/b/c"}
    trial = tmp_path / "trial"
    trial.mkdir()
    faulty = Faulty()
    assert attempt(trial, faulty, monkeypatch, options) is None
    assert faulty.calls.count("mkdir") == 2
    descriptors = open_descriptors()
    for place, call in enumerate(faulty.calls):
        directory = tmp_path / f"{place}-{call}"
        directory.mkdir()
        failure = attempt(directory, Faulty(place), monkeypatch, options)
        assert open_descriptors() == descriptors, call
        path = directory / "a" / "b" / "c"
        if failure is None:
            assert call in {"close", "unlink"}
            assert path.read_bytes().endswith(DATA)
        elif path.exists():  # it has its name, and was not flushed
            assert call in {"fsync", "open", "close"}
            assert path.read_bytes().endswith(DATA)
        else:
            assert not (directory / "a").exists(), call


def test_the_association_lives_on_after_a_failure(where, tmp_path, monkeypatch):
    file = begin(where)
    file.write([memoryview(DATA)])

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "writev", full)
        file.write([memoryview(DATA)])
        assert names(tmp_path) == []  # its space is given back at once
    for _ in range(3):
        file.write([memoryview(DATA), memoryview(DATA)])
    assert file.length == 8 * len(DATA)
    for _ in range(2):
        with pytest.raises(
            SpoolError, match=r"No space left on device\. Free some space"
        ) as caught:
            file.commit()
    assert caught.value.no_space
    assert caught.value.comment == "no space left"
    assert store(where).exists()  # the next object is not affected


def test_a_real_file_size_limit(tmp_path):
    program = f"""
import resource, sys
sys.path[:0] = {PATH!r}
from asked import store_request
from dimse.storage.spool import Spool, SpoolError
with Spool({str(tmp_path)!r}, check=False) as there:
    file = there.open(store_request())
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
    for _ in range(10):
        file.write([memoryview(bytes(4096))])
    try:
        file.commit()
    except SpoolError as error:
        print(hex(error.status), error.no_space, file.length)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "0xa700 True 40960\n"
    assert names(tmp_path) == []


@given(
    sizes=st.lists(st.integers(0, 50), max_size=30),
    limits=st.lists(st.integers(1, 60), min_size=1, max_size=10),
    most=st.integers(1, 8),
)
@settings(deadline=None, max_examples=200)
def test_partial_writes(tmp_path_factory, sizes, limits, most):
    views = [bytes([n % 251]) * size for n, size in enumerate(sizes)]
    calls = []

    def writev(fd, buffers):
        assert len(buffers) <= most
        limit = limits[len(calls) % len(limits)]
        calls.append(limit)
        return os.write(fd, b"".join(buffers)[:limit])

    faulty = Faulty()
    faulty.writev = writev
    with (
        pytest.MonkeyPatch.context() as patch,
        Spool(tmp_path_factory.mktemp("partial"), fsync="none") as there,
    ):
        patch.setattr(newfile, "os", faulty)
        patch.setattr(newfile, "_IOV_MAX", most)
        file = begin(there)
        file.write([memoryview(view) for view in views[:15]])
        file.write([memoryview(view) for view in views[15:]])
        content = file.commit().read_bytes()
    head = encode_file_meta(
        sop_class_uid=CT, sop_instance_uid=INSTANCE, transfer_syntax_uid=EXPLICIT
    )
    assert content == head + b"".join(views)


def test_a_write_that_writes_nothing_is_a_failure(where, monkeypatch):
    file = begin(where)
    monkeypatch.setattr(os, "writev", lambda *_: 0)
    file.write([memoryview(DATA)])
    with pytest.raises(SpoolError, match="Nothing was written"):
        file.commit()


@pytest.mark.parametrize("fsync", ["study", "none"])
def test_a_full_disk_that_only_a_close_tells(tmp_path, monkeypatch, fsync):
    """As over NFS: before Success is answered it is asked, by a duplicate's close."""
    asked = []
    real_dup, real_close = os.dup, os.close

    def dup(fd):
        asked.append(real_dup(fd))
        return asked[-1]

    def close(fd):
        real_close(fd)
        if fd in asked:
            raise OSError(errno.EDQUOT, "Disk quota exceeded")

    with Spool(tmp_path, fsync=fsync) as there:
        with monkeypatch.context() as patched:
            patched.setattr(os, "dup", dup)
            patched.setattr(os, "close", close)
            with pytest.raises(SpoolError, match="quota") as caught:
                store(there)
        assert caught.value.no_space
        assert len(asked) == 1
        assert names(tmp_path) == []


def test_more_views_than_one_call_takes(where):
    views = [memoryview(bytes([n & 255])) for n in range(5000)]
    file = begin(where)
    file.write(views)
    assert file.commit().read_bytes().endswith(b"".join(views))


# --- the directory -----------------------------------------------------------------------------


def test_a_directory_that_is_none(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    descriptors = open_descriptors()
    for name, why in (("missing", "No such file"), ("file", "Not a directory")):
        with pytest.raises(SpoolUnusable, match=why) as caught:
            Spool(tmp_path / name)
        assert caught.value.directory == tmp_path / name
        assert str(tmp_path / name) in str(caught.value)
    assert open_descriptors() == descriptors


def test_a_directory_that_cannot_be_written(tmp_path, monkeypatch):
    # Root may write anywhere, so the refusal is played.
    descriptors = open_descriptors()
    monkeypatch.setattr(spool_directory, "os", Faulty(1, errno.EACCES))
    with pytest.raises(SpoolUnusable, match="Permission denied"):
        Spool(tmp_path)
    assert open_descriptors() == descriptors


def test_keep_needs_hard_links(tmp_path, monkeypatch):
    faulty = Faulty()
    monkeypatch.setattr(newfile, "os", faulty)

    def link(*_, **__):
        raise OSError(errno.EPERM, "Operation not permitted")

    faulty.link = link
    Spool(tmp_path).close()
    with pytest.raises(SpoolUnusable, match="Operation not permitted"):
        Spool(tmp_path, existing="keep")
    assert names(tmp_path) == []


def test_a_closed_spool(tmp_path):
    there = Spool(tmp_path)
    file = begin(there)
    there.close()
    there.close()
    with pytest.raises(SpoolError):
        file.commit()
    with pytest.raises(SpoolError):
        begin(there)


# --- others that write -------------------------------------------------------------------------


def test_the_same_instance_at_the_same_moment(tmp_path):
    bodies = [
        encode([*identity(), (0x00104000, "LT", bytes([65 + n]) * 5000)], EXPLICIT)
        for n in range(4)
    ]
    whole = set(bodies)
    start = threading.Barrier(len(bodies))
    path = tmp_path / f"CT.{INSTANCE}"
    failures = []

    with Spool(tmp_path, fsync="none") as there:

        def work(body):
            start.wait()
            try:
                for _ in range(40):
                    store(there, body[:100], body[100:])
                    if path.read_bytes()[-len(body) :] not in whole:
                        failures.append("a part of an object, or a mixture")
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(body,)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert names(tmp_path) == [path.name]


CHILD = f"""
import sys
sys.path[:0] = {PATH!r}
from asked import store_request
from dimse.storage import newfile
from dimse.storage.spool import Spool
if sys.argv[2] == "named":
    newfile._NAMELESS = None
there = Spool(sys.argv[1], check=False)
file = there.open(store_request(instance="1.2.3"))
file.write([memoryview(b"x" * 1000)])
print("writing", flush=True)
sys.stdin.readline()
file.commit()
"""


def child(directory, kind="named"):
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(directory), kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "writing\n"
    return process


def test_a_living_writers_file_is_left_alone(tmp_path):
    with child(tmp_path) as process:
        (temporary,) = names(tmp_path)
        Spool(tmp_path).close()
        assert names(tmp_path) == [temporary]
        process.communicate("go on\n", timeout=60)
    assert process.returncode == 0
    assert names(tmp_path) == ["CT.1.2.3"]


def test_a_dead_writers_file_is_removed(tmp_path):
    with child(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    assert len(names(tmp_path)) == 1
    Spool(tmp_path).close()
    assert names(tmp_path) == []


def test_of_a_file_without_a_name_nothing_is_left(tmp_path):
    with child(tmp_path, "nameless") as process:
        assert names(tmp_path) == []
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    assert names(tmp_path) == []


def test_only_our_own_kind_of_file_is_removed(tmp_path):
    others = [".dulcet-1.unlocked", ".part", "CT.1.2.3", "dulcet-1.part", ".dulcet-1.parts"]
    for name in others:
        (tmp_path / name).write_bytes(b"")
    os.mkfifo(tmp_path / ".dulcet-pipe.part")
    (tmp_path / ".dulcet-dir.part").mkdir()
    (tmp_path / ".dulcet-link.part").symlink_to(tmp_path / "CT.1.2.3")
    (tmp_path / ".dulcet-dead.part").write_bytes(b"")
    Spool(tmp_path).close()
    kept = [*others, ".dulcet-pipe.part", ".dulcet-dir.part", ".dulcet-link.part"]
    assert names(tmp_path) == sorted(kept)


class Sweeper:
    """fcntl of a writer whose file a sweeper gets at between open and lock, a few times."""

    LOCK_EX, LOCK_NB = fcntl.LOCK_EX, fcntl.LOCK_NB

    def __init__(self, directory, times, *, holds):
        self.directory = directory
        self.times = times
        self.holds = holds

    def flock(self, fd, how):
        if self.times:
            self.times -= 1
            for name in names(self.directory):
                if name.startswith(".dulcet-"):
                    (self.directory / name).unlink()
            if self.holds:
                raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        fcntl.flock(fd, how)


@pytest.mark.parametrize("holds", [True, False])
def test_a_sweeper_between_open_and_lock(named, tmp_path, monkeypatch, holds):
    with Spool(tmp_path, fsync="none") as where:
        _sweep_between(where, tmp_path, monkeypatch, holds)


def _sweep_between(where, tmp_path, monkeypatch, holds):
    descriptors = open_descriptors()
    monkeypatch.setattr(newfile, "fcntl", Sweeper(tmp_path, 3, holds=holds))
    assert store(where).exists()
    monkeypatch.setattr(newfile, "fcntl", Sweeper(tmp_path, 1000, holds=holds))
    with pytest.raises(SpoolError, match="temporary files are taken away"):
        store(where)
    assert names(tmp_path) == [f"CT.{INSTANCE}"]
    assert open_descriptors() == descriptors


class NoLocks:
    LOCK_EX, LOCK_NB = fcntl.LOCK_EX, fcntl.LOCK_NB

    @staticmethod
    def flock(*_):
        raise OSError(errno.ENOLCK, "No locks available")


def test_a_file_system_without_locks(named, tmp_path, monkeypatch):
    (tmp_path / ".dulcet-dead.part").write_bytes(b"")
    with monkeypatch.context() as patch:
        patch.setattr(newfile, "fcntl", NoLocks)
        with Spool(tmp_path) as there:
            file = begin(there)
            other, temporary = sorted(names(tmp_path), key=lambda name: name.endswith("unlocked"))
            assert re.fullmatch(r"\.dulcet-[0-9a-f]{16}\.unlocked", temporary)
            assert other == ".dulcet-dead.part"  # nobody can tell that it is
            file.commit()
    assert names(tmp_path) == [".dulcet-dead.part", f"CT.{INSTANCE}"]


def test_locks_that_run_out(where, tmp_path, monkeypatch, kind):
    first = store(where).read_bytes()
    monkeypatch.setattr(newfile, "fcntl", NoLocks)
    with pytest.raises(SpoolError, match="No locks available"):
        store(where, DATA + DATA)  # without a name it takes one when it replaces the other
    assert names(tmp_path) == [f"CT.{INSTANCE}"]
    assert (tmp_path / f"CT.{INSTANCE}").read_bytes() == first


def test_replacing_on_a_file_system_without_locks(tmp_path, monkeypatch):
    monkeypatch.setattr(newfile, "fcntl", NoLocks)
    seen = []
    real = os.rename

    def rename(old, new, **more):
        seen.append(old)
        real(old, new, **more)

    with Spool(tmp_path) as there:
        store(there)
        monkeypatch.setattr(os, "rename", rename)
        store(there)
    assert [each.endswith(".unlocked") for each in seen] == [True]
    assert names(tmp_path) == [f"CT.{INSTANCE}"]


def test_a_file_system_without_nameless_files(tmp_path, monkeypatch):
    """As NFS: it says so at the open; or a container without /proc, at the link."""
    for call, error in (("open", errno.EOPNOTSUPP), ("link", errno.ENOENT)):
        real = getattr(os, call)

        def refusing(name, *arguments, _real=real, _error=error, **more):
            if name == "." or str(name).startswith("/proc/"):
                raise OSError(_error, os.strerror(_error))
            return _real(name, *arguments, **more)

        directory = tmp_path / call
        directory.mkdir()
        with monkeypatch.context() as patch:
            patch.setattr(os, call, refusing)
            descriptors = open_descriptors()
            with Spool(directory) as there:
                file = begin(there)
                assert len(names(directory)) == 1
                file.write([memoryview(DATA)])
                file.commit()
            assert open_descriptors() == descriptors
        assert names(directory) == [f"CT.{INSTANCE}"]


def test_refusals_are_of_one_family():
    assert issubclass(SpoolError, StorageRefused)
    assert issubclass(InvalidSOPInstance, StorageRefused)
    assert issubclass(UnknownSOPClass, StorageRefused)


# --- a directory that goes and comes -----------------------------------------------------------


def test_a_directory_that_was_removed_and_made_again(tmp_path):
    """As a file system that is unmounted and mounted: no restart is needed."""
    inside = tmp_path / "in"
    inside.mkdir()
    with Spool(inside) as there:
        store(there)
        descriptors = open_descriptors()
        shutil.rmtree(inside)
        with pytest.raises(SpoolError, match="No such file or directory") as caught:
            store(there)
        assert caught.value.errno == errno.ENOENT
        assert str(inside) in str(caught.value)
        inside.mkdir()
        (inside / ".dulcet-dead.part").write_bytes(b"")
        assert store(there).exists()
        assert names(inside) == [f"CT.{INSTANCE}"]
        assert open_descriptors() == descriptors
    assert open_descriptors() == descriptors - 1


def test_a_directory_that_another_took_the_place_of(tmp_path):
    """An object that was begun in the old one ends there; the next ones go to the new one."""
    inside, aside = tmp_path / "in", tmp_path / "aside"
    inside.mkdir()
    with Spool(inside) as there:
        descriptors = open_descriptors()
        begun = begin(there, instance="1.1")
        begun.write([memoryview(DATA)])
        inside.rename(aside)
        inside.mkdir()
        store(there, instance="1.2")
        begun.commit()
        assert (names(aside), names(inside)) == (["CT.1.1"], ["CT.1.2"])
        assert open_descriptors() == descriptors


def test_a_new_directory_that_cannot_be_used(tmp_path):
    inside = tmp_path / "in"
    inside.mkdir()
    with Spool(inside) as there:
        inside.rmdir()
        inside.write_bytes(b"")
        with pytest.raises(SpoolError, match="Not a directory"):
            store(there)


def test_a_relative_directory_stays_what_it_was(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path)
    with Spool("in") as there:
        monkeypatch.chdir("/")
        store(there)
    assert names(tmp_path / "in") == [f"CT.{INSTANCE}"]
