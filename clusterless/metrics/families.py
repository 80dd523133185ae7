"""Prometheus families made of plain numbers, and the text that they are scraped as."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    UnknownMetricFamily,
)
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labelled = Mapping[tuple[str, ...], float]


class HistogramLike(Protocol):
    """Counts by upper bound, the last one without bound, and the sum of what was observed."""

    bounds: tuple[float, ...]
    counts: list[int]
    sum: float


def exposition(*collectors: Collector) -> bytes:
    """The text that Prometheus scrapes."""
    registry = CollectorRegistry(auto_describe=False)
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry)


class _Ready(Collector):
    """A family that is made already."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        yield self._family


def exposition_by_family(collector: Collector) -> Iterator[bytes]:
    """The same text, one family after the other: between two of them others may have their turn."""
    for family in collector.collect():
        yield exposition(_Ready(family))


def counter(name: str, text: str, labels: Iterable[str], values: Labelled) -> CounterMetricFamily:
    """A counter; Prometheus adds `_total` to the name."""
    family = CounterMetricFamily(name, text, labels=list(labels))
    for key, value in values.items():
        family.add_metric([str(label) for label in key], value)
    return family


def gauge(name: str, text: str, labels: Iterable[str], values: Labelled) -> GaugeMetricFamily:
    """A gauge."""
    family = GaugeMetricFamily(name, text, labels=list(labels))
    for key, value in values.items():
        family.add_metric([str(label) for label in key], value)
    return family


def untyped(name: str, text: str, labels: Iterable[str], values: Labelled) -> UnknownMetricFamily:
    """A gauge whose name ends as a counter's does, since Kubernetes gave it that name; tools object to such gauges."""
    family = UnknownMetricFamily(name, text, labels=list(labels))
    for key, value in values.items():
        family.add_metric([str(label) for label in key], value)
    return family


def histogram(
    name: str, text: str, labels: Iterable[str], values: Mapping[tuple[str, ...], HistogramLike]
) -> HistogramMetricFamily:
    """A histogram: Prometheus wants each bucket to hold the ones below it too."""
    family = HistogramMetricFamily(name, text, labels=list(labels))
    for key, observed in values.items():
        total, buckets = 0, []
        for bound, count in zip((*observed.bounds, float("inf")), observed.counts, strict=True):
            total += count
            buckets.append(("+Inf" if bound == float("inf") else str(bound), float(total)))
        family.add_metric([str(label) for label in key], buckets, observed.sum)
    return family
