"""I/O: the few system calls that a lab needs and Python 3.11 has not: namespaces, mounts, death signals."""

import ctypes
import os
import signal
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def unshare(flags: int) -> None:
    """Leave some namespaces for new ones. Raises OSError, EPERM or ENOSPC where the machine does not allow it."""
    _checked(_libc.unshare(flags), "unshare")


def enter_network(name: str) -> None:
    """Move this process into the network namespace that `ip netns` knows as `name`."""
    descriptor = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _checked(_libc.setns(descriptor, CLONE_NEWNET), f"setns {name}")
    finally:
        os.close(descriptor)


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount a file system, or with MS_BIND show a path in another place. Raises OSError."""
    arguments = (source.encode(), target.encode(), kind.encode() or None, flags, data.encode() or None)
    _checked(_libc.mount(*arguments), f"mount {target}")


def bind(source: Path, target: str) -> None:
    """Show `source` at `target` in this mount namespace."""
    mount(str(source), target, flags=MS_BIND)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent` (its process id, 0 from another PID namespace) ends."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
