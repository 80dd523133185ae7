"""Pure: what the names of an address are, and how the server's own Service is found by its address."""

from collections.abc import Iterator

from controlplane.objects import NamespacedName

from .endpoints import EndpointGroup
from .lookups import Hit
from .model import Labels
from .servicerecords import cluster_ips_of, service_name
from .visible import VisibleCluster


def names_of(cluster: VisibleCluster, address: str) -> tuple[Labels, ...]:
    """The names of an address, relative to the zone: its Service's, else one for each Service it is behind.

    The rule is CoreDNS' `serviceRecordForIP` (plugin/kubernetes/reverse.go).
    """
    for key in cluster.reverse.services_of(address):
        if _is_shown(cluster, key):
            return (service_name(key),)
    return tuple(
        dict.fromkeys(
            (each.name.encode(), *service_name(key))
            for key, group in _groups_at(cluster, address)
            if _is_shown(cluster, key)
            for each in group.endpoints
            if each.address == address
        )
    )


def hosts_of(cluster: VisibleCluster, address: str) -> tuple[Hit, ...] | None:
    """How a name server is known that is a ready endpoint at `address`; None if it is one of no Service.

    By the cluster IPs of each such Service; if it is headless, by the endpoints of the same slice (CoreDNS
    plugin/kubernetes/ns.go).
    """
    groups = list(_groups_at(cluster, address))
    return tuple(hit for key, group in groups for hit in _hosts(cluster, key, group)) if groups else None


def _groups_at(cluster: VisibleCluster, address: str) -> Iterator[tuple[NamespacedName, EndpointGroup]]:
    """The slices with a ready endpoint at the address, and whose they are."""
    for key in cluster.reverse.endpoints_of(address):
        for group in cluster.groups(key):
            if any(endpoint.address == address for endpoint in group.endpoints):
                yield key, group


def _is_shown(cluster: VisibleCluster, key: NamespacedName) -> bool:
    """Whether the options show a Service, or slices of a Service that does not exist."""
    if cluster.options.namespaces and not cluster.exposes(key.namespace):
        return False
    return key not in cluster.snapshot.services or cluster.service(key) is not None


def _hosts(cluster: VisibleCluster, key: NamespacedName, group: EndpointGroup) -> list[Hit]:
    service = cluster.service(key)
    if service is None:
        return []
    if service.is_headless:
        return [Hit((each.name.encode(), *service_name(key)), each.address, 0) for each in group.endpoints]
    return [Hit(service_name(key), address, 0) for address in cluster_ips_of(service)]
