"""Tells whoever started us how we are, as sdnotify(3) does: one datagram to the socket in NOTIFY_SOCKET."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping

# How long (seconds) to wait for a supervisor that has no room for what it is told: when serving begins it must arrive,
# later on connections would wait as well.
START_PATIENCE_SECONDS = 0.5
PATIENCE_SECONDS = 0.02


def started(status: str) -> None:
    """We serve."""
    notify("READY=1", f"STATUS={status}", patience=START_PATIENCE_SECONDS)


def ready(status: str) -> None:
    """We serve again, after `reloading`."""
    notify("READY=1", f"STATUS={status}")


def reloading() -> None:
    """We read our files again; without the time, `systemctl reload` would not know which reload has ended."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def stopping() -> None:
    """We let nobody in any more, and end soon."""
    notify("STOPPING=1", "STATUS=Waiting for connections to finish.")


def status(text: str) -> None:
    """What `systemctl status` shows; one that finds no room is as good as told: the next one counts."""
    notify(f"STATUS={text}", patience=0)


def watchdog_seconds(environment: Mapping[str, str], pid: int) -> float | None:
    """How often a sign of life is expected from the process, halved as sd_watchdog_enabled(3) advises; else None."""
    try:
        microseconds = int(environment.get("WATCHDOG_USEC", ""))
        owner = int(environment.get("WATCHDOG_PID", pid))
    except ValueError:
        return None
    return microseconds / 2e6 if microseconds > 0 and owner == pid else None


async def keep_watchdog(is_healthy: Callable[[], bool]) -> None:
    """Give signs of life while the event loop turns, and while what it serves is healthy; for ever."""
    seconds = watchdog_seconds(os.environ, os.getpid())
    if seconds is None or not os.environ.get("NOTIFY_SOCKET"):
        return
    while True:
        if is_healthy():
            notify("WATCHDOG=1", patience=0)
        await asyncio.sleep(seconds)


def notify(*lines: str, patience: float = PATIENCE_SECONDS) -> None:
    """Send states; without a listener nothing happens. `patience` is how long to wait for room, in seconds."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # A leading @ stands for the NUL of an abstract address.
    target = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.settimeout(patience)
        try:
            sender.sendto("\n".join(lines).encode(), target)
        except (FileNotFoundError, ConnectionRefusedError, PermissionError, BlockingIOError, TimeoutError):
            return  # the listener has gone, or does not listen; to be told that would help nobody
