"""TCP listeners whose connections are ended with them."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

Handler: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

BUFFER_BYTES = 65536  # what a connection reads ahead; a request's head must fit in it


class StreamServer:
    """Serves each connection of one listening socket with a handler; a peer that goes away ends its handler."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[Any]] = set()

    async def open(self, listening: socket.socket) -> None:
        """Begin to accept."""
        self._server = await asyncio.start_server(self._connected, sock=listening, limit=BUFFER_BYTES)

    async def close(self) -> None:
        """Stop listening and end what is connected."""
        if self._server is not None:
            self._server.close()
        connections = tuple(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._handler(reader, writer)
            writer.close()
            await writer.wait_closed()
        except ConnectionError:
            pass  # the peer went away, which is its right
        except asyncio.CancelledError:
            pass  # `close`: asyncio would log a cancelled connection as an error
        finally:
            writer.transport.abort()
            self._connections.discard(task)
