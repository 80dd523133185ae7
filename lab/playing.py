"""I/O: a lab while it runs: follows its manifests, and does to its pods, nodes and links what users want to see."""

import asyncio
import sys
from collections.abc import Callable

import msgspec

from controlplane.objects import NamespacedName
from controlplane.snapshot import Snapshot

from .addresses import Ranges
from .cluster import Cluster
from .cuts import Partition
from .network import NetworkError
from .runtime import Lab
from .topology import CLIENT_POD, Host, Role, Topology, topology_of

_GRACE_SECONDS = 30  # where a pod's spec says nothing (core/v1 DefaultTerminationGracePeriodSeconds)


class CannotError(Exception):
    """It cannot be done; the text says why."""


class Playing:
    """`node_grace` is how many seconds a node may be silent before it counts as not ready."""

    def __init__(self, cluster: Cluster, lab: Lab, ranges: Ranges, node_grace: float) -> None:
        self.cluster = cluster
        self.lab = lab
        self.snapshot = cluster.start()
        self._ranges = ranges
        self._node_grace = node_grace
        self._timers: dict[object, asyncio.TimerHandle] = {}
        self._is_due = False

    async def up(self) -> float:
        """Bring the lab up; returns how many seconds it took. Raises LabError."""
        return await self.lab.up(topology_of(self.snapshot, self._ranges), self.snapshot)

    def follow(self) -> None:
        """Look at the manifests and the facts again, and let the lab be what they say."""
        self._is_due = False
        before, topology = self.snapshot, self.lab.topology
        client = _client_addresses(topology)
        self.snapshot = self.cluster.refresh(client)
        other = _respecified(before, self.snapshot)
        if other & self.cluster.facts.running:  # they are about to be started again
            facts = self.cluster.facts
            self.cluster.facts = msgspec.structs.replace(facts, running=facts.running - other)
            self.snapshot = self.cluster.refresh(client)
        try:
            self.lab.change(topology_of(self.snapshot, self._ranges, topology), self.snapshot, other)
        except NetworkError as error:
            _tell(f"error: {error}")
        if client != _client_addresses(self.lab.topology):
            _tell("the pod that you stood in is somewhere else now: open another shell with `clusterless lab shell`")

    def host_is_ready(self, host: Host) -> None:
        """What runs on a host has said that it is ready."""
        facts = self.cluster.facts
        if host.role is Role.NODE and host.name in facts.unreachable:
            self.cluster.facts = msgspec.structs.replace(facts, unreachable=facts.unreachable - {host.name})
        elif host.pod is not None and host.pod not in facts.running:
            self.cluster.facts = msgspec.structs.replace(facts, running=facts.running | {host.pod})
        else:
            return
        self._soon()

    def host_has_ended(self, host: Host) -> None:
        """What runs on a host has ended although nobody wanted that."""
        if host.pod is not None:
            facts = self.cluster.facts
            self.cluster.facts = msgspec.structs.replace(facts, running=facts.running - {host.pod})
            self._soon()

    def set_ready(self, pod: NamespacedName, *, ready: bool) -> None:
        """Let a pod's readiness probe fail or succeed; what runs in it goes on. Raises CannotError."""
        self._must_be_ours(pod)
        facts = self.cluster.facts
        held_back = facts.held_back - {pod} if ready else facts.held_back | {pod}
        self.cluster.facts = msgspec.structs.replace(facts, held_back=held_back)
        self.follow()

    def terminate(self, pod: NamespacedName, grace: float | None) -> float:
        """Stop a pod, which goes on serving for `grace` seconds, or as its spec says; returns how many.

        Raises CannotError.
        """
        self._must_be_ours(pod)
        if pod in self.cluster.facts.terminating:
            raise CannotError(f'pod "{pod.name}" is being terminated already')
        written = self.snapshot.pods[pod].spec.termination_grace_period_seconds
        seconds = grace if grace is not None else _GRACE_SECONDS if written is None else written
        facts = self.cluster.facts
        self.cluster.facts = msgspec.structs.replace(facts, terminating=facts.terminating | {pod})
        self._after(seconds, pod, lambda: self._is_over(pod))
        self.follow()
        return seconds

    async def delete(self, pod: NamespacedName) -> None:
        """Delete a pod at once, and wait until whoever replaces it is ready. Raises CannotError, LabError."""
        self._must_be_ours(pod)
        self._forget(pod)
        self.cluster.delete(self.snapshot.pods[pod])
        self.follow()
        await self.lab.settle()

    def power_off(self, node: str) -> None:
        """Let a node lose its power. When the grace period is over it counts as not ready. Raises CannotError."""
        if node in self.lab.powerless:
            raise CannotError(f'node "{node}" is down already')
        self.lab.power_off(node)
        self._after(self._node_grace, node, lambda: self._has_been_silent(node))

    async def power_on(self, node: str) -> None:
        """Give a node its power back, and wait until all runs that is to run there. Raises CannotError, LabError."""
        if node not in self.lab.powerless:
            raise CannotError(f'node "{node}" is not down')
        self._forget(node)
        self._lose_pods_of(node)
        self.follow()  # its pods are not ready until they say so
        self.lab.power_on(node)
        await self.lab.settle()

    def cut(self, one: Host, other: Host) -> None:
        """Let nothing pass between two hosts. Raises CannotError."""
        if one.network == other.network:
            raise CannotError(f"{one.name} and {other.name} are on one host, which has nothing to cut")
        self.lab.cut(self.lab.partitions | {Partition.between(one.name, other.name)})

    def heal(self, partition: Partition | None) -> None:
        """Let everything pass again between two hosts, or between all for `None`. Raises CannotError."""
        if partition is not None and partition not in self.lab.partitions:
            raise CannotError(f"there is no partition between {partition.one} and {partition.other}")
        self.lab.cut(frozenset() if partition is None else self.lab.partitions - {partition})

    def _must_be_ours(self, pod: NamespacedName) -> None:
        if pod == NamespacedName("default", CLIENT_POD) and pod not in self.snapshot.pods:
            raise CannotError("the pod that you stand in is none of the cluster's")
        if str(pod) not in self.cluster.observed_pods:
            raise CannotError(f'pod "{pod.name}" has its status from its manifest: change it there')

    def _is_over(self, pod: NamespacedName) -> None:
        """A pod's grace period is over."""
        self._timers.pop(pod, None)
        if pod in self.snapshot.pods:
            self.cluster.delete(self.snapshot.pods[pod])
            self.follow()

    def _has_been_silent(self, node: str) -> None:
        self._timers.pop(node, None)
        self._lose_pods_of(node)
        facts = self.cluster.facts
        self.cluster.facts = msgspec.structs.replace(facts, unreachable=facts.unreachable | {node})
        self.follow()

    def _lose_pods_of(self, node: str) -> None:
        lost = {key for key, pod in self.snapshot.pods.items() if pod.spec.node_name == node}
        facts = self.cluster.facts
        self.cluster.facts = msgspec.structs.replace(facts, running=facts.running - lost)

    def _soon(self) -> None:
        """Follow once for all that happens now."""
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self.follow)

    def _after(self, seconds: float, key: object, act: Callable[[], None]) -> None:
        self._timers[key] = asyncio.get_running_loop().call_later(seconds, act)

    def _forget(self, key: object) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()


def _client_addresses(topology: Topology) -> tuple[str, ...]:
    return next((host.addresses for host in topology.hosts if host.name == CLIENT_POD), ())


def _tell(line: str) -> None:
    """Whoever started the lab is to see it."""
    print(line, file=sys.stderr)  # noqa: T201


def _respecified(before: Snapshot, after: Snapshot) -> frozenset[NamespacedName]:
    """The pods that are to run something else under the same name."""
    common = before.pods.keys() & after.pods.keys()
    return frozenset(key for key in common if before.pods[key].spec != after.pods[key].spec)
