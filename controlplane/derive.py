"""Pure: runs the endpoint slice controllers over a whole cluster, sparing what did not change.

What did not change is told by identity: accepted objects keep theirs from build to build, and what is made here is
remembered together with what it was made from.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .differences import differing, same, same_items
from .endpointslices import MANAGED_BY, SLICE_CONTROLLER, PodIndex, slices_for
from .handwrittenslices import HandWrittenSlices
from .mirroring import MIRRORING_CONTROLLER, mirrored_slices, should_mirror
from .objects import Endpoints, EndpointSlice, NamespacedName, Node, Pod, Service
from .podindex import Question, question_of


class _Derived(NamedTuple):
    """The slices of a Service with a selector, and what they were made from."""

    service: Service
    question: Question
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
        self._reopened: set[Question] = set()  # whose answers may be others than last time
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
        before, self._pods = self._pods, pods
        changed = differing(before, pods)
        self._reopened = self._index.amend(
            [before[key] for key in changed if key in before], [pods[key] for key in changed if key in pods]
        )
        if not same(nodes, self._nodes):
            self._derived = {}  # zones and node names may differ
        self._nodes = nodes

    def _derive(self, key: NamespacedName, service: Service) -> _Derived:
        before = self._derived.get(key)
        if before is not None and before.service is service and before.question not in self._reopened:
            return before
        question = question_of(service.metadata.namespace, service.spec.selector)
        matching = self._index.answer(question)
        if before is not None and before.service is service and same_items(before.pods, matching):
            return before
        return _Derived(service, question, matching, slices_for(service, matching, self._nodes))

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
        return before if before is not None and same_items(before, ordered) else ordered


def _name(piece: EndpointSlice) -> str:
    return piece.metadata.name


def _managed_by(slices: Iterable[EndpointSlice], controller: str) -> bool:
    return any(piece.metadata.labels.get(MANAGED_BY) == controller for piece in slices)
