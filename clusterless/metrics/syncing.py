"""What kube-proxy tells of its syncs, under its names (pkg/proxy/metrics/metrics.go), and CoreDNS of its own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from controlplane.problems import Severity
from controlplane.snapshot import Snapshot
from proxy.model import Frontend, FrontendKind, Verdict

from .families import HistogramLike, Labelled, counter, gauge, histogram, untyped
from .syncs import Syncs

INTERNAL, EXTERNAL = "internal", "external"
FAMILY = ("ip_family",)


class SyncCollector(Collector):
    """One sync serves both families here: each has the same numbers, so that sums by family are right."""

    def __init__(self, syncs: Syncs, families: Sequence[str], health_codes: Mapping[str, Mapping[int, int]]) -> None:
        """`health_codes` counts the answers of `healthz` and `livez` by their code."""
        self._syncs = syncs
        self._families = families
        self._health_codes = health_codes

    def collect(self) -> Iterator[Metric]:
        """All families, once."""
        syncs = self._syncs
        for name, text, observed in (
            ("sync_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds", syncs.durations),
            (
                "network_programming_duration_seconds",
                "In Cluster Network Programming Latency in seconds",
                syncs.network,
            ),
        ):
            each: dict[tuple[str, ...], HistogramLike] = {(family,): observed for family in self._families}
            yield histogram(f"kubeproxy_{name}", text, FAMILY, each)
        for name, text, value in (
            ("last_timestamp_seconds", "The last time proxy rules were successfully synced", syncs.applied_at),
            ("last_queued_timestamp_seconds", "The last time a sync of proxy rules was queued", syncs.queued_at),
            ("endpoint_changes_pending", "Pending proxy rules Endpoint changes", syncs.pending_endpoints),
            ("service_changes_pending", "Pending proxy rules Service changes", syncs.pending_services),
        ):
            yield gauge(f"kubeproxy_sync_proxy_rules_{name}", text, FAMILY, self._each(value))
        for what, number in (("Endpoint", syncs.endpoint_changes), ("Service", syncs.service_changes)):
            name = f"kubeproxy_sync_proxy_rules_{what.lower()}_changes"
            yield counter(name, f"Cumulative proxy rules {what} changes", FAMILY, self._each(number))
        for path, codes in self._health_codes.items():
            text = f"Cumulative proxy {path} HTTP status"
            yield counter(f"kubeproxy_proxy_{path}", text, ("code",), {(str(code),): n for code, n in codes.items()})

    def _each(self, value: float) -> Labelled:
        return {(family,): value for family in self._families}


class ManifestCollector(Collector):
    """What is in force, and what is wrong with it."""

    def __init__(self, snapshot: Snapshot | None) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """All families, once."""
        snapshot = self._snapshot
        generation = snapshot.generation if snapshot else 0
        yield gauge("clusterless_generation", "Generation of the manifests that is in force.", (), {(): generation})
        services = len(snapshot.services) if snapshot else 0
        yield gauge("clusterless_services", "Services in the manifests.", (), {(): services})
        problems: dict[tuple[str, ...], float] = {(each.value,): 0 for each in Severity}
        for problem in snapshot.problems if snapshot else ():
            problems[problem.severity.value,] += 1
        yield gauge("clusterless_manifest_problems", "What is wrong with the manifests now.", ("severity",), problems)


class NoLocalEndpoints(Collector):
    """Services with a policy of Local, whose endpoints are all on other nodes: their clients time out here."""

    def __init__(self, frontends: Iterable[Frontend]) -> None:
        self._frontends = frontends

    def collect(self) -> Iterator[Metric]:
        """The family, once."""
        found = {
            (policy, "IPv6" if each.key.is_ipv6 else "IPv4", each.service)
            for each in self._frontends
            if each.verdict is Verdict.DROP and (policy := _policy_without_endpoints(each))
        }
        counts: dict[tuple[str, ...], float] = {}
        for policy, family, _ in found:
            counts[policy, family] = counts.get((policy, family), 0) + 1
        yield untyped(
            "kubeproxy_sync_proxy_rules_no_local_endpoints_total",
            "Number of services with a Local traffic policy and no endpoints",
            ("traffic_policy", "ip_family"),
            counts,
        )


def _policy_without_endpoints(frontend: Frontend) -> str:
    """Which traffic policy leaves some clients of the frontend without endpoints; `""` if neither does."""
    if frontend.kind is FrontendKind.CLUSTER_IP:
        return "" if frontend.internal else INTERNAL
    return "" if frontend.external else EXTERNAL
