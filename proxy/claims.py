"""Pure: whose address is it? What this node may bind, what it may claim, and what it must leave to others.

A Service may name any address (CVE-2020-8554); to claim another host's would cut that host off.
"""

from collections.abc import Container, Mapping
from ipaddress import ip_address
from typing import NamedTuple, TypeAlias

import msgspec

from .addresstext import is_loopback_address, is_within
from .hostfacts import HostFacts
from .model import FrontendKind, FrontendState, FrontendStatus


class Bind(msgspec.Struct, frozen=True):
    """The host has the address."""


class Claim(msgspec.Struct, frozen=True):
    """The address is nobody's, and inside a range that is ours to use: claim it, then bind it."""


class Elsewhere(msgspec.Struct, frozen=True):
    """Another host serves the address."""

    reason: str


class Refused(msgspec.Struct, frozen=True):
    """The address may not be claimed, and nobody is known to serve it."""

    reason: str


Decision: TypeAlias = Bind | Claim | Elsewhere | Refused


class ClaimPolicy(NamedTuple):
    """What may be claimed, and whose addresses may not; ranges are CIDRs, addresses canonical text."""

    service_ranges: tuple[str, ...] = ()
    external_ip_ranges: tuple[str, ...] = ()
    load_balancer_ip_ranges: tuple[str, ...] = ()
    other_nodes: Mapping[str, str] = {}  # address to the name of its Node, without this node
    pods: Container[str] = frozenset()
    resolvers: frozenset[str] = frozenset()


_RANGE_FLAG = {
    FrontendKind.CLUSTER_IP: "--service-cluster-ip-range",
    FrontendKind.EXTERNAL_IP: "--external-ip-range",
    FrontendKind.LOAD_BALANCER: "--load-balancer-ip-range",
}


def decide(address: str, kind: FrontendKind, facts: HostFacts, policy: ClaimPolicy) -> Decision:
    """What to do about a frontend's address."""
    if kind is FrontendKind.NODE_PORT:
        return Bind()  # chosen from the node's own addresses
    allowed = is_within(address, _ranges(kind, policy))
    if is_loopback_address(address):
        return Bind() if allowed else Refused(f"{address} is a loopback address")
    if address in facts.own:
        return Bind()
    if kind is FrontendKind.CLUSTER_IP:
        return Claim() if allowed else Refused(_outside(address, kind))
    return _decide_foreign(address, kind, facts, policy, allowed=allowed)


def _decide_foreign(
    address: str,
    kind: FrontendKind,
    facts: HostFacts,
    policy: ClaimPolicy,
    *,
    allowed: bool,
) -> Decision:
    """An address that anybody may have written into a manifest, and that is not this host's."""
    if special := _special(address):
        return Refused(f"{address} is {special} address")
    if owner := _owner(address, facts, policy):
        return Elsewhere(f"{address} is the address of {owner}")
    if allowed:
        return Claim()
    if kind is FrontendKind.LOAD_BALANCER:
        return Elsewhere(f"{address} is the load balancer's: {_outside(address, kind)}")
    return Refused(_outside(address, kind))


def status_of(decision: Elsewhere | Refused) -> FrontendStatus:
    """The status of a frontend that is not ours to serve."""
    state = FrontendState.SERVED_ELSEWHERE if isinstance(decision, Elsewhere) else FrontendState.FAILED
    return FrontendStatus(state, decision.reason)


def _ranges(kind: FrontendKind, policy: ClaimPolicy) -> tuple[str, ...]:
    match kind:
        case FrontendKind.CLUSTER_IP:
            return policy.service_ranges
        case FrontendKind.EXTERNAL_IP:
            return policy.external_ip_ranges
        case _:
            return policy.load_balancer_ip_ranges


def _special(address: str) -> str:
    number = ip_address(address)
    if number.is_link_local:
        return "a link-local"
    if number.is_multicast:
        return "a multicast"
    if number.is_unspecified:
        return "the unspecified"
    return ""


def _owner(address: str, facts: HostFacts, policy: ClaimPolicy) -> str:
    if node := policy.other_nodes.get(address):
        return f"Node {node}"
    if address in policy.pods:
        return "a Pod"
    if address in facts.gateways:
        return "a gateway"
    if address in policy.resolvers:
        return "a resolver"
    return ""


def _outside(address: str, kind: FrontendKind) -> str:
    return f"{address} is not an address of this node, and not in {_RANGE_FLAG[kind]}"
