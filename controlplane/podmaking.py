"""Pure: runs the workload controllers and the scheduler over a whole cluster, sparing what did not change.

What did not change is told by identity: accepted objects keep theirs from build to build, and what is made here is
remembered together with what it was made from.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from .clusterstate import FoundPod, StoredPod
from .differences import same, same_items
from .foundpods import FoundPods
from .objects import NamespacedName, Node, Pod, Workload
from .options import ClusterOptions
from .ownership import WrittenPods
from .podstatus import with_status
from .scheduling import Placement
from .sortedmapping import patched
from .workloads import NOBODY, Departed, pods_of

_Source = Pod | Workload


class MadePods(NamedTuple):
    """All Pods with their status, sorted, and what has been decided of each that needed a decision."""

    pods: Mapping[NamespacedName, Pod]
    stored: Mapping[str, StoredPod]


class _Expanded(NamedTuple):
    """A workload with all Pods that it would make, and those of them that nobody wrote."""

    workload: Workload
    made: tuple[Pod, ...]
    missing: tuple[Pod, ...]


class _Placed(NamedTuple):
    """A Pod with its status, and what that was made from."""

    wanted: Pod
    record: StoredPod | None
    pod: Pod


class PodMaker:
    """The Pods of the cluster: those written, and those that workloads make, placed and with their status.

    Where nothing but workloads changed, and none of that concerns other Pods, only their Pods are looked at.
    """

    def __init__(self, options: ClusterOptions) -> None:
        self._options = options
        self._sources: Sequence[_Source] = ()
        self._nodes: Mapping[str, Node] = {}
        self._departed = NOBODY
        self._written = WrittenPods((), ())
        self._expanded: dict[int, _Expanded] = {}  # by the workload's id
        self._placed: dict[NamespacedName, _Placed] = {}
        self._placement = Placement({}, options)
        self._may_amend = False
        self._found: tuple[FoundPod, ...] = ()
        self._finder: FoundPods | None = None
        self._result = MadePods({}, {})

    def make(
        self,
        sources: Iterable[_Source],
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
        departed = Departed(gone, frozenset(key for key, record in stored.items() if record.terminating))
        same_nodes = same(nodes, self._nodes)
        if departed == self._departed and same_nodes and found == self._found and self._is_own(stored):
            if same_items(sources, self._sources) and self._placement.is_final:
                return self._result
            if self._may_amend and (amended := self._amend(sources)) is not None:
                return amended
        if departed != self._departed or not same_nodes:
            self._expanded = {}  # a DaemonSet follows its nodes
        if not same_nodes:
            self._placed, self._finder = {}, None  # a Pod's hostIP is its node's
        self._nodes, self._departed, self._found = nodes, departed, found
        return self._make_all(sources, stored)

    def _is_own(self, stored: Mapping[str, StoredPod]) -> bool:
        return stored is self._result.stored or stored == self._result.stored

    def _make_all(self, sources: Sequence[_Source], stored: Mapping[str, StoredPod]) -> MadePods:
        self._sources = sources
        expanded = list(self._expand(sources))
        wanted = self._in_order({pod.key: pod for pod in expanded})
        self._placement = Placement(self._nodes, self._options)
        self._may_amend = len(wanted) == len(expanded) and not self._found
        records = self._placement.all_of(wanted.values(), stored)
        self._placed = {key: self._place(key, pod, records.get(key)) for key, pod in wanted.items()}
        pods = {key: entry.pod for key, entry in self._placed.items()}
        pods_as_before = self._result.pods if same(pods, self._result.pods) else pods
        by_name = sorted((str(key), record) for key, record in records.items())
        self._result = MadePods(pods_as_before, dict(by_name))
        return self._result

    def _in_order(self, pods: Mapping[NamespacedName, Pod]) -> dict[NamespacedName, Pod]:
        """Sorted. Those of last time come in their order then, which leaves the sort little to do."""
        known = [key for key in self._placed if key in pods]
        known += pods.keys() - self._placed.keys()
        known.sort()
        return {key: pods[key] for key in known}

    def _expand(self, sources: Sequence[_Source]) -> Iterable[Pod]:
        """The written Pods, those that workloads would add to them, and those that were found besides."""
        pods = [source for source in sources if isinstance(source, Pod)]
        workloads = [source for source in sources if isinstance(source, Workload)]
        written = self._written = WrittenPods(pods, workloads)
        self._expanded = {id(each): self._expand_one(each) for each in workloads if not written.is_controlled(each)}
        if self._found:
            return self._find(pods)
        return chain(pods, *(each.missing for each in self._expanded.values()))

    def _expand_one(self, workload: Workload) -> _Expanded:
        known = self._expanded.get(id(workload))
        made = known.made if known else pods_of(workload, tuple(self._nodes.values()), self._departed)
        return _Expanded(workload, made, self._written.missing(workload, made))

    def _find(self, pods: Sequence[Pod]) -> Iterable[Pod]:
        """All Pods, those that were found with their status. Names count before labels, among all of them."""
        finder = self._finder = FoundPods(self._found, self._nodes, self._finder)
        written = finder.by_name(pods)
        named = [(each.workload, finder.by_name(each.missing)) for each in self._expanded.values()]
        return chain(written, *(finder.by_label(*each) for each in named), finder.others())

    def _place(self, key: NamespacedName, pod: Pod, record: StoredPod | None) -> _Placed:
        before = self._placed.get(key)
        if before is not None and (before.wanted is pod or before.wanted == pod) and before.record == record:
            return before
        node = self._nodes.get(record.node) if record else None
        return _Placed(pod, record, with_status(pod, record, node))

    def _amend(self, sources: Sequence[_Source]) -> MadePods | None:
        """What was made last time with what changed; None if all has to be looked at."""
        before, now = _by_id(self._sources), _by_id(sources)
        gone = [before[each] for each in before.keys() - now.keys()]
        come = [now[each] for each in now.keys() - before.keys()]
        old = [each for each in gone if isinstance(each, Workload)]
        new = [each for each in come if isinstance(each, Workload)]
        if len(old) + len(new) < len(gone) + len(come) or self._written.concerns_others((*old, *new)):
            return None
        self._sources = sources
        were = {pod.key: pod for each in old for pod in self._expanded.pop(id(each)).missing}
        for each in new:
            self._expanded[id(each)] = self._expand_one(each)
        added = [pod for each in new for pod in self._expanded[id(each)].missing]
        are = {pod.key: pod for pod in added}
        if len(are) < len(added) or any(key in self._placed and key not in were for key in are):
            return None  # two of one name
        return self._replace(were, are)

    def _replace(self, were: Mapping[NamespacedName, Pod], are: Mapping[NamespacedName, Pod]) -> MadePods | None:
        """These Pods go, and those come; what comes as it went stays."""
        known = {key: self._placed[key] for key in were}
        gone = [key for key, pod in were.items() if are.get(key) != pod]
        come = {key: pod for key, pod in are.items() if were.get(key) != pod}
        records = self._placement.amend(
            [(known[key].wanted, known[key].record) for key in gone],
            [(pod, known[key].record if key in known else None) for key, pod in come.items()],
        )
        if records is None:
            return None
        for key in gone:
            del self._placed[key]
        self._placed.update({key: self._place(key, pod, records.get(key)) for key, pod in come.items()})
        pods = patched(self._result.pods, gone, {key: self._placed[key].pod for key in come})
        made = {str(key): record for key, record in records.items()}
        self._result = MadePods(pods, patched(self._result.stored, map(str, gone), made))
        return self._result


def _by_id(sources: Sequence[_Source]) -> dict[int, _Source]:
    return dict(zip(map(id, sources), sources, strict=True))
