"""Reads what this host says of its own network; needs no capability."""

import errno
import socket
from collections.abc import Iterator

from proxy.hostfacts import HostAddress, HostFacts

from .marks import OUR_DEVICES, OUR_PROTOCOLS
from .netlink import NetlinkSocket, Request
from .rtnetlink import (
    ALL_ADDRESSES,
    RTM_GETADDR,
    RTM_GETROUTE,
    RTN_UNICAST,
    Route,
    decode_address,
    decode_route,
    protocol_of,
    routes_query,
)

# documentation addresses (RFC 5737, RFC 3849): only a default route leads there
_FAR_AWAY: dict[int, tuple[str, int]] = {socket.AF_INET: ("203.0.113.1", 9), socket.AF_INET6: ("2001:db8:ffff::1", 9)}
_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EACCES, errno.EINVAL, errno.EAFNOSUPPORT)


def read_facts() -> HostFacts:
    """The host's addresses and gateways now, without what programs of ours made."""
    with NetlinkSocket() as netlink:
        addresses = tuple(host_addresses(netlink))
        gateways = frozenset(gateway for route in foreign_routes(netlink) for gateway in route.gateways)
    return HostFacts(addresses, gateways)


def foreign_routes(netlink: NetlinkSocket) -> Iterator[Route]:
    """The unicast routes of all tables that no program of ours made."""
    for body in netlink.dump(Request(RTM_GETROUTE, 0, routes_query(kind=RTN_UNICAST))):
        if protocol_of(body) not in OUR_PROTOCOLS:
            route = decode_route(body)
            if route is not None and route.kind == RTN_UNICAST:
                yield route


def device_name(index: int) -> str:
    """The device's name, `""` where it has gone or the index is 0."""
    try:
        return socket.if_indextoname(index)
    except OSError:  # ENXIO is the only error it knows
        return ""


def host_addresses(netlink: NetlinkSocket) -> Iterator[HostAddress]:
    """The addresses on all devices but ours."""
    for body in netlink.dump(Request(RTM_GETADDR, 0, ALL_ADDRESSES)):
        found = decode_address(body)
        if found is not None:
            device = device_name(found.device_index)
            if device not in OUR_DEVICES:
                yield HostAddress(found.address, found.prefix_length, device)


def default_source(family: int) -> str | None:
    """The address from which this host would reach the rest of the world; `None` without such a way."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(_FAR_AWAY[family])  # no packet is sent
            return str(probe.getsockname()[0])
    except OSError as error:
        if error.errno not in _NO_WAY:
            raise
        return None
