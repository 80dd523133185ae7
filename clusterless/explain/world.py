"""Pure: all that an explanation is a function of, and what each node's proxy and the DNS server make of it."""

import typing
from collections.abc import Iterable, Mapping

import msgspec

from clusterless.node.dnskeys import dns_service_keys
from controlplane.nodeaddresses import host_ips
from controlplane.objects import NamespacedName, Node, Service, ServicePort
from controlplane.snapshot import Snapshot
from dns.config import DEFAULT_PORT, DnsConfig
from dns.counters import Counters
from dns.pipeline import Pipeline
from dns.records import ClusterRecords
from dns.serverblocks import ReadUpstreams, server_blocks
from proxy.addresstext import canonical
from proxy.desired import Desired, DesiredMaker, Surroundings
from proxy.frontends import frontends_of
from proxy.hostfacts import HostAddress, HostFacts
from proxy.model import Endpoint, Frontend, FrontendKey, FrontendStatus, ServicePortName
from proxy.nodeview import NodeView, node_view
from proxy.options import ProxyOptions


class Live(typing.Protocol):
    """What only a running agent knows, of its own node."""

    def status_of(self, key: FrontendKey) -> FrontendStatus | None:
        """How the frontend stands; `None` if there is none."""
        ...

    def resets(self, key: FrontendKey) -> bool:
        """Whether clients that may not come in are reset, since the kernel may not drop their packets."""
        ...

    def connections_of(self, service: ServicePortName) -> Mapping[Endpoint, int]:
        """Open connections and flows by endpoint, also to endpoints that left."""
        ...

    def opened_of(self, service: ServicePortName) -> Mapping[Endpoint, int]:
        """How many connections each endpoint got since it is one."""
        ...

    def pins_of(self, service: ServicePortName, timeout: float) -> Mapping[str, tuple[Endpoint, float]]:
        """Session affinities: each client's endpoint, and the seconds that are left."""
        ...


