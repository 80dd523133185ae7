"""Pure: gives every pod a node and addresses, and leaves both to it for as long as they are good.

Not kube-scheduler's scores: a pod goes where the fewest are. What keeps a pod off a node is the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from .clusterstate import StoredPod
from .generatednames import stable_hash
from .netaddr import IPV4, Address, Prefix, sloppy_address
from .nodeaddresses import host_ips
from .nodefit import fits
from .objects import NamespacedName, Node, Pod
from .options import ClusterOptions
from .podranges import pod_prefixes
from .podstatus import is_finished, pod_addresses

_RESERVED = 2  # the network's own address, and the gateway
_LARGEST_SPAN = 1 << 16  # of an IPv6 range only the lowest are used, so that addresses stay short


def schedule(
    pods: Iterable[Pod], nodes: Mapping[str, Node], stored: Mapping[str, StoredPod], options: ClusterOptions
) -> dict[NamespacedName, StoredPod]:
    """Where each pod is and which addresses it has, sorted; pods that nothing runs have them in reserve.

    `stored` is what was decided before, by `namespace/name`. A pod with `status.podIP` has its place already and is
    not among the results; nor is one that fits no node, which stays Pending. With nothing stored the outcome is a
    function of the sorted pods and nodes, the same for every agent.
    """
    waiting = sorted((pod for pod in pods if not is_finished(pod)), key=lambda pod: pod.key)
    scheduler = _Scheduler(nodes, options)
    waiting = [pod for pod in waiting if not scheduler.reserve(pod)]
    placed: dict[NamespacedName, StoredPod] = {}
    rest: list[Pod] = []
    for pod in waiting:
        kept = scheduler.keep(pod, stored.get(f"{pod.metadata.namespace}/{pod.metadata.name}"))
        if kept is None:
            rest.append(pod)
        else:
            placed[pod.key] = kept
    for pod in rest:
        if (record := scheduler.place(pod)) is not None:
            placed[pod.key] = record
    return dict(sorted(placed.items())) if rest else placed


class _Span(NamedTuple):
    """The addresses of a pod range that pods may have, both ends included, as numbers."""

    family: str
    first: int
    last: int


class _Scheduler:
    """The nodes while they fill up."""

    def __init__(self, nodes: Mapping[str, Node], options: ClusterOptions) -> None:
        self._nodes = nodes
        self._options = options
        self._spans = {name: list(map(_span, ranges)) for name, ranges in pod_prefixes(nodes, options).items()}
        self._load: Counter[str] = Counter()
        self._taken: set[Address] = set()
        self._full: set[str] = set()
        self._fitting: dict[object, list[str]] = {}

    def reserve(self, pod: Pod) -> bool:
        """Take note of a pod that has its address from its manifest; false if it has none."""
        addresses = pod_addresses(pod)
        self._taken.update(addresses)
        if addresses:
            self._load[pod.spec.node_name] += 1
        return bool(addresses)

    def keep(self, pod: Pod, record: StoredPod | None) -> StoredPod | None:
        """The record, if the pod may stay where it was with the addresses that it had."""
        if record is None or record.node not in self._nodes or pod.spec.node_name not in ("", record.node):
            return None
        if pod.spec.host_network:
            self._load[record.node] += 1
            return msgspec.structs.replace(record, ips=self._host_ips(record.node))
        addresses = [address for ip in record.ips if (address := sloppy_address(ip)) is not None]
        if not addresses or not all(self._is_free(address, record.node) for address in addresses):
            return None
        self._load[record.node] += 1
        self._taken.update(addresses)
        return record

    def place(self, pod: Pod) -> StoredPod | None:
        """A node and addresses for a pod; `None` if no node takes it."""
        candidates = [name for name in self._candidates(pod) if pod.spec.host_network or name not in self._full]
        while candidates:
            name = min(candidates, key=lambda name: (self._load[name], name))
            ips = self._addresses(pod, name)
            if ips is not None:
                self._load[name] += 1
                return StoredPod(node=name, ips=ips, running=self._options.schedule_pods)
            self._full.add(name)
            candidates.remove(name)
        return None

    def _candidates(self, pod: Pod) -> Sequence[str]:
        """A pod that names its node is past the scheduler: only that node, whatever its taints."""
        spec = pod.spec
        if spec.node_name:
            return [spec.node_name] if spec.node_name in self._nodes else []
        demands = (frozenset(spec.node_selector.items()), spec.tolerations)
        fitting = self._fitting.get(demands)
        if fitting is None:
            fitting = self._fitting[demands] = [name for name, node in self._nodes.items() if fits(spec, node)]
        return fitting

    def _addresses(self, pod: Pod, node: str) -> tuple[str, ...] | None:
        """One free address of each of the node's ranges; `None` if it has no range, or one is full."""
        if pod.spec.host_network:
            return self._host_ips(node)
        seed = stable_hash(pod.metadata.namespace, pod.metadata.name)
        spans = self._spans[node]
        free = [address for span in spans if (address := self._first_free(span, seed)) is not None]
        if not spans or len(free) != len(spans):
            return None
        self._taken.update(free)
        return tuple(str(address) for address in free)

    def _first_free(self, span: _Span, seed: int) -> Address | None:
        size = span.last - span.first + 1
        for step in range(size):
            address = Address(span.family, span.first + (seed + step) % size)
            if address not in self._taken:
                return address
        return None

    def _is_free(self, address: Address, node: str) -> bool:
        in_range = any(s.family == address.family and s.first <= address.value <= s.last for s in self._spans[node])
        return in_range and address not in self._taken

    def _host_ips(self, node: str) -> tuple[str, ...]:
        return host_ips(self._nodes[node])


def _span(prefix: Prefix) -> _Span:
    first, last = prefix.network + _RESERVED, prefix.network + prefix.size - 1
    if prefix.family == IPV4:
        return _Span(IPV4, first, last - 1)  # without the broadcast address
    return _Span(prefix.family, first, min(last, first + _LARGEST_SPAN - 1))
