"""The channel between the program and its workers: messages of any length with sockets, in order, to the last one."""

import asyncio
import os
import socket

from proxy.reactor import Reactor
from proxy.workers.link import PIECE_BYTES, Link, channel_pair

HANG_SECONDS = 10.0


class Ends:
    """Both ends of a channel, on one reactor; what the far one hears is kept."""

    def __init__(self):
        self.reactor = Reactor(asyncio.get_running_loop())
        self.heard = []
        self.news = asyncio.Event()
        self.ended = asyncio.Event()
        near, far = channel_pair()
        self.near = Link(self.reactor, near, lambda data, descriptors: None, lambda: None)
        self.far = Link(self.reactor, far, self.hear, self.ended.set)

    def hear(self, data, descriptors):
        self.heard.append((data, descriptors))
        self.news.set()

    async def heard_all(self, sent):
        """Wait until the far end has heard as much, and compare."""
        async with asyncio.timeout(HANG_SECONDS):
            while len(self.heard) < len(sent):
                self.news.clear()
                await self.news.wait()
        assert [data for data, _ in await self.told_to_the_end()] == sent

    async def told_to_the_end(self):
        """Close the near end, and return what the far one has heard."""
        self.near.close()
        async with asyncio.timeout(HANG_SECONDS):
            await self.ended.wait()
        self.reactor.close()
        return self.heard


async def test_messages_of_any_length_arrive_whole_and_in_order():
    ends = Ends()
    sent = [os.urandom(size) for size in (1, PIECE_BYTES, PIECE_BYTES + 1, 5 * PIECE_BYTES, 3)]
    for data in sent:
        ends.near.send(data)
    await ends.heard_all(sent)


async def test_more_than_the_kernel_holds_waits_for_its_turn():
    ends = Ends()
    sent = [bytes([number]) * PIECE_BYTES for number in range(64)]
    for data in sent:
        ends.near.send(data)
    await ends.heard_all(sent)


async def test_a_socket_that_is_given_goes_over_and_one_that_is_lent_stays_too():
    ends = Ends()
    given, lent, peer = socket.socket(), *socket.socketpair()
    ends.near.send(b"given", (given,))
    ends.near.send(b"lent" * PIECE_BYTES, (lent,), are_given=False)
    (_, (first,)), (_, (second,)) = await ends.told_to_the_end()
    assert given.fileno() == -1
    lent.close()
    with socket.socket(fileno=first), socket.socket(fileno=second) as duplicate, peer:
        duplicate.sendall(b"still here")
        assert peer.recv(100) == b"still here"


async def test_a_socket_that_was_closed_meanwhile_stays_behind():
    ends = Ends()
    lent = socket.socket()
    lent.close()
    ends.near.send(b"lent", (lent,), are_given=False)
    assert await ends.told_to_the_end() == [(b"lent", [])]


async def test_what_was_sent_before_the_end_is_heard_although_the_other_way_was_not_read():
    ends = Ends()
    ends.near.send(b"last words")
    ends.far.send(b"never read")
    assert await ends.told_to_the_end() == [(b"last words", [])]
