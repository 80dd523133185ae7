"""What a lab may leave behind on the host that it ran on: nothing."""

import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .labs import HANG_SECONDS


def network_and_mounts() -> set[str]:
    """What this host has, a line each."""
    commands = (["ip", "-o", "link"], ["ip", "-4", "route", "show", "table", "all"], ["cat", "/proc/self/mountinfo"])
    return {
        line.split(" qdisc ")[0]
        for command in commands
        for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    }


@contextmanager
def nothing_left() -> Iterator[int]:
    """Asserts that no process, link, route or mount is left; yields a descriptor that all processes must inherit."""
    before = network_and_mounts()
    reading, writing = os.pipe()
    yield writing
    os.close(writing)
    readable, _, _ = select.select([reading], [], [], HANG_SECONDS)
    assert readable, "some process of the lab is still there"
    assert os.read(reading, 1) == b""
    os.close(reading)
    assert network_and_mounts() - before == set()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
