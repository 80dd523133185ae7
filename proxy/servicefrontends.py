"""Pure: where a node listens for one Service, and where connections go from there.

The rules are kube-proxy's (`pkg/proxy/serviceport.go`, `syncProxyRules` of its modes). Frontends of one Service port
share their endpoint lists: equal lists are the same object.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from controlplane.objects import EndpointSlice, Service, ServicePort

from .addresstext import IPV4, IPV6, canonical, family_of, is_within
from .endpoints import EndpointInfo, PortKey, endpoints_by_port
from .model import Endpoint, Frontend, FrontendKey, FrontendKind, Protocol, ServicePortName, Verdict
from .nodeview import NodeView
from .options import ProxyOptions
from .topology import Categories, TrafficPolicy, categorize_endpoints

LABEL_SERVICE_PROXY_NAME = "service.kubernetes.io/service-proxy-name"
DEFAULT_AFFINITY_SECONDS = 10800  # core/v1 DefaultClientIPServiceAffinitySeconds: 3 hours


class _Addresses(NamedTuple):
    """The addresses of a Service in one family; nodePorts are on the node's."""

    cluster_ip: str
    load_balancer: tuple[str, ...]
    external: tuple[str, ...]
    source_ranges: tuple[str, ...]


class _Side(NamedTuple):
    """What one kind of address serves: see the lists of `Frontend`."""

    internal: tuple[Endpoint, ...]
    external: tuple[Endpoint, ...]
    verdict: Verdict


def frontends_of_service(
    service: Service, slices: Sequence[EndpointSlice], node: NodeView, options: ProxyOptions
) -> tuple[Frontend, ...]:
    """The frontends of one Service, each key once, or none for a Service that is not proxied."""
    if is_skipped(service):
        return ()
    found: dict[FrontendKey, Frontend] = {}
    for family in (IPV4, IPV6):
        if cluster_ip := _cluster_ip(service, family):
            addresses = _addresses(service, cluster_ip, family, options)
            endpoints = endpoints_by_port(slices, family)
            for frontend in _of_family(service, addresses, endpoints, node):
                found.setdefault(frontend.key, frontend)
    return tuple(found.values())


def is_skipped(service: Service) -> bool:
    """Headless and ExternalName Services have nothing to proxy; a labelled one is another proxy's (any value)."""
    return not service.has_cluster_ip or LABEL_SERVICE_PROXY_NAME in service.metadata.labels


def _cluster_ip(service: Service, family: str) -> str:
    """The clusterIP of the family, or `""` (`GetClusterIPByFamily`)."""
    addresses = service.spec.cluster_ips or (service.spec.cluster_ip,)
    return next((canonical(address) for address in addresses if family_of(address) == family), "")


def _addresses(service: Service, cluster_ip: str, family: str, options: ProxyOptions) -> _Addresses:
    external = service.spec.external_ips if options.allow_external_ips else ()
    ingress = [each.ip for each in service.status.load_balancer.ingress if each.ip and each.ip_mode in (None, "VIP")]
    return _Addresses(
        cluster_ip,
        tuple(canonical(address) for address in ingress if family_of(address) == family),
        tuple(canonical(address) for address in external if family_of(address) == family),
        source_ranges_of(service.spec.load_balancer_source_ranges, family),
    )


def source_ranges_of(written: Iterable[str], family: str) -> tuple[str, ...]:
    """The family's ranges among loadBalancerSourceRanges, or none where they allow everybody."""
    ranges = tuple(cidr for text in written if family_of(cidr := text.strip()) == family)
    return () if any(cidr.endswith("/0") for cidr in ranges) else ranges


