"""Pure: what this node's proxy should be doing: frontends, less what others serve, less loops."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from controlplane.netaddr import sloppy_address
from controlplane.objects import NamespacedName, Pod
from controlplane.snapshot import Snapshot

from .addresstext import canonical
from .claims import Claim, ClaimPolicy, Elsewhere, Refused, decide, status_of
from .frontends import Conflict, FrontendCache, Frontends, NamedAddress, ServiceFrontends
from .hostfacts import HostFacts
from .loops import Loop, loops_of, without_endpoints
from .model import Frontend, FrontendKey, FrontendKind, FrontendState, FrontendStatus
from .nodeview import NodeView
from .options import ProxyOptions

_SERVED_BY_DNS = FrontendStatus(FrontendState.SERVED_ELSEWHERE, "served here by the DNS server")


class Desired(msgspec.Struct, frozen=True, kw_only=True):
    """What the reconciler makes true."""

    generation: int = 0  # the Snapshot's
    frontends: Mapping[FrontendKey, Frontend] = msgspec.field(default_factory=dict)
    claims: frozenset[str] = frozenset()  # the addresses to claim, those of the DNS server among them
    elsewhere: Mapping[FrontendKey, FrontendStatus] = msgspec.field(default_factory=dict)  # what is not served, and why
    conflicts: tuple[Conflict, ...] = ()
    loops: tuple[Loop, ...] = ()


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What is known besides the Snapshot."""

    node: NodeView
    facts: HostFacts = HostFacts()
    options: ProxyOptions = ProxyOptions()
    resolvers: frozenset[str] = frozenset()  # the name servers that this host asks
    served_by_dns: frozenset[FrontendKey] = frozenset()  # the DNS server's own sockets


class DesiredMaker:
    """Makes one after the other; one changed Service among many costs little more than that Service."""

    def __init__(self) -> None:
        self._cache = FrontendCache()
        self._around: Surroundings | None = None
        self._claimed: set[NamedAddress] = set()  # the clusterIPs, in which no other node and no pod plays a part

    def make(self, snapshot: Snapshot, around: Surroundings) -> Desired:
        """What the snapshot means for this node."""
        if around != self._around:
            self._around, self._claimed = around, set()
        merged = self._cache.update(snapshot, around.node, around.options)
        claims, foreign = self._judge(merged.by_service.values(), _policy(snapshot, around), around.facts)
        elsewhere = _elsewhere(merged, foreign)
        elsewhere |= {key: _SERVED_BY_DNS for key in around.served_by_dns if key in merged.frontends}
        served = dict(merged.frontends)
        for key in elsewhere:
            del served[key]
        return Desired(
            generation=snapshot.generation,
            frontends=served,
            claims=claims,
            elsewhere=elsewhere,
            conflicts=merged.conflicts,
            loops=_refuse_loops(served, merged.by_service),
        )

    def _judge(
        self, services: Iterable[ServiceFrontends], policy: ClaimPolicy, facts: HostFacts
    ) -> tuple[frozenset[str], dict[NamedAddress, FrontendStatus]]:
        """The addresses to claim, and those that are not ours to serve."""
        named_addresses = frozenset[NamedAddress]().union(*(each.named_addresses for each in services))
        self._claimed = claimed = self._claimed & named_addresses
        claims = {named.address for named in claimed}
        foreign: dict[NamedAddress, FrontendStatus] = {}
        for named in named_addresses - claimed:
            decision = decide(named.address, named.kind, facts, policy)
            if isinstance(decision, Claim):
                claims.add(named.address)
                if named.kind is FrontendKind.CLUSTER_IP:
                    claimed.add(named)
            elif isinstance(decision, Elsewhere | Refused):
                foreign[named] = status_of(decision)
        return frozenset(claims), foreign


def _elsewhere(merged: Frontends, foreign: Mapping[NamedAddress, FrontendStatus]) -> dict[FrontendKey, FrontendStatus]:
    """The frontends on addresses that are not ours to serve."""
    if not foreign:
        return {}
    return {
        key: status
        for each in merged.by_service.values()
        if not foreign.keys().isdisjoint(each.named_addresses)
        for key, frontend in each.frontends.items()
        if merged.frontends[key] is frontend
        if (status := foreign.get(NamedAddress(key.address, frontend.kind))) is not None
    }


def _policy(snapshot: Snapshot, around: Surroundings) -> ClaimPolicy:
    return ClaimPolicy(
        service_ranges=around.options.service_ranges,
        external_ip_ranges=around.options.external_ip_ranges,
        load_balancer_ip_ranges=around.options.load_balancer_ip_ranges,
        other_nodes={
            canonical(address.address): name
            for name, node in snapshot.nodes.items()
            if name != around.node.name
            for address in node.status.addresses
            if sloppy_address(address.address) is not None
        },
        pods=_PodAddresses(snapshot.pods),
        resolvers=around.resolvers,
    )


class _PodAddresses:
    """The addresses of all pods, gathered when somebody asks: most snapshots name no address that a pod could have."""

    def __init__(self, pods: Mapping[NamespacedName, Pod]) -> None:
        self._pods = pods
        self._addresses: frozenset[str] | None = None

    def __contains__(self, address: object) -> bool:
        if self._addresses is None:
            self._addresses = frozenset(canonical(ip) for pod in self._pods.values() for ip in _ips(pod))
        return address in self._addresses


def _ips(pod: Pod) -> Iterator[str]:
    if pod.status.pod_ip:
        yield pod.status.pod_ip
    for each in pod.status.pod_ips:
        yield each.ip


def _refuse_loops(
    served: dict[FrontendKey, Frontend], services: Mapping[NamespacedName, ServiceFrontends]
) -> tuple[Loop, ...]:
    """Take endpoints that are frontends of ours out of `served`."""
    addresses = {key.address for key in served}
    found: dict[Loop, None] = {}
    for each in services.values():
        if addresses.isdisjoint(each.endpoint_addresses):
            continue
        for key, frontend in each.frontends.items():
            if served.get(key) is frontend and (refused := loops_of(frontend, served)):
                served[key] = without_endpoints(frontend, refused)
                found.update({Loop(frontend.service, endpoint): None for endpoint in sorted(refused)})
    return tuple(found)
