"""I/O: many datagrams a system call, recvmmsg(2) and sendmmsg(2), which Python's sockets do not have.

A relay of datagrams does little but make system calls, and turn addresses into text and back for them. Here one set of
the kernel's own structures serves all sockets of a family: clients are known by their `sockaddr` as it came, and an
endpoint's answers are sent from where they were received.
"""

import ctypes
import errno
import os
import socket
import sys
from collections.abc import Iterator

from .tcpsocket import Socket

BATCH = 64  # datagrams a call; other sockets' slices come between
SLOT_BYTES = 1 << 16  # no datagram is longer; pages that no datagram reached take no memory
_NAME_BYTES = {socket.AF_INET: 16, socket.AF_INET6: 28}  # sizeof struct sockaddr_in, sockaddr_in6
_LENGTH_PLACE, _HEADER_INTS = 14, 16  # where mmsghdr's msg_len stands, counted in 4 octets
_LENGTH_WORD, _IOVEC_WORDS = 1, 2  # where iovec's iov_len stands, counted in 8 octets

_libc = ctypes.CDLL(None, use_errno=True)


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """struct mmsghdr, see recvmmsg(2)."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("iovec", ctypes.c_void_p),
        ("iovecs", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("padding", ctypes.c_int),
        ("length", ctypes.c_uint),
    )


class _Vector:
    """Headers for a batch, over slots of memory at `base`."""

    def __init__(self, base: int) -> None:
        self.headers = (_Header * BATCH)()
        self._iovecs = (_Iovec * BATCH)()
        for place, header in enumerate(self.headers):
            self._iovecs[place].base = base + place * SLOT_BYTES
            self._iovecs[place].length = SLOT_BYTES
            header.iovec = ctypes.addressof(self._iovecs[place])
            header.iovecs = 1
        self.ints = memoryview(self.headers).cast("B").cast("I")
        self.words = memoryview(self._iovecs).cast("B").cast("Q")

    def give_names(self, base: int, step: int, length: int) -> None:
        """Have each datagram's address at `base` + place x `step`."""
        for place, header in enumerate(self.headers):
            header.name = base + place * step
            header.name_length = length


class Datagrams:
    """A batch of datagrams at a time, for all sockets of one family. What was received stands until the next call."""

    def __init__(self, family: int) -> None:
        self._family = socket.AddressFamily(family)
        self._size = _NAME_BYTES[self._family]
        self._data = memoryview(bytearray(BATCH * SLOT_BYTES))
        self._names = memoryview(bytearray(BATCH * self._size))
        self._client = memoryview(bytearray(self._size))  # whom the answers of a batch go to
        base = _address_of(self._data)
        self._from_clients, self._from_endpoint, self._to_client = _Vector(base), _Vector(base), _Vector(base)
        self._from_clients.give_names(_address_of(self._names), self._size, self._size)
        self._to_client.give_names(_address_of(self._client), 0, self._size)

    def receive(self, sock: socket.socket) -> list[tuple[bytes, memoryview]]:
        """What clients sent: the `sockaddr` of each, and the datagram. Raises OSError, BlockingIOError for nothing."""
        vector, data, names, size = self._from_clients, self._data, self._names, self._size
        number = _received(sock, vector)
        ints = vector.ints
        return [
            (
                bytes(names[place * size : (place + 1) * size]),
                data[place * SLOT_BYTES : place * SLOT_BYTES + ints[place * _HEADER_INTS + _LENGTH_PLACE]],
            )
            for place in range(number)
        ]

    def receive_answers(self, sock: Socket) -> tuple[int, int]:
        """How many datagrams came to a connected socket, and how many bytes; raises as `receive` does."""
        number = _received(sock, self._from_endpoint)
        ints, words, total = self._from_endpoint.ints, self._to_client.words, 0
        for place in range(number):
            length = ints[place * _HEADER_INTS + _LENGTH_PLACE]
            words[place * _IOVEC_WORDS + _LENGTH_WORD] = length
            total += length
        return number, total

    def answer(self, sock: Socket, name: bytes, number: int) -> Iterator[OSError]:
        """Send so many received answers to the client of that `sockaddr`; the errors of those that were not taken."""
        self._client[:] = name
        first, descriptor, sent = ctypes.addressof(self._to_client.headers), sock.fileno(), 0
        while sent < number:
            place = ctypes.c_void_p(first + sent * ctypes.sizeof(_Header))
            done = _libc.sendmmsg(descriptor, place, number - sent, socket.MSG_DONTWAIT)
            if done < 0:
                yield _last_error()
                done = 1
            sent += done

    def client(self, name: bytes) -> tuple[str, int] | tuple[str, int, int, int]:
        """A `sockaddr` as `recvfrom` gives it."""
        port = int.from_bytes(name[2:4], "big")
        if self._family == socket.AF_INET:
            return socket.inet_ntop(socket.AF_INET, name[4:8]), port
        scope = int.from_bytes(name[24:28], sys.byteorder)
        return socket.inet_ntop(socket.AF_INET6, name[8:24]), port, int.from_bytes(name[4:8], "big"), scope


def _received(sock: Socket, vector: _Vector) -> int:
    number: int = _libc.recvmmsg(sock.fileno(), vector.headers, BATCH, socket.MSG_DONTWAIT, None)
    if number < 0:
        raise _last_error()
    return number


def _address_of(memory: memoryview) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def _last_error() -> OSError:
    number = ctypes.get_errno() or errno.EIO
    return OSError(number, os.strerror(number))
