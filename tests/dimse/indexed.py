"""What the tests of the index store, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from asked import store_request
from tests_datasets import CT, EXPLICIT, encode, identity

NOON = datetime(2026, 11, 30, 12, 0, 0, 123456, tzinfo=UTC)


class Time:
    """A second passes with each look."""

    def __init__(self) -> None:
        self.now = NOON - timedelta(seconds=1)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def data_set(instance: str, patient: str = "P1", study: str = "1.2.3") -> bytes:
    values = [(0x00100010, "PN", b"Doe^Jane"), (0x00100020, "LO", patient.encode())]
    values.append((0x0020000D, "UI", study.encode() + b"\0" * (len(study) % 2)))
    return encode([*identity(CT, instance), *values], EXPLICIT)


def store(spool, index, instance: str, content: bytes | None = None) -> None:
    request = store_request(
        CT, instance, EXPLICIT, calling_ae_title="MODALITY", called_ae_title="ARCHIVE"
    )
    sink = index.over(spool.open)(request)
    sink.write([memoryview(content or data_set(instance))])
    sink.commit()
