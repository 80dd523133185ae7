"""Pure: the addresses that a lab gives to those whose manifests say none, in the families that its cluster has."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import msgspec

from controlplane.objects import Node
from controlplane.options import ClusterOptions

IPV6 = 6

# RFC 5737 and RFC 3849 keep 198.51.100.0/24 and 2001:db8::/32 for documentation: nobody's real host is shadowed.
FABRIC_GATEWAY = ("198.51.100.1", "2001:db8::1")
LOAD_BALANCER = ("198.51.100.2", "2001:db8::2")
OUTSIDE_CLIENT = ("198.51.100.10", "2001:db8::10")
OUTSIDE_DNS = ("198.51.100.53", "2001:db8::53")
OUTSIDE_WEB = ("198.51.100.80", "2001:db8::80")
STRANGER = ("198.51.100.200", "2001:db8::200")  # in the half of the outside that configs/manifests keep out
_NODE_NETWORKS = ("10.240.0.0/24", "fd00:240::/64")


class Ranges(msgspec.Struct, frozen=True, kw_only=True):
    """CIDRs of addresses that Services have and no host is given: whose they are, the fabric knows."""

    load_balancer: tuple[str, ...] = ()  # sent to the load balancer
    external_ips: tuple[str, ...] = ()  # sent to the first node


# RFC 5737's third documentation network, where configs/manifests have their load balancer's address, and its first.
RANGES = Ranges(
    load_balancer=("203.0.113.0/24", "2001:db8:203::/112"),
    external_ips=("192.0.2.0/24", "2001:db8:192::/112"),
)


def version(text: str) -> int:
    """The IP version of an address or CIDR."""
    return IPV6 if ":" in text else 4


def families(options: ClusterOptions) -> tuple[int, ...]:
    """The IP versions that the pods of a cluster have, the main one first: those of its pod ranges."""
    return tuple(version(cidr) for cidr in options.cluster_cidrs)


def ipv4_only(options: ClusterOptions) -> ClusterOptions:
    """The same cluster without its IPv6 ranges."""
    return msgspec.structs.replace(
        options,
        service_cluster_ip_ranges=of_families(options.service_cluster_ip_ranges, (4,)),
        cluster_cidrs=of_families(options.cluster_cidrs, (4,)),
    )


def of_families(texts: Iterable[str], versions: Sequence[int]) -> tuple[str, ...]:
    """The first address or CIDR of each of these IP versions, in their order."""
    first: dict[int, str] = {}
    for text in texts:
        first.setdefault(version(text), text)
    return tuple(first[each] for each in versions if each in first)


def internal_addresses(node: Node, versions: Sequence[int]) -> tuple[str, ...]:
    """The node's main address of each of these IP versions, where it has one."""
    return of_families((each.address for each in node.status.addresses if each.type == "InternalIP"), versions)


def node_addresses(nodes: Mapping[str, Node], versions: Sequence[int]) -> dict[str, tuple[str, ...]]:
    """Addresses for the nodes that lack one of a family, by name: free ones of the network that nodes are in."""
    taken = {ip_address(each.address) for node in nodes.values() for each in node.status.addresses if each.address}
    given: dict[str, tuple[str, ...]] = {}
    for network in of_families(_NODE_NETWORKS, versions):
        free = (str(address) for address in ip_network(network).hosts() if address not in taken)
        lacking = (name for name, node in nodes.items() if not internal_addresses(node, (version(network),)))
        for name, address in zip(lacking, free, strict=False):
            given[name] = (*given.get(name, ()), address)
    return given


def gateways(ranges: Iterable[str]) -> tuple[str, ...]:
    """The first address of each pod range, where the kubelet's bridge would have it."""
    return tuple(str(ip_network(cidr)[1]) for cidr in ranges)


def last_free(cidr: str, taken: Iterable[str]) -> str:
    """The last address of a pod range that nobody has."""
    network: IPv4Network | IPv6Network = ip_network(cidr)
    return next(address for number in range(2, 64) if (address := str(network[-number])) not in taken)
