"""Names for files."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from asked import store_request

from dimse.storage.head import Head
from dimse.storage.naming import TimeNames, dcmtk_name, unique_name

NO_HEAD = Head("1.2.840.10008.1.2.1", 0, lambda at, count: b"")


def test_names_of_the_instance() -> None:
    assert dcmtk_name(store_request(), NO_HEAD) == "CT.1.2.3.4.5"
    assert dcmtk_name(store_request("1.2.3"), NO_HEAD) == "UNKNOWN.1.2.3.4.5"


def test_new_names() -> None:
    names = {unique_name(store_request(), NO_HEAD) for _ in range(100)}
    assert len(names) == 100
    assert all(name.startswith("CT.X.2.25.") and len(name) <= 5 + 64 for name in names)


def test_names_of_the_time() -> None:
    times = iter(
        datetime(2024, 2, 29, 23, 59, 58, tzinfo=UTC) + timedelta(milliseconds=ms)
        for ms in (7, 7.4, 7.9, 8, 3, 9)
    )
    names = TimeNames(lambda: next(times))
    assert [names(store_request(), NO_HEAD) for _ in range(6)] == [
        "20240229235958007.CT",
        "20240229235958007_0001.CT",
        "20240229235958007_0002.CT",
        "20240229235958008.CT",
        "20240229235958008_0001.CT",  # the clock was set back
        "20240229235958009.CT",
    ]


def test_threads_share_the_time() -> None:
    names, made = TimeNames(lambda: datetime(2024, 1, 1, tzinfo=UTC)), []
    threads = [
        threading.Thread(
            target=lambda: made.extend(names(store_request(), NO_HEAD) for _ in range(50))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 200
