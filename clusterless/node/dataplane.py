"""What carries connections in one process: one reactor with its listeners, one balancer, one reconciler."""

import asyncio
import logging
import time
from collections.abc import Collection, Iterator, Mapping
from random import SystemRandom
from socket import socket
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakSet

from clusterless.configuration.settings import Settings
from clusterless.introspection.dataplanestatus import Carried, OpenFlow
from clusterless.tasks import spawn
from proxy.addresses import HelperSockets, LocalSockets
from proxy.balancer import Balancer
from proxy.counters import Counters
from proxy.descriptors import Descriptors, fd_budget
from proxy.desired import Desired
from proxy.flows import FlowSettings
from proxy.listener import TcpListener
from proxy.model import Endpoint, Frontend, Protocol, ServicePortName
from proxy.openfrontend import OpenListener
from proxy.options import Scheduler
from proxy.reactor import Reactor, Resources
from proxy.reconciler import Reconciler
from proxy.relaysettings import RelaySettings
from proxy.sources import inside_sources
from proxy.udp import UdpListener

if TYPE_CHECKING:
    from proxy.workers import Crew, Nursery

log = logging.getLogger(__name__)

# For DNS, watching, the helper, and some dozens of probes and scrapers at once: without a limit of their own they would
# be the first to suffer when connections take all that there is, and nobody would see why.
OWN_DESCRIPTORS = 96


class Staff(NamedTuple):
    """How many processes carry connections now, and how often one of them was replaced."""

    workers: int = 1
    restarts: int = 0


