"""Pure: the tables of Endpoints and EndpointSlices.

Source: `printEndpoints`, `printEndpointSlice` in `pkg/printers/internalversion/printers.go`.
"""

from collections.abc import Iterable, Iterator

from controlplane.objects import EndpointPort, Endpoints, EndpointSlice, EndpointSubset

from .durations import age
from .printer import Printer, Showing, columns
from .texts import NONE, UNSET, host_port, with_more


def _endpoints_cells(endpoints: Endpoints, showing: Showing) -> tuple[str, ...]:
    metadata = endpoints.metadata
    return (metadata.name, ready_addresses(endpoints.subsets), age(metadata.creation_timestamp, showing.now))


def ready_addresses(subsets: Iterable[EndpointSubset]) -> str:
    """The first three ready addresses with their ports; a port-less subset, which headless ones have, shows no port."""
    listed = tuple(subsets)
    if not listed:
        return NONE
    return with_more([text for subset in listed for text in _addresses(subset)], nothing="")


def _addresses(subset: EndpointSubset) -> Iterator[str]:
    if not subset.ports:
        yield from (address.ip for address in subset.addresses)
    for port in subset.ports:
        yield from (host_port(address.ip, port.port or 0) for address in subset.addresses)


def _slice_cells(piece: EndpointSlice, showing: Showing) -> tuple[str, ...]:
    addresses = [address for endpoint in piece.endpoints for address in endpoint.addresses]
    return (
        piece.metadata.name,
        piece.address_type,
        with_more([_port(port) for port in piece.ports], UNSET),
        with_more(addresses, UNSET),
        age(piece.metadata.creation_timestamp, showing.now),
    )


def _port(port: EndpointPort) -> str:
    """A port without a number, which means all, has its name in its place; a manifest's empty name is none."""
    return str(port.port) if port.port is not None else port.name or "*"


ENDPOINTS = Printer(columns("NAME", "ENDPOINTS", "AGE"), _endpoints_cells)
SLICES = Printer(columns("NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"), _slice_cells)
