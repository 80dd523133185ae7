"""What a lab may leave behind on the host that it ran on: nothing."""

import os
import re
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from .labs import HANG_SECONDS

# What a lab makes inside: its links and the routes over them, and its mounts. (Others use this host meanwhile.)
_LINK = re.compile(r"\bveth[0-9a-f]{8}\b|\beth0@")
_MOUNT = re.compile(r" (/run|/run/netns\S*|/run/lab\S*|/proc|/etc/resolv\.conf|/etc/hosts) ")


def network_and_mounts() -> set[str]:
    """What this host has of that kind, a line each."""
    links = ["ip", "-o", "link"], ["ip", "-4", "route", "show", "table", "all"]
    return {line for command in links for line in _lines(command) if _LINK.search(line)} | {
        line for line in _lines(["cat", "/proc/self/mountinfo"]) if _MOUNT.search(line)
    }


def _lines(command: list[str]) -> list[str]:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


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
