"""A small HTTP server for health and metrics: GET and HEAD only, one answer a connection, everything bounded."""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

log = logging.getLogger(__name__)

# A scraper or probe sends a few hundred bytes at once; whoever is slower or bigger is no scraper.
HEAD_LIMIT_BYTES = 8192
REQUEST_SECONDS = 5.0
MOST_CLIENTS = 64

_CANNOT_LISTEN = {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM, errno.EAFNOSUPPORT}


class OpsReply(NamedTuple):
    """What a path answers."""

    status: HTTPStatus = HTTPStatus.OK
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = {}


Routes = Mapping[str, Callable[[], OpsReply]]


class OpsServer:
    """Serves `routes` on the addresses given; the path `*` answers for all that have no route of their own."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._servers: dict[str, asyncio.Server] = {}  # by the address that was opened here
        self._given: list[asyncio.Server] = []
        self._clients = 0

    async def listen(self, addresses: Sequence[str], port: int) -> list[str]:
        """Be on the port of these addresses, and of no others; returns what could not be opened, as text.

        To call it again follows addresses that change, and tries again what failed.
        """
        for address in self._servers.keys() - set(addresses):
            self._servers.pop(address).close()
        missing = [address for address in addresses if address not in self._servers]
        return [failure for address in missing if (failure := await self._open(address, port))]

    async def _open(self, address: str, port: int) -> str:
        try:
            server = await asyncio.start_server(self._serve, address, port, limit=HEAD_LIMIT_BYTES)
        except OSError as error:
            if error.errno not in _CANNOT_LISTEN:
                raise
            return f"{address}:{port}: {os.strerror(error.errno).lower()}"
        self._servers[address] = server
        return ""

    async def listen_on(self, sock: socket.socket) -> None:
        """Serve on a listening socket too."""
        self._given.append(await asyncio.start_server(self._serve, sock=sock, limit=HEAD_LIMIT_BYTES))

    async def close(self) -> None:
        """Stop listening; answers under way are finished."""
        for server in (*self._servers.values(), *self._given):
            server.close()
        self._servers.clear()
        self._given.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._clients >= MOST_CLIENTS:
            writer.close()
            return
        self._clients += 1
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_packed(self._answer(head), head.startswith(b"HEAD ")))
                await writer.drain()
        except (asyncio.LimitOverrunError, asyncio.IncompleteReadError, TimeoutError, ConnectionError):
            pass  # no request, or nobody who waits for the answer
        finally:
            self._clients -= 1
            writer.close()

    def _answer(self, head: bytes) -> OpsReply:
        words = head.split(b"\r\n", 1)[0].split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            return OpsReply(HTTPStatus.BAD_REQUEST, b"400 Bad Request\n")
        route = self._routes.get(words[1].split(b"?", 1)[0].decode("latin-1")) or self._routes.get("*")
        if route is None:
            return OpsReply(HTTPStatus.NOT_FOUND, b"404 page not found\n")
        if words[0] not in (b"GET", b"HEAD") and "*" not in self._routes:
            return OpsReply(HTTPStatus.METHOD_NOT_ALLOWED, b"405 Method Not Allowed\n", headers={"Allow": "GET, HEAD"})
        return route()


def _packed(reply: OpsReply, head_only: bool) -> bytes:
    headers = {
        "Content-Type": reply.content_type,
        "X-Content-Type-Options": "nosniff",
        "Content-Length": str(len(reply.body)),
        "Connection": "close",
        **reply.headers,
    }
    lines = [f"HTTP/1.1 {reply.status.value} {reply.status.phrase}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (b"" if head_only else reply.body)
