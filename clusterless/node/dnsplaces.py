"""Pure: where a node's DNS server listens: on its Service's addresses, the command line's, and the Corefile's."""

from collections.abc import Iterable
from typing import NamedTuple

from clusterless.configuration.bindaddress import BindAddress
from dns.config import DEFAULT_PORT, DnsConfig, Listening


class Place(NamedTuple):
    """An address and port that is served, over UDP and TCP, by the server blocks that listen `where`."""

    address: str
    port: int
    where: Listening


def places(config: DnsConfig, vips: Iterable[str], bound: Iterable[BindAddress]) -> tuple[Place, ...]:
    """Each place once; server blocks with `bind` have theirs to themselves, and are nowhere else.

    `vips` are the DNS Service's, `bound` the values of --dns-bind-address: both are for server blocks without `bind`.
    """
    addresses = (*(BindAddress(vip, DEFAULT_PORT, is_added=True) for vip in vips), *bound)
    found: dict[tuple[str, int], Place] = {}
    for where in sorted(config.listening, key=lambda each: (not each.address, each)):
        for place in [Place(where.address, where.port, where)] if where.address else _unbound(where, addresses):
            found.setdefault((place.address, place.port), place)
    return tuple(found.values())


def _unbound(where: Listening, addresses: Iterable[BindAddress]) -> list[Place]:
    """Port 53 of the Corefile stands for the port that the command line names."""
    return [Place(each.address, each.port if where.port == DEFAULT_PORT else where.port, where) for each in addresses]
