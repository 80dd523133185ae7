"""I/O: the processes that the first process of a lab has forked, each on its host, until they end."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .forked import exit_code
from .processes import processes_in, start
from .topology import Host


class Child(NamedTuple):
    """A process, and the exit code that it will have, 128 + n when signal n ends it."""

    pid: int
    end: "asyncio.Future[int]"


class Children:
    """Starts and reaps; as the first process of a PID namespace it reaps everybody's orphans too."""

    def __init__(self) -> None:
        self._hosts: dict[int, Host] = {}
        self._ends: dict[int, asyncio.Future[int]] = {}

    def follow(self) -> None:
        """Reap from now on, in the running loop."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)
        self._reap()

    def start(self, host: Host, function: Callable[[], int], prepare: Callable[[], None] | None = None) -> Child:
        """Run a function in a process on a host (see `processes.start`)."""
        end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        pid = start(host, function, prepare)
        self._hosts[pid], self._ends[pid] = host, end
        return Child(pid, end)

    def host(self, pid: int) -> Host | None:
        """The host that a process was started on; `None` for somebody else's."""
        return self._hosts.get(pid)

    def on(self, hosts: Iterable[Host]) -> list[int]:
        """The processes that were started on these hosts."""
        names = {host.name for host in hosts}
        return [pid for pid, host in self._hosts.items() if host.name in names]

    def kill(self, hosts: Iterable[Host]) -> None:
        """End everything on these hosts at once: what was started there, and all that it started."""
        for host in hosts:
            if not host.in_network_of:
                for pid in processes_in(host.network):
                    _send(pid, signal.SIGKILL)
        for pid in self.on(hosts):
            signal_group(pid, signal.SIGKILL)
            _send(pid, signal.SIGKILL)  # one that was forked just now leads no group yet

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):  # there is none
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = ended
                self._hosts.pop(pid, None)
                end = self._ends.pop(pid, None)
                if end is not None and not end.done():
                    end.set_result(exit_code(status))


def signal_group(pid: int, number: int) -> None:
    """Signal a process that leads a session, and all that it started in it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
