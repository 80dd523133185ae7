"""I/O: many datagrams a system call, recvmmsg(2) and sendmmsg(2), which Python's sockets do not have.

A server that answers from packed answers does little but make system calls, and turn addresses into text and back for
them. Here the kernel's own structures stand in memory once for each socket: a datagram's sender is written into one
and read from there when the answer goes back, without being looked at.
"""

import ctypes
import errno
import os
import socket
from collections.abc import Collection

BATCH = 64  # datagrams a call
MAX_DATAGRAM = 1024  # octets read; queries over 512 are malformed, whatever follows
MAX_ANSWER = 4096 + 64  # octets; longer ones go out by themselves
_NAME = 28  # octets of a sockaddr_in6, the longer of the two
_HEADER_WORDS, _IOVEC_WORDS = 8, 2  # of 8 octets, in a struct mmsghdr and a struct iovec
_LENGTH_PLACE, _HEADER_INTS = 14, 16  # where mmsghdr's msg_len stands, counted in 4 octets

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
    """Room for a batch of datagrams of up to `size` octets, as the system calls want it."""

    def __init__(self, size: int) -> None:
        self.data = memoryview(bytearray(BATCH * size))
        self.headers = (_Header * BATCH)()
        iovecs = (_Iovec * BATCH)()
        base = ctypes.addressof(ctypes.c_char.from_buffer(self.data))
        for index, header in enumerate(self.headers):
            iovecs[index].base = base + index * size
            iovecs[index].length = size
            header.iovec = ctypes.addressof(iovecs[index])
            header.iovecs = 1
        self.words = memoryview(self.headers).cast("B").cast("Q")
        self.ints = memoryview(self.headers).cast("B").cast("I")
        self.lengths = memoryview(iovecs).cast("B").cast("Q")


class DatagramSocket:
    """A bound, non-blocking UDP socket, read and answered in batches."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._in = _Vector(MAX_DATAGRAM)
        self._out = _Vector(MAX_ANSWER)
        self._names = memoryview(bytearray(BATCH * _NAME))
        self._first_name = ctypes.addressof(ctypes.c_char.from_buffer(self._names))
        for index, header in enumerate(self._in.headers):
            header.name = self._first_name + index * _NAME
            header.name_length = _NAME
        self._answers = 0

    def receive(self) -> list[bytes]:
        """What has come, at most a batch; raises OSError when nothing has."""
        vector = self._in
        number = _libc.recvmmsg(self.sock.fileno(), vector.headers, BATCH, socket.MSG_DONTWAIT, None)
        if number < 0:
            raise _last_error()
        data, ints = vector.data, vector.ints
        return [
            bytes(data[index * MAX_DATAGRAM : index * MAX_DATAGRAM + ints[index * _HEADER_INTS + _LENGTH_PLACE]])
            for index in range(number)
        ]

    def client(self, index: int) -> tuple[str, int]:
        """The address and port that the datagram of that place in the batch came from."""
        name = self._names[index * _NAME : (index + 1) * _NAME]
        port = int.from_bytes(name[2:4])
        if self.sock.family == socket.AF_INET6:
            return socket.inet_ntop(socket.AF_INET6, name[8:24]), port
        return socket.inet_ntop(socket.AF_INET, name[4:8]), port

    def answer(self, index: int, packet: bytes) -> None:
        """Keep an answer of MAX_ANSWER octets at most to the datagram of that place, for `flush`."""
        vector, place = self._out, self._answers
        start = place * MAX_ANSWER
        vector.data[start : start + len(packet)] = packet
        vector.lengths[place * _IOVEC_WORDS + 1] = len(packet)
        words = place * _HEADER_WORDS
        vector.words[words] = self._first_name + index * _NAME
        vector.words[words + 1] = self._in.words[index * _HEADER_WORDS + 1]  # the name's length
        self._answers = place + 1

    def flush(self, forgiven: Collection[int]) -> None:
        """Send the answers that were kept; one that fails with an errno of these is left out, others raise OSError."""
        sent, number, self._answers = 0, self._answers, 0
        descriptor, first, size = self.sock.fileno(), ctypes.addressof(self._out.headers), ctypes.sizeof(_Header)
        while sent < number:
            done = _libc.sendmmsg(descriptor, ctypes.c_void_p(first + sent * size), number - sent, socket.MSG_DONTWAIT)
            if done < 0:
                if ctypes.get_errno() not in forgiven:
                    raise _last_error()
                done = 1
            sent += done


def _last_error() -> OSError:
    number = ctypes.get_errno() or errno.EIO
    return OSError(number, os.strerror(number))
