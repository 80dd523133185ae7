"""What runs on one node: the proxy, the DNS server, or both, and what tells of their health; it follows the host."""

import asyncio
import logging
import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from clusterless.agent.starterror import StartError
from clusterless.configuration.settings import Settings
from controlplane.builtin import DNS_SERVICE
from controlplane.snapshot import Snapshot
from dns.config import DnsConfig
from proxy.addresses import HelperSockets, LocalSockets
from proxy.hostfacts import HostFacts, primary_addresses
from proxy.model import FrontendKey

from .claimprobe import ClaimProbe
from .dnskeys import dns_service_keys
from .health import Health
from .healthchecknodeports import HealthCheckNodePorts
from .nodedns import NodeDns, load_config
from .nodeproxy import NodeProxy

if TYPE_CHECKING:
    from proxy.workers import Nursery

log = logging.getLogger(__name__)


class Node:
    """Made inside the running event loop. Without `proxy`, or without `dns_config`, the other is alone."""

    decides = True

    def __init__(
        self,
        settings: Settings,
        sockets: HelperSockets | LocalSockets,
        facts: HostFacts,
        dns_config: DnsConfig | None,
        *,
        proxy: bool,
        nursery: "Nursery | None" = None,
    ) -> None:
        self._settings = settings
        self._sockets = sockets
        self._facts = facts
        self._dns = NodeDns(settings, dns_config, sockets, facts) if dns_config else None
        self._proxy = NodeProxy(settings, sockets, facts, nursery) if proxy else None
        self._health = Health(settings, self._proxy, self._dns)
        if self._dns:
            self._dns.on_refusal = lambda reason: self.warn("CorefileRefused", reason)
        self._health_checks = HealthCheckNodePorts(
            lambda: self._health.is_healthy, self._health.introspection.health_check_failed
        )
        self._probe = ClaimProbe()
        self._refused: Collection[str] = ()
        self._taken: frozenset[FrontendKey] = frozenset()

    @property
    def primary_addresses(self) -> tuple[str, ...]:
        """The node's main address of each family, as the host has them now."""
        return primary_addresses(self._facts, self._settings.node_ip)

    async def announce(self) -> None:
        """Answer for the service ranges; one that cannot be had is told once, and its frontends say so too."""
        if self._proxy is None:
            return
        ranges = self._settings.cluster.service_cluster_ip_ranges
        refused = await self._sockets.announce(ranges, self.primary_addresses, force=self._settings.force_ranges)
        for reason in set(refused.values()) - set(self._refused):
            log.error("service range cannot be used", extra={"kv": {"reason": reason}})
            self.warn("ServiceRangeRefused", reason)
        self._refused = tuple(refused.values())

    async def publish(self, snapshot: Snapshot) -> None:
        """Make the snapshot true; returns once every frontend is open, or has a status that says why not."""
        started = time.monotonic()
        self._health.queued(snapshot)
        if self._dns:
            await self._dns.publish(snapshot)
        if self._proxy:
            desired = await self._proxy.desire(snapshot, self._dns.keys if self._dns else _left_to_dns(snapshot))
            await self._give_way(desired.frontends)
            await self._proxy.apply(desired)
            self._probe.watch(desired.claims)
            await self._health_checks.apply(snapshot, self._facts)
        self._health.applied(snapshot)
        seconds = round(time.monotonic() - started, 3)
        await self._health.introspection.applied(snapshot)
        details = {"generation": snapshot.generation, "services": len(snapshot.services), "seconds": seconds}
        log.info("snapshot applied", extra={"kv": details})

    async def listen(self) -> None:
        """Open what operators and probes ask; to call it again follows the host, and tries again what failed."""
        await self._health.listen(self._facts)
        await self._health_checks.listen(self._facts)
        if self._dns:
            await self._dns.listen(self._facts, self._taken)

    async def _give_way(self, frontends: Collection[FrontendKey]) -> None:
        """Leave ports of the node's own addresses to the Services that have them now.

        In a cluster the DNS server is a Pod, and its HTTP endpoints are in nobody's way.
        """
        own = self._facts.own
        taken = frozenset(key for key in frontends if key.address in own)
        if taken != self._taken:
            self._taken = taken
            if self._dns:
                await self._dns.listen(self._facts, taken)

    async def reload(self) -> None:
        """Read the Corefile again; the old one stays in force when the new one is not right."""
        if self._dns is None or not self._settings.corefile:
            return
        try:
            config = load_config(self._settings)
        except StartError as error:
            self._dns.refuse(str(error))
            return
        await self._dns.reload(config)
        log.info("Corefile is read again")
        await self._dns.listen(self._facts, self._taken)

    async def reconfigure(self, settings: Settings) -> None:
        """Have the settings of a changed file; what depends on them in the snapshot follows when it is published."""
        self._settings = settings
        if self._proxy:
            self._proxy.reconfigure(settings)
        await self._health.reconfigure(settings, self._facts)

    def warn(self, reason: str, message: str) -> None:
        """Let an event of the Node be seen."""
        self._health.warn(reason, message)

    @property
    def is_healthy(self) -> bool:
        """Whether no change has been waiting for too long, and there is a process that carries connections."""
        return self._health.is_healthy

    async def look(self) -> bool:
        """See whether the host's network is as it was, and follow it; true when the snapshot is to be applied again.

        Claims have one of the host's addresses as their source, and may be taken away: then all are made anew.
        """
        facts = await self._sockets.facts()
        moved = facts != self._facts
        if moved:
            log.info("host's addresses changed", extra={"kv": {"addresses": ",".join(sorted(facts.own))}})
            self._facts = facts
            if self._proxy:
                self._proxy.move(facts)
        if moved or self._probe.is_lost():
            await self.announce()
            log.info("addresses are claimed again")
        await self.listen()
        return moved

    async def drain(self) -> None:
        """Let nobody in any more, and give open connections the grace period to finish; DNS answers on meanwhile.

        A DNS server alone answers on for its Corefile's `lameduck`, within that period; a proxy never waits for it.
        """
        if self._proxy:
            await self._proxy.drain(self._settings.grace_seconds)
        elif self._dns and (seconds := min(self._dns.lameduck_seconds, self._settings.grace_seconds)):
            log.info("DNS answers on as a lame duck", extra={"kv": {"seconds": seconds}})
            await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Close everything, and give the addresses back."""
        await self._health.close()
        await self._health_checks.close()
        if self._proxy:
            await self._proxy.close()
        if self._dns:
            await self._dns.close()


def _left_to_dns(snapshot: Snapshot) -> Collection[FrontendKey]:
    """A proxy alone leaves the DNS Service to a `clusterless dns` beside it, unless the manifests bring endpoints.

    The slice that stands for our own server is the Service's, and names no Pod.
    """
    ours = all(
        piece.metadata.owner_references and not any(endpoint.target_ref for endpoint in piece.endpoints)
        for piece in snapshot.slices_of(DNS_SERVICE)
    )
    return dns_service_keys(snapshot) if ours else ()
