"""Facts of what happens on associations, and what a page makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from serving import CT, IMPLICIT, VERIFICATION, AsyncioServer, Caller
from tests_datasets import encode, identity

from dimse.messages.composite import CEchoRQ, CStoreRQ
from dimse.server import Server
from dimse.storage.spool import Spool
from dimse.support import storage_support
from dimse.watch import overview as overviews
from dimse.watch.overview import Overview
from dimse.watch.visits import LONGEST_FACT, Fact, Visits, from_line, to_line
from dul.errors import AssociationRejected


def store_rq(instance: str) -> CStoreRQ:
    return CStoreRQ(message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid=instance)


@pytest.mark.parametrize("server", [Server, AsyncioServer])
def test_a_visit_from_its_begin_to_its_end(server: Any, tmp_path: Path) -> None:
    overview = Overview(lambda: 1000.0)
    visits = Visits(lambda fact: overview.take(from_line(to_line(fact))), lambda: 999.0)
    content = encode(identity(CT, "1.2"), IMPLICIT)
    with Spool(tmp_path, fsync="none") as spool:
        with server(spool.open, host="127.0.0.1", observer=visits) as scp:
            with Caller(scp.address[1], (CT, [IMPLICIT]), (VERIFICATION, [IMPLICIT])) as scu:
                assert scu.ask(store_rq("1.2"), content).status == 0
                assert scu.ask(store_rq("1.3"), content).status == 0xA900
                echo = CEchoRQ(message_id=2, affected_sop_class_uid=VERIFICATION)
                assert scu.ask(echo, context_id=3).status == 0
                (visit,) = overview.state()["open"]
                assert (visit["calling"], visit["called"]) == ("CALLING", "CALLED")
    state = overview.state()
    assert state["open"] == []
    (visit,) = state["over"]
    counted = [visit[name] for name in ("objects", "refused", "echoes", "bytes", "how")]
    assert counted == [1, 1, 1, 2 * len(content), "released"]
    assert visit["words"][0].startswith("accepted: ")
    (thing,) = state["objects"]
    assert (thing["what"], thing["length"]) == ("CT Image Storage", len(content))
    assert overview.path_of(thing["number"]) == str(tmp_path / "CT.1.2")
    assert "path" not in thing
    (failure,) = state["failures"]
    assert "the data set's SOP Instance UID is 1.2, the command's 1.3" in failure["why"]
    assert "names another object than it sends" in failure["advice"]
    assert state["rate"] == [[999, 1, len(content)]]


def test_what_never_became_a_visit() -> None:
    overview = Overview()
    options: Any = {"support": storage_support(called_ae_titles=["US"])}
    with Server(host="127.0.0.1", observer=Visits(overview.take), **options) as scp:
        with pytest.raises(AssociationRejected):
            Caller(scp.address[1], (CT, [IMPLICIT]))
    (failure,) = overview.state()["failures"]
    assert failure["why"] == "association rejected: it calls 'CALLED', which is not our AE title"
    (over,) = overview.state()["over"]
    assert over["how"] == "rejected: it calls 'CALLED', which is not our AE title"
    assert over["words"] == ()
    assert over["objects"] == 0


def test_a_fact_that_is_too_long_for_a_datagram_is_cut() -> None:
    fact = {"kind": "associated", "words": ["x" * 1000] * 100}
    line = to_line(fact)
    assert len(line) < LONGEST_FACT
    assert from_line(line)["words"][-1] == "..."


def associated(number: int, **more: object) -> Fact:
    fact = {"kind": "associated", "visit": str(number), "time": 1.0, "calling": "A", "words": ["w"]}
    return {**fact, "address": "a", "called": "B", "agreed": 1, **more}


def test_a_ledger_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overviews, "OPEN", 10)
    overview = Overview()
    for number in range(100):
        overview.take(associated(number))
        overview.take({"kind": "failed", "visit": "", "time": 1.0, "address": "a", "why": "x"})
    state = overview.state()
    assert len(state["open"]) == 10
    assert len(state["failures"]) == overviews.FAILURES
    overview.take({"kind": "ended", "visit": "0", "time": 2.0, "how": "released"})  # long forgotten
    for number in range(90, 100):
        overview.take({"kind": "ended", "visit": str(number), "time": 2.0, "how": "released"})
    assert len(overview.state()["over"]) == 10


def test_an_association_without_any_context_is_a_failure_with_its_words() -> None:
    overview = Overview()
    overview.take(associated(1, agreed=0, words=["refused: all"]))
    (failure,) = overview.state()["failures"]
    assert failure["why"] == "no presentation context was accepted"
    assert failure["words"] == ["refused: all"]
