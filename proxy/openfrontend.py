"""One frontend's socket, and what stands behind it: a listener that serves, or nobody, so that clients time out."""

import socket
import typing
from collections.abc import Callable, Collection
from typing import TypeAlias

from .counters import KernelDrop
from .fullqueue import FullQueue
from .model import Frontend, Protocol
from .socketdrops import dropped_packets
from .sockets import Sockets
from .sources import Sources, allowed_sources


class Listener(typing.Protocol):
    """Serves a socket that it took over; all that is decided about a connection comes from `frontend`."""

    frontend: Frontend

    def close(self) -> None:
        """Let nobody in any more, and close the socket, at the end of the loop's turn at the latest."""
        ...


OpenListener: TypeAlias = Callable[[socket.socket, Frontend], Listener]


class OpenFrontend:
    """Owns a socket from `Sockets.open`. Packets of those who may not come in are dropped by the kernel.

    Where that is not permitted, a TCP socket that serves nobody is given a full queue, one that serves some resets the
    others, and a UDP listener finds no endpoint for them and discards.
    """

    def __init__(
        self, sock: socket.socket, open_listener: OpenListener, sockets: Sockets, inside: Collection[str] = ()
    ) -> None:
        """`inside` are the sources that count as inside the cluster; others are shown by the next `show`."""
        self.inside = inside
        self.is_limited = True  # the kernel does what was asked of it last
        self._sock = sock
        self._open_listener = open_listener
        self._sockets = sockets
        self._allowed: Sources = None
        self._dropped = 0  # packets, when it was looked at last
        self._listener: Listener | None = None
        self._queue: FullQueue | None = None

    async def show(self, frontend: Frontend) -> None:
        """Serve the frontend from now on, in place of the one before; both have the same key."""
        if self._allowed is not None:  # whom the new filter lets in must find the new frontend
            self._tell(frontend)
        allowed = allowed_sources(frontend, self.inside)
        if allowed != self._allowed:
            await self._limit(allowed)
        if allowed == () and not self.is_limited and frontend.key.protocol is Protocol.TCP:
            self._fill_queue()
        else:
            self._listen(frontend)

    def close(self) -> None:
        """Refuse connections; those that are established go on."""
        if self._listener is not None:
            self._listener.close()
        elif self._queue is not None:
            self._queue.close()
        else:
            self._sock.close()

    def newly_dropped(self) -> tuple[KernelDrop, int]:
        """How many packets the kernel dropped at the socket since the last call, and why, by what is let in now."""
        dropped, before = dropped_packets(self._sock), self._dropped
        self._dropped = dropped
        if self._allowed == ():
            return KernelDrop.POLICY, dropped - before
        return KernelDrop.QUEUE_FULL if self._allowed is None else KernelDrop.SOURCE_RANGE, dropped - before

    async def _limit(self, allowed: Sources) -> None:
        """Let those in and nobody else; where the kernel may not tell them apart, let all of them in."""
        self._allowed = allowed
        self.is_limited = await self._sockets.allow_only(self._sock, allowed)
        if not self.is_limited:
            await self._sockets.allow_only(self._sock, None)

    def _tell(self, frontend: Frontend) -> None:
        if self._listener is not None:
            self._listener.frontend = frontend

    def _listen(self, frontend: Frontend) -> None:
        if self._queue is not None:
            self._sock, self._queue = self._queue.release(), None
        if self._listener is None:
            self._listener = self._open_listener(self._sock, frontend)
        else:
            self._listener.frontend = frontend

    def _fill_queue(self) -> None:
        """The port is never free in between: a copy of the descriptor outlives the listener."""
        if self._queue is not None:
            return
        if self._listener is not None:
            self._sock = self._sock.dup()
            self._listener.close()
            self._listener = None
        self._queue = FullQueue(self._sock)
