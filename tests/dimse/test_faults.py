"""Faults on purpose, in both faces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from serving import CT, IMPLICIT, VERIFICATION, AsyncioServer, Caller
from tests_datasets import encode, identity

from dimse.faults import Faults
from dimse.messages.composite import CEchoRQ, CStoreRQ
from dimse.provider import Observer
from dimse.requests import Requestor
from dimse.server import Server
from dimse.storage.spool import Spool
from dul.errors import AssociationAborted, AssociationRejected
from dul.limits import Limits
from dul.negotiation import request

STORE = CStoreRQ(message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2")
OBJECT = encode([*identity(CT, "1.2"), (0x7FE00010, "OW", bytes(1 << 20))], IMPLICIT)


class Diary(Observer):
    def __init__(self) -> None:
        self.said: list[str] = []

    def ended(self, requestor: Any, error: Exception) -> None:
        self.said.append(str(error))


@pytest.fixture(params=[Server, AsyncioServer])
def serve(request: Any, tmp_path: Path) -> Any:
    """A server with faults; gives what it slept, and what its observer was told."""

    class Faulty:
        def __init__(self, **faults: Any) -> None:
            self.slept: list[float] = []
            self.diary = Diary()
            self.spool = Spool(tmp_path, fsync="none")
            made = Faults(sleep=self.slept.append, **faults)
            self.server = request.param(
                made.open_sink(self.spool.open),
                on_store=made.on_store,
                access=made.access,
                observer=self.diary,
                host="127.0.0.1",
            )

        def __enter__(self) -> Any:
            self.port = self.server.__enter__().address[1]
            return self

        def __exit__(self, *ended: object) -> None:
            self.server.__exit__(*ended)
            self.spool.close()

        @property
        def files(self) -> list[str]:
            return sorted(path.name for path in tmp_path.iterdir())

    return Faulty


def test_none(serve: Any) -> None:
    with serve() as it, Caller(it.port, (CT, [IMPLICIT])) as caller:
        assert caller.ask(STORE, OBJECT).status == 0
    assert (it.files, it.slept) == (["CT.1.2"], [])


def test_refuse(serve: Any) -> None:
    with serve(refuse=True) as it, pytest.raises(AssociationRejected) as caught:
        Caller(it.port)
    assert (caught.value.result, caught.value.source, caught.value.reason) == (1, 1, 1)


def test_reject_who_has_no_implementation_class_uid() -> None:
    faults = Faults(reject=True, sleep=print)
    asked = request("A", "B", (), Limits())
    assert faults.access(Requestor("h:1", "A", "B", request=asked)) is None
    from dataclasses import replace

    nameless = replace(
        asked, user_information=replace(asked.user_information, implementation_class_uid=None)
    )
    caller = Requestor("h:1", "A", "B", request=nameless)
    assert faults.access(caller) is not None
    assert Faults(sleep=print).access(caller) is None


def test_sleep(serve: Any) -> None:
    with (
        serve(sleep_during=0.5, sleep_after=2.0) as it,
        Caller(it.port, (CT, [IMPLICIT])) as caller,
    ):
        assert caller.ask(STORE, OBJECT).status == 0
    assert it.slept[-1] == 2.0
    assert len(it.slept) > 2
    assert set(it.slept[:-1]) == {0.5}


@pytest.mark.parametrize(("when", "files"), [("during", []), ("after", ["CT.1.2"])])
def test_abort(serve: Any, when: str, files: list[str]) -> None:
    with serve(**{f"abort_{when}": True}) as it:
        caller = Caller(it.port, (CT, [IMPLICIT]), (VERIFICATION, [IMPLICIT]))
        assert (
            caller.ask(CEchoRQ(message_id=1, affected_sop_class_uid=VERIFICATION), None, 3).status
            == 0
        )
        with pytest.raises(AssociationAborted) as caught:
            caller.ask(STORE, OBJECT)
        assert caught.value.source == 0
        caller.connection.abort()
    assert it.files == files
    (said,) = it.diary.said
    assert said.startswith(f"aborted {when} ")
