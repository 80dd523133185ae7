"""I/O: asks a running lab to do something, and waits for its answer."""

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import msgspec

from .control import Done, Ended, Execute, Refused, Reply, Request, Signal, Started, Stop, line_of, reply_of
from .places import is_served
from .terminal import at_terminal, size_of

_CHUNK = 65536
_STREAMS = (0, 1, 2)
_AGAIN_SECONDS = 0.01
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)


class RefusedError(Exception):
    """The lab would not; the text says why."""


class _Answer(NamedTuple):
    reply: Reply
    descriptors: list[int]


class Caller:
    """One request over a connection (`places.connect`), which is closed with it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""

    def ask(self, request: Request) -> str:
        """The text that the lab answers with. Raises RefusedError."""
        with self._connection:
            self._send(request)
            match self._answer().reply:
                case Done(text):
                    return text
                case reply:
                    raise RefusedError(f"an answer that nobody expects: {reply}")

    def stop(self) -> None:
        """Have the lab end, and wait until it has. Raises RefusedError."""
        place = Path(self._connection.getpeername())
        with self._connection:
            self._send(Stop())
            self._answer()
            while self._connection.recv(_CHUNK):
                pass
        while is_served(place):  # its first process has ended, and takes the others with it
            time.sleep(_AGAIN_SECONDS)

    def run(self, host: str, namespace: str, argv: tuple[str, ...], streams: Sequence[int]) -> int:
        """Run a command on a host with these three streams; returns its exit code. Raises RefusedError."""
        with self._connection:
            self._send(Execute(host=host, namespace=namespace, argv=argv, folder=os.getcwd()), *streams)
            self._answer()
            with self._passing_on_signals():
                return self._end()

    def execute(self, host: str, namespace: str, argv: tuple[str, ...]) -> int:
        """Run a command, or a shell, on a host, as if it ran here; returns its exit code. Raises RefusedError.

        With a terminal on both sides it has one of its own; else it has our standard streams.
        """
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            return self.run(host, namespace, argv, _STREAMS)
        with self._connection:
            return self._at_terminal(Execute(host=host, namespace=namespace, argv=argv, folder=os.getcwd()))

    def _at_terminal(self, request: Execute) -> int:
        rows, columns = size_of(0)
        terminal = os.environ.get("TERM", "dumb")
        self._send(msgspec.structs.replace(request, terminal=terminal, rows=rows, columns=columns))
        (controller,) = self._answer().descriptors
        try:
            at_terminal(controller, self._connection.fileno())
        finally:
            os.close(controller)
        return self._end()

    def _end(self) -> int:
        match self._answer().reply:
            case Ended(code):
                return code
            case reply:
                raise RefusedError(f"an answer that nobody expects: {reply}")

    @contextlib.contextmanager
    def _passing_on_signals(self) -> Iterator[None]:
        """What ends us, as Ctrl-C does, is for the command to handle."""

        def pass_on(number: int, _frame: FrameType | None) -> None:
            with contextlib.suppress(BrokenPipeError):
                self._send(Signal(number))

        before = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _send(self, request: Request, *descriptors: int) -> None:
        line = line_of(request)
        sent = socket.send_fds(self._connection, [line], descriptors) if descriptors else 0
        if sent < len(line):  # to send nothing would fail where the lab has answered and hung up already
            self._connection.sendall(line[sent:])

    def _answer(self) -> _Answer:
        """The next reply. Raises RefusedError where it is a refusal, or the lab has ended."""
        descriptors: list[int] = []
        while b"\n" not in self._buffer:
            data, received, _, _ = socket.recv_fds(self._connection, _CHUNK, len(_STREAMS))
            descriptors += received
            if not data:
                raise RefusedError("the lab has ended")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        reply = reply_of(line)
        if isinstance(reply, Refused):
            raise RefusedError(reply.reason)
        assert isinstance(reply, Started) or not descriptors, "only a command has a terminal"
        return _Answer(reply, descriptors)
