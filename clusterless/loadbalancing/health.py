"""What health probes and scrapers are told by the load balancer, at the addresses that a node has for it too."""

import logging
from collections.abc import AsyncIterator

from prometheus_client.registry import Collector

from clusterless.configuration.bindaddress import host_port, node_addresses
from clusterless.configuration.settings import Settings
from clusterless.introspection.server import Introspection
from clusterless.metrics.census import census
from clusterless.metrics.dataplane import Bounds, ProxyCollector
from clusterless.metrics.process import OwnCollector
from clusterless.metrics.syncing import ManifestCollector
from clusterless.metrics.workers import WorkerCollector
from clusterless.node.dataplane import DataPlane
from clusterless.operations.httpserver import OpsReply, OpsServer, Trees
from clusterless.operations.probes import configz, readyz, scrape
from controlplane.snapshot import Snapshot
from proxy.hostfacts import HostFacts

log = logging.getLogger(__name__)


class LoadBalancerOps:
    """`/healthz`, `/livez` and `/readyz` for probes; `/metrics` for scrapers."""

    def __init__(self, settings: Settings, data_plane: DataPlane) -> None:
        self._data_plane = data_plane
        self.introspection = Introspection(settings.hostname_override.lower() or settings.cluster.hostname)
        self.introspection.show(data_plane.carried)
        self.introspection.follow(data_plane.reconciler)
        self._snapshot: Snapshot | None = None
        self._told: set[str] = set()
        self._bounds = Bounds()
        ready: Trees = {"/readyz": readyz(lambda: self._snapshot.generation if self._snapshot else 0)}
        scraped: Trees = {"/metrics": scrape(self._collectors), **ready, **self.introspection.trees}
        self._servers = (
            (OpsServer({"/healthz": _ok, "/livez": _ok}, ready), settings.healthz_bind_address),
            (
                OpsServer({"/healthz": _ok, "/configz": lambda: configz(settings)}, scraped),
                settings.metrics_bind_address,
            ),
        )

    def applied(self, snapshot: Snapshot) -> None:
        """Say from now on that this snapshot is applied."""
        self._snapshot = snapshot

    async def listen(self, facts: HostFacts) -> None:
        """Be on both addresses, as the host has them now; serving goes on without what cannot be opened."""
        for server, address in self._servers:
            place = host_port(address)
            if place is None:
                continue
            failures = await server.listen(node_addresses(place[0], facts), place[1])
            for failure in set(failures) - self._told:
                log.warning("health or metrics address could not be opened", extra={"kv": {"reason": failure}})
            self._told.update(failures)

    async def reconfigure(self, settings: Settings, facts: HostFacts) -> None:
        """Answer at other addresses, if the settings say so."""
        wanted = (settings.healthz_bind_address, settings.metrics_bind_address)
        for (server, address), other in zip(self._servers, wanted, strict=True):
            if other != address:
                await server.close()
        self._servers = ((self._servers[0][0], wanted[0]), (self._servers[1][0], wanted[1]))
        await self.listen(facts)

    async def close(self) -> None:
        """Answer no more."""
        self.introspection.close()
        for server, _ in self._servers:
            await server.close()

    async def _collectors(self) -> AsyncIterator[Collector]:
        yield OwnCollector(self._data_plane.resources)
        yield ManifestCollector(self._snapshot)
        yield WorkerCollector(self._data_plane.staff)
        counters = self._data_plane.counters
        states = await census(self._data_plane.reconciler, counters)
        yield ProxyCollector(counters, states, self._bounds)


def _ok() -> OpsReply:
    return OpsReply(body=b"ok")
