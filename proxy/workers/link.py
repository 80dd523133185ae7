"""One end of a channel between two of our processes: messages with descriptors, in order, on a reactor.

The channel is a pair of Unix sockets that keep packets apart. A message that is longer than a packet goes in pieces.
"""

import errno
import os
import select
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from proxy.handlers import TimerOwner
from proxy.reactor import STREAM_EVENTS, Reactor
from proxy.timers import Timer

PIECE_BYTES = 32 * 1024  # far below the smallest usual socket buffer
MOST_DESCRIPTORS = 64  # of a message; the kernel's SCM_MAX_FD is 253
PACKETS_PER_SLICE = 8
RETRY_SECONDS = 0.005

LAST, MORE = b"\0", b"\1"  # how each packet begins: with what comes after it

# The kernel says the second when a user has more descriptors on their way than one process may hold (unix(7)), and
# does not tell when that is over.
NOT_NOW = frozenset({errno.EAGAIN, errno.ETOOMANYREFS, errno.ENOBUFS, errno.ENOMEM})

OnMessage: TypeAlias = Callable[[bytes, list[int]], None]


class Packet(NamedTuple):
    """What is sent at once, and the sockets that go with it."""

    mark: bytes
    data: memoryview
    sockets: Sequence[socket.socket]
    are_given: bool  # the sockets are closed here once they are sent; else the sender keeps them


def channel_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def packets(data: bytes, sockets: Sequence[socket.socket] = (), *, are_given: bool = True) -> list[Packet]:
    """A message in packets; all sockets go with the first."""
    assert len(sockets) <= MOST_DESCRIPTORS, "the kernel would refuse them"
    view = memoryview(data)
    starts = range(0, len(data), PIECE_BYTES)
    return [
        Packet(
            MORE if start + PIECE_BYTES < len(data) else LAST,
            view[start : start + PIECE_BYTES],
            () if start else sockets,
            are_given,
        )
        for start in starts
    ]


def send_packet(channel: socket.socket, packet: Packet) -> None:
    """Send a packet whole. A socket that was closed meanwhile stays behind. Raises OSError as sockets do."""
    descriptors = [number for each in packet.sockets if (number := each.fileno()) >= 0]
    socket.send_fds(channel, [packet.mark, packet.data], descriptors)
    release(packet)


def release(packet: Packet) -> None:
    """Close the sockets that were given to it."""
    if packet.are_given:
        for each in packet.sockets:
            each.close()


def receive_packet(channel: socket.socket) -> tuple[bytes, list[int]]:
    """The next packet with its mark, and its descriptors; no bytes when the other end is gone. It may block."""
    try:
        data, descriptors, _flags, _ = socket.recv_fds(
            channel, 1 + PIECE_BYTES, MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
        )
    except ConnectionResetError:  # the other end went with a packet unread: told once, before what it sent
        return receive_packet(channel)
    return data, descriptors


def close_all(descriptors: Sequence[int]) -> None:
    """Close descriptors that belong to us."""
    for each in descriptors:
        os.close(each)


class Link:
    """Tells `on_message` of what comes, and `on_end`, once, that nothing will come any more."""

    def __init__(
        self, reactor: Reactor, channel: socket.socket, on_message: OnMessage, on_end: Callable[[], None]
    ) -> None:
        """Take over the channel."""
        self._reactor = reactor
        self._channel = channel
        self._on_message = on_message
        self._on_end = on_end
        self._outgoing: deque[Packet] = deque()
        self._pieces: list[bytes] = []
        self._descriptors: list[int] = []
        self._retry: Timer[TimerOwner] | None = None
        self.is_closed = False
        channel.settimeout(0)
        reactor.watch(channel, self, STREAM_EVENTS)

    def send(self, data: bytes, sockets: Sequence[socket.socket] = (), *, are_given: bool = True) -> None:
        """Send a message, now or as soon as the other end takes it; sockets that are given belong to the link then."""
        parts = packets(data, sockets, are_given=are_given)
        if self.is_closed:
            release(parts[0])
            return
        was_idle = not self._outgoing
        self._outgoing.extend(parts)
        if was_idle:
            self._flush()

    def on_events(self, events: int) -> None:
        """Packets wait, or there is room for some."""
        if events & select.EPOLLOUT and self._outgoing:
            self._flush()
        self.proceed()

    def proceed(self) -> None:
        """Receive a slice of packets."""
        for _ in range(PACKETS_PER_SLICE):
            if self.is_closed or not self._receive():
                return
        self._reactor.soon(self)

    def on_timer(self) -> None:
        """The kernel may take descriptors again."""
        self._retry = None
        self._flush()

    def close(self) -> None:
        """Say no more, and hear nothing; `on_end` is not called."""
        if self.is_closed:
            return
        self.is_closed = True
        if self._retry is not None:
            self._reactor.cancel_timer(self._retry)
        self._reactor.discard(self._channel)
        for packet in self._outgoing:
            release(packet)
        self._outgoing.clear()
        close_all(self._descriptors)

    def abort(self) -> None:
        """A bug of ours, or the end of the reactor: as if the other end were gone."""
        if not self.is_closed:
            self.close()
            self._on_end()

    def _flush(self) -> None:
        while self._outgoing and not self.is_closed:
            try:
                send_packet(self._channel, self._outgoing[0])
            except ConnectionError:
                self.abort()
                return
            except OSError as error:
                if error.errno not in NOT_NOW:
                    raise
                if error.errno != errno.EAGAIN and self._retry is None:
                    self._retry = self._reactor.start_timer(self, RETRY_SECONDS)
                return
            self._outgoing.popleft()

    def _receive(self) -> bool:
        """Receive one packet; `False` when there is none."""
        try:
            data, descriptors = receive_packet(self._channel)
        except BlockingIOError:
            return False
        if not data:
            self.abort()
            return False
        self._descriptors += descriptors
        self._pieces.append(data[1:])
        if data.startswith(LAST):
            message = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
            descriptors, self._pieces, self._descriptors = self._descriptors, [], []
            self._on_message(message, descriptors)
        return True
