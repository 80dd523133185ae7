"""Pure: the canonical form of Endpoints subsets (`RepackSubsets` in `pkg/api/v1/endpoints/util.go`)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .objects import EndpointAddress, EndpointPort, EndpointSubset


class _AddressKey(NamedTuple):
    """Two addresses are the same if they have the same text and stand for the same object."""

    ip: str
    uid: str


_Readiness = dict[_AddressKey, bool]


def repack(subsets: Iterable[EndpointSubset]) -> tuple[EndpointSubset, ...]:
    """Subsets that offer each port once, each with all the addresses that have it, sorted.

    An address that is written twice is as it was first written; for a port where it is ready here and not ready
    there, it is not ready. A subset without ports keeps its addresses.
    """
    listed = tuple(subsets)
    first: dict[_AddressKey, EndpointAddress] = {}
    by_port: dict[EndpointPort | None, _Readiness] = {}
    for subset in listed:
        for port in subset.ports or (None,):
            readiness = by_port.setdefault(port, {})
            for key, address, ready in _addresses(subset):
                first.setdefault(key, address)
                readiness[key] = readiness.get(key, True) and ready
    return tuple(sorted(_regroup(by_port, first), key=_order))


def _addresses(subset: EndpointSubset) -> Iterator[tuple[_AddressKey, EndpointAddress, bool]]:
    for ready, addresses in ((True, subset.addresses), (False, subset.not_ready_addresses)):
        for address in addresses:
            yield _AddressKey(address.ip, address.target_ref.uid if address.target_ref else ""), address, ready


def _regroup(
    by_port: dict[EndpointPort | None, _Readiness], first: dict[_AddressKey, EndpointAddress]
) -> Iterator[EndpointSubset]:
    """Join the ports that have the same addresses in the same state; a subset without ports may join too."""
    groups: dict[tuple[tuple[_AddressKey, bool], ...], list[EndpointPort]] = {}
    for port, readiness in by_port.items():
        ports = groups.setdefault(tuple(sorted(readiness.items())), [])
        if port is not None:
            ports.append(port)
    for addresses, ports in groups.items():
        yield EndpointSubset(
            addresses=tuple(first[key] for key, ready in addresses if ready),
            not_ready_addresses=tuple(first[key] for key, ready in addresses if not ready),
            ports=tuple(sorted(ports, key=_port_order)),
        )


def _order(subset: EndpointSubset) -> list[tuple[str, int, str, str]]:
    return [_port_order(port) for port in subset.ports]


def _port_order(port: EndpointPort) -> tuple[str, int, str, str]:
    return (port.name, port.port or 0, port.protocol, port.app_protocol or "")
