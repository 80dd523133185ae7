"""I/O: an echo and a load generator for datagrams of one size, 64 a system call, so that they never are what is slow.

Python makes one call of `recvmmsg` and one of `sendmmsg` for up to 64 datagrams. The echo sends the very vector that
it received. The generator keeps a window of datagrams on their way; for new flows it sends each from an address of its
own, through IP_PKTINFO, so that a socket need not be made for it.
"""

import ctypes
import ipaddress
import json
import select
import socket
import sys
import time
from typing import NamedTuple

SIZE = 64  # octets of payload
VECTOR = 64  # datagrams a call
LOST_SECONDS = 0.2  # nothing came for so long: what is out is lost
_MSG_DONTWAIT, _MSG_WAITFORONE = 0x40, 0x10000
_IP_PKTINFO = 8
_libc = ctypes.CDLL(None, use_errno=True)


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Msghdr(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p), ("namelen", ctypes.c_uint32), ("iov", ctypes.POINTER(_Iovec)),
        ("iovlen", ctypes.c_size_t), ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )  # fmt: skip


class _Mmsghdr(ctypes.Structure):
    _fields_ = (("header", _Msghdr), ("length", ctypes.c_uint))


class _Control(ctypes.Structure):
    """A control message that holds a `struct in_pktinfo`: send from this address."""

    _fields_ = (
        ("length", ctypes.c_size_t), ("level", ctypes.c_int), ("type", ctypes.c_int), ("interface", ctypes.c_int),
        ("source", ctypes.c_uint32), ("destination", ctypes.c_uint32), ("padding", ctypes.c_uint32),
    )  # fmt: skip


class Vector:
    """Datagrams for one call, with room for their addresses."""

    def __init__(self) -> None:
        self.messages = (_Mmsghdr * VECTOR)()
        self._data = (ctypes.c_char * (SIZE * VECTOR))()
        self._names = (ctypes.c_char * (16 * VECTOR))()
        self._iovecs = (_Iovec * VECTOR)()
        self._controls = (_Control * VECTOR)()
        for index, message in enumerate(self.messages):
            self._iovecs[index] = _Iovec(ctypes.addressof(self._data) + index * SIZE, SIZE)
            message.header.iov = ctypes.pointer(self._iovecs[index])
            message.header.iovlen = 1

    def take_addresses(self) -> None:
        """Have the kernel write whom each datagram is from; it is sent back there."""
        for index, message in enumerate(self.messages):
            message.header.name = ctypes.addressof(self._names) + index * 16
            message.header.namelen = 16

    def take_sources(self) -> None:
        """Give each datagram a source of its own, which `set_source` writes."""
        length = ctypes.sizeof(_Control) - 4
        for index, message in enumerate(self.messages):
            control = self._controls[index]
            control.length, control.level, control.type = length, socket.IPPROTO_IP, _IP_PKTINFO
            message.header.control = ctypes.addressof(control)
            message.header.controllen = ctypes.sizeof(_Control)

    def set_source(self, index: int, address: int) -> None:
        """Send that datagram from an address, a number in network order."""
        self._controls[index].source = address

    def receive(self, sock: socket.socket, flags: int, most: int = VECTOR) -> int:
        """How many came; 0 if none."""
        return max(int(_libc.recvmmsg(sock.fileno(), self.messages, most, flags, None)), 0)

    def send(self, sock: socket.socket, number: int) -> int:
        """Send the first so many; returns how many were taken."""
        return max(int(_libc.sendmmsg(sock.fileno(), self.messages, number, 0)), 0)


def echo(address: str, *ports: str) -> None:
    """Send back what comes to the ports, until the process is ended."""
    vector = Vector()
    vector.take_addresses()
    poll = select.poll()
    sockets = {}
    for port in ports:
        sock = socket.socket(type=socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind((address, int(port)))
        sockets[sock.fileno()] = sock
        poll.register(sock, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            while number := vector.receive(sockets[descriptor], _MSG_DONTWAIT):
                vector.send(sockets[descriptor], number)


class Count(NamedTuple):
    """What came back, what did not, and how long it took."""

    answered: int
    lost: int
    seconds: float


def kept_flows(address: str, port: int, flows: int, window: int, seconds: float) -> Count:
    """Datagrams that come back a second on that many flows, each with so many on their way (at most 64)."""
    sockets = {}
    poll = select.poll()
    vector = Vector()
    for _ in range(flows):
        sock = socket.socket(type=socket.SOCK_DGRAM)
        sock.connect((address, port))
        sockets[sock.fileno()] = sock
        poll.register(sock, select.POLLIN)
        vector.send(sock, window)
    answered = lost = 0
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        ready = poll.poll(LOST_SECONDS * 1000)
        for descriptor, _ in ready:
            number = vector.receive(sockets[descriptor], _MSG_DONTWAIT)
            answered += number
            vector.send(sockets[descriptor], number)
        if not ready:
            lost += flows * window
            for sock in sockets.values():
                vector.send(sock, window)
    return Count(answered, lost, time.monotonic() - begun)


def new_flows(address: str, port: int, network: str, window: int, seconds: float) -> Count:
    """Flows a second: each datagram comes from an address that sent none before, and is answered."""
    sources = ipaddress.ip_network(network)
    first, size = int(sources.network_address), sources.num_addresses
    sock = socket.socket(type=socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.bind(("0.0.0.0", 0))
    target = ctypes.create_string_buffer(
        socket.AF_INET.to_bytes(2, sys.byteorder) + port.to_bytes(2, "big") + socket.inet_aton(address), 16
    )
    out, back = Vector(), Vector()
    out.take_sources()
    for message in out.messages:
        message.header.name, message.header.namelen = ctypes.addressof(target), 16
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    sent = answered = lost = 0
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        number = min(window - (sent - answered - lost), VECTOR)
        for index in range(number):
            out.set_source(index, socket.htonl(first + (sent + index) % size))
        sent += out.send(sock, number) if number > 0 else 0
        if not poll.poll(LOST_SECONDS * 1000):
            lost = sent - answered
        while got := back.receive(sock, _MSG_DONTWAIT):
            answered += got
    return Count(answered, lost, time.monotonic() - begun)


def main(role: str, *arguments: str) -> None:
    """`echo ADDRESS PORT...`, or `kept|new ADDRESS PORT FLOWS|NETWORK WINDOW SECONDS`, which prints its count."""
    if role == "echo":
        echo(*arguments)
        return
    address, port, what, window, seconds = arguments
    if role == "kept":
        count = kept_flows(address, int(port), int(what), int(window), float(seconds))
    else:
        count = new_flows(address, int(port), what, int(window), float(seconds))
    print(json.dumps(count._asdict()))


if __name__ == "__main__":
    main(*sys.argv[1:])
