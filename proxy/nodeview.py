"""Pure: what the proxy knows of the node that it runs on."""

from collections.abc import Iterable, Mapping

import msgspec

from controlplane.nodeaddresses import host_ips
from controlplane.objects import Node

from .addresstext import canonical, family_of
from .hostfacts import HostFacts, primary_addresses
from .nodeports import node_port_addresses, without_loopback
from .options import ProxyOptions

LABEL_ZONE = "topology.kubernetes.io/zone"


class NodeView(msgspec.Struct, frozen=True, kw_only=True):
    """A node as its frontends see it; addresses are canonical text."""

    name: str
    zone: str = ""
    primary_addresses: tuple[str, ...] = ()  # at most one a family, the node's main family first
    node_port_addresses: tuple[str, ...] = ()


def node_view(nodes: Mapping[str, Node], name: str, facts: HostFacts, options: ProxyOptions) -> NodeView:
    """The node called `name`; one that has no object has the host's own addresses, and no zone."""
    node = nodes.get(name)
    own = tuple(canonical(each.address) for each in facts.addresses)
    primary = host_ips(node) if node is not None else ()
    if not primary:
        primary = primary_addresses(facts, options.node_ip)
    elif options.node_ip:
        primary = _first_of_each_family((canonical(options.node_ip), *primary))
    addresses = node_port_addresses(options.node_port_addresses, primary, own)
    return NodeView(
        name=name,
        zone=node.metadata.labels.get(LABEL_ZONE, "") if node is not None else "",
        primary_addresses=primary,
        node_port_addresses=addresses if options.localhost_node_ports else without_loopback(addresses),
    )


def _first_of_each_family(addresses: Iterable[str]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for address in addresses:
        first.setdefault(family_of(address), address)
    return tuple(first.values())
