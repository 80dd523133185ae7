"""I/O: the hosts of a running lab: brings them up, follows their topology, cuts them off, and takes them down."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet

from controlplane.objects import NamespacedName
from controlplane.snapshot import Snapshot

from .addresses import version
from .changes import Changes, changes
from .children import Child, Children
from .cuts import Partition, drops_of
from .droprules import DropRules
from .hostfiles import hosts, resolv_conf
from .network import NetworkError, add, prepare, remove, reroute
from .notifications import NOTIFY, Notifications
from .processes import RUN, logging_to
from .topology import CLIENT_POD, Host, Role, Topology

__all__ = ["NOTIFY", "Lab", "LabError", "Program"]

LOGS = RUN / "log"
DOWN_SECONDS = 2.0
READY_SECONDS = 60.0  # against hangs; the promise is 3 s
RESTART_SECONDS = 1.0  # after a program ended that should not have

Program = Callable[[Host, Snapshot], Callable[[], int]]
Told = Callable[[Host], None]


class LabError(Exception):
    """The lab could not be brought up; the text says which host and shows the end of its log."""


class Lab:
    """`programs` says what runs on a host, by its role; a host without one only lets commands in.

    `on_ready` is told of each host whose program has said that it is ready, `on_end` when one ended that should not
    have.
    """

    def __init__(self, programs: Mapping[Role, Program], on_ready: Told, on_end: Told) -> None:
        self.topology = Topology(())
        self.children = Children()
        self.partitions: frozenset[Partition] = frozenset()
        self.powerless: frozenset[str] = frozenset()
        self._programs = programs
        self._on_ready, self._on_end = on_ready, on_end
        self._snapshot: Snapshot | None = None
        self._running: dict[str, Child] = {}  # each host's program
        self._ready: set[str] = set()
        self._changed = asyncio.Event()
        self._drops = DropRules(())
        self._failed = ""
        self._is_up = False

    async def up(self, topology: Topology, snapshot: Snapshot) -> float:
        """Make the network, start everything and wait until all have said that they are ready.

        Returns how many seconds it took. Raises LabError.
        """
        started = time.monotonic()
        LOGS.mkdir(parents=True, exist_ok=True)
        versions = sorted({version(each) for host in topology.hosts for each in host.addresses})
        self._drops = DropRules(versions)
        self._notifications = Notifications(self._is_ready)
        self.children.follow()
        try:
            prepare(versions)
            self._make(Changes(come=topology.hosts), topology, snapshot)
        except NetworkError as error:
            raise LabError(str(error)) from error
        await self.settle()
        self._is_up = True
        return time.monotonic() - started

    def change(self, topology: Topology, snapshot: Snapshot, other: AbstractSet[NamespacedName] = frozenset()) -> None:
        """Let the lab be another; `other` as in `changes`. Raises NetworkError, and what could be made is there."""
        self._make(changes(self.topology, topology, other), topology, snapshot)

    async def settle(self) -> None:
        """Wait until every program is ready. Raises LabError where that takes too long, or one ends before."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                while not self._failed and not self._running.keys() <= self._ready:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            missing = ", ".join(sorted(self._running.keys() - self._ready))
            raise LabError(f"not ready after {READY_SECONDS:.0f} s: {missing}") from None
        if self._failed:
            raise LabError(self._failed)

    def cut(self, partitions: AbstractSet[Partition]) -> None:
        """Let nothing pass between these hosts, and everything between all others."""
        self.partitions = frozenset(partitions)
        self._drop()

    def power_off(self, node: str) -> None:
        """Have a node lose its power: it falls silent first, and then its processes and those of its pods end."""
        self.powerless |= {node}
        self._drop()
        self._stop(host for host in self.topology.hosts if host.node == node)

    def power_on(self, node: str) -> None:
        """Give a node its power back, and start what runs there."""
        self.powerless -= {node}
        self._drop()
        for host in self.topology.hosts:
            if host.node == node:
                self._start(host)

    async def run(self, host: Host, function: Callable[[], int]) -> int:
        """Run a function on a host, with our standard streams; returns its exit code, 128 + n when signal n ends it."""
        return await self.children.start(host, function).end

    async def down(self) -> None:
        """Stop what was started, the nodes' agents in good order; the kernel ends the rest with us."""
        self._is_up = False
        programs = [each for each in self._running.values() if not each.end.done()]  # else its id is nobody's
        for program in programs:
            os.kill(program.pid, signal.SIGTERM)
        if programs:
            await asyncio.wait([program.end for program in programs], timeout=DOWN_SECONDS)

    def _make(self, plan: Changes, topology: Topology, snapshot: Snapshot) -> None:
        self._snapshot, self.topology = snapshot, topology
        self._stop([*plan.gone, *plan.restarted])
        if plan.gone:
            remove(plan.gone)
        for host in plan.gone:
            self._drops.forget(host.network)
        reroute(plan.rerouted)
        add(plan.come)
        self._drop()
        for host in (*plan.come, *plan.restarted):
            self._write_files(host, snapshot)
            self._start(host)

    def _drop(self) -> None:
        self._drops.apply(drops_of(self.topology, self.partitions, self.powerless))

    def _starts(self, host: Host) -> bool:
        serves = host.role in self._programs and (host.role is not Role.OUTSIDE or bool(host.ports))
        return serves and host.name != CLIENT_POD and host.node not in self.powerless

    def _start(self, host: Host) -> None:
        if not self._starts(host):
            return
        assert self._snapshot is not None, "a host is of some snapshot"
        program = self._programs[host.role](host, self._snapshot)
        child = self.children.start(host, program, logging_to(LOGS / host.name))
        self._running[host.name] = child
        self._ready.discard(host.name)
        self._notifications.read()  # to start many takes longer than others are patient
        child.end.add_done_callback(lambda _: self._has_ended(host, child))

    def _stop(self, hosts: Iterable[Host]) -> None:
        """End what runs there, but for the shells of users who stand in a pod of their own."""
        stopped = list(hosts)
        for host in stopped:
            self._running.pop(host.name, None)
            self._ready.discard(host.name)
        self.children.kill([host for host in stopped if host.name != CLIENT_POD])

    def _has_ended(self, host: Host, child: Child) -> None:
        """A program ended: because we wanted that, or because it is broken, and then it is started again."""
        if self._running.get(host.name) is not child:
            return
        if not self._is_up:
            self._failed = self._failed or _told(host, "ended before it was ready")
            self._changed.set()
            return
        del self._running[host.name]
        self._ready.discard(host.name)
        print(_told(host, "has ended, and is started again"), file=sys.stderr)  # noqa: T201
        self._on_end(host)
        asyncio.get_running_loop().call_later(RESTART_SECONDS, self._start_again, host)

    def _start_again(self, host: Host) -> None:
        if self._is_up and host in self.topology.hosts and host.name not in self._running:
            self._start(host)

    def _is_ready(self, pid: int) -> None:
        host = self.children.host(pid)
        if host is None or host.name in self._ready:
            return
        program = self._running.get(host.name)
        if program is None or program.pid != pid:
            return
        self._ready.add(host.name)
        self._changed.set()
        self._on_ready(host)

    def _write_files(self, host: Host, snapshot: Snapshot) -> None:
        folder = RUN / "hosts" / host.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "resolv.conf").write_text(resolv_conf(host, snapshot))
        (folder / "hosts").write_text(hosts(host, snapshot))

    def is_ready(self, host: Host) -> bool:
        """Whether the host's program has said that it is ready."""
        return host.name in self._ready


def _told(host: Host, what: str) -> str:
    log = LOGS / host.name
    tail = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
    return "\n".join([f"{host.role} {host.name} {what}; its log:", *(f"  {line}" for line in tail)])
