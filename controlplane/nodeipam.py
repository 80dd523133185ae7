"""Pure: the node IPAM controller: nodes get their pod ranges, and a range once given stays with its node.

Source: `pkg/controller/nodeipam/ipam/range_allocator.go`.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from .netaddr import sloppy_cidr
from .objects import Node
from .options import ClusterOptions
from .podranges import pod_ranges, written_cidrs


class Assigned(NamedTuple):
    """The Nodes with their `spec.podCIDRs`, and what was given to those whose manifests leave a family out."""

    nodes: Mapping[str, Node]
    given: Mapping[str, tuple[str, ...]]


class NodeIpam:
    """Nodes that did not change keep their identity from one call to the next."""

    def __init__(self, options: ClusterOptions) -> None:
        self._options = options
        self._asked: Mapping[str, Node] = {}
        self._last = Assigned({}, {})

    def assign(self, nodes: Mapping[str, Node], given: Mapping[str, tuple[str, ...]]) -> Assigned:
        """`given` is what was given before, by name of the node; the range of a node that is gone is free again."""
        if given != self._last.given or not _same(nodes, self._asked):
            ranges = pod_ranges(nodes, self._options, given)
            added = {name: more for name, node in nodes.items() if (more := _unwritten(ranges[name], node))}
            self._last = Assigned({name: self._with(node, added.get(name, ())) for name, node in nodes.items()}, added)
            self._asked = nodes
        return self._last

    def _with(self, node: Node, added: tuple[str, ...]) -> Node:
        if not added:
            return node
        name = node.metadata.name
        cidrs = (*written_cidrs(node), *added)
        before = self._last.nodes.get(name)
        if before is not None and self._asked.get(name) is node and before.spec.pod_cidrs == cidrs:
            return before
        spec = msgspec.structs.replace(node.spec, pod_cidr=cidrs[0], pod_cidrs=cidrs)
        return msgspec.structs.replace(node, spec=spec)


def _unwritten(ranges: Iterable[str], node: Node) -> tuple[str, ...]:
    written = set(map(sloppy_cidr, written_cidrs(node)))
    return tuple(each for each in ranges if sloppy_cidr(each) not in written)


def _same(one: Mapping[str, Node], other: Mapping[str, Node]) -> bool:
    return len(one) == len(other) and all(other.get(name) is node for name, node in one.items())
