"""Pure: runs the workload, scheduling and endpoint slice controllers over a whole cluster, sparing what did not change.

What did not change is told by identity: accepted objects keep theirs from build to build, and what is made here is
remembered together with what it was made from.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from .clusterstate import StoredPod
from .endpointslices import MANAGED_BY, SLICE_CONTROLLER, PodIndex, slices_for
from .mirroring import MIRRORING_CONTROLLER, mirrored_slices, should_mirror
from .objects import Endpoints, EndpointSlice, NamespacedName, Node, Pod, Service, Workload
from .options import ClusterOptions
from .ownership import WrittenPods
from .podstatus import with_status
from .scheduling import schedule
from .workloads import pods_of

_Key = TypeVar("_Key")


class MadePods(NamedTuple):
    """All Pods with their status, sorted, and what has been decided of each that needed a decision."""

    pods: Mapping[NamespacedName, Pod]
    stored: Mapping[str, StoredPod]


class PodMaker:
    """The Pods of the cluster: those written, and those that workloads make, placed and with their status."""

    def __init__(self, options: ClusterOptions) -> None:
        self._options = options
        self._sources: tuple[Pod | Workload, ...] = ()
        self._nodes: Mapping[str, Node] = {}
        self._made: dict[int, tuple[Workload, tuple[Pod, ...]]] = {}
        self._placed: dict[NamespacedName, tuple[Pod, StoredPod | None, Pod]] = {}
        self._result = MadePods({}, {})

    def make(
        self, sources: Iterable[Pod | Workload], nodes: Mapping[str, Node], stored: Mapping[str, StoredPod]
    ) -> MadePods:
        """The result of last time, the same object, when nothing changed that Pods depend on."""
        sources = tuple(sources)
        same_nodes = _same(nodes, self._nodes)
        if same_nodes and stored == self._result.stored and _same_items(sources, self._sources):
            return self._result
        if not same_nodes:
            self._made, self._placed = {}, {}  # a DaemonSet follows its nodes, and a Pod's hostIP is its node's
        self._sources, self._nodes = sources, nodes
        wanted = {pod.key: pod for pod in self._expand(sources, tuple(nodes.values()))}
        records = schedule(wanted.values(), nodes, stored, self._options)
        self._placed = {key: self._place(key, pod, records.get(key)) for key, pod in sorted(wanted.items())}
        pods = {key: entry[2] for key, entry in self._placed.items()}
        pods_as_before = self._result.pods if _same(pods, self._result.pods) else pods
        self._result = MadePods(pods_as_before, {str(key): record for key, record in sorted(records.items())})
        return self._result

    def _expand(self, sources: Sequence[Pod | Workload], nodes: tuple[Node, ...]) -> Iterable[Pod]:
        """The written Pods, and those that workloads would add to them."""
        pods = [source for source in sources if isinstance(source, Pod)]
        workloads = [source for source in sources if isinstance(source, Workload)]
        written = WrittenPods(pods, workloads)
        yield from pods
        self._made = {
            id(workload): self._made.get(id(workload)) or (workload, pods_of(workload, nodes))
            for workload in workloads
            if not written.is_controlled(workload)
        }
        for workload, made in self._made.values():
            yield from written.missing(workload, made)

    def _place(self, key: NamespacedName, pod: Pod, record: StoredPod | None) -> tuple[Pod, StoredPod | None, Pod]:
        before = self._placed.get(key)
        if before is not None and before[0] is pod and before[1] == record:
            return before
        node = self._nodes.get(record.node) if record else None
        return (pod, record, with_status(pod, record, node))


class SliceMaker:
    """The EndpointSlices of every Service: hand-written, mirrored from Endpoints, and derived from selectors."""

    def __init__(self) -> None:
        self._pods: Mapping[NamespacedName, Pod] = {}
        self._nodes: Mapping[str, Node] = {}
        self._index = PodIndex(())
        self._derived: dict[NamespacedName, tuple[Service, tuple[Pod, ...], tuple[EndpointSlice, ...]]] = {}
        self._mirrored: dict[NamespacedName, tuple[Service, Endpoints, tuple[EndpointSlice, ...]]] = {}
        self._unions: dict[NamespacedName, tuple[EndpointSlice, ...]] = {}

    def make(
        self,
        services: Mapping[NamespacedName, Service],
        pods: Mapping[NamespacedName, Pod],
        nodes: Mapping[str, Node],
        hand_written: Sequence[EndpointSlice],
        endpoints: Sequence[Endpoints],
    ) -> dict[NamespacedName, tuple[EndpointSlice, ...]]:
        """The slices by Service, each Service's sorted by name."""
        self._follow(pods, nodes)
        written = _by_service(hand_written)
        mirrorable = {item.key: item for item in endpoints}
        derived: dict[NamespacedName, tuple[Service, tuple[Pod, ...], tuple[EndpointSlice, ...]]] = {}
        result = dict(written)
        for key, service in services.items():
            own = written.get(key, ())
            if service.spec.selector and not _managed_by(own, SLICE_CONTROLLER):
                derived[key] = self._derive(key, service)
                result[key] = self._union(key, (*own, *derived[key][2]))
            elif key in mirrorable and not _managed_by(own, MIRRORING_CONTROLLER):
                result[key] = self._union(key, (*own, *self._mirror(key, service, mirrorable[key])))
        self._derived = derived
        return result

    def _follow(self, pods: Mapping[NamespacedName, Pod], nodes: Mapping[str, Node]) -> None:
        if pods is not self._pods:
            self._index = PodIndex(tuple(pods.values()))
            self._pods = pods
        if not _same(nodes, self._nodes):
            self._derived = {}  # zones and node names may differ
        self._nodes = nodes

    def _derive(
        self, key: NamespacedName, service: Service
    ) -> tuple[Service, tuple[Pod, ...], tuple[EndpointSlice, ...]]:
        matching = self._index.matching(service.metadata.namespace, service.spec.selector)
        before = self._derived.get(key)
        if before is not None and before[0] is service and _same_items(before[1], matching):
            return before
        return (service, matching, slices_for(service, matching, self._nodes))

    def _mirror(self, key: NamespacedName, service: Service, endpoints: Endpoints) -> tuple[EndpointSlice, ...]:
        before = self._mirrored.get(key)
        if before is not None and before[0] is service and before[1] is endpoints:
            return before[2]
        slices = mirrored_slices(endpoints, service) if should_mirror(endpoints, service) else ()
        self._mirrored[key] = (service, endpoints, slices)
        return slices

    def _union(self, key: NamespacedName, slices: tuple[EndpointSlice, ...]) -> tuple[EndpointSlice, ...]:
        """Sorted by name; the tuple of last time where it holds the same, so that its identity tells that."""
        ordered = tuple(sorted(slices, key=lambda piece: piece.metadata.name))
        before = self._unions.get(key)
        if before is None or not _same_items(before, ordered):
            self._unions[key] = ordered
        return self._unions[key]


def _by_service(slices: Iterable[EndpointSlice]) -> dict[NamespacedName, tuple[EndpointSlice, ...]]:
    groups: dict[NamespacedName, list[EndpointSlice]] = {}
    for piece in slices:
        if (key := piece.service_key) is not None:
            groups.setdefault(key, []).append(piece)
    return {key: tuple(sorted(group, key=lambda piece: piece.metadata.name)) for key, group in groups.items()}


def _managed_by(slices: Iterable[EndpointSlice], controller: str) -> bool:
    return any(piece.metadata.labels.get(MANAGED_BY) == controller for piece in slices)


def _same(one: Mapping[_Key, object], other: Mapping[_Key, object]) -> bool:
    return len(one) == len(other) and all(other.get(key) is value for key, value in one.items())


def _same_items(one: Sequence[object], other: Sequence[object]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
