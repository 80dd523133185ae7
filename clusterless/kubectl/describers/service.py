"""Pure: a Service, described (`describeService` in kubectl's describe.go)."""

from collections.abc import Iterable, Iterator, Sequence

from clusterless.kubectl.printers.texts import NONE, UNSET, format_labels, host_port, with_more
from controlplane.objects import EndpointSlice, LoadBalancerIngress, Service, ServicePort

from .parts import annotations, labels


def describe_service(service: Service, slices: Sequence[EndpointSlice]) -> Iterator[str]:
    """The lines of a Service, up to its events; `slices` are those that belong to it."""
    metadata, spec = service.metadata, service.spec
    yield f"Name:\t{metadata.name}"
    yield f"Namespace:\t{metadata.namespace}"
    yield from labels("Labels", metadata.labels)
    yield from annotations(metadata.annotations)
    yield f"Selector:\t{format_labels(spec.selector)}"
    yield f"Type:\t{spec.type}"
    yield from _addresses(service)
    for port in spec.ports:
        yield from _port(port, slices)
    yield from _policies(service)


def _addresses(service: Service) -> Iterator[str]:
    spec = service.spec
    if spec.ip_family_policy is not None:
        yield f"IP Family Policy:\t{spec.ip_family_policy}"
    yield f"IP Families:\t{','.join(spec.ip_families) or NONE}"
    yield f"IP:\t{spec.cluster_ip}"
    yield f"IPs:\t{','.join(spec.cluster_ips) or NONE}"
    if spec.external_ips:
        yield f"External IPs:\t{','.join(spec.external_ips)}"
    if spec.load_balancer_ip:
        yield f"Desired LoadBalancer IP:\t{spec.load_balancer_ip}"
    if spec.external_name:
        yield f"External Name:\t{spec.external_name}"
    if service.status.load_balancer.ingress:
        yield f"LoadBalancer Ingress:\t{', '.join(map(_ingress, service.status.load_balancer.ingress))}"


def _ingress(ingress: LoadBalancerIngress) -> str:
    if not ingress.ip:
        return ingress.hostname
    return ingress.ip if ingress.ip_mode is None else f"{ingress.ip} ({ingress.ip_mode})"


def _port(port: ServicePort, slices: Iterable[EndpointSlice]) -> Iterator[str]:
    name = port.name or UNSET
    yield f"Port:\t{name}\t{port.port}/{port.protocol}"
    yield f"TargetPort:\t{port.target_port}/{port.protocol}"
    if port.app_protocol is not None:
        yield f"AppProtocol:\t{port.app_protocol}"
    if port.node_port:
        yield f"NodePort:\t{name}\t{port.node_port}/{port.protocol}"
    yield f"Endpoints:\t{ready_endpoints(slices, port.name)}"


def ready_endpoints(slices: Iterable[EndpointSlice], name: str) -> str:
    """The ready endpoints at a port of this name, the first three of them (`formatEndpointSlices`)."""
    listed = tuple(slices)
    return with_more([text for piece in listed for text in _ready(piece, name)], "") if listed else NONE


def _ready(piece: EndpointSlice, name: str) -> Iterator[str]:
    """A slice without ports, which a headless Service may have, shows addresses alone."""
    addresses = [each.addresses[0] for each in piece.endpoints if each.addresses and each.conditions.is_ready]
    if not piece.ports:
        yield from addresses
    for port in piece.ports:
        if port.name == name:
            yield from (host_port(address, port.port or 0) for address in addresses)


def _policies(service: Service) -> Iterator[str]:
    spec = service.spec
    yield f"Session Affinity:\t{spec.session_affinity}"
    if spec.external_traffic_policy:
        yield f"External Traffic Policy:\t{spec.external_traffic_policy}"
    if spec.internal_traffic_policy is not None:
        yield f"Internal Traffic Policy:\t{spec.internal_traffic_policy}"
    if spec.health_check_node_port:
        yield f"HealthCheck NodePort:\t{spec.health_check_node_port}"
    if spec.load_balancer_source_ranges:
        yield f"LoadBalancer Source Ranges:\t{','.join(spec.load_balancer_source_ranges)}"
    if spec.traffic_distribution is not None:
        yield f"Traffic Distribution:\t{spec.traffic_distribution}"
