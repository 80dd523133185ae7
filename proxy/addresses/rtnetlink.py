"""Pure: what the kernel's rtnetlink answers mean, for addresses and routes (rtnetlink(7), linux/rtnetlink.h)."""

import ipaddress
import struct
from collections.abc import Iterator
from typing import NamedTuple

HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port

NLMSG_ERROR = 2
NLMSG_DONE = 3
RTM_NEWADDR, RTM_GETADDR = 20, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26

_ADDRESS = struct.Struct("=BBBBI")  # struct ifaddrmsg: family, prefix length, flags, scope, device index
_IFA_ADDRESS, _IFA_LOCAL = 1, 2

_ROUTE = struct.Struct("=BBBBBBBBI")  # struct rtmsg: family, prefix lengths, tos, table, protocol, scope, type, flags
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_MULTIPATH, _RTA_VIA = 1, 4, 5, 9, 18
_NEXT_HOP = struct.Struct("=HBBI")  # struct rtnexthop: length, flags, hops, device index
RTN_UNICAST = 1
_AF_INET, _AF_INET6 = 2, 10  # linux/socket.h

_ATTRIBUTE = struct.Struct("=HH")
_TYPE_MASK = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

ALL_ADDRESSES = bytes(_ADDRESS.size)


class Message(NamedTuple):
    """One netlink message of a datagram."""

    kind: int
    sequence: int
    body: bytes


class DeviceAddress(NamedTuple):
    """An address on the device with that index; the address is canonical text."""

    address: str
    prefix_length: int
    device_index: int


class Route(NamedTuple):
    """A route of any table; the gateways are canonical text, none where the destination is on the link."""

    destination: IPNetwork
    protocol: int
    kind: int  # RTN_UNICAST and so on
    device_index: int  # 0 where the route names none
    gateways: tuple[str, ...]


def routes_query(*, kind: int = 0, protocol: int = 0) -> bytes:
    """The body of a dump's request: routes of all tables and both families, of one kind or protocol unless 0."""
    return _ROUTE.pack(0, 0, 0, 0, 0, protocol, 0, kind, 0)


def messages(datagram: bytes) -> Iterator[Message]:
    """The messages of one datagram that the kernel sent, in order."""
    position = 0
    while position + HEADER.size <= len(datagram):
        length, kind, _flags, sequence, _port = HEADER.unpack_from(datagram, position)
        yield Message(kind, sequence, datagram[position + HEADER.size : position + length])
        position += _aligned(max(length, HEADER.size))


def error_of(message: Message) -> int:
    """The errno of an NLMSG_ERROR; 0 is an acknowledgement."""
    (code,) = struct.unpack_from("=i", message.body)
    return -int(code)


def decode_address(body: bytes) -> DeviceAddress | None:
    """The address of an RTM_NEWADDR; `None` for a family that is neither IPv4 nor IPv6."""
    family, prefix_length, _flags, _scope, index = _ADDRESS.unpack_from(body)
    if family not in (_AF_INET, _AF_INET6):
        return None
    attributes = dict(_attributes(body[_ADDRESS.size :]))
    # on a point-to-point device IFA_ADDRESS is the peer's; IPv6 has no IFA_LOCAL elsewhere
    packed = attributes.get(_IFA_LOCAL) or attributes[_IFA_ADDRESS]
    return DeviceAddress(_text(packed), prefix_length, index)


def decode_route(body: bytes) -> Route | None:
    """The route of an RTM_NEWROUTE; `None` for a family that is neither IPv4 nor IPv6."""
    family, prefix_length, _source, _tos, _table, protocol, _scope, kind, _flags = _ROUTE.unpack_from(body)
    if family not in (_AF_INET, _AF_INET6):
        return None
    attributes = dict(_attributes(body[_ROUTE.size :]))
    packed = attributes.get(_RTA_DST, bytes(4 if family == _AF_INET else 16))
    (index,) = struct.unpack("=I", attributes.get(_RTA_OIF, bytes(4)))
    return Route(_network(packed, prefix_length), protocol, kind, index, tuple(_gateways(attributes)))


def protocol_of(body: bytes) -> int:
    """The protocol number of an RTM_NEWROUTE, without decoding the rest."""
    return body[5]


def deletion_of(body: bytes) -> bytes:
    """The body of the RTM_DELROUTE that deletes the route of an RTM_NEWROUTE, and no other."""
    return body[: _ROUTE.size - 4] + bytes(4) + body[_ROUTE.size :]  # rtm_flags tell a state, they select nothing


def _network(packed: bytes, prefix_length: int) -> IPNetwork:
    if len(packed) == 4:
        return ipaddress.IPv4Network((packed, prefix_length), strict=False)
    return ipaddress.IPv6Network((packed, prefix_length), strict=False)


def _text(packed: bytes) -> str:
    """The address that 4 or 16 bytes stand for."""
    return str(ipaddress.ip_address(packed))


def _gateways(attributes: dict[int, bytes]) -> Iterator[str]:
    if packed := attributes.get(_RTA_GATEWAY):
        yield _text(packed)
    if via := attributes.get(_RTA_VIA):  # a gateway of the other family: struct rtvia
        yield _text(via[2:])
    hops = attributes.get(_RTA_MULTIPATH, b"")
    while len(hops) >= _NEXT_HOP.size:
        length = max(_NEXT_HOP.unpack_from(hops)[0], _NEXT_HOP.size)
        yield from _gateways(dict(_attributes(hops[_NEXT_HOP.size : length])))
        hops = hops[_aligned(length) :]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, position)
        yield kind & _TYPE_MASK, data[position + _ATTRIBUTE.size : position + length]
        position += _aligned(max(length, _ATTRIBUTE.size))


def _aligned(length: int) -> int:
    return (length + 3) & ~3
