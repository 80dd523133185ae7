"""I/O: many datagrams a system call, recvmmsg(2) and sendmmsg(2), which Python's sockets do not have.

A server that answers from packed answers does little but make system calls, and turn addresses into text and back for
them. Here the kernel's own structures stand in memory once for each socket: a datagram's sender is written into one
and read from there when the answer goes back, without being looked at. What a batch needs is filled in column by
column, not datagram by datagram: the loops are then those of `map`, `join` and slices.
"""

import ctypes
import errno
import os
import socket
from array import array
from collections.abc import Collection, Sequence
from itertools import accumulate

BATCH = 64  # datagrams a call
MAX_DATAGRAM = 544  # octets read; queries over 512 are malformed, whatever follows
MAX_ANSWER = 4096 + 64  # octets; longer ones go out by themselves
_NAME = 28  # octets of a sockaddr_in6, the longer of the two
_NAME_LENGTHS = {socket.AF_INET: 16, socket.AF_INET6: _NAME}
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


_HEADER_SIZE = ctypes.sizeof(_Header)


class _Vector:
    """Room for a batch of datagrams of up to `size` octets, with senders' or receivers' addresses from `name` on.

    The memoryviews are the columns of it, as the system calls want it.
    """

    def __init__(self, size: int, name: int, name_length: int) -> None:
        self.data = memoryview(bytearray(BATCH * size))
        self.headers = (_Header * BATCH)()
        self.base = ctypes.addressof(ctypes.c_char.from_buffer(self.data))
        iovecs = (_Iovec * (BATCH + 1))()  # one more, for where the last datagram ends
        for index, header in enumerate(self.headers):
            iovecs[index].base = self.base + index * size
            iovecs[index].length = size
            header.iovec = ctypes.addressof(iovecs[index])
            header.iovecs = 1
            header.name = name + index * _NAME
            header.name_length = name_length
        words = memoryview(iovecs).cast("B").cast("Q")
        self.bases, self.lengths = words[::_IOVEC_WORDS], words[1::_IOVEC_WORDS]
        self.names = memoryview(self.headers).cast("B").cast("Q")[::_HEADER_WORDS]
        self.received = memoryview(self.headers).cast("B").cast("I")[_LENGTH_PLACE::_HEADER_INTS]


class DatagramSocket:
    """A bound, non-blocking UDP socket, read and answered in batches."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._names = memoryview(bytearray(BATCH * _NAME))
        first = ctypes.addressof(ctypes.c_char.from_buffer(self._names))
        self._addresses = [first + index * _NAME for index in range(BATCH)]
        self._in = _Vector(MAX_DATAGRAM, first, _NAME)
        self._out = _Vector(MAX_ANSWER, first, _NAME_LENGTHS[sock.family])

    def receive(self) -> list[bytes]:
        """What has come, at most a batch; raises OSError when nothing has."""
        vector = self._in
        number = _libc.recvmmsg(self.sock.fileno(), vector.headers, BATCH, socket.MSG_DONTWAIT, None)
        if number < 0:
            raise _last_error()
        data = vector.data[: number * MAX_DATAGRAM].tobytes()
        sizes = vector.received[:number].tolist()
        return [data[place * MAX_DATAGRAM : place * MAX_DATAGRAM + size] for place, size in enumerate(sizes)]

    def client(self, index: int) -> tuple[str, int]:
        """The address and port that the datagram of that place in the batch came from."""
        name = self._names[index * _NAME : (index + 1) * _NAME]
        port = int.from_bytes(name[2:4])
        if self.sock.family == socket.AF_INET6:
            return socket.inet_ntop(socket.AF_INET6, name[8:24]), port
        return socket.inet_ntop(socket.AF_INET, name[4:8]), port

    def answer(self, places: Sequence[int], packets: Sequence[bytes], forgiven: Collection[int]) -> None:
        """Sends answers of MAX_ANSWER octets at most to the datagrams of those places in the batch.

        One that fails with an errno of `forgiven` is left out, others raise OSError.
        """
        vector, number = self._out, len(packets)
        data, lengths = b"".join(packets), array("Q", map(len, packets))
        vector.data[: len(data)] = data
        vector.lengths[:number] = lengths
        vector.bases[: number + 1] = array("Q", accumulate(lengths, initial=vector.base))
        vector.names[:number] = array("Q", map(self._addresses.__getitem__, places))
        sent = self._send(0, number, forgiven)
        while sent < number:
            sent += self._send(sent, number, forgiven)

    def _send(self, start: int, end: int, forgiven: Collection[int]) -> int:
        """How many answers of those from `start` on are done with."""
        headers = self._out.headers
        rest = ctypes.byref(headers, start * _HEADER_SIZE) if start else headers
        done: int = _libc.sendmmsg(self.sock.fileno(), rest, end - start, socket.MSG_DONTWAIT)
        if done < 0:
            if ctypes.get_errno() not in forgiven:
                raise _last_error()
            return 1
        return done


def _last_error() -> OSError:
    number = ctypes.get_errno() or errno.EIO
    return OSError(number, os.strerror(number))
