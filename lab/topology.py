"""Pure: which hosts a lab has, with their addresses and the ports that they serve, as a function of a Snapshot.

Every host hangs on its router by a link of its own: pods on their node, nodes and outside hosts on the fabric, which
stands for the data centre's network and the internet. So no bridge is needed, and to cut one link cuts one host off.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from ipaddress import ip_address, ip_network
from zlib import crc32

import msgspec

from controlplane.objects import NamespacedName, Node, Pod, Protocol
from controlplane.podranges import pod_ranges
from controlplane.snapshot import Snapshot

from .addresses import (
    FABRIC_GATEWAY,
    LOAD_BALANCER,
    OUTSIDE_CLIENT,
    OUTSIDE_DNS,
    OUTSIDE_WEB,
    STRANGER,
    Ranges,
    families,
    gateways,
    internal_addresses,
    last_free,
    of_families,
    version,
)
from .podnames import kernel_hostname

FABRIC = "fabric"
OUTSIDE_NAMES = {"external.example.com": OUTSIDE_WEB}
CLIENT_POD = "client"
OWN_LINK = "eth0"  # of every host; the other end, on its router, has the host's `link_name`


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
    """A machine or pod; `router` is the host at the other end of its link, `gateways` that end's addresses.

    There is a gateway for each of the addresses, of its family and in their order.
    """

    name: str
    role: Role
    addresses: tuple[str, ...]
    router: str
    gateways: tuple[str, ...]
    hostname: str
    pod: NamespacedName | None = None
    node: str = ""
    ports: tuple[Port, ...] = ()
    in_network_of: str = ""  # the host whose network namespace it shares
    routes: tuple[str, ...] = ()  # what the router sends here beyond the addresses: ranges of pods and of Services

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


def link_name(network: str) -> str:
    """The router's end of a host's link, a function of its name, as the network plugins of Kubernetes call it."""
    return f"veth{crc32(network.encode()):08x}"  # 15 characters at the most


class _Served(msgspec.Struct, frozen=True):
    """The ports that Services send to; Kubernetes does not ask that a container declares them."""

    by_pod: Mapping[NamespacedName, set[Port]]  # where an endpoint says which pod it is
    by_address: Mapping[str, set[Port]]  # where it does not


_NO_RANGES = Ranges()


def topology_of(snapshot: Snapshot, ranges: Ranges = _NO_RANGES, before: Topology | None = None) -> Topology:
    """The hosts for a snapshot whose nodes all have addresses and pod ranges, and whose pods are all scheduled.

    They have the families of the cluster's pod ranges. There is a load balancer where it has `ranges`.
    The pod that users stand in stays where it was `before`, as long as its node does.
    """
    versions = families(snapshot.options)
    nodes = _with_external_ips([_node(node, snapshot) for node in snapshot.nodes.values()], ranges.external_ips)
    served = _served(snapshot)
    pods = list(_pods(snapshot, {node.name: node for node in nodes}, served))
    client = _client_as_it_was(before, nodes) or _client_pod(
        nodes, taken={address for pod in pods for address in pod.addresses}
    )
    known = {address for host in (*nodes, *pods, *client) for address in host.addresses}
    balancer = _load_balancer(ranges.load_balancer, versions) if nodes and ranges.load_balancer else ()
    return Topology((*nodes, *pods, *client, *balancer, *_outside(versions), *_endpoint_hosts(served, known)))


def _node(node: Node, snapshot: Snapshot) -> Host:
    name = node.metadata.name
    addresses = internal_addresses(node, families(snapshot.options))
    ranges = of_families(pod_ranges(snapshot.nodes, snapshot.options)[name], [version(each) for each in addresses])
    networks = [ip_network(cidr) for cidr in ranges]
    pods = (pod for pod in snapshot.pods.values() if pod.spec.node_name == name and not pod.spec.host_network)
    known = [version(each) for each in ranges]
    strays = (
        ip for pod in pods for ip in _pod_addresses(pod, known) if not any(ip_address(ip) in each for each in networks)
    )
    return Host(
        name=name,
        role=Role.NODE,
        addresses=addresses,
        router=FABRIC,
        gateways=of_families(FABRIC_GATEWAY, [version(each) for each in addresses]),
        hostname=name,
        node=name,
        routes=(*ranges, *(str(ip_network(address)) for address in strays)),
    )


def _with_external_ips(nodes: list[Host], ranges: Sequence[str]) -> list[Host]:
    """The first node gets what is sent to these ranges, but for those that pods have."""
    if not nodes:
        return nodes
    first, *others = nodes
    taken = {cidr for node in nodes for cidr in node.routes}
    wanted = of_families(ranges, [version(each) for each in first.addresses])
    routes = (*first.routes, *(cidr for cidr in wanted if cidr not in taken))
    return [msgspec.structs.replace(first, routes=routes), *others]


def _pod_ranges(node: Host) -> tuple[str, ...]:
    """The node's own ranges: what comes first among its routes."""
    return of_families(node.routes, [version(each) for each in node.addresses])