def no_upstreams(_path: str) -> tuple[()]:
    """For a server whose resolv.conf is not known."""
    return ()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is given: the cluster, how proxy and DNS are set up, and what a running agent knows besides.

    `node` is the node that is meant where nobody names one. `host` and `desired` are those of the agent's own node;
    without them each node is imagined to have its Node's addresses. `place` says where an object's field was written.
    """

    snapshot: Snapshot
    options: ProxyOptions
    dns: DnsConfig
    node: str
    read_upstreams: ReadUpstreams = no_upstreams
    host: HostFacts | None = None
    resolvers: frozenset[str] = frozenset()
    desired: Desired | None = None
    live: Live | None = None
    place: typing.Callable[[str, NamespacedName, str], str] = lambda _kind, _key, _path: ""


class World:
    """The facts, with what follows from them; made for one explanation or a few, and then thrown away."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.snapshot = facts.snapshot
        self.options = facts.options
        self._desired: dict[tuple[str, str, int], Desired] = {}

    @property
    def own_node(self) -> str:
        """The node that is meant where nobody names one."""
        if self.facts.node in self.snapshot.nodes:
            return self.facts.node
        return next(iter(self.snapshot.nodes), self.facts.node)

    def live_at(self, node: str) -> Live | None:
        """What is known of a node beyond its manifest."""
        return self.facts.live if node == self.facts.node else None

    def host_facts(self, name: str) -> HostFacts:
        """The addresses of a node."""
        if self.facts.host is not None and name == self.facts.node:
            return self.facts.host
        node = self.snapshot.nodes.get(name)
        addresses = [each.address for each in node.status.addresses if each.type in _ADDRESSES] if node else []
        loopback = HostAddress("127.0.0.1", 8, "lo")
        own = (HostAddress(canonical(each), 128 if ":" in each else 32, "eth0") for each in addresses)
        return HostFacts((loopback, *own))

    def view(self, name: str) -> NodeView:
        """The node as its frontends see it."""
        return node_view(self.snapshot.nodes, name, self.host_facts(name), self.options)

    def desired_at(self, node: str, key: FrontendKey) -> Desired:
        """What the node's proxy does about an address and port: its own whole plan, or one made for all contenders."""
        if self.facts.desired is not None and node == self.facts.node:
            return self.facts.desired
        known = self._desired.get((node, key.address, key.port))
        if known is None:
            services = contenders(self.snapshot, key.address, key.port)
            part = msgspec.structs.replace(self.snapshot, services=services)
            known = self._desired[node, key.address, key.port] = DesiredMaker().make(part, self._around(node))
        return known

    def made_at(self, node: str, key: FrontendKey) -> Frontend | None:
        """The frontend that Services would have there on the node, whoever serves it."""
        services = contenders(self.snapshot, key.address, key.port)
        part = msgspec.structs.replace(self.snapshot, services=services)
        return frontends_of(part, self.view(node), self.options).get(key)

    def _around(self, node: str) -> Surroundings:
        return Surroundings(
            node=self.view(node),
            facts=self.host_facts(node),
            options=self.options,
            resolvers=self.facts.resolvers,
            served_by_dns=dns_service_keys(self.snapshot),
        )

    def node_of_address(self, address: str) -> Node | None:
        """The Node that has the address."""
        return next((node for node in self.snapshot.nodes.values() if address in _addresses_of(node)), None)

    def pipeline(self) -> Pipeline:
        """The cluster's DNS server as its Corefile makes it, without what it has cached."""
        local = host_ips(node) if (node := self.snapshot.nodes.get(self.own_node)) else ()
        servers = [each for each in self.facts.dns.servers if each.port == DEFAULT_PORT] or self.facts.dns.servers
        blocks = {
            zone: block
            for settings in servers
            for zone, block in server_blocks(settings, self.facts.read_upstreams, local).items()
        }
        pipeline = Pipeline(blocks, Counters())
        wanted = {block.record_options for block in blocks.values() if block.record_options is not None}
        pipeline.records = {options: ClusterRecords.of(self.snapshot, options) for options in wanted}
        return pipeline

    def place(self, kind: str, key: NamespacedName, path: str) -> str:
        """Where a field of an object was written, FILE:LINE:COLUMN, or `""`."""
        return self.facts.place(kind, key, path)

    def only(self, service: Service) -> Snapshot:
        """The snapshot without the other Services."""
        return msgspec.structs.replace(self.snapshot, services={service.key: service})

    def service_at(self, address: str) -> Service | None:
        """The Service whose object names the address as one of its own."""
        return next((each for each in self.snapshot.services.values() if address in addresses_of(each)), None)


_ADDRESSES = ("InternalIP", "ExternalIP")


def _addresses_of(node: Node) -> set[str]:
    return {canonical(each.address) for each in node.status.addresses if each.type in _ADDRESSES}


def addresses_of(service: Service) -> tuple[str, ...]:
    """The addresses that a Service's object names: cluster IPs, external IPs, the load balancer's."""
    ingress = (each.ip for each in service.status.load_balancer.ingress if each.ip)
    named = (*(service.spec.cluster_ips or (service.spec.cluster_ip,)), *service.spec.external_ips, *ingress)
    return tuple(canonical(each) for each in named if each not in ("", "None"))


def contenders(snapshot: Snapshot, address: str, port: int) -> dict[NamespacedName, Service]:
    """The Services that may have a frontend there, and those whose addresses are among these Services' endpoints."""
    found = {key: each for key, each in snapshot.services.items() if _may_have(each, address, port)}
    pieces = [piece for key in found for piece in snapshot.slices_of(key)]
    behind = {endpoint.addresses[0] for piece in pieces for endpoint in piece.endpoints if endpoint.addresses}
    ports = {each.port for piece in pieces for each in piece.ports}
    return {
        key: each
        for key, each in snapshot.services.items()
        if key in found or not behind.isdisjoint(addresses_of(each)) or any(p.node_port in ports for p in _open(each))
    }


def _may_have(service: Service, address: str, port: int) -> bool:
    return address in addresses_of(service) or any(each.node_port == port for each in service.spec.ports)


def _open(service: Service) -> Iterable[ServicePort]:
    return (each for each in service.spec.ports if each.node_port)
