"""Pure: the zones and ports that a Corefile's server keys and zone arguments stand for."""

import ipaddress
from collections.abc import Iterable

from .model import Labels
from .names import from_text, is_within, lower
from .reversal import reverse_name


def origins_of(text: str) -> tuple[Labels, ...]:
    """The zones, in lower case, that a name or CIDR of a Corefile stands for; none if it is neither.

    A scheme and a port are passed over (plugin/normalize.go `Host`).
    """
    host, _ = split_port(text.rpartition("://")[2])
    try:
        return _reverse_zones(host) if "/" in host else (lower(from_text(host)),)
    except ValueError:
        return ()


def split_port(text: str) -> tuple[str, int | None]:
    """`cluster.local:5353` to the name and the port, `None` without one; an IPv6 CIDR keeps its colons."""
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or ":" in host:
        return text, None
    return host or ".", int(port)


def longest_match(qname: Labels, origins: Iterable[Labels]) -> Labels | None:
    """The most specific of the origins that holds the name; all in lower case."""
    return max((origin for origin in origins if is_within(qname, origin)), key=len, default=None)


def _reverse_zones(cidr: str) -> tuple[Labels, ...]:
    """The reverse zones that make up a network.

    A prefix that ends inside an octet (or nibble) is the union of the zones of the next octet's length, as CoreDNS
    expands it. ValueError for what is no network.
    """
    network = ipaddress.ip_network(cidr, strict=False)
    width, depth_of_address = (8, 4) if network.version == 4 else (4, 32)
    depth = -(-network.prefixlen // width)
    parts = network.subnets(new_prefix=depth * width)
    return tuple(reverse_name(str(part.network_address))[depth_of_address - depth :] for part in parts)
