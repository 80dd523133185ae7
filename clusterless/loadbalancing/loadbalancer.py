"""The external load balancer: gives Services addresses, checks the nodes, and balances over those that are healthy."""

import asyncio
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from clusterless.agent.starterror import StartError
from clusterless.configuration.settings import Settings, split
from clusterless.introspection.frontendevents import balancer_event, health_events
from clusterless.node.dataplane import DataPlane
from clusterless.tasks import spawn
from controlplane.netaddr import canonical
from controlplane.objects import NamespacedName
from controlplane.snapshot import Snapshot
from controlplane.state import LoadBalancerFile, StateError
from proxy.addresses import HelperSockets, LocalSockets
from proxy.claims import ClaimPolicy
from proxy.hostfacts import HostFacts, primary_addresses
from proxy.loadbalancer import HealthTarget, LoadBalancers, frontends, health_targets, load_balancers
from proxy.loadbalancerdesired import desired_of
from proxy.loadbalancerevents import Event, EventType, events
from proxy.loadbalancerpool import Given

from .health import LoadBalancerOps
from .prober import Prober

if TYPE_CHECKING:
    from proxy.workers import Nursery

log = logging.getLogger(__name__)


class LoadBalancer:
    """Stands outside the nodes; made inside the running event loop."""

    decides = False

    def __init__(
        self,
        settings: Settings,
        sockets: HelperSockets | LocalSockets,
        facts: HostFacts,
        nursery: "Nursery | None" = None,
    ) -> None:
        """Raises StartError when another load balancer decides in the same `--state-dir`."""
        self._settings = settings
        self._sockets = sockets
        self._facts = facts
        self._ranges = split(settings.load_balancer_ip_range)
        self._file = _held_file(settings.state_dir)
        self._given = self._published = _read(self._file)
        self._decided = LoadBalancers({}, self._given)
        self._snapshot: Snapshot | None = None
        self._data_plane = DataPlane(settings, sockets, facts.own, nursery=nursery)
        self._prober = Prober(self._on_health)
        self._ops = LoadBalancerOps(settings, self._data_plane)
        self._healthy: frozenset[HealthTarget] = frozenset()
        self._applying = asyncio.Lock()

    @property
    def primary_addresses(self) -> tuple[str, ...]:
        """The host's main address of each family: from there it connects to the nodes."""
        return primary_addresses(self._facts, self._settings.node_ip)

    async def announce(self) -> None:
        """Answer for the ranges; one that cannot be had is told, and its frontends say so too."""
        refused = await self._sockets.announce(self._ranges, self.primary_addresses, force=self._settings.force_ranges)
        for reason in refused.values():
            log.error("load balancer range cannot be used", extra={"kv": {"reason": reason}})

    async def reload(self) -> None:
        """Nothing is configured besides the manifests and the flags."""

    async def reconfigure(self, settings: Settings) -> None:
        """Have the settings of a changed file."""
        self._settings = settings
        await self._ops.reconfigure(settings, self._facts)

    def warn(self, reason: str, message: str) -> None:
        """Let an event of this host be seen."""
        self._ops.introspection.warn(reason, message)

    @property
    def is_healthy(self) -> bool:
        """Whether a process carries connections. It waits for nobody else: what cannot be done is tried again."""
        return self._data_plane.staff.workers > 0

    async def publish(self, snapshot: Snapshot) -> None:
        """Make the snapshot true; returns once every frontend is open, or has a status that says why not."""
        started = time.monotonic()
        first = self._snapshot is None
        self._snapshot = snapshot
        before, self._decided = self._decided, self._decide(snapshot)
        news = list(events(before.balanced, self._decided.balanced))
        for event in news:
            _tell(event, self._decided)
        self._ops.introspection.record(map(balancer_event, news))
        self._keep()
        self._prober.follow(health_targets(self._decided))
        if first:
            await self._prober.settled()
        await self._apply()
        self._ops.applied(snapshot)
        seconds = round(time.monotonic() - started, 3)
        await self._ops.introspection.applied(snapshot)
        details = {"generation": snapshot.generation, "services": len(self._decided.balanced), "seconds": seconds}
        log.info("snapshot applied", extra={"kv": details})

    async def listen(self) -> None:
        """Open what operators and probes ask; to call it again follows the host, and tries again what failed."""
        await self._ops.listen(self._facts)

    async def look(self) -> bool:
        """See whether the host's network is as it was, and follow it; true when the snapshot is to be applied again."""
        facts = await self._sockets.facts()
        moved = facts != self._facts
        if moved:
            self._facts = facts
            self._data_plane.move(facts.own)
            await self.announce()
        self._keep()
        await self.listen()
        return moved

    async def drain(self) -> None:
        """Let nobody in any more, and give open connections the grace period to finish."""
        self._prober.close()
        self._snapshot = None  # what the nodes' health would change now is not applied any more
        async with self._applying:
            await self._data_plane.drain(self._settings.grace_seconds)

    async def close(self) -> None:
        """Close everything, and give the addresses of this host back; what Services were given stays written."""
        self._prober.close()
        await self._ops.close()
        async with self._applying:
            await self._data_plane.close()
        if self._file:
            self._file.close()

    def _decide(self, snapshot: Snapshot) -> LoadBalancers:
        reserved = {*self._facts.own, *self._facts.gateways}
        return load_balancers(snapshot, self._ranges, self._given, reserved)

    def _keep(self) -> None:
        """Write what was given to where the nodes see it; where that fails it is tried again."""
        self._given = self._decided.given
        if self._file is None or self._given == self._published:
            return
        try:
            self._file.save({str(key): addresses for key, addresses in sorted(self._given.items())})
        except OSError as error:
            log.error("addresses could not be published", extra={"kv": {"reason": error.strerror}})
        else:
            self._published = self._given

    def _on_health(self) -> None:
        spawn(self._apply(), "apply the nodes' health")

    async def _apply(self) -> None:
        async with self._applying:
            snapshot = self._snapshot
            if snapshot is None:
                return
            before_healthy, self._healthy = self._healthy, self._prober.healthy
            checked = health_targets(self._decided)
            self._ops.introspection.record(health_events(before_healthy, self._healthy, checked))
            wanted = frontends(self._decided, self._healthy)
            desired = desired_of(snapshot.generation, wanted, self._facts, self._policy(snapshot))
            before = self._data_plane.reconciler.desired
            for conflict in set(desired.conflicts) - set(before.conflicts):
                log.warning("address and port are claimed twice", extra={"kv": {"conflict": conflict.message}})
            await self._data_plane.apply(desired)

    def _policy(self, snapshot: Snapshot) -> ClaimPolicy:
        return ClaimPolicy(
            load_balancer_ip_ranges=self._ranges,
            other_nodes={
                canonical(address.address): name
                for name, node in snapshot.nodes.items()
                for address in node.status.addresses
            },
        )


