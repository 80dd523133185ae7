"""One frontend's socket, and what stands behind it: a listener that serves, or nobody, so that clients time out."""

import socket
import typing
from collections.abc import Callable
from typing import TypeAlias

from .fullqueue import FullQueue
from .model import Frontend, Protocol
from .plan import is_dropped
from .sockets import Sockets


class Listener(typing.Protocol):
    """Serves a socket that it took over; all that is decided about a connection comes from `frontend`."""

    frontend: Frontend

    def close(self) -> None:
        """Let nobody in any more, and close the socket, at the end of the loop's turn at the latest."""
        ...


OpenListener: TypeAlias = Callable[[socket.socket, Frontend], Listener]


class OpenFrontend:
    """Owns a socket from `Sockets.open`. Packets are dropped by the kernel where that is permitted.

    Where it is not, a TCP socket is given a full queue, and a UDP listener finds no endpoint and discards.
    """

    def __init__(self, sock: socket.socket, open_listener: OpenListener, sockets: Sockets) -> None:
        self._sock = sock
        self._open_listener = open_listener
        self._sockets = sockets
        self._listener: Listener | None = None
        self._queue: FullQueue | None = None
        self._is_filtered = False

    async def show(self, frontend: Frontend) -> None:
        """Serve the frontend from now on, in place of the one before; both have the same key."""
        if self._listener is not None:
            self._listener.frontend = frontend
        if is_dropped(frontend):
            await self._drop(frontend)
        else:
            await self._let_in(frontend)

    def close(self) -> None:
        """Refuse connections; those that are established go on."""
        if self._listener is not None:
            self._listener.close()
        elif self._queue is not None:
            self._queue.close()
        else:
            self._sock.close()

    async def _drop(self, frontend: Frontend) -> None:
        if self._is_filtered or self._queue is not None:
            return
        self._is_filtered = await self._sockets.set_drop(self._sock, dropping=True)
        if self._is_filtered or frontend.key.protocol is not Protocol.TCP:
            self._listen(frontend)
        else:
            self._fill_queue()

    async def _let_in(self, frontend: Frontend) -> None:
        if self._is_filtered:
            self._is_filtered = not await self._sockets.set_drop(self._sock, dropping=False)
        if self._queue is not None:
            self._sock, self._queue = self._queue.release(), None
        self._listen(frontend)

    def _listen(self, frontend: Frontend) -> None:
        if self._listener is None:
            self._listener = self._open_listener(self._sock, frontend)

    def _fill_queue(self) -> None:
        """The port is never free in between: a copy of the descriptor outlives the listener."""
        if self._listener is not None:
            self._sock = self._sock.dup()
            self._listener.close()
            self._listener = None
        self._queue = FullQueue(self._sock)
