"""What health probes and scrapers are told by the load balancer, at the addresses that a node has for it too."""

import json
import logging
from http import HTTPStatus

from controlplane.snapshot import Snapshot
from proxy.hostfacts import HostFacts

from .bindaddress import host_port, node_addresses
from .dataplane import DataPlane
from .introspection.server import Introspection
from .metricfamilies import CONTENT_TYPE, exposition
from .metrics import ProxyCollector
from .ops import OpsReply, OpsServer
from .settings import Settings

log = logging.getLogger(__name__)


class LoadBalancerOps:
    """`/healthz`, `/livez` and `/readyz` for probes; `/metrics` for scrapers."""

    def __init__(self, settings: Settings, data_plane: DataPlane) -> None:
        self._data_plane = data_plane
        self.introspection = Introspection(settings.hostname_override.lower() or settings.cluster.hostname)
        self.introspection.follow(data_plane.reconciler)
        self._generation = 0
        self._told: set[str] = set()
        health = {"/healthz": _ok, "/livez": _ok, "/readyz": self._readyz}
        metrics = {"/metrics": self._metrics, "/healthz": _ok, "/readyz": self._readyz}
        self._servers = (
            (OpsServer(health), settings.healthz_bind_address),
            (OpsServer(metrics, self.introspection.trees), settings.metrics_bind_address),
        )

    def applied(self, snapshot: Snapshot) -> None:
        """Say from now on that this snapshot is applied."""
        self._generation = snapshot.generation
        self.introspection.applied(snapshot)

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

    async def close(self) -> None:
        """Answer no more."""
        self.introspection.close()
        for server, _ in self._servers:
            await server.close()

    def _readyz(self) -> OpsReply:
        status = HTTPStatus.OK if self._generation else HTTPStatus.SERVICE_UNAVAILABLE
        body = json.dumps({"generation": self._generation}).encode() + b"\n"
        return OpsReply(status, body, "application/json")

    def _metrics(self) -> OpsReply:
        collector = ProxyCollector(self._data_plane.counters, self._data_plane.reconciler.statuses())
        return OpsReply(body=exposition(collector), content_type=CONTENT_TYPE)


def _ok() -> OpsReply:
    return OpsReply(body=b"ok")
