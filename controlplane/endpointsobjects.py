"""Pure: the Endpoints that a cluster has beside its EndpointSlices, as the endpoints controller makes them.

Source: `pkg/controller/endpoint/endpoints_controller.go`.
"""

from collections.abc import Iterable, Mapping

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
    return Endpoints(
        api_version="v1",
        kind="Endpoints",
        metadata=ObjectMeta(name=name, namespace=namespace, labels=_labels(service)),
        subsets=repack(subsets),
    )


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