def _held_file(state_dir: str) -> LoadBalancerFile | None:
    if not state_dir:
        log.warning("addresses are not published to the nodes", extra={"kv": {"reason": "there is no --state-dir"}})
        return None
    file = LoadBalancerFile(Path(state_dir))
    try:
        held = file.hold()
    except StateError as error:
        raise StartError(str(error)) from error
    if not held:
        raise StartError(f"--state-dir {file.path}: another load balancer decides here, or it is read-only")
    return file


def _read(file: LoadBalancerFile | None) -> Given:
    try:
        addresses: Mapping[str, tuple[str, ...]] = file.load() if file else {}
    except StateError as error:
        raise StartError(str(error)) from error
    return {NamespacedName(*name.split("/", 1)): given for name, given in addresses.items()}


def _tell(event: Event, decided: LoadBalancers) -> None:
    """One line an event, with what `kubectl describe` would show."""
    balanced = decided.balanced.get(event.service)
    addresses = ",".join(balanced.addresses) if balanced else ""
    level = logging.WARNING if event.type is EventType.WARNING else logging.INFO
    details = {
        "type": event.type,
        "reason": event.reason,
        "object": f"service/{event.service}",
        "message": event.message,
        **({"addresses": addresses} if addresses else {}),
    }
    log.log(level, "event", extra={"kv": details})
