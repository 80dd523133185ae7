"""Pure: IP addresses and CIDRs as Kubernetes 1.36 reads them, with its words for what is wrong.

Rules of the file: `strict` is the gate StrictIPCIDRValidation, on by default since 1.36. Go's older parsers ignored
leading zeros and took an IPv4-mapped IPv6 address for IPv4; such text is recognised here only to name the mistake.
Sources: apimachinery `util/validation/ip.go`, Go's `net/netip`, `core/validation` ValidateEndpointIP.
"""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple

IPV4 = "IPv4"
IPV6 = "IPv6"
BITS = {IPV4: 32, IPV6: 128}

INVALID_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
INVALID_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"

_CACHE = 1 << 16  # more addresses than a lab of 10,000 Services holds
_LEADING_ZEROS = re.compile(r"(?<![0-9a-fA-F])0+(?=[0-9a-fA-F])")
_MAPPED = 0xFFFF  # ::ffff:0:0/96, shifted right by 32


class Address(NamedTuple):
    """An address as a number: comparable, hashable and cheap."""

    family: str
    value: int

    def __str__(self) -> str:
        return _ipv4_text(self.value) if self.family == IPV4 else str(IPv6Address(self.value))


class Prefix(NamedTuple):
    """A CIDR: the network's number, without bits beyond `length`."""

    family: str
    network: int
    length: int

    @property
    def size(self) -> int:
        """The count of all its addresses."""
        return 1 << (BITS[self.family] - self.length)

    def holds(self, address: Address) -> bool:
        """Whether `address` is in it."""
        return address.family == self.family and self.network <= address.value < self.network + self.size

    def overlaps(self, other: "Prefix") -> bool:
        """Whether any address is in both."""
        return self.holds(other.address(0)) or other.holds(self.address(0))

    def address(self, index: int) -> Address:
        """The address at `index`, which counts from 0, the network address."""
        return Address(self.family, self.network + index)

    def __str__(self) -> str:
        return f"{Address(self.family, self.network)}/{self.length}"


@lru_cache(maxsize=_CACHE)
def parse_address(text: str) -> Address | None:
    """The address that `text` stands for, or None where the API server would refuse it."""
    value = _ipv4_value(text)
    if value is not None:
        return Address(IPV4, value)
    value = _ipv6_value(text)
    return None if value is None or value >> 32 == _MAPPED else Address(IPV6, value)


@lru_cache(maxsize=_CACHE)
def sloppy_address(text: str) -> Address | None:
    """The address as Go's old parser reads it: leading zeros ignored, IPv4-mapped taken for IPv4."""
    found = parse_address(text)
    if found is not None:
        return found
    without_zeros = _LEADING_ZEROS.sub("", text)
    value = _ipv4_value(without_zeros)
    if value is not None:
        return Address(IPV4, value)
    value = _ipv6_value(text)
    if value is None:
        value = _ipv6_value(without_zeros)
    if value is None:
        return None
    return Address(IPV4, value & 0xFFFFFFFF) if value >> 32 == _MAPPED else Address(IPV6, value)


def address_error(text: str) -> str:
    """What the API server says of `text` in a field that holds an address; `""` if nothing."""
    if parse_address(text) is not None:
        return ""
    if sloppy_address(text) is None:
        return INVALID_ADDRESS
    return "must not have leading 0s" if _ipv6_value(text) is None else "must not be an IPv4-mapped IPv6 address"


def family_of(text: str) -> str:
    """`IPv4`, `IPv6`, or `""` where `text` is no address."""
    address = sloppy_address(text)
    return address.family if address else ""


def canonical(text: str) -> str:
    """The address in its one spelling (RFC 5952 for IPv6); `text` itself where it is no address."""
    address = sloppy_address(text)
    return str(address) if address else text


@lru_cache(maxsize=_CACHE)
def special_purpose_errors(text: str) -> tuple[str, ...]:
    """Why an address may be neither an endpoint nor an external IP; `()` if it may."""
    address = sloppy_address(text)
    if address is None:
        return ("must be a valid IP address",)
    checks = (
        (_is_unspecified(address), f"may not be unspecified ({text})"),
        (is_loopback(address), LOOPBACK),
        (_is_link_local(address), "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        (
            _is_link_local_multicast(address),
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
        ),
    )
    return tuple(message for found, message in checks if found)


