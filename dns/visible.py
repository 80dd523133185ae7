"""Pure: what of a Snapshot the options let DNS see."""

from functools import cached_property

from controlplane.labels import matches
from controlplane.objects import NamespacedName, Service
from controlplane.snapshot import Snapshot

from .endpoints import EndpointGroup, groups_of
from .podnames import PodIndex
from .recordoptions import RecordOptions
from .reverseindex import ReverseIndex


class VisibleCluster:
    """A Snapshot behind RecordOptions. Nothing is computed before it is asked for, and then only once."""

    def __init__(self, snapshot: Snapshot, options: RecordOptions, earlier: "VisibleCluster | None" = None) -> None:
        self.snapshot = snapshot
        self.options = options
        self._groups: dict[NamespacedName, tuple[EndpointGroup, ...]] = {}
        self._reverse: ReverseIndex | None = None
        self._earlier_reverse = earlier.newest_reverse if earlier else None

    def exposes(self, namespace: str) -> bool:
        """Whether the namespace exists and the options show it."""
        if self.options.namespaces and namespace not in self.options.namespaces:
            return False
        found = self.snapshot.namespaces.get(namespace)
        if found is None:
            return False
        return self.options.namespace_labels is None or matches(self.options.namespace_labels, found.metadata.labels)

    def service(self, key: NamespacedName) -> Service | None:
        """The Service, if the option `labels` shows it."""
        found = self.snapshot.services.get(key)
        if found is None or self.options.labels is None or matches(self.options.labels, found.metadata.labels):
            return found
        return None

    def groups(self, key: NamespacedName) -> tuple[EndpointGroup, ...]:
        """The ready endpoints of a Service, by slice."""
        groups = self._groups.get(key)
        if groups is None:
            slices = self.snapshot.slices_of(key) if self.options.endpoints else ()
            groups = self._groups[key] = groups_of(slices, pod_names=self.options.endpoint_pod_names)
        return groups

    def has_endpoints(self, key: NamespacedName) -> bool:
        """Whether a Service has any ready endpoint."""
        return any(group.endpoints for group in self.groups(key))

    @cached_property
    def pods(self) -> PodIndex:
        """The pods' addresses, for `pods verified`."""
        return PodIndex.of(self.snapshot.pods.values())

    @property
    def reverse(self) -> ReverseIndex:
        """Which Services an address belongs to, shown or not."""
        if self._reverse is None:
            self._reverse = ReverseIndex.of(self.snapshot, self._earlier_reverse)
            self._earlier_reverse = None
        return self._reverse

    @property
    def newest_reverse(self) -> ReverseIndex | None:
        """The index of this or an earlier snapshot, whichever was made last."""
        return self._reverse or self._earlier_reverse
