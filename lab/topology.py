"""Pure: which hosts a lab has, with their addresses and the ports that they serve, as a function of a Snapshot.

Every host hangs on its router by a link of its own: pods on their node, nodes and outside hosts on the fabric, which
stands for the data centre's network and the internet. So no bridge is needed, and to cut one link cuts one host off.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from ipaddress import ip_network

import msgspec

from controlplane.objects import NamespacedName, Node, Pod, Protocol
from controlplane.podranges import pod_ranges
from controlplane.snapshot import Snapshot

FABRIC = "fabric"
# RFC 5737 keeps 198.51.100.0/24 for documentation: nobody's real host is shadowed by these.
FABRIC_GATEWAY = "198.51.100.1"
OUTSIDE_CLIENT = "198.51.100.10"
OUTSIDE_DNS = "198.51.100.53"
OUTSIDE_WEB = "198.51.100.80"
OUTSIDE_NAMES = {"external.example.com": OUTSIDE_WEB}
CLIENT_POD = "client"


class Role(StrEnum):
    """What runs on a host."""

    NODE = "node"
    POD = "pod"
    OUTSIDE = "outside"  # serves on its ports, or just lets a user in
    OUTSIDE_DNS = "outside DNS"


class Port(msgspec.Struct, frozen=True, order=True):
    """A port that a host serves."""

    number: int
    protocol: Protocol = Protocol.TCP


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """One network namespace; `router` is the host at the other end of its link, `gateway` that end's address."""

    name: str  # of the network namespace
    role: Role
    addresses: tuple[str, ...]
    router: str
    gateway: str
    hostname: str
    pod: NamespacedName | None = None
    node: str = ""
    ports: tuple[Port, ...] = ()
    routes: tuple[str, ...] = ()  # what the router sends here beyond the addresses: pod ranges, load balancer ranges


class Topology(msgspec.Struct, frozen=True):
    """A lab's hosts, routers before what hangs on them."""

    hosts: tuple[Host, ...]

    def named(self, name: str) -> Host:
        """The host of that name. Raises KeyError."""
        return {host.name: host for host in self.hosts}[name]


def topology_of(snapshot: Snapshot, load_balancer_range: str = "") -> Topology:
    """The hosts for a snapshot whose pods are all scheduled; hostNetwork pods live on their node and are no hosts."""
    nodes = [_node(node, snapshot) for node in snapshot.nodes.values()]
    if nodes and load_balancer_range:
        # The first node receives what is sent to load balancers: an announcement in layer 2, as MetalLB makes it.
        nodes[0] = msgspec.structs.replace(nodes[0], routes=(*nodes[0].routes, load_balancer_range))
    gateways = {node.name: _gateway(node) for node in nodes}
    served = _served_ports(snapshot)
    pods = [_pod(pod, gateways, served) for pod in snapshot.pods.values() if _is_host(pod, gateways)]
    client = _client_pod(nodes, gateways, taken={address for pod in pods for address in pod.addresses})
    known = {address for host in (*nodes, *pods, *client) for address in host.addresses}
    return Topology((*nodes, *pods, *client, *_outside(), *_endpoint_hosts(served, known)))


def _node(node: Node, snapshot: Snapshot) -> Host:
    name = node.metadata.name
    addresses = tuple(a.address for a in node.status.addresses if a.type == "InternalIP" and ":" not in a.address)
    return Host(
        name=name,
        role=Role.NODE,
        addresses=addresses[:1],
        router=FABRIC,
        gateway=FABRIC_GATEWAY,
        hostname=name,
        node=name,
        routes=tuple(cidr for cidr in pod_ranges(snapshot.nodes, snapshot.options)[name] if ":" not in cidr),
    )


def _gateway(node: Host) -> str:
    """The first address of the node's pod range, where kubelet's bridge would have it."""
    return str(ip_network(node.routes[0])[1])


def _is_host(pod: Pod, gateways: Mapping[str, str]) -> bool:
    return bool(pod.status.pod_ip) and not pod.spec.host_network and pod.spec.node_name in gateways


def _pod(pod: Pod, gateways: Mapping[str, str], served: Mapping[str, set[Port]]) -> Host:
    return Host(
        name=f"{pod.metadata.namespace}.{pod.metadata.name}",
        role=Role.POD,
        addresses=(pod.status.pod_ip,),
        router=pod.spec.node_name,
        gateway=gateways[pod.spec.node_name],
        hostname=pod.spec.hostname or pod.metadata.name,
        pod=pod.key,
        node=pod.spec.node_name,
        ports=tuple(sorted({*_container_ports(pod), *served.get(pod.status.pod_ip, ())})),
    )


def _container_ports(pod: Pod) -> Iterable[Port]:
    for container in (*pod.spec.containers, *pod.spec.init_containers):
        for port in container.ports:
            yield Port(port.container_port, Protocol(port.protocol or "TCP"))


def _served_ports(snapshot: Snapshot) -> dict[str, set[Port]]:
    """By address, the ports that Services send to; Kubernetes does not ask that a container declares them."""
    ports: dict[str, set[Port]] = {}
    for piece in (piece for slices in snapshot.slices.values() for piece in slices if piece.address_type == "IPv4"):
        numbers = {Port(port.port, Protocol(port.protocol or "TCP")) for port in piece.ports if port.port}
        for endpoint in piece.endpoints:
            if endpoint.addresses:
                ports.setdefault(endpoint.addresses[0], set()).update(numbers)
    return ports


def _client_pod(nodes: list[Host], gateways: Mapping[str, str], taken: set[str]) -> tuple[Host, ...]:
    """A pod to stand in, on the first node, at the last free address of its range."""
    if not nodes:
        return ()
    node = nodes[0]
    network = ip_network(node.routes[0])
    address = next(str(network[-number]) for number in range(2, 64) if str(network[-number]) not in taken)
    return (
        Host(
            name=CLIENT_POD,
            role=Role.POD,
            addresses=(address,),
            router=node.name,
            gateway=gateways[node.name],
            hostname=CLIENT_POD,
            pod=NamespacedName("default", CLIENT_POD),
            node=node.name,
        ),
    )


def _outside() -> tuple[Host, ...]:
    return (
        _outside_host("outside", OUTSIDE_CLIENT),
        _outside_host("external.example.com", OUTSIDE_WEB, Port(80)),
        msgspec.structs.replace(_outside_host("dns.example.com", OUTSIDE_DNS), role=Role.OUTSIDE_DNS),
    )


def _outside_host(name: str, address: str, *ports: Port) -> Host:
    return Host(
        name=name,
        role=Role.OUTSIDE,
        addresses=(address,),
        router=FABRIC,
        gateway=FABRIC_GATEWAY,
        hostname=name,
        ports=ports,
    )


def _endpoint_hosts(served: Mapping[str, set[Port]], known: set[str]) -> tuple[Host, ...]:
    """Hosts for hand-written endpoints that are no pod's: the machines outside that such Services lead to."""
    return tuple(
        _outside_host(f"host-{address.replace('.', '-')}", address, *sorted(ports))
        for address, ports in sorted(served.items())
        if address not in known
    )
