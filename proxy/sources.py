"""Pure: whose packets a frontend's socket takes; the kernel drops the others', so that those clients time out."""

from collections.abc import Collection, Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import TypeAlias

from .addresstext import family_of
from .model import Frontend, FrontendKind

# CIDRs of one family; `()` is nobody, `None` everybody.
Sources: TypeAlias = tuple[str, ...] | None

_Network: TypeAlias = IPv4Network | IPv6Network
_LOOPBACK = ("127.0.0.0/8", "::1/128")


def inside_sources(cluster_cidrs: Iterable[str], own_addresses: Iterable[str]) -> tuple[str, ...]:
    """Whom a node short-circuits under externalTrafficPolicy Local: pods and its own processes, as CIDRs."""
    own = (f"{address}/{128 if ':' in address else 32}" for address in sorted(own_addresses))
    return (*cluster_cidrs, *_LOOPBACK, *own)


def allowed_sources(frontend: Frontend, inside: Collection[str]) -> Sources:
    """Whose packets are let in, of the key's family; `inside` are the CIDRs that `inside_sources` made."""
    if not frontend.internal and not frontend.external:
        return ()
    ranges = frontend.source_ranges or None
    if frontend.external or frontend.kind is FrontendKind.CLUSTER_IP:
        return ranges
    family = family_of(frontend.key.address)
    near = tuple(cidr for cidr in inside if family_of(cidr) == family)
    return near if ranges is None else intersection(near, ranges)


def intersection(some: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """The CIDRs that hold what is in both; all are of one family."""
    other_networks = [ip_network(each, strict=False) for each in others]
    shared = [
        narrower
        for each in some
        for other in other_networks
        if (narrower := _narrower(ip_network(each, strict=False), other))
    ]
    return tuple(str(each) for each in _merged(shared))


def _narrower(one: _Network, other: _Network) -> _Network | None:
    """Of two networks one holds the other, or they have nothing in common."""
    if not one.overlaps(other):
        return None
    return one if one.prefixlen >= other.prefixlen else other


def _merged(networks: Collection[_Network]) -> Iterable[_Network]:
    v4 = [each for each in networks if isinstance(each, IPv4Network)]
    v6 = [each for each in networks if isinstance(each, IPv6Network)]
    return [*collapse_addresses(v4), *collapse_addresses(v6)]
