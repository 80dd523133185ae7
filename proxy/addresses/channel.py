"""Packets with descriptors between the program and its helper: a pair of Unix sockets that keep packets apart."""

import socket
from collections.abc import Iterable
from typing import NamedTuple

from .messages import MAX_DESCRIPTORS, MAX_PACKET

DESCRIPTORS_ONLY = b"\0"  # an empty packet would look like the end; this is no message


class Packet(NamedTuple):
    """Bytes, and the descriptors that came along; the receiver owns those and closes them."""

    data: bytes
    descriptors: list[int]


def channel_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send_packet(channel: socket.socket, data: bytes, descriptors: Iterable[int] = ()) -> None:
    """Send one packet whole. Raises `BlockingIOError` as sockets do, `ConnectionError` when the other end is gone."""
    socket.send_fds(channel, [data], list(descriptors))


def receive_packet(channel: socket.socket) -> Packet | None:
    """The next packet, `None` when the other end is gone; `BlockingIOError` as sockets do.

    Fewer descriptors than were sent come along when this process may not have more.
    """
    try:
        data, descriptors, _flags, _ = socket.recv_fds(channel, MAX_PACKET, MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
    except ConnectionResetError:  # the other end went with a packet unread
        return None
    return Packet(data, descriptors) if data else None
