"""I/O: one query to one upstream, over a socket of its own: connected, from a port that the kernel picks at random.

An exchange ends once, by calling back with a response or a reason why there is none. What is not the answer (another
id, question or sender, or no message at all) is passed over, and the wait goes on: who can only guess must not be able
to end it.
"""

import asyncio
import errno
import logging
import secrets
import socket
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from .framing import Framer, framed
from .model import Query
from .plugins.forward import Upstream
from .responses import ParsedResponse, parse_header, parse_response
from .upstreamquery import build

log = logging.getLogger(__name__)

MAX_DATAGRAM = 65535
DATAGRAMS_PER_WAKE_UP = 16

UNREACHABLE = frozenset(
    {
        errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN,
        errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM, errno.EINVAL, errno.EPIPE, errno.ETIMEDOUT, errno.EMSGSIZE,
    }
)  # fmt: skip
"""What sending to an address or waiting for it may end in: the address cannot be used from here, or not now."""

OUT_OF_SOCKETS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EAFNOSUPPORT})
"""What opening a socket may end in."""


class Failure(StrEnum):
    """Why an upstream gave no answer."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    CLOSED = "closed"  # the TCP connection ended first
    NO_SOCKET = "no socket"


class Received(NamedTuple):
    """An upstream's answer and its size in octets."""

    response: ParsedResponse
    octets: int


Done: TypeAlias = Callable[[Received | Failure], None]


def _family(upstream: Upstream) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in upstream.address else socket.AF_INET


def _destination(upstream: Upstream) -> tuple[str, int] | tuple[str, int, int, int]:
    """The socket address; a link-local one names its interface behind a percent sign."""
    address, _, scope = upstream.address.partition("%")
    if ":" not in address:
        return address, upstream.port
    try:
        return address, upstream.port, 0, socket.if_nametoindex(scope) if scope else 0
    except OSError:  # no such interface: the kernel then refuses the connection
        return address, upstream.port, 0, 0


