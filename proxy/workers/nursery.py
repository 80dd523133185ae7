"""The process that workers are forked from: warm, with one thread, and without any capability, whenever one is needed.

The program itself cannot fork once it has an event loop and threads, and a new interpreter takes a quarter of a second
and tens of megabytes. So it forks this process first of all, which only waits: a worker shares its memory, and starts
within milliseconds. It lives as long as the program, and sees its workers to their end after it.
"""

import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Never, TypeAlias

import msgspec

from proxy.addresses.privilege import drop_all, set_process_name

from .link import channel_pair, packets, receive_packet, send_packet

_PROCESS_NAME = "clusterless-new"
# what a terminal, a supervisor or an operator sends to the whole process group; the program decides when all ends
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)

_FAREWELL_SECONDS = 2.0  # workers end by themselves when the program has gone; one that does not is killed

# What a worker does from its beginning to its end, with its end of the channel.
Work: TypeAlias = Callable[[socket.socket], None]


class Fork(msgspec.Struct, frozen=True):
    """Fork a worker of this number, with the channel that comes along."""

    number: int


class Ended(msgspec.Struct, frozen=True):
    """The worker of this number has ended, or could not be forked at all; the text says how."""

    number: int
    reason: str


_encoder = msgspec.msgpack.Encoder()
_fork_decoder = msgspec.msgpack.Decoder(Fork)
_ended_decoder = msgspec.msgpack.Decoder(Ended)


class Nursery:
    """The process, as the program sees it; it is told what to do over `channel`."""

    def __init__(self, pid: int, channel: socket.socket, on_exit: Callable[[], None]) -> None:
        self.pid = pid
        self.on_exit = on_exit  # for the case that it ends before it is told to
        self.pid_descriptor = os.pidfd_open(pid)  # readable once the process has ended
        self.channel = channel

    @staticmethod
    def fork(number: int) -> bytes:
        """The message that asks for a worker; the worker's end of a channel goes with it."""
        return _encoder.encode(Fork(number))

    @staticmethod
    def ended(data: bytes) -> Ended:
        """What it says of a worker."""
        return _ended_decoder.decode(data)

    def dismiss(self) -> None:
        """Have it end when its workers have; whoever else inherited the channel keeps it no longer."""
        self.channel.shutdown(socket.SHUT_RDWR)

    def reap(self) -> None:
        """Take note of its end, and kill it if that has not come."""
        if not select.select([self.pid_descriptor], [], [], 0)[0]:
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.pid_descriptor)


def start_nursery(work: Work, on_exit: Callable[[], None]) -> Nursery:
    """Fork the process. Call it before the program has an event loop, a second thread or a descriptor to keep.

    `on_exit` is called when the process ends by itself, which it should not.
    """
    gc.collect()
    gc.freeze()  # what is there now is never looked through again, so that it stays shared
    ours, theirs = channel_pair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _live(theirs, work)
    theirs.close()
    return Nursery(pid, ours, on_exit)


def _live(channel: socket.socket, work: Work) -> Never:
    """The process's whole life. A traceback, if any, goes to stderr."""
    status = 1
    try:
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        set_process_name(_PROCESS_NAME)
        drop_all()
        _Brood(channel, work).serve()
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


class _Child:
    def __init__(self, number: int, pid: int) -> None:
        self.number = number
        self.pid = pid
        self.descriptor = os.pidfd_open(pid)


class _Brood:
    """The workers that are alive, by the descriptors that tell of their end."""

    def __init__(self, channel: socket.socket, work: Work) -> None:
        self._channel = channel
        self._work = work
        self._children: dict[int, _Child] = {}

    def serve(self) -> None:
        """Fork and bury until the program closes the channel; then see all of them to their end."""
        while True:
            for each in select.select([self._channel.fileno(), *self._children], [], [])[0]:
                if each == self._channel.fileno():
                    data, descriptors = receive_packet(self._channel)
                    if not data:
                        self._part()
                        return
                    self._fork(_fork_decoder.decode(data[1:]).number, descriptors[0])
                else:
                    self._bury(self._children.pop(each))

    def _fork(self, number: int, descriptor: int) -> None:
        try:
            pid = os.fork()
        except OSError as error:  # too many processes, or no memory
            os.close(descriptor)
            self._tell(Ended(number, error.strerror or str(error)))
            return
        if pid == 0:
            self._be_worker(number, descriptor)
        os.close(descriptor)
        child = _Child(number, pid)
        self._children[child.descriptor] = child

    def _be_worker(self, number: int, descriptor: int) -> Never:
        status = 1
        try:
            self._channel.close()
            for each in self._children:
                os.close(each)
            set_process_name(f"clusterless-w{number}")
            self._work(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, fileno=descriptor))
            status = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)

    def _bury(self, child: _Child) -> None:
        os.close(child.descriptor)
        _, status = os.waitpid(child.pid, 0)
        self._tell(Ended(child.number, _how(status)))

    def _tell(self, ended: Ended) -> None:
        try:
            send_packet(self._channel, packets(_encoder.encode(ended))[0])
        except ConnectionError:
            return  # the program has gone, which the channel will say next

    def _part(self) -> None:
        waiting = set(self._children)
        while waiting:
            ready = select.select(waiting, [], [], _FAREWELL_SECONDS)[0]
            if not ready:
                break
            waiting.difference_update(ready)
        for each in waiting:
            os.kill(self._children[each].pid, signal.SIGKILL)
        for child in self._children.values():
            os.waitpid(child.pid, 0)


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
