"""Wires the proxy of a node together: snapshots in, frontends and their sockets kept true."""

import asyncio
import logging
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from clusterless.configuration.settings import Settings, split
from controlplane.snapshot import Snapshot
from proxy.addresses import HelperSockets, LocalSockets
from proxy.counters import Counters
from proxy.desired import Desired, DesiredMaker, Surroundings
from proxy.hostfacts import HostFacts
from proxy.model import FrontendKey
from proxy.nodeview import node_view
from proxy.options import LOCALHOST, PRIMARY, ProxyOptions, Scheduler
from proxy.reactor import Resources
from proxy.reconciler import Reconciler

from .dataplane import DataPlane

if TYPE_CHECKING:
    from proxy.workers import Nursery

log = logging.getLogger(__name__)


def proxy_options(settings: Settings) -> ProxyOptions:
    """The proxy's part of the settings."""
    return ProxyOptions(
        cluster_cidrs=settings.cluster.cluster_cidrs,
        node_port_addresses=settings.node_port_addresses or (PRIMARY, LOCALHOST),
        localhost_node_ports=settings.localhost_node_ports,
        node_ip=settings.node_ip,
        scheduler=Scheduler(settings.scheduler),
        service_ranges=settings.cluster.service_cluster_ip_ranges,
        external_ip_ranges=settings.external_ip_ranges,
        load_balancer_ip_ranges=split(settings.load_balancer_ip_range),
        allow_external_ips=settings.allow_external_ips,
    )


class NodeProxy:
    """The proxy of one node; made inside the running event loop."""

    def __init__(
        self,
        settings: Settings,
        sockets: HelperSockets | LocalSockets,
        facts: HostFacts,
        nursery: "Nursery | None" = None,
    ) -> None:
        self._options = proxy_options(settings)
        self._facts = facts
        self._maker = DesiredMaker()
        self._resolvers = resolvers()
        self._data_plane = DataPlane(settings, sockets, facts.own, self._options.cluster_cidrs, nursery)

    @property
    def counters(self) -> Counters:
        """What was counted up to now."""
        return self._data_plane.count()

    @property
    def resources(self) -> Resources:
        """What connections and flows hold now."""
        return self._data_plane.resources

    @property
    def data_plane(self) -> DataPlane:
        """What carries its connections."""
        return self._data_plane

    @property
    def reconciler(self) -> Reconciler:
        """Which knows how all frontends stand."""
        return self._data_plane.reconciler

    def move(self, facts: HostFacts) -> None:
        """The host's network changed; `apply` acts on it."""
        self._facts = facts
        self._resolvers = resolvers()
        self._data_plane.move(facts.own)

    def reconfigure(self, settings: Settings) -> None:
        """Other settings hold; `desire` acts on them."""
        self._options = proxy_options(settings)

    async def desire(self, snapshot: Snapshot, served_by_dns: Collection[FrontendKey]) -> Desired:
        """What the snapshot means for this node, as it is now; of thousands of Services that is a thread's work."""
        return await asyncio.to_thread(self._maker.make, snapshot, self.around(snapshot, served_by_dns))

    def around(self, snapshot: Snapshot, served_by_dns: Collection[FrontendKey]) -> Surroundings:
        """What decides about the snapshot on this node."""
        return Surroundings(
            node=node_view(snapshot.nodes, snapshot.options.hostname, self._facts, self._options),
            facts=self._facts,
            options=self._options,
            resolvers=self._resolvers,
            served_by_dns=frozenset(served_by_dns),
        )

    async def apply(self, desired: Desired) -> None:
        """Make it true; returns once every frontend is open, or has a status that says why not."""
        _tell(self.reconciler.desired, desired)
        await self._data_plane.apply(desired)

    async def drain(self, grace_seconds: float) -> None:
        """Let nobody in any more; give connections that long to finish, and reset those that have not."""
        await self._data_plane.drain(grace_seconds)

    async def close(self) -> None:
        """Close what is left, and give the addresses back."""
        await self._data_plane.close()


def resolvers(path: Path = Path("/etc/resolv.conf")) -> frozenset[str]:
    """The name servers that this host asks: their addresses are never claimed."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(words[1] for line in lines if len(words := line.split()) > 1 and words[0] == "nameserver")


def _tell(before: Desired, after: Desired) -> None:
    """Log what is new and not as the user may expect."""
    for conflict in set(after.conflicts) - set(before.conflicts):
        log.warning("address and port are claimed twice", extra={"kv": {"conflict": conflict.message}})
    for loop in set(after.loops) - set(before.loops):
        details = {"service": str(loop.service), "endpoint": str(loop.endpoint)}
        log.warning("endpoint is a frontend of this node and would loop", extra={"kv": details})
    for key, status in after.elsewhere.items():
        if before.elsewhere.get(key) != status:
            details = {"frontend": str(key), "state": status.state, "reason": status.message}
            log.info("frontend is not served by this proxy", extra={"kv": details})
