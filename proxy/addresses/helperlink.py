"""Requests to the helper process and its answers, one at a time, on the event loop; and what becomes of the process."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .channel import DESCRIPTORS_ONLY, receive_packet, send_packet
from .helper import HelperProcess
from .messages import NumberedReply, NumberedRequest, Reply, Request, decode_reply, encode

_CLEAN_UP_BOUND = 10.0  # seconds; 10,000 addresses take 0.2


class Answer(NamedTuple):
    """A reply, and the descriptors that came before it; whoever receives it owns them."""

    reply: Reply
    descriptors: list[int]


class HelperLink:
    """One side of the channel. Its methods belong to one event loop, from the first call on."""

    def __init__(self, helper: HelperProcess, on_exit: Callable[[], None]) -> None:
        """`on_exit` is called when the helper ends without having been told to."""
        self._helper = helper
        self._on_exit = on_exit
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turn = asyncio.Lock()  # one request at a time: neither side ever has to queue packets
        self._number = 0
        self._waiting: asyncio.Future[Answer | None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._descriptors: list[int] = []  # of the reply that comes next
        self._ended = asyncio.Event()
        self._is_closing = False
        helper.channel.settimeout(0)

    async def ask(self, request: Request, descriptors: Sequence[int] = ()) -> Answer | None:
        """The answer, `None` when the helper has ended. The sender keeps its `descriptors`."""
        async with self._turn:
            self._attach()
            if self._is_closing or self._is_deaf():
                return None
            self._number += 1
            answer: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
            self._waiting = answer
            try:
                await self._send(encode(NumberedRequest(self._number, request)), descriptors)
                return await answer
            except ConnectionError:  # its end of the channel is closed
                return None
            except asyncio.CancelledError:
                _discard(answer)
                raise
            finally:
                self._waiting = None

    async def close(self) -> None:
        """Have the helper take everything back, and wait for its end; one that takes too long is killed."""
        async with self._turn:
            self._attach()
            self._is_closing = True
            if not self._is_deaf():
                self._helper.channel.shutdown(socket.SHUT_WR)
        try:
            async with asyncio.timeout(_CLEAN_UP_BOUND):
                await self._ended.wait()
        except TimeoutError:
            os.kill(self._helper.pid, signal.SIGKILL)  # what it leaves is cleared at the next start
            await self._ended.wait()

    def _attach(self) -> None:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._helper.channel.fileno(), self._on_packet)
            self._loop.add_reader(self._helper.pid_descriptor, self._on_end)

    def _is_deaf(self) -> bool:
        """Whether the helper's end of the channel is known to be closed."""
        return self._helper.channel.fileno() < 0

    async def _send(self, data: bytes, descriptors: Sequence[int]) -> None:
        while not self._is_deaf():
            try:
                return send_packet(self._helper.channel, data, descriptors)
            except BlockingIOError:  # requests whose callers were cancelled still lie there
                await self._writable()
        raise BrokenPipeError

    async def _writable(self) -> None:
        """Wait until a packet fits into the channel, or the channel is closed."""
        assert self._loop is not None
        descriptor = self._helper.channel.fileno()
        self._room = self._loop.create_future()
        self._loop.add_writer(descriptor, self._on_writable)
        try:
            await self._room
        finally:
            self._room = None
            if not self._is_deaf():
                self._loop.remove_writer(descriptor)

    def _on_writable(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def _on_packet(self) -> None:
        try:
            packet = receive_packet(self._helper.channel)
        except BlockingIOError:
            return
        if packet is None:
            self._forget_channel()
            return
        if packet.data == DESCRIPTORS_ONLY:
            self._descriptors = packet.descriptors
        else:
            self._on_reply(decode_reply(packet.data))

    def _on_reply(self, message: NumberedReply) -> None:
        descriptors, self._descriptors = self._descriptors, []
        if self._waiting is None or self._waiting.done() or message.number != self._number:
            for each in descriptors:  # the caller was cancelled
                os.close(each)
        else:
            self._waiting.set_result(Answer(message.reply, descriptors))

    def _on_end(self) -> None:
        assert self._loop is not None
        self._loop.remove_reader(self._helper.pid_descriptor)
        os.close(self._helper.pid_descriptor)
        os.waitpid(self._helper.pid, 0)
        self._ended.set()
        self._forget_channel()
        if not self._is_closing:
            self._on_exit()

    def _forget_channel(self) -> None:
        """The other end is closed: nobody answers any more."""
        if self._is_deaf():
            return
        assert self._loop is not None
        self._loop.remove_reader(self._helper.channel.fileno())
        self._loop.remove_writer(self._helper.channel.fileno())
        self._helper.channel.close()
        for each in self._descriptors:
            os.close(each)
        self._on_writable()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


def _discard(answer: asyncio.Future[Answer | None]) -> None:
    """Close what came in the very turn of the loop in which the caller was cancelled."""
    received = answer.result() if answer.done() and not answer.cancelled() else None
    if received is not None:
        for each in received.descriptors:
            os.close(each)
