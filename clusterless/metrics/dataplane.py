"""The data plane's metrics, under `clusterless_`: kube-proxy counts no traffic, so that it has no names for them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from proxy.counters import Counters, EndpointCounters, ServiceCounters
from proxy.model import Endpoint, FrontendState, ServicePortName

from .families import Labelled, counter, gauge
from .seriesbound import MOST_ENDPOINTS, MOST_SERVICE_PORTS, OTHER, SeriesBound

SERVICE_LABELS = ("namespace", "service", "port", "protocol")
ENDPOINT_LABELS = (*SERVICE_LABELS, "endpoint")

_Labels = tuple[str, ...]


class Behind(NamedTuple):
    """An endpoint of a Service port."""

    service: ServicePortName
    endpoint: Endpoint


class Bounds:
    """Who has series of its own, from one scrape to the next: a Service port, and an endpoint, of a thousand each."""

    def __init__(self, service_ports: int = MOST_SERVICE_PORTS, endpoints: int = MOST_ENDPOINTS) -> None:
        self.services: SeriesBound[ServicePortName] = SeriesBound(service_ports)
        self.endpoints: SeriesBound[Behind] = SeriesBound(endpoints)


class ProxyCollector(Collector):
    """Reads the counters when it is asked.

    There is a series for each Service port and each endpoint that was used, up to the bounds; beyond them their labels
    are `other`. There is none for a client.
    """

    def __init__(self, counters: Counters, states: Mapping[FrontendState, int], bounds: Bounds | None = None) -> None:
        """`states` is the number of frontends in each state."""
        self._bounds = bounds or Bounds()
        self._services = self._grouped(counters.services)
        self._endpoints = self._grouped_endpoints(counters.services)
        self._pauses: Labelled = {(reason.value,): count for reason, count in counters.accept_pauses.items()}
        self._states: Labelled = {(state.value,): count for state, count in states.items()}

    def collect(self) -> Iterator[Metric]:
        """All families, once."""
        yield gauge("clusterless_frontends", "Frontends by state.", ("state",), self._states)
        yield counter(
            "clusterless_accept_pauses",
            "Times that accepting was paused, because connections or descriptors ran out.",
            ("reason",),
            self._pauses,
        )
        folded: Labelled = {
            ("service port",): self._bounds.services.sharing,
            ("endpoint",): self._bounds.endpoints.sharing,
        }
        yield gauge("clusterless_metrics_folded", "Those that share the labels `other`.", ("what",), folded)
        yield from self._connections()
        yield from self._reasons()
        yield from self._of_endpoints()

    def _connections(self) -> Iterator[Metric]:
        count = self._services.items
        accepted = {key: sum(each.accepted for each in group) for key, group in count()}
        yield counter("clusterless_connections_accepted", "Connections and flows.", SERVICE_LABELS, accepted)
        unserved = {key: sum(each.unserved for each in group) for key, group in count()}
        yield counter("clusterless_connections_unserved", "Those that no endpoint took.", SERVICE_LABELS, unserved)
        active = {key: sum(each.active for each in group) for key, group in count()}
        yield gauge("clusterless_connections_active", "Those open, or dialling.", SERVICE_LABELS, active)
        totals = {key: _summed(each.total() for each in group) for key, group in count()}
        resets = {key: total.resets for key, total in totals.items()}
        yield counter("clusterless_connections_reset", "Those that ended in a reset.", SERVICE_LABELS, resets)
        text = "Bytes relayed: in from clients, out to them."
        yield counter("clusterless_bytes", text, (*SERVICE_LABELS, "direction"), _volume(totals))

    def _reasons(self) -> Iterator[Metric]:
        def by_reason(name: str, text: str, counts: Callable[[ServiceCounters], Mapping[Any, int]]) -> Metric:
            values: dict[_Labels, float] = {}
            for key, group in self._services.items():
                for reason, count in ((r, n) for each in group for r, n in counts(each).items()):
                    labels = (*key, reason.value)
                    values[labels] = values.get(labels, 0) + count
            return counter(f"clusterless_{name}", text, (*SERVICE_LABELS, "reason"), values)

        yield by_reason("verdicts", "TCP clients that got no endpoint, by reason.", lambda each: each.unserved_for)
        yield by_reason(
            "packets_dropped", "Packets that the kernel dropped at frontends' sockets.", lambda each: each.kernel_drops
        )
        yield by_reason("dial_failures", "Dials that failed.", lambda each: each.total().dial_failures)
        yield by_reason("datagrams_dropped", "Datagrams that went nowhere.", lambda each: each.drops)
        yield by_reason("flows_ended", "UDP flows that are over.", lambda each: each.flow_ends)

    def _of_endpoints(self) -> Iterator[Metric]:
        count = self._endpoints.items
        opened = {key: each.opened for key, each in count()}
        yield counter("clusterless_endpoint_connections", "Connections and flows taken.", ENDPOINT_LABELS, opened)
        active = {key: each.open for key, each in count()}
        yield gauge("clusterless_endpoint_connections_active", "Those open.", ENDPOINT_LABELS, active)
        failures = {key: each.dial_failures.total() for key, each in count()}
        yield counter("clusterless_endpoint_dial_failures", "Dials that failed.", ENDPOINT_LABELS, failures)
        text = "Bytes relayed: in from clients, out to them."
        yield counter(
            "clusterless_endpoint_bytes", text, (*ENDPOINT_LABELS, "direction"), _volume(dict(self._endpoints))
        )

    def _grouped(self, services: Mapping[ServicePortName, ServiceCounters]) -> dict[_Labels, list[ServiceCounters]]:
        """By labels; those beyond the bound are together."""
        self._bounds.services.keep(services)
        grouped: dict[_Labels, list[ServiceCounters]] = {}
        for name, counters in services.items():
            grouped.setdefault(self._labels(name), []).append(counters)
        return grouped

    def _grouped_endpoints(
        self, services: Mapping[ServicePortName, ServiceCounters]
    ) -> dict[_Labels, EndpointCounters]:
        counted = {
            Behind(name, endpoint): counters
            for name, service in services.items()
            for endpoint, counters in service.endpoints.items()
        }
        self._bounds.endpoints.keep(counted)
        grouped: dict[_Labels, EndpointCounters] = {}
        for each, counters in counted.items():
            has_own = self._bounds.endpoints.has_own(each)
            key = (*self._labels(each.service), str(each.endpoint) if has_own else OTHER)
            grouped.setdefault(key, EndpointCounters()).add(counters)
        return grouped

    def _labels(self, name: ServicePortName) -> _Labels:
        if self._bounds.services.has_own(name):
            return (name.namespace, name.name, name.port, name.protocol.value)
        return (OTHER,) * len(SERVICE_LABELS)


def _summed(parts: Iterator[EndpointCounters]) -> EndpointCounters:
    total = EndpointCounters()
    for each in parts:
        total.add(each)
    return total


def _volume(totals: Mapping[_Labels, EndpointCounters]) -> Labelled:
    return {
        (*key, direction): tally.bytes
        for key, total in totals.items()
        for direction, tally in (("in", total.from_clients), ("out", total.to_clients))
    }
