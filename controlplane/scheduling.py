"""Pure: gives every pod a node and addresses, and leaves both to it for as long as they are good.

Not kube-scheduler's scores: a pod goes where the fewest are. What keeps a pod off a node is the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heapreplace
from operator import itemgetter

import msgspec

from .clusterstate import StoredPod
from .generatednames import stable_hash
from .netaddr import Address, sloppy_address
from .nodeaddresses import host_ips
from .nodefit import fits
from .objects import NamespacedName, Node, Pod
from .options import ClusterOptions
from .podaddresspool import PodAddressPool
from .podranges import pod_prefixes
from .podstatus import is_finished, pod_addresses


def schedule(
    pods: Iterable[Pod], nodes: Mapping[str, Node], stored: Mapping[str, StoredPod], options: ClusterOptions
) -> dict[NamespacedName, StoredPod]:
    """Where each pod is and which addresses it has, sorted; pods that nothing runs have them in reserve.

    `stored` is what was decided before, by `namespace/name`. A pod with `status.podIP` has its place already and is
    not among the results; nor is one that fits no node, which stays Pending. With nothing stored the outcome is a
    function of the sorted pods and nodes, the same for every agent.
    """
    return Placement(nodes, options).all_of(pods, stored)


class Placement:
    """Where all pods are. First `all_of` says so, then `amend` at the cost of what changes."""

    def __init__(self, nodes: Mapping[str, Node], options: ClusterOptions) -> None:
        self._scheduler = _Scheduler(nodes, options)
        self.is_final = True  # whether looking again, at what has been decided, would decide nothing else
        self._has_placed_all = True

    def all_of(self, pods: Iterable[Pod], stored: Mapping[str, StoredPod]) -> dict[NamespacedName, StoredPod]:
        """As `schedule`."""
        waiting = [(pod.key, pod) for pod in pods if not is_finished(pod) and not self._scheduler.reserve(pod)]
        waiting.sort(key=itemgetter(0))
        records = [stored.get(f"{key[0]}/{key[1]}") for key, _ in waiting]
        placed = self._placed(waiting, records)
        self.is_final = all(record.node for record in records if record)  # what others had is free the next time
        self._has_placed_all = len(placed) == len(waiting)
        return placed

    def amend(
        self, gone: Iterable[tuple[Pod, StoredPod | None]], come: Iterable[tuple[Pod, StoredPod | None]]
    ) -> dict[NamespacedName, StoredPod] | None:
        """The records of pods that come when others go, each with the record that it had up to now.

        `None` if looking at all pods might find more: then this is of no more use.
        """
        gone, come = tuple(gone), tuple(come)
        if not (self.is_final and self._has_placed_all) or any(
            is_finished(pod) or pod_addresses(pod) for pod, _ in (*gone, *come)
        ):
            return None
        for pod, record in gone:
            if record is not None:
                self._scheduler.release(pod, record)
        ordered = sorted(((pod.key, pod, record) for pod, record in come), key=itemgetter(0))
        placed = self._placed([(key, pod) for key, pod, _ in ordered], [record for _, _, record in ordered])
        self._has_placed_all = len(placed) == len(ordered)
        return placed

    def _placed(
        self, waiting: Sequence[tuple[NamespacedName, Pod]], records: Iterable[StoredPod | None]
    ) -> dict[NamespacedName, StoredPod]:
        """Sorted, as `waiting` is: first those that may stay where they were, then the others."""
        scheduler = self._scheduler
        placed: dict[NamespacedName, StoredPod] = {}
        rest: list[tuple[NamespacedName, Pod]] = []
        for (key, pod), record in zip(waiting, records, strict=True):
            kept = scheduler.keep(pod, record)
            if kept is None:
                rest.append((key, pod))
            else:
                placed[key] = kept
        for key, pod in rest:
            if (record := scheduler.place(pod)) is not None:
                placed[key] = record
        return dict(sorted(placed.items(), key=itemgetter(0))) if rest else placed


class _Scheduler:
    """The nodes while they fill up."""

    def __init__(self, nodes: Mapping[str, Node], options: ClusterOptions) -> None:
        self._nodes = nodes
        self._running = options.schedule_pods
        self._pool = PodAddressPool(pod_prefixes(nodes, options))
        self._load: Counter[str] = Counter()
        self._queues: dict[object, list[tuple[int, str]]] = {}

    def reserve(self, pod: Pod) -> bool:
        """Take note of a pod that has its address from its manifest; false if it has none."""
        addresses = pod_addresses(pod)
        if not addresses:
            return False
        self._pool.reserve(addresses)
        self._load[pod.spec.node_name] += 1
        return True

    def keep(self, pod: Pod, record: StoredPod | None) -> StoredPod | None:
        """The record, if the pod may stay where it was with the addresses that it had."""
        if record is not None and not record.node:
            self._pool.reserve(_addresses(record))  # it comes back on others
        if record is None or record.node not in self._nodes or pod.spec.node_name not in ("", record.node):
            return None
        if pod.spec.host_network:
            record = msgspec.structs.replace(record, ips=host_ips(self._nodes[record.node]))
        elif not self._pool.take(record.node, _addresses(record)):
            return None
        self._load[record.node] += 1
        return record

    def release(self, pod: Pod, record: StoredPod) -> None:
        """The pod, which had this record, is gone."""
        self._load[record.node] -= 1
        self._queues.clear()  # they rely on counts that only grow
        if not pod.spec.host_network:
            self._pool.release(_addresses(record))

    def place(self, pod: Pod) -> StoredPod | None:
        """A node and addresses for a pod; `None` if no node takes it."""
        name = pod.spec.node_name
        if name:  # past the scheduler: there or nowhere, whatever the node's taints
            return self._place_on(name, pod) if name in self._nodes else None
        queue = self._queue(pod)
        while queue:
            load, name = queue[0]
            if load != self._load[name]:
                heapreplace(queue, (self._load[name], name))
            elif (record := self._place_on(name, pod)) is not None:
                return record
            else:
                heappop(queue)
        return None

    def _queue(self, pod: Pod) -> list[tuple[int, str]]:
        """The nodes that let such a pod in, the emptiest first; the counts may be old, and only grow."""
        spec = pod.spec
        demands = (frozenset(spec.node_selector.items()), spec.tolerations, spec.host_network)
        queue = self._queues.get(demands)
        if queue is None:
            queue = [(self._load[name], name) for name, node in self._nodes.items() if fits(spec, node)]
            heapify(queue)
            self._queues[demands] = queue
        return queue

    def _place_on(self, node: str, pod: Pod) -> StoredPod | None:
        """`None` if the node has no address left to give."""
        if pod.spec.host_network:
            ips = host_ips(self._nodes[node])
        else:
            ips = tuple(map(str, self._pool.give(node, stable_hash(pod.metadata.namespace, pod.metadata.name))))
            if not ips:
                return None
        self._load[node] += 1
        return StoredPod(node=node, ips=ips, running=self._running)


def _addresses(record: StoredPod) -> list[Address]:
    return [address for ip in record.ips if (address := sloppy_address(ip)) is not None]
