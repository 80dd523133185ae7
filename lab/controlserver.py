"""I/O: serves a lab's control sockets: one request a connection, from its own user, and the replies to it."""

import array
import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from .control import Refused, Reply, Request, line_of, request_of

_CREDENTIALS = struct.Struct("iII")  # process, user and group id (unix(7))
_CHUNK = 65536
_MOST_DESCRIPTORS = 3
_LONGEST = 8 << 20  # bytes of a request: a command line may be long, and no longer (execve(2))


class Connection:
    """One user's connection: its request with the descriptors that came along, and the way back."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = bytearray()
        self._descriptors: list[int] = []
        sock.settimeout(0)

    async def request(self) -> Request | None:
        """The next request; `None` once the other end is gone. Raises msgspec.DecodeError for what is none."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LONGEST or not await self._read():
                return None
        line, _, rest = bytes(self._buffer).partition(b"\n")
        self._buffer[:] = rest
        return request_of(line)

    def descriptors(self) -> list[int]:
        """The descriptors that came so far; they are the caller's now."""
        taken, self._descriptors = self._descriptors, []
        return taken

    async def reply(self, message: Reply, descriptors: Sequence[int] = ()) -> None:
        """Send a reply, with descriptors; to somebody who has gone it does not matter."""
        line = line_of(message)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sent = socket.send_fds(self._socket, [line], list(descriptors)) if descriptors else 0
            await asyncio.get_running_loop().sock_sendall(self._socket, line[sent:])

    def keep(self) -> None:
        """Keep it until this process ends, which the other end thus sees."""
        os.dup(self._socket.fileno())

    def close(self) -> None:
        """End it, and close descriptors that nobody took."""
        self._socket.close()
        for descriptor in self.descriptors():
            os.close(descriptor)

    async def _read(self) -> bool:
        """Whether something came."""
        await _readable(self._socket)
        space = socket.CMSG_SPACE(_MOST_DESCRIPTORS * array.array("i").itemsize)
        try:
            data, ancillary, _, _ = self._socket.recvmsg(_CHUNK, space, socket.MSG_CMSG_CLOEXEC)
        except (BlockingIOError, InterruptedError):
            return True
        except ConnectionResetError:
            return False
        for level, kind, packed in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                numbers = array.array("i")
                numbers.frombytes(packed[: len(packed) - len(packed) % numbers.itemsize])
                self._descriptors += numbers
        self._buffer += data
        return bool(data)


Handler = Callable[[Request, Connection], Awaitable[None]]


async def serve(listeners: Sequence[socket.socket], handle: Handler) -> None:
    """Serve until cancelled; `handle` answers one request over its connection."""
    async with asyncio.TaskGroup() as group:
        for listener in listeners:
            listener.settimeout(0)
            group.create_task(_accept(listener, handle, group))


async def _accept(listener: socket.socket, handle: Handler, group: asyncio.TaskGroup) -> None:
    loop = asyncio.get_running_loop()
    while True:
        sock, _ = await loop.sock_accept(listener)
        group.create_task(_converse(Connection(sock), sock, handle))


async def _converse(connection: Connection, sock: socket.socket, handle: Handler) -> None:
    try:
        _, uid, _ = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        if uid != os.getuid():
            await connection.reply(Refused("this lab is another user's"))
            return
        if (request := await connection.request()) is not None:
            await handle(request, connection)
    except msgspec.DecodeError as error:
        await connection.reply(Refused(f"this lab does not understand: {error}"))
    finally:
        connection.close()


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        if not readable.done():
            readable.set_result(None)

    loop.add_reader(sock, tell)
    try:
        await readable
    finally:
        loop.remove_reader(sock)
