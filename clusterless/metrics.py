"""Prometheus metrics: reads the plain counters of proxy and DNS server when somebody scrapes, and not before."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from dns.counters import Counters as DnsCounters
from dns.counters import Histogram
from proxy.counters import Counters as ProxyCounters
from proxy.model import FrontendKey, FrontendStatus

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(*collectors: Collector) -> bytes:
    """The text that Prometheus scrapes."""
    registry = CollectorRegistry(auto_describe=False)
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry)


class ProxyCollector(Collector):
    """The data plane, under `clusterless_`: kube-proxy counts no traffic, so there are no names of its own to use."""

    def __init__(self, counters: ProxyCounters, statuses: Mapping[FrontendKey, FrontendStatus]) -> None:
        self._counters = counters
        self._statuses = statuses

    def collect(self) -> Iterator[Metric]:
        """All families, once."""
        yield from self._services()
        pauses = CounterMetricFamily(
            "clusterless_accept_pauses",
            "Times that accepting was paused, because connections or descriptors ran out.",
            labels=["reason"],
        )
        for reason, count in self._counters.accept_pauses.items():
            pauses.add_metric([reason], count)
        yield pauses
        frontends = GaugeMetricFamily("clusterless_frontends", "Frontends by state.", labels=["state"])
        for state, count in _tally(status.state for status in self._statuses.values()).items():
            frontends.add_metric([state], count)
        yield frontends

    def _services(self) -> Iterator[Metric]:
        labels = ["namespace", "service", "port", "protocol"]
        accepted = CounterMetricFamily("clusterless_connections_accepted", "Connections accepted.", labels=labels)
        unserved = CounterMetricFamily(
            "clusterless_connections_unserved", "Connections that no endpoint took.", labels=labels
        )
        active = GaugeMetricFamily("clusterless_connections_active", "Connections open or dialling.", labels=labels)
        resets = CounterMetricFamily(
            "clusterless_connections_reset", "Connections that ended in a reset.", labels=labels
        )
        volume = CounterMetricFamily(
            "clusterless_bytes",
            "Bytes relayed; direction is in from clients, out to them.",
            labels=[*labels, "direction"],
        )
        dials = CounterMetricFamily("clusterless_dial_failures", "Dials that failed.", labels=[*labels, "reason"])
        for name, counters in list(self._counters.services.items()):
            values = [name.namespace, name.name, name.port, name.protocol.value]
            total = counters.total()
            accepted.add_metric(values, counters.accepted)
            unserved.add_metric(values, counters.unserved)
            active.add_metric(values, counters.active)
            resets.add_metric(values, total.resets)
            volume.add_metric([*values, "in"], total.from_clients.bytes)
            volume.add_metric([*values, "out"], total.to_clients.bytes)
            for outcome, count in total.dial_failures.items():
                dials.add_metric([*values, outcome], count)
        yield from (accepted, unserved, active, resets, volume, dials)


class DnsCollector(Collector):
    """The DNS server, under CoreDNS' names, so that its dashboards work."""

    def __init__(self, counters: DnsCounters) -> None:
        self._counters = counters

    def collect(self) -> Iterator[Metric]:
        """All families, once."""
        counters = self._counters
        requests = CounterMetricFamily(
            "coredns_dns_requests",
            "Counter of DNS requests made per zone, protocol and family.",
            labels=["server", "zone", "view", "proto", "family", "type"],
        )
        for request, count in list(counters.requests.items()):
            server, zone, proto, family, kind = request
            requests.add_metric([server, zone, "", proto, family, kind], count)
        responses = CounterMetricFamily(
            "coredns_dns_responses",
            "Counter of response status codes.",
            labels=["server", "zone", "view", "rcode", "plugin"],
        )
        for response, count in list(counters.responses.items()):
            responses.add_metric([response.server, response.zone, "", response.rcode, ""], count)
        yield from (requests, responses)
        yield _histogram(
            "coredns_dns_request_duration_seconds",
            "Histogram of the time (in seconds) each request took per zone.",
            ["server", "zone", "view"],
            {(key.server, key.zone, ""): histogram for key, histogram in counters.durations.items()},
        )
        hits = CounterMetricFamily("coredns_cache_hits", "The count of cache hits.", labels=["type"])
        for kind, count in list(counters.cache_hits.items()):
            hits.add_metric([kind], count)
        panics = CounterMetricFamily("coredns_panics", "A metrics that counts the number of panics.")
        panics.add_metric([], counters.panics)
        refused = CounterMetricFamily("coredns_reload_failed", "Counter of the number of failed reload attempts.")
        refused.add_metric([], counters.reload_failed)
        yield from (hits, panics, refused)


def _histogram(
    name: str, text: str, labels: list[str], histograms: Mapping[tuple[str, ...], Histogram]
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, text, labels=labels)
    for values, histogram in list(histograms.items()):
        total, buckets = 0, []
        for bound, count in zip((*histogram.bounds, float("inf")), histogram.counts, strict=True):
            total += count
            buckets.append(("+Inf" if bound == float("inf") else str(bound), float(total)))
        family.add_metric(list(values), buckets, histogram.sum)
    return family


def _tally(states: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for state in states:
        counts[state] = counts.get(state, 0) + 1
    return counts
