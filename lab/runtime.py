"""I/O: brings a lab up as the first process of its namespaces, runs one command in it, and takes it down."""

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from controlplane.snapshot import Snapshot

from .addresses import version
from .cuts import drops_of
from .droprules import DropRules
from .forked import exit_code
from .hostfiles import hosts, resolv_conf
from .network import NetworkError, lay
from .processes import RUN, processes_in, start
from .topology import Host, Role, Topology

NOTIFY = RUN / "notify"
DOWN_SECONDS = 2.0
READY_SECONDS = 60.0  # against hangs; the promise is 3 s


class LabError(Exception):
    """The lab could not be brought up; the text says which host and shows the end of its log."""


class Lab:
    """A running lab. `programs` says what runs on a host, by its role; a host without one only lets commands in."""

    def __init__(
        self, topology: Topology, snapshot: Snapshot, programs: Mapping[Role, Callable[[Host], Callable[[], int]]]
    ) -> None:
        self.topology = topology
        self.snapshot = snapshot
        self._programs = programs
        self._running: dict[int, Host] = {}
        self._powerless: set[str] = set()
        self._drops = DropRules({version(each) for host in topology.hosts for each in host.addresses})

    def up(self) -> float:
        """Make the network, start everything and wait until all have said that they are ready.

        Returns how many seconds it took. Raises LabError.
        """
        started = time.monotonic()
        with _notifications() as ready:
            try:
                lay(self.topology)
            except NetworkError as error:
                raise LabError(str(error)) from error
            self._write_files()
            waiting = [host for host in self.topology.hosts if self._starts(host)]
            for host in waiting:
                pid = start(host, self._programs[host.role](host), log=_log(host))
                self._running[pid] = host
            self._wait_ready(ready, len(waiting))
        return time.monotonic() - started

    def run(self, host: Host, function: Callable[[], int]) -> int:
        """Run a function on a host, with our standard streams; returns its exit code, 128 + n when signal n ends it.

        Ctrl-C at the terminal is the function's to handle.
        """
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return self._wait_for(start(host, function))
        finally:
            signal.signal(signal.SIGINT, before)

    def _wait_for(self, pid: int) -> int:
        while True:
            done, status = os.wait()
            if done == pid:
                return exit_code(status)
            self._ended(done)

    def down(self) -> None:
        """Stop what was started, the nodes' agents in good order; the kernel ends the rest with us."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        for pid in self._running:
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + DOWN_SECONDS
        while self._running and (left := deadline - time.monotonic()) > 0:
            done, _ = os.waitpid(-1, os.WNOHANG)
            if done:
                self._running.pop(done, None)
            else:
                signal.sigtimedwait([signal.SIGCHLD], left)

    def stop_node(self, name: str) -> None:
        """Have a node lose its power: it falls silent first, and then its processes and its pods' end."""
        self._powerless.add(name)
        self._drops.apply(drops_of(self.topology, (), self._powerless))
        hosts = self._on(name)
        for host in hosts:
            for pid in processes_in(host.network):
                os.kill(pid, signal.SIGKILL)
        self._running = {pid: host for pid, host in self._running.items() if host not in hosts}

    def start_node(self, name: str) -> None:
        """Give it back its power."""
        self._powerless.discard(name)
        self._drops.apply(drops_of(self.topology, (), self._powerless))
        for host in self._on(name):
            if self._starts(host):
                self._running[start(host, self._programs[host.role](host), log=_log(host))] = host

    def _on(self, node: str) -> list[Host]:
        return [host for host in self.topology.hosts if host.node == node]

    def _starts(self, host: Host) -> bool:
        return host.role in self._programs and (host.role is not Role.OUTSIDE or bool(host.ports))

    def _write_files(self) -> None:
        for host in self.topology.hosts:
            folder = RUN / "hosts" / host.name
            folder.mkdir(parents=True)
            (folder / "resolv.conf").write_text(resolv_conf(host, self.snapshot))
            (folder / "hosts").write_text(hosts(host, self.snapshot))

    def _wait_ready(self, ready: socket.socket, count: int) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while count:
            readable, _, _ = select.select([ready], [], [], 0.05)
            if readable:
                count -= ready.recv(4096).split(b"\n").count(b"READY=1")
            done, _ = os.waitpid(-1, os.WNOHANG) if self._running else (0, 0)
            if done:
                raise LabError(_told(self._running[done], "ended before it was ready"))
            if time.monotonic() > deadline:
                raise LabError(f"{count} hosts were not ready after {READY_SECONDS:.0f} s")

    def _ended(self, pid: int) -> None:
        host = self._running.pop(pid, None)
        if host is not None:
            print(_told(host, "has ended"), file=sys.stderr)  # noqa: T201


def _log(host: Host) -> Path:
    folder = RUN / "log"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / host.name


def _told(host: Host, what: str) -> str:
    log = _log(host)
    tail = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
    return "\n".join([f"{host.role} {host.name} {what}; its log:", *(f"  {line}" for line in tail)])


def _notifications() -> socket.socket:
    """Where every program says READY=1, as systemd's services do (sd_notify(3))."""
    NOTIFY.parent.mkdir(parents=True, exist_ok=True)
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    receiver.bind(str(NOTIFY))
    return receiver