def _pod_addresses(pod: Pod, versions: Sequence[int]) -> tuple[str, ...]:
    addresses = (pod.status.pod_ip, *(each.ip for each in pod.status.pod_ips))
    return of_families((address for address in addresses if address), versions)


def _pods(snapshot: Snapshot, nodes: Mapping[str, Host], served: _Served) -> Iterable[Host]:
    """The pods that have an address; those in the host's network share their node's network namespace."""
    for pod in snapshot.pods.values():
        node = nodes.get(pod.spec.node_name)
        ranges = _pod_ranges(node) if node else ()
        addresses = _pod_addresses(pod, [version(each) for each in ranges])
        if node is None or not addresses:
            continue
        shares = pod.spec.host_network
        ports = {*_container_ports(pod), *served.by_pod.get(pod.key, ())}
        others = (port for address in addresses for port in served.by_address.get(address, ()))
        yield Host(
            name=f"{pod.metadata.namespace}.{pod.metadata.name}",
            role=Role.POD,
            addresses=addresses,
            router=node.name,
            gateways=of_families(gateways(ranges), [version(each) for each in addresses]),
            hostname=node.hostname if shares else kernel_hostname(pod, snapshot.options.cluster_domain),
            pod=pod.key,
            node=node.name,
            ports=tuple(sorted(ports if shares else {*ports, *others})),
            in_network_of=node.name if shares else "",
        )


def _container_ports(pod: Pod) -> Iterable[Port]:
    sidecars = (each for each in pod.spec.init_containers if each.restart_policy == "Always")
    for container in (*pod.spec.containers, *sidecars):
        for port in container.ports:
            yield Port(port.container_port, Protocol(port.protocol or "TCP"))


def _served(snapshot: Snapshot) -> _Served:
    by_pod: dict[NamespacedName, set[Port]] = {}
    by_address: dict[str, set[Port]] = {}
    types = {f"IPv{each}" for each in families(snapshot.options)}
    for piece in (piece for slices in snapshot.slices.values() for piece in slices if piece.address_type in types):
        numbers = {Port(port.port, Protocol(port.protocol or "TCP")) for port in piece.ports if port.port}
        for endpoint in piece.endpoints:
            target = endpoint.target_ref
            if target is not None and target.kind == "Pod":
                by_pod.setdefault(NamespacedName(target.namespace, target.name), set()).update(numbers)
            elif endpoint.addresses:
                by_address.setdefault(endpoint.addresses[0], set()).update(numbers)
    return _Served(by_pod, by_address)


def _client_as_it_was(before: Topology | None, nodes: Iterable[Host]) -> tuple[Host, ...]:
    client = next((host for host in before.hosts if host.name == CLIENT_POD), None) if before else None
    if client is None:
        return ()
    node = next((node for node in nodes if node.name == client.node), None)
    return (client,) if node is not None and gateways(_pod_ranges(node)) == client.gateways else ()


def _client_pod(nodes: list[Host], taken: set[str]) -> tuple[Host, ...]:
    """A pod to stand in, on the first node, at the last free address of its range."""
    if not nodes:
        return ()
    node = nodes[0]
    ranges = _pod_ranges(node)
    return (
        Host(
            name=CLIENT_POD,
            role=Role.POD,
            addresses=tuple(last_free(cidr, taken) for cidr in ranges),
            router=node.name,
            gateways=gateways(ranges),
            hostname=CLIENT_POD,
            pod=NamespacedName("default", CLIENT_POD),
            node=node.name,
        ),
    )


def _load_balancer(ranges: Sequence[str], versions: Sequence[int]) -> tuple[Host, ...]:
    """The host in front of the nodes: what is sent to load balancers is routed to it."""
    host = _outside_host("lb.example.com", of_families(LOAD_BALANCER, versions))
    return (msgspec.structs.replace(host, role=Role.LOAD_BALANCER, routes=of_families(ranges, versions)),)


def _outside(versions: Sequence[int]) -> tuple[Host, ...]:
    dns = _outside_host("dns.example.com", of_families(OUTSIDE_DNS, versions))
    return (
        _outside_host("outside", of_families(OUTSIDE_CLIENT, versions)),
        _outside_host("stranger", of_families(STRANGER, versions)),
        _outside_host("external.example.com", of_families(OUTSIDE_WEB, versions), Port(80)),
        msgspec.structs.replace(dns, role=Role.OUTSIDE_DNS),
    )


def _outside_host(name: str, addresses: tuple[str, ...], *ports: Port) -> Host:
    return Host(
        name=name,
        role=Role.OUTSIDE,
        addresses=addresses,
        router=FABRIC,
        gateways=of_families(FABRIC_GATEWAY, [version(each) for each in addresses]),
        hostname=name,
        ports=ports,
    )


def _endpoint_hosts(served: _Served, known: set[str]) -> tuple[Host, ...]:
    """Hosts for hand-written endpoints that are no pod's: the machines outside that such Services lead to."""
    return tuple(
        _outside_host(f"host-{address.replace('.', '-').replace(':', '-')}", (address,), *sorted(ports))
        for address, ports in sorted(served.by_address.items())
        if address not in known
    )
