"""Pure: the names under `in-addr.arpa` and `ip6.arpa` that stand for addresses (RFC 1035 3.5, RFC 3596 2.5)."""

import ipaddress

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
