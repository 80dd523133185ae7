"""Pure: which hosts a lab has, with their addresses and the ports that they serve, as a function of a Snapshot.

Every host hangs on its router by a link of its own: pods on their node, nodes and outside hosts on the fabric, which
stands for the data centre's network and the internet. So no bridge is needed, and to cut one link cuts one host off.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from ipaddress import ip_address, ip_network

import msgspec

from controlplane.objects import NamespacedName, Node, Pod, Protocol
from controlplane.podranges import pod_ranges
from controlplane.snapshot import Snapshot

FABRIC = "fabric"
# RFC 5737 keeps 198.51.100.0/24 for documentation: nobody's real host is shadowed by these.
FABRIC_GATEWAY = "198.51.100.1"
LOAD_BALANCER = "198.51.100.2"
OUTSIDE_CLIENT = "198.51.100.10"
OUTSIDE_DNS = "198.51.100.53"
OUTSIDE_WEB = "198.51.100.80"
OUTSIDE_NAMES = {"external.example.com": OUTSIDE_WEB}
CLIENT_POD = "client"
NODE_NETWORK = "10.240.0.0/24"  # the nodes whose manifests say no address


class Role(StrEnum):
    """What runs on a host."""

    NODE = "node"
    POD = "pod"
    OUTSIDE = "outside"  # serves on its ports, or just lets a user in
    OUTSIDE_DNS = "outside DNS"
    LOAD_BALANCER = "load balancer"


class Port(msgspec.Struct, frozen=True, order=True):
    """A port that a host serves."""

    number: int
    protocol: Protocol = Protocol.TCP


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """A machine or pod; `router` is the host at the other end of its link, `gateway` that end's address."""

    name: str
    role: Role
    addresses: tuple[str, ...]
    router: str
    gateway: str
    hostname: str
    pod: NamespacedName | None = None
    node: str = ""
    ports: tuple[Port, ...] = ()
    in_network_of: str = ""  # the host whose network namespace it shares
    routes: tuple[str, ...] = ()  # what the router sends here beyond the addresses: pod ranges, load balancer ranges

    @property
    def network(self) -> str:
        """The name of the network namespace that it is in."""
        return self.in_network_of or self.name


class Topology(msgspec.Struct, frozen=True):
    """A lab's hosts, routers before what hangs on them."""

    hosts: tuple[Host, ...]

    @property
    def networks(self) -> tuple[Host, ...]:
        """The hosts that have a network namespace of their own."""
        return tuple(host for host in self.hosts if not host.in_network_of)

    def named(self, name: str) -> Host:
        """The host of that name. Raises KeyError."""
        return {host.name: host for host in self.hosts}[name]


class _Served(msgspec.Struct, frozen=True):
    """The ports that Services send to; Kubernetes does not ask that a container declares them."""

    by_pod: Mapping[NamespacedName, set[Port]]  # where an endpoint says which pod it is
    by_address: Mapping[str, set[Port]]  # where it does not


def topology_of(snapshot: Snapshot, load_balancer_range: str = "") -> Topology:
    """The hosts for a snapshot whose nodes all have an address and a pod range, and whose pods are all scheduled."""
    nodes = [_node(node, snapshot) for node in snapshot.nodes.values()]
    served = _served(snapshot)
    pods = list(_pods(snapshot, {node.name: node for node in nodes}, served))
    client = _client_pod(nodes, taken={address for pod in pods for address in pod.addresses})
    known = {address for host in (*nodes, *pods, *client) for address in host.addresses}
    balancer = _load_balancer(load_balancer_range) if nodes and load_balancer_range else ()
    return Topology((*nodes, *pods, *client, *balancer, *_outside(), *_endpoint_hosts(served, known)))


