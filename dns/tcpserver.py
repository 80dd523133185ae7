"""I/O: TCP connections, each with any number of queries, answered one after the other in order (RFC 7766)."""

import asyncio
import errno
import logging
import socket
from collections.abc import Iterator
from itertools import islice
from time import perf_counter
from typing import NamedTuple

from .counters import Counters, Listener
from .framing import Framer, framed
from .responder import NO_MORE, Responder, Source

log = logging.getLogger(__name__)

MAX_CLIENTS = 512
ACCEPTS_PER_WAKE_UP = 16
MESSAGES_PER_TURN = 16
CHUNK = 16_384
ACCEPT_PAUSE = 0.1  # seconds, as trio's serve_listeners waits for descriptors to come free

_OUT_OF_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_NOT_ACCEPTED = frozenset(
    {errno.EAGAIN, errno.ECONNABORTED, errno.EPROTO, errno.EPERM, errno.ENETDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH}
)
_GONE = frozenset(
    {errno.ECONNRESET, errno.EPIPE, errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN}
)


class Timeouts(NamedTuple):
    """Seconds after which a client is left; the values are CoreDNS' (core/dnsserver, `timeouts`)."""

    read: float = 3.0  # for the first query to come whole
    write: float = 5.0  # for an answer to be taken
    idle: float = 10.0  # for each further query


DEFAULT_TIMEOUTS = Timeouts()


class TcpServer:
    """Accepts on listening sockets; they are closed with it, and so are their connections.

    A client too many costs the one that has been silent longest its connection: idle ones cannot shut others out.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        responder: Responder,
        counters: Counters,
        *,
        max_clients: int = MAX_CLIENTS,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
    ) -> None:
        self.timeouts = timeouts
        self.loop = loop
        self.responder = responder
        self.max_clients = max_clients
        self._counters = counters
        self._listeners: dict[socket.socket, Listener] = {}
        self._clients: dict[TcpClient, None] = {}
        self._resumption: asyncio.TimerHandle | None = None
        self._is_exhausted = False

    def __len__(self) -> int:
        return len(self._clients)

    @property
    def clients(self) -> tuple["TcpClient", ...]:
        """The open connections; who was heard of last comes last."""
        return tuple(self._clients)

    def add(self, opened: socket.socket, listener: Listener) -> None:
        """Starts to accept on a listening socket."""
        opened.settimeout(0)
        self._listeners[opened] = listener
        self.loop.add_reader(opened, self._accept, opened)

    def close(self) -> None:
        """Stops accepting, and closes all connections."""
        if self._resumption is not None:
            self._resumption.cancel()
        for opened in list(self._listeners):
            self._close(opened)
        for client in list(self._clients):
            client.close()

    def leave(self, address: str) -> None:
        """Stops accepting on an address; connections that are open go on."""
        for opened in [each for each in self._listeners if each.getsockname()[0] == address]:
            self._close(opened)

    def _close(self, opened: socket.socket) -> None:
        del self._listeners[opened]
        self.loop.remove_reader(opened)
        opened.close()

    def heard_of(self, client: "TcpClient") -> None:
        """A whole message came from the client."""
        del self._clients[client]
        self._clients[client] = None

    def gone(self, client: "TcpClient") -> None:
        """The client's connection is closed."""
        del self._clients[client]

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(ACCEPTS_PER_WAKE_UP):
            try:
                opened, peer = listening.accept()
            except OSError as error:
                if error.errno in _OUT_OF_DESCRIPTORS:
                    self._pause(error)
                elif error.errno not in _NOT_ACCEPTED:
                    raise
                return
            self._is_exhausted = False
            if len(self) >= self.max_clients:
                self._shed()
            opened.settimeout(0)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._clients[TcpClient(self, opened, Source(peer[0], peer[1], self._listeners[listening]))] = None

    def _shed(self) -> None:
        self._counters.tcp_shed += 1
        oldest = next((client for client in self._clients if not client.is_busy), next(iter(self._clients)))
        oldest.close()

    def _pause(self, error: OSError) -> None:
        """Nobody can be accepted: connections wait in the backlog, those that are there go on."""
        self._counters.accept_failures += 1
        if not self._is_exhausted:
            log.warning("accepting paused", extra={"kv": {"error": str(error), "clients": len(self)}})
        self._is_exhausted = True
        for listening in self._listeners:
            self.loop.remove_reader(listening)
        if self._resumption is not None:
            self._resumption.cancel()
        self._resumption = self.loop.call_later(ACCEPT_PAUSE, self._resume)

    def _resume(self) -> None:
        self._resumption = None
        for listening in self._listeners:
            self.loop.add_reader(listening, self._accept, listening)


