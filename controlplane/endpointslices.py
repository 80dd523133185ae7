"""Pure: the EndpointSlices that a Service's selector yields, as the endpoint slice controller makes them.

Sources: `staging/src/k8s.io/endpointslice/{reconciler,utils}.go` and `util/controller_utils.go`.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from itertools import islice, product

from .generatednames import generated_name
from .netaddr import IPV4, IPV6, family_of
from .objects import (
    Endpoint,
    EndpointConditions,
    EndpointSlice,
    Node,
    ObjectMeta,
    ObjectReference,
    OwnerReference,
    Pod,
    Service,
)
from .podindex import PodIndex
from .podstatus import is_finished, is_ready, is_terminating, pod_addresses
from .targetports import Ports, numeric_ports, ports_on
from .trafficdistribution import distribution_of, hints_for

__all__ = [
    "MANAGED_BY",
    "SERVICE_NAME",
    "SLICE_CONTROLLER",
    "NoEndpoint",
    "PodIndex",
    "slice_labels",
    "slices_for",
    "why_no_endpoint",
]

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
SLICE_CONTROLLER = "endpointslice-controller.k8s.io"
_HEADLESS = "service.kubernetes.io/headless"
_RESERVED_LABELS = (SERVICE_NAME, MANAGED_BY, _HEADLESS)
_ZONE = "topology.kubernetes.io/zone"
_MOST_ENDPOINTS = 100  # kube-controller-manager --max-endpoints-per-slice


def slices_for(service: Service, pods: Sequence[Pod], nodes: Mapping[str, Node]) -> tuple[EndpointSlice, ...]:
    """The slices of one Service, sorted by name; `pods` are those that its selector matches, with their status.

    There is a slice for every family, every set of port numbers and every hundred endpoints, and one without
    endpoints for a family that has none. A Service without selector and an ExternalName have no slices.
    """
    if service.spec.type == "ExternalName" or not service.spec.selector:
        return ()
    groups = _by_ports(service, pods, nodes)
    slices = [piece for family in _families(service) for piece in _slices_of(service, family, groups, nodes)]
    return tuple(sorted(slices, key=lambda piece: piece.metadata.name))


def slice_labels(service: Service) -> dict[str, str]:
    """The Service's own labels but the reserved ones, then those that the controller sets."""
    labels = {key: value for key, value in service.metadata.labels.items() if key not in _RESERVED_LABELS}
    if service.spec.cluster_ip in ("", "None"):
        labels[_HEADLESS] = ""
    return {**labels, SERVICE_NAME: service.metadata.name, MANAGED_BY: SLICE_CONTROLLER}


def _families(service: Service) -> tuple[str, ...]:
    """The families that slices are made for (`getAddressTypesForService`)."""
    if service.spec.ip_families:
        return service.spec.ip_families
    family = family_of(service.spec.cluster_ip)
    return (family,) if family else (IPV4, IPV6)


def _by_ports(service: Service, pods: Sequence[Pod], nodes: Mapping[str, Node]) -> dict[Ports, list[Pod]]:
    """The pods that are endpoints, by the port numbers that the Service's ports have on them."""
    common = numeric_ports(service)
    groups: dict[Ports, list[Pod]] = {}
    for pod in pods:
        if why_no_endpoint(pod, service, nodes) is None:
            groups.setdefault(ports_on(service, pod) if common is None else common, []).append(pod)
    return groups


class NoEndpoint(Enum):
    """Why a pod that the selector matches has no place in a slice; the values are for people."""

    FINISHED = "its containers have ended"
    NO_ADDRESS = "it has no address: nothing runs it"
    UNKNOWN_NODE = "its node is not there"


def why_no_endpoint(pod: Pod, service: Service, nodes: Mapping[str, Node]) -> NoEndpoint | None:
    """`None` if the pod has a place in a slice, ready or not (`ShouldPodBeInEndpoints`).

    A pod of a node that is not there is left out, unless `publishNotReadyAddresses`. One that names no node at all,
    which no cluster has and a manifest with `status.podIP` may have, is taken.
    """
    if is_finished(pod):
        return NoEndpoint.FINISHED
    if not pod_addresses(pod):
        return NoEndpoint.NO_ADDRESS
    node = pod.spec.node_name
    if not node or node in nodes or service.spec.publish_not_ready_addresses:
        return None
    return NoEndpoint.UNKNOWN_NODE


def _slices_of(
    service: Service, family: str, groups: Mapping[Ports, Sequence[Pod]], nodes: Mapping[str, Node]
) -> Iterator[EndpointSlice]:
    """The slices of one family; a name depends on the family and on the place among its slices."""
    pieces = [piece for ports, pods in groups.items() for piece in _pieces(service, family, pods, ports, nodes)]
    labels = slice_labels(service)
    for index, (ports, endpoints) in enumerate(pieces or [((), ())]):
        yield EndpointSlice(
            api_version="discovery.k8s.io/v1",
            kind="EndpointSlice",
            metadata=_metadata(service, labels, family, index),
            address_type=family,
            endpoints=endpoints,
            ports=ports,
        )


def _pieces(
    service: Service, family: str, pods: Sequence[Pod], ports: Ports, nodes: Mapping[str, Node]
) -> Iterator[tuple[Ports, tuple[Endpoint, ...]]]:
    """The pods' endpoints of the family, in portions that a slice may hold."""
    distribution = distribution_of(service)
    endpoints = (_endpoint(service, pod, family, nodes.get(pod.spec.node_name), distribution) for pod in pods)
    present = (endpoint for endpoint in endpoints if endpoint.addresses)
    while portion := tuple(islice(present, _MOST_ENDPOINTS)):
        yield ports, portion


def _endpoint(service: Service, pod: Pod, family: str, node: Node | None, distribution: str) -> Endpoint:
    """The endpoint that a pod is (`podToEndpoint`); without addresses if it has none of the family."""
    serving = is_ready(pod)
    terminating = is_terminating(pod)
    ready = service.spec.publish_not_ready_addresses or (serving and not terminating)
    node_name = pod.spec.node_name or None
    zone = (node.metadata.labels.get(_ZONE) if node else None) or None
    return Endpoint(
        addresses=tuple(str(address) for address in pod_addresses(pod) if address.family == family),
        conditions=_CONDITIONS[ready, serving, terminating],
        hostname=_hostname(service, pod),
        target_ref=_target_ref(pod),
        node_name=node_name,
        zone=zone,
        hints=hints_for(distribution, zone, node_name) if ready else None,
    )


# Eight values for thousands of endpoints.
_CONDITIONS = {
    (ready, serving, terminating): EndpointConditions(ready=ready, serving=serving, terminating=terminating)
    for ready, serving, terminating in product((True, False), repeat=3)
}


def _hostname(service: Service, pod: Pod) -> str | None:
    """Set for a pod that says it lives in the subdomain of this Service (`ShouldSetHostname`)."""
    return pod.spec.hostname if pod.spec.hostname and pod.spec.subdomain == service.metadata.name else None


def _target_ref(pod: Pod) -> ObjectReference:
    metadata = pod.metadata
    return ObjectReference(kind="Pod", namespace=metadata.namespace, name=metadata.name, uid=metadata.uid)


def _metadata(service: Service, labels: dict[str, str], family: str, index: int) -> ObjectMeta:
    namespace, name = service.key
    base = f"{name}-"
    return ObjectMeta(
        name=generated_name(base, namespace, family, str(index)),
        generate_name=base,
        namespace=namespace,
        labels=labels,
        owner_references=(OwnerReference(kind="Service", name=name, controller=True),),
    )
