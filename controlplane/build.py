"""Pure: documents and what was decided before become the next Snapshot; what did not change is not made again."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import attrgetter, itemgetter
from typing import NamedTuple

import msgspec

from . import builtin
from .clusterstate import ClusterState
from .collect import Collected, Collector, Identity, Wanted
from .defaults import with_defaults
from .derive import SliceMaker
from .documents import Document, Reading
from .implied import implied_namespaces, implied_node
from .nodeipam import NodeIpam
from .nodestatus import with_observed
from .objects import (
    Endpoints,
    EndpointSlice,
    LoadBalancerIngress,
    LoadBalancerStatus,
    Namespace,
    NamespacedName,
    Node,
    Pod,
    Service,
    Workload,
)
from .observations import Observed, observations
from .options import ClusterOptions
from .podmaking import PodMaker
from .problems import Problem
from .registry import Registry
from .snapshot import Snapshot
from .writtencorefile import WrittenCorefile, written_corefile

_NAMESPACE = itemgetter(0)  # of a NamespacedName


class Built(NamedTuple):
    """A snapshot, and the state to keep so that the next one decides nothing twice."""

    snapshot: Snapshot
    state: ClusterState


class Builder:
    """Builds one snapshot after the other; `state` is what an earlier run, or the holder of the state, decided."""

    def __init__(self, options: ClusterOptions, state: ClusterState | None = None) -> None:
        self._options = options
        self._state = state or ClusterState()
        self._collector = Collector()
        self._registry = Registry(options, self._state.services)
        self._ipam = NodeIpam(options)
        self._pods = PodMaker(options)
        self._slices = SliceMaker()
        self._implied_nodes = {options.hostname: implied_node(options)}  # one object: what hangs on it is kept
        self._observed_nodes: dict[str, tuple[Node, tuple[str, ...], bool, Node]] = {}
        self._services: Mapping[NamespacedName, Service] = {}
        self._last: Snapshot | None = None
        self._corefile: WrittenCorefile | None = None

    def adopt(self, state: ClusterState) -> None:
        """Take over what another process, the holder of the state, has decided since."""
        if state.services != self._state.services:
            self._registry = Registry(self._options, state.services)
        self._state = state

    def move(self, node_addresses: tuple[str, ...]) -> None:
        """Let this host have other addresses from the next snapshot on."""
        if node_addresses != self._options.node_addresses:
            self._options = msgspec.structs.replace(self._options, node_addresses=node_addresses)
            self._implied_nodes = {self._options.hostname: implied_node(self._options)}

    def build(self, reading: Reading, now: int) -> Built:
        """The snapshot of what was read; `now` is in seconds since 1970, for the SOA serial."""
        collected = _with_builtins(self._collector.collect(reading.documents), self._options)
        judged = self._registry.judge(collected, reading.unreadable)
        assigned = self._ipam.assign(self._nodes(), self._state.node_ranges)
        nodes = assigned.nodes
        services = self._published_services()
        state, registry = self._state, self._registry
        sources: tuple[Pod | Workload, ...] = (*registry.accepted(Pod), *registry.accepted(Workload))
        made = self._pods.make(sources, nodes, state.pods, state.deleted, state.found)
        endpoints = registry.accepted(Endpoints)
        slices = self._slices.make(services, made.pods, nodes, registry.accepted(EndpointSlice), endpoints)
        slices = self._with_dns_slices(slices, services, self._node_addresses(nodes))
        written = {namespace.metadata.name: namespace for namespace in registry.accepted(Namespace)}
        used = set(map(_NAMESPACE, chain(services, made.pods, slices)))
        used.update(piece.metadata.namespace for piece in self._slices.loose)
        implied = implied_namespaces(written, used)
        remarks = observations(collected, Observed(services, slices, made.pods, nodes, endpoints, implied))
        snapshot = self._publish(
            Snapshot(
                generation=0,
                options=self._options,
                namespaces=dict(sorted({**written, **implied}.items())),
                nodes=nodes,
                pods=made.pods,
                services=services,
                slices=slices,
                loose_slices=self._slices.loose,
                endpoints={item.key: item for item in sorted(endpoints, key=attrgetter("key"))},
                problems=_in_order((*reading.problems, *collected.problems, *judged, *remarks)),
                passed_over=collected.passed_over,
                corefile=self._written_corefile(collected.corefiles, reading.unreadable),
            ),
            now,
        )
        self._state = msgspec.structs.replace(
            self._state,
            services=self._registry.stored(),
            pods=made.stored,
            serial=snapshot.serial,
            node_ranges=assigned.given,
        )
        return Built(snapshot, self._state)

    def _written_corefile(self, documents: Iterable[Document], unreadable: frozenset[str]) -> WrittenCorefile | None:
        """The Corefile among the manifests; one in a file that cannot be read now stays as it was."""
        written = written_corefile(documents)
        if written is None and self._corefile is not None and self._corefile.source in unreadable:
            written = self._corefile
        self._corefile = written
        return written

    def _publish(self, snapshot: Snapshot, now: int) -> Snapshot:
        """Number the snapshot; the same content keeps its generation, and its serial unless DNS shows a change."""
        last = self._last
        if last is None:
            serial = max(now, self._state.serial + 1)
            self._last = msgspec.structs.replace(snapshot, generation=1, serial=serial)
            return self._last
        serial = last.serial if _same_to_dns(last, snapshot) else max(now, last.serial + 1)
        numbered = msgspec.structs.replace(snapshot, generation=last.generation, serial=serial)
        if numbered != last:
            self._last = msgspec.structs.replace(numbered, generation=last.generation + 1)
        return self._last or last

    def _nodes(self) -> dict[str, Node]:
        nodes = [self._observed(node) for node in self._registry.accepted(Node)]
        return {node.metadata.name: node for node in nodes} or self._implied_nodes

    def _observed(self, node: Node) -> Node:
        """The Node with what was observed, addresses in families that it has none of; one object as long as it can."""
        name = node.metadata.name
        families = {":" in each.address for each in node.status.addresses if each.type == "InternalIP"}
        addresses = tuple(a for a in self._state.nodes.get(name, ()) if (":" in a) not in families)
        unreachable = name in self._state.unreachable
        if not addresses and not unreachable:
            return node
        before = self._observed_nodes.get(name)
        if before is None or before[:3] != (node, addresses, unreachable):
            before = (node, addresses, unreachable, with_observed(node, addresses, unreachable=unreachable))
            self._observed_nodes[name] = before
        return before[3]

    def _node_addresses(self, nodes: Mapping[str, Node]) -> tuple[str, ...]:
        """Where this node's DNS server is: its InternalIPs, else what the host says."""
        node = nodes.get(self._options.hostname)
        internal = tuple(a.address for a in node.status.addresses if a.type == "InternalIP") if node else ()
        return internal or self._options.node_addresses

    def _with_dns_slices(
        self,
        slices: dict[NamespacedName, tuple[EndpointSlice, ...]],
        services: Mapping[NamespacedName, Service],
        addresses: Sequence[str],
    ) -> dict[NamespacedName, tuple[EndpointSlice, ...]]:
        """Our DNS server is the endpoint of `kube-dns`, unless the manifests bring one that is ready."""
        service = services.get(builtin.DNS_SERVICE)
        if service is None or not addresses:
            return slices
        if any(e.conditions.is_ready for piece in slices.get(service.key, ()) for e in piece.endpoints):
            return slices
        made = builtin.dns_slices(service, addresses, self._options.hostname)
        before = self._last.slices_of(service.key) if self._last else ()
        return {**slices, service.key: before if before == made else made}

    def _published_services(self) -> Mapping[NamespacedName, Service]:
        """The accepted Services, with the addresses that the load balancer gave them as their status."""
        services = self._registry.services()
        given: dict[NamespacedName, Service] = {}
        for name, addresses in self._state.load_balancers.items():
            key = NamespacedName(*name.split("/", 1))
            service = services.get(key)
            if service is not None and service.spec.type == "LoadBalancer" and not service.status.load_balancer.ingress:
                given[key] = _with_ingress(service, addresses, self._services.get(key))
        self._services = {**services, **given} if given else services
        return self._services


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """File by file and document by document; those of one document as they were found."""
    return tuple(sorted(problems, key=attrgetter("source", "document")))


def _with_builtins(collected: Collected, options: ClusterOptions) -> Collected:
    """The objects that every cluster has come first, unless the manifests bring their own."""
    wanted: dict[Identity, Wanted] = {}
    for item in builtin.objects(options):
        identity = Identity(item.kind, item.key)
        if identity not in collected.wanted and identity not in collected.refused:
            document = Document(source="", raw={"kind": item.kind}, digest=f"builtin {identity}")
            wanted[identity] = Wanted(document, with_defaults(item))
    return msgspec.structs.replace(collected, wanted={**wanted, **collected.wanted})


def _with_ingress(service: Service, addresses: Iterable[str], before: Service | None) -> Service:
    ingress = tuple(LoadBalancerIngress(ip=address, ip_mode="VIP") for address in addresses)
    status = msgspec.structs.replace(service.status, load_balancer=LoadBalancerStatus(ingress=ingress))
    after = msgspec.structs.replace(service, status=status)
    return before if before == after else after


def _same_to_dns(one: Snapshot, other: Snapshot) -> bool:
    return (
        one.services == other.services
        and one.slices == other.slices
        and one.pods == other.pods
        and one.namespaces.keys() == other.namespaces.keys()
    )
