"""Pure: what an address and port are to a client, and which node's proxy decides about it."""

from typing import NamedTuple, TypeAlias

from controlplane.objects import Pod, Service
from controlplane.podstatus import pod_addresses
from proxy.addresstext import canonical, is_loopback_address, is_within
from proxy.desired import Desired
from proxy.model import Frontend, FrontendKey, FrontendKind, FrontendState, FrontendStatus, Protocol

from .model import Question
from .origin import Origin, OriginKind
from .world import World


class Ported(NamedTuple):
    """A frontend of a node's proxy: what it has, and why it does not serve it where it does not."""

    node: str
    frontend: Frontend
    elsewhere: FrontendStatus | None
    desired: Desired


class Balancers(NamedTuple):
    """An address of a load balancer in front of the nodes."""

    service: Service
    address: str


class NodeAddress(NamedTuple):
    """An address that a node answers for, at a port that none of its frontends has."""

    node: str
    key: FrontendKey
    service: Service | None  # whose address it is, else it is the node's own


class PodAddress(NamedTuple):
    """A pod's own address."""

    pod: Pod


class Unreachable(NamedTuple):
    """A clusterIP, for somebody outside."""

    text: str
    service: Service


class Nobodys(NamedTuple):
    """An address of the Service range that was given to nobody."""


class OwnLoopback(NamedTuple):
    """The loopback address in a pod's own network."""


class Outside(NamedTuple):
    """An address that the cluster knows nothing of."""


Destination: TypeAlias = Ported | Balancers | NodeAddress | PodAddress | Unreachable | Nobodys | OwnLoopback | Outside


def key_of(address: str, question: Question, port: int = 0) -> FrontendKey:
    """Where the question goes, as the proxy's key."""
    return FrontendKey(address, port or question.port, Protocol(question.protocol))


def destination_of(
    world: World, origin: Origin, address: str, question: Question, *, node: str = "", port: int = 0
) -> Destination:
    """What is there for the client; `node` and `port` are where a load balancer sends it."""
    key = key_of(address, question, port)
    if is_loopback_address(address) and not is_within(address, world.options.service_ranges):
        return _loopback(world, origin, key)
    service = world.service_at(address)
    owner = world.node_of_address(address)
    decider = node or (owner.metadata.name if owner is not None else origin.node)
    if service is None and owner is None:
        return _unnamed(world, address)
    if not decider:
        return _from_outside(world, service, key)
    return _at(world, decider, key, service)


def _at(world: World, node: str, key: FrontendKey, service: Service | None) -> Destination:
    """What a node's proxy has there."""
    desired = world.desired_at(node, key)
    elsewhere = desired.elsewhere.get(key)
    frontend = desired.frontends.get(key) or _made(world, node, key, desired)
    if frontend is None:
        return NodeAddress(node, key, service)
    is_balancers = frontend.kind is FrontendKind.LOAD_BALANCER and elsewhere is not None
    if is_balancers and elsewhere is not None and elsewhere.state is FrontendState.SERVED_ELSEWHERE and service:
        return Balancers(service, key.address)
    return Ported(node, frontend, elsewhere, desired)


def _made(world: World, node: str, key: FrontendKey, desired: Desired) -> Frontend | None:
    """The frontend that is another's to serve: it is made, and then left out."""
    return world.made_at(node, key) if key in desired.elsewhere else None


def _from_outside(world: World, service: Service | None, key: FrontendKey) -> Destination:
    """A client outside, and an address that is no node's."""
    assert service is not None
    if key.address in _cluster_ips(service):
        return Unreachable("a clusterIP is known to nodes only, and outside no route leads to it", service)
    if any(canonical(each.ip) == key.address for each in service.status.load_balancer.ingress if each.ip):
        return Balancers(service, key.address)
    return _at(world, world.own_node, key, service)


def _cluster_ips(service: Service) -> set[str]:
    return {canonical(each) for each in service.spec.cluster_ips or (service.spec.cluster_ip,)}


def _loopback(world: World, origin: Origin, key: FrontendKey) -> Destination:
    shares = origin.pod is not None and origin.pod.spec.host_network
    if origin.kind is OriginKind.NODE or shares:
        return _at(world, origin.node, key, None)
    return OwnLoopback() if origin.kind is OriginKind.POD else Outside()


def _unnamed(world: World, address: str) -> Destination:
    for pod in world.snapshot.pods.values():
        if address in (str(each) for each in pod_addresses(pod)):
            return PodAddress(pod)
    return Nobodys() if is_within(address, world.options.service_ranges) else Outside()
