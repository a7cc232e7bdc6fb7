"""What was counted, as Prometheus' own parser reads it."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import CollectorRegistry

from dimse.watch.counts import Counts
from dimse.watch.metrics import Collected, exposition


def samples(counts: Counts, accept: str = "") -> dict[tuple[str, str], float]:
    content, _ = exposition(counts, accept)
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(content.decode())
        for sample in family.samples
    }


def test_all_that_is_counted_is_told() -> None:
    counts = Counts(processes=2)
    for number in range(2):
        counts.take_row(number)
        counts.serving(now=True)
        counts.add("associations_accepted", 3)
        counts.add("associations_released")
        counts.add("objects_stored", 5)
        counts.add("bytes_received", 1 << 40)
        counts.add_store("objects_refused", 0xA700, 0.002, 100.0)
    found = samples(counts)
    assert found["dulcet_associations_total", "accepted"] == 6
    assert found["dulcet_associations_total", "rejected"] == 0
    assert found["dulcet_associations_ended_total", "released"] == 2
    assert found["dulcet_associations_open", ""] == 4
    assert found["dulcet_objects_total", "stored"] == 10
    assert found["dulcet_received_bytes_total", ""] == 2 << 40
    assert found["dulcet_responses_total", "C-STORE,A700"] == 2
    assert found["dulcet_processes_serving", ""] == 2
    assert found["dulcet_store_answer_seconds_bucket", "0.001"] == 0
    assert found["dulcet_store_answer_seconds_bucket", "0.0025"] == 2
    assert found["dulcet_store_answer_seconds_bucket", "+Inf"] == 2
    assert found["dulcet_store_seconds_bucket", "60.0"] == 0
    assert found["dulcet_store_seconds_count", ""] == 2
    assert found["dulcet_store_seconds_sum", ""] == 200.0
    counts.died(0)
    assert samples(counts)["dulcet_processes_serving", ""] == 1
    assert samples(counts)["dulcet_associations_open", ""] == 2


def test_the_format_is_the_scrapers_choice() -> None:
    _, plain = exposition(Counts())
    content, asked = exposition(Counts(), "application/openmetrics-text; version=1.0.0")
    assert plain.startswith("text/plain")
    assert asked.startswith("application/openmetrics-text")
    assert content.endswith(b"# EOF\n")


def test_any_registry_takes_it() -> None:
    registry = CollectorRegistry()
    counts = Counts()
    registry.register(Collected(counts))
    counts.add("objects_stored", 7)
    assert registry.get_sample_value("dulcet_objects_total", {"result": "stored"}) == 7
