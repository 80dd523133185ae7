"""Pure: which addresses the pods of each node have, as the node IPAM controller hands out ranges.

Source: `pkg/controller/nodeipam/ipam/{range_allocator,cidrset}`.
"""

from collections.abc import Iterator, Mapping

from .netaddr import BITS, IPV4, IPV6, Prefix, sloppy_cidr
from .objects import Node
from .options import ClusterOptions

_NODE_LENGTH = {IPV4: 24, IPV6: 64}  # kube-controller-manager --node-cidr-mask-size-ipv4 and -ipv6
_SPLIT = 4  # a cluster's range that is no larger than a node's usual one is cut in 16


def pod_ranges(nodes: Mapping[str, Node], options: ClusterOptions) -> dict[str, tuple[str, ...]]:
    """Each node's pod ranges as CIDRs, one of each family of `options.cluster_cidrs`, in that order.

    `spec.podCIDRs` of a node wins; the others get the next free pieces of the cluster's range, sorted by name. A node
    for which none is left has no range of that family.
    """
    return {name: tuple(map(str, prefixes)) for name, prefixes in pod_prefixes(nodes, options).items()}


def pod_prefixes(nodes: Mapping[str, Node], options: ClusterOptions) -> dict[str, list[Prefix]]:
    """The same as prefixes."""
    ranges: dict[str, list[Prefix]] = {name: [] for name in sorted(nodes)}
    for cidr in options.cluster_cidrs:
        cluster = sloppy_cidr(cidr)
        assert cluster is not None, f"{cidr} is no CIDR"
        for name, prefix in _of_family(nodes, cluster).items():
            ranges[name].append(prefix)
    return ranges


def _of_family(nodes: Mapping[str, Node], cluster: Prefix) -> dict[str, Prefix]:
    written = {name: prefix for name in nodes if (prefix := _written(nodes[name], cluster.family)) is not None}
    pieces = _free_pieces(cluster, list(written.values()))
    return written | dict(zip(sorted(nodes.keys() - written.keys()), pieces, strict=False))


def _written(node: Node, family: str) -> Prefix | None:
    """The node's own range of the family; what is no CIDR is for validation to tell."""
    prefixes = map(sloppy_cidr, node.spec.pod_cidrs or (node.spec.pod_cidr,))
    return next((prefix for prefix in prefixes if prefix is not None and prefix.family == family), None)


def _free_pieces(cluster: Prefix, taken: list[Prefix]) -> Iterator[Prefix]:
    bits = BITS[cluster.family]
    length = _NODE_LENGTH[cluster.family]
    if cluster.length >= length:
        length = min(cluster.length + _SPLIT, bits)
    for network in range(cluster.network, cluster.network + cluster.size, 1 << (bits - length)):
        piece = Prefix(cluster.family, network, length)
        if not any(map(piece.overlaps, taken)):
            yield piece
