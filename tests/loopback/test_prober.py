import asyncio
import contextlib
import socket

import pytest

from clusterless.loadbalancing.prober import Answer, Prober, ask
from proxy.loadbalancer import HealthTarget
from tests.places import free_port

HANG_SECONDS = 10.0


class Node:
    """Answers every connection with what it is told, and counts them."""

    def __init__(self):
        self.reply = b"HTTP/1.1 200 OK\r\n\r\n"
        self.asked = []
        self.seen = asyncio.Event()

    async def start(self, port=0):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.target = HealthTarget("n1", *self._server.sockets[0].getsockname(), "/healthz")
        return self

    async def _serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.reply)
            await writer.drain()
        writer.close()
        self.seen.set()

    async def stop(self):
        self._server.close()
        await self._server.wait_closed()


@pytest.fixture
async def node():
    made = await Node().start()
    yield made
    await made.stop()


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", Answer.GOOD),
        (b"HTTP/1.0 200 OK\r\n\r\n", Answer.GOOD),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", Answer.BAD),
        (b"", Answer.NONE),
        (b"HTTP", Answer.NONE),
    ],
)
async def test_what_an_answer_means(node, reply, answer):
    node.reply = reply
    assert await ask(node.target) is answer
    assert node.asked[0].startswith(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:")


async def test_a_refusal_is_no_answer():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        assert await ask(HealthTarget("n1", *sock.getsockname(), "/")) is Answer.NONE


async def test_a_target_is_used_after_its_first_success_and_left_out_after_two_failures(node):
    changed = asyncio.Event()
    prober = Prober(changed.set)
    async with asyncio.timeout(3 * HANG_SECONDS):
        prober.follow([node.target])
        assert prober.healthy == frozenset()
        await prober.settled()
        assert prober.healthy == {node.target}
        changed.clear()
        node.reply = b"HTTP/1.1 503 Service Unavailable\r\n\r\n"
        await changed.wait()
    assert prober.healthy == frozenset()
    assert len(node.asked) == 3
    prober.close()


async def test_a_target_that_comes_up_later_is_found_soon():
    address, port = "127.0.0.1", free_port()
    changed = asyncio.Event()
    prober = Prober(changed.set)
    prober.follow([HealthTarget("n1", address, port, "/healthz")])
    node = await Node().start(port)
    async with asyncio.timeout(HANG_SECONDS):
        await changed.wait()
    assert len(prober.healthy) == 1
    prober.close()
    await node.stop()


async def test_what_is_not_followed_any_more_is_forgotten(node):
    prober = Prober(lambda: None)
    prober.follow([node.target])
    async with asyncio.timeout(HANG_SECONDS):
        await prober.settled()
    prober.follow([])
    assert prober.healthy == frozenset()
    async with asyncio.timeout(HANG_SECONDS):
        await prober.settled()