def _of_family(
    service: Service, addresses: _Addresses, endpoints: Mapping[PortKey, Sequence[EndpointInfo]], node: NodeView
) -> Iterator[Frontend]:
    affinity = affinity_seconds(service)
    for port in service.spec.ports:
        name = ServicePortName(*service.key, port.name, Protocol(port.protocol or "TCP"))
        infos = endpoints.get(PortKey(name.port, name.protocol), ())
        inside, outside = _sides(service, port, addresses, infos, node)
        for kind, address, number in _places(port, addresses, node):
            side = inside if kind is FrontendKind.CLUSTER_IP else outside
            limited = kind is FrontendKind.LOAD_BALANCER and bool(addresses.source_ranges)
            yield Frontend(
                FrontendKey(address, number, name.protocol),
                kind,
                name,
                *side,
                affinity_seconds=affinity,
                source_ranges=_with_looped_node(addresses.source_ranges, address, node) if limited else (),
                draining=_draining(infos, side) if name.protocol is Protocol.UDP else (),
            )


def _sides(
    service: Service, port: ServicePort, addresses: _Addresses, infos: Sequence[EndpointInfo], node: NodeView
) -> tuple[_Side, _Side]:
    """What the clusterIP serves, and what all other addresses do."""
    policy = TrafficPolicy(
        internal_local=service.spec.internal_traffic_policy == "Local",
        external_local=service.spec.external_traffic_policy == "Local",
        is_externally_accessible=bool(port.node_port or addresses.load_balancer or addresses.external),
    )
    categories = categorize_endpoints(infos, policy, node.name, node.zone)
    return _internal_side(categories, policy), _external_side(categories, policy)


def _places(port: ServicePort, addresses: _Addresses, node: NodeView) -> Iterator[tuple[FrontendKind, str, int]]:
    """Kinds in the order in which they win where a Service names one address twice."""
    yield FrontendKind.CLUSTER_IP, addresses.cluster_ip, port.port
    if port.node_port:
        family = family_of(addresses.cluster_ip)
        for address in node.node_port_addresses:
            if family_of(address) == family:
                yield FrontendKind.NODE_PORT, address, port.node_port
    for address in addresses.load_balancer:
        yield FrontendKind.LOAD_BALANCER, address, port.port
    for address in addresses.external:
        yield FrontendKind.EXTERNAL_IP, address, port.port


def _internal_side(categories: Categories, policy: TrafficPolicy) -> _Side:
    """A clusterIP serves all clients alike; under internalTrafficPolicy Local, only with this node's endpoints."""
    usable = (categories.local if policy.internal_local else categories.cluster) or ()
    return _Side(usable, usable, _verdict(categories, usable))


def _external_side(categories: Categories, policy: TrafficPolicy) -> _Side:
    """Under externalTrafficPolicy Local, clients inside the cluster are short-circuited to the cluster's endpoints."""
    internal = categories.cluster or ()
    external = (categories.local or ()) if policy.external_local else internal
    return _Side(internal, internal if external == internal else external, _verdict(categories, external))


def _verdict(categories: Categories, usable: Sequence[Endpoint]) -> Verdict:
    """Endpoints out of this node's reach mean a time-out, so that clients try another node; none at all, a refusal."""
    return Verdict.DROP if categories.has_any and not usable else Verdict.REJECT


def _draining(infos: Sequence[EndpointInfo], side: _Side) -> tuple[Endpoint, ...]:
    """Who serves and is not chosen: kube-proxy lets UDP flows to it live (`pkg/proxy/conntrack/cleanup.go`)."""
    used = {*side.internal, *side.external}
    return tuple(info.endpoint for info in infos if info.serving and info.endpoint not in used)


def affinity_seconds(service: Service) -> int:
    """How long a client keeps its endpoint after its last connection; 0 without session affinity."""
    if service.spec.session_affinity != "ClientIP":
        return 0
    config = service.spec.session_affinity_config
    timeout = config.client_ip.timeout_seconds if config and config.client_ip else None
    return timeout or DEFAULT_AFFINITY_SECONDS


def _with_looped_node(source_ranges: tuple[str, ...], address: str, node: NodeView) -> tuple[str, ...]:
    """Where the node itself is allowed, so is the address: a node's own connection may come from the address asked."""
    if any(is_within(own, source_ranges) for own in node.primary_addresses):
        return (*source_ranges, f"{address}/{128 if ':' in address else 32}")
    return source_ranges
