"""Pure: the objects of a snapshot by resource; what did not change is not made again."""

from collections.abc import Iterable, Mapping
from operator import itemgetter

from controlplane.differences import differing
from controlplane.encode import Encodable
from controlplane.endpointsobjects import endpoints_of
from controlplane.objects import Endpoints, EndpointSlice, NamespacedName, Service
from controlplane.snapshot import Snapshot
from controlplane.sortedmapping import patched

from .ledger import Objects
from .resources import ENDPOINTS, NAMESPACES, NODES, PODS, SERVICES, SLICES, Resource


class Inventory:
    """Made of one snapshot after the other."""

    def __init__(self) -> None:
        self._services: Mapping[NamespacedName, Service] = {}
        self._by_service: Mapping[NamespacedName, tuple[EndpointSlice, ...]] = {}
        self._loose: tuple[EndpointSlice, ...] = ()  # those that name no Service
        self._written: Mapping[NamespacedName, Endpoints] = {}
        self._slices: Mapping[NamespacedName, EndpointSlice] = {}
        self._endpoints: Mapping[NamespacedName, Endpoints] = {}

    def collect(self, snapshot: Snapshot) -> Mapping[Resource, Objects]:
        """All that a cluster would have of these resources; events are not among them."""
        moved = differing(self._by_service, snapshot.slices)
        touched = {*moved, *differing(self._services, snapshot.services), *differing(self._written, snapshot.endpoints)}
        if moved or self._loose != snapshot.loose_slices:
            self._slices = self._with_slices(moved, snapshot)
        if touched:
            self._endpoints = self._with_endpoints(touched, snapshot)
        self._services, self._by_service, self._written = snapshot.services, snapshot.slices, snapshot.endpoints
        self._loose = snapshot.loose_slices
        return {
            NAMESPACES: _by_key(snapshot.namespaces.values()),
            NODES: _by_key(snapshot.nodes.values()),
            PODS: snapshot.pods,
            SERVICES: snapshot.services,
            SLICES: self._slices,
            ENDPOINTS: self._endpoints,
        }

    def _with_slices(
        self, moved: Iterable[NamespacedName], snapshot: Snapshot
    ) -> Mapping[NamespacedName, EndpointSlice]:
        gone = [piece.key for key in moved for piece in self._by_service.get(key, ())]
        gone += [piece.key for piece in self._loose]
        made = {piece.key: piece for key in moved for piece in snapshot.slices_of(key)}
        return patched(self._slices, gone, made | {piece.key: piece for piece in snapshot.loose_slices})

    def _with_endpoints(
        self, touched: Iterable[NamespacedName], snapshot: Snapshot
    ) -> Mapping[NamespacedName, Endpoints]:
        """Those that are written, and those that the endpoints controller makes of a Service with a selector."""
        made: dict[NamespacedName, Endpoints] = {}
        for key in touched:
            service = snapshot.services.get(key)
            if (written := snapshot.endpoints.get(key)) is not None:
                made[key] = written
            elif service is not None and service.spec.selector and service.spec.type != "ExternalName":
                made[key] = endpoints_of(service, snapshot.slices_of(key))
        return patched(self._endpoints, touched, made)


def _by_key(objects: Iterable[Encodable]) -> Objects:
    return dict(sorted({each.key: each for each in objects}.items(), key=itemgetter(0)))
