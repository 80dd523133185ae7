"""Pure: the objects of a snapshot by resource, sparing what did not change."""

from collections.abc import Iterable, Mapping

from controlplane.encode import Encodable
from controlplane.endpointsobjects import endpoints_of
from controlplane.objects import Endpoints, EndpointSlice, NamespacedName, Service
from controlplane.snapshot import Snapshot

from .ledger import Objects
from .resources import ENDPOINTS, NAMESPACES, NODES, PODS, SERVICES, SLICES, Resource


class Inventory:
    """Made of one snapshot after the other."""

    def __init__(self) -> None:
        self._made: dict[NamespacedName, tuple[Service, tuple[EndpointSlice, ...], Endpoints]] = {}

    def collect(self, snapshot: Snapshot) -> Mapping[Resource, Objects]:
        """All that a cluster would have of these resources; events are not among them."""
        return {
            NAMESPACES: _by_key(snapshot.namespaces.values()),
            NODES: _by_key(snapshot.nodes.values()),
            PODS: snapshot.pods,
            SERVICES: snapshot.services,
            SLICES: _by_key(snapshot.all_slices()),
            ENDPOINTS: self._endpoints(snapshot),
        }

    def _endpoints(self, snapshot: Snapshot) -> Objects:
        """Those that are written, and those that the endpoints controller makes."""
        made: dict[NamespacedName, tuple[Service, tuple[EndpointSlice, ...], Endpoints]] = {}
        for key, service in snapshot.services.items():
            if service.spec.selector and service.spec.type != "ExternalName" and key not in snapshot.endpoints:
                made[key] = self._make(service, snapshot.slices_of(key))
        self._made = made
        return _sorted({**{key: entry[2] for key, entry in made.items()}, **snapshot.endpoints})

    def _make(
        self, service: Service, slices: tuple[EndpointSlice, ...]
    ) -> tuple[Service, tuple[EndpointSlice, ...], Endpoints]:
        before = self._made.get(service.key)
        if before is not None and before[0] is service and before[1] is slices:
            return before
        return (service, slices, endpoints_of(service, slices))


def _by_key(objects: Iterable[Encodable]) -> Objects:
    return _sorted({each.key: each for each in objects})


def _sorted(objects: Objects) -> Objects:
    return dict(sorted(objects.items(), key=lambda item: item[0]))
