"""What health probes and scrapers are told: kube-proxy's :10256 and :10249, with kube-proxy's bodies."""

import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from clusterless.configuration.bindaddress import host_port, node_addresses
from clusterless.configuration.settings import Settings
from clusterless.explain.agent import Explainer
from clusterless.introspection.server import Introspection
from clusterless.metrics.syncs import Syncs
from clusterless.operations.httpserver import OpsReply, OpsServer, Routes, Trees
from clusterless.operations.probes import configz, readyz, scrape
from controlplane.objects import Node
from controlplane.snapshot import Snapshot
from proxy.addresstext import family_of
from proxy.hostfacts import HostFacts
from proxy.nodeeligibility import is_eligible

from .nodedns import NodeDns
from .nodeproxy import NodeProxy

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

    from .nodemetrics import NodeMetrics

log = logging.getLogger(__name__)

# Twice kube-proxy's syncPeriod of 30 s (pkg/proxy/healthcheck/proxy_health.go).
QUEUED_SECONDS = 60.0


class Health:
    """Serves the health and metrics addresses; is told when a change comes, and when it is applied."""

    def __init__(self, settings: Settings, proxy: NodeProxy | None, dns: NodeDns | None) -> None:
        self._settings = settings
        self._families = sorted({family_of(each) for each in settings.cluster.service_cluster_ip_ranges})
        self._proxy = proxy
        self._dns = dns
        self._queued_at: float | None = None
        self._syncs = Syncs(time.time())
        self._codes: dict[str, Counter[int]] = {"healthz": Counter(), "livez": Counter()}
        self.introspection = Introspection(settings.hostname_override.lower() or settings.cluster.hostname)
        self.introspection.show(proxy.data_plane.carried if proxy else None, (lambda: dns.counters) if dns else None)
        self.introspection.provide("explain", Explainer(proxy, dns, lambda: self._snapshot).answer)
        if proxy:
            self.introspection.follow(proxy.reconciler)
        ready = readyz(lambda: self._snapshot.generation if self._snapshot else 0)
        self._health = OpsServer({"/healthz": self._healthz, "/livez": self._livez}, {"/readyz": ready})
        self._metrics: NodeMetrics | None = None
        trees: Trees = {"/metrics": scrape(self._collectors), "/readyz": ready, **self.introspection.trees}
        self._scraped = OpsServer(self._scraped_routes(), trees)
        self._told: set[str] = set()

    def _collectors(self) -> "AsyncIterator[Collector]":
        """What a scrape holds; the library for it is loaded by the first, which may never come."""
        if self._metrics is None:
            from .nodemetrics import NodeMetrics  # noqa: PLC0415

            self._metrics = NodeMetrics(self._proxy, self._dns, self._syncs, self._families, self._codes)
        return self._metrics.collectors()

    def _scraped_routes(self) -> Routes:
        return {
            "/healthz": lambda: OpsReply(body=b"ok"),
            "/proxyMode": lambda: OpsReply(body=b"nftables"),
            "/configz": lambda: configz(self._settings),
        }

    def queued(self, snapshot: Snapshot) -> None:
        """A change waits to be applied."""
        self._queued_at = time.monotonic()
        self._syncs.queued(snapshot, time.time())

    def applied(self, snapshot: Snapshot) -> None:
        """The snapshot has been applied."""
        now = time.monotonic()
        self._syncs.applied(snapshot, time.time(), now - (self._queued_at or now))
        self._queued_at = None

    async def listen(self, facts: HostFacts) -> None:
        """Be on both addresses, as the host has them now; serving goes on without what cannot be opened.

        To call it again follows the host's addresses, and tries again what failed.
        """
        await self._open(self._health, self._settings.healthz_bind_address, facts)
        await self._open(self._scraped, self._settings.metrics_bind_address, facts)

    async def reconfigure(self, settings: Settings, facts: HostFacts) -> None:
        """Answer with other settings, and at other addresses if they say so."""
        before, self._settings = self._settings, settings
        if settings.healthz_bind_address != before.healthz_bind_address:
            await self._health.close()
        if settings.metrics_bind_address != before.metrics_bind_address:
            await self._scraped.close()
        await self.listen(facts)

    def warn(self, reason: str, message: str) -> None:
        """Let an event of the Node be seen."""
        self.introspection.warn(reason, message)

    async def close(self) -> None:
        """Answer no more."""
        self.introspection.close()
        await self._health.close()
        await self._scraped.close()

    async def _open(self, server: OpsServer, address: str, facts: HostFacts) -> None:
        if (place := host_port(address)) is None:
            return
        failures = await server.listen(node_addresses(place[0], facts), place[1])
        for failure in failures:
            if failure not in self._told:
                log.warning("health or metrics address could not be opened", extra={"kv": {"reason": failure}})
        self._told.update(failures)

    @property
    def is_healthy(self) -> bool:
        """Whether no change has been waiting for too long, and there is a process that carries connections."""
        is_applied = self._queued_at is None or time.monotonic() - self._queued_at < QUEUED_SECONDS
        return is_applied and (self._proxy is None or self._proxy.data_plane.staff.workers > 0)

    @property
    def _snapshot(self) -> Snapshot | None:
        return self._syncs.snapshot

    def _livez(self) -> OpsReply:
        return self._report("livez", {"healthy": self.is_healthy}, is_good=self.is_healthy)

    def _healthz(self) -> OpsReply:
        """As `livez`, and only while the Node is there and stays: a load balancer takes others then."""
        eligible = is_eligible(self._node())
        fields = {"nodeEligible": eligible, "healthy": self.is_healthy}
        return self._report("healthz", fields, is_good=eligible and self.is_healthy)

    def _node(self) -> Node | None:
        return self._snapshot.nodes.get(self._snapshot.options.hostname) if self._snapshot else None

    def _report(self, path: str, fields: dict[str, bool], *, is_good: bool) -> OpsReply:
        """The body of proxy_health.go; a proxy that does well says that it was updated now: there was nothing to do."""
        now = time.time()
        applied = _timestamp(self._syncs.applied_at)
        body = {
            "lastUpdated": _timestamp(now) if is_good else applied,
            "currentTime": _timestamp(now),
            **fields,
            "status": {family: {"lastUpdated": applied, "healthy": self.is_healthy} for family in self._families},
        }
        status = HTTPStatus.OK if is_good else HTTPStatus.SERVICE_UNAVAILABLE
        self._codes[path][status.value] += 1
        return OpsReply(status, msgspec.json.encode(body), "application/json")


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
