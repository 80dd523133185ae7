"""Tells the first process of a lab that manifests may have changed: a process of its own watches, with threads."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence

from clusterless.agent.watch import watch
from lab.forked import fork
from lab.linux import die_with_parent


def watch_manifests(paths: Sequence[str], on_change: Callable[[], None]) -> None:
    """Call `on_change` in the running loop, once soon and then whenever something may have changed.

    Whoever forks should have no threads, and watching needs some.
    """
    reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    parent = os.getpid()
    fork(lambda: _watch(paths, writing, parent))
    os.close(writing)

    def changed() -> None:
        try:
            if not os.read(reading, 4096):  # the watching has ended: what else is left to do?
                loop.remove_reader(reading)
                return
        except BlockingIOError:
            return
        on_change()

    loop = asyncio.get_running_loop()
    loop.add_reader(reading, changed)


def _watch(paths: Sequence[str], changes: int, parent: int) -> int:
    die_with_parent(parent)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    os.setsid()

    def tell() -> None:
        try:
            os.write(changes, b"\n")
        except BlockingIOError:
            return  # many changes wait to be seen, and one look sees them all

    asyncio.run(watch(paths, tell, tell, asyncio.Event()))
    return 0