class Exchange:
    """What both transports share: the timer, the check of what came, and ending once."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, upstream: Upstream, query: Query, timeout: float, done: Done
    ) -> None:
        self.loop = loop
        self.upstream = upstream
        self.query = query
        self.identity = secrets.randbelow(0x10000)
        self.ignored = 0
        self._done: Done | None = done
        self._socket: socket.socket | None = None
        self._timer = loop.call_later(timeout, self._finish, Failure.TIMEOUT)

    def cancel(self) -> None:
        """Ends it without a call back."""
        self._done = None
        self._release()

    def _open(self, kind: socket.SocketKind) -> bool:
        """Opens and connects the socket; ends the exchange if that cannot be."""
        try:
            self._socket = socket.socket(_family(self.upstream), kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        except OSError as error:
            if error.errno not in OUT_OF_SOCKETS:
                raise
            self._finish(Failure.NO_SOCKET)
            return False
        return self._try(lambda opened: opened.connect(_destination(self.upstream)))

    def _try(self, action: Callable[[socket.socket], object]) -> bool:
        """Does something with the socket; ends the exchange if the upstream cannot be reached."""
        assert self._socket is not None
        try:
            action(self._socket)
        except BlockingIOError:  # a TCP connection takes a while
            return True
        except OSError as error:
            if error.errno not in UNREACHABLE:
                raise
            self._finish(Failure.UNREACHABLE)
            return False
        return True

    def _receive(self) -> bytes | None:
        """What has come; `None` if that is nothing, or the exchange has ended."""
        data: list[bytes] = []
        self._try(lambda opened: data.append(opened.recv(MAX_DATAGRAM)))
        return data[0] if data else None

    def _received(self, packet: bytes) -> bool:
        """Ends the exchange if the packet is the answer."""
        header = parse_header(packet)
        if header is not None and header.answers(self.query, self.identity):
            response = parse_response(packet, header)
            if response is not None:
                self._finish(Received(response, len(packet)))
                return True
        self.ignored += 1
        return False

    def _finish(self, result: Received | Failure) -> None:
        done, self._done = self._done, None
        self._release()
        if done is not None:
            done(result)

    def _release(self) -> None:
        self._timer.cancel()
        opened, self._socket = self._socket, None
        if opened is not None:
            self.loop.remove_reader(opened)
            self.loop.remove_writer(opened)
            opened.close()


class UdpExchange(Exchange):
    """Over UDP. A refusal that comes back by ICMP ends it at once."""

    def start(self) -> None:
        """Sends the query."""
        packet = build(self.query, self.identity)
        if self._open(socket.SOCK_DGRAM) and self._try(lambda opened: opened.send(packet)):
            assert self._socket is not None
            self.loop.add_reader(self._socket, self._readable)

    def _readable(self) -> None:
        for _ in range(DATAGRAMS_PER_WAKE_UP):
            packet = self._receive()
            if packet is None or self._received(packet):
                return


class TcpExchange(Exchange):
    """Over TCP, on a kept connection if there is one."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        upstream: Upstream,
        query: Query,
        timeout: float,
        done: Done,
        *,
        idle: "IdleConnections",
    ) -> None:
        super().__init__(loop, upstream, query, timeout, done)
        self._idle = idle
        self._framer = Framer()
        self._unsent = framed(build(query, self.identity))
        self._kept = False

    def start(self) -> None:
        """Sends the query as soon as there is a connection."""
        self._socket = self._idle.take(self.upstream)
        self._kept = self._socket is not None
        if self._kept or self._open(socket.SOCK_STREAM):
            assert self._socket is not None
            self.loop.add_writer(self._socket, self._writable)

    def _writable(self) -> None:
        def send(opened: socket.socket) -> None:
            self._unsent = self._unsent[opened.send(self._unsent) :]

        if self._try(send) and not self._unsent:
            assert self._socket is not None
            self.loop.remove_writer(self._socket)
            self.loop.add_reader(self._socket, self._readable)

    def _readable(self) -> None:
        data = self._receive()
        if data is None:
            return
        if not data:
            self._finish(Failure.CLOSED)
            return
        self._framer.feed(data)
        while (message := self._framer.next_message()) is not None:
            if self._received(message):
                return

    def _anew(self) -> None:
        """Sends the query on a connection of its own, instead of the kept one."""
        assert self._socket is not None
        self.loop.remove_reader(self._socket)
        self.loop.remove_writer(self._socket)
        self._socket.close()
        self._kept, self._framer = False, Framer()
        self._unsent = framed(build(self.query, self.identity))
        if self._open(socket.SOCK_STREAM):
            self.loop.add_writer(self._socket, self._writable)

    def _finish(self, result: Received | Failure) -> None:
        if self._kept and result in (Failure.CLOSED, Failure.UNREACHABLE):
            # The upstream closed or reset it while it was not in use, which says nothing of how the upstream fares.
            self._anew()
            return
        if isinstance(result, Received) and self._socket is not None:
            opened, self._socket = self._socket, None
            self.loop.remove_reader(opened)
            self._idle.put(self.upstream, opened)
        super()._finish(result)


class IdleConnections:
    """TCP connections to upstreams that are kept for the next query, each for at most `expire` seconds."""

    MAX_PER_UPSTREAM = 8

    def __init__(self, loop: asyncio.AbstractEventLoop, expire: float) -> None:
        self._loop = loop
        self._expire = expire
        self._idle: dict[Upstream, dict[socket.socket, asyncio.TimerHandle]] = {}

    def take(self, upstream: Upstream) -> socket.socket | None:
        """The connection that was used last, if any is left."""
        kept = self._idle.get(upstream)
        if not kept:
            return None
        opened, timer = kept.popitem()
        timer.cancel()
        self._loop.remove_reader(opened)
        return opened

    def put(self, upstream: Upstream, opened: socket.socket) -> None:
        """Keeps a connection on which nothing is awaited; whatever comes on it closes it."""
        kept = self._idle.setdefault(upstream, {})
        if self._expire <= 0 or len(kept) >= self.MAX_PER_UPSTREAM:
            opened.close()
            return
        kept[opened] = self._loop.call_later(self._expire, self._close, upstream, opened)
        self._loop.add_reader(opened, self._close, upstream, opened)

    def close(self) -> None:
        """Closes all of them."""
        for upstream, kept in self._idle.items():
            for opened in list(kept):
                self._close(upstream, opened)

    def _close(self, upstream: Upstream, opened: socket.socket) -> None:
        self._idle[upstream].pop(opened).cancel()
        self._loop.remove_reader(opened)
        opened.close()
