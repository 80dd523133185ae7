"""Pure: addresses and CIDRs as text: canonical form, family, membership."""

from collections.abc import Collection

from controlplane import netaddr
from controlplane.netaddr import IPV4, IPV6, is_loopback, parse_address, sloppy_address, sloppy_cidr

__all__ = ["IPV4", "IPV6", "canonical", "family_of", "is_loopback_address", "is_within"]


def canonical(text: str) -> str:
    """The address in its one spelling (RFC 5952 for IPv6); `text` itself where it is no address."""
    strict = parse_address(text)
    return text if strict is not None and strict.family == IPV4 else netaddr.canonical(text)


def family_of(text: str) -> str:
    """`IPv4` or `IPv6`, of an address or a CIDR, or `""`; an IPv4-mapped address is IPv4, as Go has it."""
    return IPV4 if ":" not in text else netaddr.family_of(text.partition("/")[0])


def is_within(address: str, cidrs: Collection[str]) -> bool:
    """Whether one of the CIDRs holds the address; those of the other family never do."""
    if not cidrs:
        return False
    number = sloppy_address(address)
    return number is not None and any((range_ := sloppy_cidr(cidr)) and range_.holds(number) for cidr in cidrs)


def is_loopback_address(address: str) -> bool:
    """Whether it is in 127.0.0.0/8 or is ::1."""
    number = sloppy_address(address)
    return number is not None and is_loopback(number)
