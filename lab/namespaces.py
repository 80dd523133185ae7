"""I/O: puts a function into user, network, mount, UTS, IPC and PID namespaces of its own, so that it needs no root.

Three processes: the caller, which waits; a middle one, which owns the namespaces; and the first process of the PID
namespace, which runs the function. Each dies with the one before it, and with the first process the kernel kills all
others in the namespace: nothing is left, also after SIGKILL.
"""

import errno
import os
import signal
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from .forked import exit_code, fork
from .linux import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    die_with_parent,
    mount,
    unshare,
)

_NAMESPACES = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID
# Not permitted, none left of those that a user may have, nested too deep, not in this kernel.
_NOT_FOR_USERS = {errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EUSERS, errno.EINVAL}


class Privilege(StrEnum):
    """How a lab comes by its namespaces."""

    EITHER = "either"  # without privilege where that is allowed, else as root
    ROOTLESS = "rootless"  # in a user namespace of its own
    ROOT = "root"  # with the machine's own user ids


class NotAllowedError(Exception):
    """The machine does not let this user make namespaces; the text says what to do."""


def run(function: Callable[[], int], privilege: Privilege = Privilege.EITHER) -> int:
    """Run `function` as the first process of namespaces of its own; returns its exit code, 128 + n for signal n.

    Raises NotAllowedError where the kernel refuses; found by trying, since no setting tells it reliably.
    """
    if privilege is Privilege.ROOT and os.geteuid() != 0:
        raise NotAllowedError("--root needs root: run it with sudo, or leave the flag away")
    refusal_read, refusal_write = os.pipe()
    parent = os.getpid()

    def own_namespaces() -> int:
        os.close(refusal_read)
        return _own_namespaces(function, parent, refusal_write, privilege)

    middle = fork(own_namespaces)
    os.close(refusal_write)
    forwarded = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT,)}
    forwarded[signal.SIGTERM] = signal.signal(signal.SIGTERM, lambda *_: os.kill(middle, signal.SIGTERM))
    try:
        with os.fdopen(refusal_read) as pipe:
            refusal = pipe.read()
        _, status = os.waitpid(middle, 0)
    finally:
        for number, handler in forwarded.items():
            signal.signal(number, handler)
    if refusal:
        raise NotAllowedError(_advice(refusal, privilege))
    return exit_code(status)


def _own_namespaces(function: Callable[[], int], parent: int, refusal: int, privilege: Privilege) -> int:
    try:
        _leave(privilege)
    except OSError as error:
        os.write(refusal, f"{error.filename}: {error.strerror}".encode())
        return 1
    die_with_parent(parent)  # after the credentials changed, which would clear it
    me = os.getpid()
    first = fork(lambda: _first_process(function, me, refusal))
    os.close(refusal)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(first, signal.SIGTERM))
    _, status = os.waitpid(first, 0)
    return exit_code(status)


def _leave(privilege: Privilege) -> None:
    """Leave our namespaces for new ones. Raises OSError where the machine does not allow it."""
    uid, gid = os.getuid(), os.getgid()
    if privilege is not Privilege.ROOT:
        try:
            unshare(CLONE_NEWUSER | _NAMESPACES)
        except OSError as error:
            if privilege is Privilege.ROOTLESS or os.geteuid() != 0 or error.errno not in _NOT_FOR_USERS:
                raise
        else:
            _become_root(uid, gid)
            return
    unshare(_NAMESPACES)


def _become_root(uid: int, gid: int) -> None:
    """Be uid and gid 0 inside; only one's own ids may be mapped without privilege (user_namespaces(7))."""
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def _first_process(function: Callable[[], int], middle: int, refusal: int) -> int:
    try:
        # The parent is in another PID namespace, where its id reads as 0.
        die_with_parent(0 if os.getppid() == 0 else middle)
        _private_mounts()
    except OSError as error:
        os.write(refusal, f"{error.filename}: {error.strerror}".encode())
        return 1
    os.close(refusal)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # without a handler it would be ignored
    return function()


def _private_mounts() -> None:
    """Our own /proc for the PID namespace, and our own /run, where `ip netns` keeps its names."""
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    Path("/run/netns").mkdir()


def _advice(refusal: str, privilege: Privilege) -> str:
    what = f"this machine does not let user {os.geteuid()} make namespaces ({refusal}); "
    if os.geteuid() == 0:
        instead = ", or leave --rootless away" if privilege is Privilege.ROOTLESS else ""
        return f"{what}a container needs --privileged for that, or --cap-add SYS_ADMIN and a seccomp profile{instead}"
    return (
        f"{what}run as root, or allow it: sysctl kernel.unprivileged_userns_clone=1 (Debian), "
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), sysctl user.max_user_namespaces=10000"
    )