class DataPlane:
    """Serves what is desired; made inside the running event loop."""

    def __init__(
        self,
        settings: Settings,
        sockets: HelperSockets | LocalSockets,
        own_addresses: Collection[str],
        cluster_cidrs: Collection[str] = (),
        nursery: "Nursery | None" = None,
    ) -> None:
        """`own_addresses` are this host's; they and `cluster_cidrs` count as inside the cluster.

        With a nursery, the bytes are carried by as many workers as the settings say; this process accepts and decides.
        """
        self.counters = Counters()
        self._cluster_cidrs = tuple(cluster_cidrs)
        self._reactor = Reactor(asyncio.get_running_loop(), Descriptors(fd_budget(OWN_DESCRIPTORS)))
        self._relay = RelaySettings(
            dial_attempts=settings.dial_attempts,
            idle_seconds=settings.idle_seconds,
            half_close_seconds=settings.half_close_seconds,
            access_log_every=settings.access_log,
        )
        self._flows = FlowSettings(
            idle_seconds=settings.udp_idle_seconds,
            stream_idle_seconds=settings.udp_stream_idle_seconds,
            access_log_every=settings.access_log,
        )
        scheduler = Scheduler(settings.scheduler)
        self._balancer = Balancer(SystemRandom(), scheduler, self._cluster_cidrs, own_addresses)
        self._udp: WeakSet[UdpListener] = WeakSet()
        self._crew = self._hire(settings.workers, nursery, scheduler, own_addresses) if nursery else None
        openers: dict[Protocol, OpenListener] = {Protocol.TCP: self._open_tcp, Protocol.UDP: self._open_udp}
        forget = self._balancer.forget
        if self._crew:
            forget = self._crew.forget
            openers = {Protocol.TCP: self._crew.open_tcp, Protocol.UDP: self._crew.open_udp}
        inside = inside_sources(self._cluster_cidrs, own_addresses)
        self.reconciler = Reconciler(sockets, openers, forget, spawn, inside)

    @property
    def resources(self) -> Resources:
        """What connections and flows hold now."""
        own = self._reactor.resources
        if self._crew is None:
            return own
        theirs = self._crew.resources
        return Resources(
            own.descriptors + theirs.descriptors,
            own.descriptor_budget + theirs.descriptor_budget,
            own.timers + theirs.timers,
        )

    @property
    def staff(self) -> Staff:
        """Who carries the connections."""
        return Staff(self._crew.alive, self._crew.restarts) if self._crew else Staff()

    def count(self) -> Counters:
        """What was counted up to now, with what the kernel dropped."""
        self.reconciler.count_dropped(self.counters)
        return self.counters

    def carried(self) -> Carried:
        """What it carries now, for whoever looks at it."""
        return Carried(
            desired=self.reconciler.desired,
            statuses=self.reconciler.statuses(),
            counters=self.count(),
            flows=self._open_flows(),
            connections_of=self.connections_of,
            pins_of=self.pins_of,
            descriptors=self.resources.descriptors,
            descriptor_budget=self.resources.descriptor_budget,
            now=time.monotonic(),
        )

    def connections_of(self, service: ServicePortName) -> Mapping[Endpoint, int]:
        """Open connections and flows by endpoint, also to endpoints that left."""
        return self._balancer.connections_of(service)

    def pins_of(self, service: ServicePortName, now: float, seconds: float) -> Mapping[str, tuple[Endpoint, float]]:
        """Session affinities of so many seconds, with those that are left at `now`, in monotonic seconds."""
        if self._crew and service.protocol is Protocol.UDP:
            return self._crew.pins_of(service, now)
        return self._balancer.pins_of(service, now, seconds)

    def _open_flows(self) -> Iterator[OpenFlow]:
        for row in self._crew.flows() if self._crew else ():
            frontend = self.reconciler.desired.frontends.get(row.frontend)
            if frontend is not None:
                client = (row.address, row.port)
                yield OpenFlow(frontend, client, row.endpoint, row.is_answered, row.active_at)
        for listener in self._udp:
            for flow in listener.flows:
                yield OpenFlow(listener.frontend, flow.client, flow.endpoint, flow.is_answered, flow.active_at)

    def move(self, own_addresses: Collection[str]) -> None:
        """The host has other addresses; connections are judged by them from the next `apply` on."""
        self._balancer.set_local_addresses(own_addresses)
        if self._crew:
            self._crew.move(own_addresses)
        self.reconciler.set_inside(inside_sources(self._cluster_cidrs, own_addresses))

    async def apply(self, desired: Desired) -> None:
        """Make it true; returns once every frontend is open, or has a status that says why not."""
        await self.reconciler.apply(desired)
        if self._crew:
            await self._crew.settled()
        self._retain_counters(desired)

    async def drain(self, grace_seconds: float) -> None:
        """Let nobody in any more; give connections that long to finish, and reset those that have not."""
        desired = self.reconciler.desired
        await self.reconciler.apply(Desired(generation=desired.generation, claims=desired.claims))
        carrier = self._crew or self._reactor.connections
        cut = await carrier.drain(grace_seconds)
        if cut:
            log.warning("connections were reset", extra={"kv": {"count": cut, "after_seconds": grace_seconds}})

    async def close(self) -> None:
        """Close what is left, and give the addresses back."""
        await self.reconciler.close()
        if self._crew:
            await self._crew.close()
        self._reactor.close()

    def _hire(self, workers: int, nursery: "Nursery", scheduler: Scheduler, own_addresses: Collection[str]) -> "Crew":
        from proxy.workers import Begin, Crew  # noqa: PLC0415 - one process alone needs none of it

        begin = Begin(self._relay, self._flows, scheduler, self._cluster_cidrs, tuple(own_addresses))
        return Crew(workers, nursery, self._reactor, self._balancer, self.counters, begin)

    def _open_tcp(self, sock: socket, frontend: Frontend) -> TcpListener:
        return TcpListener(self._reactor, sock, frontend, self._balancer, self.counters, self._relay)

    def _open_udp(self, sock: socket, frontend: Frontend) -> UdpListener:
        listener = UdpListener(self._reactor, sock, frontend, self._balancer, self.counters, self._flows)
        self._udp.add(listener)
        return listener

    def _retain_counters(self, desired: Desired) -> None:
        """Count for the endpoints that there are; only Services and endpoints that went make this necessary."""
        counted = self.counters.services  # of thousands of Services, those that anybody used
        endpoints: dict[ServicePortName, set[Endpoint]] = {}
        for frontend in desired.frontends.values() if counted else ():
            if frontend.service in counted:
                endpoints.setdefault(frontend.service, set()).update(frontend.internal, frontend.external)
        self.counters.retain(endpoints)
