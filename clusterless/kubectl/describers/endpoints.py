"""Pure: Endpoints and an EndpointSlice, described (`describeEndpoints`, `describeEndpointSliceV1` in describe.go)."""

from collections.abc import Iterable, Iterator

from clusterless.kubectl.printers.texts import NONE, UNSET
from controlplane.objects import Endpoint, EndpointAddress, Endpoints, EndpointSlice, EndpointSubset

from .parts import annotations, labels


def describe_endpoints(endpoints: Endpoints) -> Iterator[str]:
    """The lines of Endpoints, up to their events."""
    yield f"Name:\t{endpoints.metadata.name}"
    yield f"Namespace:\t{endpoints.metadata.namespace}"
    yield from labels("Labels", endpoints.metadata.labels)
    yield from annotations(endpoints.metadata.annotations)
    yield "Subsets:"
    for subset in endpoints.subsets:
        yield from _subset(subset)
        yield ""


def _subset(subset: EndpointSubset) -> Iterator[str]:
    yield f"  Addresses:\t{_texts(subset.addresses)}"
    yield f"  NotReadyAddresses:\t{_texts(subset.not_ready_addresses)}"
    if subset.ports:
        yield "  Ports:"
        yield "    Name\tPort\tProtocol"
        yield "    ----\t----\t--------"
        for port in subset.ports:
            yield f"    {port.name or UNSET}\t{port.port or 0}\t{port.protocol}"


def _texts(addresses: Iterable[EndpointAddress]) -> str:
    return ",".join(address.ip for address in addresses) or NONE


def describe_slice(piece: EndpointSlice) -> Iterator[str]:
    """The lines of an EndpointSlice, up to its events."""
    yield f"Name:\t{piece.metadata.name}"
    yield f"Namespace:\t{piece.metadata.namespace}"
    yield from labels("Labels", piece.metadata.labels)
    yield from annotations(piece.metadata.annotations)
    yield f"AddressType:\t{piece.address_type}"
    yield from _slice_ports(piece)
    yield "Endpoints:" if piece.endpoints else f"Endpoints: {NONE}"
    for endpoint in piece.endpoints:
        yield from _endpoint(endpoint)


def _slice_ports(piece: EndpointSlice) -> Iterator[str]:
    if not piece.ports:
        yield f"Ports: {UNSET}"
        return
    yield "Ports:"
    yield "  Name\tPort\tProtocol"
    yield "  ----\t----\t--------"
    for port in piece.ports:
        yield f"  {port.name or UNSET}\t{UNSET if port.port is None else port.port}\t{port.protocol}"


def _endpoint(endpoint: Endpoint) -> Iterator[str]:
    ready = endpoint.conditions.ready
    yield f"  - Addresses:\t{', '.join(endpoint.addresses) or NONE}"
    yield "    Conditions:"
    yield f"      Ready:\t{UNSET if ready is None else str(ready).lower()}"
    yield f"    Hostname:\t{_or_unset(endpoint.hostname)}"
    if endpoint.target_ref is not None:
        yield f"    TargetRef:\t{endpoint.target_ref.kind}/{endpoint.target_ref.name}"
    yield f"    NodeName:\t{_or_unset(endpoint.node_name)}"
    yield f"    Zone:\t{_or_unset(endpoint.zone)}"


def _or_unset(value: str | None) -> str:
    return UNSET if value is None else value
