"""Pure: runs the workload, scheduling and endpoint slice controllers over a whole cluster, sparing what did not change.

What did not change is told by identity: accepted objects keep theirs from build to build, and what is made here is
remembered together with what it was made from.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple, TypeVar

from .clusterstate import FoundPod, StoredPod
from .endpointslices import MANAGED_BY, SLICE_CONTROLLER, PodIndex, slices_for
from .foundpods import FoundPods
from .handwrittenslices import HandWrittenSlices
from .mirroring import MIRRORING_CONTROLLER, mirrored_slices, should_mirror
from .objects import Endpoints, EndpointSlice, NamespacedName, Node, Pod, Service, Workload
from .options import ClusterOptions
from .ownership import WrittenPods
from .podstatus import with_status
from .scheduling import schedule
from .workloads import NOBODY, Departed, pods_of

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
        self._departed = NOBODY
        self._made: dict[int, tuple[Workload, tuple[Pod, ...]]] = {}
        self._placed: dict[NamespacedName, tuple[Pod, StoredPod | None, Pod]] = {}
        self._found: tuple[FoundPod, ...] = ()
        self._finder: FoundPods | None = None
        self._result = MadePods({}, {})

    def make(
        self,
        sources: Iterable[Pod | Workload],
        nodes: Mapping[str, Node],
        stored: Mapping[str, StoredPod],
        deleted: Sequence[str] = (),
        found: tuple[FoundPod, ...] = (),
    ) -> MadePods:
        """The result of last time, the same object, when nothing changed that Pods depend on.

        `deleted` are Pods, by `namespace/name`, that were deleted by hand: those written stay away. `found` are those
        that something outside runs.
        """
        gone = frozenset(deleted)
        sources = tuple(sources) if not gone else tuple(each for each in sources if str(each.key) not in gone)
        same_nodes = _same(nodes, self._nodes)
        departed = Departed(gone, frozenset(key for key, record in stored.items() if record.terminating))
        if departed != self._departed:
            self._made, self._departed = {}, departed
        elif same_nodes and self._is_as_before(sources, stored, found):
            return self._result
        if not same_nodes:
            # A DaemonSet follows its nodes, and a Pod's hostIP is its node's.
            self._made, self._placed, self._finder = {}, {}, None
        self._sources, self._nodes, self._found = sources, nodes, found
        wanted = self._in_order({pod.key: pod for pod in self._expand(sources, tuple(nodes.values()))})
        records = schedule(wanted.values(), nodes, stored, self._options)
        self._placed = {key: self._place(key, pod, records.get(key)) for key, pod in wanted.items()}
        pods = {key: entry[2] for key, entry in self._placed.items()}
        pods_as_before = self._result.pods if _same(pods, self._result.pods) else pods
        self._result = MadePods(pods_as_before, {str(key): record for key, record in sorted(records.items())})
        return self._result

    def _in_order(self, pods: Mapping[NamespacedName, Pod]) -> dict[NamespacedName, Pod]:
        """Sorted. Those of last time come in their order then, which leaves the sort little to do."""
        known = [key for key in self._placed if key in pods]
        known += pods.keys() - self._placed.keys()
        known.sort()
        return {key: pods[key] for key in known}

    def _is_as_before(
        self, sources: Sequence[Pod | Workload], stored: Mapping[str, StoredPod], found: Sequence[FoundPod]
    ) -> bool:
        return stored == self._result.stored and found == self._found and _same_items(sources, self._sources)

    def _expand(self, sources: Sequence[Pod | Workload], nodes: tuple[Node, ...]) -> Iterable[Pod]:
        """The written Pods, those that workloads would add to them, and those that were found besides."""
        pods = [source for source in sources if isinstance(source, Pod)]
        workloads = [source for source in sources if isinstance(source, Workload)]
        written = WrittenPods(pods, workloads)
        self._made = {
            id(workload): self._made.get(id(workload)) or (workload, pods_of(workload, nodes, self._departed))
            for workload in workloads
            if not written.is_controlled(workload)
        }
        missing = [(workload, written.missing(workload, made)) for workload, made in self._made.values()]
        return self._find(pods, missing) if self._found else chain(pods, *(made for _, made in missing))

    def _find(self, pods: Sequence[Pod], missing: Sequence[tuple[Workload, Sequence[Pod]]]) -> Iterable[Pod]:
        """All Pods, those that were found with their status. Names count before labels, among all of them."""
        finder = self._finder = FoundPods(self._found, self._nodes, self._finder)
        written = finder.by_name(pods)
        named = [(workload, finder.by_name(made)) for workload, made in missing]
        return chain(written, *(finder.by_label(*each) for each in named), finder.others())

    def _place(self, key: NamespacedName, pod: Pod, record: StoredPod | None) -> tuple[Pod, StoredPod | None, Pod]:
        before = self._placed.get(key)
        if before is not None and before[0] is pod and before[1] == record:
            return before
        node = self._nodes.get(record.node) if record else None
        return (pod, record, with_status(pod, record, node))


class _Derived(NamedTuple):
    """The slices of a Service with a selector, and what they were made from."""

    service: Service
    pods: tuple[Pod, ...]
    slices: tuple[EndpointSlice, ...]


class _Mirrored(NamedTuple):
    """The slices of Endpoints, and what they were made from."""

    service: Service
    endpoints: Endpoints
    slices: tuple[EndpointSlice, ...]


class SliceMaker:
    """The EndpointSlices of every Service: hand-written, mirrored from Endpoints, and derived from selectors."""

    def __init__(self) -> None:
        self._pods: Mapping[NamespacedName, Pod] = {}
        self._nodes: Mapping[str, Node] = {}
        self._index = PodIndex(())
        self._pods_changed = False
        self._hand_written = HandWrittenSlices()
        self._derived: dict[NamespacedName, _Derived] = {}
        self._mirrored: dict[NamespacedName, _Mirrored] = {}
        self._made: dict[NamespacedName, tuple[EndpointSlice, ...]] = {}

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
        written = self._hand_written.group(hand_written)
        mirrorable = {item.key: item for item in endpoints}
        derived: dict[NamespacedName, _Derived] = {}
        mirrored: dict[NamespacedName, _Mirrored] = {}
        made: dict[NamespacedName, tuple[EndpointSlice, ...]] = {}
        for key, service in services.items():
            if service.spec.selector:
                own = written.get(key, ())
                if not own or not _managed_by(own, SLICE_CONTROLLER):
                    derived[key] = self._derive(key, service)
                    made[key] = self._union(key, own, derived[key].slices)
                    continue
            if key in mirrorable:
                own = written.get(key, ())
                if not _managed_by(own, MIRRORING_CONTROLLER):
                    mirrored[key] = self._mirror(key, service, mirrorable[key])
                    made[key] = self._union(key, own, mirrored[key].slices)
        self._derived, self._mirrored, self._made = derived, mirrored, made
        return {**written, **made}

    @property
    def loose(self) -> tuple[EndpointSlice, ...]:
        """The hand-written slices of last time that name no Service, sorted."""
        return self._hand_written.loose

    def _follow(self, pods: Mapping[NamespacedName, Pod], nodes: Mapping[str, Node]) -> None:
        self._pods_changed = pods is not self._pods
        if self._pods_changed:
            self._index = PodIndex(tuple(pods.values()))
            self._pods = pods
        if not _same(nodes, self._nodes):
            self._derived = {}  # zones and node names may differ
        self._nodes = nodes

    def _derive(self, key: NamespacedName, service: Service) -> _Derived:
        before = self._derived.get(key)
        if before is not None and before.service is service and not self._pods_changed:
            return before
        matching = self._index.matching(service.metadata.namespace, service.spec.selector)
        if before is not None and before.service is service and _same_items(before.pods, matching):
            return before
        return _Derived(service, matching, slices_for(service, matching, self._nodes))

    def _mirror(self, key: NamespacedName, service: Service, endpoints: Endpoints) -> _Mirrored:
        before = self._mirrored.get(key)
        if before is not None and before.service is service and before.endpoints is endpoints:
            return before
        slices = mirrored_slices(endpoints, service) if should_mirror(endpoints, service) else ()
        return _Mirrored(service, endpoints, slices)

    def _union(
        self, key: NamespacedName, own: tuple[EndpointSlice, ...], made: tuple[EndpointSlice, ...]
    ) -> tuple[EndpointSlice, ...]:
        """Sorted by name; the tuple of last time where it holds the same, so that its identity tells that."""
        if not own:
            return made
        ordered = tuple(sorted((*own, *made), key=_name))
        before = self._made.get(key)
        return before if before is not None and _same_items(before, ordered) else ordered


def _name(piece: EndpointSlice) -> str:
    return piece.metadata.name


def _managed_by(slices: Iterable[EndpointSlice], controller: str) -> bool:
    return any(piece.metadata.labels.get(MANAGED_BY) == controller for piece in slices)


def _same(one: Mapping[_Key, object], other: Mapping[_Key, object]) -> bool:
    return len(one) == len(other) and all(other.get(key) is value for key, value in one.items())


def _same_items(one: Sequence[object], other: Sequence[object]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
