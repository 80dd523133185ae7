"""Pure: what this host says of its own network: which addresses it has, and through whom it reaches the others."""

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