def node_addresses(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """Addresses for the nodes that have none, by name: free ones of the network that nodes are in."""
    without = [name for name, node in snapshot.nodes.items() if not _address(node)]
    taken = {each.address for node in snapshot.nodes.values() for each in node.status.addresses}
    free = (str(address) for address in ip_network(NODE_NETWORK).hosts() if str(address) not in taken)
    return {name: (address,) for name, address in zip(without, free, strict=False)}


def _address(node: Node) -> str:
    found = (each.address for each in node.status.addresses if each.type == "InternalIP" and ":" not in each.address)
    return next(found, "")


def _node(node: Node, snapshot: Snapshot) -> Host:
    name = node.metadata.name
    ranges = tuple(cidr for cidr in pod_ranges(snapshot.nodes, snapshot.options)[name] if ":" not in cidr)
    networks = [ip_network(cidr) for cidr in ranges]
    pods = (pod for pod in snapshot.pods.values() if pod.spec.node_name == name and not pod.spec.host_network)
    strays = (ip for pod in pods if (ip := _pod_address(pod)) and not any(ip_address(ip) in each for each in networks))
    return Host(
        name=name,
        role=Role.NODE,
        addresses=(_address(node),),
        router=FABRIC,
        gateway=FABRIC_GATEWAY,
        hostname=name,
        node=name,
        routes=(*ranges, *(f"{address}/32" for address in strays)),
    )


def _gateway(node: Host) -> str:
    """The first address of the node's pod range, where kubelet's bridge would have it."""
    return str(ip_network(node.routes[0])[1])


def _pod_address(pod: Pod) -> str:
    addresses = (pod.status.pod_ip, *(each.ip for each in pod.status.pod_ips))
    return next((address for address in addresses if address and ":" not in address), "")


def _pods(snapshot: Snapshot, nodes: Mapping[str, Host], served: _Served) -> Iterable[Host]:
    """The pods that have an address; those in the host's network share their node's network namespace."""
    for pod in snapshot.pods.values():
        node = nodes.get(pod.spec.node_name)
        address = _pod_address(pod)
        if node is None or not address:
            continue
        shares = pod.spec.host_network
        ports = {*_container_ports(pod), *served.by_pod.get(pod.key, ())}
        yield Host(
            name=f"{pod.metadata.namespace}.{pod.metadata.name}",
            role=Role.POD,
            addresses=(address,),
            router=node.name,
            gateway=_gateway(node),
            hostname=node.hostname if shares else pod.spec.hostname or pod.metadata.name,
            pod=pod.key,
            node=node.name,
            ports=tuple(sorted(ports if shares else {*ports, *served.by_address.get(address, ())})),
            in_network_of=node.name if shares else "",
        )


def _container_ports(pod: Pod) -> Iterable[Port]:
    for container in (*pod.spec.containers, *pod.spec.init_containers):
        for port in container.ports:
            yield Port(port.container_port, Protocol(port.protocol or "TCP"))


def _served(snapshot: Snapshot) -> _Served:
    by_pod: dict[NamespacedName, set[Port]] = {}
    by_address: dict[str, set[Port]] = {}
    for piece in (piece for slices in snapshot.slices.values() for piece in slices if piece.address_type == "IPv4"):
        numbers = {Port(port.port, Protocol(port.protocol or "TCP")) for port in piece.ports if port.port}
        for endpoint in piece.endpoints:
            target = endpoint.target_ref
            if target is not None and target.kind == "Pod":
                by_pod.setdefault(NamespacedName(target.namespace, target.name), set()).update(numbers)
            elif endpoint.addresses:
                by_address.setdefault(endpoint.addresses[0], set()).update(numbers)
    return _Served(by_pod, by_address)


def _client_pod(nodes: list[Host], taken: set[str]) -> tuple[Host, ...]:
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
            gateway=_gateway(node),
            hostname=CLIENT_POD,
            pod=NamespacedName("default", CLIENT_POD),
            node=node.name,
        ),
    )


def _load_balancer(load_balancer_range: str) -> tuple[Host, ...]:
    """The host in front of the nodes: what is sent to load balancers is routed to it."""
    host = _outside_host("lb.example.com", LOAD_BALANCER)
    return (msgspec.structs.replace(host, role=Role.LOAD_BALANCER, routes=(load_balancer_range,)),)


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


def _endpoint_hosts(served: _Served, known: set[str]) -> tuple[Host, ...]:
    """Hosts for hand-written endpoints that are no pod's: the machines outside that such Services lead to."""
    return tuple(
        _outside_host(f"host-{address.replace('.', '-')}", address, *sorted(ports))
        for address, ports in sorted(served.by_address.items())
        if address not in known
    )
