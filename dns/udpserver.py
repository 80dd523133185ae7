"""I/O: UDP sockets, drained many datagrams a wake-up, answered from the socket that was asked."""

import asyncio
import errno
import socket
from collections.abc import Iterator
from time import perf_counter
from typing import NamedTuple

from .counters import Listener
from .datagrams import BATCH, DatagramSocket
from .fairqueue import FairQueue
from .responder import NO_MORE, Responder, Send, Source
from .wirecache import WireCache

BATCHES_PER_WAKE_UP = 4  # of which the first that has a packed answer is the last
WORK_SECONDS = 0.002  # for answers that have to be made

_NOT_SENT = frozenset(
    {
        errno.EAGAIN, errno.ENOBUFS, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EPERM, errno.EACCES,
        errno.EINVAL, errno.EMSGSIZE, errno.ECONNREFUSED,
    }
)  # fmt: skip
"""Sending to a client may end so (a full buffer, a client that is gone, its port 0): the client asks again."""

_NOT_RECEIVED = frozenset({errno.EAGAIN, errno.ECONNREFUSED, errno.ENETDOWN, errno.ENOMEM})


class _Waiting(NamedTuple):
    """A query that no packed answer was found for."""

    packet: bytes
    client: tuple[str, int]
    socket: socket.socket
    listener: Listener


class UdpServer:
    """Reads bound, non-blocking UDP sockets; they are closed with it.

    Answers that have to be made are made in turn for each client address, so that a flood of them from one address
    costs other clients a few milliseconds at most, and what is too much of it is shed.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, responder: Responder) -> None:
        self._loop = loop
        self._responder = responder
        self._counters = responder.counters
        self._sockets: list[DatagramSocket] = []
        self._queue: FairQueue[_Waiting] = FairQueue()
        self._is_working = False

    def add(self, opened: socket.socket, listener: Listener) -> None:
        """Starts to answer on a socket."""
        opened.settimeout(0)
        datagrams = DatagramSocket(opened)
        self._sockets.append(datagrams)
        self._loop.add_reader(opened, self._drain, datagrams, listener)

    def leave(self, address: str) -> None:
        """Stops answering on an address."""
        for opened in [each for each in self._sockets if each.sock.getsockname()[0] == address]:
            self._close(opened)

    def close(self) -> None:
        """Stops answering; what waits for its turn is dropped, since nobody is to be asked for it any more."""
        for opened in list(self._sockets):
            self._close(opened)
        self._queue = FairQueue()

    def _close(self, opened: DatagramSocket) -> None:
        self._sockets.remove(opened)
        self._loop.remove_reader(opened.sock)
        opened.sock.close()

    def _drain(self, opened: DatagramSocket, listener: Listener) -> None:
        """Answers what has come from packed answers, and queues the rest, up to the bounds: others have their turn."""
        cache = self._responder.packed.of(listener)
        begun, hits = perf_counter(), 0
        for _ in range(BATCHES_PER_WAKE_UP):
            try:
                packets = opened.receive()
            except OSError as error:
                if error.errno not in _NOT_RECEIVED:
                    raise
                break
            hits += self._answer(opened, listener, packets, cache)
            if hits or len(packets) < BATCH:
                break
        if hits:
            cache.seconds += perf_counter() - begun
        if not self._is_working:
            self._work()

    def _answer(self, opened: DatagramSocket, listener: Listener, packets: list[bytes], cache: WireCache) -> int:
        """How many of a batch there were packed answers for."""
        found = cache.find_all(packets)
        places = [place for place, packed in enumerate(found) if packed is not None]
        if len(places) < len(found):
            for place in range(len(found)):
                if found[place] is None:
                    self._enqueue(_Waiting(packets[place], opened.client(place), opened.sock, listener))
        if places:
            opened.answer(places, [packed for packed in found if packed is not None], _NOT_SENT)
        return len(places)

    def _enqueue(self, waiting: _Waiting) -> None:
        if not self._queue.put(waiting.client[0], waiting):
            self._counters.udp_shed += 1

    def _work(self) -> None:
        """Answers what is queued for a while; what is left then waits until the sockets were drained again."""
        until = perf_counter() + WORK_SECONDS
        while self._queue and perf_counter() < until:
            packet, client, opened, listener = self._queue.take()
            send = _sender(opened, client)
            packed = self._responder.packed.of(listener).find(packet, is_second_look=True)
            if packed is not None:
                send(packed)
            else:
                self._responder.respond(packet, Source(client[0], client[1], listener), send)
        self._is_working = bool(self._queue)
        if self._is_working:
            self._loop.call_soon(self._work)


def _sender(opened: socket.socket, client: tuple[str, int]) -> Send:
    """Sends an answer, now or later; the socket may be closed by then."""

    def send(packet: bytes, _more: Iterator[bytes] = NO_MORE) -> None:
        if not packet or opened.fileno() < 0:
            return
        try:
            opened.sendto(packet, client)
        except OSError as error:
            if error.errno not in _NOT_SENT:
                raise

    return send
