"""A small HTTP server for health, metrics and introspection: GET and HEAD, one answer a connection, all bounded."""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from clusterless.tasks import spawn

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


class OpsStream(NamedTuple):
    """An answer that is made while it is sent, in chunks; a client that takes none for five seconds is cut off."""

    pieces: AsyncGenerator[bytes, None]
    content_type: str = "application/json"


class OpsRequest(NamedTuple):
    """What was asked; of a parameter that is given twice, the last one holds."""

    method: str
    path: str
    query: Mapping[str, str]
    accept: str = ""


Routes = Mapping[str, Callable[[], OpsReply]]
Made = OpsReply | OpsStream
Trees = Mapping[str, Callable[[OpsRequest], Made | Awaitable[Made]]]


class OpsServer:
    """Serves `routes` on the addresses given; the path `*` answers for all that have no route of their own.

    Each of `trees` answers for its path and all paths below it, and for every method, so that it can refuse in its
    own words; at once, or within the five seconds that a request may take.
    """

    def __init__(self, routes: Routes, trees: Trees | None = None) -> None:
        self._routes = routes
        self._trees = trees or {}
        self._servers: dict[tuple[str, int], asyncio.Server] = {}  # by the address and port that were opened here
        self._given: set[asyncio.Server] = set()
        self._clients = 0
        self._streaming: set[asyncio.Task[None]] = set()

    async def listen(self, addresses: Sequence[str], port: int) -> list[str]:
        """Be on the port of these addresses, and of no others; returns what could not be opened, as text.

        To call it again follows addresses that change, and tries again what failed.
        """
        wanted = [(address, port) for address in addresses]
        for place in self._servers.keys() - set(wanted):
            self._servers.pop(place).close()
        missing = [place for place in wanted if place not in self._servers]
        return [failure for place in missing if (failure := await self._open(*place))]

    async def _open(self, address: str, port: int) -> str:
        try:
            server = await asyncio.start_server(self._serve, address, port, limit=HEAD_LIMIT_BYTES)
        except OSError as error:
            if error.errno not in _CANNOT_LISTEN:
                raise
            return f"{address}:{port}: {os.strerror(error.errno).lower()}"
        self._servers[address, port] = server
        return ""

    async def listen_on(self, sock: socket.socket) -> Callable[[], None]:
        """Serve on a listening socket too, until what is returned is called."""
        server = await asyncio.start_server(self._serve, sock=sock, limit=HEAD_LIMIT_BYTES)
        self._given.add(server)

        def leave() -> None:
            self._given.discard(server)
            server.close()

        return leave

    async def close(self) -> None:
        """Stop listening; answers under way are finished, but for those that have no end."""
        for server in (*self._servers.values(), *self._given):
            server.close()
        for task in self._streaming:
            task.cancel()
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
                made = self._answer(head)
                reply = made if isinstance(made, OpsReply | OpsStream) else await made
                is_head = head.startswith(b"HEAD ")
                writer.write(_packed(reply, is_head) if isinstance(reply, OpsReply) else _opening(reply))
                await writer.drain()
            if isinstance(reply, OpsStream) and not is_head:
                await self._stream(reply, reader, writer)
        except (asyncio.LimitOverrunError, asyncio.IncompleteReadError, TimeoutError, ConnectionError):
            pass  # no request, or nobody who waits for the answer
        finally:
            await _close(writer)
            self._clients -= 1

    async def _stream(self, stream: OpsStream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send until there is no more; a client that hangs up, or says something more, does not wait for it."""
        sending = spawn(_send(stream.pieces, writer), "send a stream", on_failure=_tell)
        hearing = spawn(reader.read(1), "hear whether the client hangs up", on_failure=lambda _: None)
        self._streaming.add(sending)
        try:
            await asyncio.wait({sending, hearing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._streaming.discard(sending)
            sending.cancel()
            hearing.cancel()

    def _answer(self, head: bytes) -> Made | Awaitable[Made]:
        first, *lines = head.decode("latin-1").split("\r\n")
        words = first.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return OpsReply(HTTPStatus.BAD_REQUEST, b"400 Bad Request\n")
        path, _, query = words[1].partition("?")
        tree = next((tree for root, tree in self._trees.items() if path == root or path.startswith(f"{root}/")), None)
        if tree is not None:
            asked = dict(parse_qsl(query, keep_blank_values=True))
            return tree(OpsRequest(words[0], unquote(path), asked, _header(lines, "accept")))
        route = self._routes.get(path) or self._routes.get("*")
        if route is None:
            return OpsReply(HTTPStatus.NOT_FOUND, b"404 page not found\n")
        if words[0] not in ("GET", "HEAD") and "*" not in self._routes:
            return OpsReply(HTTPStatus.METHOD_NOT_ALLOWED, b"405 Method Not Allowed\n", headers={"Allow": "GET, HEAD"})
        return route()


async def _send(pieces: AsyncGenerator[bytes, None], writer: asyncio.StreamWriter) -> None:
    """Chunks as HTTP/1.1 has them (RFC 9112, 7.1); raises TimeoutError when the client takes none."""
    async with aclosing(pieces):
        async for piece in pieces:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            async with asyncio.timeout(REQUEST_SECONDS):
                await writer.drain()
    writer.write(b"0\r\n\r\n")


async def _close(writer: asyncio.StreamWriter) -> None:
    """Let the client take what is on its way to it, but not for ever."""
    writer.close()
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            await writer.wait_closed()
    except (TimeoutError, ConnectionError):
        writer.transport.abort()


def _tell(error: BaseException) -> None:
    if not isinstance(error, TimeoutError | ConnectionError):
        log.error("an answer could not be made", exc_info=error)


def _header(lines: Sequence[str], name: str) -> str:
    found = (value.strip() for key, _, value in (line.partition(":") for line in lines) if key.lower() == name)
    return next(found, "")


def _opening(stream: OpsStream) -> bytes:
    return _head(HTTPStatus.OK, {"Content-Type": stream.content_type, "Transfer-Encoding": "chunked"})


def _packed(reply: OpsReply, head_only: bool) -> bytes:
    length = str(len(reply.body))
    headers = {"Content-Type": reply.content_type, "Content-Length": length, **reply.headers}
    return _head(reply.status, headers) + (b"" if head_only else reply.body)


def _head(status: HTTPStatus, headers: Mapping[str, str]) -> bytes:
    said = {**headers, "X-Content-Type-Options": "nosniff", "Connection": "close"}
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in said.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
