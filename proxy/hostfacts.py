"""Pure: what this host says of its own network: which addresses it has, and through whom it reaches the others."""

from ipaddress import ip_address, ip_interface
from typing import NamedTuple


class HostAddress(NamedTuple):
    """An address on a device of this host; the address is canonical text."""

    address: str
    prefix_length: int
    device: str


class HostFacts(NamedTuple):
    """The host's network at one moment, without the addresses and routes that this program made itself."""

    addresses: tuple[HostAddress, ...] = ()
    gateways: frozenset[str] = frozenset()  # the next hops of all routes, both families

    @property
    def own(self) -> frozenset[str]:
        """The addresses of this host, without prefix lengths."""
        return frozenset(each.address for each in self.addresses)


def primary_addresses(facts: HostFacts, node_ip: str = "") -> tuple[str, ...]:
    """The host's main address of each family; `node_ip` stands for its family's where it is given.

    An address whose network holds a gateway comes first: there may be bridges of containers, which reach nobody.
    """
    places = [ip_interface(f"{each.address}/{each.prefix_length}") for each in facts.addresses]
    usable = [each for each in places if not each.is_loopback and not each.is_link_local]
    gateways = [ip_address(gateway) for gateway in facts.gateways]
    usable.sort(key=lambda each: not any(gateway in each.network for gateway in gateways))
    by_version: dict[int, str] = {}
    for address in ([ip_address(node_ip)] if node_ip else []) + [each.ip for each in usable]:
        by_version.setdefault(address.version, str(address))
    return tuple(by_version.values())
