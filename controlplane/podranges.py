"""Pure: which addresses the pods of each node have, as the node IPAM controller hands out ranges.

Source: `pkg/controller/nodeipam/ipam/{range_allocator,cidrset}`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from .netaddr import BITS, IPV4, IPV6, Prefix, sloppy_cidr
from .objects import Node
from .options import ClusterOptions

_NODE_LENGTH = {IPV4: 24, IPV6: 64}  # kube-controller-manager --node-cidr-mask-size-ipv4 and -ipv6
_SPLIT = 4  # a cluster's range that is no larger than a node's usual one is cut in 16
_NOTHING: Mapping[str, Sequence[str]] = {}


def pod_ranges(
    nodes: Mapping[str, Node], options: ClusterOptions, given: Mapping[str, Sequence[str]] = _NOTHING
) -> dict[str, tuple[str, ...]]:
    """Each node's pod ranges as CIDRs, one of each family of `options.cluster_cidrs`, in that order.

    `spec.podCIDRs` of a node wins; then what it was `given` earlier, unless another node has it written now; the
    others get the next free pieces of the cluster's range, sorted by name. A node for which none is left has no range
    of that family.
    """
    return {name: tuple(map(str, prefixes)) for name, prefixes in pod_prefixes(nodes, options, given).items()}


def pod_prefixes(
    nodes: Mapping[str, Node], options: ClusterOptions, given: Mapping[str, Sequence[str]] = _NOTHING
) -> dict[str, list[Prefix]]:
    """The same as prefixes."""
    ranges: dict[str, list[Prefix]] = {name: [] for name in sorted(nodes)}
    for cidr in options.cluster_cidrs:
        cluster = sloppy_cidr(cidr)
        assert cluster is not None, f"{cidr} is no CIDR"
        for name, prefix in _of_family(nodes, cluster, given).items():
            ranges[name].append(prefix)
    return ranges


def written_cidrs(node: Node) -> tuple[str, ...]:
    """What the node's manifest says, in the newer field or the older one."""
    return node.spec.pod_cidrs or tuple(filter(None, (node.spec.pod_cidr,)))


def _of_family(nodes: Mapping[str, Node], cluster: Prefix, given: Mapping[str, Sequence[str]]) -> dict[str, Prefix]:
    family = cluster.family
    written = {name: own for name in nodes if (own := _first(written_cidrs(nodes[name]), family)) is not None}
    missing = sorted(nodes.keys() - written.keys())
    kept = _kept(missing, cluster, given, written.values())
    free = (piece for piece in _pieces(cluster) if piece not in kept and not any(map(piece.overlaps, written.values())))
    holders = set(kept.values())
    new = zip((name for name in missing if name not in holders), free, strict=False)
    return {**written, **{name: piece for piece, name in kept.items()}, **dict(new)}


def _kept(
    names: Iterable[str], cluster: Prefix, given: Mapping[str, Sequence[str]], written: Collection[Prefix]
) -> dict[Prefix, str]:
    """Who has which piece already; not what the cluster's range has no more, and what somebody else has written."""
    length = _piece_length(cluster)
    kept: dict[Prefix, str] = {}
    for name in names:
        piece = _first(given.get(name, ()), cluster.family)
        is_ours = piece is not None and piece.length == length and cluster.holds(piece.address(0))
        if piece is not None and is_ours and not any(map(piece.overlaps, written)):
            kept.setdefault(piece, name)
    return kept


def _first(cidrs: Iterable[str], family: str) -> Prefix | None:
    """The first of the family; what is no CIDR is for validation to tell."""
    prefixes = map(sloppy_cidr, cidrs)
    return next((prefix for prefix in prefixes if prefix is not None and prefix.family == family), None)


def _piece_length(cluster: Prefix) -> int:
    length = _NODE_LENGTH[cluster.family]
    return length if cluster.length < length else min(cluster.length + _SPLIT, BITS[cluster.family])


def _pieces(cluster: Prefix) -> Iterator[Prefix]:
    length = _piece_length(cluster)
    for network in range(cluster.network, cluster.network + cluster.size, 1 << (BITS[cluster.family] - length)):
        yield Prefix(cluster.family, network, length)
