"""The privileged helper: a process that makes addresses and routes, opens sockets and filters packets for the program.

It holds CAP_NET_ADMIN and CAP_NET_BIND_SERVICE and nothing else, so that the program needs no capability. It lives as
long as the program: when that is gone, however it ended, the helper takes everything back and ends.
"""

import os
import signal
import socket
import sys
from typing import NamedTuple, Never

import msgspec

from .channel import channel_pair
from .instancelock import hold_lock
from .marks import Mark, Marks
from .privilege import Capability, keep_only, set_process_name

_PROCESS_NAME = "clusterless-net"
# what a terminal, a supervisor or an operator sends to the whole process group; the program decides when all ends
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


class HelperSettings(msgspec.Struct, frozen=True):
    """What the helper must know before it is asked anything."""

    mark: Marks = Marks.NODE


class HelperProcess(NamedTuple):
    """A running helper, as its parent sees it."""

    pid: int
    pid_descriptor: int  # readable once the helper has ended (pidfd_open(2))
    channel: socket.socket


def start_helper(settings: HelperSettings) -> HelperProcess:
    """Fork the helper. Call it before the process has an event loop or a second thread, and before `drop_all()`.

    Raises `AlreadyRunningError` when a program with the same mark runs in this network namespace.
    """
    lock = hold_lock(settings.mark.value)
    ours, theirs = channel_pair()
    parent = os.pidfd_open(os.getpid())
    pid = os.fork()
    if pid == 0:
        ours.close()
        _run(settings.mark.value, theirs, parent)
    for each in (lock, theirs):
        each.close()
    os.close(parent)
    return HelperProcess(pid, os.pidfd_open(pid), ours)


def _run(mark: Mark, channel: socket.socket, parent: int) -> Never:
    """The helper's whole life; the lock that it inherited ends with it. A traceback, if any, goes to stderr."""
    status = 1
    try:
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        set_process_name(_PROCESS_NAME)
        keep_only((Capability.NET_ADMIN, Capability.NET_BIND_SERVICE))
        from .service import serve  # noqa: PLC0415 - only the helper pays for pyroute2: 0.2 s and 20 MiB

        serve(mark, channel, parent)
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)
