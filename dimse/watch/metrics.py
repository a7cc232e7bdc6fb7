"""What was counted, in the words of Prometheus.

    registry.register(Collected(counts))

Prometheus' own client library writes the text, in whichever of its formats is asked for; it is an
extra (`dulcet[metrics]`), and loaded only here.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from dimse.watch.counts import BOUNDS, Counts, Times, Totals

__all__ = ["Collected", "exposition"]


class Collected(Collector):
    """A collector of what servers count, for any registry of prometheus_client.

    Args:
        counts: where they count.
    """

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """What there is at this moment."""
        totals = self._counts.totals()
        yield from _of_associations(totals)
        yield from _of_objects(totals)

    def describe(self) -> list[Metric]:
        """Nothing: names are fixed, and registering is to count nothing."""
        return []


def exposition(counts: Counts, accept: str = "") -> tuple[bytes, str]:
    """The text for a scrape, and its content type.

    Args:
        counts: where servers count.
        accept: what the scraper accepts, as its HTTP header says it.
    """
    registry = CollectorRegistry()
    registry.register(Collected(counts))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def _of_associations(totals: Totals) -> Iterator[Metric]:
    asked = CounterMetricFamily(
        "dulcet_associations", "A-ASSOCIATE-RQs, by what was answered.", labels=["result"]
    )
    asked.add_metric(["accepted"], totals.associations_accepted)
    asked.add_metric(["rejected"], totals.associations_rejected)
    yield asked
    ended = CounterMetricFamily(
        "dulcet_associations_ended", "Associations that are over, by how.", labels=["how"]
    )
    ended.add_metric(["released"], totals.associations_released)
    ended.add_metric(["aborted"], totals.associations_aborted)
    yield ended
    yield GaugeMetricFamily(
        "dulcet_associations_open", "Associations at present.", totals.associations_open
    )
    yield CounterMetricFamily(
        "dulcet_connections_failed",
        "Connections that ended before there was an association.",
        totals.connections_failed,
    )
    yield GaugeMetricFamily(
        "dulcet_processes_serving",
        "Processes that accept associations at present.",
        totals.processes_serving,
    )


def _of_objects(totals: Totals) -> Iterator[Metric]:
    objects = CounterMetricFamily(
        "dulcet_objects", "C-STORE-RQs, by what became of the object.", labels=["result"]
    )
    objects.add_metric(["stored"], totals.objects_stored)
    objects.add_metric(["dropped"], totals.objects_dropped)
    objects.add_metric(["refused"], totals.objects_refused)
    yield objects
    yield CounterMetricFamily(
        "dulcet_received_bytes",
        "Bytes of data sets that came to their end.",
        totals.bytes_received,
    )
    responses = CounterMetricFamily(
        "dulcet_responses",
        "Final responses, by operation and status (PS3.7 Annex C).",
        labels=["operation", "status"],
    )
    for (operation, status), count in sorted(totals.statuses.items()):
        responses.add_metric([operation, f"{status:04X}"], count)
    yield responses
    yield _histogram(
        "dulcet_store_answer_seconds",
        "From the last byte of a C-STORE-RQ to its response: checks, disk, handlers.",
        totals.answer,
    )
    yield _histogram(
        "dulcet_store_seconds",
        "From the command of a C-STORE-RQ to its response: the network, too.",
        totals.whole,
    )


def _histogram(name: str, help_text: str, times: Times) -> Metric:
    names = [*map(str, BOUNDS), "+Inf"]
    buckets = [
        (bound, float(count)) for bound, count in zip(names, accumulate(times.classes), strict=True)
    ]
    return HistogramMetricFamily(name, help_text, buckets=buckets, sum_value=times.seconds)
