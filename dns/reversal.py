"""Pure: the names under `in-addr.arpa` and `ip6.arpa` that stand for addresses (RFC 1035 3.5, RFC 3596 2.5)."""

import ipaddress
from collections.abc import Iterator

from .model import Labels

IN_ADDR_ARPA: Labels = (b"in-addr", b"arpa")
IP6_ARPA: Labels = (b"ip6", b"arpa")

_NIBBLES = frozenset(b"%x" % value for value in range(16))


def reverse_name(address: str) -> Labels:
    """The name that a PTR question for the address asks; ValueError for what is none."""
    parsed = ipaddress.ip_address(address)
    return tuple(label.encode() for label in parsed.reverse_pointer.split("."))


def address_of(name: Labels) -> str | None:
    """The address, in canonical text, of a whole reverse name in lower case; None for every other name."""
    match name[-2:]:
        case (b"in-addr", b"arpa"):
            return _ipv4(name[:-2])
        case (b"ip6", b"arpa"):
            return _ipv6(name[:-2])
        case _:
            return None


def _ipv4(octets: Labels) -> str | None:
    if len(octets) != 4 or not all(octet.isdigit() and len(octet) <= 3 for octet in octets):
        return None
    values = [int(octet) for octet in reversed(octets)]
    canonical = all(octet == b"%d" % value for octet, value in zip(reversed(octets), values, strict=True))
    return ".".join(map(str, values)) if canonical and max(values) <= 255 else None


def _ipv6(nibbles: Labels) -> str | None:
    if len(nibbles) != 32 or not _NIBBLES.issuperset(nibbles):
        return None
    return str(ipaddress.IPv6Address(int(b"".join(reversed(nibbles)), 16)))


def is_reverse(name: Labels) -> bool:
    """Whether a name in lower case lies in one of the two reverse trees."""
    return name[-2:] in (IN_ADDR_ARPA, IP6_ARPA)


def zones_of(cidr: str) -> tuple[Labels, ...]:
    """The reverse zones that make up a network, as a Corefile's `10.96.0.0/12` means them.

    A prefix that ends inside an octet (or nibble) is the union of the zones of the next octet's length, as CoreDNS
    expands it (plugin/normalize.go). ValueError for what is no network.
    """
    network = ipaddress.ip_network(cidr, strict=False)
    width, tree = (8, IN_ADDR_ARPA) if network.version == 4 else (4, IP6_ARPA)
    depth = -(-network.prefixlen // width)
    return tuple(_parent(str(part), depth, tree) for part in _subnets(network, depth * width))


def _subnets(network: ipaddress.IPv4Network | ipaddress.IPv6Network, prefix: int) -> Iterator[str]:
    for part in network.subnets(new_prefix=prefix):
        yield str(part.network_address)


def _parent(address: str, depth: int, tree: Labels) -> Labels:
    whole = reverse_name(address)
    return whole[len(whole) - len(tree) - depth :]