LOOPBACK = "may not be in the loopback range (127.0.0.0/8, ::1/128)"


def is_loopback(address: Address) -> bool:
    """Whether it is in 127.0.0.0/8 or is ::1."""
    return address.value >> 24 == 127 if address.family == IPV4 else address.value == 1


def _is_unspecified(address: Address) -> bool:
    return address.value == 0


def _is_link_local(address: Address) -> bool:
    return address.value >> 16 == 0xA9FE if address.family == IPV4 else address.value >> 118 == 0xFE80 >> 6


def _is_link_local_multicast(address: Address) -> bool:
    # Go looks at ff02::/16 and masks the flags away, whatever the message says.
    return address.value >> 8 == 0xE00000 if address.family == IPV4 else address.value >> 112 & 0xFF0F == 0xFF02


@lru_cache(maxsize=4096)
def parse_cidr(text: str) -> Prefix | None:
    """The CIDR that `text` stands for, or None where the API server would refuse it."""
    return None if cidr_error(text) else sloppy_cidr(text)


@lru_cache(maxsize=4096)
def sloppy_cidr(text: str) -> Prefix | None:
    """The CIDR as Go's old parser reads it, with the bits beyond its length cleared."""
    parts = _cidr_parts(text)
    if parts is None:
        return None
    address, length = parts
    beyond = BITS[address.family] - length
    return Prefix(address.family, address.value >> beyond << beyond, length)


@lru_cache(maxsize=4096)
def cidr_error(text: str) -> str:
    """What the API server says of `text` in a field that holds a CIDR; `""` if nothing."""
    parts = _cidr_parts(text)
    if parts is None:
        return INVALID_CIDR
    written, length = text.split("/")
    mapped = ":" in written and parts[0].family == IPV4
    if (len(length) > 1 and length[0] == "0") or (parse_address(written) is None and not mapped):
        return "must not have leading 0s in IP or prefix length"
    if mapped:
        return "must not have an IPv4-mapped IPv6 address"
    address, bits = parts
    if address.value & ((1 << (BITS[address.family] - bits)) - 1):
        return "must not have bits set beyond the prefix length"
    return ""


def _cidr_parts(text: str) -> tuple[Address, int] | None:
    written, slash, length = text.partition("/")
    address = sloppy_address(written)
    if not slash or address is None or not (length.isascii() and length.isdigit() and len(length) < 9):
        return None
    bits = int(length)
    if ":" in written and address.family == IPV4 and bits <= BITS[IPV6]:
        bits = max(bits - 96, 0)  # an IPv4-mapped network counts the bits of IPv6
    return (address, bits) if bits <= BITS[address.family] else None


def address_warning(path: str, text: str) -> str:
    """The warning for an IPv6 address that is not in its one spelling; `""` if it is (GetWarningsForIP)."""
    address = parse_address(text)
    if address is None or address.family == IPV4 or str(address) == text:
        return ""
    return f'{path}: IPv6 address "{text}" should be in RFC 5952 canonical format ("{address}")'


def cidr_warning(path: str, text: str) -> str:
    """The warning for an IPv6 CIDR that is not in its one spelling; `""` if it is (GetWarningsForCIDR)."""
    prefix = parse_cidr(text)
    if prefix is None or prefix.family == IPV4 or str(prefix) == text:
        return ""
    return f'{path}: IPv6 CIDR value "{text}" should be in RFC 5952 canonical format ("{prefix}")'


def _ipv4_text(value: int) -> str:
    return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"


def _ipv4_value(text: str) -> int | None:
    parts = text.split(".")
    if len(parts) != 4 or not text.isascii():
        return None
    value = 0
    for part in parts:
        if not part.isdigit() or len(part) > 3 or (part[0] == "0" and len(part) > 1):
            return None
        octet = int(part)
        if octet > 255:
            return None
        value = value << 8 | octet
    return value


def _ipv6_value(text: str) -> int | None:
    if ":" not in text or "%" in text:  # Kubernetes takes no zone
        return None
    try:
        return int(IPv6Address(text))
    except AddressValueError:
        return None
