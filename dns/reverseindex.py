"""Pure: from an address to the Services and endpoints that have it (CoreDNS plugin/kubernetes/reverse.go)."""

from collections.abc import Callable, Collection
from typing import NamedTuple, Self

from controlplane.objects import NamespacedName
from controlplane.snapshot import Snapshot

from .endpoints import EndpointGroup
from .model import Labels


class EndpointOwner(NamedTuple):
    """An endpoint's label, the Service that it belongs to, and which of the Service's slices holds it."""

    name: str
    service: NamespacedName
    group: int


class ReverseIndex:
    """Addresses are in canonical text, as the control plane writes them."""

    def __init__(self, cluster_ips: dict[str, NamespacedName], endpoints: dict[str, list[EndpointOwner]]) -> None:
        self._cluster_ips = cluster_ips
        self._endpoints = endpoints

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        groups: Callable[[NamespacedName], tuple[EndpointGroup, ...]],
        *,
        hidden: Collection[NamespacedName] = (),
        namespaces: Collection[str] | None = None,
    ) -> Self:
        """The index of all Services but the `hidden` ones, in `namespaces` only if that is given."""
        cluster_ips: dict[str, NamespacedName] = {}
        endpoints: dict[str, list[EndpointOwner]] = {}

        def is_seen(key: NamespacedName) -> bool:
            return key not in hidden and (namespaces is None or key.namespace in namespaces)

        for key, service in snapshot.services.items():
            if service.has_cluster_ip and is_seen(key):
                for address in service.spec.cluster_ips or (service.spec.cluster_ip,):
                    cluster_ips.setdefault(address, key)
        for key in filter(is_seen, snapshot.slices):
            for number, group in enumerate(groups(key)):
                for endpoint in group.endpoints:
                    endpoints.setdefault(endpoint.address, []).append(EndpointOwner(endpoint.name, key, number))
        return cls(cluster_ips, endpoints)

    def endpoints(self, address: str) -> tuple[EndpointOwner, ...]:
        """The ready endpoints with this address, of whatever Service."""
        return tuple(self._endpoints.get(address, ()))

    def names(self, address: str) -> tuple[Labels, ...]:
        """The names of an address, relative to the zone: its Service's, else one for each Service it is behind."""
        key = self._cluster_ips.get(address)
        if key is not None:
            return (_service_name(key),)
        owners = self._endpoints.get(address, ())
        return tuple(dict.fromkeys((owner.name.encode(), *_service_name(owner.service)) for owner in owners))


def _service_name(key: NamespacedName) -> Labels:
    return (key.name.encode(), key.namespace.encode(), b"svc")
