"""Pure: from an address to the Services that have it, or whose endpoints do; brought up to date by what changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import is_
from typing import Self, TypeVar

from controlplane.objects import EndpointSlice, NamespacedName, Service
from controlplane.snapshot import Snapshot

_Index = dict[str, tuple[NamespacedName, ...]]
_Value = TypeVar("_Value")


class ReverseIndex:
    """The addresses of one snapshot, in canonical text as the control plane writes them."""

    def __init__(
        self,
        services: Mapping[NamespacedName, Service],
        slices: Mapping[NamespacedName, tuple[EndpointSlice, ...]],
        by_cluster_ip: _Index,
        by_endpoint: _Index,
    ) -> None:
        self._services = services
        self._slices = slices
        self._by_cluster_ip = by_cluster_ip
        self._by_endpoint = by_endpoint

    @classmethod
    def of(cls, snapshot: Snapshot, previous: "ReverseIndex | None" = None) -> Self:
        """The index of a snapshot, made from that of an earlier one, which stays as it was."""
        services, slices = snapshot.services, snapshot.slices
        if previous is None:
            by_cluster_ip: _Index = {}
            by_endpoint: _Index = {}
            previous = ReverseIndex({}, {}, by_cluster_ip, by_endpoint)
        else:
            by_cluster_ip = dict(previous._by_cluster_ip)
            by_endpoint = dict(previous._by_endpoint)
        changed = list(_changed_services(previous._services, services))
        for key, old, _ in changed:
            _remove(by_cluster_ip, key, _cluster_ips(old))
        for key, _, new in changed:
            _add(by_cluster_ip, key, _cluster_ips(new))
        for key, before, after in _changed_slices(previous._slices, slices):
            _remove(by_endpoint, key, _addresses(before))
            _add(by_endpoint, key, _addresses(after))
        return cls(services, slices, by_cluster_ip, by_endpoint)

    def services_of(self, address: str) -> tuple[NamespacedName, ...]:
        """The Services that have the address for a cluster IP; one, unless the manifests are wrong."""
        return self._by_cluster_ip.get(address, ())

    def endpoints_of(self, address: str) -> tuple[NamespacedName, ...]:
        """The Services that have a ready endpoint with the address."""
        return self._by_endpoint.get(address, ())


def _changed_services(
    before: Mapping[NamespacedName, Service], after: Mapping[NamespacedName, Service]
) -> Iterator[tuple[NamespacedName, Service | None, Service | None]]:
    """Services that are not the same object as before, also those that are new or gone."""
    for key, service in after.items():
        old = before.get(key)
        if old is not service:
            yield key, old, service
    for key in before.keys() - after.keys():
        yield key, before[key], None


def _changed_slices(
    before: Mapping[NamespacedName, tuple[EndpointSlice, ...]],
    after: Mapping[NamespacedName, tuple[EndpointSlice, ...]],
) -> Iterator[tuple[NamespacedName, tuple[EndpointSlice, ...], tuple[EndpointSlice, ...]]]:
    for key, slices in after.items():
        old = before.get(key, ())
        if not _are_same(old, slices):
            yield key, old, slices
    for key in before.keys() - after.keys():
        yield key, before[key], ()


def _are_same(before: Sequence[_Value], after: Sequence[_Value]) -> bool:
    return before is after or (len(before) == len(after) and all(map(is_, before, after)))


def _cluster_ips(service: Service | None) -> Sequence[str]:
    if service is None or not service.has_cluster_ip:
        return ()
    return service.spec.cluster_ips or (service.spec.cluster_ip,)


def _addresses(slices: Iterable[EndpointSlice]) -> Iterator[str]:
    for each in slices:
        for endpoint in each.endpoints:
            if endpoint.conditions.ready is not False:
                yield from endpoint.addresses


def _add(index: _Index, key: NamespacedName, addresses: Iterable[str]) -> None:
    for address in addresses:
        known = index.get(address)
        if known is None:
            index[address] = (key,)
        elif key not in known:
            index[address] = (*known, key)


def _remove(index: _Index, key: NamespacedName, addresses: Iterable[str]) -> None:
    for address in addresses:
        left = tuple(other for other in index.get(address, ()) if other != key)
        if left:
            index[address] = left
        else:
            index.pop(address, None)