class TcpClient:
    """One connection. It is read only while nothing of it waits to be answered or sent."""

    def __init__(self, server: TcpServer, opened: socket.socket, source: Source) -> None:
        self.is_busy = False  # a query waits for its answer
        self._server = server
        self._loop = server.loop
        self._socket = opened
        self._source = source
        self._framer = Framer()
        self._unsent = b""
        self._more = NO_MORE  # messages of the same answer
        self._ended = False  # the client will send no more
        self._closed = False
        self._serving = False
        self._reading = False
        self._timer = self._loop.call_later(server.timeouts.read, self.close)
        self._read(on=True)

    @property
    def is_unread(self) -> bool:
        """Whether a part of an answer is left that the client did not take yet."""
        return bool(self._unsent)

    def close(self) -> None:
        """Closes the connection; an answer that comes later goes nowhere."""
        if self._closed:
            return
        self._closed = True
        self._timer.cancel()
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        self._server.gone(self)

    def _read(self, *, on: bool) -> None:
        if on != self._reading:
            self._reading = on
            if on:
                self._loop.add_reader(self._socket, self._readable)
            else:
                self._loop.remove_reader(self._socket)

    def _arm(self, seconds: float) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self.close)

    def _readable(self) -> None:
        try:
            data = self._socket.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in _GONE:
                raise
            self.close()
            return
        self._ended = not data
        self._framer.feed(data)
        self._serve()

    def _serve(self) -> None:
        """Answers the messages that are whole, up to the bound: others on the loop have their turn too."""
        if self._closed or self._serving:
            return
        self._serving = True
        for _ in range(MESSAGES_PER_TURN):
            if not self._serve_one():
                break
        else:
            self._loop.call_soon(self._serve)
            self._read(on=False)
        self._serving = False

    def _serve_one(self) -> bool:
        """Whether a message was answered, and another one may be."""
        message = None if self._closed or self._is_waiting else self._framer.next_message()
        if message is None:
            self._rest()
            return False
        self.is_busy = True
        self._timer.cancel()
        self._server.heard_of(self)
        begun = perf_counter()
        cache = self._server.responder.packed.of(self._source.listener)
        packed = cache.find(message)
        if packed is not None:
            self._answered(packed)
            cache.seconds += perf_counter() - begun
        else:
            self._server.responder.respond(message, self._source, self._answered)
        return True

    @property
    def _is_waiting(self) -> bool:
        return self.is_busy or self.is_unread

    def _rest(self) -> None:
        """Nothing can be answered now: wait for what is missing, or end."""
        if self._closed:
            return
        if self._ended and not self._is_waiting:
            self.close()
        else:
            self._read(on=not self._ended and not self._is_waiting)

    def _answered(self, packet: bytes, more: Iterator[bytes] = NO_MORE) -> None:
        if self._closed:
            return
        self.is_busy = False
        self._arm(self._server.timeouts.idle)
        if packet:
            self._unsent, self._more = framed(packet), more
            self._writable()
        self._serve()

    def _writable(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            if error.errno not in _GONE:
                raise
            self.close()
            return
        self._unsent = self._unsent[sent:] or b"".join(map(framed, islice(self._more, 1)))
        if self._unsent:
            self._loop.add_writer(self._socket, self._sendable)
            self._arm(self._server.timeouts.write)

    def _sendable(self) -> None:
        """The client takes more of an answer."""
        self._loop.remove_writer(self._socket)
        self._writable()
        if not self._closed and not self._unsent:
            self._arm(self._server.timeouts.idle)
            self._serve()
