"""Pure: the Endpoints that a cluster has beside its EndpointSlices, as the endpoints controller makes them.

Source: `pkg/controller/endpoint/endpoints_controller.go`.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from .endpointslices import MANAGED_BY as SLICE_MANAGED_BY
from .endpointslices import SERVICE_NAME
from .objects import (
    Endpoint,
    EndpointAddress,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    NamespacedName,
    ObjectMeta,
    Service,
)
from .subsets import repack

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
CONTROLLER = "endpoint-controller"
_OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
_MOST_ADDRESSES = 1000
_HEADLESS = "service.kubernetes.io/headless"


def all_endpoints(
    written: Mapping[NamespacedName, Endpoints],
    services: Mapping[NamespacedName, Service],
    slices: Mapping[NamespacedName, tuple[EndpointSlice, ...]],
) -> dict[NamespacedName, Endpoints]:
    """Those that are written, and those of the Services with a selector, sorted."""
    made = {
        key: endpoints_of(service, slices.get(key, ()))
        for key, service in services.items()
        if service.spec.selector and service.spec.type != "ExternalName" and key not in written
    }
    return dict(sorted({**made, **written}.items()))


def endpoints_of(service: Service, slices: Iterable[EndpointSlice]) -> Endpoints:
    """The Endpoints of a Service with a selector, read off its slices.

    They have one family, the Service's first, and nobody who is about to go, unless `publishNotReadyAddresses`.
    """
    families = service.spec.ip_families
    subsets = [
        subset
        for piece in slices
        if not families or piece.address_type == families[0]
        if (subset := _subset(service, piece)) is not None
    ]
    namespace, name = service.key
    whole = repack(subsets)
    kept = _truncated(whole)
    return Endpoints(
        api_version="v1",
        kind="Endpoints",
        metadata=ObjectMeta(
            name=name,
            namespace=namespace,
            labels=_labels(service),
            annotations={} if kept is whole else {_OVER_CAPACITY: "truncated"},
        ),
        subsets=kept,
    )


def _truncated(subsets: tuple[EndpointSubset, ...]) -> tuple[EndpointSubset, ...]:
    """At most a thousand addresses, each subset its share, ready ones first; the same where there are no more."""
    ready = sum(len(each.addresses) for each in subsets)
    not_ready = sum(len(each.not_ready_addresses) for each in subsets)
    if ready + not_ready <= _MOST_ADDRESSES:
        return subsets
    if ready > _MOST_ADDRESSES:
        shares = _shares([len(each.addresses) for each in subsets], _MOST_ADDRESSES)
        return tuple(
            replace(each, addresses=each.addresses[:share], not_ready_addresses=())
            for each, share in zip(subsets, shares, strict=True)
        )
    shares = _shares([len(each.not_ready_addresses) for each in subsets], _MOST_ADDRESSES - ready)
    return tuple(
        replace(each, not_ready_addresses=each.not_ready_addresses[:share])
        for each, share in zip(subsets, shares, strict=True)
    )


def _shares(sizes: Sequence[int], most: int) -> list[int]:
    """Of `most`, each its part in proportion to its size, rounded up while there are any left."""
    total, left, shares = sum(sizes), most, []
    for size in sizes:
        shares.append(min(left, -(-size * most // total)))
        left -= shares[-1]
    return shares


def _subset(service: Service, piece: EndpointSlice) -> EndpointSubset | None:
    """What one slice contributes; without ports only where the Service has none either, which headless ones may."""
    if not piece.ports and service.spec.ports:
        return None
    present = [
        each
        for each in piece.endpoints
        if each.addresses and (service.spec.publish_not_ready_addresses or not each.conditions.is_terminating)
    ]
    if not present:
        return None
    return EndpointSubset(
        addresses=tuple(_address(each) for each in present if each.conditions.is_ready),
        not_ready_addresses=tuple(_address(each) for each in present if not each.conditions.is_ready),
        ports=piece.ports,
    )


def _address(endpoint: Endpoint) -> EndpointAddress:
    return EndpointAddress(
        ip=endpoint.addresses[0],
        hostname=endpoint.hostname or "",
        node_name=endpoint.node_name,
        target_ref=endpoint.target_ref,
    )


def _labels(service: Service) -> dict[str, str]:
    """The Service's own labels, whether it is headless, and whose the object is."""
    reserved = (_HEADLESS, SERVICE_NAME, SLICE_MANAGED_BY)
    labels = {key: value for key, value in service.metadata.labels.items() if key not in reserved}
    headless = {_HEADLESS: ""} if service.spec.cluster_ip in ("", "None") else {}
    return {**labels, MANAGED_BY: CONTROLLER, **headless}
