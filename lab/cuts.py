"""Pure: what to drop where, so that hosts do not hear of each other: policy routing rules, by network namespace.

What is sent by a program on this host, and finds a rule that drops it, fails with an error at once: that is not what a
broken cable is like. So everything is dropped where it arrives. A rule drops without a word (`blackhole`), and the
kernel forgets the routes of open connections when rules change, so that they fall silent too.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from .topology import FABRIC, OWN_LINK, Host, Topology, link_name

_EVERYTHING = ("0.0.0.0/0", "::/0")


class Drop(NamedTuple):
    """Drop what comes from `source` or goes to `target` (CIDR or address; empty: any, of the other's family).

    Only what comes over this host's own link, over that of `host` behind it, or, without either, whatever passes.
    """

    source: str = ""
    target: str = ""
    link: str = OWN_LINK


class Partition(NamedTuple):
    """Two hosts, by name, between which nothing passes."""

    one: str
    other: str

    @classmethod
    def between(cls, one: str, other: str) -> "Partition":
        """The same for (A, B) and (B, A)."""
        return cls(*sorted((one, other)))


def drops_of(
    topology: Topology, partitions: Iterable[Partition], powerless: AbstractSet[str] = frozenset()
) -> Mapping[str, frozenset[Drop]]:
    """What each namespace drops, by its name; `powerless` are nodes that are cut off from everybody."""
    drops: dict[str, set[Drop]] = {}
    hosts = {host.name: host for host in topology.hosts}
    for name in powerless & hosts.keys():
        drops.setdefault(name, set()).update(_all_over(OWN_LINK))
        drops.setdefault(FABRIC, set()).update(_around(hosts[name]))
    for one, other in partitions:
        if one in hosts and other in hosts:
            for here, there in ((hosts[one], hosts[other]), (hosts[other], hosts[one])):
                drops.setdefault(here.network, set()).update(_what_comes_from(there, here))
    return {network: frozenset(rules) for network, rules in drops.items()}


def _all_over(link: str) -> Iterable[Drop]:
    return (Drop(source, link=link) for source in _EVERYTHING)


def _around(node: Host) -> Iterable[Drop]:
    """Around a node without power: what it sends, and what is sent to it before anybody asks for its hardware address.

    For a host that does not answer such a question, its router answers: no route to host.
    """
    yield from _all_over(link_name(node.network))
    yield from (Drop(target=target, link="") for target in (*node.addresses, *node.routes))


def _what_comes_from(there: Host, here: Host) -> Iterable[Drop]:
    """All that a host sends, or what is behind it: pods of a node, addresses of a load balancer.

    Between a pod and its own node is one cable: without it the pod hears nothing at all.
    """
    if there.name == here.router:
        return _all_over(OWN_LINK)
    if here.name == there.router:
        return _all_over(link_name(there.network))
    return (Drop(source) for source in (*there.addresses, *there.routes))
