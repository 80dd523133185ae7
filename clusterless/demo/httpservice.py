"""HTTP/1.1 over asyncio streams, as small as a demo backend needs: kept connections, bounded heads and bodies."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple, TypeAlias
from urllib.parse import parse_qs, unquote

import msgspec

MOST_BODY_BYTES = 8 * 2**20
MOST_HEADERS = 100
IDLE_SECONDS = 75.0  # nginx's keepalive_timeout
BODY_SECONDS = 60.0
LINGER_SECONDS = 5.0  # nginx's lingering_timeout
LINGER_BYTES = 65536
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class Peer(NamedTuple):
    """One end of a connection."""

    address: str
    port: int


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request, read whole; header names are in small letters."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    client: Peer
    server: Peer
    body: bytes = b""
    keep_alive: bool = True


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: `body`, or `size` bytes from `stream`."""

    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    size: int = 0
    headers: Mapping[str, str] = {}


Answer: TypeAlias = Callable[[Request], Awaitable[Response]]


class _RefusedError(Exception):
    """The peer does not speak HTTP, or too much of it; the connection ends with this status."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class HttpService:
    """Serves connections: each request to `answer`, in turn, until either side wants no more."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        keep_alive = True
        while keep_alive:
            try:
                request = await _read_request(reader, writer)
            except _RefusedError as refused:
                body = f"{refused.status.value} {refused.status.phrase}\n".encode()
                await _write(writer, Response(status=refused.status, body=body), keep_alive=False, head_only=False)
                await _linger(reader, writer)
                return
            if request is None:
                return
            response = await self._answer(request)
            keep_alive = request.keep_alive
            await _write(writer, response, keep_alive=keep_alive, head_only=request.method == "HEAD")


async def _linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take in for a while what the peer still sends: closing on it would reset away the answer."""
    writer.write_eof()
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while await reader.read(LINGER_BYTES):
                pass
    except TimeoutError:
        pass


async def _read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    """The next request; None when the peer has sent its last, or none in time."""
    try:
        async with asyncio.timeout(IDLE_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, TimeoutError):
        return None
    except asyncio.LimitOverrunError:
        raise _RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from None
    request = parse_head(head, _peer(writer, "peername"), _peer(writer, "sockname"))
    if "100-continue" in request.headers.get("expect", "").lower():
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return msgspec.structs.replace(request, body=await _read_body(reader, request.headers))
    except asyncio.IncompleteReadError:
        return None
    except TimeoutError:
        raise _RefusedError(HTTPStatus.REQUEST_TIMEOUT) from None


def _peer(writer: asyncio.StreamWriter, which: str) -> Peer:
    name = writer.get_extra_info(which) or ("", 0)
    return Peer(name[0], name[1])


def parse_head(head: bytes, client: Peer, server: Peer) -> Request:
    """A request's line and headers, with the empty line at their end, as a request without its body."""
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[1].startswith(("/", "http://")) or len(lines) > MOST_HEADERS:
        raise _RefusedError(HTTPStatus.BAD_REQUEST)
    method, target, version = words
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        raise _RefusedError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    if method not in _METHODS:
        raise _RefusedError(HTTPStatus.NOT_IMPLEMENTED)
    headers = _headers(lines)
    connection = headers.get("connection", "").lower()
    path, _, query = target.partition("?")
    return Request(
        method=method,
        path=unquote(path),
        query={name: values[-1] for name, values in parse_qs(query).items()},
        headers=headers,
        client=client,
        server=server,
        keep_alive="close" not in connection and (version == "HTTP/1.1" or "keep-alive" in connection),
    )


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise _RefusedError(HTTPStatus.BAD_REQUEST)
        headers[name.lower()] = value.strip()
    return headers


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await _read_chunks(reader)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal()):
        raise _RefusedError(HTTPStatus.BAD_REQUEST)
    if len(length) > 20 or int(length) > MOST_BODY_BYTES:
        raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return await reader.readexactly(int(length))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := _chunk_size(await _line(reader)):
        if len(body) + size > MOST_BODY_BYTES:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body += await reader.readexactly(size)
        if await _line(reader):
            raise _RefusedError(HTTPStatus.BAD_REQUEST)
    for _ in range(MOST_HEADERS):
        if not await _line(reader):
            return bytes(body)
    raise _RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return (await reader.readuntil(b"\r\n")).removesuffix(b"\r\n")
    except asyncio.LimitOverrunError:
        raise _RefusedError(HTTPStatus.BAD_REQUEST) from None


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not digits or len(digits) > 16 or digits.strip(b"0123456789abcdefABCDEF"):
        raise _RefusedError(HTTPStatus.BAD_REQUEST)
    return int(digits, 16)


async def _write(writer: asyncio.StreamWriter, response: Response, *, keep_alive: bool, head_only: bool) -> None:
    size = response.size if response.stream is not None else len(response.body)
    headers = {
        "Content-Type": response.content_type,
        "Content-Length": str(size),
        "Connection": "keep-alive" if keep_alive else "close",
        **response.headers,
    }
    head = [f"HTTP/1.1 {response.status.value} {response.status.phrase}", *(f"{n}: {v}" for n, v in headers.items())]
    packed = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n"
    writer.write(packed if head_only else packed + response.body)
    if response.stream is not None and not head_only:
        async for piece in response.stream:
            writer.write(piece)
            await writer.drain()
    await writer.drain()
