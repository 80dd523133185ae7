"""Pure: what a load balancer in front of the nodes does for each Service: addresses, nodes, checks and frontends.

It does what cloud-provider-kind does (`pkg/loadbalancer/proxy.go`): connections go to the nodePorts of the nodes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from controlplane.nodeaddresses import host_ips
from controlplane.objects import NamespacedName, Node, Service, ServicePort, ServiceSpec
from controlplane.snapshot import Snapshot

from .addresstext import family_of
from .healthchecks import has_health_check
from .loadbalancerpool import Given, Pool, allocate
from .model import Endpoint, Frontend, FrontendKey, FrontendKind, Protocol, ServicePortName
from .nodeeligibility import serves_load_balancers
from .servicefrontends import affinity_seconds, source_ranges_of

HEALTHZ_PORT = 10256  # where a node's proxy says how it is
ANNOTATION_SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"

NO_NODE_PORTS = "none of its ports has a nodePort, and the nodes are reached in no other way"
NO_ADDRESS = "no free address in --load-balancer-ip-range for each of its IP families"


class HealthTarget(NamedTuple):
    """Where to ask whether a node may be used: an HTTP GET that is answered by 200."""

    node: str
    address: str
    port: int
    path: str


class BalancedNode(NamedTuple):
    """A node that may be used, with its address of each family, the primary first."""

    name: str
    addresses: tuple[str, ...]

    def address_of(self, family: str) -> str:
        """Its address of the family, or `""`."""
        return next((each for each in self.addresses if family_of(each) == family), "")


class Balanced(msgspec.Struct, frozen=True, kw_only=True):
    """One Service of this load balancer."""

    service: Service
    addresses: tuple[str, ...]
    nodes: tuple[BalancedNode, ...]
    failure: str = ""  # why it is not balanced
    unmet_wish: str = ""  # why it did not get its `spec.loadBalancerIP`


class LoadBalancers(NamedTuple):
    """All Services of this load balancer, and the addresses that it gave and publishes."""

    balanced: Mapping[NamespacedName, Balanced]
    given: Given


def load_balancers(
    snapshot: Snapshot, ranges: Sequence[str], before: Given, reserved: Collection[str]
) -> LoadBalancers:
    """What is to be done; `before` are the addresses given until now, `reserved` those of this host and its network."""
    nodes = tuple(balanced_nodes(snapshot.nodes.values()))
    ours = [service for service in snapshot.services.values() if is_ours(service)]
    taken = {*reserved, *(address for node in nodes for address in node.addresses)}
    pool = allocate((each for each in ours if _has_node_ports(each.spec)), ranges, before, taken)
    return LoadBalancers({service.key: _balanced(service, pool, nodes) for service in ours}, pool.given)


def is_ours(service: Service) -> bool:
    """Whether it is for the cloud provider: a `loadBalancerClass` names another implementation."""
    return service.spec.type == "LoadBalancer" and service.spec.load_balancer_class is None


def balanced_nodes(nodes: Iterable[Node]) -> Iterator[BalancedNode]:
    """The nodes that may be used, as far as their objects tell."""
    for node in nodes:
        addresses = host_ips(node)
        if addresses and serves_load_balancers(node):
            yield BalancedNode(node.metadata.name, addresses)


def health_targets(balancers: LoadBalancers) -> frozenset[HealthTarget]:
    """All that has to be checked."""
    return frozenset(
        target
        for each in balancers.balanced.values()
        for address in each.addresses
        for node in each.nodes
        if (target := _target(each.service, node, family_of(address))) is not None
    )


def frontends(balancers: LoadBalancers, healthy: Collection[HealthTarget]) -> Iterator[Frontend]:
    """The frontends, in the order of the Services' names; `healthy` are the targets whose nodes may be used.

    Without any healthy node connections are refused: Envoy's panic threshold is 0 here.
    """
    for _, each in sorted(balancers.balanced.items()):
        for address in each.addresses:
            usable = [node for node in each.nodes if _target(each.service, node, family_of(address)) in healthy]
            for port in each.service.spec.ports:
                if port.node_port:
                    yield _frontend(each.service, port, address, usable)


def _balanced(service: Service, pool: Pool, nodes: tuple[BalancedNode, ...]) -> Balanced:
    failure = NO_ADDRESS if service.key in pool.full or not pool.addresses(service.key) else ""
    return Balanced(
        service=service,
        addresses=pool.addresses(service.key),
        nodes=nodes,
        failure=failure if _has_node_ports(service.spec) else NO_NODE_PORTS,
        unmet_wish=pool.unmet.get(service.key, ""),
    )


def _has_node_ports(spec: ServiceSpec) -> bool:
    return any(port.node_port for port in spec.ports)


def _target(service: Service, node: BalancedNode, family: str) -> HealthTarget | None:
    """The Service's health check node port where the nodes differ, the proxy's own health where they do not."""
    address = node.address_of(family)
    if not address:
        return None
    if has_health_check(service):
        return HealthTarget(node.name, address, service.spec.health_check_node_port, "/")
    return HealthTarget(node.name, node.addresses[0], HEALTHZ_PORT, "/healthz")


def _frontend(service: Service, port: ServicePort, address: str, nodes: Iterable[BalancedNode]) -> Frontend:
    protocol = Protocol(port.protocol or "TCP")
    family = family_of(address)
    endpoints = tuple(Endpoint(node.address_of(family), port.node_port, node.name) for node in nodes)
    return Frontend(
        FrontendKey(address, port.port, protocol),
        FrontendKind.LOAD_BALANCER,
        ServicePortName(*service.key, port.name, protocol),
        endpoints,
        endpoints,
        affinity_seconds=affinity_seconds(service),
        source_ranges=source_ranges_of(_source_ranges(service), family),
    )


def _source_ranges(service: Service) -> Iterable[str]:
    """The field, else the annotation, which load balancers honour and kube-proxy does not."""
    written = service.metadata.annotations.get(ANNOTATION_SOURCE_RANGES, "")
    return service.spec.load_balancer_source_ranges or [each for each in written.split(",") if each.strip()]
