"""All that a node's scrape holds: what is counted is read when somebody asks, and costs nothing before."""

from collections.abc import AsyncIterator, Mapping, Sequence

from prometheus_client.registry import Collector

from clusterless.metrics.census import census
from clusterless.metrics.dataplane import Bounds, ProxyCollector
from clusterless.metrics.dns import DnsProgramming
from clusterless.metrics.process import OwnCollector
from clusterless.metrics.syncing import ManifestCollector, NoLocalEndpoints, SyncCollector
from clusterless.metrics.syncs import Syncs
from clusterless.metrics.workers import WorkerCollector

from .nodedns import NodeDns
from .nodeproxy import NodeProxy


class NodeMetrics:
    """`collectors` are made anew for each scrape."""

    def __init__(
        self,
        proxy: NodeProxy | None,
        dns: NodeDns | None,
        syncs: Syncs,
        families: Sequence[str],
        health_codes: Mapping[str, Mapping[int, int]],
    ) -> None:
        self._proxy = proxy
        self._dns = dns
        self._syncs = syncs
        self._families = families
        self._health_codes = health_codes
        self._bounds = Bounds()

    async def collectors(self) -> AsyncIterator[Collector]:
        """What there is to tell, in the order in which it is told."""
        yield OwnCollector(self._proxy.resources if self._proxy else None)
        yield ManifestCollector(self._syncs.snapshot)
        if self._proxy:
            yield WorkerCollector(self._proxy.data_plane.staff)
            yield SyncCollector(self._syncs, self._families, self._health_codes)
            yield NoLocalEndpoints(self._proxy.reconciler.desired.frontends.values())
            counters = self._proxy.data_plane.counters
            states = await census(self._proxy.reconciler, counters)
            yield ProxyCollector(counters, states, self._bounds)
        if self._dns:
            yield self._dns.collector
            yield DnsProgramming(self._syncs.dns)
