"""The small HTTP server for operators: answers, streams, and those who must not hold it up."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Awaitable
from http import HTTPStatus

import pytest

from clusterless.operations import httpserver
from clusterless.operations.httpserver import Made, OpsReply, OpsRequest, OpsServer, OpsStream

pytestmark = pytest.mark.timeout(10.0)  # against hangs


class Tree:
    """Answers what it was asked; below `/stream` pieces as they are put, `/flood` without end, `/later` later."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[bytes] = asyncio.Queue()
        self.ended = asyncio.Event()

    def __call__(self, request: OpsRequest) -> Made | Awaitable[Made]:
        if request.path.startswith("/tree/stream"):
            return OpsStream(self._stream())
        if request.path.startswith("/tree/later"):
            return self._later(OpsStream(self._few()) if request.query else OpsReply(body=b"thought about"))
        if request.path.startswith("/tree/flood"):
            return OpsStream(self._flood())
        if request.method not in ("GET", "HEAD"):
            return OpsReply(HTTPStatus.METHOD_NOT_ALLOWED, b"read only")
        return OpsReply(body=f"{request.path} {sorted(request.query.items())} {request.accept}".encode())

    async def _later(self, made: Made) -> Made:
        await asyncio.sleep(0)
        return made

    async def _few(self) -> AsyncGenerator[bytes, None]:
        yield b"few"

    async def _stream(self) -> AsyncGenerator[bytes, None]:
        try:
            while piece := await self.pieces.get():
                yield piece
        finally:
            self.ended.set()

    async def _flood(self) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"x" * 65536
        finally:
            self.ended.set()


@pytest.fixture
async def server():
    tree = Tree()
    made = OpsServer({"/healthz": lambda: OpsReply(body=b"ok")}, {"/tree": tree})
    sock = socket.create_server(("127.0.0.1", 0))
    made.tree, made.port = tree, sock.getsockname()[1]
    await made.listen_on(sock)
    yield made
    await made.close()


async def connect(server, request=b""):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    return reader, writer


async def ask(server, path, method="GET", headers=""):
    reader, writer = await connect(server, f"{method} {path} HTTP/1.1\r\n{headers}\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return int(head.split()[1]), body.decode()


@pytest.mark.parametrize(
    ("path", "method", "expected"),
    [
        ("/healthz", "GET", (200, "ok")),
        ("/healthz", "HEAD", (200, "")),
        ("/healthz", "POST", (405, "405 Method Not Allowed\n")),
        ("/nothing", "GET", (404, "404 page not found\n")),
        ("/treehouse", "GET", (404, "404 page not found\n")),
        ("/tree", "GET", (200, "/tree [] ")),
        ("/tree/a%20b?x=1&y=&x=2", "GET", (200, "/tree/a b [('x', '2'), ('y', '')] ")),
        ("/tree", "POST", (405, "read only")),
        ("/tree/stream", "HEAD", (200, "")),
        ("/tree/later", "GET", (200, "thought about")),
        ("/tree/later", "HEAD", (200, "")),
        ("/tree/later?stream=yes", "GET", (200, "3\r\nfew\r\n0\r\n\r\n")),
    ],
)
async def test_a_path_is_answered_by_its_route_or_its_tree(server, path, method, expected):
    assert await ask(server, path, method) == expected


async def test_a_tree_is_told_what_the_client_accepts(server):
    assert await ask(server, "/tree", headers="accept: text/html\r\n") == (200, "/tree [] text/html")


async def test_a_stream_comes_as_it_is_made(server):
    reader, writer = await connect(server, b"GET /tree/stream HTTP/1.1\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    for piece in (b"one", b"two and more"):
        server.tree.pieces.put_nowait(piece)
        assert await reader.readuntil(piece + b"\r\n") == b"%x\r\n%b\r\n" % (len(piece), piece)
    server.tree.pieces.put_nowait(b"")
    assert await reader.read() == b"0\r\n\r\n"
    writer.close()


async def test_a_client_that_hangs_up_ends_its_stream(server):
    reader, writer = await connect(server, b"GET /tree/stream HTTP/1.1\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await server.tree.ended.wait()


async def test_to_close_the_server_ends_streams(server):
    reader, writer = await connect(server, b"GET /tree/stream HTTP/1.1\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    await server.close()
    await server.tree.ended.wait()
    assert await reader.read() == b"", "without the last chunk, so that the client knows that it was cut"
    writer.close()


async def test_a_client_that_takes_nothing_is_cut_off(server, monkeypatch):
    reader, writer = await connect(server, b"GET /tree/flood HTTP/1.1\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.pause_reading()
    pass_time(httpserver.REQUEST_SECONDS, monkeypatch)
    monkeypatch.setattr(httpserver, "REQUEST_SECONDS", 0.2)  # for what was still sent before
    await server.tree.ended.wait()
    writer.transport.resume_reading()
    last = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := await reader.read(1 << 20):
            last = piece
    assert not last.endswith(b"0\r\n\r\n")
    writer.close()


async def test_those_who_say_nothing_are_cut_off_and_make_room_for_others(server, monkeypatch):
    idle = [await connect(server, b"GET /heal") for _ in range(httpserver.MOST_CLIENTS)]
    reader, writer = await connect(server, b"GET /healthz HTTP/1.1\r\n\r\n")
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b"", "there is no room"
    writer.close()
    pass_time(httpserver.REQUEST_SECONDS, monkeypatch)
    for each, other in idle:
        assert await each.read() == b""
        other.close()
    assert await ask(server, "/healthz") == (200, "ok")


def pass_time(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is so much later for the event loop, without anybody waiting for it."""
    loop = asyncio.get_running_loop()
    now = loop.time
    monkeypatch.setattr(loop, "time", lambda: now() + seconds)


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000, b"x" * 100_000])
async def test_a_head_without_an_end_is_no_request(server, head):
    reader, writer = await connect(server, head)
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):  # the latter if some of it is still to be sent
        assert await reader.read() == b""
    writer.close()
    assert await ask(server, "/healthz") == (200, "ok")
