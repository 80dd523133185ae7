"""The data plane's metrics, under `clusterless_`: kube-proxy counts no traffic, so that it has no names for them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from proxy.counters import Counters, ServiceCounters
from proxy.model import FrontendKey, FrontendStatus, ServicePortName

from .metricfamilies import Labelled, counter, gauge

SERVICE_LABELS = ("namespace", "service", "port", "protocol")


class ProxyCollector(Collector):
    """Reads the counters when it is asked; there is a series for each Service port, none for a client."""

    def __init__(self, counters: Counters, statuses: Mapping[FrontendKey, FrontendStatus]) -> None:
        self._services = {_labels(name): service for name, service in counters.services.items()}
        self._pauses: Labelled = {(reason.value,): count for reason, count in counters.accept_pauses.items()}
        self._states: dict[tuple[str, ...], float] = {}
        for status in statuses.values():
            key = (status.state.value,)
            self._states[key] = self._states.get(key, 0) + 1

    def collect(self) -> Iterator[Metric]:
        """All families, once."""
        yield gauge("clusterless_frontends", "Frontends by state.", ("state",), self._states)
        yield counter(
            "clusterless_accept_pauses",
            "Times that accepting was paused, because connections or descriptors ran out.",
            ("reason",),
            self._pauses,
        )
        yield from self._connections()
        yield from self._reasons()

    def _connections(self) -> Iterator[Metric]:
        services = self._services.items()
        accepted = {key: each.accepted for key, each in services}
        yield counter("clusterless_connections_accepted", "Connections and flows.", SERVICE_LABELS, accepted)
        unserved = {key: each.unserved for key, each in services}
        yield counter("clusterless_connections_unserved", "Those that no endpoint took.", SERVICE_LABELS, unserved)
        active = {key: each.active for key, each in services}
        yield gauge("clusterless_connections_active", "Those open, or dialling.", SERVICE_LABELS, active)
        totals = {key: each.total() for key, each in services}
        resets = {key: total.resets for key, total in totals.items()}
        yield counter("clusterless_connections_reset", "Those that ended in a reset.", SERVICE_LABELS, resets)
        volume = {(*key, "in"): total.from_clients.bytes for key, total in totals.items()}
        volume |= {(*key, "out"): total.to_clients.bytes for key, total in totals.items()}
        text = "Bytes relayed: in from clients, out to them."
        yield counter("clusterless_bytes", text, (*SERVICE_LABELS, "direction"), volume)

    def _reasons(self) -> Iterator[Metric]:
        labels = (*SERVICE_LABELS, "reason")
        dials = _by_reason(self._services, lambda each: each.total().dial_failures)
        yield counter("clusterless_dial_failures", "Dials that failed.", labels, dials)
        drops = _by_reason(self._services, lambda each: each.drops)
        yield counter("clusterless_datagrams_dropped", "Datagrams that went nowhere.", labels, drops)
        ends = _by_reason(self._services, lambda each: each.flow_ends)
        yield counter("clusterless_flows_ended", "UDP flows that are over.", labels, ends)


def _labels(name: ServicePortName) -> tuple[str, ...]:
    return (name.namespace, name.name, name.port, name.protocol.value)


def _by_reason(
    services: Mapping[tuple[str, ...], ServiceCounters], counts: Callable[[ServiceCounters], Mapping[Any, int]]
) -> Labelled:
    return {(*key, reason.value): count for key, each in services.items() for reason, count in counts(each).items()}
