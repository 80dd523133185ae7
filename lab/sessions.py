"""I/O: commands that users run on a lab's hosts from elsewhere, at their own streams or at a terminal of the lab."""

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import termios
from collections.abc import Callable, Mapping

from .children import Child, Children, signal_group
from .control import Ended, Execute, Refused, Signal, Started
from .controlserver import Connection
from .processes import at_terminal, execute, with_streams
from .topology import Host

_STREAMS = 3


async def converse(
    request: Execute, connection: Connection, host: Host, environment: Mapping[str, str], children: Children
) -> None:
    """Run the command to its end, passing signals on; who goes away hangs it up."""
    if not request.terminal and len(streams := connection.descriptors()) != _STREAMS:
        for descriptor in streams:
            os.close(descriptor)
        await connection.reply(Refused("a command without a terminal needs three descriptors"))
        return
    command = execute(request.argv, environment, request.folder)
    if request.terminal:
        try:
            child, controller = _at_new_terminal(request, host, command, children)
        except (FileNotFoundError, PermissionError) as error:
            await connection.reply(Refused(f"this machine gives the lab no terminal: {error.strerror}"))
            return
        try:
            await connection.reply(Started(), [controller])
        finally:
            os.close(controller)
    else:
        child = _at_streams(streams, host, command, children)
        await connection.reply(Started())
    await _to_its_end(child, connection)


def _at_new_terminal(request: Execute, host: Host, command: Callable[[], int], children: Children) -> tuple[Child, int]:
    """The process, and the end of its terminal that a user sits at."""
    controller, terminal = os.openpty()
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", request.rows, request.columns, 0, 0))
        return children.start(host, command, at_terminal(terminal)), controller
    finally:
        os.close(terminal)


def _at_streams(streams: list[int], host: Host, command: Callable[[], int], children: Children) -> Child:
    try:
        return children.start(host, command, with_streams(streams))
    finally:
        for descriptor in streams:
            os.close(descriptor)


async def _to_its_end(child: Child, connection: Connection) -> None:
    async with asyncio.TaskGroup() as group:
        signals = group.create_task(_pass_on_signals(child.pid, connection))
        code = await child.end
        signals.cancel()
    await connection.reply(Ended(code))


async def _pass_on_signals(pid: int, connection: Connection) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        while (request := await connection.request()) is not None:
            if isinstance(request, Signal) and request.number in signal.valid_signals():
                signal_group(pid, request.number)
        signal_group(pid, signal.SIGHUP)
        signal_group(pid, signal.SIGCONT)
