"""The routes that we make, as pyroute2 encodes them: to claimed addresses, and below them for whole ranges."""

import socket
from typing import Any, NamedTuple, Self

from pyroute2.netlink.rtnl import rt_scope, rt_type
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from .marks import Mark
from .rtnetlink import HEADER, IPNetwork

_TABLE_MAIN, _TABLE_LOCAL = 254, 255
_DESTINATION = 16  # where the first attribute's payload begins in a body: after struct rtmsg and its own header


class AddressRoute(NamedTuple):
    """`local ADDRESS dev DEVICE src SOURCE proto OURS`: makes an address bindable without owning it on a device.

    pyroute2 takes 60 µs to encode a message, so it encodes one, and each address takes its place in the bytes.
    """

    head: bytes
    tail: bytes

    @classmethod
    def via(cls, family: int, device_index: int, source: str | None, mark: Mark) -> Self:
        """`source` is what a connection of this host to the address comes from; `None` leaves it to the kernel."""
        size = 16 if family == socket.AF_INET6 else 4
        placeholder = socket.inet_ntop(family, bytes(size))
        attributes = [("RTA_DST", placeholder), ("RTA_OIF", device_index), ("RTA_TABLE", _TABLE_LOCAL)]
        attributes += [("RTA_PREFSRC", source)] if source else []
        # IPv6 takes two routes to one address only when their metrics differ: another program's and ours
        attributes += [("RTA_PRIORITY", mark.protocol)] if family == socket.AF_INET6 else []
        header = {"family": family, "dst_len": size * 8, "table": _TABLE_LOCAL, "proto": mark.protocol}
        body = _encoded(header | {"type": rt_type["local"], "scope": rt_scope["host"]}, attributes)
        return cls(body[:_DESTINATION], body[_DESTINATION + size :])

    def body(self, address: str) -> bytes:
        """The message for one address of the route's family."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return self.head + socket.inet_pton(family, address) + self.tail


def range_route(network: IPNetwork, device_index: int | None, mark: Mark) -> bytes:
    """The message for the route that swallows what goes to an address of the range that nobody claimed.

    On a device that carries nothing, clients on this host time out as all others do. A blackhole, where there is no
    such device, answers their `connect` with EINVAL at once.
    """
    family = socket.AF_INET6 if network.version == 6 else socket.AF_INET
    attributes: list[tuple[str, Any]] = [("RTA_DST", str(network.network_address)), ("RTA_TABLE", _TABLE_MAIN)]
    header = {"family": family, "dst_len": network.prefixlen, "table": _TABLE_MAIN, "proto": mark.protocol}
    if device_index is None:
        return _encoded(header | {"type": rt_type["blackhole"], "scope": rt_scope["universe"]}, attributes)
    attributes.append(("RTA_OIF", device_index))
    return _encoded(header | {"type": rt_type["unicast"], "scope": rt_scope["link"]}, attributes)


def _encoded(header: dict[str, int], attributes: list[tuple[str, Any]]) -> bytes:
    """The body of a route message: struct rtmsg with these fields, then the attributes in this order."""
    message: Any = rtmsg()
    for field, value in header.items():
        message[field] = value
    message["attrs"] = attributes
    message.encode()
    return bytes(message.data[HEADER.size :])
